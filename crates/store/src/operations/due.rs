//! Which of an endpoint's deliveries come next.

use super::Desk;
use super::deliveries::Claimed;
use crate::sql::{self, Columns as _, Db as _, params};
use crate::{Change, Result};
use jiff::{SignedDuration, Timestamp};

/// Rows that are looked at to find the next of each order, and how often in one claim.
const LOOKED_AT: u32 = 200;
const LOOKS_MAX: u32 = 5;

macro_rules! due_sql {
    ($behind:literal, $lock:literal) => {
        concat!(
            "SELECT d.id, d.lease, d.tries, d.message_id, d.created_at, d.notice_id, d.due_at, ",
            $behind,
            " AS behind FROM deliveries d
             WHERE d.endpoint_id = ?1 AND d.state = 'waiting' AND d.due_at <= ?2
             ORDER BY d.due_at, d.id LIMIT ?3 ",
            $lock
        )
    };
}

const PLAIN: [&str; 2] =
    [due_sql!("CAST(NULL AS TEXT)", ""), due_sql!("CAST(NULL AS TEXT)", "FOR UPDATE SKIP LOCKED")];

/// The next of an order waits until the one before has arrived or has been given up. An order has few deliveries, an
/// endpoint may have many: the sign keeps planners from looking through the latter.
macro_rules! ordered_sql {
    ($lock:literal) => {
        due_sql!(
            "(SELECT max(p.due_at) FROM deliveries p WHERE p.order_id = d.order_id AND +p.endpoint_id = d.endpoint_id
                AND p.state = 'waiting' AND p.sequence < d.sequence)",
            $lock
        )
    };
}

const ORDERED: [&str; 2] = [ordered_sql!(""), ordered_sql!("FOR UPDATE SKIP LOCKED")];

/// Whatever is due, the oldest first.
pub(super) fn any(desk: &Desk<'_>, endpoint: i64, room: u32, now: Timestamp) -> Result<Vec<Claimed>> {
    Ok(look(desk, PLAIN, (endpoint, now, room))?.into_iter().map(|due| due.claimed).collect())
}

/// What is due, as it was found.
struct Due {
    claimed: Claimed,
    due_at: Timestamp,
    /// When the last of those is due that have to arrive before it.
    behind: Option<Timestamp>,
}

fn look(
    desk: &Desk<'_>,
    [sqlite, postgres]: [&'static str; 2],
    (endpoint, now, limit): (i64, Timestamp, u32),
) -> Result<Vec<Due>> {
    sql::all(desk, desk.pick(sqlite, postgres), params![endpoint, sql::time(now), limit], |row| {
        Ok(Due {
            claimed: Claimed {
                id: row.number("id")?,
                lease: row.number("lease")? + 1,
                tries: row.small("tries")?,
                message_id: row.text("message_id")?,
                created_at: row.time("created_at")?,
                notice: row.number_opt("notice_id")?,
                endpoint,
            },
            due_at: row.time("due_at")?,
            behind: row.time_opt("behind")?,
        })
    })
}

/// Of each order the first that waits. What has to wait for another is put behind it: else all of it would be looked at
/// each time, and that may be a whole backlog. It is put back when the other has ended, see [`release_next`].
pub(super) fn next_of_orders(
    desk: &mut Desk<'_>,
    endpoint: i64,
    room: u32,
    now: Timestamp,
) -> Result<Vec<Claimed>> {
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut next = Vec::new();
    for _ in 0..LOOKS_MAX {
        let found = look(desk, ORDERED, (endpoint, now, LOOKED_AT))?;
        let is_all = found.len() < usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
        let mut has_moved = false;
        next.clear();
        for one in found {
            let Some(behind) = one.behind else {
                next.push(one.claimed);
                continue;
            };
            let behind = behind.saturating_add(SignedDuration::from_millis(1)).expect("a millisecond");
            if behind > one.due_at {
                sql::run(
                    desk,
                    "UPDATE deliveries SET due_at = ?2 WHERE id = ?1",
                    params![one.claimed.id, sql::time(behind)],
                )?;
                has_moved = true;
            }
        }
        if next.len() >= room || is_all || !has_moved {
            next.truncate(room);
            return Ok(next);
        }
    }
    // There is more to be put in its place.
    desk.announce(Change::Work);
    Ok(next)
}

/// The next of an order is due when the one before has ended.
pub(super) fn release_next(desk: &Desk<'_>, endpoint: i64, order: i64) -> Result<()> {
    sql::run(
        desk,
        "UPDATE deliveries SET due_at = created_at
         WHERE order_id = ?2 AND +endpoint_id = ?1 AND state = 'waiting' AND lease_until IS NULL AND tries = 0
           AND sequence = (SELECT min(n.sequence) FROM deliveries n
                           WHERE n.order_id = ?2 AND +n.endpoint_id = ?1 AND n.state = 'waiting')",
        [endpoint, order],
    )?;
    Ok(())
}
