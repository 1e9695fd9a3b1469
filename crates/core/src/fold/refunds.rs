//! Refunds: each belongs to a payment, and reduces the order only as far as that payment counts.
//!
//! Giving back a payment that came twice must not make the order look refunded, so amounts are never simply added
//! up over the order.
//!
//! Refunds with amounts of their own are booked first. A total then counts for what it adds to everything that is
//! known of the same payments, so whichever way a refund is told, it is counted once. What came back is never booked.

use super::ExaminedEvent;
use super::payments::{Judged, concerned, may_follow};
use super::questions::Questions;
use super::refund_failures::{Undone, undone};
use super::state::Refund;
use crate::review::Question;
use crate::{EventKind, Money, QuestionKind};
use std::collections::BTreeSet;

/// What one event says about money that went back.
pub(super) struct Told<'a> {
    pub(super) examined: &'a ExaminedEvent,
    pub(super) amount: Money,
    /// The payments it is about, as places in the list.
    pub(super) about: Vec<usize>,
}

impl Told<'_> {
    pub(super) fn is_total(&self) -> bool {
        self.examined.event.amount_is_total
    }

    fn refund(&self, name: &str, amount: Money) -> Refund {
        let event = &self.examined.event;
        Refund {
            transaction: name.to_owned(),
            parent: event.parent.clone(),
            amount,
            at: event.occurred_at,
            payment: None,
        }
    }
}

/// What was given back beyond what was left of these payments.
type Beyond = Vec<(Vec<usize>, Money)>;

/// Books every refund on its payment and returns them all, sorted by time.
pub(super) fn apply(
    events: &[&ExaminedEvent],
    payments: &mut [Judged],
    questions: &mut Questions<'_>,
) -> Vec<Refund> {
    let told: Vec<Told<'_>> = events.iter().filter_map(|examined| tell(examined, payments)).collect();
    let undone = undone(events, &told, payments, questions);
    let mut beyond = Beyond::new();
    let mut refunds: Vec<(usize, Refund)> = Vec::new();
    let mut seen: BTreeSet<&str> = undone.iter().map(|undone| undone.refund).collect();
    for (place, told) in told.iter().enumerate().filter(|(_, told)| !told.is_total()) {
        let name = own_name(told.examined, payments);
        if seen.insert(name) {
            let mut refund = told.refund(name, told.amount);
            if may_follow(told.examined, payments, &told.about, questions) {
                refund.payment = book(&refund, &told.about, payments, &mut beyond, questions);
            }
            refunds.push((place, refund));
        }
    }
    for (place, told) in told.iter().enumerate().filter(|(_, told)| told.is_total()) {
        // Its transaction, if it names one, is that of the payment or of the latest refund: several totals may share it.
        let mut refund = told.refund(&told.examined.event.identity, told.amount);
        if may_follow(told.examined, payments, &told.about, questions) {
            refund.amount = addition(told, payments, &beyond, &undone);
            if !refund.amount.is_positive() {
                continue;
            }
            refund.payment = book(&refund, &told.about, payments, &mut beyond, questions);
        }
        refunds.push((place, refund));
    }
    refunds.sort_by_key(|(place, _)| *place);
    refunds.into_iter().map(|(_, refund)| refund).collect()
}

fn tell<'a>(examined: &'a ExaminedEvent, payments: &[Judged]) -> Option<Told<'a>> {
    let event = &examined.event;
    let amount = event.amount.filter(|_| event.kind == EventKind::RefundCompleted)?;
    Some(Told { examined, amount, about: concerned(event, payments) })
}

/// What a total adds to what is known otherwise of the payments it is about. A refund that came back is still in
/// totals that were told before that.
fn addition(told: &Told<'_>, payments: &[Judged], beyond: &Beyond, undone: &[Undone<'_>]) -> Money {
    let is_same = |about: &[usize]| about.iter().any(|place| told.about.contains(place));
    let booked = told.about.iter().filter_map(|place| payments[*place].refunded);
    let beyond = beyond.iter().filter(|(about, _)| is_same(about)).map(|(_, amount)| *amount);
    let came_back = undone
        .iter()
        .filter(|undone| is_same(&undone.about) && told.examined.event.occurred_at <= undone.at)
        .filter_map(|undone| undone.amount);
    let known = booked.chain(beyond).chain(came_back);
    known
        .filter(|amount| amount.currency() == told.amount.currency())
        .fold(told.amount, |rest, amount| rest.minus(amount).expect("the currencies were compared"))
}

/// Some gateways give a refund no transaction of its own but the payment's; then its identity tells it apart.
fn own_name<'a>(examined: &'a ExaminedEvent, payments: &[Judged]) -> &'a str {
    let event = &examined.event;
    event.transaction.as_deref().filter(|name| !names_a_payment(name, payments)).unwrap_or(&event.identity)
}

pub(super) fn names_a_payment(name: &str, payments: &[Judged]) -> bool {
    payments.iter().any(|judged| judged.payment.transaction == name)
}

/// Takes the refund from what is left of the payments it is about. The latest comes first: where nobody says which
/// of two payments was given back, it was the one too many. Returns the first believed payment it was taken from.
fn book(
    refund: &Refund,
    about: &[usize],
    payments: &mut [Judged],
    beyond: &mut Beyond,
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
    if rest.is_positive() {
        beyond.push((about.to_vec(), rest));
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
