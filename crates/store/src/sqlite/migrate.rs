//! Brings a database forward, one numbered file at a time, each in a transaction of its own.

use crate::migrations::{self, Migration};
use crate::{Result, StoreError};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

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
    "0007_nodes",
    "0008_retention",
    "0009_smaller_rows",
    "0010_endpoints",
    "0011_standstills",
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
    let missing = migrations::missing(db, MIGRATIONS)?;
    if missing.is_empty() {
        return Ok(());
    }
    // A table can only take the place of another while nobody looks after the references to it.
    let are_kept: bool = db.pragma_query_value(None, "foreign_keys", |row| row.get(0))?;
    db.pragma_update(None, "foreign_keys", false)?;
    for (number, migration) in missing {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration.text)?;
        migrations::record(&*transaction, number, migration, now)?;
        check_references(&transaction, migration)?;
        transaction.commit()?;
    }
    db.pragma_update(None, "foreign_keys", are_kept)?;
    Ok(())
}

/// Nothing may refer to what a migration has lost.
fn check_references(db: &Connection, migration: &Migration) -> Result<()> {
    let mut check = db.prepare("PRAGMA foreign_key_check")?;
    match check.query([])?.next()? {
        None => Ok(()),
        Some(row) => Err(StoreError::Failed(format!(
            "migration “{}” was undone: a row of {} refers to something that is not there. `ipnd check` with the \
             version of ipnd that was used so far says more.",
            migration.name,
            row.get::<_, String>(0)?,
        ))),
    }
}

/// How many migrations a database lacks that is only read.
pub(super) fn missing(db: &Connection) -> Result<usize> {
    Ok(migrations::missing(db, MIGRATIONS)?.len())
}
