//! Leases on deliveries, what came of them, and how endpoints are treated after that.

use super::effects::{self, NewMail};
use super::{Desk, due, endpoints, notices};
use crate::sql::{self, Columns as _, Db as _, Row, params};
use crate::token;
use crate::{
    Attempt, Change, DeliveryId, DeliveryOutcome, DueDelivery, EndpointId, Result, Settled, ShopId,
    StoreError,
};
use ipnd_core::limits::{
    DELIVERY_ATTEMPTS_KEPT_MAX, ENDPOINT_FAILS_DAYS_MAX, ENDPOINT_FAILURES_UNTIL_DOWN,
    ENDPOINT_REST_SECONDS_MAX,
};
use ipnd_core::{MailKind, Reason};
use ipnd_gateways::dialect::Notice;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows that are swept in one transaction, so that nobody waits long for it.
const SWEPT_TOGETHER: i64 = 500;
/// The first rest of an endpoint that cannot be reached, in seconds. It doubles each time.
const REST_SECONDS: i64 = 2;

/// What was claimed, before its content is read.
pub(crate) struct Claimed {
    pub(super) id: i64,
    pub(super) lease: i64,
    pub(super) tries: u32,
    pub(super) message_id: String,
    pub(super) created_at: Timestamp,
    pub(super) notice: Option<i64>,
    pub(super) endpoint: i64,
}

/// An endpoint that has something due.
struct Ready {
    id: i64,
    concurrency: u32,
    rate: u32,
    is_ordered: bool,
    successes: u32,
    busy: u32,
}

impl Ready {
    fn read(row: &dyn Row) -> Result<Self> {
        Ok(Self {
            id: row.number("id")?,
            concurrency: row.small("concurrency")?,
            rate: row.small("rate")?,
            is_ordered: row.flag("is_ordered")?,
            successes: row.small("successes")?,
            busy: row.small("busy")?,
        })
    }

    /// How many more may be tried now. One that is new or was down is tried with one, and with more the more
    /// arrives: so one that hangs holds one place, and one that comes back hears things in their sequence.
    fn room(&self) -> u32 {
        let proven = (self.successes / 2).max(1);
        let room = proven.min(self.concurrency).saturating_sub(self.busy);
        if self.rate > 0 { room.min(self.rate) } else { room }
    }
}

/// Begins a statement with `has_some (id)`: the endpoints for which something waits, found without looking at those for
/// which nothing does. Their table has one for each invoice, and few wait.
macro_rules! with_has_some {
    ($rest:literal $(, $more:expr)*) => {
        concat!(
            "WITH RECURSIVE has_some (id) AS (
                 SELECT min(endpoint_id) FROM deliveries WHERE state = 'waiting'
                 UNION ALL
                 SELECT (SELECT min(d.endpoint_id) FROM deliveries d
                         WHERE d.state = 'waiting' AND d.endpoint_id > has_some.id)
                 FROM has_some WHERE has_some.id IS NOT NULL) ",
            $rest $(, $more)*
        )
    };
}
pub(super) use with_has_some;

/// Of the endpoints that may be tried now and have something due.
macro_rules! ready_sql {
    ($columns:literal, $end:literal) => {
        with_has_some!(
            "SELECT ",
            $columns,
            " FROM has_some JOIN endpoints e ON e.id = has_some.id
             WHERE e.state = 'active' AND e.url <> '' AND (e.rests_until IS NULL OR e.rests_until <= ?1)
               AND (e.paced_until IS NULL OR e.paced_until <= ?1)
               AND EXISTS (SELECT 1 FROM deliveries d
                           WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= ?1) ",
            $end
        )
    };
}

/// What a claim looks at.
macro_rules! claim_sql {
    ($lock:literal) => {
        ready_sql!(
            "e.id, e.concurrency, e.rate, e.is_ordered, e.successes,
             (SELECT count(*) FROM deliveries b
              WHERE b.endpoint_id = e.id AND b.lease_until IS NOT NULL AND b.lease_until > ?1) AS busy",
            $lock
        )
    };
}

/// Whether there may be something to claim, or to sweep.
pub(crate) fn is_anything_due(db: &dyn sql::Db, now: Timestamp) -> Result<bool> {
    let due = sql::one(db, ready_sql!("1 AS n", "LIMIT 1"), params![sql::time(now)], |_| Ok(()))?;
    if due.is_some() {
        return Ok(true);
    }
    let to_sweep = sql::count(db, "SELECT count(*) AS n FROM endpoints WHERE sweep IS NOT NULL", sql::NONE)?;
    Ok(to_sweep > 0)
}

/// Takes leases on what is due: of every endpoint as much as it can take, oldest first.
pub(crate) fn claim(
    desk: &mut Desk<'_>,
    now: Timestamp,
    limit: u32,
    lease: SignedDuration,
) -> Result<Vec<Claimed>> {
    sweep(desk, now)?;
    let ready = sql::all(
        desk,
        desk.pick(claim_sql!(""), claim_sql!("FOR UPDATE OF e SKIP LOCKED")),
        params![sql::time(now)],
        Ready::read,
    )?;
    // Each gets its part, so that those with much do not keep out the others.
    let share = (limit / u32::try_from(ready.len().max(1)).unwrap_or(u32::MAX)).max(1);
    let mut claimed = Vec::new();
    for endpoint in ready {
        let left = limit.saturating_sub(u32::try_from(claimed.len()).unwrap_or(u32::MAX));
        let room = endpoint.room().min(share).min(left);
        if room > 0 {
            of_endpoint(desk, &endpoint, room, (now, lease), &mut claimed)?;
        }
    }
    Ok(claimed)
}

/// As [`claim`], for an endpoint that fetches what it is told.
pub(crate) fn claim_of(
    desk: &mut Desk<'_>,
    (shop, endpoint): (ShopId, EndpointId),
    now: Timestamp,
    limit: u32,
    lease: SignedDuration,
) -> Result<Vec<Claimed>> {
    sweep(desk, now)?;
    let is_own = sql::count(
        desk,
        "SELECT count(*) AS n FROM endpoints WHERE id = ?1 AND shop_id = ?2 AND state = 'active' AND url = ''",
        [endpoint.0, shop.0],
    )?;
    let mut claimed = Vec::new();
    if is_own > 0 {
        // One at a time and in sequence: it is somebody who looks on.
        let own = Ready { id: endpoint.0, concurrency: 1, rate: 0, is_ordered: true, successes: 0, busy: 0 };
        of_endpoint(desk, &own, limit, (now, lease), &mut claimed)?;
    }
    Ok(claimed)
}

fn of_endpoint(
    desk: &mut Desk<'_>,
    endpoint: &Ready,
    room: u32,
    (now, lease): (Timestamp, SignedDuration),
    claimed: &mut Vec<Claimed>,
) -> Result<()> {
    let until = now.checked_add(lease).map_err(|error| StoreError::Failed(error.to_string()))?;
    let due = if endpoint.is_ordered {
        due::next_of_orders(desk, endpoint.id, room, now)?
    } else {
        due::any(desk, endpoint.id, room, now)?
    };
    for one in &due {
        sql::run(
            desk,
            "UPDATE deliveries SET lease = ?2, due_at = ?3, lease_until = ?3, attempts = attempts + 1
             WHERE id = ?1",
            params![one.id, one.lease, sql::time(until)],
        )?;
    }
    if endpoint.rate > 0 && !due.is_empty() {
        let count = i64::try_from(due.len()).expect("a few");
        let pause = SignedDuration::from_millis(count * 1_000 / i64::from(endpoint.rate));
        let paced = now.saturating_add(pause).expect("a second");
        sql::run(
            desk,
            "UPDATE endpoints SET paced_until = ?2 WHERE id = ?1",
            params![endpoint.id, sql::time(paced)],
        )?;
    }
    claimed.extend(due);
    Ok(())
}

/// Does some of what is to be done with all that waits for an endpoint.
fn sweep(desk: &mut Desk<'_>, now: Timestamp) -> Result<()> {
    let all = sql::all(desk, "SELECT id, sweep FROM endpoints WHERE sweep IS NOT NULL", sql::NONE, |row| {
        Ok((row.number("id")?, row.text("sweep")?))
    })?;
    for (endpoint, what) in all {
        let swept = if what == "cancel" {
            sql::run(
                desk,
                "UPDATE deliveries SET state = 'cancelled', ended_at = ?2, lease_until = NULL WHERE id IN (
                     SELECT id FROM deliveries WHERE endpoint_id = ?1 AND state = 'waiting' LIMIT ?3)",
                params![endpoint, sql::time(now), SWEPT_TOGETHER],
            )?
        } else {
            sql::run(
                desk,
                "UPDATE deliveries SET due_at = ?2 WHERE id IN (
                     SELECT id FROM deliveries WHERE endpoint_id = ?1 AND state = 'waiting' AND due_at > ?2
                       AND lease_until IS NULL ORDER BY id LIMIT ?3)",
                params![endpoint, sql::time(now), SWEPT_TOGETHER],
            )?
        };
        if i64::try_from(swept).expect("a few") < SWEPT_TOGETHER {
            sql::run(desk, "UPDATE endpoints SET sweep = NULL WHERE id = ?1", [endpoint])?;
        } else {
            desk.announce(Change::Work);
        }
    }
    Ok(())
}

/// Reads what was claimed.
pub(crate) fn load(db: &dyn sql::Db, claimed: Vec<Claimed>) -> Result<Vec<DueDelivery>> {
    let mut endpoints = BTreeMap::new();
    let mut due = Vec::with_capacity(claimed.len());
    for one in claimed {
        let endpoint = match endpoints.get(&one.endpoint) {
            Some(known) => Arc::clone(known),
            None => {
                let read = endpoints::any_by_id(db, one.endpoint)?;
                let read = Arc::new(read.ok_or_else(|| missing("endpoint"))?);
                endpoints.insert(one.endpoint, Arc::clone(&read));
                read
            }
        };
        due.push(DueDelivery {
            id: DeliveryId(one.id),
            lease: one.lease,
            tries: one.tries,
            created_at: one.created_at,
            message_id: one.message_id,
            notice: match one.notice {
                Some(notice) => notices::load(db, notice)?,
                None => test_notice(one.created_at),
            },
            endpoint,
        });
    }
    Ok(due)
}

/// What a delivery says that only tries the connection.
pub(crate) fn test_notice(noted_at: Timestamp) -> Notice {
    Notice { noted_at, gateway: String::new(), event: None, order: None, refund: None }
}

fn missing(what: &str) -> StoreError {
    StoreError::Failed(format!("the {what} of a delivery is missing"))
}

pub(crate) fn settle(
    desk: &mut Desk<'_>,
    (delivery, lease): (DeliveryId, i64),
    now: Timestamp,
    attempt: &Attempt,
    outcome: &DeliveryOutcome,
) -> Result<Settled> {
    let known = sql::one(
        desk,
        "SELECT d.endpoint_id, d.attempts, d.order_id, e.is_ordered, e.url
         FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id
         WHERE d.id = ?1 AND d.lease = ?2 AND d.state = 'waiting' AND d.lease_until IS NOT NULL",
        [delivery.0, lease],
        |row| {
            let is_ordered = row.flag("is_ordered")? || row.text("url")?.is_empty();
            let order = row.number_opt("order_id")?.filter(|_| is_ordered);
            Ok((row.number("endpoint_id")?, row.small("attempts")?, order))
        },
    )?;
    let Some((endpoint, attempts, order)) = known else { return Ok(Settled::Stale) };
    let word = outcome.word();
    let (code, detail) = sql::reason(outcome.reason());
    let detail = sql::clean_opt(detail);
    sql::insert(
        desk,
        "INSERT INTO delivery_attempts (started_at, duration, outcome, status, reply, reason, reason_detail, delivery_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            sql::time(attempt.started_at),
            attempt.duration,
            word,
            attempt.status,
            sql::clean_opt(attempt.reply.as_deref()),
            code,
            detail,
            delivery.0,
        ],
    )?;
    if let DeliveryOutcome::Later { again_at, is_down, .. } = outcome {
        // What counts is what was heard. Where nobody was reached, it goes on standing where it stood among the others:
        // they all wait until the endpoint is tried again. An attempt that died with its process counts neither.
        sql::run(
            desk,
            "UPDATE deliveries SET due_at = CASE WHEN ?6 = 1 THEN created_at ELSE ?2 END,
                 tries = CASE WHEN ?6 = 1 THEN tries ELSE tries + 1 END,
                 lease_until = NULL, status = ?3, reason = ?4, reason_detail = ?5
             WHERE id = ?1",
            params![delivery.0, sql::time(*again_at), attempt.status, code, detail, is_down],
        )?;
    } else {
        sql::run(
            desk,
            "UPDATE deliveries SET state = ?2, ended_at = ?3, lease_until = NULL, status = ?4, reason = ?5,
                 reason_detail = ?6
             WHERE id = ?1",
            params![delivery.0, word, sql::time(now), attempt.status, code, detail],
        )?;
        if let Some(order) = order {
            due::release_next(desk, endpoint, order)?;
        }
    }
    if attempts > DELIVERY_ATTEMPTS_KEPT_MAX {
        sql::run(
            desk,
            "DELETE FROM delivery_attempts
             WHERE id = (SELECT min(id) FROM delivery_attempts WHERE delivery_id = ?1)",
            [delivery.0],
        )?;
    }
    follow(desk, endpoint, now, outcome)?;
    Ok(Settled::Done)
}

/// What an attempt says about its endpoint.
fn follow(desk: &mut Desk<'_>, endpoint: i64, now: Timestamp, outcome: &DeliveryOutcome) -> Result<()> {
    match outcome {
        DeliveryOutcome::Delivered => arrived(desk, endpoint),
        DeliveryOutcome::Later { again_at, is_down, .. } => {
            failed(desk, endpoint, now, is_down.then_some(*again_at))
        }
        DeliveryOutcome::Failed { reason, is_gone: true } => {
            if endpoints::pause(desk, endpoint, reason)? {
                tell_owner(desk, endpoint, now)?;
            }
            Ok(())
        }
        DeliveryOutcome::Failed { .. } => failed(desk, endpoint, now, None),
        DeliveryOutcome::Skipped { .. } => Ok(()),
    }
}

/// Counted as long as it matters. Where nothing had arrived since it failed, whatever waits is due at once.
fn arrived(desk: &mut Desk<'_>, endpoint: i64) -> Result<()> {
    let counted = sql::run(
        desk,
        "UPDATE endpoints SET sweep = CASE WHEN failures > 0 AND successes = 0 THEN 'release' ELSE sweep END,
             successes = successes + 1, failures = 0, failing_since = NULL, rests_until = NULL
         WHERE id = ?1 AND (failures > 0 OR successes < 2 * concurrency)",
        [endpoint],
    )?;
    if counted > 0 {
        desk.announce(Change::Work);
    }
    Ok(())
}

/// Who cannot be reached, or has failed often enough whatever it answered, is left alone: for longer each time that a
/// try after a rest fails as well.
fn failed(desk: &mut Desk<'_>, endpoint: i64, now: Timestamp, down_until: Option<Timestamp>) -> Result<()> {
    let known = sql::one(
        desk,
        "SELECT failures, failing_since, rests_until, url FROM endpoints WHERE id = ?1",
        [endpoint],
        |row| {
            let since = row.time_opt("failing_since")?;
            Ok((row.small("failures")?, since, row.time_opt("rests_until")?, row.text("url")?.is_empty()))
        },
    )?;
    let Some((before, since, rests_until, fetches)) = known else { return Ok(()) };
    // Several that were on their way together have failed once.
    if down_until.is_some() && rests_until.is_some_and(|until| until > now) {
        return Ok(());
    }
    let (failures, since) = (before + 1, since.unwrap_or(now));
    // One that fetches does so when it likes: there is nothing to leave alone.
    let is_down = !fetches && (down_until.is_some() || failures >= ENDPOINT_FAILURES_UNTIL_DOWN);
    let rests_until = is_down.then(|| {
        let seconds = (REST_SECONDS << before.min(16)).min(ENDPOINT_REST_SECONDS_MAX);
        let own = now.saturating_add(SignedDuration::from_secs(seconds)).expect("a few minutes");
        down_until.map_or(own, |asked| asked.max(own))
    });
    sql::run(
        desk,
        "UPDATE endpoints SET failures = ?2, failing_since = ?3, rests_until = ?4,
             successes = CASE WHEN ?5 = 1 THEN 0 ELSE successes END
         WHERE id = ?1",
        params![endpoint, failures, sql::time(since), sql::time_opt(rests_until), is_down],
    )?;
    let longest = SignedDuration::from_hours(24 * ENDPOINT_FAILS_DAYS_MAX);
    if !fetches
        && failures >= ENDPOINT_FAILURES_UNTIL_DOWN
        && now.duration_since(since) >= longest
        && endpoints::pause(
            desk,
            endpoint,
            &Reason::new("endpoint_failing", ENDPOINT_FAILS_DAYS_MAX.to_string()),
        )?
    {
        tell_owner(desk, endpoint, now)?;
    }
    Ok(())
}

/// A mail about an endpoint that was paused, once for each time.
fn tell_owner(desk: &mut Desk<'_>, endpoint: i64, now: Timestamp) -> Result<()> {
    let shop = sql::one(desk, "SELECT shop_id FROM endpoints WHERE id = ?1", [endpoint], |row| {
        row.number("shop_id")
    })?;
    let shop = ShopId(shop.ok_or_else(|| missing("endpoint"))?);
    let subject = format!("{}/{}", EndpointId(endpoint), sql::time(now));
    let mail = NewMail::to_owner(MailKind::OwnerEndpoint, &subject);
    effects::put_mail(desk, shop, None, &mail, now)?;
    Ok(())
}

/// Whether the receiver may ask back about these bytes from now on.
pub(crate) fn note_body(desk: &Desk<'_>, delivery: DeliveryId, digest: &[u8]) -> Result<()> {
    sql::run(
        desk,
        "INSERT INTO sent_bodies (body_sha256, delivery_id) VALUES (?1, ?2)
         ON CONFLICT (body_sha256, delivery_id) DO NOTHING",
        params![digest, delivery.0],
    )?;
    Ok(())
}

/// Whether exactly these bytes were sent: to the endpoint of this token, or to any.
pub(crate) fn is_sent(db: &dyn sql::Db, digest: &[u8], token: Option<&str>) -> Result<bool> {
    let found = sql::count(
        db,
        "SELECT count(*) AS n FROM sent_bodies b
         JOIN deliveries d ON d.id = b.delivery_id JOIN endpoints e ON e.id = d.endpoint_id
         WHERE b.body_sha256 = ?1 AND (CAST(?2 AS TEXT) IS NULL OR e.token = ?2)",
        params![digest, token],
    )?;
    Ok(found > 0)
}

/// Puts one into the outbox that only tries the connection.
pub(crate) fn test(
    desk: &mut Desk<'_>,
    (shop, endpoint): (ShopId, EndpointId),
    now: Timestamp,
) -> Result<Option<DeliveryId>> {
    let there = sql::count(
        desk,
        "SELECT count(*) AS n FROM endpoints WHERE id = ?1 AND shop_id = ?2 AND state = 'active'",
        [endpoint.0, shop.0],
    )?;
    if there == 0 {
        return Ok(None);
    }
    let id = sql::insert(
        desk,
        "INSERT INTO deliveries (state, created_at, due_at, message_id, endpoint_id, shop_id)
         VALUES ('waiting', ?1, ?1, ?2, ?3, ?4)",
        params![sql::time(now), format!("msg_{}", token::random()), endpoint.0, shop.0],
    )?;
    // Whoever tries does not want to wait until an endpoint that rests is tried again.
    sql::run(desk, "UPDATE endpoints SET rests_until = NULL WHERE id = ?1", [endpoint.0])?;
    desk.announce(Change::Work);
    Ok(Some(DeliveryId(id)))
}
