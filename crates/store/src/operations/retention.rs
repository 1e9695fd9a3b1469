//! Deleting what has been kept for as long as it was to be kept.
//!
//! What is old is looked for by readers, a window of rows at a time, and deleted by the writer by its id, a handful at a
//! time, so that nobody waits for it. What an order's state follows from (events, answers of the owner), what keeps
//! things from happening twice (mails, movements of stock, transactions) and the audit are never deleted.

use super::Desk;
use crate::sql::{self, Columns as _, Db, params};
use crate::{Forgotten, Result, Retained};
use jiff::Timestamp;

/// Rows that are looked at for one answer.
const WINDOW_ROWS: i64 = 500;

/// What is old enough among the rows behind one id.
pub(crate) struct Window {
    ids: Vec<i64>,
    /// The last row that was looked at, while there may be more behind it.
    pub(crate) next: Option<i64>,
}

impl Window {
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// How a class of rows is looked at: `id`, `at`, and whether the row may go at all (`may_go`), behind an id, so many.
fn rows(what: Retained) -> &'static str {
    match what {
        Retained::Forged => {
            "SELECT c.notification_id AS id, c.decided_at AS at, 1 AS may_go FROM checks c
             WHERE c.state = 'forged' AND c.notification_id > ?1 ORDER BY c.notification_id LIMIT ?2"
        }
        Retained::GivenUp => {
            "SELECT c.notification_id AS id, c.decided_at AS at, 1 AS may_go FROM checks c
             WHERE c.state = 'given_up' AND c.notification_id > ?1 ORDER BY c.notification_id LIMIT ?2"
        }
        Retained::Proved => {
            "SELECT n.id, n.received_at AS at,
                 CASE WHEN c.state = 'genuine' AND n.deleted_at IS NULL THEN 1 ELSE 0 END AS may_go
             FROM notifications n JOIN checks c ON c.notification_id = n.id
             WHERE n.id > ?1 ORDER BY n.id LIMIT ?2"
        }
        Retained::Copies => {
            "SELECT id, received_at AS at, 1 AS may_go FROM notification_copies WHERE id > ?1 ORDER BY id LIMIT ?2"
        }
        Retained::CheckAttempts => {
            "SELECT a.id, a.at, CASE WHEN c.state = 'waiting' THEN 0 ELSE 1 END AS may_go
             FROM check_attempts a JOIN checks c ON c.notification_id = a.notification_id
             WHERE a.id > ?1 ORDER BY a.id LIMIT ?2"
        }
        Retained::MailAttempts => {
            "SELECT a.id, a.started_at AS at, CASE WHEN m.state = 'waiting' THEN 0 ELSE 1 END AS may_go
             FROM mail_attempts a JOIN mails m ON m.id = a.mail_id
             WHERE a.id > ?1 ORDER BY a.id LIMIT ?2"
        }
        Retained::Deliveries => {
            "SELECT id, ended_at AS at, CASE WHEN state = 'waiting' THEN 0 ELSE 1 END AS may_go FROM deliveries
             WHERE id > ?1 ORDER BY id LIMIT ?2"
        }
        Retained::Sessions => {
            "SELECT id, coalesce(ended_at, last_used_at) AS at, 1 AS may_go FROM sessions
             WHERE id > ?1 ORDER BY id LIMIT ?2"
        }
    }
}

/// Whether later ids are younger: when one is too young, so are all behind it.
fn is_in_sequence(what: Retained) -> bool {
    use Retained::{CheckAttempts, Copies, MailAttempts, Proved};
    matches!(what, Proved | Copies | CheckAttempts | MailAttempts)
}

/// Deletes one row, if it still is what it was when it was looked at.
fn delete(db: &dyn Db, what: Retained, id: i64, (before, now): (&str, &str)) -> Result<usize> {
    let sql = match what {
        // What has told of something, or is asked about, stays.
        Retained::Forged | Retained::GivenUp => {
            "DELETE FROM notifications WHERE id = ?1
               AND EXISTS (SELECT 1 FROM checks c WHERE c.notification_id = notifications.id
                           AND c.state IN ('forged', 'given_up') AND c.decided_at < ?2)
               AND NOT EXISTS (SELECT 1 FROM notification_events t WHERE t.notification_id = notifications.id)
               AND NOT EXISTS (SELECT 1 FROM events e WHERE e.notification_id = notifications.id)
               AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.notification_id = notifications.id)"
        }
        Retained::Proved => return empty(db, id, (before, now)),
        Retained::Copies => "DELETE FROM notification_copies WHERE id = ?1 AND received_at < ?2",
        Retained::CheckAttempts => "DELETE FROM check_attempts WHERE id = ?1 AND at < ?2",
        Retained::MailAttempts => "DELETE FROM mail_attempts WHERE id = ?1 AND started_at < ?2",
        Retained::Deliveries => {
            "DELETE FROM deliveries WHERE id = ?1 AND state <> 'waiting' AND ended_at < ?2"
        }
        Retained::Sessions => "DELETE FROM sessions WHERE id = ?1 AND coalesce(ended_at, last_used_at) < ?2",
    };
    sql::run(db, sql, params![id, before])
}

/// Empties a proved notification. That it came, its hash and what it told stay, so a copy of it is still known as one.
fn empty(db: &dyn Db, id: i64, (before, now): (&str, &str)) -> Result<usize> {
    let emptied = sql::run(
        db,
        "UPDATE notifications SET body = substr(body, 1, 0), remote = NULL, deleted_at = ?3
         WHERE id = ?1 AND received_at < ?2 AND deleted_at IS NULL
           AND EXISTS (SELECT 1 FROM checks c WHERE c.notification_id = notifications.id AND c.state = 'genuine')",
        params![id, before, now],
    )?;
    if emptied > 0 {
        sql::run(db, "DELETE FROM notification_headers WHERE notification_id = ?1", [id])?;
        sql::run(db, "DELETE FROM answers WHERE notification_id = ?1", [id])?;
    }
    Ok(emptied)
}

/// The rows behind `after` that are older than `before`.
pub(crate) fn window(db: &dyn Db, what: Retained, before: Timestamp, after: i64) -> Result<Window> {
    let rows = sql::all(db, rows(what), [after, WINDOW_ROWS], |row| {
        let at = row.time_opt("at")?;
        Ok((row.number("id")?, at.is_some_and(|at| at < before), row.flag("may_go")?))
    })?;
    let has_young = rows.iter().any(|(_, is_old, _)| !is_old);
    let is_full = i64::try_from(rows.len()).expect("a count") == WINDOW_ROWS;
    let goes_on = is_full && !(is_in_sequence(what) && has_young);
    let next = rows.last().map(|(id, ..)| *id).filter(|_| goes_on);
    let ids = rows.into_iter().filter(|(_, is_old, may_go)| *is_old && *may_go).map(|(id, ..)| id);
    Ok(Window { ids: ids.collect(), next })
}

/// Deletes those that still are what they were when they were looked at.
pub(crate) fn forget(
    desk: &Desk<'_>,
    what: Retained,
    window: &Window,
    (before, now): (Timestamp, Timestamp),
) -> Result<Forgotten> {
    let (before, now) = (sql::time(before), sql::time(now));
    let mut count = 0;
    for id in &window.ids {
        count += u64::from(delete(desk, what, *id, (&before, &now))? > 0);
    }
    Ok(Forgotten { count, next: window.next })
}
