//! `ipnd rebuild` on SQLite: the scratch database, and the one transaction that carries over what differs.

use super::{migrate, open, readers};
use crate::rebuild::apply::{self, How as Carry};
use crate::rebuild::replay::{self, Commits, Played, Stage};
use crate::rebuild::{RebuildStep, Rebuilt, compare};
use crate::sql;
use crate::{Clock, ProvedBy, Result, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// What is done with the differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They are told. Nothing is changed, and ipnd may run meanwhile.
    Tell,
    /// They are put right. ipnd must not run. Mails that only now turn out to be due go out when `sends` says so.
    Apply { sends: bool },
}

/// Works everything out again.
///
/// # Errors
/// In a sentence for the operator. Nothing has been changed then.
pub fn rebuild(
    database: &Path,
    how: How,
    clock: &Clock,
    progress: &mut dyn FnMut(RebuildStep),
) -> Result<Rebuilt> {
    if !database.is_file() {
        return Err(StoreError::Failed(format!("there is no database at {}", database.display())));
    }
    let applies = matches!(how, How::Apply { .. });
    let lock = applies.then(|| open::lock(database)).transpose()?;
    let stored = readers::connect(database)?;
    let moment = stored.unchecked_transaction()?;
    if migrate::missing(&stored)? > 0 {
        let advice = "this database is from an earlier version of ipnd; start `ipnd serve` once, which brings it forward";
        return Err(StoreError::Failed(advice.to_owned()));
    }
    let scratch = Scratch::beside(database, clock)?;
    let stage = Stage { facts: &stored, scratch: &scratch.db };
    let mut played = replay::play(&stage, &scratch, progress)?;
    progress(RebuildStep::Comparing);
    compare::compare(&stored, &scratch.db, &mut played.rebuilt)?;
    moment.finish()?;
    drop(stored);
    let word = |by: &Option<ProvedBy>| if by.is_some() { "genuine" } else { "forged" };
    played.rebuilt.proofs = played.proofs.iter().map(|(id, by)| (*id, word(by))).collect();
    if let How::Apply { sends } = how
        && !played.rebuilt.is_the_same()
        && played.rebuilt.problems.is_empty()
    {
        progress(RebuildStep::Applying);
        carry_over(database, &scratch.db, &played, Carry { now: clock.now(), sends }, clock)?;
        played.rebuilt.is_applied = true;
    }
    drop(lock);
    Ok(played.rebuilt)
}

fn carry_over(database: &Path, new: &Connection, played: &Played, how: Carry, clock: &Clock) -> Result<()> {
    let mut db = open::connect(database, clock)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    apply::apply(&*transaction, new, played, how)?;
    transaction.commit()?;
    db.close().map_err(|(_, error)| error.into())
}

/// The database in which everything happens once more. It goes away with this value.
struct Scratch {
    db: Connection,
    path: PathBuf,
}

impl Scratch {
    fn beside(database: &Path, clock: &Clock) -> Result<Self> {
        let mut name = database.file_name().unwrap_or_default().to_owned();
        name.push(".rebuild");
        let path = database.with_file_name(name);
        let file = open::private(&path)
            .map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?;
        file.set_len(0).map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?;
        let mut db = Connection::open(&path)?;
        // Nobody needs it after a crash.
        db.pragma_update(None, "journal_mode", "MEMORY")?;
        db.pragma_update(None, "synchronous", "OFF")?;
        // Orders move to their old ids together with what hangs on them.
        db.pragma_update(None, "foreign_keys", false)?;
        db.pragma_update(None, "temp_store", "MEMORY")?;
        db.set_prepared_statement_cache_capacity(256);
        migrate::migrate(&mut db, clock.now())?;
        Ok(Self { db, path })
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
