//! Leases on notifications whose proof is due.

use super::Desk;
use super::{accounts, notifications};
use crate::proofs::Proofs;
use crate::sql::{self, Columns as _, Db as _, Subject, params};
use crate::{Account, AccountId, Change, DueCheck, Evidence, NotificationId, Result, ShopId, StoreError};
use ipnd_core::limits::NEWS_ASKED_EVERY_SECONDS;
use ipnd_gateways::RawRequest;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

macro_rules! due_sql {
    ($lock:literal) => {
        concat!(
            "SELECT notification_id, account_id, news_at, attempts - attempts_before AS attempts, lease FROM checks
             WHERE state = 'waiting' AND due_at <= ?1 ORDER BY due_at, notification_id LIMIT ?2 ",
            $lock
        )
    };
}

/// Takes leases on what is due, oldest first. While a lease lasts, `due_at` is its end: a lease that is not handed
/// back runs out by itself.
pub(crate) fn claim(
    desk: &mut Desk<'_>,
    now: Timestamp,
    limit: u32,
    lease: SignedDuration,
    proofs: &Proofs,
) -> Result<Vec<DueCheck>> {
    let until = now.checked_add(lease).map_err(|error| StoreError::Failed(error.to_string()))?;
    let due = sql::all(
        desk,
        desk.pick(due_sql!(""), due_sql!("FOR UPDATE SKIP LOCKED")),
        params![sql::time(now), limit],
        |row| {
            Ok(Claim {
                notification: NotificationId(row.number("notification_id")?),
                account: AccountId(row.number("account_id")?),
                news_at: row.time_opt("news_at")?,
                attempts: row.small("attempts")?,
                lease: row.number("lease")? + 1,
            })
        },
    )?;
    let mut accounts = BTreeMap::new();
    let mut claimed = Vec::with_capacity(due.len());
    for claim in due {
        sql::run(
            desk,
            // What came before is answered by this look.
            "UPDATE checks SET lease = ?2, due_at = ?3, lease_until = ?3, asked_at = ?4, news = 0
             WHERE notification_id = ?1",
            params![claim.notification.0, claim.lease, sql::time(until), sql::time(now)],
        )?;
        claimed.push(claim.complete(desk, &mut accounts, proofs)?);
    }
    Ok(claimed)
}

/// A lease just taken.
struct Claim {
    notification: NotificationId,
    account: AccountId,
    news_at: Option<Timestamp>,
    attempts: u32,
    lease: i64,
}

impl Claim {
    /// `accounts` are those that were loaded for others just before.
    fn complete(
        self,
        desk: &Desk<'_>,
        accounts: &mut BTreeMap<AccountId, Account>,
        proofs: &Proofs,
    ) -> Result<DueCheck> {
        let account = match accounts.get(&self.account) {
            Some(known) => known.clone(),
            None => {
                let found = accounts::by_id(desk, self.account.0)?;
                let found = found.ok_or_else(|| StoreError::Failed("an account is missing".to_owned()))?;
                accounts.entry(self.account).or_insert(found).clone()
            }
        };
        let (received_at, evidence) = match proofs.find(self.notification, self.account) {
            Some(proof) => (proof.received_at, Evidence::Proven(proof.interpretation)),
            None => {
                let (received_at, request) = request(desk, self.notification)?;
                (received_at, Evidence::Request(request))
            }
        };
        Ok(DueCheck {
            notification: self.notification,
            account,
            received_at,
            news_at: self.news_at.unwrap_or(received_at),
            evidence,
            attempts: self.attempts,
            lease: self.lease,
        })
    }
}

fn request(desk: &Desk<'_>, notification: NotificationId) -> Result<(Timestamp, RawRequest)> {
    let found = sql::one(
        desk,
        "SELECT n.received_at, n.method, n.query, n.body, h.headers FROM notifications n
         JOIN notification_headers h ON h.notification_id = n.id WHERE n.id = ?1",
        [notification.0],
        |row| Ok((row.time("received_at")?, notifications::request(row)?)),
    )?;
    found.ok_or_else(|| StoreError::Failed("a notification is missing".to_owned()))
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
