//! Brings a database forward, one numbered file at a time, each in a transaction of its own.

use crate::Result;
use crate::migrations::{self, Migration};
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
    for (number, migration) in migrations::missing(db, MIGRATIONS)? {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration.text)?;
        migrations::record(&*transaction, number, migration, now)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How many migrations a database lacks that is only read.
pub(super) fn missing(db: &Connection) -> Result<usize> {
    Ok(migrations::missing(db, MIGRATIONS)?.len())
}
