//! Brings a database forward, one numbered file at a time, each in a transaction of its own.
//!
//! Only ever forward: a database that a newer ipnd has written is refused, and so is one whose history is not ours.

use crate::sql::{self, Columns as _, params};
use crate::{Result, StoreError, token};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

struct Migration {
    name: &'static str,
    text: &'static str,
}

macro_rules! migrations {
    ($($name:literal,)+) => {
        &[$(Migration {
            name: $name,
            text: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
        }),+]
    };
}

/// Numbered from 1 by their place. Applied ones never change; what is to be different comes as a further one.
const MIGRATIONS: &[Migration] = migrations![
    "0001_shops",
    "0002_orders",
    "0003_notifications",
    "0004_people",
    "0005_answers",
    "0006_proofs",
    "0007_common_words",
];

/// Applies what is missing.
pub(super) fn migrate(db: &mut Connection, now: Timestamp) -> Result<()> {
    db.execute_batch(
        "-- Which of the migrations have been applied to this file.
         CREATE TABLE IF NOT EXISTS migrations (
             number      INTEGER PRIMARY KEY,
             name        TEXT NOT NULL,
             -- SHA-256 of its text.
             checksum    TEXT NOT NULL,
             applied_at  TEXT NOT NULL
         ) STRICT;",
    )?;
    let applied =
        sql::all(db, "SELECT number, name, checksum FROM migrations ORDER BY number", sql::NONE, |row| {
            Ok((row.number("number")?, row.text("name")?, row.text("checksum")?))
        })?;
    for (number, name, checksum) in &applied {
        check(*number, name, checksum)?;
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(applied.len()) {
        apply(db, index + 1, migration, now)?;
    }
    Ok(())
}

/// Compares a migration that was applied with the one we know by its number.
fn check(number: i64, name: &str, checksum: &str) -> Result<()> {
    let known = usize::try_from(number - 1).ok().and_then(|index| MIGRATIONS.get(index));
    let Some(known) = known else {
        return Err(StoreError::Failed(format!(
            "this database was written by a newer ipnd (its migration {number}, “{name}”, is unknown here; the \
             newest known is {}). Use that version of ipnd, or a copy of the database from before the upgrade.",
            MIGRATIONS.len(),
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

fn apply(db: &mut Connection, number: usize, migration: &Migration, now: Timestamp) -> Result<()> {
    let number = i64::try_from(number).expect("a handful of migrations");
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(migration.text)?;
    sql::run(
        &*transaction,
        "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
        params![number, migration.name, token::fingerprint(migration.text), sql::time(now)],
    )?;
    transaction.commit()?;
    tracing::info!(number, name = migration.name, "migration applied");
    Ok(())
}
