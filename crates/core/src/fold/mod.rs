//! The state of an order: a fold over the set of its events, its terms and the owner's answers.
//!
//! Nothing here knows in which order messages arrived. Events are grouped by transaction, conflicting words about
//! one transaction are settled by rank, and everything that has a sequence (a reversal and its cancellation) is
//! sorted by when it happened. Recomputing from all facts whenever one is added makes duplicates, late and
//! reordered notifications harmless (I-06).
//!
//! The steps, one file each: [`mod@payments`] groups and believes, [`refunds`] and [`reversals`] say what became of
//! each payment, [`counting`] decides which payments count, [`status`] puts it into one word. [`questions`] collects
//! what only the owner can answer on the way.

mod counting;
mod disputes;
mod payments;
mod questions;
mod refund_failures;
mod refunds;
mod reversals;
mod state;
mod status;

pub use state::{Dispute, OrderState, OrderStatus, Payment, PaymentStatus, Refund, Reversal, Review};

use crate::order::Terms;
use crate::review::{Answer, Concern};
use crate::{Event, EventKind, Money};
use jiff::Timestamp;
use payments::Judged;
use questions::Questions;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A genuine event with what its account found wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExaminedEvent {
    pub event: Event,
    pub concerns: Vec<Concern>,
}

/// Everything that decides about one order.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub terms: &'a Terms,
    /// When the shop or the customer cancelled the order.
    pub cancelled_at: Option<Timestamp>,
    /// A set: order does not matter, and two events of one identity are the same event.
    pub events: &'a [ExaminedEvent],
    pub answers: &'a [Answer],
}

/// Folds all facts about an order into its state. Pure, total, and blind to the sequence of its inputs.
///
/// # Example: a payment that is one cent short
/// ```
/// use ipnd_core::fold::{ExaminedEvent, Facts};
/// use ipnd_core::order::{Item, Terms};
/// use ipnd_core::{Currency, Environment, Event, EventKind, Money, OrderStatus, fold};
///
/// let euro = Currency::from_code("EUR")?;
/// let item = Item {
///     sku: "tea".into(),
///     name: "Tea, 250 g".into(),
///     quantity: 1,
///     unit_price: Money::parse("19.95", euro)?,
/// };
/// let terms = Terms::from_items(vec![item], euro)?;
///
/// let mut event = Event::new(EventKind::PaymentCompleted, "example/T1/completed", Environment::Live);
/// event.transaction = Some("T1".into());
/// event.amount = Some(Money::parse("19.94", euro)?);
/// let events = [ExaminedEvent { event, concerns: vec![] }];
///
/// let state = fold(Facts { terms: &terms, cancelled_at: None, events: &events, answers: &[] });
/// assert_eq!(state.status, OrderStatus::InReview);
/// assert_eq!(state.open_questions().next().map(|question| question.got.as_str()), Some("19.94 EUR"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn fold(facts: Facts<'_>) -> OrderState {
    let events = in_sequence(facts.events);
    let mut questions = Questions::new(facts.answers);

    let mut payments = payments::judge(&events, &questions);
    let refunds = refunds::apply(&events, &mut payments, &mut questions);
    reversals::apply(&events, &mut payments, &mut questions);
    payments::ask_concerns(&payments, &mut questions);
    let count = counting::count(&mut payments, facts, &mut questions);
    let disputes = disputes::disputes(&events, &payments, &mut questions);

    let zero = Money::zero(facts.terms.total.currency());
    let sum = |part: fn(&Judged) -> Option<Money>| {
        let amounts = payments.iter().filter(|judged| judged.payment.counts).filter_map(part);
        let addable = amounts.filter(|amount| amount.currency() == zero.currency() && amount.is_positive());
        addable.fold(zero, |sum, amount| sum.plus(amount).expect("one currency, and amounts are bounded"))
    };
    let mut state = OrderState {
        status: OrderStatus::Open,
        paid: sum(|judged| judged.payment.amount),
        refunded: sum(|judged| judged.refunded),
        reversed: sum(Judged::held),
        paid_at: count.settled_at,
        reversals: reversals::held_at_present(&payments),
        refunds,
        disputes,
        reviews: Vec::new(),
        payments: Vec::new(),
    };
    state.status = status::status(&state, &payments, &count, facts, &questions);
    state.payments = payments.into_iter().map(|judged| judged.payment).collect();
    state.reviews = questions.into_reviews();
    state
}

/// Sorts by when it happened, then rank, then identity, so that ties fall the same way always; events without a
/// time come first. Of several with one identity, one stays.
fn in_sequence(events: &[ExaminedEvent]) -> Vec<&ExaminedEvent> {
    fn key(examined: &ExaminedEvent) -> (Option<Timestamp>, EventKind, &str) {
        (examined.event.occurred_at, examined.event.kind, &examined.event.identity)
    }
    let mut sorted: Vec<&ExaminedEvent> = events.iter().collect();
    sorted.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut seen = BTreeSet::new();
    sorted.retain(|examined| seen.insert(examined.event.identity.as_str()));
    sorted
}
