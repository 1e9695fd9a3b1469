//! How the queues stand.

use super::deliveries::with_has_some;
use super::standstills;
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{Backlog, First, Queue, QueueLine, Result, ShopId, StoreError};
use jiff::Timestamp;

/// Counts what waits. The oldest due item tells whether anybody still works (T-G10).
pub(crate) fn backlog(db: &dyn Db, now: Timestamp) -> Result<Backlog> {
    let waiting = |sql| Ok::<_, StoreError>(u64::try_from(sql::count(db, sql, sql::NONE)?).unwrap_or(0));
    let oldest = |queue| Ok::<_, StoreError>(first(db, queue, now)?.map(|first| first.since));
    Ok(Backlog {
        checks_waiting: waiting("SELECT count(*) AS n FROM checks WHERE state = 'waiting'")?,
        oldest_check_due_at: oldest(Queue::Checks)?,
        mails_waiting: waiting("SELECT count(*) AS n FROM mails WHERE state = 'waiting'")?,
        oldest_mail_due_at: oldest(Queue::Mails)?,
        deliveries_waiting: waiting("SELECT count(*) AS n FROM deliveries WHERE state = 'waiting'")?,
        oldest_delivery_due_at: oldest(Queue::Deliveries)?,
    })
}

/// The same for whoever looks again and again: nothing is counted.
pub(crate) fn queues(db: &dyn Db, now: Timestamp) -> Result<Vec<QueueLine>> {
    let line = |queue| {
        Ok(QueueLine { queue, first: first(db, queue, now)?, standstill: standstills::open(db, queue)? })
    };
    Queue::ALL.into_iter().map(line).collect()
}

/// What is due in a queue and could have been taken before all else.
pub(super) fn first(db: &dyn Db, queue: Queue, now: Timestamp) -> Result<Option<First>> {
    let read = |row: &dyn Row| Ok(First { item: row.number("item")?, since: row.time("due_at")? });
    let due = |sql| sql::one(db, sql, params![sql::time(now)], read);
    match queue {
        Queue::Checks => due("SELECT notification_id AS item, due_at FROM checks
             WHERE state = 'waiting' AND due_at <= ?1 ORDER BY due_at, notification_id LIMIT 1"),
        Queue::Mails => due("SELECT id AS item, due_at FROM mails
             WHERE state = 'waiting' AND due_at <= ?1 ORDER BY due_at, id LIMIT 1"),
        Queue::Deliveries => {
            let firsts = firsts_of_endpoints(db, now)?.into_iter().map(|(_, first)| first);
            Ok(firsts.min_by_key(|first| (first.since, first.item)))
        }
    }
}

/// Of each endpoint that could be told something and is not being told anything, the first that is due, and whose it is.
/// What waits for an endpoint that is paused, rests or is being told something is not late; when its rest is over, or
/// whoever told it something is gone, its time begins.
pub(super) fn firsts_of_endpoints(db: &dyn Db, now: Timestamp) -> Result<Vec<(ShopId, First)>> {
    let found = sql::all(
        db,
        with_has_some!(
            "SELECT e.shop_id, e.rests_until, e.paced_until, d.id AS item, d.due_at
             FROM has_some JOIN endpoints e ON e.id = has_some.id
             JOIN deliveries d ON d.id = (SELECT f.id FROM deliveries f
                                          WHERE f.endpoint_id = e.id AND f.state = 'waiting'
                                          ORDER BY f.due_at, f.id LIMIT 1)
             WHERE e.state = 'active' AND e.url <> ''
               AND NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.endpoint_id = e.id
                               AND b.lease_until IS NOT NULL AND b.lease_until > ?1)"
        ),
        params![sql::time(now)],
        |row| {
            let due_at = row.time("due_at")?;
            let pauses = [row.time_opt("rests_until")?, row.time_opt("paced_until")?];
            let since = pauses.into_iter().flatten().fold(due_at, Timestamp::max);
            Ok((ShopId(row.number("shop_id")?), First { item: row.number("item")?, since }))
        },
    )?;
    Ok(found.into_iter().filter(|(_, first)| first.since <= now).collect())
}

/// Writes something, so that a commit has to reach the disk.
pub(crate) fn probe(db: &dyn Db) -> Result<()> {
    let written = sql::run(db, "UPDATE probe SET writes = writes + 1", sql::NONE)?;
    if written == 1 { Ok(()) } else { Err(StoreError::Failed("the probe's row is missing".to_owned())) }
}
