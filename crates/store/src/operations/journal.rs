//! Keeping what came in: the only thing that stands between a gateway and its answer.

use super::Desk;
use super::checks;
use crate::proofs::Proof;
use crate::sql::{self, Columns as _, Db as _, Subject, params};
use crate::{Change, Journaled, NewNotification, NotificationId, Result, StoreError};
use aws_lc_rs::digest::{Digest, SHA256, digest};
use ipnd_core::limits::COPIES_KEPT_MAX;
use jiff::SignedDuration;

/// A copy of a notification that was called forged or given up has the gateway asked again, at most this often:
/// the gateway may have been wrong, and floods of copies must cost nothing.
const ASK_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// A notification with everything worked out that does not need the writer.
pub(crate) struct Prepared {
    notification: NewNotification,
    body_sha256: Digest,
    headers: String,
}

impl Prepared {
    pub(crate) fn new(notification: NewNotification) -> Self {
        let body_sha256 = digest(&SHA256, &notification.request.body);
        let headers = sql::json(&notification.request.headers);
        Self { notification, body_sha256, headers }
    }

    /// Where it proved itself when it came in.
    pub(crate) fn proof(&self) -> Option<Proof> {
        let NewNotification { account, received_at, proven, .. } = &self.notification;
        let interpretation = proven.clone()?;
        Some(Proof { account: *account, received_at: *received_at, interpretation })
    }

    pub(crate) fn account(&self) -> i64 {
        self.notification.account.0
    }

    /// The part of the body's digest that copies are known by: no two bodies will ever be met that share it.
    fn half_digest(&self) -> &[u8] {
        &self.body_sha256.as_ref()[..16]
    }

    /// What makes it the same as another: account, hash of the body, query.
    pub(crate) fn key(&self) -> (i64, Vec<u8>, String) {
        (self.account(), self.body_sha256.as_ref().to_vec(), self.notification.request.query.clone())
    }

    /// The columns of its row, for those who write many at once.
    pub(crate) fn columns(&self) -> Columns<'_> {
        let request = &self.notification.request;
        Columns {
            account: self.account(),
            received_at: sql::time(self.notification.received_at),
            method: &request.method,
            query: &request.query,
            remote: self.notification.remote.map(|remote| remote.to_string()),
            body: &request.body,
            headers: &self.headers,
            body_sha256: self.body_sha256.as_ref(),
        }
    }
}

pub(crate) struct Columns<'a> {
    pub(crate) account: i64,
    pub(crate) received_at: String,
    pub(crate) method: &'a str,
    pub(crate) query: &'a str,
    pub(crate) remote: Option<String>,
    pub(crate) body: &'a [u8],
    pub(crate) headers: &'a str,
    pub(crate) body_sha256: &'a [u8],
}

pub(crate) fn journal(desk: &mut Desk<'_>, new: &Prepared, waiting_max: u32) -> Result<Journaled> {
    let (shop, known) = look_up(desk, new)?;
    let journaled = match known {
        Some(id) => copy(desk, id, new, waiting_max)?,
        None if desk.is_full(new.account(), waiting_max)? => return Err(StoreError::TooManyWaiting),
        None => match keep(desk, new, shop)? {
            Some(id) => Journaled::New(id),
            // Another node has been quicker.
            None => match look_up(desk, new)?.1 {
                Some(id) => copy(desk, id, new, waiting_max)?,
                None => {
                    return Err(StoreError::Failed("a notification was neither new nor known".to_owned()));
                }
            },
        },
    };
    let (Journaled::New(id) | Journaled::Copy(id)) = journaled;
    desk.announce(Change::Notification(id));
    Ok(journaled)
}

/// The shop of its account, and the notification that it is a copy of.
fn look_up(desk: &Desk<'_>, new: &Prepared) -> Result<(i64, Option<NotificationId>)> {
    let found = sql::one(
        desk,
        "SELECT a.shop_id, n.id AS known FROM accounts a
         LEFT JOIN notifications n ON n.account_id = a.id AND substr(n.body_sha256, 1, 16) = ?2 AND n.query = ?3
         WHERE a.id = ?1",
        params![new.account(), new.half_digest(), new.notification.request.query],
        |row| Ok((row.number("shop_id")?, row.number_opt("known")?.map(NotificationId))),
    )?;
    found.ok_or_else(|| StoreError::Conflict("there is no such account".to_owned()))
}

/// Writes it down; `None` where it has come to be there meanwhile.
fn keep(desk: &mut Desk<'_>, new: &Prepared, shop: i64) -> Result<Option<NotificationId>> {
    let it = new.columns();
    let id = sql::insert_new(
        desk,
        "INSERT INTO notifications
             (received_at, method, query, remote, body, body_sha256, account_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (account_id, substr(body_sha256, 1, 16), query) DO NOTHING",
        params![it.received_at, it.method, it.query, it.remote, it.body, it.body_sha256, it.account, shop],
    )?;
    let Some(id) = id else { return Ok(None) };
    keep_headers(desk, id, it.headers)?;
    sql::run(
        desk,
        "INSERT INTO checks (notification_id, state, due_at, account_id, shop_id)
         VALUES (?1, 'waiting', ?2, ?3, ?4)",
        params![id, it.received_at, it.account, shop],
    )?;
    desk.one_more_waits(it.account);
    desk.announce(Change::Work);
    Ok(Some(NotificationId(id)))
}

fn keep_headers(desk: &Desk<'_>, id: i64, headers: &str) -> Result<()> {
    let sql = "INSERT INTO notification_headers (notification_id, headers) VALUES (?1, ?2)";
    sql::run(desk, sql, params![id, headers])?;
    Ok(())
}

fn copy(desk: &mut Desk<'_>, id: NotificationId, new: &Prepared, waiting_max: u32) -> Result<Journaled> {
    let received_at = new.notification.received_at;
    desk.lock(&[Subject::Notification(id.0)])?;
    if new.notification.repeats_are_news {
        bring_back(desk, id, new)?;
        hear_news(desk, id, new, waiting_max)?;
    }
    let copies = sql::one(
        desk,
        "UPDATE checks SET copies = copies + 1 WHERE notification_id = ?1 RETURNING copies",
        [id.0],
        |row| row.small("copies"),
    )?;
    sql::insert(
        desk,
        "INSERT INTO notification_copies (notification_id, received_at) VALUES (?1, ?2)",
        params![id.0, sql::time(received_at)],
    )?;
    if copies.is_some_and(|copies| copies > COPIES_KEPT_MAX) {
        sql::run(
            desk,
            "DELETE FROM notification_copies
             WHERE id = (SELECT min(id) FROM notification_copies WHERE notification_id = ?1)",
            [id.0],
        )?;
    }
    if !new.notification.repeats_are_news {
        doubt_again(desk, id, new, waiting_max)?;
    }
    Ok(Journaled::Copy(id))
}

/// A request that was deleted because it was old is needed once more, and here it is.
fn bring_back(desk: &Desk<'_>, id: NotificationId, new: &Prepared) -> Result<()> {
    let it = new.columns();
    let brought = sql::run(
        desk,
        "UPDATE notifications SET body = ?2, remote = ?3, deleted_at = NULL
         WHERE id = ?1 AND deleted_at IS NOT NULL",
        params![id.0, it.body, it.remote],
    )?;
    if brought > 0 {
        keep_headers(desk, id.0, it.headers)?;
    }
    Ok(())
}

/// The copy says that something has changed, so the gateway has to be asked again, whatever is known by now.
///
/// A worker that is asking right now keeps its lease: its answer is used, and then it is asked once more. So however
/// fast copies come, answers come through.
fn hear_news(desk: &mut Desk<'_>, id: NotificationId, new: &Prepared, waiting_max: u32) -> Result<()> {
    let account = new.notification.account.0;
    let received_at = new.notification.received_at;
    let check = sql::one(
        desk,
        "SELECT state, asked_at, lease_until FROM checks WHERE notification_id = ?1",
        [id.0],
        |row| Ok((row.text("state")?, row.time_opt("asked_at")?, row.time_opt("lease_until")?)),
    )?;
    let Some((state, asked_at, lease_until)) = check else { return Ok(()) };
    if state == "waiting" && lease_until.is_some() {
        sql::run(
            desk,
            "UPDATE checks SET news = 1, news_at = ?2 WHERE notification_id = ?1",
            params![id.0, sql::time(received_at)],
        )?;
        return Ok(());
    }
    if state != "waiting" && desk.is_full(account, waiting_max)? {
        return Err(StoreError::TooManyWaiting);
    }
    let due_at = sql::time(checks::askable_at(asked_at, received_at));
    sql::run(
        desk,
        "UPDATE checks SET due_at = CASE WHEN state = 'waiting' AND due_at < ?2 THEN due_at ELSE ?2 END, state = 'waiting',
             decided_at = NULL, news_at = ?3, attempts_before = attempts
         WHERE notification_id = ?1",
        params![id.0, due_at, sql::time(received_at)],
    )?;
    if state != "waiting" {
        desk.one_more_waits(account);
    }
    desk.announce(Change::Work);
    Ok(())
}

/// An ordinary copy only shows that the gateway still stands by what was not believed.
fn doubt_again(desk: &mut Desk<'_>, id: NotificationId, new: &Prepared, waiting_max: u32) -> Result<()> {
    let account = new.notification.account.0;
    let received_at = new.notification.received_at;
    if desk.is_full(account, waiting_max)? {
        return Ok(());
    }
    let asked_before = received_at.checked_sub(ASK_AGAIN_AFTER).unwrap_or(received_at);
    let reopened = sql::run(
        desk,
        "UPDATE checks SET state = 'waiting', due_at = ?2, decided_at = NULL, lease_until = NULL
         WHERE notification_id = ?1 AND state IN ('forged', 'given_up') AND decided_at <= ?3",
        params![id.0, sql::time(received_at), sql::time(asked_before)],
    )?;
    if reopened > 0 {
        desk.one_more_waits(account);
        desk.announce(Change::Work);
    }
    Ok(())
}
