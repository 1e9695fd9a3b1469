//! Recording what a genuine notification says, once.

use super::Desk;
use super::bind::{self, Loose, UNWRITTEN};
use super::refold::Touched;
use super::reviews::{self, Asked};
use crate::sql::{self, Columns as _, params};
use crate::{NotificationId, Result, ShopId};
use ipnd_core::{Concern, Event, ExaminedEvent, Question, QuestionKind};
use jiff::Timestamp;
use serde_json::Value;

/// Characters of a comparison that are shown to the owner.
const SHOWN_CHARS_MAX: usize = 300;

/// Who tells: the notification with its account.
pub(crate) struct Told {
    pub(crate) shop: ShopId,
    pub(crate) gateway: String,
    pub(crate) family: String,
    pub(crate) environment: String,
    pub(crate) creates_orders: bool,
    pub(crate) notification: NotificationId,
    pub(crate) now: Timestamp,
}

/// What decides about money and about where an event belongs. Another telling may differ in everything else: gateways
/// send several messages about one thing, and repeat them with another date, name or status.
const DECISIVE: [&str; 9] = [
    "kind",
    "amount",
    "amount_is_total",
    "order_ref",
    "transaction",
    "parent",
    "subscription",
    "case",
    "receivers",
];

/// Records an event and finds out where it belongs. One that is known already changes nothing (T-C01), and where it
/// says something decisive that the first one does not say, the owner is asked and the first stands (T-C03). Only an
/// order that the first one did not name is taken from a later one, and a telling that is proved takes the place of one
/// that was not.
pub(crate) fn record(
    desk: &mut Desk<'_>,
    told: &Told,
    links: &mut Links,
    examined: &ExaminedEvent,
    touched: &mut Touched,
) -> Result<()> {
    let (event, text) = cleaned(&examined.event);
    let concerns = concerns(desk, told, examined)?;
    let first = sql::one(
        desk,
        "SELECT id, event, gateway, order_id, concerns FROM events
         WHERE shop_id = ?1 AND family = ?2 AND environment = ?3 AND identity = ?4",
        params![told.shop.0, told.family, told.environment, event.identity],
        |row| {
            let is_unproven = row.text("concerns")?.contains(QuestionKind::Unproven.word());
            let order = row.number_opt("order_id")?;
            Ok((row.number("id")?, row.text("event")?, row.text("gateway")?, order, is_unproven))
        },
    )?;
    let Some((id, said_first, gateway, order, was_unproven)) = first else {
        let mut new = Loose {
            id: UNWRITTEN,
            shop: told.shop,
            notification: told.notification,
            family: told.family.clone(),
            environment: told.environment.clone(),
            examined: ExaminedEvent { event, concerns },
            is_bound: false,
        };
        let place = bind::place(desk, told, &new)?;
        new.id = insert(desk, told, &new.examined, &text, place.order())?;
        links.link(desk, told, new.id, false, None)?;
        return bind::follow(desk, new, place, told.now, touched);
    };
    // Another gateway of the family tells of the same thing in its own words; that is no contradiction.
    let is_own = gateway == told.gateway;
    links.link(desk, told, id, true, (is_own && said_first != text).then_some(text.as_str()))?;
    let is_unproven = concerns.iter().any(|concern| concern.kind == QuestionKind::Unproven);
    if was_unproven && !is_unproven {
        replace(desk, id, told, (&event, &text), &concerns)?;
        // It may have named another order, which has to be worked out again without it.
        if let Some(order) = order {
            touched.order(order);
        }
        return bind::bind_written(desk, told, bind::load(desk, id)?, touched);
    }
    let (expected, got) = difference(&said_first, &text);
    if is_own && !got.is_empty() {
        let question =
            Question { kind: QuestionKind::ContentChanged, subject: event.identity.clone(), expected, got };
        let asked = Asked { question, order, notification: Some(told.notification), event: Some(id) };
        reviews::ask(desk, told.shop, &asked, told.now)?;
    } else if order.is_none() && name_order(desk, id, &said_first, event.order_ref.as_deref())? {
        return bind::bind_written(desk, told, bind::load(desk, id)?, touched);
    }
    Ok(())
}

/// Puts what is proved in the place of what was not. What was said first stays with its notification.
fn replace(
    desk: &Desk<'_>,
    id: i64,
    told: &Told,
    (event, text): (&Event, &str),
    concerns: &[Concern],
) -> Result<()> {
    let (amount, currency) = sql::money(event.amount);
    sql::run(
        desk,
        "UPDATE events SET kind = ?2, amount = ?3, currency = ?4, occurred_at = ?5,
             order_ref = coalesce(?6, order_ref), customer_name = ?7, customer_email = ?8, transaction_id = ?9,
             parent_transaction_id = ?10, case_id = ?11, notification_id = ?12, gateway = ?13, event = ?14,
             concerns = ?15, order_id = NULL
         WHERE id = ?1",
        params![
            id,
            event.kind.word(),
            amount,
            currency,
            sql::time_opt(event.occurred_at),
            event.order_ref,
            event.customer.name,
            event.customer.email,
            event.transaction,
            event.parent,
            event.case,
            told.notification.0,
            told.gateway,
            text,
            sql::json(&concerns),
        ],
    )?;
    Ok(())
}

/// Gives an event that named no order the one that a later telling names.
fn name_order(desk: &Desk<'_>, id: i64, said_first: &str, order_ref: Option<&str>) -> Result<bool> {
    let Some(order_ref) = order_ref else { return Ok(false) };
    let mut value = serde_json::from_str::<Value>(said_first).unwrap_or(Value::Null);
    if value.get("order_ref").is_none_or(|named| !named.is_null()) {
        return Ok(false);
    }
    value["order_ref"] = Value::from(order_ref);
    let sql = "UPDATE events SET order_ref = ?2, event = ?3 WHERE id = ?1";
    sql::run(desk, sql, params![id, order_ref, value.to_string()])?;
    Ok(true)
}

/// What the account found wrong, and one thing more: a shop that takes live money does not take an order for paid by
/// play money, even if that comes in properly by the shop's own sandbox account (T-A18). The owner can accept it. In
/// the demo's sample shop, play money is all there is to pay with.
fn concerns(desk: &Desk<'_>, told: &Told, examined: &ExaminedEvent) -> Result<Vec<Concern>> {
    let cleaned = |concern: &Concern| Concern {
        kind: concern.kind,
        expected: sql::clean(&concern.expected).into_owned(),
        got: sql::clean(&concern.got).into_owned(),
    };
    let mut concerns: Vec<Concern> = examined.concerns.iter().map(cleaned).collect();
    let is_known = concerns.iter().any(|concern| concern.kind == QuestionKind::Environment);
    if told.environment != "live" && examined.event.kind.concerns_an_order() && !is_known {
        let sql = "SELECT count(*) AS n FROM accounts a JOIN shops s ON s.id = a.shop_id
                   WHERE a.shop_id = ?1 AND a.environment = 'live' AND s.is_sample = 0";
        if sql::count(desk, sql, [told.shop.0])? > 0 {
            concerns.push(Concern {
                kind: QuestionKind::Environment,
                expected: "live".to_owned(),
                got: told.environment.clone(),
            });
        }
    }
    Ok(concerns)
}

fn insert(
    desk: &Desk<'_>,
    told: &Told,
    ExaminedEvent { event, concerns }: &ExaminedEvent,
    text: &str,
    order: Option<i64>,
) -> Result<i64> {
    let (amount, currency) = sql::money(event.amount);
    sql::insert(
        desk,
        "INSERT INTO events (kind, amount, currency, occurred_at, recorded_at, order_ref, customer_name,
             customer_email, transaction_id, parent_transaction_id, case_id, notification_id, gateway, family,
             environment, identity, event, concerns, order_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        params![
            event.kind.word(),
            amount,
            currency,
            sql::time_opt(event.occurred_at),
            sql::time(told.now),
            event.order_ref,
            event.customer.name,
            event.customer.email,
            event.transaction,
            event.parent,
            event.case,
            told.notification.0,
            told.gateway,
            told.family,
            told.environment,
            event.identity,
            text,
            sql::json(concerns),
            order,
            told.shop.0,
        ],
    )
}

/// Which events a notification told of, in their sequence. One that is asked about again tells further ones behind
/// those of before.
pub(crate) struct Links {
    /// Told by earlier looks.
    before: Vec<i64>,
    next_position: i64,
}

impl Links {
    /// Of a notification that is looked at for the first time.
    pub(crate) fn none() -> Self {
        Self { before: Vec::new(), next_position: 0 }
    }

    pub(crate) fn load(desk: &Desk<'_>, notification: NotificationId) -> Result<Self> {
        let before = sql::all(
            desk,
            "SELECT event_id FROM notification_events WHERE notification_id = ?1 ORDER BY position",
            [notification.0],
            |row| row.number("event_id"),
        )?;
        let next_position = i64::try_from(before.len()).expect("as many as there are events");
        Ok(Self { before, next_position })
    }

    fn link(
        &mut self,
        desk: &Desk<'_>,
        told: &Told,
        event: i64,
        is_repeat: bool,
        said_instead: Option<&str>,
    ) -> Result<()> {
        if self.before.contains(&event) {
            return Ok(());
        }
        sql::run(
            desk,
            "INSERT INTO notification_events (notification_id, position, event_id, is_repeat, said_instead)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![told.notification.0, self.next_position, event, is_repeat, said_instead],
        )?;
        self.next_position += 1;
        Ok(())
    }
}

/// The event without U+0000 in any of its texts (T-B13), and as it is stored.
fn cleaned(event: &Event) -> (Event, String) {
    let text = sql::json(event);
    // As JSON writes it. Somebody may have meant these letters, so that is only a reason to look.
    if !text.contains("\\u0000") {
        return (event.clone(), text);
    }
    let mut value = serde_json::to_value(event).expect("events have text keys");
    replace_nul(&mut value);
    let text = value.to_string();
    (serde_json::from_value(value).expect("an event with other texts is still an event"), text)
}

fn replace_nul(value: &mut Value) {
    match value {
        Value::String(text) => *text = sql::clean(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(replace_nul),
        Value::Object(fields) => fields.values_mut().for_each(replace_nul),
        _ => {}
    }
}

/// What two tellings of one event say differently, as far as it decides, ready to be shown. What one of them leaves
/// out is no difference.
fn difference(first: &str, other: &str) -> (String, String) {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let (first, other) = (parse(first), parse(other));
    let is_said =
        |value: &Value| !value.is_null() && value.as_array().is_none_or(|values| !values.is_empty());
    let mut shown = (String::new(), String::new());
    for field in DECISIVE {
        let (was, is) = (&first[field], &other[field]);
        if is != was && is_said(was) && is_said(is) {
            say(&mut shown.0, field, was);
            say(&mut shown.1, field, is);
        }
    }
    shown
}

fn say(shown: &mut String, field: &str, value: &Value) {
    let value = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let separator = if shown.is_empty() { "" } else { ", " };
    let more = format!("{separator}{field}: {value}");
    let room = SHOWN_CHARS_MAX.saturating_sub(shown.chars().count());
    shown.extend(more.chars().take(room));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Environment, EventKind};

    #[test]
    fn t_b13_nul_is_replaced_in_every_text_of_an_event() {
        let mut event = Event::new(EventKind::PaymentCompleted, "id\0", Environment::Live);
        event.customer.address = vec!["a\0".to_owned(), "b".to_owned()];
        event.note = Some("\0".to_owned());
        let (clean, text) = cleaned(&event);
        assert_eq!(clean.identity, "id\u{fffd}");
        assert_eq!(clean.customer.address, ["a\u{fffd}", "b"]);
        assert_eq!(clean.note.as_deref(), Some("\u{fffd}"));
        assert_eq!((text, clean.clone()), (sql::json(&clean), cleaned(&clean).0));
    }

    #[test]
    fn a_difference_names_the_fields() {
        let (was, is) = difference(
            r#"{"kind":"a","transaction":"1","parent":null,"note":"x","receivers":[]}"#,
            r#"{"kind":"a","transaction":"9","parent":"x","note":"y","receivers":["z"]}"#,
        );
        assert_eq!((was.as_str(), is.as_str()), ("transaction: 1", "transaction: 9"));
    }
}
