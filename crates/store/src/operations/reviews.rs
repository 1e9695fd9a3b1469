//! Questions to the owner, and the answers.

use super::Desk;
use super::audit::{self, Deed};
use super::bind::{self, Beside, Loose};
use super::effects::{self, NewMail};
use super::refold::{self, Touched};
use super::{adopt, made};
use crate::sql::{self, Columns as _, Db, Row, Subject, params};
use crate::{NotificationId, Order, OrderId, Result, ReviewId, ReviewLine, ShopId, StoreError};
use ipnd_core::limits::PAGE_ROWS_MAX;
use ipnd_core::{EventKind, MailKind, Question, QuestionKind, Verdict};
use jiff::Timestamp;

/// A question with where it came from.
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) order: Option<i64>,
    pub(crate) notification: Option<NotificationId>,
    pub(crate) event: Option<i64>,
}

/// Questions that come from how messages fit together, not from the fold of one order.
fn is_beside_the_fold(kind: QuestionKind) -> bool {
    use QuestionKind::{ContentChanged, TransactionReused, UnknownOrder};
    matches!(kind, ContentChanged | TransactionReused | UnknownOrder)
}

pub(crate) fn verdict(word: &str) -> Option<Verdict> {
    match word {
        "accept" => Some(Verdict::Accept),
        "reject" => Some(Verdict::Reject),
        _ => None,
    }
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accept => "accept",
        Verdict::Reject => "reject",
    }
}

/// Asks once, and tells the owner by mail, whether an order is known or not.
pub(crate) fn ask(desk: &mut Desk<'_>, shop: ShopId, asked: &Asked, now: Timestamp) -> Result<()> {
    put(desk, shop, asked, now)?;
    let Question { kind, subject, .. } = &asked.question;
    let subject = format!("{}/{subject}", kind.word());
    let mail = NewMail::to_owner(MailKind::OwnerReview, &subject);
    effects::put_mail(desk, shop, asked.order, &mail, now)?;
    if let Some(order) = asked.order {
        desk.announce(crate::Change::Order(OrderId(order)));
    }
    Ok(())
}

/// The question that a mail with this subject (`kind/subject`) is about. One that had no order when it was asked may
/// have one by now.
pub(crate) fn of_mail(
    db: &dyn Db,
    shop: ShopId,
    order: Option<&Order>,
    subject: &str,
) -> Result<Option<Question>> {
    let Some((kind, subject)) = subject.split_once('/') else { return Ok(None) };
    sql::one(
        db,
        "SELECT * FROM reviews WHERE shop_id = ?1 AND kind = ?2 AND subject = ?3
         ORDER BY order_id IS NOT DISTINCT FROM ?4 DESC, id LIMIT 1",
        params![shop.0, kind, subject, order.map(|order| order.id.0)],
        |row| Ok(line(row)?.question),
    )
}

/// Stores a question, or brings a stored one up to date. An answer that was given stays.
pub(crate) fn put(db: &dyn Db, shop: ShopId, asked: &Asked, now: Timestamp) -> Result<()> {
    let question = &asked.question;
    // Looked for first: an insertion that meets it would use up a number all the same, in one engine only.
    let stored = sql::one(
        db,
        "SELECT id FROM reviews
         WHERE shop_id = ?1 AND kind = ?2 AND subject = ?3 AND coalesce(order_id, 0) = ?4",
        params![shop.0, question.kind.word(), sql::clean(&question.subject), asked.order.unwrap_or(0)],
        |row| row.number("id"),
    )?;
    if let Some(id) = stored {
        sql::run(
            db,
            "UPDATE reviews SET expected = ?2, got = ?3, is_moot = 0 WHERE id = ?1 AND verdict IS NULL",
            params![id, sql::clean(&question.expected), sql::clean(&question.got)],
        )?;
        return Ok(());
    }
    sql::insert(
        db,
        "INSERT INTO reviews (kind, expected, got, subject, asked_at, order_id, notification_id, event_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            question.kind.word(),
            sql::clean(&question.expected),
            sql::clean(&question.got),
            sql::clean(&question.subject),
            sql::time(now),
            asked.order,
            asked.notification.map(|notification| notification.0),
            asked.event,
            shop.0,
        ],
    )?;
    Ok(())
}

/// The payment's order has become known: nobody needs to answer any more.
pub(crate) fn settle_unknown(db: &dyn Db, shop: ShopId, transaction: &str) -> Result<()> {
    sql::run(
        db,
        "UPDATE reviews SET is_moot = 1
         WHERE shop_id = ?1 AND kind = 'unknown_order' AND subject = ?2 AND verdict IS NULL",
        params![shop.0, transaction],
    )?;
    Ok(())
}

/// Open questions of an order that its fold has asked.
pub(crate) fn open_of_fold(db: &dyn Db, order: OrderId) -> Result<Vec<(i64, QuestionKind, String)>> {
    let open = sql::all(
        db,
        "SELECT id, kind, subject FROM reviews WHERE order_id = ?1 AND verdict IS NULL AND is_moot = 0",
        [order.0],
        |row| Ok((row.number("id")?, row.word("kind", QuestionKind::from_word)?, row.text("subject")?)),
    )?;
    Ok(open.into_iter().filter(|(_, kind, _)| !is_beside_the_fold(*kind)).collect())
}

pub(crate) fn answer(
    desk: &mut Desk<'_>,
    shop: ShopId,
    review: ReviewId,
    (verdict, by): (Verdict, &str),
    now: Timestamp,
) -> Result<Option<ReviewLine>> {
    // The order first, as everybody does it.
    if let Some(order) = by_id(desk, shop, review)?.and_then(|line| line.order) {
        desk.lock(&[Subject::Order(order.0)])?;
    }
    desk.lock(&[Subject::Named("review", shop.0, &review.to_string())])?;
    let open = by_id(desk, shop, review)?.filter(|line| line.verdict.is_none() && !line.is_moot);
    let Some(open) = open else { return Ok(None) };
    sql::run(
        desk,
        "UPDATE reviews SET verdict = ?2, answered_at = ?3, answered_by = ?4 WHERE id = ?1",
        params![review.0, verdict_word(verdict), sql::time(now), sql::clean(by)],
    )?;
    audit::note(
        desk,
        &Deed {
            at: now,
            shop: Some(shop),
            who: Some(by),
            what: "review.answered",
            about: review.to_string(),
            detail: verdict_word(verdict),
        },
    )?;
    match (open.order, open.question.kind, verdict) {
        (_, QuestionKind::UnknownOrder, Verdict::Accept) => make_order(desk, &open, now)?,
        (Some(order), kind, verdict) => {
            if verdict == Verdict::Accept
                && matches!(kind, QuestionKind::Receiver | QuestionKind::Unproven | QuestionKind::Environment)
            {
                claim(desk, order, &open.question.subject)?;
            }
            refold::refold(desk, order.0, now)?;
        }
        (None, _, _) => {}
    }
    by_id(desk, shop, review)
}

/// A payment with something wrong about it had not claimed its transaction; now that it may count, it has to.
fn claim(desk: &Desk<'_>, order: OrderId, transaction: &str) -> Result<()> {
    let events = sql::all(
        desk,
        "SELECT id FROM events WHERE order_id = ?1 AND (transaction_id = ?2 OR identity = ?2)
           AND kind LIKE 'payment.%'",
        params![order.0, transaction],
        |row| row.number("id"),
    )?;
    for id in events {
        if !adopt::claim(desk, &bind::load(desk, id)?, order.0)? {
            return Err(StoreError::Conflict("the transaction pays another order already".to_owned()));
        }
    }
    Ok(())
}

/// Makes an order from the payment that nobody had expected.
fn make_order(desk: &mut Desk<'_>, review: &ReviewLine, now: Timestamp) -> Result<()> {
    let payment = best_payment(desk, review)?;
    let order = made::from_payment(desk, &payment, now)?.id.0;
    let mut touched = Touched::default();
    let beside = Beside::load(desk, &payment)?;
    let mut waiting = bind::attach(desk, &payment, &beside, order, &mut touched)?;
    waiting.extend(adopt::waiting_for(desk, review.shop, order)?);
    bind::take_along(desk, waiting, now, &mut touched)?;
    sql::run(desk, "UPDATE reviews SET order_id = ?2 WHERE id = ?1", [review.id.0, order])?;
    refold::refold_all(desk, touched, now)
}

/// Of everything said about the payment, what says most: completed before authorised before pending.
fn best_payment(desk: &Desk<'_>, review: &ReviewLine) -> Result<Loose> {
    let ids = sql::all(
        desk,
        "SELECT e.id FROM events asked JOIN events e ON e.id IN (
             SELECT id FROM events WHERE shop_id = ?1 AND transaction_id = ?2
             UNION ALL SELECT id FROM events WHERE shop_id = ?1 AND family = asked.family
                 AND environment = asked.environment AND identity = ?2)
         WHERE asked.id = (SELECT event_id FROM reviews WHERE id = ?3)
           AND e.family = asked.family AND e.environment = asked.environment AND e.order_id IS NULL
           AND e.kind LIKE 'payment.%'
         ORDER BY e.id",
        params![review.shop.0, review.question.subject, review.id.0],
        |row| row.number("id"),
    )?;
    let payments = ids.into_iter().map(|id| bind::load(desk, id)).collect::<Result<Vec<_>>>()?;
    let rank = |payment: &Loose| match payment.kind() {
        EventKind::PaymentCompleted => 3,
        EventKind::PaymentAuthorized => 2,
        EventKind::PaymentPending | EventKind::PaymentUnderpaid => 1,
        _ => 0,
    };
    payments
        .into_iter()
        .max_by_key(rank)
        .ok_or_else(|| StoreError::Conflict("the payment belongs to an order by now".to_owned()))
}

fn line(row: &dyn Row) -> Result<ReviewLine> {
    let verdict_word = row.text_opt("verdict")?;
    Ok(ReviewLine {
        id: ReviewId(row.number("id")?),
        shop: ShopId(row.number("shop_id")?),
        order: row.number_opt("order_id")?.map(OrderId),
        notification: row.number_opt("notification_id")?.map(NotificationId),
        question: Question {
            kind: row.word("kind", QuestionKind::from_word)?,
            subject: row.text("subject")?,
            expected: row.text("expected")?,
            got: row.text("got")?,
        },
        asked_at: row.time("asked_at")?,
        verdict: verdict_word.as_deref().and_then(verdict),
        answered_at: row.time_opt("answered_at")?,
        answered_by: row.text_opt("answered_by")?,
        is_moot: row.flag("is_moot")?,
    })
}

pub(crate) fn by_id(db: &dyn Db, shop: ShopId, review: ReviewId) -> Result<Option<ReviewLine>> {
    sql::one(db, "SELECT * FROM reviews WHERE id = ?1 AND shop_id = ?2", [review.0, shop.0], line)
}

/// All questions about an order, oldest first.
pub(crate) fn of_order(db: &dyn Db, shop: ShopId, order: OrderId) -> Result<Vec<ReviewLine>> {
    let sql = "SELECT * FROM reviews WHERE order_id = ?1 AND shop_id = ?2 ORDER BY id";
    sql::all(db, sql, [order.0, shop.0], line)
}

/// Open questions of a shop, oldest first.
pub(crate) fn open(db: &dyn Db, shop: ShopId) -> Result<Vec<ReviewLine>> {
    sql::all(
        db,
        "SELECT * FROM reviews WHERE shop_id = ?1 AND verdict IS NULL AND is_moot = 0 ORDER BY id LIMIT ?2",
        [shop.0, i64::from(PAGE_ROWS_MAX)],
        line,
    )
}
