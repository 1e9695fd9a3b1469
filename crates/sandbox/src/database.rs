//! The one file in which both players of gateways remember what they did.
//!
//! Each operation is one transaction with a full sync, and it ends before anything is shown or sent, so a killed
//! process has either done the whole of it or nothing.

use crate::paypal::SandboxError;
use ipnd_store::Clock;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Database {
    connection: Arc<Mutex<Connection>>,
    pub(crate) clock: Clock,
}

impl Database {
    pub(crate) fn open(path: &Path, clock: Clock) -> Result<Self, SandboxError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Self::prepare(connection, clock)
    }

    /// One that is forgotten at the end, for a single command.
    pub(crate) fn in_memory(clock: Clock) -> Result<Self, SandboxError> {
        Self::prepare(Connection::open_in_memory()?, clock)
    }

    fn prepare(connection: Connection, clock: Clock) -> Result<Self, SandboxError> {
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(include_str!("paypal/schema.sql"))?;
        connection.execute_batch(include_str!("player/schema.sql"))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), clock })
    }

    /// Leads everything that pointed at this program's former address to the present one, because a demo on a free
    /// port comes back on another. A real gateway would go on notifying the old address.
    pub(crate) fn move_to(&self, address: SocketAddr) -> Result<(), SandboxError> {
        let mut connection = self.connection.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let tx = connection.transaction()?;
        let former: Option<String> =
            tx.query_row("SELECT address FROM home", [], |row| row.get(0)).optional()?;
        let (new, old) = (format!("http://{address}/"), former.map(|old| format!("http://{old}/")));
        if let Some(old) = old.filter(|old| *old != new) {
            tx.execute(
                "UPDATE messages SET url = ?2 || substr(url, length(?1) + 1) \
                 WHERE substr(url, 1, length(?1)) = ?1",
                [&old, &new],
            )?;
            tx.execute(
                "UPDATE tellings SET url = ?2 || substr(url, length(?1) + 1) \
                 WHERE substr(url, 1, length(?1)) = ?1",
                [&old, &new],
            )?;
            // In JSON an address stands between quotation marks.
            let (old, new) = (format!("\"{old}"), format!("\"{new}"));
            tx.execute("UPDATE checkouts SET form = replace(form, ?1, ?2)", [&old, &new])?;
            tx.execute("UPDATE transactions SET record = replace(record, ?1, ?2)", [&old, &new])?;
            tx.execute("UPDATE tellings SET settings = replace(settings, ?1, ?2)", [&old, &new])?;
        }
        tx.execute(
            "INSERT INTO home (only_row, address) VALUES (1, ?1) \
             ON CONFLICT (only_row) DO UPDATE SET address = excluded.address",
            [address.to_string()],
        )?;
        tx.commit()?;
        Ok(())
    }

    /// Runs one database transaction away from the threads that serve requests.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, SandboxError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> Result<T, SandboxError> + Send + 'static,
    {
        let connection = Arc::clone(&self.connection);
        let now = self.clock.now();
        let run = move || {
            let mut connection = connection.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let tx = connection.transaction()?;
            let result = work(&tx, now)?;
            tx.commit()?;
            Ok(result)
        };
        tokio::task::spawn_blocking(run).await.map_err(|error| SandboxError::Failed(error.to_string()))?
    }
}
