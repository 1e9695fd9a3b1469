//! Growth: a file is filled with copies of what it really received, much faster than it could be received.

use super::window::percentile;
use anyhow::{Context as _, Result};
use rusqlite::Connection;
use std::path::Path;
use std::time::Instant;

/// Rows that are copied in one transaction.
const AT_ONCE: i64 = 25_000;

/// Copies notifications until there are `rows`. Each copy has another digest, and is decided already, so only the
/// size of the file is different for what comes next.
pub(crate) fn fill(file: &Path, rows: i64) -> Result<()> {
    let db = Connection::open(file)?;
    db.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 0;",
    )?;
    let columns = columns(&db, "notifications", &["id", "body_sha256"])?;
    let checks = self::columns(&db, "checks", &["notification_id", "state", "due_at"])?;
    let notification = format!(
        "INSERT INTO notifications ({columns}, body_sha256)
         SELECT {columns}, randomblob(32) FROM notifications
         WHERE id > (SELECT max(id) FROM notifications) - ?1 LIMIT ?1"
    );
    // Ids have no gaps, so each copy is as far behind its original as there are copies.
    let headers = "INSERT INTO notification_headers (notification_id, headers)
         SELECT notification_id + ?1, headers FROM notification_headers
         WHERE notification_id > ?2 - ?1";
    let check = format!(
        "INSERT INTO checks (notification_id, state, due_at, {checks})
         SELECT n.id, 'genuine', n.received_at, {} FROM notifications n
         JOIN (SELECT * FROM checks ORDER BY notification_id LIMIT 1) c WHERE n.id > ?1",
        checks.split(", ").map(|column| format!("c.{column}")).collect::<Vec<_>>().join(", ")
    );
    loop {
        let (count, last): (i64, Option<i64>) =
            db.query_row("SELECT count(*), max(id) FROM notifications", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let last = last.context("there is nothing to copy")?;
        if count >= rows {
            return Ok(());
        }
        let more = AT_ONCE.min(rows - count).min(count);
        let transaction = db.unchecked_transaction()?;
        transaction.execute(&notification, [more])?;
        transaction.execute(headers, [more, last])?;
        transaction.execute(&check, [last])?;
        transaction.commit()?;
        truncate(&db)?;
    }
}

fn columns(db: &Connection, table: &str, without: &[&str]) -> Result<String> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<rusqlite::Result<_>>()?;
    Ok(names.into_iter().filter(|name| !without.contains(&name.as_str())).collect::<Vec<_>>().join(", "))
}

fn truncate(db: &Connection) -> Result<()> {
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// The file's size without its log, and how many notifications are in it.
pub(crate) fn size(file: &Path) -> Result<(u64, u64)> {
    let db = Connection::open(file)?;
    truncate(&db)?;
    let rows: i64 = db.query_row("SELECT count(*) FROM notifications", [], |row| row.get(0))?;
    Ok((std::fs::metadata(file)?.len(), rows.unsigned_abs()))
}

/// Bytes of what was sent, as far as it is kept: bodies and the headers in their stored form.
pub(crate) fn payload(file: &Path) -> Result<u64> {
    let db = Connection::open(file)?;
    let sum = "SELECT (SELECT sum(length(body)) FROM notifications)
        + (SELECT sum(length(headers)) FROM notification_headers)";
    let sum: i64 = db.query_row(sum, [], |row| row.get(0))?;
    Ok(sum.unsigned_abs())
}

/// How long finding a known notification takes, in microseconds: the middle of many.
pub(crate) fn look_up_micros(file: &Path) -> Result<f64> {
    const LOOKS: usize = 2_000;
    let db = Connection::open(file)?;
    let last: i64 = db.query_row("SELECT max(id) FROM notifications", [], |row| row.get(0))?;
    let mut any = db.prepare(
        "SELECT account_id, substr(body_sha256, 1, 16), query FROM notifications WHERE id >= ?1 LIMIT 1",
    )?;
    let sql = "SELECT id FROM notifications WHERE account_id = ?1 AND substr(body_sha256, 1, 16) = ?2 AND query = ?3";
    let mut look = db.prepare(sql)?;
    let mut keys = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let id = rand::random_range(1..=last);
        keys.push(any.query_row([id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?))
        })?);
    }
    let mut nanos = Vec::with_capacity(LOOKS);
    for (account, digest, query) in keys {
        let began = Instant::now();
        let _: i64 = look.query_row((account, digest, query), |row| row.get(0))?;
        nanos.push(u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX));
    }
    nanos.sort_unstable();
    Ok(f64::from(percentile(&nanos, 0.5)) / 1e3)
}
