//! Connections that only read. Each read sees one moment of the database, whatever the writer does meanwhile.

use super::open::keep_statements;
use crate::sql::Db;
use crate::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Reads that run at the same time.
const READERS_MAX: usize = 4;
const STATEMENTS_KEPT: usize = 64;

pub(super) struct Readers {
    path: PathBuf,
    /// Connections that nobody uses at the moment.
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS_MAX)) }
    }

    /// Runs `work` on a connection of its own, on a thread that may wait for the disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let closed = || StoreError::Failed("the store is closed".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let kept = idle.lock().expect("nothing panics while holding this lock").pop();
            let db = match kept {
                Some(db) => db,
                None => connect(&path)?,
            };
            let moment = db.unchecked_transaction()?;
            let found = work(&db);
            moment.finish()?;
            idle.lock().expect("nothing panics while holding this lock").push(db);
            found
        });
        task.await.map_err(|error| StoreError::Failed(format!("a read did not finish: {error}")))?
    }

    /// Lets running reads finish and closes the connections.
    pub(super) async fn close(&self) {
        let all = u32::try_from(READERS_MAX).expect("a small number");
        if let Ok(permits) = self.permits.acquire_many(all).await {
            self.permits.close();
            drop(permits);
        }
        self.close_idle();
    }

    pub(super) fn close_idle(&self) {
        self.idle.lock().expect("nothing panics while holding this lock").clear();
    }
}

pub(super) fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    keep_statements(&db, STATEMENTS_KEPT)?;
    Ok(db)
}
