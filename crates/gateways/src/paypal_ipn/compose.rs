//! The message that PayPal would have sent to tell of an event: the inverse of interpretation.
//!
//! What PayPal has no variable for is left out. What it always sends and an event does not know (track id, signature,
//! payer id) is derived from the event, so that the same event always gives the same bytes.

use super::classify::{self, canonical};
use super::{customer, identity, items};
use crate::kit::{charset, dates};
use crate::{CannotCompose, RawRequest, Settings};
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use encoding_rs::Encoding;
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// The variables of a message in the order in which they are sent.
type Fields = Vec<(String, String)>;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    use EventKind::*;
    let mut message = Composer { event, settings, now, fields: Fields::new() };
    match event.kind {
        PaymentPending | PaymentOrdered | PaymentAuthorized | PaymentCompleted | PaymentDenied
        | PaymentFailed | PaymentVoided | PaymentExpired => message.payment()?,
        RefundCompleted | ReversalMade | ReversalCancelled => message.money_back()?,
        DisputeOpened => message.dispute()?,
        DisputeWon | DisputeLost => message.adjustment()?,
        SubscriptionStarted
        | SubscriptionModified
        | SubscriptionPaymentFailed
        | SubscriptionPaymentSkipped
        | SubscriptionSuspended
        | SubscriptionCancelled
        | SubscriptionEnded => message.subscription()?,
        AgreementStarted | AgreementCancelled => message.agreement()?,
        PayoutPending | PayoutCompleted | PayoutFailed => message.payout()?,
    }
    Ok(message.request())
}

struct Composer<'a> {
    event: &'a Event,
    settings: &'a Settings,
    now: Timestamp,
    fields: Fields,
}

impl Composer<'_> {
    fn put(&mut self, name: &str, value: impl Into<String>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    fn put_some(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn put_all<N: Into<String>>(&mut self, fields: impl IntoIterator<Item = (N, String)>) {
        self.fields.extend(fields.into_iter().map(|(name, value)| (name.into(), value)));
    }

    fn payment(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let gross = event.amount.map(Money::abs);
        if gross.is_none() && event.kind == EventKind::PaymentCompleted {
            return Err(cannot("a completed payment without an amount"));
        }
        let agreement = event.subscription.as_deref().is_some_and(|id| id.starts_with("B-"));
        let single = items::is_single(&event.items, event.kind, gross);
        let txn_type = match (&event.subscription, event.items.len()) {
            (Some(_), _) if agreement => "merch_pmt",
            (Some(_), _) => "subscr_payment",
            (None, 0) => "express_checkout",
            (None, _) if single => "web_accept",
            (None, _) => "cart",
        };
        self.put("txn_type", txn_type);
        self.put_some(if agreement { "mp_id" } else { "subscr_id" }, event.subscription.as_ref());
        if event.kind == EventKind::PaymentAuthorized {
            self.put("transaction_entity", "auth");
            self.put("auth_status", "Pending");
            self.put_some("auth_id", event.transaction.as_ref());
        }
        self.transaction(gross, event.fee)
    }

    /// Refunds and reversals have no `txn_type`; what went away is negative.
    fn money_back(&mut self) -> Result<(), CannotCompose> {
        let amount = self.event.amount.ok_or_else(|| cannot("a refund or reversal without an amount"))?.abs();
        let returned = self.event.kind == EventKind::ReversalCancelled;
        self.put_some("subscr_id", self.event.subscription.as_ref());
        self.transaction(Some(if returned { amount } else { amount.negated() }), self.event.fee)
    }

    fn transaction(&mut self, gross: Option<Money>, fee: Option<Money>) -> Result<(), CannotCompose> {
        self.transaction_head()?;
        self.put("payment_date", dates::format(self.event.occurred_at.unwrap_or(self.now)));
        let cheque = self.event.reason.as_deref().is_some_and(|reason| canonical(reason) == "echeck");
        self.put("payment_type", if cheque { "echeck" } else { "instant" });
        self.money(gross, fee);
        self.put_all(items::write(&self.event.items, self.event.kind, self.event.amount.map(Money::abs)));
        self.references();
        self.receivers();
        self.customer();
        self.put_some("memo", self.event.note.as_ref());
        Ok(())
    }

    fn transaction_head(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let id = event.transaction.as_ref().filter(|id| !id.is_empty());
        self.put("txn_id", id.ok_or_else(|| cannot("a transaction without an id"))?);
        self.put_some("parent_txn_id", event.parent.as_ref());
        self.put("payment_status", self.status()?);
        let pending = classify::status_of_kind(event.kind) == Some("Pending");
        let reason = match event.kind {
            EventKind::PaymentAuthorized => Some("authorization".to_owned()),
            EventKind::PaymentOrdered => Some("order".to_owned()),
            _ => event.reason.clone(),
        };
        self.put_some(if pending { "pending_reason" } else { "reason_code" }, reason.as_ref());
        Ok(())
    }

    /// The event's own word for its status where PayPal has that word for the same kind, else PayPal's usual one.
    fn status(&self) -> Result<String, CannotCompose> {
        let kind = self.event.kind;
        let usual = classify::status_of_kind(kind).ok_or_else(|| cannot(kind.word()))?;
        let own = self.event.status.as_deref().filter(|own| {
            let pending = self.event.reason.as_deref();
            classify::kind_of_status(own, pending) == Some(kind)
        });
        Ok(own.unwrap_or(usual).to_owned())
    }

    fn money(&mut self, gross: Option<Money>, fee: Option<Money>) {
        let Some(gross) = gross else { return };
        let dollars = gross.currency().code() == "USD";
        self.put("mc_currency", gross.currency().code());
        self.put("mc_gross", gross.decimal());
        // The older variables are always sent, and empty unless the amount is in US dollars.
        self.put("payment_gross", if dollars { gross.decimal() } else { String::new() });
        if let Some(fee) = fee.filter(|fee| fee.currency() == gross.currency()) {
            self.put("mc_fee", fee.decimal());
            self.put("payment_fee", if dollars { fee.decimal() } else { String::new() });
        }
    }

    /// A case that was closed: `Completed` whichever way it went, told apart by the sign.
    fn adjustment(&mut self) -> Result<(), CannotCompose> {
        let amount = self.event.amount.filter(|amount| !amount.is_zero());
        let amount = amount.ok_or_else(|| cannot("an adjustment without an amount"))?.abs();
        let lost = self.event.kind == EventKind::DisputeLost;
        self.put("txn_type", "adjustment");
        self.transaction_head()?;
        self.put("payment_date", dates::format(self.event.occurred_at.unwrap_or(self.now)));
        self.money(Some(if lost { amount.negated() } else { amount }), self.event.fee.map(Money::negated));
        self.put_some("case_id", self.event.case.as_ref());
        self.references();
        self.put_all(receiver_fields(&self.event.receivers));
        // The payer named in such a message is the shop itself.
        let own_address = self.settings.list("receivers").find(|receiver| receiver.contains('@'));
        self.put_some("payer_email", own_address.map(str::to_owned).as_ref());
        Ok(())
    }

    fn dispute(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        self.put("txn_type", "new_case");
        self.put("case_id", event.case.as_ref().ok_or_else(|| cannot("a dispute without a case"))?);
        self.put("case_type", event.status.as_deref().unwrap_or("complaint"));
        self.put("case_creation_date", dates::format(event.occurred_at.unwrap_or(self.now)));
        self.put_some("reason_code", event.reason.as_ref());
        self.put_some("txn_id", event.parent.as_ref());
        self.put_all(items::write(&event.items, event.kind, None));
        self.references();
        self.receivers();
        self.customer();
        Ok(())
    }

    /// An event with a status belongs to a recurring profile, one without to a subscription made with a button.
    fn subscription(&mut self) -> Result<(), CannotCompose> {
        use EventKind::*;
        let event = self.event;
        let id = event.subscription.as_ref().ok_or_else(|| cannot("a subscription without an id"))?;
        let profile = event.status.is_some()
            || matches!(event.kind, SubscriptionPaymentSkipped | SubscriptionSuspended);
        let profile = profile && event.kind != SubscriptionModified;
        let txn_type = match (event.kind, profile) {
            (SubscriptionStarted, true) => "recurring_payment_profile_created",
            (SubscriptionStarted, false) => "subscr_signup",
            (SubscriptionModified, _) => "subscr_modify",
            (SubscriptionPaymentFailed, true) => "recurring_payment_failed",
            (SubscriptionPaymentFailed, false) => "subscr_failed",
            (SubscriptionPaymentSkipped, _) => "recurring_payment_skipped",
            (SubscriptionSuspended, _) => "recurring_payment_suspended",
            (SubscriptionCancelled, true) => "recurring_payment_profile_cancel",
            (SubscriptionCancelled, false) => "subscr_cancel",
            (_, true) => "recurring_payment_expired",
            (_, false) => "subscr_eot",
        };
        self.put("txn_type", txn_type);
        if profile {
            self.put("recurring_payment_id", id);
            self.profile();
        } else {
            self.put("subscr_id", id);
            self.button_subscription();
        }
        self.put_all(items::write(&event.items, event.kind, None));
        self.references();
        self.receivers();
        self.customer();
        Ok(())
    }

    fn profile(&mut self) {
        let event = self.event;
        self.put_some("profile_status", event.status.as_ref());
        if event.kind == EventKind::SubscriptionStarted {
            self.put("time_created", dates::format(event.occurred_at.unwrap_or(self.now)));
        }
        let next = if identity::happens_once(event.kind) { None } else { self.moment_in_identity() };
        self.put("next_payment_date", next.map_or_else(|| "N/A".to_owned(), dates::format));
        if let Some(amount) = event.amount {
            self.put("currency_code", amount.currency().code());
            self.put("amount", amount.decimal());
        }
    }

    fn button_subscription(&mut self) {
        let event = self.event;
        let happened = event.occurred_at.unwrap_or(self.now);
        match event.kind {
            EventKind::SubscriptionStarted | EventKind::SubscriptionCancelled => {
                self.put("subscr_date", dates::format(happened));
            }
            EventKind::SubscriptionModified => {
                self.put("subscr_date", dates::format(happened));
                self.put("subscr_effective", dates::format(self.moment_in_identity().unwrap_or(happened)));
            }
            EventKind::SubscriptionPaymentFailed => {
                let five_days = SignedDuration::from_hours(5 * 24);
                let later = happened.checked_add(five_days).unwrap_or(happened);
                self.put("retry_at", dates::format(self.moment_in_identity().unwrap_or(later)));
            }
            _ => {}
        }
        if let Some(amount) = event.amount {
            self.put("mc_currency", amount.currency().code());
            self.put("mc_amount3", amount.decimal());
        }
    }

    /// The date that tells this event from the next of its kind.
    fn moment_in_identity(&self) -> Option<Timestamp> {
        self.event.identity.split('/').find_map(|part| part.parse().ok())
    }

    fn agreement(&mut self) -> Result<(), CannotCompose> {
        let id = self.event.subscription.as_ref().ok_or_else(|| cannot("an agreement without an id"))?;
        let started = self.event.kind == EventKind::AgreementStarted;
        self.put("txn_type", if started { "mp_signup" } else { "mp_cancel" });
        self.put("mp_id", id);
        self.put("mp_status", if started { "A" } else { "I" });
        self.put_some("mp_custom", self.event.custom.as_ref());
        self.put_some("invoice", self.event.order_ref.as_ref());
        self.receivers();
        self.customer();
        Ok(())
    }

    /// A mass pay with one recipient.
    fn payout(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let (line, whole) =
            classify::statuses_of_payout(event.kind).ok_or_else(|| cannot(event.kind.word()))?;
        let amount = event.amount.ok_or_else(|| cannot("a payout without an amount"))?.abs();
        if event.transaction.is_none() && event.custom.is_none() {
            return Err(cannot("a payout without an id"));
        }
        let own = event.status.as_deref().filter(|own| classify::kind_of_payout(own) == Some(event.kind));
        self.put("txn_type", "masspay");
        self.put("payment_status", whole);
        self.put("payment_date", dates::format(event.occurred_at.unwrap_or(self.now)));
        self.put_some("masspay_txn_id_1", event.transaction.as_ref());
        self.put_some("unique_id_1", event.custom.as_ref());
        self.put_some("receiver_email_1", event.receivers.first());
        self.put("mc_gross_1", amount.decimal());
        self.put("mc_currency_1", amount.currency().code());
        self.put_some("mc_fee_1", event.fee.map(Money::decimal).as_ref());
        self.put("status_1", own.unwrap_or(line));
        self.put_some("reason_code_1", event.reason.as_ref());
        Ok(())
    }

    /// The shop's references. A reference that is the pass-through value itself needs no invoice.
    fn references(&mut self) {
        let event = self.event;
        self.put("custom", event.custom.as_deref().unwrap_or_default());
        if event.order_ref != event.custom {
            self.put_some("invoice", event.order_ref.as_ref());
        }
    }

    /// The event's receivers; a message that must name one names the account's own where the event does not know.
    fn receivers(&mut self) {
        if self.event.receivers.is_empty() {
            let own: Vec<String> = self.settings.list("receivers").map(str::to_owned).collect();
            self.put_all(receiver_fields(&own));
        } else {
            self.put_all(receiver_fields(&self.event.receivers));
        }
    }

    fn customer(&mut self) {
        self.put_all(customer::write(&self.event.customer));
        if let Some(email) = &self.event.customer.email {
            let digest = Sha256::digest(email.as_bytes());
            self.put("payer_id", &BASE32_NOPAD.encode(&digest)[..13]);
            self.put("payer_status", "verified");
        }
    }

    /// The same in every message, then the form in the account's charset and the headers of PayPal's sender.
    fn request(mut self) -> RawRequest {
        let text: String = self.fields.iter().map(|(_, value)| value.as_str()).collect();
        let label = charset::label_for(&text);
        let digest = Sha256::digest(format!("{}\n{text}", self.event.identity));
        self.put("charset", label);
        self.put("notify_version", "3.9");
        if self.event.environment == Environment::Sandbox {
            self.put("test_ipn", "1");
        }
        self.put(
            "verify_sign",
            format!("A{}", BASE64URL_NOPAD.encode(&[&digest[..], &digest[..9]].concat())),
        );
        self.put("ipn_track_id", self.track_id(&digest));
        let encoding = charset::by_label(label.as_bytes());
        RawRequest {
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![
                ("user-agent".to_owned(), "PayPal IPN ( https://www.paypal.com/ipn )".to_owned()),
                ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ],
            body: encoded(&self.fields, encoding),
        }
    }

    /// Thirteen hexadecimal digits: those in the identity where they tell events apart, else derived.
    fn track_id(&self, digest: &[u8]) -> String {
        let last = self.event.identity.rsplit('/').next().unwrap_or_default();
        let is_track_id =
            (12..=13).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_track_id { last.to_owned() } else { HEXLOWER.encode(digest)[..13].to_owned() }
    }
}

fn cannot(what: &str) -> CannotCompose {
    CannotCompose { gateway: super::GATEWAY.id, what: what.to_owned() }
}

/// A merchant id has no at sign; the first address is the primary one, the second the one that was paid to.
fn receiver_fields(receivers: &[String]) -> Vec<(&'static str, String)> {
    let id = receivers.iter().find(|receiver| !receiver.contains('@'));
    let mut addresses = receivers.iter().filter(|receiver| receiver.contains('@'));
    let primary = addresses.next();
    let business = addresses.next().or(primary);
    [("receiver_id", id), ("receiver_email", primary), ("business", business)]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value.clone())))
        .collect()
}

fn encoded(fields: &Fields, encoding: &'static Encoding) -> Vec<u8> {
    let pairs = fields.iter().map(|(name, value)| {
        let (bytes, _, _) = encoding.encode(value);
        let value: String = form_urlencoded::byte_serialize(&bytes).collect();
        format!("{name}={value}")
    });
    pairs.collect::<Vec<String>>().join("&").into_bytes()
}
