//! Leases on mails, and what came of them.

use super::Desk;
use super::effects::TOO_MANY_MAILS;
use super::{endpoints, order_rows, reviews, shops, standstills};
use crate::sql::{self, Columns as _, Db as _, Row, params};
use crate::{
    Change, DueMail, EndpointId, MailId, MailOutcome, MailedEndpoint, Order, OrderId, Result, Settled,
    ShopId, StoreError,
};
use ipnd_core::limits::{MAILS_PER_ADDRESS_A_DAY, MAILS_PER_ADDRESS_AN_HOUR};
use ipnd_core::{MailKind, Reason};
use jiff::{SignedDuration, Timestamp};

macro_rules! due_sql {
    ($lock:literal) => {
        concat!(
            "SELECT id, order_id FROM mails WHERE state = 'waiting' AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2 ",
            $lock
        )
    };
}

/// Takes leases on what is due, oldest first. The attempt is on the disk before the mail can go out, so that an
/// attempt whose end nobody knows can be seen afterwards (T-C08).
pub(crate) fn claim(
    desk: &mut Desk<'_>,
    now: Timestamp,
    limit: u32,
    lease: SignedDuration,
) -> Result<Vec<DueMail>> {
    let until = now.checked_add(lease).map_err(|error| StoreError::Failed(error.to_string()))?;
    let due = sql::all(
        desk,
        desk.pick(due_sql!(""), due_sql!("FOR UPDATE SKIP LOCKED")),
        params![sql::time(now), limit],
        |row| row.number("id"),
    )?;
    let mut claimed = Vec::with_capacity(due.len());
    for id in due {
        let mail = load(desk, id)?;
        if has_had_enough(desk, &mail, now)? {
            put_off_one(desk, &mail, now)?;
            continue;
        }
        sql::run(
            desk,
            "UPDATE mails SET lease = ?2, due_at = ?3, lease_until = ?3, attempts = attempts + 1 WHERE id = ?1",
            params![id, mail.lease, sql::time(until)],
        )?;
        sql::insert(
            desk,
            "INSERT INTO mail_attempts (mail_id, lease, started_at) VALUES (?1, ?2, ?3)",
            params![id, mail.lease, sql::time(now)],
        )?;
        announce(desk, mail.order.as_ref().map(|order| order.id));
        claimed.push(mail);
    }
    Ok(claimed)
}

/// Whether the customer's address has had as many mails of the shop as it may have for now (T-E06). What the owner is
/// told is never held up.
fn has_had_enough(desk: &Desk<'_>, mail: &DueMail, now: Timestamp) -> Result<bool> {
    let customer = mail.order.as_ref().filter(|_| mail.kind.is_for_customer());
    let Some(address) = customer.and_then(|order| order.customer.email.as_deref()) else { return Ok(false) };
    for (hours, most) in [(1, MAILS_PER_ADDRESS_AN_HOUR), (24, MAILS_PER_ADDRESS_A_DAY)] {
        let since = now.saturating_sub(SignedDuration::from_hours(hours)).expect("a day");
        let sent = sql::count(
            desk,
            "SELECT count(*) AS n FROM mails
             WHERE shop_id = ?1 AND lower(sent_to) = lower(?2) AND sent_at > ?3 AND sent_to IS NOT NULL",
            params![mail.shop.id.0, sql::clean(address.trim()), sql::time(since)],
        )?;
        if sent >= most {
            return Ok(true);
        }
    }
    Ok(false)
}

fn put_off_one(desk: &mut Desk<'_>, mail: &DueMail, now: Timestamp) -> Result<()> {
    let until = now.saturating_add(SignedDuration::from_mins(30)).expect("half an hour");
    sql::run(
        desk,
        "UPDATE mails SET due_at = ?2, reason = ?3, reason_detail = '' WHERE id = ?1",
        params![mail.id.0, sql::time(until), TOO_MANY_MAILS],
    )?;
    announce(desk, mail.order.as_ref().map(|order| order.id));
    Ok(())
}

/// Nobody can send them at the moment.
pub(crate) fn put_off(
    desk: &mut Desk<'_>,
    now: Timestamp,
    limit: u32,
    again_at: Timestamp,
    reason: &Reason,
) -> Result<u32> {
    let due = sql::all(
        desk,
        desk.pick(due_sql!(""), due_sql!("FOR UPDATE SKIP LOCKED")),
        params![sql::time(now), limit],
        |row| Ok((row.number("id")?, row.number_opt("order_id")?)),
    )?;
    let (until, detail) = (sql::time(again_at), sql::clean(&reason.detail));
    for (id, order) in &due {
        sql::run(
            desk,
            "UPDATE mails SET due_at = ?2, reason = ?3, reason_detail = ?4 WHERE id = ?1",
            params![id, until, reason.code, detail],
        )?;
        if let Some(order) = order {
            desk.announce_new(Change::Order(OrderId(*order)));
        }
    }
    Ok(u32::try_from(due.len()).expect("no more than the limit"))
}

/// Only pages of orders show mails.
fn announce(desk: &mut Desk<'_>, order: Option<OrderId>) {
    if let Some(order) = order {
        desk.announce(Change::Order(order));
    }
}

/// The mail as the next holder of a lease gets it.
fn load(desk: &Desk<'_>, id: i64) -> Result<DueMail> {
    let due = sql::one(
        desk,
        "SELECT m.*, t.text AS message,
             (SELECT count(*) FROM mail_attempts a WHERE a.mail_id = m.id AND a.ended_at IS NULL) AS doubts
         FROM mails m LEFT JOIN messages t ON t.id = m.message_id WHERE m.id = ?1",
        [id],
        |row| {
            let order = order_of(desk, row)?;
            let shop = shops::by_id(desk, ShopId(row.number("shop_id")?))?.ok_or_else(|| missing("shop"))?;
            let kind = row.word("kind", MailKind::from_word)?;
            let subject = row.text("subject")?;
            Ok(DueMail {
                id: MailId(id),
                lease: row.number("lease")? + 1,
                attempts: row.small("attempts")?,
                doubts: row.small("doubts")?,
                created_at: row.time("created_at")?,
                kind,
                amount: row.money_opt("amount", "currency")?,
                message: row.text_opt("message")?,
                question: match kind {
                    MailKind::OwnerReview => reviews::of_mail(desk, shop.id, order.as_ref(), &subject)?,
                    _ => None,
                },
                endpoint: match kind {
                    MailKind::OwnerEndpoint => endpoint_of(desk, &subject)?,
                    _ => None,
                },
                standstill: match kind {
                    MailKind::OwnerStandstill => standstills::of_mail(desk, &subject)?,
                    _ => None,
                },
                access: match &order {
                    Some(order) => order_rows::access(desk, order)?,
                    None => Vec::new(),
                },
                subject,
                order,
                shop,
            })
        },
    )?;
    due.ok_or_else(|| missing("row"))
}

fn order_of(desk: &Desk<'_>, mail: &dyn Row) -> Result<Option<Order>> {
    match mail.number_opt("order_id")? {
        Some(id) => order_rows::any_by_id(desk, id)?.ok_or_else(|| missing("order")).map(Some),
        None => Ok(None),
    }
}

/// The subject begins with its id.
fn endpoint_of(desk: &Desk<'_>, subject: &str) -> Result<Option<MailedEndpoint>> {
    let id = subject.split('/').next().and_then(|id| id.parse::<EndpointId>().ok());
    let Some(id) = id else { return Ok(None) };
    let endpoint = endpoints::any_by_id(desk, id.0)?;
    Ok(endpoint.map(|endpoint| MailedEndpoint {
        name: endpoint.plan.name,
        url: endpoint.plan.url.unwrap_or_default(),
        reason: endpoint.reason,
    }))
}

fn missing(what: &str) -> StoreError {
    StoreError::Failed(format!("the {what} of a mail is missing"))
}

pub(crate) fn settle(
    desk: &mut Desk<'_>,
    mail: MailId,
    lease: i64,
    now: Timestamp,
    outcome: &MailOutcome,
) -> Result<Settled> {
    let order = sql::one(
        desk,
        "SELECT order_id FROM mails
         WHERE id = ?1 AND lease = ?2 AND state = 'waiting' AND lease_until IS NOT NULL",
        [mail.0, lease],
        |row| row.number_opt("order_id"),
    )?;
    let Some(order) = order else { return Ok(Settled::Stale) };
    match outcome {
        MailOutcome::Sent { to, subject_line } => {
            end(desk, (mail, lease), now, "sent", None)?;
            sql::run(
                desk,
                "UPDATE mails SET state = 'sent', sent_at = ?2, sent_to = ?3, subject_line = ?4, lease_until = NULL,
                     reason = NULL, reason_detail = NULL
                 WHERE id = ?1",
                params![mail.0, sql::time(now), sql::clean(to), sql::clean(subject_line)],
            )?;
        }
        MailOutcome::Later { reason, again_at } => {
            end(desk, (mail, lease), now, "later", Some(reason))?;
            sql::run(
                desk,
                "UPDATE mails SET due_at = ?2, lease_until = NULL, reason = ?3, reason_detail = ?4 WHERE id = ?1",
                params![mail.0, sql::time(*again_at), reason.code, sql::clean(&reason.detail)],
            )?;
        }
        MailOutcome::Failed { reason } => {
            end(desk, (mail, lease), now, "failed", Some(reason))?;
            sql::run(
                desk,
                "UPDATE mails SET state = 'failed', lease_until = NULL, reason = ?2, reason_detail = ?3 WHERE id = ?1",
                params![mail.0, reason.code, sql::clean(&reason.detail)],
            )?;
        }
    }
    announce(desk, order.map(OrderId));
    Ok(Settled::Done)
}

/// Writes down how an attempt ended.
fn end(
    desk: &Desk<'_>,
    (mail, lease): (MailId, i64),
    now: Timestamp,
    outcome: &'static str,
    reason: Option<&Reason>,
) -> Result<()> {
    let (code, detail) = sql::reason(reason);
    sql::run(
        desk,
        "UPDATE mail_attempts SET ended_at = ?3, outcome = ?4, reason = ?5, reason_detail = ?6
         WHERE mail_id = ?1 AND lease = ?2",
        params![mail.0, lease, sql::time(now), outcome, code, sql::clean_opt(detail)],
    )?;
    Ok(())
}
