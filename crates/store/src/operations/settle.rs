//! Handing in what came of a check: the one transaction in which a notification becomes events, state and effects.

use super::Desk;
use super::record::{self, Links, Told};
use super::refold::{self, Touched};
use super::{answers, bind, checks};
use crate::sql::{self, Columns as _, Db as _, Row, Subject, params};
use crate::{Change, CheckOutcome, CheckState, NotificationId, Result, Settled, ShopId};
use ipnd_core::limits::FORGED_KEPT_PER_ACCOUNT_MAX;
use ipnd_core::{ExaminedEvent, Reason};
use jiff::Timestamp;

/// Attempts of one check that are kept.
const ATTEMPTS_KEPT_MAX: u32 = 100;

/// What is written down with an outcome.
struct Look {
    notification: NotificationId,
    account: i64,
    now: Timestamp,
    /// Which look it is, from 1.
    number: u32,
    /// A copy that is news came while somebody was asking: the gateway is to be asked again from then on.
    again_at: Option<Timestamp>,
}

pub(crate) fn settle(
    desk: &mut Desk<'_>,
    notification: NotificationId,
    lease: i64,
    now: Timestamp,
    outcome: &CheckOutcome,
) -> Result<Settled> {
    desk.lock(&[Subject::Notification(notification.0)])?;
    // The fence: only the holder of the latest lease may go on (T-C09).
    let look = sql::one(
        desk,
        "SELECT c.news, c.asked_at, c.attempts, a.id AS account_id, a.shop_id, a.gateway, a.environment,
                a.creates_orders
         FROM checks c JOIN accounts a ON a.id = c.account_id
         WHERE c.notification_id = ?1 AND c.lease = ?2 AND c.state = 'waiting' AND c.lease_until IS NOT NULL",
        [notification.0, lease],
        |row| {
            let askable_at = checks::askable_at(row.time_opt("asked_at")?, now);
            let again_at = row.flag("news")?.then_some(askable_at);
            let number = row.small("attempts")? + 1;
            let look = Look { notification, account: row.number("account_id")?, now, number, again_at };
            Ok((look, Told::read(row, notification, now)?))
        },
    )?;
    let Some((look, told)) = look else { return Ok(Settled::Stale) };
    match outcome {
        CheckOutcome::Genuine { events, remark, proved_by, answers } => {
            look.attempt(desk, "genuine", remark.as_ref())?;
            answers::keep(desk, notification, look.number, answers)?;
            look.decide(desk, CheckState::Genuine, remark.as_ref(), Some(proved_by.word()))?;
            let links = if look.number == 1 { Links::none() } else { Links::load(desk, notification)? };
            record_all(desk, &told, links, events)?;
        }
        CheckOutcome::Forged { reason, answers } => {
            look.attempt(desk, "forged", Some(reason))?;
            answers::keep(desk, notification, look.number, answers)?;
            // What has told of something was genuine then. That the gateway does not know it any more undoes nothing.
            let was_genuine = has_told(desk, notification)?;
            let state = if was_genuine { CheckState::Genuine } else { CheckState::Forged };
            look.decide(desk, state, Some(reason), None)?;
            make_room(desk, look.account)?;
        }
        CheckOutcome::NotYetKnown { reason, again_at: Some(again_at) } => {
            look.attempt(desk, "unknown", Some(reason))?;
            look.put_off(desk, *again_at, Some(reason), None)?;
        }
        CheckOutcome::NotYetKnown { reason, again_at: None } => {
            look.attempt(desk, "unknown", Some(reason))?;
            look.decide(desk, CheckState::GivenUp, Some(reason), None)?;
        }
    }
    desk.announce(Change::Notification(notification));
    Ok(Settled::Done)
}

impl Look {
    /// Writes down that it was looked at, and what came of it.
    fn attempt(&self, desk: &Desk<'_>, outcome: &'static str, reason: Option<&Reason>) -> Result<()> {
        let (code, detail) = sql::reason(reason);
        sql::insert(
            desk,
            "INSERT INTO check_attempts (notification_id, at, outcome, reason, reason_detail)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![self.notification.0, sql::time(self.now), outcome, code, sql::clean_opt(detail)],
        )?;
        if self.number > ATTEMPTS_KEPT_MAX {
            sql::run(
                desk,
                "DELETE FROM check_attempts
                 WHERE id = (SELECT min(id) FROM check_attempts WHERE notification_id = ?1)",
                [self.notification.0],
            )?;
        }
        Ok(())
    }

    /// For good, unless there is news that the answer may not have known of.
    fn decide(
        &self,
        desk: &mut Desk<'_>,
        state: CheckState,
        reason: Option<&Reason>,
        proved_by: Option<&'static str>,
    ) -> Result<()> {
        if let Some(again_at) = self.again_at {
            return self.put_off(desk, again_at, reason, proved_by);
        }
        let (code, detail) = sql::reason(reason);
        sql::run(
            desk,
            "UPDATE checks SET state = ?2, decided_at = ?3, lease_until = NULL, reason = ?4, reason_detail = ?5,
                 attempts = ?6, proved_by = coalesce(?7, proved_by)
             WHERE notification_id = ?1",
            params![
                self.notification.0,
                state.word(),
                sql::time(self.now),
                code,
                sql::clean_opt(detail),
                self.number,
                proved_by
            ],
        )?;
        desk.one_less_waits(self.account);
        Ok(())
    }

    /// It goes on waiting, with fresh patience where there is news.
    fn put_off(
        &self,
        desk: &mut Desk<'_>,
        until: Timestamp,
        reason: Option<&Reason>,
        proved_by: Option<&'static str>,
    ) -> Result<()> {
        let (code, detail) = sql::reason(reason);
        sql::run(
            desk,
            "UPDATE checks SET due_at = ?2, lease_until = NULL, reason = ?3, reason_detail = ?4, news = 0,
                 attempts = ?5, proved_by = coalesce(?6, proved_by),
                 attempts_before = CASE WHEN news = 1 THEN ?5 ELSE attempts_before END
             WHERE notification_id = ?1",
            params![
                self.notification.0,
                sql::time(until),
                code,
                sql::clean_opt(detail),
                self.number,
                proved_by
            ],
        )?;
        if self.again_at.is_some() {
            desk.announce(Change::Work);
        }
        Ok(())
    }
}

fn has_told(desk: &Desk<'_>, notification: NotificationId) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM notification_events WHERE notification_id = ?1";
    Ok(sql::count(desk, sql, [notification.0])? > 0)
}

/// A notification has been found genuine.
pub(crate) fn genuine(
    desk: &mut Desk<'_>,
    notification: NotificationId,
    now: Timestamp,
    events: &[ExaminedEvent],
) -> Result<()> {
    let told = Told::load(desk, notification, now)?;
    record_all(desk, &told, Links::load(desk, notification)?, events)
}

/// Records what a genuine notification says, and works out again every order that it is about.
fn record_all(desk: &mut Desk<'_>, told: &Told, mut links: Links, events: &[ExaminedEvent]) -> Result<()> {
    // All at once and in one sequence, so that two transactions about the same things wait and do not deadlock.
    let subjects: Vec<_> =
        events.iter().flat_map(|examined| bind::subjects(told.shop, &examined.event)).collect();
    desk.lock(&subjects)?;
    let mut touched = Touched::default();
    for examined in events {
        record::record(desk, told, &mut links, examined, &mut touched)?;
    }
    refold::refold_all(desk, touched, told.now)
}

/// Keeps the newest forged notifications of an account to be looked at; older ones go and are counted (T-G08).
fn make_room(desk: &Desk<'_>, account: i64) -> Result<()> {
    let dropped = sql::run(
        desk,
        "DELETE FROM notifications WHERE id IN (
             SELECT notification_id FROM checks WHERE state = 'forged' AND account_id = ?1
             ORDER BY notification_id DESC LIMIT 9223372036854775807 OFFSET ?2)",
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
            "SELECT a.id AS account_id, a.shop_id, a.gateway, a.environment, a.creates_orders
             FROM notifications n JOIN accounts a ON a.id = n.account_id WHERE n.id = ?1",
            [notification.0],
            |row| Self::read(row, notification, now),
        )?;
        Ok(told.expect("the check was found, so its notification and account are there"))
    }

    /// From the row of an account.
    fn read(row: &dyn Row, notification: NotificationId, now: Timestamp) -> Result<Self> {
        let gateway = row.text("gateway")?;
        let account = row.number("account_id")?;
        let family = ipnd_gateways::find(&gateway).map_or(gateway.clone(), |found| found.family_of(account));
        Ok(Self {
            shop: ShopId(row.number("shop_id")?),
            family,
            gateway,
            environment: row.text("environment")?,
            creates_orders: row.flag("creates_orders")?,
            notification,
            now,
        })
    }
}
