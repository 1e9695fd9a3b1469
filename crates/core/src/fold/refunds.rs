//! Refunds: each belongs to a payment, and reduces the order only as far as that payment counts.
//!
//! Giving back a payment that came twice must not make the order look refunded, so amounts are never simply added
//! up over the order.

use super::ExaminedEvent;
use super::payments::{Judged, concerned, may_follow};
use super::questions::Questions;
use super::state::Refund;
use crate::review::Question;
use crate::{EventKind, Money, QuestionKind};
use std::collections::BTreeSet;

/// Books every refund on its payment and returns them all, sorted by time.
pub(super) fn apply(
    events: &[&ExaminedEvent],
    payments: &mut [Judged],
    questions: &mut Questions<'_>,
) -> Vec<Refund> {
    let mut seen = BTreeSet::new();
    let mut refunds = Vec::new();
    for examined in events.iter().filter(|examined| examined.event.kind == EventKind::RefundCompleted) {
        let event = &examined.event;
        let Some(amount) = event.amount else { continue };
        let about = concerned(event, payments);
        let mut refund = Refund {
            transaction: own_name(examined, payments),
            parent: event.parent.clone(),
            amount,
            at: event.occurred_at,
            payment: None,
        };
        if !seen.insert(refund.transaction.clone()) {
            continue;
        }
        if may_follow(examined, payments, &about, questions) {
            refund.payment = book(&refund, &about, payments, questions);
        }
        refunds.push(refund);
    }
    refunds
}

/// Some gateways give a refund no transaction of its own but the payment's; then its identity tells it apart.
fn own_name(examined: &ExaminedEvent, payments: &[Judged]) -> String {
    let event = &examined.event;
    let is_a_payment = |name: &&String| payments.iter().any(|judged| judged.payment.transaction == **name);
    event.transaction.as_ref().filter(|name| !is_a_payment(name)).unwrap_or(&event.identity).clone()
}

/// Takes the refund from what is left of the payments it is about. The latest comes first: where nobody says which
/// of two payments was given back, it was the one too many. Returns the first believed payment it was taken from.
fn book(
    refund: &Refund,
    about: &[usize],
    payments: &mut [Judged],
    questions: &mut Questions<'_>,
) -> Option<String> {
    let mut available = Money::zero(refund.amount.currency());
    let mut rest = refund.amount;
    let mut from = None;
    for place in about.iter().rev() {
        let judged = &mut payments[*place];
        let Some(left) = judged.left().filter(|left| left.currency() == rest.currency()) else { continue };
        available = available.plus(left).expect("the currencies were compared, and amounts are bounded");
        let part = if left.minor() < rest.minor() { left } else { rest };
        if !part.is_positive() {
            continue;
        }
        rest = rest.minus(part).expect("the currencies were compared");
        judged.refunded =
            judged.refunded.map(|before| before.plus(part).expect("the payment's own currency"));
        if judged.payment.is_believed {
            from = from.or_else(|| Some(judged.payment.transaction.clone()));
        }
    }
    if rest.is_positive() && about.iter().any(|place| payments[*place].payment.is_believed) {
        questions.ask(Question {
            kind: QuestionKind::RefundTooLarge,
            subject: refund.transaction.clone(),
            expected: available.to_string(),
            got: refund.amount.to_string(),
        });
    }
    from
}
