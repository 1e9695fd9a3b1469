//! Identities: what makes two messages tell of the same event.
//!
//! PayPal repeats messages, and uses one transaction id for a payment that is first pending and then completed, so the
//! id alone is no identity. The words are not those of IPN, so that another way of being told by PayPal about the same
//! transaction comes to the same identity.

use super::classify::canonical;
use super::message::Message;
use crate::kit::dates;
use ipnd_core::EventKind;
use jiff::Timestamp;

/// Of a payment, refund or reversal.
pub(super) fn of_transaction(kind: EventKind, transaction: &str, reason: Option<&str>) -> String {
    match kind {
        EventKind::RefundCompleted => format!("refund/{transaction}"),
        EventKind::ReversalMade => format!("reversal/{transaction}"),
        EventKind::ReversalCancelled => format!("reversal_cancelled/{transaction}"),
        // Pending for another reason is news: first an eCheck, then a review.
        EventKind::PaymentPending => {
            let reason = reason.map(|reason| format!("/{}", canonical(reason))).unwrap_or_default();
            format!("payment/{transaction}/pending{reason}")
        }
        _ => format!("payment/{transaction}/{}", last_word(kind)),
    }
}

pub(super) fn of_adjustment(transaction: &str) -> String {
    format!("adjustment/{transaction}")
}

/// Of an opened dispute: it may be opened again under another type (a complaint that becomes a chargeback).
pub(super) fn of_dispute(case: &str, case_type: Option<&str>, reason: Option<&str>) -> String {
    let mut identity = format!("dispute/{case}/opened");
    for part in [case_type, reason].into_iter().flatten() {
        identity.push('/');
        identity.push_str(&canonical(part));
    }
    identity
}

pub(super) fn of_agreement(kind: EventKind, agreement: &str) -> String {
    format!("agreement/{agreement}/{}", last_word(kind))
}

/// Of a payout. A line that never left has no transaction; then the shop's own id and the time of the mass pay
/// identify it, because shops use their ids again.
pub(super) fn of_payout(
    kind: EventKind,
    transaction: Option<&str>,
    own_id: Option<&str>,
    at: Option<Timestamp>,
) -> String {
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    match (transaction, own_id) {
        (Some(transaction), _) => format!("payout/{transaction}/{}", last_word(kind)),
        (None, own_id) => format!("payout/{}@{at}/{}", own_id.unwrap_or_default(), last_word(kind)),
    }
}

/// Of an event in the life of a subscription. It begins, is cancelled and ends once; everything else can happen again
/// and is told apart by the date that PayPal gives it, and by the message's track id where there may be no date.
pub(super) fn of_subscription(kind: EventKind, subscription: &str, message: &Message) -> String {
    let mut identity = format!("subscription/{subscription}/{}", last_word(kind));
    if happens_once(kind) {
        return identity;
    }
    let date = ["retry_at", "subscr_effective", "subscr_date"].iter().find_map(|name| message.get(name));
    let parts = match date {
        Some(date) => [Some(moment(date)), None],
        None => {
            let next = message.get("next_payment_date").and_then(dates::parse);
            [next.map(|next| next.to_string()), message.text("ipn_track_id")]
        }
    };
    for part in parts.into_iter().flatten() {
        identity.push('/');
        identity.push_str(&part);
    }
    identity
}

pub(super) fn happens_once(kind: EventKind) -> bool {
    use EventKind::{SubscriptionCancelled, SubscriptionEnded, SubscriptionStarted};
    matches!(kind, SubscriptionStarted | SubscriptionCancelled | SubscriptionEnded)
}

/// A date in one spelling, or its text when it cannot be read.
fn moment(date: &str) -> String {
    dates::parse(date).map_or_else(|| date.to_owned(), |at| at.to_string())
}

/// `completed` of `payment.completed`.
fn last_word(kind: EventKind) -> &'static str {
    kind.word().rsplit('.').next().expect("split gives at least one part")
}
