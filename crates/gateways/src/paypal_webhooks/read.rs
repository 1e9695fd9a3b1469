//! What a resource says: that of a message, or the API's own record of it, which has the same form.

use super::topic::Topic;
use crate::Settings;
use crate::kit::json::Json;
use crate::kit::{amount, time};
use crate::paypal::identity;
use crate::paypal::words::canonical;
use ipnd_core::event::{EventItem, EventKind};
use ipnd_core::{Customer, Event, Money, Reason};

/// The event that follows from a resource. `Err` is why there is none.
pub(super) fn event(topic: Topic, resource: &Json<'_>, settings: &Settings) -> Result<Event, Reason> {
    let reading = Reading { topic, resource, settings };
    match topic {
        Topic::Capture(kind) => reading.capture(kind),
        Topic::Authorization(kind) => reading.authorization(kind),
        Topic::Order(kind) => reading.order(kind),
        Topic::Refund(kind) => reading.refund(kind),
        Topic::Dispute(kind) => reading.dispute(kind),
        Topic::Subscription(kind) => reading.subscription(kind),
        Topic::Payout => reading.payout(),
        Topic::Nothing | Topic::Unknown => Err(Reason::new("nothing_to_do", "")),
    }
}

struct Reading<'r> {
    topic: Topic,
    resource: &'r Json<'r>,
    settings: &'r Settings,
}

impl Reading<'_> {
    fn id(&self) -> Result<&str, Reason> {
        self.topic.id(self.resource).ok_or_else(|| Reason::new("transaction_missing", "id"))
    }

    fn text(&self, paths: &[&str]) -> Option<String> {
        self.resource.first(paths)
    }

    fn status(&self) -> Option<String> {
        self.text(&["status", "state", "transaction_status"])
    }

    /// The status in small letters, if it is one of these; otherwise it is the reason why nothing follows.
    fn status_among(&self, known: &[&str]) -> Result<String, Reason> {
        let status = self.status().unwrap_or_default();
        let word = canonical(&status);
        if known.contains(&word.as_str()) { Ok(word) } else { Err(Reason::new("unknown_status", status)) }
    }

    /// What everything that is told has in common. Whether it is play money is settled by now: an account accepts the
    /// certificates of its own environment alone.
    fn event(&self, kind: EventKind, identity: String) -> Event {
        Event {
            occurred_at: self.resource.text("create_time").and_then(time::rfc3339),
            order_ref: self.text(&["invoice_id", "invoice_number", "custom_id", "custom"]),
            custom: self.text(&["custom_id", "custom"]),
            status: self.status(),
            reason: self.text(&["status_details.reason", "reason_code"]),
            receivers: self.receivers(self.resource.at("payee")),
            ..Event::new(kind, identity, self.settings.environment)
        }
    }

    /// Who got the money. Where a message does not say so, it is whoever the webhook belongs to, whose id is in the
    /// signature.
    fn receivers(&self, payee: &Json<'_>) -> Vec<String> {
        let named = ["merchant_id", "email_address"].map(|name| payee.text(name).map(str::to_owned));
        let named: Vec<String> = named.into_iter().flatten().collect();
        if named.is_empty() { self.settings.list("receivers").map(str::to_owned).collect() } else { named }
    }

    fn transaction(&self, kind: EventKind) -> Result<Event, Reason> {
        let id = self.id()?;
        let reason = self.text(&["status_details.reason", "reason_code"]);
        let reason = reason.as_deref().map(of_pending_reason);
        Ok(Event {
            transaction: Some(id.to_owned()),
            amount: Some(money(self.resource.at("amount"))?),
            ..self.event(kind, identity::of_transaction(kind, id, reason.as_deref()))
        })
    }

    fn capture(&self, kind: EventKind) -> Result<Event, Reason> {
        if kind == EventKind::PaymentCompleted {
            // What was completed may have been refunded by now.
            self.status_among(&["completed", "partially_refunded", "refunded", "reversed"])?;
        } else if kind == EventKind::PaymentDenied {
            self.status_among(&["declined", "denied", "failed", "voided"])?;
        }
        let event = self.transaction(kind)?;
        if event.amount.is_some_and(Money::is_negative) {
            return Err(Reason::new("amount_negative", "amount"));
        }
        let fee = ["seller_receivable_breakdown.paypal_fee", "transaction_fee"];
        let authorization = self.resource.text("supplementary_data.related_ids.authorization_id");
        let authorization = authorization.map(str::to_owned);
        Ok(Event {
            fee: fee.iter().find_map(|path| money(self.resource.at(path)).ok()),
            parent: authorization.or_else(|| self.linked("up", "authorizations")),
            subscription: self.text(&["billing_agreement_id"]),
            ..event
        })
    }

    fn authorization(&self, kind: EventKind) -> Result<Event, Reason> {
        if kind == EventKind::PaymentVoided {
            self.status_among(&["voided"])?;
        }
        self.transaction(kind)
    }

    /// An order that nobody has captured yet. Its amount is the sum of its parts, of which there is nearly always one.
    fn order(&self, kind: EventKind) -> Result<Event, Reason> {
        let id = self.id()?;
        let units = self.resource.list("purchase_units");
        let Some(first) = units.first() else { return self.transaction(kind) };
        let mut total = money(first.at("amount"))?;
        for unit in &units[1..] {
            let sum = total.plus(money(unit.at("amount"))?);
            total = sum.map_err(|error| Reason::new("amount_unreadable", error.to_string()))?;
        }
        let shipping = first.at("shipping");
        Ok(Event {
            transaction: Some(id.to_owned()),
            amount: Some(total),
            order_ref: first.first(&["invoice_id", "custom_id"]),
            custom: first.first(&["custom_id"]),
            receivers: self.receivers(first.at("payee")),
            customer: customer(self.resource.at("payer"), shipping),
            items: units.iter().flat_map(|unit| unit.list("items")).filter_map(item).collect(),
            ..self.event(kind, identity::of_transaction(kind, id, None))
        })
    }

    /// Money that goes back. The amount is negative in the older resources and positive in the newer ones.
    fn refund(&self, kind: EventKind) -> Result<Event, Reason> {
        let kind = match self.status_among(&["completed", "pending", "failed", "cancelled"])?.as_str() {
            "completed" => kind,
            _ if kind == EventKind::ReversalMade => {
                return Err(Reason::new("unknown_status", self.status().unwrap_or_default()));
            }
            "pending" => EventKind::RefundPending,
            _ => EventKind::RefundFailed,
        };
        let event = self.transaction(kind)?;
        let fee = money(self.resource.at("seller_payable_breakdown.paypal_fee")).ok();
        let named = self.text(&["capture_id", "sale_id", "supplementary_data.related_ids.capture_id"]);
        Ok(Event {
            amount: event.amount.map(Money::abs),
            // What PayPal gives back of its fee.
            fee: fee.filter(|fee| !fee.is_zero()).map(|fee| fee.abs().negated()),
            parent: named.or_else(|| self.linked("up", "captures")).or_else(|| self.linked("sale", "sale")),
            reason: event.reason.clone().or_else(|| self.text(&["note_to_payer"])),
            ..event
        })
    }

    /// The last part of the link with this relation, if it leads into this collection.
    fn linked(&self, relation: &str, collection: &str) -> Option<String> {
        let own = self.resource.list("links").iter().find(|link| link.text("rel") == Some(relation))?;
        let mut parts = own.text("href")?.rsplit('/');
        let id = parts.next().filter(|id| !id.is_empty())?;
        (parts.next() == Some(collection)).then(|| id.to_owned())
    }

    fn dispute(&self, kind: Option<EventKind>) -> Result<Event, Reason> {
        let case = self.id()?;
        let about = self.resource.at("disputed_transactions.0");
        let kind = match kind {
            Some(kind) => kind,
            None => self.outcome()?,
        };
        let reason = self.text(&["reason"]);
        let at = if kind == EventKind::DisputeOpened { "create_time" } else { "update_time" };
        let at = self.resource.text(at);
        let identity = match kind {
            EventKind::DisputeOpened => {
                let case_type = self.case_type();
                let reason = reason.as_deref().map(|reason| of_dispute_reason(reason, case_type));
                identity::of_dispute(case, case_type, reason.as_deref())
            }
            EventKind::DisputeUpdated => format!("dispute/{case}/updated/{}", at.unwrap_or_default()),
            _ => format!("dispute/{case}/{}", identity::last_word(kind)),
        };
        Ok(Event {
            occurred_at: at.and_then(time::rfc3339),
            case: Some(case.to_owned()),
            parent: about.first(&["seller_transaction_id"]),
            amount: money(self.resource.at("dispute_amount")).ok(),
            order_ref: about.first(&["invoice_number", "custom"]),
            custom: about.first(&["custom"]),
            receivers: self.receivers(about.at("seller")),
            reason,
            ..self.event(kind, identity)
        })
    }

    /// How a dispute ended.
    fn outcome(&self) -> Result<EventKind, Reason> {
        self.status_among(&["resolved"])?;
        let outcome = self.text(&["dispute_outcome.outcome_code"]).unwrap_or_default();
        match outcome.as_str() {
            "RESOLVED_BUYER_FAVOUR" | "ACCEPTED" => Ok(EventKind::DisputeLost),
            // With a payout, PayPal has borne the loss.
            "RESOLVED_SELLER_FAVOUR" | "RESOLVED_WITH_PAYOUT" | "CANCELED_BY_BUYER" | "DENIED" => {
                Ok(EventKind::DisputeWon)
            }
            // Closed because another case about the same payment was opened.
            "NONE" => Ok(EventKind::DisputeUpdated),
            _ => Err(Reason::new("unknown_status", outcome)),
        }
    }

    /// The classic notification's word for the stage, so that both ways of telling come to the same identity.
    fn case_type(&self) -> Option<&'static str> {
        match self.resource.text("dispute_life_cycle_stage")? {
            "INQUIRY" => Some("dispute"),
            _ if self.resource.text("dispute_channel") == Some("EXTERNAL") => Some("chargeback"),
            _ => Some("complaint"),
        }
    }

    fn subscription(&self, kind: EventKind) -> Result<Event, Reason> {
        let id = self.id()?;
        match kind {
            EventKind::SubscriptionCancelled => drop(self.status_among(&["cancelled", "expired"])?),
            EventKind::SubscriptionEnded => drop(self.status_among(&["expired"])?),
            _ => {}
        }
        let failed = self.resource.at("billing_info.last_failed_payment");
        let is_failure = kind == EventKind::SubscriptionPaymentFailed;
        let at = if is_failure { failed.text("time") } else { None };
        let at = at.or(self.resource.text("status_update_time")).or(self.resource.text("create_time"));
        let happens_once = matches!(
            kind,
            EventKind::SubscriptionStarted | EventKind::SubscriptionCancelled | EventKind::SubscriptionEnded
        );
        let moment = if happens_once { "" } else { at.unwrap_or_default() };
        let slash = if moment.is_empty() { "" } else { "/" };
        Ok(Event {
            occurred_at: at.and_then(time::rfc3339),
            subscription: Some(id.to_owned()),
            amount: if is_failure { money(failed.at("amount")).ok() } else { None },
            reason: if is_failure { failed.first(&["reason_code"]) } else { None },
            customer: customer(self.resource.at("subscriber"), self.resource.at("subscriber")),
            ..self.event(kind, format!("subscription/{id}/{}{slash}{moment}", identity::last_word(kind)))
        })
    }

    fn payout(&self) -> Result<Event, Reason> {
        let status = self.status().unwrap_or_default();
        let kind = match canonical(&status).as_str() {
            "success" => EventKind::PayoutCompleted,
            "pending" | "unclaimed" | "onhold" | "held" | "new" => EventKind::PayoutPending,
            "failed" | "returned" | "blocked" | "refunded" | "reversed" | "denied" | "canceled" => {
                EventKind::PayoutFailed
            }
            _ => return Err(Reason::new("unknown_status", status)),
        };
        let transaction = self.text(&["transaction_id"]);
        let own_id = self.text(&["payout_item.sender_item_id"]);
        let at = self.resource.text("time_processed").and_then(time::rfc3339);
        if transaction.is_none() && own_id.is_none() {
            return Err(Reason::new("transaction_missing", "transaction_id"));
        }
        let identity = identity::of_payout(kind, transaction.as_deref(), own_id.as_deref(), at);
        Ok(Event {
            occurred_at: at,
            transaction,
            amount: Some(money(self.resource.at("payout_item.amount"))?),
            fee: money(self.resource.at("payout_item_fee")).ok(),
            receivers: self.text(&["payout_item.receiver"]).into_iter().collect(),
            order_ref: None,
            custom: own_id,
            reason: self.text(&["errors.name"]),
            ..self.event(kind, identity)
        })
    }
}

/// `{value, currency_code}`, or in the older resources `{total, currency}` and `{value, currency}`.
fn money(amount: &Json<'_>) -> Result<Money, Reason> {
    let code = amount.first(&["currency_code", "currency"]);
    let code = code.ok_or_else(|| Reason::new("field_missing", "currency_code"))?;
    let text = amount.first(&["value", "total"]);
    let text = text.ok_or_else(|| Reason::new("amount_unreadable", "value"))?;
    amount::decimal(&text, amount::currency(&code)?)
}

/// The classic notification's word for why a payment is pending.
fn of_pending_reason(reason: &str) -> String {
    match canonical(reason).as_str() {
        "pending_review" | "payment_review" => "paymentreview".to_owned(),
        "international_withdrawal" => "intl".to_owned(),
        "verification_required" => "verify".to_owned(),
        "receiving_preference_mandates_manual_action" => "multi_currency".to_owned(),
        other => other.to_owned(),
    }
}

/// The classic notification's word for why somebody complains.
fn of_dispute_reason(reason: &str, case_type: Option<&str>) -> String {
    match canonical(reason).as_str() {
        "merchandise_or_service_not_received" => "non_receipt".to_owned(),
        "merchandise_or_service_not_as_described" if case_type == Some("chargeback") => {
            "merchandise".to_owned()
        }
        "merchandise_or_service_not_as_described" => "not_as_described".to_owned(),
        "unauthorised" if case_type == Some("chargeback") => "unauthorized".to_owned(),
        "unauthorised" => "unauthorized_claim".to_owned(),
        other => other.to_owned(),
    }
}

fn item(item: &Json<'_>) -> Option<EventItem> {
    let quantity: u32 = item.scalar("quantity")?.parse().ok()?;
    let each = money(item.at("unit_amount")).ok();
    Some(EventItem {
        sku: item.first(&["sku"]),
        name: item.text("name")?.to_owned(),
        quantity,
        amount: each.and_then(|each| each.times(quantity).ok()),
    })
}

/// A payer or subscriber, and where the goods go.
fn customer(person: &Json<'_>, shipping: &Json<'_>) -> Customer {
    let own = [person.text("name.given_name"), person.text("name.surname")];
    let own = own.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let recipient = shipping.first(&["shipping_address.name.full_name", "name.full_name"]);
    let address = match shipping.at("shipping_address.address") {
        Json::Null => shipping.at("address"),
        address => address,
    };
    let part = |name: &str| address.text(name);
    let city = [part("postal_code"), part("admin_area_2"), part("admin_area_1")];
    let city = city.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let street = [recipient.as_deref(), part("address_line_1"), part("address_line_2")];
    let lines = street.into_iter().flatten().chain([city.as_str()]).filter(|line| !line.is_empty());
    let has_address = address.is_object() && address.text("address_line_1").is_some();
    Customer {
        name: Some(own).filter(|name| !name.is_empty()).or(recipient.clone()),
        email: person.first(&["email_address"]),
        phone: person.first(&["phone.phone_number.national_number"]),
        address: if has_address { lines.map(str::to_owned).collect() } else { Vec::new() },
        country: address.first(&["country_code"]).or_else(|| person.first(&["address.country_code"])),
    }
}
