//! From a notification to events. What is decided here is decided by [`super::message::DECISIVE`] alone.

use super::message::Message;
use crate::kit::{amount, identity, time};
use ipnd_core::{Customer, Environment, Event, EventItem, EventKind, Money, Reason};
use jiff::Timestamp;
use jiff::tz::Offset;

/// Lines of an order that are shown.
const ITEMS_MAX: usize = 200;

pub(super) fn events(message: &Message<'_>) -> Result<Vec<Event>, Reason> {
    use EventKind::*;
    let order = Order { message };
    let status = order.text("ORDERSTATUS");
    let kinds: &[EventKind] = match (order.text("CHARGEBACK_RESOLUTION"), status, order.text("FRAUD_STATUS"))
    {
        ("WON", _, _) => &[DisputeWon],
        ("LOST" | "ACCEPTED", _, _) => &[DisputeLost],
        (resolution, _, _) if !matches!(resolution, "" | "NONE") => &[ReversalMade, DisputeOpened],
        (_, "REFUND", _) => &[RefundCompleted],
        (_, "REVERSED", _) => &[PaymentVoided, RefundCompleted],
        (_, _, "DENIED") => &[PaymentDenied],
        (_, "COMPLETE" | "PAYMENT_RECEIVED", _) => &[PaymentCompleted],
        (_, "CANCELED" | "INVALID", _) => &[PaymentFailed],
        (_, "PENDING" | "PURCHASE_PENDING" | "PENDING_APPROVAL" | "PENDING_ORDER_APPROVAL", _)
        | (_, "SUSPECT" | "PAYMENT_AUTHORIZED" | "AUTHRECEIVED", _) => &[PaymentPending],
        _ => return Err(Reason::new("unknown_status", status)),
    };
    kinds.iter().map(|kind| order.event(*kind)).collect()
}

struct Order<'m> {
    message: &'m Message<'m>,
}

impl Order<'_> {
    fn text(&self, name: &str) -> &str {
        self.message.text(name).unwrap_or_default()
    }

    fn event(&self, kind: EventKind) -> Result<Event, Reason> {
        let money = self.money()?;
        if money.is_negative() && kind.is_payment() && kind != EventKind::PaymentVoided {
            return Err(Reason::new("amount_negative", self.text("IPN_TOTALGENERAL")));
        }
        let amount = money.abs();
        let order = self.text("REFNO").to_owned();
        let is_dispute = kind.word().starts_with("dispute.");
        let is_payment = kind.is_payment();
        let is_test = self.text("TEST_ORDER") == "1";
        let environment = if is_test { Environment::Sandbox } else { Environment::Live };
        let status = self.status(kind);
        Ok(Event {
            occurred_at: self.occurred_at(kind),
            order_ref: self.message.text("REFNOEXT").or(Some(&order)).map(str::to_owned),
            transaction: is_payment.then(|| order.clone()),
            parent: (!is_payment).then(|| order.clone()),
            case: is_dispute.then(|| order.clone()),
            amount: Some(amount),
            amount_is_total: kind == EventKind::RefundCompleted,
            fee: self.fee(kind, amount),
            customer: self.customer(),
            items: self.items(amount),
            status: Some(status.to_owned()),
            reason: self.reason(kind),
            custom: self.message.shown("EXTERNAL_CUSTOMER_REFERENCE", 0),
            ..Event::new(kind, self.identity(kind, status, &order, amount), environment)
        })
    }

    /// The word that decided.
    fn status(&self, kind: EventKind) -> &str {
        match kind {
            EventKind::PaymentDenied => "DENIED",
            EventKind::ReversalMade
            | EventKind::DisputeOpened
            | EventKind::DisputeWon
            | EventKind::DisputeLost => self.text("CHARGEBACK_RESOLUTION"),
            _ => self.text("ORDERSTATUS"),
        }
    }

    /// A refund is the same one when the order goes on from `REFUND` to `REVERSED`.
    fn identity(&self, kind: EventKind, status: &str, order: &str, amount: Money) -> String {
        let total = amount.to_string();
        match kind {
            EventKind::RefundCompleted => identity::of(kind, &[order, status, &total]),
            EventKind::PaymentPending | EventKind::PaymentCompleted => {
                identity::of(kind, &[order, status, self.text("FRAUD_STATUS"), &total])
            }
            _ => identity::of(kind, &[order, status]),
        }
    }

    fn money(&self) -> Result<Money, Reason> {
        amount::decimal(self.text("IPN_TOTALGENERAL"), amount::currency(self.text("CURRENCY"))?)
    }

    /// Only where it can be said exactly.
    fn fee(&self, kind: EventKind, amount: Money) -> Option<Money> {
        let commission =
            self.message.text("IPN_COMMISSION").filter(|_| kind == EventKind::PaymentCompleted)?;
        amount::decimal(commission, amount.currency()).ok().filter(|fee| !fee.is_zero())
    }

    /// The order's own dates, which are the same in every copy. What has none of them is told without a date.
    fn occurred_at(&self, kind: EventKind) -> Option<Timestamp> {
        let names: &[&str] = match kind {
            EventKind::PaymentCompleted => &["COMPLETE_DATE", "PAYMENTDATE", "SALEDATE"],
            EventKind::PaymentPending => &["PAYMENTDATE", "SALEDATE"],
            EventKind::PaymentFailed | EventKind::PaymentDenied => &["SALEDATE"],
            _ => &[],
        };
        let offset = offset(self.message.text("TIMEZONE_OFFSET")?)?;
        names.iter().find_map(|name| time::local(self.message.text(name)?, offset))
    }

    fn reason(&self, kind: EventKind) -> Option<String> {
        match kind {
            EventKind::PaymentFailed | EventKind::PaymentDenied => self.message.shown("GATEWAY_RESPONSE", 0),
            EventKind::PaymentPending => self.message.shown("FRAUD_STATUS", 0),
            _ if kind.is_payment() || kind == EventKind::RefundCompleted => None,
            _ => self.message.shown("CHARGEBACK_REASON_CODE", 0),
        }
    }

    fn customer(&self) -> Customer {
        let shown = |name: &str| self.message.shown(name, 0);
        let joined = |names: &[&str]| {
            let parts: Vec<String> = names.iter().filter_map(|name| shown(name)).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        let lines = [shown("ADDRESS1"), shown("ADDRESS2"), joined(&["ZIPCODE", "CITY"]), shown("STATE")];
        Customer {
            name: joined(&["FIRSTNAME", "LASTNAME"]).or_else(|| shown("COMPANY")),
            email: shown("CUSTOMEREMAIL"),
            phone: shown("PHONE"),
            address: lines.into_iter().flatten().collect(),
            country: shown("COUNTRY_CODE").map(|code| code.to_ascii_uppercase()),
        }
    }

    fn items(&self, amount: Money) -> Vec<EventItem> {
        let names = self.message.values("IPN_PNAME[]").take(ITEMS_MAX).enumerate();
        let item = |(place, name): (usize, &[u8])| {
            let shown = |name: &str| self.message.shown(name, place);
            let total = shown("IPN_TOTAL[]");
            EventItem {
                sku: shown("IPN_PCODE[]").or_else(|| shown("IPN_SKU[]")).or_else(|| shown("IPN_PID[]")),
                name: String::from_utf8_lossy(name).into_owned(),
                quantity: shown("IPN_QTY[]").and_then(|text| text.parse().ok()).unwrap_or(1),
                amount: total.and_then(|text| amount::decimal(&text, amount.currency()).ok()),
            }
        };
        names.map(item).collect()
    }
}

/// `GMT+03:00`, `GMT`.
fn offset(text: &str) -> Option<Offset> {
    let text = text.strip_prefix("GMT")?;
    if text.is_empty() {
        return Some(Offset::UTC);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |part: &str| part.parse::<u8>().ok().filter(|_| part.len() == 2).map(i32::from);
    Offset::from_seconds(sign * (number(hours)? * 3_600 + number(minutes)? * 60)).ok()
}
