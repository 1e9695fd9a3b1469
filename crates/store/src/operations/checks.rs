//! Leases on notifications whose proof is due.

use super::Desk;
use super::{accounts, notifications};
use crate::sql::{self, Columns as _, Db as _, Subject, params};
use crate::{Account, Change, DueCheck, NotificationId, Result, ShopId, StoreError};
use ipnd_core::limits::NEWS_ASKED_EVERY_SECONDS;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Takes leases on what is due, oldest first. While a lease lasts, `due_at` is its end: a lease that is not handed
/// back runs out by itself.
pub(crate) fn claim(
    desk: &mut Desk<'_>,
    now: Timestamp,
    limit: u32,
    lease: SignedDuration,
) -> Result<Vec<DueCheck>> {
    let until = now.checked_add(lease).map_err(|error| StoreError::Failed(error.to_string()))?;
    let due = sql::all(
        desk,
        desk.pick(
            "SELECT notification_id FROM checks WHERE state = 'waiting' AND due_at <= ?1
             ORDER BY due_at, notification_id LIMIT ?2",
            "SELECT notification_id FROM checks WHERE state = 'waiting' AND due_at <= ?1
             ORDER BY due_at, notification_id LIMIT ?2 FOR UPDATE SKIP LOCKED",
        ),
        params![sql::time(now), limit],
        |row| row.number("notification_id"),
    )?;
    let mut claimed = Vec::with_capacity(due.len());
    let mut accounts = BTreeMap::new();
    for id in due {
        sql::run(
            desk,
            // What came before is answered by this look.
            "UPDATE checks SET lease = lease + 1, due_at = ?2, lease_until = ?2, asked_at = ?3, news = 0
             WHERE notification_id = ?1",
            params![id, sql::time(until), sql::time(now)],
        )?;
        claimed.push(load(desk, id, &mut accounts)?);
    }
    Ok(claimed)
}

/// `accounts` are those that were loaded for others just before.
fn load(desk: &Desk<'_>, id: i64, accounts: &mut BTreeMap<i64, Account>) -> Result<DueCheck> {
    let due = sql::one(
        desk,
        "SELECT n.id, n.account_id, n.received_at, n.method, n.query, n.headers, n.body, c.lease,
                c.attempts - c.attempts_before AS attempts, coalesce(c.news_at, n.received_at) AS news_at
         FROM notifications n JOIN checks c ON c.notification_id = n.id WHERE n.id = ?1",
        [id],
        |row| {
            let account = row.number("account_id")?;
            let account = match accounts.get(&account) {
                Some(known) => known.clone(),
                None => {
                    let found = accounts::by_id(desk, account)?;
                    let found =
                        found.ok_or_else(|| StoreError::Failed("an account is missing".to_owned()))?;
                    accounts.entry(account).or_insert(found).clone()
                }
            };
            Ok(DueCheck {
                notification: NotificationId(id),
                account,
                received_at: row.time("received_at")?,
                news_at: row.time("news_at")?,
                request: notifications::request(row)?,
                attempts: row.small("attempts")?,
                lease: row.number("lease")?,
            })
        },
    )?;
    due.ok_or_else(|| StoreError::Failed("a notification is missing".to_owned()))
}

/// When the gateway may be asked about news that came at `now`: at once, unless it has only just been asked.
pub(crate) fn askable_at(asked_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let pause = SignedDuration::from_secs(NEWS_ASKED_EVERY_SECONDS);
    let rested_at = asked_at.map(|asked_at| asked_at.saturating_add(pause).expect("a few seconds"));
    rested_at.map_or(now, |rested_at| rested_at.max(now))
}

/// Makes an unproven or given-up notification due at once. A worker that is at it right now loses its lease at the
/// next claim; it is then asked once more, which changes nothing.
pub(crate) fn again(
    desk: &mut Desk<'_>,
    shop: ShopId,
    notification: NotificationId,
    now: Timestamp,
) -> Result<bool> {
    desk.lock(&[Subject::Notification(notification.0)])?;
    let before = sql::one(
        desk,
        "SELECT state, account_id FROM checks WHERE notification_id = ?1 AND shop_id = ?2",
        [notification.0, shop.0],
        |row| Ok((row.text("state")?, row.number("account_id")?)),
    )?;
    let Some((state, account)) = before.filter(|(state, _)| state == "waiting" || state == "given_up") else {
        return Ok(false);
    };
    sql::run(
        desk,
        "UPDATE checks SET state = 'waiting', due_at = ?2, decided_at = NULL, lease_until = NULL
         WHERE notification_id = ?1",
        params![notification.0, sql::time(now)],
    )?;
    if state == "given_up" {
        desk.one_more_waits(account);
    }
    desk.announce(Change::Notification(notification));
    desk.announce(Change::Work);
    Ok(true)
}
