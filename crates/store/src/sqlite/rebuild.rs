//! `ipnd rebuild` on SQLite.

use super::{migrate, open, readers};
use crate::rebuild::{How, RebuildStep, Rebuilt, Work};
use crate::{Clock, Result, StoreError};
use rusqlite::TransactionBehavior;
use std::path::Path;

/// Works everything out again. While differences are put right, nobody else may use the database.
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
    let lock = (how != How::Tell).then(|| open::lock(database)).transpose()?;
    let work = Work { how, now: clock.now() };
    let stored = readers::connect(database)?;
    let moment = stored.unchecked_transaction()?;
    if migrate::missing(&stored)? > 0 {
        let advice = "this database is from an earlier version of ipnd; start `ipnd serve` once, which brings it forward";
        return Err(StoreError::Failed(advice.to_owned()));
    }
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".rebuild");
    let (played, scratch) = work.play(&stored, &database.with_file_name(name), progress)?;
    moment.finish()?;
    drop(stored);
    if how == How::Tell {
        return Ok(played.rebuilt);
    }
    let mut db = open::connect(database, clock)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rebuilt = work.carry_over(&*transaction, &scratch, played, progress)?;
    transaction.commit()?;
    db.close().map_err(|(_, error)| error)?;
    drop(lock);
    Ok(rebuilt)
}
