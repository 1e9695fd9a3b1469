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
        // Each order that a payment has made is moved once, and must not go through all transactions for that.
        db.execute_batch("CREATE INDEX transactions_of_order ON transactions (order_id)")?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebuild::replay::MOVES;

    #[test]
    fn moving_an_order_goes_through_no_table() {
        let folder = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::make(&folder.path().join("x.db"), Timestamp::UNIX_EPOCH).expect("a file");
        for sql in MOVES {
            let plan =
                scratch.db.query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [1, 2], |row| row.get("detail"));
            let plan: String = plan.expect("a plan");
            assert!(plan.starts_with("SEARCH "), "{sql}: {plan}");
        }
    }
}
