//! Brings the database forward. One node does it; the others wait for it.

use super::db::Session;
use crate::Result;
use crate::migrations::{self, Migration};
use jiff::Timestamp;

macro_rules! migrations {
    ($($name:literal,)+) => {
        &[$(Migration {
            name: $name,
            text: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
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

/// Applies what is missing, all of it as one transaction.
pub(super) fn migrate(session: &Session, now: Timestamp) -> Result<()> {
    session.control("BEGIN")?;
    let migrated = apply(session, now);
    session.control(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    migrated
}

/// How many migrations a database lacks that is only read.
pub(super) fn missing(session: &Session) -> Result<usize> {
    Ok(migrations::missing(session, MIGRATIONS)?.len())
}

fn apply(session: &Session, now: Timestamp) -> Result<()> {
    // Any number will do, as long as every node takes the same.
    session.control("SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7227330)")?;
    session.control(
        "-- Which of the migrations have been applied to this database.
         CREATE TABLE IF NOT EXISTS migrations (
             number      BIGINT PRIMARY KEY,
             name        TEXT NOT NULL,
             -- SHA-256 of its text.
             checksum    TEXT NOT NULL,
             applied_at  TEXT NOT NULL
         )",
    )?;
    for (number, migration) in migrations::missing(session, MIGRATIONS)? {
        session.control(migration.text)?;
        migrations::record(session, number, migration, now)?;
    }
    Ok(())
}
