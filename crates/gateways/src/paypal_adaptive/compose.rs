//! The message that PayPal would have sent to tell of an event: the inverse of interpretation.
//!
//! Each message has one receiver. What PayPal always sends and an event does not know (the request, the sender's own
//! transaction) is derived from the event, so that the same event always gives the same bytes.

use super::fields::of_share;
use super::interpret::STATUSES;
use super::message::request_of;
use crate::kit::dates;
use crate::kit::mac::{Algorithm, Encoding};
use crate::paypal::envelope::{Fields, posted, surround};
use crate::paypal::words::canonical;
use crate::{CannotCompose, RawRequest, Settings};
use ipnd_core::{Event, EventKind, Money};
use jiff::{SignedDuration, Timestamp};

/// How long a preapproval is made out for.
const AGREED_FOR: SignedDuration = SignedDuration::from_hours(365 * 24);

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    use EventKind::*;
    let mut message = Composer::new(event, settings, now);
    match event.kind {
        PaymentPending | PaymentCompleted | PaymentDenied | PaymentFailed => message.payment()?,
        RefundCompleted => message.refund()?,
        ReversalMade => message.reversal()?,
        AgreementStarted | AgreementCancelled => message.agreement()?,
        other => return Err(cannot(other.word())),
    }
    surround(&mut message.fields, event, "UNVERSIONED");
    Ok(posted(&message.fields))
}

fn cannot(what: &str) -> CannotCompose {
    CannotCompose { gateway: super::GATEWAY.id, what: what.to_owned() }
}

struct Composer<'a> {
    event: &'a Event,
    settings: &'a Settings,
    now: Timestamp,
    /// The request that the share belongs to, and the receiver's number in it.
    pay_key: String,
    place: usize,
    fields: Fields,
}

impl<'a> Composer<'a> {
    fn new(event: &'a Event, settings: &'a Settings, now: Timestamp) -> Self {
        let named =
            [&event.transaction, &event.parent].into_iter().flatten().find_map(|name| request_of(name));
        let (pay_key, place) = match named {
            Some((pay_key, place)) => (pay_key.to_owned(), place),
            None => (format!("AP-{}", derived(event, "pay key")), 0),
        };
        Self { event, settings, now, pay_key, place, fields: Fields::new() }
    }

    fn put(&mut self, name: &str, value: impl Into<String>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    fn put_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.put(name, value);
        }
    }

    fn share(&mut self, own: &str, value: impl Into<String>) {
        self.put(&of_share(self.place, own), value);
    }

    /// Who is paid: an address where there is one.
    fn receiver(&self) -> String {
        let named = &self.event.receivers;
        let own: Vec<String> = self.settings.list("receivers").map(str::to_owned).collect();
        let of = if named.iter().all(String::is_empty) { &own } else { named };
        let first =
            of.iter().find(|name| name.contains('@')).or_else(|| of.iter().find(|name| !name.is_empty()));
        first.cloned().unwrap_or_default()
    }

    /// What all messages about a request have in common.
    fn request(&mut self, transaction_type: &str, status: &str) {
        let event = self.event;
        let requested_at = event.occurred_at.unwrap_or(self.now);
        self.put("payment_request_date", dates::format_year_last(requested_at));
        self.put("return_url", "https://shop.example/done");
        self.put("cancel_url", "https://shop.example/cancelled");
        self.put("fees_payer", "EACHRECEIVER");
        self.put_some("sender_email", event.customer.email.as_deref());
        self.put("action_type", "PAY");
        self.put("pay_key", self.pay_key.clone());
        self.put_some("preapproval_key", event.subscription.as_deref());
        self.put_some("tracking_id", event.custom.as_deref());
        self.put_some("memo", event.note.as_deref());
        self.put("transaction_type", transaction_type);
        self.put("status", self.status(status));
        self.put("reverse_all_parallel_payments_on_error", "false");
        self.put("log_default_shipping_address_in_transaction", "false");
        let receiver = self.receiver();
        self.share("receiver", receiver);
        self.share("is_primary_receiver", "false");
        self.share("paymentType", "GOODS");
        self.share("id_for_sender_txn", derived(event, "sender"));
        if event.order_ref != event.custom {
            self.put_some(&of_share(self.place, "invoiceId"), event.order_ref.as_deref());
        }
    }

    /// The event's own word where it may stand with this kind of event, else the usual one.
    fn status(&self, usual: &str) -> String {
        let own = self.event.status.as_deref().filter(|own| {
            let own = canonical(own);
            let is_failed = self.event.kind == EventKind::PaymentFailed;
            (own != "error" || is_failed) && STATUSES.contains(&own.as_str())
        });
        own.unwrap_or(usual).to_owned()
    }

    fn payment(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let id = event.transaction.as_deref().filter(|name| !name.is_empty() && request_of(name).is_none());
        let is_completed = event.kind == EventKind::PaymentCompleted;
        if is_completed && (id.is_none() || event.amount.is_none()) {
            return Err(cannot("a completed payment without a transaction or an amount"));
        }
        let waits = event.reason.as_deref().filter(|_| event.kind == EventKind::PaymentPending);
        let (status, word) = match (event.kind, waits.map(canonical).as_deref()) {
            (EventKind::PaymentCompleted, _) => ("COMPLETED", "Completed"),
            (EventKind::PaymentFailed, _) => ("ERROR", "FAILED"),
            (EventKind::PaymentDenied, _) => ("INCOMPLETE", "DENIED"),
            (_, Some("processing")) => ("PROCESSING", "PROCESSING"),
            (_, Some("created")) => ("CREATED", "CREATED"),
            _ => ("PENDING", "Pending"),
        };
        let reason = waits.filter(|_| word == "Pending").map_or_else(|| "NONE".to_owned(), str::to_owned);
        self.request("Adaptive Payment PAY", status);
        self.put_some(&of_share(self.place, "id"), id);
        if is_completed {
            self.share("status", word);
        }
        self.share("status_for_sender_txn", word);
        self.share("pending_reason", reason);
        if let Some(amount) = event.amount {
            self.amount("amount", amount.abs());
        }
        Ok(())
    }

    /// The payment that money went back of, and the money.
    fn adjustment(&mut self, payment: &str, reason: Option<&str>) -> Result<Money, CannotCompose> {
        let amount = self.event.amount.ok_or_else(|| cannot("money back without an amount"))?.abs();
        self.request("Adjustment", "COMPLETED");
        self.put_some("reason_code", reason);
        self.put_some(&of_share(self.place, "id"), Some(payment).filter(|name| request_of(name).is_none()));
        self.amount("amount", amount);
        self.share("pending_reason", "NONE");
        Ok(amount)
    }

    fn refund(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let payment = event.parent.as_deref().ok_or_else(|| cannot("a refund of nothing"))?;
        let id = event.transaction.as_deref().filter(|id| !id.is_empty());
        if id.is_none() && !event.amount_is_total {
            return Err(cannot("one of several refunds without an id"));
        }
        let amount = self.adjustment(payment, event.reason.as_deref().or(Some("Refund")))?;
        self.share("status", "Refunded");
        self.share("status_for_sender_txn", "REFUNDED");
        self.put_some(&of_share(self.place, "refund_id"), id);
        if !event.amount_is_total {
            self.amount("refund_amount", amount);
        }
        Ok(())
    }

    fn reversal(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let named = event.parent.as_deref().or(event.transaction.as_deref());
        let payment = named.ok_or_else(|| cannot("a reversal of nothing"))?;
        if event.amount_is_total {
            return Err(cannot("the total of several events"));
        }
        // With this reason the message would tell of a refund.
        self.adjustment(payment, event.reason.as_deref().filter(|own| canonical(own) != "refund"))?;
        self.share("status_for_sender_txn", "REVERSED");
        if event.parent.is_some() {
            self.put_some(&of_share(self.place, "refund_id"), event.transaction.as_deref());
        }
        Ok(())
    }

    fn amount(&mut self, own: &str, amount: Money) {
        self.share(own, format!("{} {}", amount.currency().code(), amount.decimal()));
    }

    fn agreement(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let key = event.subscription.as_deref().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| cannot("an agreement without an id"))?;
        let is_started = event.kind == EventKind::AgreementStarted;
        let began = event.occurred_at.unwrap_or(self.now);
        let own = event.status.as_deref().filter(|own| canonical(own).starts_with("deactiv"));
        let status = if is_started { "ACTIVE" } else { own.unwrap_or("CANCELED") };
        self.put("transaction_type", "Adaptive Payment PREAPPROVAL");
        self.put("preapproval_key", key);
        self.put("approved", if is_started { "true" } else { "false" });
        self.put("status", status);
        self.put_some("sender_email", event.customer.email.as_deref());
        self.put_some("memo", event.note.as_deref());
        self.put("currency_code", event.amount.map_or("USD", |amount| amount.currency().code()));
        let limit = event.amount.map_or_else(|| "2000.00".to_owned(), |amount| amount.abs().decimal());
        self.put("max_total_amount_of_all_payments", limit);
        self.put("starting_date", began.to_string());
        self.put("ending_date", began.saturating_add(AGREED_FOR).unwrap_or(began).to_string());
        self.put("current_number_of_payments", "0");
        self.put("current_total_amount_of_all_payments", "0.00");
        self.put("payment_period", "0");
        self.put("day_of_week", "NO_DAY_SPECIFIED");
        self.put("date_of_month", "0");
        self.put("pin_type", "NOT_REQUIRED");
        Ok(())
    }
}

/// Seventeen characters as PayPal's ids have them, for what the event does not know.
fn derived(event: &Event, what: &str) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[event.identity.as_bytes(), b"\n", what.as_bytes()]);
    Encoding::HexUpper.encode(&digest)[..17].to_owned()
}
