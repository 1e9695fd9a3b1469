//! Handing in what came of a check: the one transaction in which a notification becomes events, state and effects.

use super::command::Desk;
use super::record::{self, Told};
use super::sql::{self, Columns as _};
use super::{bind, refold};
use crate::{Change, CheckOutcome, CheckState, NotificationId, Result, Settled, ShopId};
use ipnd_core::limits::FORGED_KEPT_PER_ACCOUNT_MAX;
use ipnd_core::{ExaminedEvent, Reason};
use jiff::Timestamp;
use rusqlite::params;

/// Attempts of one check that are kept.
const ATTEMPTS_KEPT_MAX: u32 = 100;

pub(super) fn settle(
    desk: &mut Desk<'_>,
    notification: NotificationId,
    lease: i64,
    now: Timestamp,
    outcome: &CheckOutcome,
) -> Result<Settled> {
    // The fence: only the holder of the latest lease may go on (T-C09).
    let account = sql::one(
        desk,
        "SELECT account_id FROM checks
         WHERE notification_id = ?1 AND lease = ?2 AND state = 'waiting' AND lease_until IS NOT NULL",
        [notification.0, lease],
        |row| row.number("account_id"),
    )?;
    let Some(account) = account else { return Ok(Settled::Stale) };
    match outcome {
        CheckOutcome::Genuine { events, remark } => {
            attempt(desk, notification, now, "genuine", remark.as_ref())?;
            decide(desk, notification, account, CheckState::Genuine, now, remark.as_ref())?;
            genuine(desk, notification, now, events)?;
        }
        CheckOutcome::Forged(reason) => {
            attempt(desk, notification, now, "forged", Some(reason))?;
            decide(desk, notification, account, CheckState::Forged, now, Some(reason))?;
            make_room(desk, account)?;
        }
        CheckOutcome::NotYetKnown { reason, again_at: Some(again_at) } => {
            attempt(desk, notification, now, "unknown", Some(reason))?;
            sql::run(
                desk,
                "UPDATE checks SET due_at = ?2, lease_until = NULL, reason = ?3, reason_detail = ?4
                 WHERE notification_id = ?1",
                params![notification.0, sql::time(*again_at), reason.code, sql::clean(&reason.detail)],
            )?;
        }
        CheckOutcome::NotYetKnown { reason, again_at: None } => {
            attempt(desk, notification, now, "unknown", Some(reason))?;
            decide(desk, notification, account, CheckState::GivenUp, now, Some(reason))?;
        }
    }
    desk.announce(Change::Notification(notification));
    Ok(Settled::Done)
}

/// Writes down that it was looked at, and what came of it.
fn attempt(
    desk: &Desk<'_>,
    notification: NotificationId,
    now: Timestamp,
    outcome: &'static str,
    reason: Option<&Reason>,
) -> Result<()> {
    let (code, detail) = sql::reason(reason);
    sql::insert(
        desk,
        "INSERT INTO check_attempts (notification_id, at, outcome, reason, reason_detail)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![notification.0, sql::time(now), outcome, code, sql::clean_opt(detail)],
    )?;
    let attempts = sql::one(
        desk,
        "UPDATE checks SET attempts = attempts + 1 WHERE notification_id = ?1 RETURNING attempts",
        [notification.0],
        |row| row.small("attempts"),
    )?;
    if attempts.is_some_and(|attempts| attempts > ATTEMPTS_KEPT_MAX) {
        sql::run(
            desk,
            "DELETE FROM check_attempts
             WHERE id = (SELECT min(id) FROM check_attempts WHERE notification_id = ?1)",
            [notification.0],
        )?;
    }
    Ok(())
}

fn decide(
    desk: &mut Desk<'_>,
    notification: NotificationId,
    account: i64,
    state: CheckState,
    now: Timestamp,
    reason: Option<&Reason>,
) -> Result<()> {
    let (code, detail) = sql::reason(reason);
    sql::run(
        desk,
        "UPDATE checks SET state = ?2, decided_at = ?3, lease_until = NULL, reason = ?4, reason_detail = ?5
         WHERE notification_id = ?1",
        params![notification.0, state.word(), sql::time(now), code, sql::clean_opt(detail)],
    )?;
    desk.waiting.one_less(account);
    Ok(())
}

fn genuine(
    desk: &mut Desk<'_>,
    notification: NotificationId,
    now: Timestamp,
    events: &[ExaminedEvent],
) -> Result<()> {
    let told = Told::load(desk, notification, now)?;
    let mut touched = bind::Touched::default();
    for (position, examined) in events.iter().enumerate() {
        if let Some(event) = record::record(desk, &told, position, examined, &mut touched)? {
            bind::bind_new(desk, &told, event, &mut touched)?;
        }
    }
    refold::refold_all(desk, &touched, now)
}

/// Keeps the newest forged notifications of an account to be looked at; older ones go and are counted (T-G08).
fn make_room(desk: &Desk<'_>, account: i64) -> Result<()> {
    let dropped = sql::run(
        desk,
        "DELETE FROM notifications WHERE id IN (
             SELECT notification_id FROM checks WHERE state = 'forged' AND account_id = ?1
             ORDER BY notification_id DESC LIMIT -1 OFFSET ?2)",
        [account, i64::from(FORGED_KEPT_PER_ACCOUNT_MAX)],
    )?;
    if dropped > 0 {
        sql::run(
            desk,
            "UPDATE accounts SET forged_dropped = forged_dropped + ?2 WHERE id = ?1",
            params![account, i64::try_from(dropped).expect("rows of one account fit")],
        )?;
    }
    Ok(())
}

impl Told {
    fn load(desk: &Desk<'_>, notification: NotificationId, now: Timestamp) -> Result<Self> {
        let told = sql::one(
            desk,
            "SELECT a.shop_id, a.gateway, a.environment, a.creates_orders
             FROM notifications n JOIN accounts a ON a.id = n.account_id WHERE n.id = ?1",
            [notification.0],
            |row| {
                let gateway = row.text("gateway")?;
                let family = ipnd_gateways::find(&gateway).map_or(gateway.clone(), |g| g.family.to_owned());
                Ok(Self {
                    shop: ShopId(row.number("shop_id")?),
                    family,
                    gateway,
                    environment: row.text("environment")?,
                    creates_orders: row.flag("creates_orders")?,
                    notification,
                    now,
                })
            },
        )?;
        Ok(told.expect("the check was found, so its notification and account are there"))
    }
}
