//! What Paddle's notifications say.

use super::order_key;
use crate::kit::json::Json;
use crate::kit::verified::Verified;
use crate::kit::{amount, custom_data, identity, time};
use crate::{Interpretation, Settings};
use ipnd_core::{Event, EventItem, EventKind, Money, Reason};

pub(super) fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let message = match Json::of(verified) {
        Ok(message) => message,
        Err(reason) => return Interpretation::nothing(reason),
    };
    match (Message { message: &message, data: message.at("data"), settings }).read() {
        Ok(events) => Interpretation::events(events),
        Err(reason) => Interpretation::nothing(reason),
    }
}

/// A notification with the thing it is about.
struct Message<'a> {
    message: &'a Json<'a>,
    data: &'a Json<'a>,
    settings: &'a Settings,
}

impl Message<'_> {
    fn read(&self) -> Result<Vec<Event>, Reason> {
        use EventKind::*;
        let kind =
            self.message.text("event_type").ok_or_else(|| Reason::new("field_missing", "event_type"))?;
        let one = |event: Result<Event, Reason>| Ok(vec![event?]);
        match kind {
            "transaction.billed" => one(self.transaction(PaymentOrdered, "billed")),
            "transaction.paid" => one(self.transaction(PaymentPending, "paid")),
            "transaction.completed" => one(self.completed()),
            "transaction.payment_failed" => one(self.attempt_failed()),
            "transaction.canceled" => one(self.transaction(PaymentFailed, "canceled")),
            "transaction.past_due" => one(self.past_due(self.data.text("subscription_id"), "billing_period")),
            "adjustment.created" | "adjustment.updated" => self.adjustment(),
            "subscription.created" | "subscription.trialing" => {
                one(self.subscription(SubscriptionStarted, None))
            }
            "subscription.activated" | "subscription.resumed" => {
                one(self.subscription(SubscriptionModified, Some(self.told_by())))
            }
            "subscription.updated" => one(self.subscription_updated()),
            "subscription.past_due" => one(self.past_due(self.data.text("id"), "current_billing_period")),
            "subscription.paused" => one(self.subscription(SubscriptionSuspended, Some(self.told_by()))),
            "subscription.canceled" => Ok(vec![
                self.subscription(SubscriptionCancelled, self.data.text("canceled_at"))?,
                self.subscription(SubscriptionEnded, None)?,
            ]),
            other => {
                Err(Reason::new(if is_documented(other) { "nothing_to_do" } else { "unknown_type" }, other))
            }
        }
    }

    /// The event's id, the same over all repetitions and replays: the last resort to tell events apart.
    fn told_by(&self) -> &str {
        self.message.text("event_id").or_else(|| self.message.text("occurred_at")).unwrap_or_default()
    }

    fn id(&self) -> Result<&str, Reason> {
        self.data.text("id").ok_or_else(|| Reason::new("field_missing", "data.id"))
    }

    /// What the messages about all things have in common.
    fn event(&self, kind: EventKind, identity: &[&str]) -> Event {
        let data = self.data.field("custom_data");
        let key = order_key(self.settings);
        Event {
            occurred_at: self.message.text("occurred_at").and_then(time::rfc3339),
            order_ref: custom_data::order_ref(data, key),
            status: self.data.first(&["status"]),
            custom: custom_data::custom(data, key),
            ..Event::new(kind, identity::of(kind, identity), self.settings.environment)
        }
    }

    fn money(&self, paths: &[&str]) -> Result<Money, Reason> {
        let missing = || Reason::new("field_missing", "currency_code");
        let currency = amount::currency(self.data.text("currency_code").ok_or_else(missing)?)?;
        let digits = self.data.first(paths).ok_or_else(|| Reason::new("amount_unreadable", paths[0]))?;
        let money = amount::minor(&digits, currency)?;
        if money.is_negative() { Err(Reason::new("amount_negative", digits)) } else { Ok(money) }
    }
}

impl Message<'_> {
    fn transaction(&self, kind: EventKind, step: &str) -> Result<Event, Reason> {
        let id = self.id()?;
        let paid = self.money(&["details.totals.grand_total", "details.totals.total"])?;
        let identity: &[&str] = if step.is_empty() { &[id] } else { &[id, step] };
        let event = self.event(kind, identity);
        let fee = self.data.scalar("details.totals.fee");
        Ok(Event {
            order_ref: event.order_ref.clone().or_else(|| Some(id.to_owned())),
            transaction: Some(id.to_owned()),
            amount: Some(paid),
            fee: fee.and_then(|fee| amount::minor(fee, paid.currency()).ok()),
            subscription: self.data.first(&["subscription_id"]),
            reason: self.error(),
            items: self.items(paid),
            ..event
        })
    }

    /// Why the latest attempt to pay failed; the attempts stand with the latest first.
    fn error(&self) -> Option<String> {
        self.data.first(&["payments.0.error_code"])
    }

    fn items(&self, paid: Money) -> Vec<EventItem> {
        let item = |line: &Json<'_>| EventItem {
            sku: line.first(&["price_id", "price.id"]),
            name: line
                .first(&["product.name", "price.name", "price.description", "price_id", "price.id"])
                .unwrap_or_default(),
            quantity: line.scalar("quantity").and_then(|text| text.parse().ok()).unwrap_or(1),
            amount: line.scalar("totals.total").and_then(|text| amount::minor(text, paid.currency()).ok()),
        };
        let lines = self.data.list("details.line_items");
        if lines.is_empty() { self.data.list("items") } else { lines }.iter().map(item).collect()
    }

    fn completed(&self) -> Result<Event, Reason> {
        let event = self.transaction(EventKind::PaymentCompleted, "")?;
        let is_nothing = event.amount.is_some_and(Money::is_zero);
        let origin = self.data.text("origin").unwrap_or_default();
        if is_nothing && (event.subscription.is_some() || origin == "subscription_payment_method_change") {
            return Err(Reason::new("nothing_to_do", format!("a transaction of nothing ({origin})")));
        }
        Ok(event)
    }

    /// An attempt to pay that failed. The customer may try again, or Paddle will where it was a renewal.
    fn attempt_failed(&self) -> Result<Event, Reason> {
        let is_renewal = self.data.text("origin") == Some("subscription_recurring");
        let kind = if is_renewal { EventKind::SubscriptionPaymentFailed } else { EventKind::PaymentFailed };
        self.transaction(kind, self.told_by())
    }

    /// Told by the subscription and by its transaction: the same news when they name the same period.
    fn past_due(&self, subscription: Option<&str>, period: &str) -> Result<Event, Reason> {
        let kind = EventKind::SubscriptionPaymentFailed;
        let id = self.id()?;
        let subscription = subscription.ok_or_else(|| Reason::new("nothing_to_do", "an invoice past due"))?;
        let begins_at = self.data.first(&[&format!("{period}.starts_at")]);
        let event = self.event(kind, &[subscription, begins_at.as_deref().unwrap_or(self.told_by())]);
        Ok(Event {
            subscription: Some(subscription.to_owned()),
            transaction: (id != subscription).then(|| id.to_owned()),
            amount: self.money(&["details.totals.grand_total", "details.totals.total"]).ok(),
            reason: self.error(),
            ..event
        })
    }

    /// Refunds and chargebacks. What counts is that Paddle has approved one, or undone it after that.
    fn adjustment(&self) -> Result<Vec<Event>, Reason> {
        use EventKind::*;
        let word = |path: &str| self.data.text(path).unwrap_or_default();
        let (action, status) = (word("action"), word("status"));
        let kinds: &[EventKind] = match (action, status) {
            ("refund", "approved") => &[RefundCompleted],
            ("refund", "reversed") => &[RefundFailed],
            ("chargeback", "approved") => &[ReversalMade, DisputeOpened],
            ("chargeback", "reversed") | ("chargeback_reverse", "approved") => {
                &[ReversalCancelled, DisputeWon]
            }
            ("chargeback_reverse", "reversed") => &[ReversalMade],
            (
                "refund"
                | "credit"
                | "credit_reverse"
                | "chargeback"
                | "chargeback_reverse"
                | "chargeback_warning"
                | "chargeback_warning_reverse",
                "approved" | "pending_approval" | "rejected" | "reversed",
            ) => return Err(Reason::new("nothing_to_do", format!("{action} {status}"))),
            _ => return Err(Reason::new("unknown_status", format!("{action} {status}"))),
        };
        let id = self.id()?;
        let money = self.money(&["totals.total"])?;
        let is_undone = status == "reversed";
        let adjusted = |kind: &EventKind| {
            let identity: &[&str] = if is_undone { &[id, status] } else { &[id] };
            let is_case = matches!(kind, DisputeOpened | DisputeWon);
            // The adjustment that gives the money back does not name the one that took it: no case is named then, and
            // the payment ties them.
            let names_case = is_case && action == "chargeback";
            Event {
                transaction: (!is_case).then(|| id.to_owned()),
                parent: self.data.first(&["transaction_id"]),
                amount: Some(money),
                subscription: self.data.first(&["subscription_id"]),
                case: names_case.then(|| id.to_owned()),
                reason: self.data.first(&["reason"]),
                ..self.event(*kind, identity)
            }
        };
        Ok(kinds.iter().map(adjusted).collect())
    }

    /// What happens to a subscription. `which` tells events apart that can come more than once.
    fn subscription(&self, kind: EventKind, which: Option<&str>) -> Result<Event, Reason> {
        let id = self.id()?;
        let identity: Vec<&str> = std::iter::once(id).chain(which).collect();
        Ok(Event {
            subscription: Some(id.to_owned()),
            // Only the message about the beginning names the transaction that it began with.
            transaction: self.data.first(&["transaction_id"]),
            ..self.event(kind, &identity)
        })
    }

    /// A cancellation that takes effect later stands in the subscription until then; every change says it again.
    fn subscription_updated(&self) -> Result<Event, Reason> {
        if self.data.text("scheduled_change.action") == Some("cancel") {
            let ends_at = self.data.text("scheduled_change.effective_at");
            return self.subscription(EventKind::SubscriptionCancelled, ends_at);
        }
        self.subscription(EventKind::SubscriptionModified, Some(self.told_by()))
    }
}

/// Types that Paddle documents and that say nothing about orders.
fn is_documented(kind: &str) -> bool {
    let (thing, word) = kind.split_once('.').unwrap_or((kind, ""));
    match thing {
        "transaction" => matches!(word, "created" | "ready" | "updated" | "revised"),
        "subscription" => word == "imported",
        "customer" | "address" | "business" | "product" | "price" | "discount" | "discount_group"
        | "payment_method" | "payout" | "report" | "api_key" | "client_token" | "api_key_exposure" => true,
        _ => false,
    }
}
