//! Groups events by transaction, and says which payments are believed.

use super::ExaminedEvent;
use super::questions::Questions;
use super::state::{Payment, PaymentStatus};
use crate::review::{Concern, Question};
use crate::{Event, Money, QuestionKind};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A payment while the fold is at work on it.
pub(super) struct Judged {
    pub(super) payment: Payment,
    /// When the money came. `None` when that is not known: a message without a time, or one that repeats the date
    /// of an earlier announcement, as messages about cleared bank debits do.
    pub(super) came_at: Option<Timestamp>,
    /// What its account found wrong with the events that announced or completed it.
    concerns: Vec<Concern>,
    /// What was sent back of it, in its own currency. `None` when the payment has no amount.
    pub(super) refunded: Option<Money>,
    pub(super) hold: Hold,
}

/// What gateways and banks did with a payment's money after it had come.
#[derive(Default)]
pub(super) struct Hold {
    pub(super) is_held: bool,
    pub(super) since: Option<Timestamp>,
    pub(super) reason: Option<String>,
    /// How often the money had been returned before it was taken back last.
    pub(super) returns: u32,
    pub(super) heard_of: bool,
}

impl Judged {
    pub(super) fn is_completed(&self) -> bool {
        self.payment.status == PaymentStatus::Completed
    }

    /// What has not been sent back yet.
    pub(super) fn left(&self) -> Option<Money> {
        let (amount, refunded) = (self.payment.amount?, self.refunded?);
        Some(amount.minus(refunded).expect("a payment is refunded in its own currency"))
    }

    /// What a gateway or bank holds of it. The whole rest: reversals are sent net of fees (PayPal does), so their
    /// own amount says nothing.
    pub(super) fn held(&self) -> Option<Money> {
        self.left().filter(|_| self.hold.is_held)
    }

    pub(super) fn is_refunded_in_full(&self) -> bool {
        self.refunded.is_some_and(Money::is_positive) && self.left().is_some_and(Money::is_zero)
    }

    /// The shop lost it to a gateway or bank, and had not sent it back itself before.
    pub(super) fn is_reversed(&self) -> bool {
        self.hold.is_held && !self.is_refunded_in_full()
    }

    /// Nothing of it is left with the shop.
    pub(super) fn is_returned(&self) -> bool {
        self.is_completed() && (self.hold.is_held || self.is_refunded_in_full())
    }

    fn subject(&self) -> &str {
        &self.payment.transaction
    }

    pub(super) fn shown_amount(&self) -> String {
        self.payment.amount.map(|amount| amount.to_string()).unwrap_or_default()
    }

    pub(super) fn question(&self, kind: QuestionKind, expected: String, got: String) -> Question {
        Question { kind, subject: self.payment.transaction.clone(), expected, got }
    }
}

/// What names a payment event's transaction; its own identity where the gateway has no name for it.
fn transaction_of(event: &Event) -> &str {
    event.transaction.as_deref().unwrap_or(&event.identity)
}

/// The payments of an order, sorted by time.
pub(super) fn judge(events: &[&ExaminedEvent], questions: &Questions<'_>) -> Vec<Judged> {
    let mut by_transaction: BTreeMap<&str, Vec<(PaymentStatus, &ExaminedEvent)>> = BTreeMap::new();
    for examined in events {
        if let Some(status) = PaymentStatus::of(examined.event.kind) {
            by_transaction.entry(transaction_of(&examined.event)).or_default().push((status, examined));
        }
    }
    let mut payments: Vec<Judged> = by_transaction
        .into_iter()
        .map(|(transaction, told)| judge_one(transaction, &told, questions))
        .collect();
    payments.sort_by(|a, b| (a.payment.at, a.subject()).cmp(&(b.payment.at, b.subject())));
    payments
}

/// Within one transaction the highest rank speaks, among equals the latest. What is not believed speaks only where
/// nothing else does, so that a message for the wrong account cannot talk over a right one.
fn judge_one(
    transaction: &str,
    told: &[(PaymentStatus, &ExaminedEvent)],
    questions: &Questions<'_>,
) -> Judged {
    let is_believed = |examined: &ExaminedEvent| {
        examined.concerns.iter().all(|concern| questions.is_accepted(concern.kind, transaction))
    };
    let believed =
        told.iter().filter(|(_, examined)| is_believed(examined)).max_by_key(|(status, _)| *status);
    let (status, speaker) = *believed
        .or_else(|| told.iter().max_by_key(|(status, _)| *status))
        .expect("a group is made from at least one event");
    let event = &speaker.event;

    let announced = told.iter().filter(|(status, _)| status.is_announced());
    let repeats_a_date = announced.clone().any(|(_, earlier)| event.occurred_at <= earlier.event.occurred_at);
    let money_comes = |status: PaymentStatus| status.is_announced() || status == PaymentStatus::Completed;
    Judged {
        came_at: event.occurred_at.filter(|_| !repeats_a_date),
        concerns: told
            .iter()
            .filter(|(status, _)| money_comes(*status))
            .flat_map(|(_, examined)| examined.concerns.clone())
            .collect(),
        refunded: event.amount.map(|amount| Money::zero(amount.currency())),
        hold: Hold::default(),
        payment: Payment {
            transaction: transaction.to_owned(),
            status,
            amount: event.amount,
            fee: event.fee,
            at: event.occurred_at,
            reason: event.reason.clone(),
            is_believed: believed.is_some(),
            counts: false,
            parent: event.parent.clone(),
        },
    }
}

/// Asks about whatever accounts found wrong. Money that has gone back already needs no answer any more.
pub(super) fn ask_concerns(payments: &[Judged], questions: &mut Questions<'_>) {
    for judged in payments {
        for concern in &judged.concerns {
            if !judged.is_returned() || questions.verdict(concern.kind, judged.subject()).is_some() {
                questions.ask(judged.question(concern.kind, concern.expected.clone(), concern.got.clone()));
            }
        }
    }
}

/// The completed payments that a refund, reversal or dispute is about, as places in `payments`.
///
/// Its parent names a payment, or the authorisation that payments captured. Dispute messages may name the payment
/// as their own transaction. One that names nothing is about all payments; one that names something else waits
/// until the message about that payment has come.
pub(super) fn concerned(event: &Event, payments: &[Judged]) -> Vec<usize> {
    let find = |matches: &dyn Fn(&Judged) -> bool| -> Vec<usize> {
        let completed = payments.iter().enumerate().filter(|(_, judged)| judged.is_completed());
        completed.filter(|(_, judged)| matches(judged)).map(|(place, _)| place).collect()
    };
    let named = |name: &str| find(&|judged| judged.payment.transaction == name);
    if let Some(parent) = event.parent.as_deref().filter(|parent| !parent.is_empty()) {
        let itself = named(parent);
        if itself.is_empty() {
            return find(&|judged| judged.payment.parent.as_deref() == Some(parent));
        }
        return itself;
    }
    let itself = event.transaction.as_deref().map(named).unwrap_or_default();
    if itself.is_empty() { find(&|judged| judged.payment.is_believed) } else { itself }
}

/// Whether a refund, reversal or dispute may have an effect on the payments it is about.
///
/// An owner who has accepted the payment's receiver has accepted it for what follows from the payment, too. Any
/// other concern is asked about, unless the payment itself is in doubt: then the question about that is enough.
pub(super) fn may_follow(
    examined: &ExaminedEvent,
    payments: &[Judged],
    about: &[usize],
    questions: &mut Questions<'_>,
) -> bool {
    let mut believed =
        about.iter().map(|place| &payments[*place]).filter(|judged| judged.payment.is_believed);
    let Some(payment) = believed.next() else { return true };
    let subject = transaction_of(&examined.event);
    let mut fine = true;
    for concern in &examined.concerns {
        if questions.is_accepted(concern.kind, payment.subject()) {
            continue;
        }
        questions.ask(Question {
            kind: concern.kind,
            subject: subject.to_owned(),
            expected: concern.expected.clone(),
            got: concern.got.clone(),
        });
        fine &= questions.is_accepted(concern.kind, subject);
    }
    fine
}
