//! What is stored held against what is worked out now, and the differences in words.

use super::{Difference, Rebuilt};
use crate::inspect::orders::payments_stored;
use crate::operations::{order_rows, refold};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{EventId, Order, OrderId, Result};
use ipnd_core::{Event, OrderState};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const ROWS_A_TIME: i64 = 500;
/// Characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 200;

pub(crate) fn compare(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    orders(stored, now, rebuilt)?;
    events(stored, now, rebuilt)?;
    transactions(stored, now, rebuilt)?;
    questions(stored, now, rebuilt)?;
    mails(stored, now, rebuilt)?;
    notices(stored, now, rebuilt)?;
    stock(stored, now, rebuilt)
}

/// Ids of a table, some at a time.
fn pages(db: &dyn Db, sql: &'static str, mut each: impl FnMut(i64) -> Result<()>) -> Result<()> {
    let mut after = i64::MIN;
    loop {
        let ids = sql::all(db, sql, [after, ROWS_A_TIME], |row| row.number("id"))?;
        let Some(last) = ids.last() else { return Ok(()) };
        after = *last;
        ids.into_iter().try_for_each(&mut each)?;
    }
}

fn note(rebuilt: &mut Rebuilt, about: &str, field: &'static str, before: String, after: String) {
    if before != after {
        let short = |text: String| text.chars().take(SHOWN_CHARS_MAX).collect();
        let about = about.to_owned();
        rebuilt.differences.push(Difference { about, field, before: short(before), after: short(after) });
    }
}

// --- Orders ---

const ORDER_IDS: &str = "SELECT id FROM orders WHERE id > ?1 ORDER BY id LIMIT ?2";

pub(super) fn order_name(order: &Order) -> String {
    format!("order {} ({})", order.reference, order.id)
}

fn orders(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    pages(stored, ORDER_IDS, |id| {
        let before = order_rows::any_by_id(stored, id);
        let Some(after) = order_rows::any_by_id(now, id)? else {
            note(rebuilt, &OrderId(id).to_string(), "order", "there".to_owned(), "not there".to_owned());
            return Ok(());
        };
        let name = order_name(&after);
        match before {
            Ok(Some(before)) => order(stored, now, (&before, &after), rebuilt),
            Ok(None) => {
                note(rebuilt, &name, "details", "missing".to_owned(), "there".to_owned());
                Ok(())
            }
            Err(error) => {
                note(rebuilt, &name, "order", format!("cannot be read: {error}"), "can be read".to_owned());
                Ok(())
            }
        }
    })?;
    pages(now, ORDER_IDS, |id| {
        let exists = sql::count(stored, "SELECT count(*) AS n FROM orders WHERE id = ?1", [id])?;
        if exists == 0
            && let Some(order) = order_rows::any_by_id(now, id)?
        {
            let after = format!("made from a payment, {}, {}", order.terms.total, order.state.status.word());
            note(rebuilt, &order_name(&order), "order", "not there".to_owned(), after);
        }
        Ok(())
    })
}

fn order(
    stored: &dyn Db,
    now: &dyn Db,
    (before, after): (&Order, &Order),
    rebuilt: &mut Rebuilt,
) -> Result<()> {
    let name = order_name(after);
    let (was, is) = (row(stored, after.id.0)?, row(now, after.id.0)?);
    for ((field, was), (_, is)) in was.into_iter().zip(is) {
        note(rebuilt, &name, field, was, is);
    }
    let address = |order: &Order| order.customer.address.join(", ");
    note(rebuilt, &name, "customer's address", address(before), address(after));
    let lines = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join("; ");
    let (was, is) = (payments_stored(stored, before)?, payments_stored(now, after)?);
    note(rebuilt, &name, "payments", lines(&was - &is), lines(&is - &was));
    note(rebuilt, &name, "terms", terms(before), terms(after));
    type Part = fn(&OrderState) -> Value;
    let parts: [(&'static str, Part); 5] = [
        ("stored payments", |state| serde_json::json!(state.payments)),
        ("stored refunds", |state| serde_json::json!(state.refunds)),
        ("stored reversals", |state| serde_json::json!(state.reversals)),
        ("stored disputes", |state| serde_json::json!(state.disputes)),
        ("stored questions", |state| serde_json::json!(state.reviews)),
    ];
    for (field, part) in parts {
        note(rebuilt, &name, field, part(&before.state).to_string(), part(&after.state).to_string());
    }
    let sums = |order: &Order| {
        let state = &order.state;
        format!(
            "{}, {} paid, {} refunded, {} reversed",
            state.status.word(),
            state.paid,
            state.refunded,
            state.reversed
        )
    };
    note(rebuilt, &name, "stored state", sums(before), sums(after));
    Ok(())
}

fn terms(order: &Order) -> String {
    let items =
        order.terms.items.iter().map(|item| format!("{} × {} {}", item.quantity, item.sku, item.unit_price));
    format!("{}: {}", order.terms.total, items.collect::<Vec<_>>().join(", "))
}

/// What the row of an order says beside its terms.
fn row(db: &dyn Db, id: i64) -> Result<Vec<(&'static str, String)>> {
    const ROW: [&str; 9] = [
        "status",
        "paid",
        "refunded",
        "reversed",
        "paid_at",
        "customer_name",
        "customer_email",
        "customer_phone",
        "customer_country",
    ];
    let read = |row: &dyn Row| {
        let text = |column: &'static str| {
            Ok((column, row.text_opt(column)?.unwrap_or_else(|| "nothing".to_owned())))
        };
        ROW.into_iter().map(text).collect::<Result<Vec<_>>>()
    };
    Ok(sql::one(db, "SELECT * FROM orders WHERE id = ?1", [id], read)?.unwrap_or_default())
}

// --- Events ---

pub(super) const EVENT_IDS: &str = "SELECT id FROM events WHERE id > ?1 ORDER BY id LIMIT ?2";

/// An event as far as it is worked out. Its id and the time of its recording are not.
#[derive(PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) id: i64,
    /// What it is known by.
    pub(super) shop: i64,
    pub(super) family: String,
    pub(super) environment: String,
    pub(super) identity: String,
    pub(super) event: String,
    pub(super) concerns: String,
    pub(super) order: Option<i64>,
    pub(super) notification: i64,
    /// The columns that repeat what the event says, so that it can be found.
    pub(super) columns: Vec<Option<String>>,
}

/// Their names.
pub(super) const COLUMNS: [&str; 11] = [
    "kind",
    "amount",
    "currency",
    "occurred_at",
    "order_ref",
    "customer_name",
    "customer_email",
    "transaction_id",
    "parent_transaction_id",
    "case_id",
    "gateway",
];

impl Recorded {
    pub(super) fn is_the_same_as(&self, other: &Self) -> bool {
        let is_kept = self.event == other.event && self.concerns == other.concerns;
        let is_placed = (self.order, self.notification) == (other.order, other.notification);
        is_kept && is_placed && self.columns == other.columns
    }
}

fn recorded(row: &dyn Row) -> Result<Recorded> {
    Ok(Recorded {
        id: row.number("id")?,
        shop: row.number("shop_id")?,
        family: row.text("family")?,
        environment: row.text("environment")?,
        identity: row.text("identity")?,
        event: row.text("event")?,
        concerns: row.text("concerns")?,
        order: row.number_opt("order_id")?,
        notification: row.number("notification_id")?,
        columns: COLUMNS.iter().map(|column| row.text_opt(column)).collect::<Result<_>>()?,
    })
}

pub(super) fn event(db: &dyn Db, id: i64) -> Result<Option<Recorded>> {
    sql::one(db, "SELECT * FROM events WHERE id = ?1", [id], recorded)
}

/// The same event in another database.
pub(super) fn twin(db: &dyn Db, of: &Recorded) -> Result<Option<Recorded>> {
    sql::one(
        db,
        "SELECT * FROM events WHERE shop_id = ?1 AND family = ?2 AND environment = ?3 AND identity = ?4",
        params![of.shop, of.family, of.environment, of.identity],
        recorded,
    )
}

fn events(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    let order = |order: Option<i64>| order.map_or("none".to_owned(), |id| OrderId(id).to_string());
    pages(stored, EVENT_IDS, |id| {
        let Some(before) = event(stored, id)? else { return Ok(()) };
        let name = format!("event {} ({})", before.identity, EventId(id));
        let Some(after) = twin(now, &before)? else {
            note(rebuilt, &name, "event", kind(&before), "not told".to_owned());
            return Ok(());
        };
        note(rebuilt, &name, "order", order(before.order), order(after.order));
        let said = |it: &Recorded| it.event.clone();
        if serde_json::from_str::<Event>(&before.event).ok()
            != serde_json::from_str::<Event>(&after.event).ok()
        {
            let (was, is) = changed(&said(&before), &said(&after));
            note(rebuilt, &name, "what it says", was, is);
        }
        for ((column, was), is) in COLUMNS.iter().zip(&before.columns).zip(&after.columns) {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            note(rebuilt, &name, column, text(was), text(is));
        }
        note(rebuilt, &name, "what is wrong with it", before.concerns, after.concerns);
        let told = |notification: i64| crate::NotificationId(notification).to_string();
        note(rebuilt, &name, "told by", told(before.notification), told(after.notification));
        Ok(())
    })?;
    pages(now, EVENT_IDS, |id| {
        if let Some(after) = event(now, id)?
            && twin(stored, &after)?.is_none()
        {
            let name = format!("event {}", after.identity);
            note(rebuilt, &name, "event", "not there".to_owned(), kind(&after));
        }
        Ok(())
    })
}

fn kind(event: &Recorded) -> String {
    let kind = serde_json::from_str::<Event>(&event.event).map(|event| event.kind.word());
    kind.unwrap_or("cannot be read").to_owned()
}

/// The fields that are not the same.
fn changed(before: &str, after: &str) -> (String, String) {
    let parse = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(text).unwrap_or_default();
    let (before, after) = (parse(before), parse(after));
    let other = |one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
        let fields = one.iter().filter(|(name, value)| other.get(*name) != Some(value));
        fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
    };
    (other(&before, &after), other(&after, &before))
}

// --- What follows from them ---

/// Rows of two tables by what they are known by, one table at a time would not fit into memory otherwise than as text.
fn tables(
    (stored, now): (&dyn Db, &dyn Db),
    sql: &'static str,
    mut differs: impl FnMut(String, Option<String>, Option<String>),
) -> Result<()> {
    let read = |row: &dyn Row| Ok((row.text("name")?, row.text("says")?));
    let mut before: BTreeMap<String, String> = sql::all(stored, sql, sql::NONE, read)?.into_iter().collect();
    for (name, after) in sql::all(now, sql, sql::NONE, read)? {
        match before.remove(&name) {
            Some(was) if was == after => {}
            was => differs(name, was, Some(after)),
        }
    }
    before.into_iter().for_each(|(name, was)| differs(name, Some(was), None));
    Ok(())
}

fn transactions(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    let sql = "SELECT family || ' ' || environment || ' ' || transaction_id || ' of shp_' || CAST(shop_id AS TEXT) AS name,
                   'ord_' || CAST(order_id AS TEXT) AS says FROM transactions";
    tables((stored, now), sql, |name, was, is| {
        let pays = |order: Option<String>| order.unwrap_or_else(|| "no order".to_owned());
        note(rebuilt, &format!("transaction {name}"), "pays", pays(was), pays(is));
    })
}

fn questions(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    let sql = "SELECT kind || ' about ' || subject || ' of '
                   || coalesce('ord_' || CAST(order_id AS TEXT), 'shp_' || CAST(shop_id AS TEXT)) AS name,
                   CASE WHEN verdict IS NOT NULL THEN 'answered: ' || verdict
                        WHEN is_moot = 1 THEN 'settled itself'
                        ELSE 'open: ' || expected || ' expected, ' || got || ' came' END AS says
               FROM reviews";
    tables((stored, now), sql, |name, was, is| {
        // What had settled itself need not have been asked.
        let quiet = |text: Option<String>| text.unwrap_or_else(|| "settled itself".to_owned());
        note(rebuilt, &format!("question {name}"), "question", quiet(was), quiet(is));
    })
}

/// Mails that were put into the outbox then stay, whatever is worked out now: they are out, or on their way.
fn mails(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    let sql = "SELECT m.id, m.kind, m.effect_key, m.order_id, m.shop_id, o.reference
               FROM mails m LEFT JOIN orders o ON o.id = m.order_id ORDER BY m.id";
    sql::all(now, sql, sql::NONE, |row| {
        if is_in_outbox(stored, row)? {
            return Ok(());
        }
        let about = match (row.text_opt("reference")?, row.number_opt("order_id")?) {
            (Some(reference), Some(order)) => format!("order {reference} ({})", OrderId(order)),
            _ => "money that no order is known for".to_owned(),
        };
        rebuilt.new_mails.push((about, row.text("kind")?));
        Ok(())
    })?;
    Ok(())
}

/// What the shop was told then stays, whatever is worked out now.
fn notices(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    pages(now, ORDER_IDS, |id| {
        let Some(order) = order_rows::any_by_id(now, id)? else { return Ok(()) };
        let name = order_name(&order);
        for due in refold::to_be_told(now, order)? {
            let Some(event) = event(now, due)? else { continue };
            let is_told = twin(stored, &event)?.map(|known| is_told(stored, known.id)).transpose()?;
            if is_told != Some(true) {
                rebuilt.new_notices.push((name.clone(), kind(&event)));
            }
        }
        Ok(())
    })
}

pub(super) fn is_told(stored: &dyn Db, event: i64) -> Result<bool> {
    Ok(sql::count(stored, "SELECT count(*) AS n FROM notices WHERE event_id = ?1", [event])? > 0)
}

/// Whether there is a mail with this key already.
pub(super) fn is_in_outbox(stored: &dyn Db, mail: &dyn Row) -> Result<bool> {
    let (order, key) = (mail.number_opt("order_id")?, mail.text("effect_key")?);
    let there = match order {
        Some(order) => {
            let sql = "SELECT count(*) AS n FROM mails WHERE order_id = ?1 AND effect_key = ?2";
            sql::count(stored, sql, params![order, key])?
        }
        None => {
            let sql =
                "SELECT count(*) AS n FROM mails WHERE shop_id = ?1 AND effect_key = ?2 AND order_id IS NULL";
            sql::count(stored, sql, params![mail.number("shop_id")?, key])?
        }
    };
    Ok(there > 0)
}

/// Units of orders that only now turn out to be paid. An order that was paid then moved its units then, as far as the
/// shop kept the products at that time.
fn stock(stored: &dyn Db, now: &dyn Db, rebuilt: &mut Rebuilt) -> Result<()> {
    let sql = "SELECT m.sku, m.quantity, m.order_id, o.reference
               FROM stock_movements m JOIN orders o ON o.id = m.order_id ORDER BY m.id";
    sql::all(now, sql, sql::NONE, |row| {
        if has_left(stored, row)? {
            return Ok(());
        }
        let about = format!("order {} ({})", row.text("reference")?, OrderId(row.number("order_id")?));
        rebuilt.new_stock.push((about, row.text("sku")?, -row.number("quantity")?));
        Ok(())
    })?;
    Ok(())
}

pub(super) fn has_left(stored: &dyn Db, movement: &dyn Row) -> Result<bool> {
    let order = movement.number("order_id")?;
    let paid = "SELECT count(*) AS n FROM mails WHERE order_id = ?1 AND effect_key = 'mail/owner.paid/'";
    if sql::count(stored, paid, [order])? > 0 {
        return Ok(true);
    }
    let left = "SELECT count(*) AS n FROM stock_movements WHERE order_id = ?1 AND sku = ?2";
    Ok(sql::count(stored, left, params![order, movement.text("sku")?])? > 0)
}
