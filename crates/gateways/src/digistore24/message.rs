//! What Digistore24's messages say.

use super::is_own_reference;
use super::parameters::{Fields, Proved};
use crate::kit::{amount, identity};
use crate::{Interpretation, Settings, reseller};
use ipnd_core::{Currency, Customer, Environment, Event, EventItem, EventKind, Money, Reason};

/// What a message says about its plan, and an event keeps in its reason.
const PLAN_WORDS: [&str; 8] = [
    "billing_type",
    "pay_sequence_no",
    "number_of_installments",
    "next_payment_at",
    "is_cancelled_for",
    "billing_stop_reason",
    "rebill_stop_noted_at",
    "upgraded_order_id",
];

/// Products of one order that are read, in number.
const ITEMS_MAX: u32 = 50;

pub(super) fn interpret(proved: &Proved<'_>, settings: &Settings) -> Interpretation {
    let fields = Fields::of(proved);
    let read = Message { fields: &fields, settings }.read();
    read.map_or_else(Interpretation::nothing, Interpretation::events)
}

struct Message<'a> {
    fields: &'a Fields<'a>,
    settings: &'a Settings,
}

impl Message<'_> {
    fn read(&self) -> Result<Vec<Event>, Reason> {
        use EventKind::*;
        let name = self.fields.get("event").ok_or_else(|| Reason::new("field_missing", "event"))?;
        match name {
            "on_payment" => self.paid(),
            "on_payment_subscription_signup" => self.signed_up(),
            "on_payment_missed" => Ok(vec![self.moving(SubscriptionPaymentFailed)?]),
            "payment_denial" if self.sequence() > 1 => Ok(vec![self.moving(SubscriptionPaymentFailed)?]),
            "payment_denial" => Ok(vec![self.moving(PaymentFailed)?]),
            "on_refund" => Ok(vec![self.given_back(RefundCompleted, "refund")?]),
            "on_chargeback" => Ok(vec![self.given_back(ReversalMade, "chargeback")?]),
            "on_rebill_cancelled" => Ok(vec![self.plan_event(SubscriptionCancelled)?]),
            "on_rebill_resumed" => Ok(vec![self.plan_event(SubscriptionModified)?]),
            "last_paid_day" => Ok(vec![self.plan_event(SubscriptionEnded)?]),
            "connection_test" => Err(Reason::new("test_message", "")),
            "on_affiliation" | "eticket" | "custom_form" => Err(Reason::new("nothing_to_do", name)),
            other => Err(Reason::new("unknown_type", other)),
        }
    }

    /// A type of transaction that contradicts what a message is about moves no money (T-B05).
    fn must_be(&self, transaction_type: &str) -> Result<(), Reason> {
        match self.fields.get("transaction_type") {
            Some(other) if other != transaction_type => Err(Reason::new("unknown_status", other)),
            _ => Ok(()),
        }
    }

    fn paid(&self) -> Result<Vec<Event>, Reason> {
        self.must_be("payment")?;
        let paid = self.moving(EventKind::PaymentCompleted)?;
        // The amount of the order does for a payment that says nothing about its own.
        let amount = match paid.amount {
            None => self
                .money("amount_brutto")
                .transpose()
                .or_else(|| self.money("amount").transpose())
                .transpose()?,
            own => own,
        };
        if let Some(negative) = amount.filter(|amount| amount.is_negative()) {
            return Err(Reason::new("amount_negative", negative.decimal()));
        }
        let items = self.items(amount);
        let paid = Event { amount, items, fee: self.fee(amount), ..paid };
        let begins = self.is_plan() && self.sequence() <= 1;
        let started = begins.then(|| self.started()).transpose()?;
        Ok(std::iter::once(paid).chain(started).collect())
    }

    /// The beginning of a subscription, which may have been paid for. If `on_payment` tells of the same payment, it has
    /// the same transaction and counts once.
    fn signed_up(&self) -> Result<Vec<Event>, Reason> {
        let has_payment = self.fields.get("transaction_id").is_some()
            && self.fields.get("transaction_type") == Some("payment")
            && self.money("transaction_amount")?.is_some_and(Money::is_positive);
        if has_payment { self.paid() } else { Ok(vec![self.started()?]) }
    }

    fn started(&self) -> Result<Event, Reason> {
        let event = self.event(EventKind::SubscriptionStarted)?;
        Ok(Event { subscription: self.item()?.into(), reason: self.plan(), ..event })
    }

    fn given_back(&self, kind: EventKind, transaction_type: &str) -> Result<Event, Reason> {
        self.must_be(transaction_type)?;
        let event = self.moving(kind)?;
        if event.transaction.is_none() {
            return Err(Reason::new("transaction_missing", ""));
        }
        // Whether such amounts carry a minus sign is not published.
        let amount = event.amount.map(Money::abs);
        let parent = self.fields.first(&["parent_transaction_id"]).or(event.parent);
        Ok(Event { amount, parent, items: self.items(amount), ..event })
    }

    /// News of a plan that is not about a transaction. Nothing but its dates tells one cancellation from the next.
    fn plan_event(&self, kind: EventKind) -> Result<Event, Reason> {
        let event = self.event(kind)?;
        let item = self.item()?;
        let dates = ["pay_sequence_no", "rebill_stop_noted_at", "is_cancelled_for", "next_payment_at"];
        let dates = dates.map(|name| self.fields.get(name).unwrap_or_default());
        let parts: Vec<&str> = std::iter::once(item.as_str()).chain(dates).collect();
        // Later messages still say when the plan was cancelled.
        let is_noted = kind == EventKind::SubscriptionCancelled;
        Ok(Event {
            identity: identity::of(kind, &parts),
            occurred_at: self
                .fields
                .get("rebill_stop_noted_at")
                .filter(|_| is_noted)
                .and_then(reseller::read_time),
            subscription: Some(item.clone()),
            transaction: None,
            parent: None,
            reason: self.plan(),
            ..event
        })
    }

    /// An event about a transaction with its amount.
    fn moving(&self, kind: EventKind) -> Result<Event, Reason> {
        let amount = self.money("transaction_amount")?;
        let is_plan = self.is_plan() || kind == EventKind::SubscriptionPaymentFailed;
        let event = self.event(kind)?;
        Ok(Event {
            amount,
            items: self.items(amount),
            parent: Some(self.item()?),
            subscription: is_plan.then(|| self.item()).transpose()?,
            reason: self.plan().filter(|_| is_plan),
            ..event
        })
    }

    fn event(&self, kind: EventKind) -> Result<Event, Reason> {
        let fields = self.fields;
        let item = self.item()?;
        let transaction = fields.get("transaction_id");
        // A rebill has the order of the first payment, and products that are paid together may share a transaction.
        let part = |name: &str| fields.get(name).unwrap_or_default();
        let parts = [item.as_str(), part("order_item_id"), part("transaction_id"), part("pay_sequence_no")];
        let date = fields.get("transaction_date").zip(fields.get("transaction_time"));
        Ok(Event {
            occurred_at: date.and_then(|(day, time)| reseller::read_time(&format!("{day} {time}"))),
            order_ref: fields.first(&[if is_own_reference(self.settings) { "custom" } else { "order_id" }]),
            transaction: transaction.map(str::to_owned),
            customer: self.customer(),
            items: self.items(None),
            status: fields.first(&["billing_status"]),
            custom: fields.first(&["custom"]),
            ..Event::new(kind, identity::of(kind, &parts), self.environment())
        })
    }

    /// The order and the product: what payments, refunds and renewals have in common.
    fn item(&self) -> Result<String, Reason> {
        let order = self.fields.get("order_id").ok_or_else(|| Reason::new("field_missing", "order_id"))?;
        Ok(format!("{order}-{}", self.fields.get("product_id").unwrap_or_default()))
    }

    fn environment(&self) -> Environment {
        let mode = self.fields.get("api_mode");
        match (mode, self.fields.get("pay_method")) {
            (Some("test"), _) | (_, Some("test")) => Environment::Sandbox,
            (Some("live"), _) => Environment::Live,
            _ => self.settings.environment,
        }
    }

    /// 0 for a single payment, 1 for the first of a plan.
    fn sequence(&self) -> u32 {
        self.fields.get("pay_sequence_no").and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    fn is_plan(&self) -> bool {
        let billing = self.fields.get("billing_type");
        self.sequence() > 0 || billing.is_some_and(|billing| billing != "single_payment")
    }

    fn plan(&self) -> Option<String> {
        let said = PLAN_WORDS.iter().filter_map(|name| Some((name, self.fields.get(name)?)));
        let said: Vec<String> = said.map(|(name, value)| format!("{name}={value}")).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    fn currency(&self) -> Result<Currency, Reason> {
        let code = self.fields.get("transaction_currency").or_else(|| self.fields.get("currency"));
        amount::currency(code.ok_or_else(|| Reason::new("field_missing", "transaction_currency"))?)
    }

    /// Nothing where there is no amount; an error where there is one that cannot be read.
    fn money(&self, name: &str) -> Result<Option<Money>, Reason> {
        let Some(digits) = self.fields.get(name) else { return Ok(None) };
        amount::decimal(digits, self.currency()?).map(Some)
    }

    /// What does not reach the vendor.
    fn fee(&self, paid: Option<Money>) -> Option<Money> {
        let earned = self.money("amount_vendor").ok()??;
        let kept = paid?.minus(earned).ok()?;
        (kept.is_positive() && !earned.is_negative()).then_some(kept)
    }

    fn customer(&self) -> Customer {
        let joined = |names: [&str; 2]| {
            let parts: Vec<&str> = names.iter().filter_map(|name| self.fields.get(name)).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        let name = joined(["address_first_name", "address_last_name"])
            .or_else(|| joined(["buyer_first_name", "buyer_last_name"]));
        let company = self.fields.first(&["address_company"]);
        // Without a street it is no address.
        let lines = |street| {
            let more = self.fields.first(&["address_street2"]);
            let place = joined(["address_zipcode", "address_city"]);
            let country = self.fields.first(&["address_country_name", "address_country"]);
            [company.clone(), name.clone(), Some(street), more, place, country]
                .into_iter()
                .flatten()
                .collect()
        };
        Customer {
            address: self.fields.first(&["address_street"]).map(lines).unwrap_or_default(),
            // `buyer_email` may be a pseudonymous one.
            email: self.fields.first(&["email", "buyer_email"]),
            phone: self.fields.first(&["address_phone_no", "address_mobile_no"]),
            country: self.fields.first(&["address_country", "buyer_address_country"]),
            name: name.or(company),
        }
    }

    /// The products of the order. Amounts only where money is what the event is about: that of the product, or of the
    /// whole where there is only one.
    fn items(&self, total: Option<Money>) -> Vec<EventItem> {
        let count = self.fields.get("item_count").and_then(|number| number.parse().ok()).unwrap_or(1);
        let item = |number: u32| {
            let suffixed =
                |name: &str| if number == 1 { name.to_owned() } else { format!("{name}_{number}") };
            let own = |name: &str| self.fields.get(&suffixed(name));
            let amount = total.and_then(|total| match own("product_txn_amount") {
                Some(digits) => amount::decimal(digits, total.currency()).ok().map(Money::abs),
                None => (count == 1).then_some(total),
            });
            Some(EventItem {
                name: own("product_name").or(own("product_id"))?.to_owned(),
                sku: own("product_id").map(str::to_owned),
                quantity: own("quantity").and_then(|number| number.parse().ok()).unwrap_or(1),
                amount,
            })
        };
        (1..=count.clamp(1, ITEMS_MAX)).filter_map(item).collect()
    }
}
