//! PayPal's words for the state of a transaction, which are the same in whatever way it tells of one.
//!
//! The tables are closed. A word that is not in them is kept and shown to the owner, and has no effect (T-B05).

use ipnd_core::EventKind;
use ipnd_core::event::EventKind::*;

/// Words of PayPal are compared without regard to case, and `-` is `_`.
pub(crate) fn canonical(word: &str) -> String {
    word.trim().to_ascii_lowercase().replace('-', "_")
}

/// The meaning of `payment_status`. Only `Completed` is money.
pub(crate) fn kind_of_status(status: &str, pending_reason: Option<&str>) -> Option<EventKind> {
    Some(match canonical(status).as_str() {
        "completed" => PaymentCompleted,
        "pending" => match pending_reason.map(canonical).as_deref() {
            Some("authorization") => PaymentAuthorized,
            Some("order") => PaymentOrdered,
            _ => PaymentPending,
        },
        // Accepted by PayPal, or a German direct debit: the money is not there.
        "processed" | "created" => PaymentPending,
        // `Declined` is the simulator's word.
        "denied" | "declined" => PaymentDenied,
        "failed" => PaymentFailed,
        "expired" => PaymentExpired,
        "voided" => PaymentVoided,
        "refunded" => RefundCompleted,
        "reversed" => ReversalMade,
        "canceled_reversal" => ReversalCancelled,
        _ => return None,
    })
}

/// PayPal's own word for a kind, where `payment_status` tells it.
pub(crate) fn status_of_kind(kind: EventKind) -> Option<&'static str> {
    Some(match kind {
        PaymentCompleted | DisputeWon | DisputeLost => "Completed",
        PaymentPending | PaymentAuthorized | PaymentOrdered => "Pending",
        PaymentDenied => "Denied",
        PaymentFailed => "Failed",
        PaymentExpired => "Expired",
        PaymentVoided => "Voided",
        RefundCompleted => "Refunded",
        ReversalMade => "Reversed",
        ReversalCancelled => "Canceled_Reversal",
        _ => return None,
    })
}
