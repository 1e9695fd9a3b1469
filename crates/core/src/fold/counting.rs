//! Which completed payments count towards the order, and whether they settle it.
//!
//! Payments are taken one after the other until nothing is due any more. What fits counts by itself; what does not
//! fit (too much, another currency, no amount, one more than needed) counts only when the owner says so. Parts
//! count at once, but do not settle the order before they add up or the owner is content.

use super::Facts;
use super::payments::Judged;
use super::questions::Questions;
use crate::review::Verdict;
use crate::{Money, QuestionKind};
use jiff::Timestamp;

pub(super) struct Count {
    /// Whether what counts settles the order.
    pub(super) is_settled: bool,
    pub(super) settled_at: Option<Timestamp>,
}

/// Marks the payments that count, and asks about the others.
pub(super) fn count(payments: &mut [Judged], facts: Facts<'_>, questions: &mut Questions<'_>) -> Count {
    let total = facts.terms.total;
    let order = candidates(payments, facts, questions);
    let mut taking = Taking::take(&order, payments, total, questions);
    if !taking.is_settled(payments, questions)
        && let Some(exact) =
            taking.left_over.iter().copied().find(|place| payments[*place].payment.amount == Some(total))
    {
        // A payment of exactly the total settles the order, whatever odd amounts came before it.
        let others = order.iter().copied().filter(|place| *place != exact);
        let exact_first: Vec<usize> = std::iter::once(exact).chain(others).collect();
        taking = Taking::take(&exact_first, payments, total, questions);
    }
    for taken in &taking.taken {
        payments[taken.place].payment.counts = true;
    }
    taking.ask(payments, total, questions);
    Count {
        is_settled: taking.is_settled(payments, questions),
        settled_at: taking.settled_at(payments, questions),
    }
}

/// Believed, completed payments that no cancellation forbids, in the sequence in which they became acceptable: when
/// they came, or when the owner accepted them. So an answer does not push aside a payment that counted before it.
fn candidates(payments: &[Judged], facts: Facts<'_>, questions: &mut Questions<'_>) -> Vec<usize> {
    let mut order = Vec::new();
    for (place, judged) in payments.iter().enumerate() {
        let payment = &judged.payment;
        if !judged.is_completed() || !payment.is_believed {
            continue;
        }
        if may_have_come_late(judged, facts.cancelled_at) && !may_undo_the_cancellation(judged, questions) {
            continue;
        }
        let acceptable_at = payment.at.max(questions.accepted_at(&payment.transaction));
        order.push((acceptable_at, &payment.transaction, place));
    }
    order.sort();
    order.into_iter().map(|(_, _, place)| place).collect()
}

/// Gateways date in whole seconds, so what came in the second of the cancellation is not known to have come before.
fn may_have_come_late(judged: &Judged, cancelled_at: Option<Timestamp>) -> bool {
    let is_earlier = |at: Timestamp, cancelled_at: Timestamp| at.as_second() < cancelled_at.as_second();
    cancelled_at.is_some_and(|cancelled_at| !judged.came_at.is_some_and(|at| is_earlier(at, cancelled_at)))
}

fn may_undo_the_cancellation(judged: &Judged, questions: &mut Questions<'_>) -> bool {
    let kind = QuestionKind::PaidAfterCancellation;
    let verdict = questions.verdict(kind, &judged.payment.transaction);
    if verdict.is_some() || !judged.is_returned() {
        questions.ask(judged.question(kind, String::new(), judged.shown_amount()));
    }
    verdict == Some(Verdict::Accept)
}

struct Taken {
    place: usize,
    /// The question that the owner has accepted to make it count, and what was due then.
    by: Option<(QuestionKind, Money)>,
}

/// The result of taking payments in one particular sequence.
struct Taking {
    /// Still due; never negative.
    due: Money,
    taken: Vec<Taken>,
    /// How many of `taken` it took until nothing was due.
    enough: Option<usize>,
    left_over: Vec<usize>,
}

impl Taking {
    fn take(order: &[usize], payments: &[Judged], total: Money, questions: &Questions<'_>) -> Self {
        let mut taking = Self { due: total, taken: Vec::new(), enough: None, left_over: Vec::new() };
        for place in order.iter().copied() {
            let judged = &payments[place];
            let kind = question_about(judged, taking.due.is_zero(), total, questions);
            let verdict = questions.verdict(kind, &judged.payment.transaction);
            let was_surplus = kind == QuestionKind::PaidTwice && verdict == Some(Verdict::Reject);
            match taking.fitting(judged) {
                Some(amount) if !was_surplus => {
                    taking.taken.push(Taken { place, by: None });
                    taking.reduce(amount);
                }
                _ if verdict == Some(Verdict::Accept) => {
                    taking.taken.push(Taken { place, by: Some((kind, taking.due)) });
                    taking.reduce(taking.due);
                }
                _ => taking.left_over.push(place),
            }
        }
        taking
    }

    /// The payment's amount, if it counts without a question.
    fn fitting(&self, judged: &Judged) -> Option<Money> {
        let amount = judged.payment.amount.filter(|amount| amount.is_positive())?;
        amount.compare(self.due).is_some_and(std::cmp::Ordering::is_le).then_some(amount)
    }

    fn reduce(&mut self, amount: Money) {
        self.due = self.due.minus(amount).expect("only what fits is taken off");
        if self.due.is_zero() && self.enough.is_none() {
            self.enough = Some(self.taken.len());
        }
    }

    /// Payments that count without a question and are less than the total.
    fn parts(&self) -> impl Iterator<Item = usize> {
        self.taken.iter().filter(|taken| taken.by.is_none()).map(|taken| taken.place)
    }

    fn is_settled(&self, payments: &[Judged], questions: &Questions<'_>) -> bool {
        let is_enough =
            |place: usize| questions.is_accepted(QuestionKind::Amount, &payments[place].payment.transaction);
        self.enough.is_some() || self.parts().any(is_enough)
    }

    fn settled_at(&self, payments: &[Judged], questions: &Questions<'_>) -> Option<Timestamp> {
        let needed = self.enough.unwrap_or(self.taken.len());
        let times = self.taken[..needed].iter().filter_map(|taken| payments[taken.place].payment.at);
        times.max().filter(|_| self.is_settled(payments, questions))
    }

    /// Puts the questions. One that nobody needs an answer to any more (the money went back, the parts add up) is
    /// not put; one that was answered stays, so that its answer can be seen.
    fn ask(&self, payments: &[Judged], total: Money, questions: &mut Questions<'_>) {
        let is_settled = self.is_settled(payments, questions);
        for taken in &self.taken {
            match taken.by {
                Some((kind, due)) => put(&payments[taken.place], kind, due, true, questions),
                None if self.enough.is_none() => {
                    put(&payments[taken.place], QuestionKind::Amount, total, !is_settled, questions);
                }
                None => {}
            }
        }
        let due = if is_settled { Money::zero(total.currency()) } else { self.due };
        for place in self.left_over.iter().copied() {
            let kind = question_about(&payments[place], is_settled, total, questions);
            put(&payments[place], kind, due, true, questions);
        }
    }
}

fn put(judged: &Judged, kind: QuestionKind, due: Money, is_needed: bool, questions: &mut Questions<'_>) {
    let is_answered = questions.verdict(kind, &judged.payment.transaction).is_some();
    if is_answered || (is_needed && !judged.is_returned()) {
        questions.ask(judged.question(kind, due.to_string(), judged.shown_amount()));
    }
}

/// What has to be asked about a payment that does not fit. A payment the owner has rejected is not asked about
/// again under another heading.
fn question_about(
    judged: &Judged,
    nothing_is_due: bool,
    total: Money,
    questions: &Questions<'_>,
) -> QuestionKind {
    let subject = &judged.payment.transaction;
    let is_foreign = judged.payment.amount.is_some_and(|amount| amount.currency() != total.currency());
    let own = if is_foreign { QuestionKind::Currency } else { QuestionKind::Amount };
    let was_asked_as_surplus = questions.verdict(QuestionKind::PaidTwice, subject).is_some();
    let is_surplus = nothing_is_due && questions.verdict(own, subject) != Some(Verdict::Reject);
    if was_asked_as_surplus || is_surplus { QuestionKind::PaidTwice } else { own }
}
