//! Identities: what makes two messages of PayPal tell of the same event, whichever way they came.
//!
//! PayPal repeats messages, and uses one transaction id for a payment that is first pending and then completed, so the
//! id alone is no identity. The words are those of no particular way of being told.

use super::words::canonical;
use ipnd_core::EventKind;
use jiff::Timestamp;

/// Of a payment, refund or reversal.
pub(crate) fn of_transaction(kind: EventKind, transaction: &str, reason: Option<&str>) -> String {
    match kind {
        EventKind::RefundCompleted => format!("refund/{transaction}"),
        EventKind::RefundPending | EventKind::RefundFailed => {
            format!("refund/{transaction}/{}", last_word(kind))
        }
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

pub(crate) fn of_adjustment(transaction: &str) -> String {
    format!("adjustment/{transaction}")
}

/// Of an opened dispute: it may be opened again under another type (a complaint that becomes a chargeback).
pub(crate) fn of_dispute(case: &str, case_type: Option<&str>, reason: Option<&str>) -> String {
    let mut identity = format!("dispute/{case}/opened");
    for part in [case_type, reason].into_iter().flatten() {
        identity.push('/');
        identity.push_str(&canonical(part));
    }
    identity
}

pub(crate) fn of_agreement(kind: EventKind, agreement: &str) -> String {
    format!("agreement/{agreement}/{}", last_word(kind))
}

/// Of a payout. A line that never left has no transaction; then the shop's own id and the time of the mass pay
/// identify it, because shops use their ids again.
pub(crate) fn of_payout(
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

/// `completed` of `payment.completed`.
pub(crate) fn last_word(kind: EventKind) -> &'static str {
    kind.word().rsplit('.').next().expect("split gives at least one part")
}
