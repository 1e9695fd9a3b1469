//! How the queues stand.

use crate::sql::{self, Columns as _, Db, Row};
use crate::{Backlog, Result, StoreError};
use jiff::Timestamp;

/// Counts what waits. The oldest due item tells whether anybody still works (T-G10).
pub(crate) fn backlog(db: &dyn Db, now: Timestamp) -> Result<Backlog> {
    let read = |row: &dyn Row| Ok((u64::from(row.small("waiting")?), row.time_opt("oldest")?));
    let nothing = (0, None);
    let checks = sql::one(
        db,
        "SELECT count(*) AS waiting, min(due_at) AS oldest FROM checks WHERE state = 'waiting'",
        sql::NONE,
        read,
    )?;
    let mails = sql::one(
        db,
        "SELECT count(*) AS waiting, min(due_at) AS oldest FROM mails WHERE state = 'waiting'",
        sql::NONE,
        read,
    )?;
    let deliveries = sql::one(
        db,
        // What waits for an endpoint that is paused or rests is not late.
        "SELECT count(*) AS waiting,
                min(CASE WHEN e.state = 'active' AND e.url <> '' AND e.rests_until IS NULL THEN d.due_at END) AS oldest
         FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id WHERE d.state = 'waiting'",
        sql::NONE,
        read,
    )?;
    let (deliveries_waiting, oldest_delivery) = deliveries.unwrap_or(nothing);
    let (checks_waiting, oldest_check) = checks.unwrap_or(nothing);
    let (mails_waiting, oldest_mail) = mails.unwrap_or(nothing);
    Ok(Backlog {
        checks_waiting,
        oldest_check_due_at: oldest_check.filter(|due| *due <= now),
        mails_waiting,
        oldest_mail_due_at: oldest_mail.filter(|due| *due <= now),
        deliveries_waiting,
        oldest_delivery_due_at: oldest_delivery.filter(|due| *due <= now),
    })
}

/// Writes something, so that a commit has to reach the disk.
pub(crate) fn probe(db: &dyn Db) -> Result<()> {
    let written = sql::run(db, "UPDATE probe SET writes = writes + 1", sql::NONE)?;
    if written == 1 { Ok(()) } else { Err(StoreError::Failed("the probe's row is missing".to_owned())) }
}
