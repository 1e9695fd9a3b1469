//! The message that PayPal would have sent to tell of an event: the inverse of interpretation.
//!
//! What PayPal has no variable for is left out. What it always sends and an event does not know (track id, signature,
//! payer id) is derived from the event, so that the same event always gives the same bytes.

mod envelope;
mod payouts;
mod subscriptions;
mod transactions;

use super::customer;
use crate::paypal::envelope::Fields;
use crate::{CannotCompose, RawRequest, Settings};
use data_encoding::BASE32_NOPAD;
use ipnd_core::{Event, EventKind};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    use EventKind::*;
    if event.amount_is_total {
        return Err(cannot("the total of several events"));
    }
    let event = &without_empty_texts(event.clone());
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
        PaymentUnderpaid | RefundPending | RefundFailed | DisputeUpdated => {
            return Err(cannot(event.kind.word()));
        }
    }
    Ok(message.request())
}

/// In a form an empty value is none at all.
fn without_empty_texts(mut event: Event) -> Event {
    let texts = [
        &mut event.order_ref,
        &mut event.transaction,
        &mut event.parent,
        &mut event.subscription,
        &mut event.case,
        &mut event.status,
        &mut event.reason,
        &mut event.custom,
    ];
    for text in texts {
        text.take_if(|text| text.is_empty());
    }
    event.receivers.retain(|receiver| !receiver.is_empty());
    event
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
}

/// A text without which there is no message.
fn needed<'a>(text: &'a Option<String>, otherwise: &str) -> Result<&'a str, CannotCompose> {
    text.as_deref().ok_or_else(|| cannot(otherwise))
}

/// PayPal has no message for this.
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
