//! The database in which everything happens once more, whichever engine keeps the real one. It goes away with its handle.

use super::{migrate, open};
use crate::rebuild::replay::Commits;
use crate::sql;
use crate::{Result, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;
use std::path::{Path, PathBuf};

pub(crate) struct Scratch {
    db: Connection,
    path: PathBuf,
}

impl Scratch {
    /// Takes the place of one that was left behind.
    pub(crate) fn make(path: &Path, now: Timestamp) -> Result<Self> {
        let cannot = |error: std::io::Error| {
            StoreError::Failed(format!("{} cannot be written: {error}", path.display()))
        };
        open::private(path).and_then(|file| file.set_len(0)).map_err(cannot)?;
        let mut db = Connection::open(path)?;
        // Nobody needs it after a crash.
        db.pragma_update(None, "journal_mode", "MEMORY")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        // Orders move to their old ids together with what hangs on them.
        db.pragma_update(None, "foreign_keys", false)?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        open::keep_statements(&db, open::STATEMENTS_KEPT)?;
        migrate::migrate(&mut db, now)?;
        Ok(Self { db, path: path.to_owned() })
    }

    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Commits for Scratch {
    fn begin(&self) -> Result<()> {
        control(&self.db, "BEGIN")
    }

    fn commit(&self) -> Result<()> {
        control(&self.db, "COMMIT")
    }

    fn hold(&self) -> Result<()> {
        control(&self.db, "SAVEPOINT step")
    }

    fn release(&self, stands: bool) -> Result<()> {
        if !stands {
            control(&self.db, "ROLLBACK TO step")?;
        }
        control(&self.db, "RELEASE step")
    }
}

fn control(db: &Connection, sql: &'static str) -> Result<()> {
    sql::run(db, sql, sql::NONE)?;
    Ok(())
}
