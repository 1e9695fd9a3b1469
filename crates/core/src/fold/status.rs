//! One word for where an order stands.

use super::Facts;
use super::counting::Count;
use super::payments::Judged;
use super::questions::Questions;
use super::state::{OrderState, OrderStatus, PaymentStatus};

/// What counts speaks first, then what the owner has to look at, then what is announced, then how attempts ended.
pub(super) fn status(
    state: &OrderState,
    payments: &[Judged],
    count: &Count,
    facts: Facts<'_>,
    questions: &Questions<'_>,
) -> OrderStatus {
    let counted: Vec<&Judged> = payments.iter().filter(|judged| judged.payment.counts).collect();
    let is_covered = state.kept().minor() >= facts.terms.total.minor();
    if !is_covered && counted.iter().any(|judged| judged.is_reversed()) {
        return OrderStatus::Reversed;
    }
    if !counted.is_empty() && counted.iter().all(|judged| judged.is_returned()) {
        return OrderStatus::Refunded;
    }
    if count.is_settled {
        let is_touched = counted.iter().any(|judged| judged.refunded.is_some_and(crate::Money::is_positive));
        let is_less = is_touched && !is_covered;
        return if is_less { OrderStatus::PartlyRefunded } else { OrderStatus::Paid };
    }
    if questions.hold_the_order() {
        return OrderStatus::InReview;
    }
    if !counted.is_empty() {
        return OrderStatus::PartlyPaid;
    }
    if facts.cancelled_at.is_some() {
        return OrderStatus::Cancelled;
    }
    announced(payments).unwrap_or_else(|| ended(payments))
}

/// The best that is announced. A payment that a later one continues (an authorisation and its capture) is silent.
fn announced(payments: &[Judged]) -> Option<OrderStatus> {
    let is_continued = |judged: &Judged| {
        payments.iter().any(|later| {
            later.payment.is_believed
                && later.payment.parent.as_deref() == Some(&judged.payment.transaction)
                && !matches!(later.payment.status, PaymentStatus::Failed | PaymentStatus::Denied)
        })
    };
    let waiting = payments.iter().filter(|judged| judged.payment.is_believed && !is_continued(judged));
    let best = waiting.map(|judged| judged.payment.status).filter(|status| status.is_announced()).max()?;
    Some(if best == PaymentStatus::Authorized { OrderStatus::Authorized } else { OrderStatus::Pending })
}

/// All attempts have ended and nothing counts: the last one tells how.
fn ended(payments: &[Judged]) -> OrderStatus {
    let Some(last) = payments.iter().rev().find(|judged| judged.payment.is_believed) else {
        return OrderStatus::Open;
    };
    match last.payment.status {
        PaymentStatus::Failed | PaymentStatus::Denied => OrderStatus::Failed,
        PaymentStatus::Voided => OrderStatus::Voided,
        PaymentStatus::Expired => OrderStatus::Expired,
        PaymentStatus::Completed if last.is_reversed() => OrderStatus::Reversed,
        PaymentStatus::Completed if last.is_returned() => OrderStatus::Refunded,
        // Rejected by the owner, or continued by something that is not about money yet.
        _ => OrderStatus::Open,
    }
}
