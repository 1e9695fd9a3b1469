//! What both engines know about migrations. Only ever forward: a database that a newer ipnd has written is refused, and
//! so is one whose history is not ours.

use crate::sql::{self, Columns as _, Db, params};
use crate::{Result, StoreError, token};
use jiff::Timestamp;

pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// Those that have not been applied yet, with their numbers.
///
/// # Errors
/// In a sentence for the operator, when what has been applied is not what we know.
pub(crate) fn missing(db: &dyn Db, known: &'static [Migration]) -> Result<Vec<(i64, &'static Migration)>> {
    let sql = "SELECT number, name, checksum FROM migrations ORDER BY number";
    let applied = sql::all(db, sql, sql::NONE, |row| {
        Ok((row.number("number")?, row.text("name")?, row.text("checksum")?))
    })?;
    for (number, name, checksum) in &applied {
        check(known, *number, name, checksum)?;
    }
    let numbered = (1..).zip(known);
    Ok(numbered.skip(applied.len()).collect())
}

/// Compares a migration that was applied with the one we know by its number.
fn check(migrations: &[Migration], number: i64, name: &str, checksum: &str) -> Result<()> {
    let known = usize::try_from(number - 1).ok().and_then(|index| migrations.get(index));
    let Some(known) = known else {
        return Err(StoreError::Failed(format!(
            "this database was written by a newer ipnd (its migration {number}, “{name}”, is unknown here; the \
             newest known is {}). Use that version of ipnd, or a copy of the database from before the upgrade.",
            migrations.len(),
        )));
    };
    if known.name != name || token::fingerprint(known.text) != checksum {
        return Err(StoreError::Failed(format!(
            "this database was made by other migrations than this ipnd's (migration {number} is “{name}” there). It \
             belongs to a different build; nothing was changed.",
        )));
    }
    Ok(())
}

/// Writes down that one was applied, within the transaction that applies it.
pub(crate) fn record(db: &dyn Db, number: i64, migration: &Migration, now: Timestamp) -> Result<()> {
    sql::run(
        db,
        "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
        params![number, migration.name, token::fingerprint(migration.text), sql::time(now)],
    )?;
    tracing::info!(number, name = migration.name, "migration applied");
    Ok(())
}
