//! What CopeCart's messages say.

use super::is_own_reference;
use crate::kit::json::Json;
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, time};
use crate::{Interpretation, Settings};
use ipnd_core::{Currency, Customer, Environment, Event, EventItem, EventKind, Money, Reason};

/// What a message says about its plan, and an event keeps in its reason.
const PLAN_WORDS: [&str; 8] = [
    "payment_plan",
    "frequency",
    "rate_number",
    "total_number_of_payments",
    "next_payment_at",
    "is_cancelled_for",
    "subscription_state",
    "cancelation_reason",
];

pub(super) fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let read = Json::of(verified).and_then(|body| Message { body: &body, settings }.read());
    read.map_or_else(Interpretation::nothing, Interpretation::events)
}

struct Message<'a> {
    body: &'a Json<'a>,
    settings: &'a Settings,
}

impl Message<'_> {
    fn read(&self) -> Result<Vec<Event>, Reason> {
        use EventKind::*;
        let kind = self.body.text("event_type").ok_or_else(|| Reason::new("field_missing", "event_type"))?;
        match kind {
            "payment.made" => self.made(),
            "payment.trial" => Ok(vec![self.event(SubscriptionStarted)?]),
            "payment.pending" => Ok(vec![self.paying(PaymentPending)?]),
            "payment.failed" => self.failed(),
            "payment.refunded" => {
                // A partial refund may leave the payment paid.
                self.status_must_be(&["successed_refunded", "test_successed_refunded", "paid", "test_paid"])?;
                Ok(vec![self.given_back(RefundCompleted)?])
            }
            "payment.charged_back" | "payment.charge_back" => {
                self.status_must_be(&["chargeback_succeeded", "failed_as_chargeback", "paid", "test_paid"])?;
                Ok(vec![self.given_back(ReversalMade)?])
            }
            "payment.recurring.cancelled" => Ok(vec![self.cancelled()?]),
            "payment.recurring.upcoming" => Err(Reason::new("nothing_to_do", kind)),
            other => Err(Reason::new("unknown_type", other)),
        }
    }

    /// A status that contradicts what a message is about moves no money (T-B05). Refunds and chargebacks that are
    /// said not to have succeeded are information.
    fn status_must_be(&self, words: &[&str]) -> Result<(), Reason> {
        match self.body.scalar("payment_status") {
            None => Ok(()),
            Some(status) if words.contains(&status) => Ok(()),
            Some(status @ ("failed_refunded" | "chargeback_failed")) => {
                Err(Reason::new("nothing_to_do", status))
            }
            Some(status) => Err(Reason::new("unknown_status", status)),
        }
    }

    fn made(&self) -> Result<Vec<Event>, Reason> {
        self.status_must_be(&["paid", "test_paid"])?;
        let paid = self.paying(EventKind::PaymentCompleted)?;
        if paid.transaction.is_none() {
            return Err(Reason::new("transaction_missing", ""));
        }
        if paid.amount.is_some_and(Money::is_negative) {
            return Err(Reason::new(
                "amount_negative",
                self.body.scalar("transaction_amount").unwrap_or_default(),
            ));
        }
        let paid = Event { fee: self.fee(paid.amount), ..paid };
        let begins = paid.subscription.is_some() && self.rate() == 1;
        let started = begins.then(|| self.event(EventKind::SubscriptionStarted)).transpose()?;
        Ok(std::iter::once(paid).chain(started).collect())
    }

    /// A failure is also what ends a plan that was cancelled: the payment that would have been due is not made.
    fn failed(&self) -> Result<Vec<Event>, Reason> {
        if self.rate() < 2 {
            return Ok(vec![self.paying(EventKind::PaymentFailed)?]);
        }
        let failed = self.paying(EventKind::SubscriptionPaymentFailed)?;
        let paid_until = self.body.text("is_cancelled_for");
        let day = self.body.text("transaction_date").and_then(|date| date.get(..10));
        // Both are written as 2026-03-28, so that their sequence is that of the calendar.
        let is_over = paid_until.zip(day).is_some_and(|(paid_until, day)| paid_until <= day);
        let ended = is_over.then(|| self.event(EventKind::SubscriptionEnded)).transpose()?;
        Ok(std::iter::once(failed).chain(ended).collect())
    }

    fn given_back(&self, kind: EventKind) -> Result<Event, Reason> {
        let event = self.paying(kind)?;
        if event.transaction.is_none() {
            return Err(Reason::new("transaction_missing", ""));
        }
        // Whether such amounts carry a minus sign is not documented.
        let unsigned = |item: EventItem| EventItem { amount: item.amount.map(Money::abs), ..item };
        let items = event.items.into_iter().map(unsigned).collect();
        Ok(Event { amount: event.amount.map(Money::abs), items, ..event })
    }

    /// Carries no transaction, and no date but the one until which is paid.
    fn cancelled(&self) -> Result<Event, Reason> {
        let event = self.event(EventKind::SubscriptionCancelled)?;
        let item = event.parent.as_deref().unwrap_or_default();
        let paid_until = self.body.first(&["is_cancelled_for", "next_payment_at"]).unwrap_or_default();
        Ok(Event {
            identity: identity::of(event.kind, &[item, &paid_until]),
            subscription: event.parent.clone(),
            transaction: None,
            occurred_at: None,
            ..event
        })
    }

    fn paying(&self, kind: EventKind) -> Result<Event, Reason> {
        let amount = self.money("transaction_amount")?;
        Ok(Event { amount, items: self.items(amount.map(Money::currency)), ..self.event(kind)? })
    }

    fn event(&self, kind: EventKind) -> Result<Event, Reason> {
        let body = self.body;
        let order = body.scalar("order_id").ok_or_else(|| Reason::new("field_missing", "order_id"))?;
        let product = body.scalar("product_id").unwrap_or_default();
        let item = format!("{order}-{product}");
        let transaction = body.scalar("transaction_id");
        let metadata = body.scalar("metadata");
        let rate = self.rate().to_string();
        let parts =
            transaction.map_or_else(|| vec![item.as_str(), rate.as_str()], |transaction| vec![transaction]);
        Ok(Event {
            occurred_at: ["transaction_processed_at", "transaction_date"]
                .iter()
                .find_map(|name| time::rfc3339(body.text(name)?)),
            order_ref: if is_own_reference(self.settings) { metadata } else { Some(order) }
                .map(str::to_owned),
            transaction: transaction.map(str::to_owned),
            subscription: self.is_plan().then(|| item.clone()),
            customer: self.customer(),
            items: self.items(None),
            status: body.first(&["payment_status"]),
            reason: self.is_plan().then(|| self.plan()),
            custom: metadata.map(str::to_owned),
            ..Event::new(kind, identity::of(kind, &parts), self.environment())
        })
        .map(|event| Event { parent: Some(item), ..event })
    }

    /// Messages about the future of a plan have no `test_payment`, but a way of paying.
    fn environment(&self) -> Environment {
        let says_test = |name: &str| self.body.text(name).is_some_and(|word| word.starts_with("test"));
        if self.body.is_true("test_payment") || says_test("payment_status") || says_test("payment_method") {
            return Environment::Sandbox;
        }
        let says_live = self.body.scalar("test_payment") == Some("false");
        if says_live { Environment::Live } else { self.settings.environment }
    }

    /// Which payment of the plan this is. The only one, if nothing is said.
    fn rate(&self) -> u32 {
        self.body.scalar("rate_number").and_then(|number| number.parse().ok()).unwrap_or(1)
    }

    fn is_plan(&self) -> bool {
        let plan = self.body.text("payment_plan");
        plan.map_or(self.rate() > 1, |plan| plan != "one_time_payment")
    }

    fn plan(&self) -> String {
        let said = PLAN_WORDS.iter().filter_map(|name| Some((name, self.body.scalar(name)?)));
        said.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Nothing where there is no amount; an error where there is one that cannot be read.
    fn money(&self, name: &str) -> Result<Option<Money>, Reason> {
        let Some(digits) = self.body.scalar(name) else { return Ok(None) };
        let code = self.body.text("transaction_currency");
        let code = code.ok_or_else(|| Reason::new("field_missing", "transaction_currency"))?;
        amount::decimal(digits, amount::currency(code)?).map(Some)
    }

    /// What does not reach the vendor.
    fn fee(&self, paid: Option<Money>) -> Option<Money> {
        let earned = self.money("transaction_earned_amount").ok()??;
        let kept = paid?.minus(earned).ok()?;
        (kept.is_positive() && !earned.is_negative()).then_some(kept)
    }

    fn customer(&self) -> Customer {
        let own = |name: &str| self.body.first(&[name]);
        let joined = |names: [&str; 2]| {
            let parts: Vec<&str> = names.iter().filter_map(|name| self.body.scalar(name)).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        let company = own("buyer_company_name");
        let name = joined(["buyer_firstname", "buyer_lastname"]);
        // Without a street it is no address.
        let lines = |street| {
            let place = joined(["buyer_zipcode", "buyer_city"]);
            [company.clone(), name.clone(), Some(street), place, own("buyer_country")]
                .into_iter()
                .flatten()
                .collect()
        };
        Customer {
            address: own("buyer_address").map(lines).unwrap_or_default(),
            name: name.or(company),
            email: own("buyer_email"),
            phone: own("buyer_phone_number"),
            country: own("buyer_country_code"),
        }
    }

    /// The product with its add-ons; the product alone where the message is not about a transaction. Amounts only
    /// where money is what the event is about.
    fn items(&self, currency: Option<Currency>) -> Vec<EventItem> {
        let body = self.body;
        let quantity = body.scalar("quantity").and_then(|number| number.parse().ok()).unwrap_or(1);
        let parts = body.list("transaction_amount_per_product");
        let of_part = |part: &Json<'_>| EventItem {
            sku: part.first(&["slug"]).or_else(|| body.first(&["product_id"])),
            name: part.first(&["name", "internal_name"]).unwrap_or_default(),
            quantity: if parts.len() == 1 { quantity } else { 1 },
            amount: part
                .scalar("amount")
                .zip(currency)
                .and_then(|(digits, own)| amount::decimal(digits, own).ok()),
        };
        if !parts.is_empty() {
            return parts.iter().map(of_part).collect();
        }
        let name = body.first(&["product_name", "product_internal_name"]);
        let alone = |name| EventItem { sku: body.first(&["product_id"]), name, quantity, amount: None };
        name.map(alone).into_iter().collect()
    }
}
