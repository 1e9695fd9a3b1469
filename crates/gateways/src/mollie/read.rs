//! What Mollie's records say.

use crate::kit::found::Found;
use crate::kit::json::Json;
use crate::kit::{amount, custom_data, identity, time};
use crate::{Interpretation, Settings};
use ipnd_core::{Customer, Environment, Event, EventItem, EventKind, Money, Reason};

/// Reads record after record.
pub(super) struct Reading<'s> {
    settings: &'s Settings,
    found: Found,
}

impl From<Reading<'_>> for Interpretation {
    fn from(reading: Reading<'_>) -> Self {
        reading.found.into()
    }
}

impl<'s> Reading<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self { settings, found: Found::default() }
    }

    /// A payment with whatever is embedded in it. `order` is the record of the Orders API that it belongs to.
    pub(super) fn payment(&mut self, payment: &Json<'_>, order: Option<&Json<'_>>) {
        let record = Record { payment, order, settings: self.settings };
        if record.is_agreement() {
            self.found.take(record.agreement());
        } else {
            self.found.take(record.itself());
        }
        if matches!(payment.at("_embedded.refunds"), Json::List(_)) {
            payment.list("_embedded.refunds").iter().for_each(|refund| self.refund(refund, Some(&record)));
        } else if order.is_none() {
            // Without the single refunds their sum has to do.
            self.refunds_so_far(&record);
        }
        let chargebacks = payment.list("_embedded.chargebacks");
        chargebacks.iter().for_each(|chargeback| self.chargeback(chargeback, Some(&record)));
    }

    /// An order of the Orders API with its payments and refunds.
    pub(super) fn order(&mut self, order: &Json<'_>) {
        let payments = order.list("_embedded.payments");
        payments.iter().for_each(|payment| self.payment(payment, Some(order)));
        for refund in order.list("_embedded.refunds") {
            let of = refund.text("paymentId");
            let payment = payments.iter().find(|payment| payment.text("id") == of);
            let settings = self.settings;
            let record = payment.map(|payment| Record { payment, order: Some(order), settings });
            self.refund(refund, record.as_ref());
        }
    }

    fn refund(&mut self, refund: &Json<'_>, of: Option<&Record<'_>>) {
        let kind = match refund.text("status").unwrap_or_default() {
            "queued" | "pending" => EventKind::RefundPending,
            // On its way to the customer's bank, which can still send it back as failed.
            "processing" | "refunded" => EventKind::RefundCompleted,
            "failed" | "canceled" => EventKind::RefundFailed,
            other => return self.found.take(Err(Reason::new("unknown_status", other))),
        };
        let read = self
            .part(kind, "refund", refund, of)
            .map(|event| Event { occurred_at: refund.text("createdAt").and_then(time::rfc3339), ..event });
        self.found.take(read);
    }

    /// Taken from the shop when it comes; a reversed one was given back. Mollie has no word for one that is lost.
    fn chargeback(&mut self, chargeback: &Json<'_>, of: Option<&Record<'_>>) {
        use EventKind::{DisputeOpened, DisputeWon, ReversalCancelled, ReversalMade};
        let kinds = [
            (ReversalMade, "createdAt"),
            (DisputeOpened, "createdAt"),
            (ReversalCancelled, "reversedAt"),
            (DisputeWon, "reversedAt"),
        ];
        for (kind, at) in kinds {
            let Some(date) = chargeback.text(at).or((at == "createdAt").then_some("")) else { continue };
            let read = self.part(kind, "chargeback", chargeback, of).map(|event| Event {
                occurred_at: time::rfc3339(date),
                case: event.transaction.clone(),
                reason: chargeback.first(&["reason.code", "reason.description", "reason"]),
                ..event
            });
            self.found.take(read);
        }
    }

    /// What refunds and chargebacks have in common.
    fn part(
        &self,
        kind: EventKind,
        name: &str,
        part: &Json<'_>,
        of: Option<&Record<'_>>,
    ) -> Result<Event, Reason> {
        let id = part.text("id").ok_or_else(|| Reason::new("field_missing", format!("{name}.id")))?;
        let payment = of.and_then(|of| of.payment.text("id")).or_else(|| part.text("paymentId"));
        let payment = payment.ok_or_else(|| Reason::new("field_missing", format!("{name}.paymentId")))?;
        let own = Record { payment: part, order: None, settings: self.settings };
        Ok(Event {
            transaction: Some(id.to_owned()),
            parent: Some(payment.to_owned()),
            amount: Some(money(part, "amount")?),
            // A refund's own metadata are the shop's words about the refund, not about the order.
            order_ref: of.and_then(Record::order_ref),
            // No status: it goes on changing, and the same news must be told in the same words each time.
            ..Event::new(kind, identity::of(kind, &[name, id]), of.unwrap_or(&own).environment())
        })
    }

    fn refunds_so_far(&mut self, record: &Record<'_>) {
        if record.payment.at("amountRefunded").is_null() {
            return;
        }
        match money(record.payment, "amountRefunded") {
            Ok(sum) if sum.is_zero() => {}
            Ok(sum) => {
                let id = record.payment.text("id").unwrap_or_default();
                let kind = EventKind::RefundCompleted;
                let identity = identity::of(kind, &["refunds", id, &sum.decimal()]);
                self.found.take(Ok(Event {
                    parent: Some(id.to_owned()),
                    amount: Some(sum),
                    amount_is_total: true,
                    order_ref: record.order_ref(),
                    ..Event::new(kind, identity, record.environment())
                }));
            }
            Err(reason) => self.found.take(Err(reason)),
        }
    }

    /// `event` is the event about the payout, which decides what is meant.
    pub(super) fn payout(&mut self, kind: &str, event: &Json<'_>) {
        let payout = event.at("_embedded.entity");
        let own = match kind {
            "payout.initiated" | "payout.processing-at-bank" => EventKind::PayoutPending,
            "payout.completed" => EventKind::PayoutCompleted,
            "payout.failed" | "payout.canceled" => EventKind::PayoutFailed,
            other => return self.found.take(Err(Reason::new("unknown_type", other))),
        };
        let Some(id) = payout.text("id") else {
            return self.found.take(Err(Reason::new("field_missing", "payout.id")));
        };
        let record = Record { payment: payout, order: None, settings: self.settings };
        self.found.take(money(payout, "amount").map(|amount| Event {
            occurred_at: event.text("createdAt").and_then(time::rfc3339),
            transaction: Some(id.to_owned()),
            amount: Some(amount),
            status: payout.text("status").map(str::to_owned),
            ..Event::new(own, identity::of(own, &["payout", id]), record.environment())
        }));
    }
}

/// A payment's record.
struct Record<'a> {
    payment: &'a Json<'a>,
    order: Option<&'a Json<'a>>,
    settings: &'a Settings,
}

impl Record<'_> {
    fn itself(&self) -> Result<Event, Reason> {
        use EventKind::*;
        let payment = self.payment;
        let renews = payment.text("subscriptionId").is_some();
        let (kind, date) = match payment.text("status").unwrap_or_default() {
            "pending" => (PaymentPending, "createdAt"),
            "authorized" => (PaymentAuthorized, "authorizedAt"),
            "paid" => (PaymentCompleted, "paidAt"),
            "failed" if renews => (SubscriptionPaymentFailed, "failedAt"),
            "failed" => (PaymentFailed, "failedAt"),
            "canceled" => (PaymentVoided, "canceledAt"),
            "expired" => (PaymentExpired, "expiredAt"),
            "open" => return Err(Reason::new("nothing_to_do", "open")),
            other => return Err(Reason::new("unknown_status", other)),
        };
        let id = payment.text("id").ok_or_else(|| Reason::new("field_missing", "id"))?;
        let whole = money(payment, "amount")?;
        let captured = self.captured(kind, whole)?;
        let identity = match captured {
            // Of two events of the same second, the fold takes the one that sorts last: among parts the largest, and
            // the whole after all parts.
            Some(part) => identity::of(kind, &["part", id, &format!("{:0>20}", part.minor())]),
            None => identity::of(kind, &["payment", id]),
        };
        let reasons = ["details.failureReason", "statusReason.code", "statusReason"];
        Ok(Event {
            occurred_at: payment.text(date).and_then(time::rfc3339),
            transaction: Some(id.to_owned()),
            amount: Some(captured.unwrap_or(whole)),
            subscription: payment.text("subscriptionId").map(str::to_owned),
            items: self.items(),
            reason: payment.first(&reasons),
            ..self.event(kind, identity)
        })
    }

    /// How much of a reserved amount was taken, if it was not all of it.
    fn captured(&self, kind: EventKind, whole: Money) -> Result<Option<Money>, Reason> {
        if kind != EventKind::PaymentCompleted || self.payment.at("amountCaptured").is_null() {
            return Ok(None);
        }
        let captured = money(self.payment, "amountCaptured")?;
        Ok((captured.is_positive() && captured != whole).then_some(captured))
    }

    /// The first payment of a series may be of nothing: then the customer has only allowed later ones.
    fn is_agreement(&self) -> bool {
        self.payment.text("sequenceType") == Some("first")
            && self.payment.text("status") == Some("paid")
            && money(self.payment, "amount").is_ok_and(Money::is_zero)
    }

    fn agreement(&self) -> Result<Event, Reason> {
        let kind = EventKind::AgreementStarted;
        let id = self.payment.text("id").ok_or_else(|| Reason::new("field_missing", "id"))?;
        Ok(Event {
            occurred_at: self.payment.text("paidAt").and_then(time::rfc3339),
            transaction: Some(id.to_owned()),
            subscription: self.payment.text("mandateId").map(str::to_owned),
            ..self.event(kind, identity::of(kind, &["payment", id]))
        })
    }

    fn event(&self, kind: EventKind, identity: String) -> Event {
        Event {
            order_ref: self.order_ref(),
            receivers: self.payment.text("profileId").map(str::to_owned).into_iter().collect(),
            customer: self.customer(),
            status: self.payment.text("status").map(str::to_owned),
            custom: custom_data::custom(self.payment.at("metadata"), self.order_key()),
            ..Event::new(kind, identity, self.environment())
        }
    }

    /// What the record claims; what claims nothing is what the account is.
    fn environment(&self) -> Environment {
        match self.payment.text("mode") {
            Some("live") => Environment::Live,
            Some("test") => Environment::Sandbox,
            _ => self.settings.environment,
        }
    }

    fn order_key(&self) -> &str {
        self.settings.get("order_key").unwrap_or("order_id")
    }

    /// The shop's own number: in the metadata, which may be an object, an object written as a text, or a plain text.
    fn order_ref(&self) -> Option<String> {
        let key = self.order_key();
        let metadata = self.payment.at("metadata");
        let own = metadata.as_scalar().and_then(|text| match Json::parse(text.as_bytes()) {
            Ok(parsed) if parsed.is_object() => custom_data::order_ref(&parsed, key),
            _ => Some(text.to_owned()),
        });
        let order = || {
            let order = self.order?;
            custom_data::order_ref(order.at("metadata"), key).or_else(|| order.first(&["orderNumber"]))
        };
        own.or_else(|| custom_data::order_ref(metadata, key)).or_else(order)
    }

    fn customer(&self) -> Customer {
        let billing = self.payment.at("billingAddress");
        let billing =
            if billing.is_object() { billing } else { self.order.unwrap_or(billing).at("billingAddress") };
        let joined = |names: [&str; 2]| {
            let parts: Vec<&str> = names.iter().filter_map(|name| billing.scalar(name)).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        let lines = [
            billing.first(&["streetAndNumber"]),
            billing.first(&["streetAdditional"]),
            joined(["postalCode", "city"]),
            billing.first(&["region"]),
        ];
        let own = self.payment.first(&["details.consumerName", "details.cardHolder"]);
        Customer {
            name: joined(["givenName", "familyName"]).or(own),
            email: billing.first(&["email"]),
            phone: billing.first(&["phone"]),
            address: lines.into_iter().flatten().collect(),
            country: billing.first(&["country"]).or_else(|| self.payment.first(&["countryCode"])),
        }
    }

    fn items(&self) -> Vec<EventItem> {
        let lines = self.payment.list("lines").iter();
        let item = |line: &Json<'_>| EventItem {
            sku: line.first(&["sku"]),
            name: line.first(&["description", "name"]).unwrap_or_default(),
            quantity: line.scalar("quantity").and_then(|count| count.parse().ok()).unwrap_or(1),
            amount: money(line, "totalAmount").ok(),
        };
        lines.map(item).collect()
    }
}

/// An amount object, `{"currency":"EUR","value":"25.99"}`.
fn money(record: &Json<'_>, name: &str) -> Result<Money, Reason> {
    let own = record.at(name);
    let code =
        own.text("currency").ok_or_else(|| Reason::new("field_missing", format!("{name}.currency")))?;
    let value = own.scalar("value").ok_or_else(|| Reason::new("amount_unreadable", name))?;
    let money = amount::decimal(value, amount::currency(code)?)?;
    if money.is_negative() { Err(Reason::new("amount_negative", name)) } else { Ok(money) }
}
