//! Working out an order's state again from everything known about it, and storing what follows.

use super::Desk;
use super::effects::{self, NewMail};
use super::reviews::{self, Asked};
use super::{notices, order_rows};
use crate::sql::{self, Columns as _, Db, Subject, params};
use crate::{Change, NotificationId, Order, Result, StoreError};
use ipnd_core::fold::Facts;
use ipnd_core::{
    Answer, Customer, Effect, EventKind, ExaminedEvent, Money, OrderState, QuestionKind, Telling, decide,
    fold, told,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Orders whose events have changed.
#[derive(Default)]
pub(crate) struct Touched(BTreeMap<i64, Option<Known>>);

impl Touched {
    pub(crate) fn order(&mut self, order: i64) {
        self.0.insert(order, None);
    }

    /// One that was made just now, with all there is to know about it, which need not be read then.
    pub(crate) fn made(&mut self, order: Order, (id, event): (i64, ExaminedEvent)) {
        let known = Known {
            registered: Customer::default(),
            ids: vec![id],
            events: vec![event],
            answers: Vec::new(),
            order,
        };
        self.0.insert(known.order.id.0, Some(known));
    }
}

pub(crate) fn refold_all(desk: &mut Desk<'_>, touched: Touched, now: Timestamp) -> Result<()> {
    touched.0.into_iter().try_for_each(|(order, made)| match made {
        Some(known) => follow(desk, &known, true, now),
        None => refold(desk, order, now),
    })
}

/// An order with everything that it is worked out from.
pub(crate) struct Known {
    pub(crate) order: Order,
    /// As it was registered.
    registered: Customer,
    /// Of the events, in their sequence.
    ids: Vec<i64>,
    events: Vec<ExaminedEvent>,
    answers: Vec<Answer>,
}

impl Known {
    pub(crate) fn load(db: &dyn Db, order: Order) -> Result<Self> {
        let id = order.id.0;
        let sql = "SELECT id, event, concerns FROM events WHERE order_id = ?1 ORDER BY id";
        let numbered = sql::all(db, sql, [id], |row| {
            let examined = ExaminedEvent { event: row.json("event")?, concerns: row.json("concerns")? };
            Ok((row.number("id")?, examined))
        })?;
        let (ids, events) = numbered.into_iter().unzip();
        let registered =
            sql::one(db, "SELECT registered_customer FROM order_details WHERE order_id = ?1", [id], |row| {
                row.json("registered_customer")
            })?;
        Ok(Self { registered: registered.unwrap_or_default(), ids, events, answers: answers(db, id)?, order })
    }
}

/// What follows from everything known about an order.
pub(crate) struct Worked {
    pub(crate) state: OrderState,
    pub(crate) customer: Customer,
}

/// Folds all events and answers of an order.
pub(crate) fn work_out(known: &Known) -> Worked {
    let state = fold(Facts {
        terms: &known.order.terms,
        cancelled_at: known.order.cancelled_at,
        events: &known.events,
        answers: &known.answers,
    });
    Worked { state, customer: customer(known) }
}

/// Works an order out again, decides what has to be done, and writes all of it down.
pub(crate) fn refold(desk: &mut Desk<'_>, order: i64, now: Timestamp) -> Result<()> {
    desk.lock(&[Subject::Order(order)])?;
    let order = order_rows::any_by_id(desk, order)?
        .ok_or_else(|| StoreError::Failed("an order is missing".to_owned()))?;
    let known = Known::load(desk, order)?;
    follow(desk, &known, false, now)
}

/// The events of an order of which the shop is to be told, as the order stands.
pub(crate) fn to_be_told(db: &dyn Db, order: Order) -> Result<Vec<i64>> {
    let known = Known::load(db, order)?;
    let tellings = told(&known.events, &known.order.state);
    let due = known.ids.iter().zip(tellings).filter(|(_, telling)| *telling == Telling::Now);
    Ok(due.map(|(id, _)| *id).collect())
}

/// Tells the shop what it should have been told of an order. Unless it `sends`, that only counts as told.
pub(crate) fn tell_again(desk: &mut Desk<'_>, order: Order, (sends, now): (bool, Timestamp)) -> Result<()> {
    let known = Known::load(desk, order)?;
    let how = notices::How { is_new: false, sends, now };
    notices::tell(desk, &known.order, &known.order.state, (&known.ids, &known.events), how)
}

/// What follows from all that is known about an order.
fn follow(desk: &mut Desk<'_>, known: &Known, is_new: bool, now: Timestamp) -> Result<()> {
    let before = &known.order;
    let Worked { state: after, customer } = work_out(known);
    let wanted = decide(&before.terms.items, Some(&before.state), &after);
    write(desk, before, &after, &customer, now)?;
    write_payments(desk, before, &after)?;
    sync_reviews(desk, before, &after, now)?;
    if !is_new && before.customer.email.is_none() && customer.email.is_some() {
        effects::reach_after_all(desk, before.id.0, now)?;
    }
    for effect in &wanted {
        perform(desk, before, &customer, (effect, !is_new), now)?;
    }
    let how = notices::How { is_new, sends: true, now };
    notices::tell(desk, before, &after, (&known.ids, &known.events), how)?;
    desk.announce(Change::Order(before.id));
    Ok(())
}

fn answers(db: &dyn Db, order: i64) -> Result<Vec<Answer>> {
    sql::all(
        db,
        "SELECT kind, subject, verdict, answered_at FROM reviews WHERE order_id = ?1 AND verdict IS NOT NULL",
        [order],
        |row| {
            Ok(Answer {
                kind: row.word("kind", QuestionKind::from_word)?,
                subject: row.text("subject")?,
                verdict: row.word("verdict", reviews::verdict)?,
                answered_at: row.time("answered_at")?,
            })
        },
    )
}

/// The customer as registered; what was left open is filled in from the payments, the earliest first, so that the
/// sequence of arrival makes no difference. Messages with anything wrong about them say nothing about the customer.
fn customer(known: &Known) -> Customer {
    use EventKind::{PaymentAuthorized, PaymentCompleted, PaymentPending};
    let mut customer = known.registered.clone();
    let mut payments: Vec<&ExaminedEvent> = known
        .events
        .iter()
        .filter(|examined| examined.concerns.is_empty())
        .filter(|e| matches!(e.event.kind, PaymentAuthorized | PaymentCompleted | PaymentPending))
        .collect();
    payments.sort_by_key(|examined| (examined.event.occurred_at, examined.event.identity.as_str()));
    for payer in payments.into_iter().map(|examined| &examined.event.customer) {
        fill(&mut customer.name, payer.name.as_ref());
        fill(&mut customer.email, payer.email.as_ref());
        fill(&mut customer.phone, payer.phone.as_ref());
        fill(&mut customer.country, payer.country.as_ref());
        if customer.address.is_empty() {
            customer.address.clone_from(&payer.address);
        }
    }
    customer
}

fn fill(slot: &mut Option<String>, value: Option<&String>) {
    if slot.as_ref().is_none_or(|text| text.is_empty()) {
        *slot = value.filter(|text| !text.is_empty()).cloned();
    }
}

fn write(
    desk: &Desk<'_>,
    order: &Order,
    state: &OrderState,
    customer: &Customer,
    now: Timestamp,
) -> Result<()> {
    let shown = one_lined(customer);
    sql::run(
        desk,
        "UPDATE orders SET status = ?2, paid = ?3, refunded = ?4, reversed = ?5, paid_at = ?6, updated_at = ?7,
             customer_name = ?8, customer_email = ?9, customer_phone = ?10, customer_country = ?11
         WHERE id = ?1",
        params![
            order.id.0,
            state.status.word(),
            state.paid.decimal(),
            state.refunded.decimal(),
            state.reversed.decimal(),
            sql::time_opt(state.paid_at),
            sql::time(now),
            shown.name,
            shown.email,
            shown.phone,
            shown.country,
        ],
    )?;
    let address = shown.address.join("\n");
    sql::run(
        desk,
        "UPDATE order_details SET customer_address = ?2, state = ?3, search_text = ?4 WHERE order_id = ?1",
        params![order.id.0, address, sql::json(state), search_text(order, state, customer)],
    )?;
    Ok(())
}

/// A customer as the tables show one. Line breaks would pull a row of the table apart, or make two lines of an address
/// out of one.
pub(crate) fn one_lined(customer: &Customer) -> Customer {
    let one_line = |text: &String| text.replace(char::is_control, " ");
    let part = |text: &Option<String>| text.as_ref().map(one_line);
    Customer {
        name: part(&customer.name),
        email: part(&customer.email),
        phone: part(&customer.phone),
        country: part(&customer.country),
        address: customer.address.iter().map(one_line).collect(),
    }
}

fn search_text(order: &Order, state: &OrderState, customer: &Customer) -> String {
    let mut texts = vec![order.reference.as_str()];
    texts.extend(customer.name.as_deref());
    texts.extend(customer.email.as_deref());
    texts.extend(customer.address.iter().map(String::as_str));
    texts.extend(state.payments.iter().map(|payment| payment.transaction.as_str()));
    texts.extend(state.refunds.iter().map(|refund| refund.transaction.as_str()));
    texts.join("\n").to_lowercase()
}

/// The readable table of payments is written anew: it only repeats what the state says.
fn write_payments(desk: &Desk<'_>, order: &Order, state: &OrderState) -> Result<()> {
    if order.state.payments == state.payments && order.state.refunds == state.refunds {
        return Ok(());
    }
    if !(order.state.payments.is_empty() && order.state.refunds.is_empty()) {
        sql::run(desk, "DELETE FROM payments WHERE order_id = ?1", [order.id.0])?;
    }
    for payment in &state.payments {
        let line = Line {
            kind: "payment",
            status: payment.status.word(),
            amount: payment.amount,
            fee: payment.fee,
            at: payment.at,
            counts: payment.counts,
            reason: payment.reason.as_deref(),
            transaction: &payment.transaction,
            parent: payment.parent.as_deref(),
        };
        line.write(desk, order)?;
    }
    for refund in &state.refunds {
        let line = Line {
            kind: "refund",
            status: "completed",
            amount: Some(refund.amount),
            fee: None,
            at: refund.at,
            counts: true,
            reason: None,
            transaction: &refund.transaction,
            parent: refund.parent.as_deref(),
        };
        line.write(desk, order)?;
    }
    Ok(())
}

/// A row of the table of payments.
struct Line<'a> {
    kind: &'static str,
    status: &'static str,
    amount: Option<Money>,
    fee: Option<Money>,
    at: Option<Timestamp>,
    counts: bool,
    reason: Option<&'a str>,
    transaction: &'a str,
    parent: Option<&'a str>,
}

impl Line<'_> {
    fn write(&self, desk: &Desk<'_>, order: &Order) -> Result<()> {
        let (amount, currency) = sql::money(self.amount);
        sql::insert(
            desk,
            "INSERT INTO payments (kind, status, amount, currency, fee, at, counts, reason, transaction_id,
                 parent_transaction_id, order_id, shop_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                self.kind,
                self.status,
                amount,
                currency,
                self.fee.map(Money::decimal),
                sql::time_opt(self.at),
                self.counts,
                self.reason,
                self.transaction,
                self.parent,
                order.id.0,
                order.shop.0,
            ],
        )?;
        Ok(())
    }
}

/// Makes the stored questions those of the state: asks new ones, closes those that settled themselves.
fn sync_reviews(desk: &Desk<'_>, order: &Order, state: &OrderState, now: Timestamp) -> Result<()> {
    if order.state.reviews == state.reviews {
        return Ok(());
    }
    for review in &state.reviews {
        let cause = sql::one(
            desk,
            "SELECT id, notification_id FROM events
             WHERE order_id = ?1 AND (transaction_id = ?2 OR identity = ?2) ORDER BY id DESC LIMIT 1",
            params![order.id.0, review.question.subject],
            |row| Ok((row.number("id")?, row.number("notification_id")?)),
        )?;
        let asked = Asked {
            question: review.question.clone(),
            order: Some(order.id.0),
            notification: cause.map(|(_, notification)| NotificationId(notification)),
            event: cause.map(|(event, _)| event),
        };
        reviews::put(desk, order.shop, &asked, now)?;
    }
    let current = |kind: QuestionKind, subject: &str| {
        state.reviews.iter().any(|review| review.question.kind == kind && review.question.subject == subject)
    };
    for (id, kind, subject) in reviews::open_of_fold(desk, order.id)? {
        if !current(kind, &subject) {
            sql::run(desk, "UPDATE reviews SET is_moot = 1 WHERE id = ?1", [id])?;
        }
    }
    Ok(())
}

fn perform(
    desk: &mut Desk<'_>,
    order: &Order,
    customer: &Customer,
    (effect, may_exist): (&Effect, bool),
    now: Timestamp,
) -> Result<()> {
    match effect {
        Effect::Mail { kind, subject, amount } => {
            let can_reach = !kind.is_for_customer() || customer.email.is_some();
            let mail = NewMail { kind: *kind, subject, amount: *amount, message: None, can_reach, may_exist };
            effects::put_mail(desk, order.shop, Some(order.id.0), &mail, now)?;
        }
        Effect::Stock { sku, quantity } => {
            effects::move_stock(desk, order.shop, order.id.0, (sku, *quantity), now)?;
        }
    }
    Ok(())
}
