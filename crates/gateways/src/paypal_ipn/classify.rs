//! What the words of the classic notification mean: `txn_type`, and the status of a mass-pay line. Those that PayPal uses
//! everywhere stand in [`crate::paypal::words`].
//!
//! The tables are closed. A word that is not in them is kept and shown to the owner, and has no effect (T-B05).

use ipnd_core::EventKind;
use ipnd_core::event::EventKind::*;

pub(super) use crate::paypal::words::{canonical, kind_of_status, status_of_kind};

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// One transaction: a payment, refund or reversal.
    Transaction(EventKind),
    /// A case was closed and money moved.
    Adjustment,
    /// Money the shop sent to others, one line for each recipient.
    Payouts,
    /// A dispute was opened. The message says nothing about money.
    Dispute,
    /// The life of a subscription (`subscr_*`) or of a recurring profile (`recurring_payment_*`).
    Subscription(EventKind),
    /// The life of a billing agreement.
    Agreement(EventKind),
    /// Genuine, understood, and without any effect here.
    Nothing,
    UnknownType,
    UnknownStatus,
}

/// Decides by `txn_type` where that settles the matter, otherwise by `payment_status`: most types (`cart`,
/// `web_accept`, `send_money` ...) only say how somebody paid, and new ones appear.
pub(super) fn subject(txn_type: Option<&str>, status: Option<&str>, pending: Option<&str>) -> Subject {
    let txn_type = txn_type.map(canonical).unwrap_or_default();
    match txn_type.as_str() {
        "new_case" => Subject::Dispute,
        "adjustment" => Subject::Adjustment,
        "masspay" => Subject::Payouts,
        // Global shipping has paid out: the carrier's business.
        "payout" => Subject::Nothing,
        "mp_signup" => Subject::Agreement(AgreementStarted),
        "mp_cancel" => Subject::Agreement(AgreementCancelled),
        "subscr_payment" | "recurring_payment" | "recurring_payment_outstanding_payment" => {
            transaction(status, pending)
        }
        _ => match subscription_kind(&txn_type) {
            Some(kind) => Subject::Subscription(kind),
            None if LIFE.iter().any(|family| txn_type.starts_with(family)) => Subject::UnknownType,
            None if status.is_none() => Subject::UnknownType,
            None => transaction(status, pending),
        },
    }
}

/// Types of these families tell of the life of something, whatever `payment_status` says beside it.
const LIFE: &[&str] = &["subscr_", "recurring_payment_", "mp_"];

fn subscription_kind(txn_type: &str) -> Option<EventKind> {
    Some(match txn_type {
        "subscr_signup" | "recurring_payment_profile_created" => SubscriptionStarted,
        "subscr_modify" => SubscriptionModified,
        "subscr_failed" | "recurring_payment_failed" | "recurring_payment_outstanding_payment_failed" => {
            SubscriptionPaymentFailed
        }
        "recurring_payment_skipped" => SubscriptionPaymentSkipped,
        "recurring_payment_suspended" | "recurring_payment_suspended_due_to_max_failed_payment" => {
            SubscriptionSuspended
        }
        "subscr_cancel" | "recurring_payment_profile_cancel" => SubscriptionCancelled,
        "subscr_eot" | "recurring_payment_expired" => SubscriptionEnded,
        _ => return None,
    })
}

fn transaction(status: Option<&str>, pending: Option<&str>) -> Subject {
    status
        .and_then(|status| kind_of_status(status, pending))
        .map_or(Subject::UnknownStatus, Subject::Transaction)
}

/// The meaning of a mass-pay line's `status_x`.
pub(super) fn kind_of_payout(status: &str) -> Option<EventKind> {
    Some(match canonical(status).as_str() {
        "completed" => PayoutCompleted,
        "pending" | "unclaimed" | "processed" => PayoutPending,
        "failed" | "returned" | "reversed" | "blocked" | "denied" => PayoutFailed,
        _ => return None,
    })
}

/// The status PayPal gives to a line of this kind, and to the whole mass pay.
pub(super) fn statuses_of_payout(kind: EventKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        PayoutCompleted => ("Completed", "Completed"),
        PayoutPending => ("Unclaimed", "Processed"),
        PayoutFailed => ("Failed", "Denied"),
        _ => return None,
    })
}
