//! How the queues stand.

use super::deliveries::with_has_some;
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
    let deliveries_waiting =
        sql::count(db, "SELECT count(*) AS n FROM deliveries WHERE state = 'waiting'", sql::NONE)?;
    // What waits for an endpoint that is paused, rests or is being told something is not late.
    let oldest_delivery = sql::one(
        db,
        with_has_some!(
            "SELECT min((SELECT min(d.due_at) FROM deliveries d
                         WHERE d.endpoint_id = e.id AND d.state = 'waiting')) AS oldest
             FROM has_some JOIN endpoints e ON e.id = has_some.id
             WHERE e.state = 'active' AND e.url <> '' AND e.rests_until IS NULL
               AND NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.endpoint_id = e.id AND b.lease_until IS NOT NULL)"
        ),
        sql::NONE,
        |row| row.time_opt("oldest"),
    )?
    .flatten();
    let (checks_waiting, oldest_check) = checks.unwrap_or(nothing);
    let (mails_waiting, oldest_mail) = mails.unwrap_or(nothing);
    Ok(Backlog {
        checks_waiting,
        oldest_check_due_at: oldest_check.filter(|due| *due <= now),
        mails_waiting,
        oldest_mail_due_at: oldest_mail.filter(|due| *due <= now),
        deliveries_waiting: u64::try_from(deliveries_waiting).unwrap_or(0),
        oldest_delivery_due_at: oldest_delivery.filter(|due| *due <= now),
    })
}

/// Writes something, so that a commit has to reach the disk.
pub(crate) fn probe(db: &dyn Db) -> Result<()> {
    let written = sql::run(db, "UPDATE probe SET writes = writes + 1", sql::NONE)?;
    if written == 1 { Ok(()) } else { Err(StoreError::Failed("the probe's row is missing".to_owned())) }
}
