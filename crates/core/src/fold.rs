//! The state of an order: a fold over the set of its events, its terms and the owner's answers.
//!
//! Nothing here knows in which order messages arrived. Events are grouped by transaction, conflicting words about
//! one transaction are settled by rank, and everything that has a sequence (a reversal and its cancellation) is
//! sorted by when it happened. Recomputing from all facts whenever one is added makes duplicates, late and
//! reordered notifications harmless (I-06).

use crate::order::Terms;
use crate::review::{Answer, Concern, Question, QuestionKind, Verdict};
use crate::{Event, EventKind, Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// A set: order does not matter, identities are unique.
    pub events: &'a [ExaminedEvent],
    pub answers: &'a [Answer],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Nobody has paid yet.
    Open,
    /// A payment is announced; the money is not there.
    Pending,
    /// The amount is reserved, not captured.
    Authorized,
    /// Something was paid that does not fit; the owner has been asked.
    InReview,
    /// Part of the total has been paid.
    PartlyPaid,
    Paid,
    PartlyRefunded,
    Refunded,
    /// The money was taken back by the gateway or a bank.
    Reversed,
    Failed,
    Expired,
    Voided,
    Cancelled,
}

impl OrderStatus {
    pub const ALL: [Self; 13] = [
        Self::Open,
        Self::Pending,
        Self::Authorized,
        Self::InReview,
        Self::PartlyPaid,
        Self::Paid,
        Self::PartlyRefunded,
        Self::Refunded,
        Self::Reversed,
        Self::Failed,
        Self::Expired,
        Self::Voided,
        Self::Cancelled,
    ];

    /// The stable word used in the database and the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::InReview => "in_review",
            Self::PartlyPaid => "partly_paid",
            Self::Paid => "paid",
            Self::PartlyRefunded => "partly_refunded",
            Self::Refunded => "refunded",
            Self::Reversed => "reversed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Voided => "voided",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// Where one transaction of an order stands. Variants stand in rising rank: the later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Ordered,
    Pending,
    Authorized,
    Expired,
    Voided,
    Failed,
    Denied,
    Completed,
}

impl PaymentStatus {
    pub const ALL: [Self; 8] = [
        Self::Ordered,
        Self::Pending,
        Self::Authorized,
        Self::Expired,
        Self::Voided,
        Self::Failed,
        Self::Denied,
        Self::Completed,
    ];

    /// Money is promised or reserved, and has not moved.
    #[must_use]
    pub fn is_announced(self) -> bool {
        matches!(self, Self::Ordered | Self::Pending | Self::Authorized)
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Pending => "pending",
            Self::Authorized => "authorized",
            Self::Expired => "expired",
            Self::Voided => "voided",
            Self::Failed => "failed",
            Self::Denied => "denied",
            Self::Completed => "completed",
        }
    }

    fn of(kind: EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::PaymentOrdered => Self::Ordered,
            EventKind::PaymentPending => Self::Pending,
            EventKind::PaymentAuthorized => Self::Authorized,
            EventKind::PaymentExpired => Self::Expired,
            EventKind::PaymentVoided => Self::Voided,
            EventKind::PaymentFailed => Self::Failed,
            EventKind::PaymentDenied => Self::Denied,
            EventKind::PaymentCompleted => Self::Completed,
            _ => return None,
        })
    }
}

/// One payment of an order with everything that happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub transaction: String,
    pub status: PaymentStatus,
    pub amount: Option<Money>,
    pub fee: Option<Money>,
    pub at: Option<Timestamp>,
    /// The gateway's own reason, such as why it is pending.
    pub reason: Option<String>,
    /// Whether the money counts towards the order. A completed payment that does not fit waits for the owner.
    pub counts: bool,
    /// The authorisation that this payment captured.
    pub parent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub transaction: String,
    pub parent: Option<String>,
    pub amount: Money,
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    pub case: String,
    pub opened_at: Option<Timestamp>,
    pub reason: Option<String>,
    /// `None` while it is open; then whether the shop won.
    pub won: Option<bool>,
}

/// A question together with the owner's answer, if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub question: Question,
    pub verdict: Option<Verdict>,
}

/// What is true of an order, as far as its events tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    pub status: OrderStatus,
    /// Completed payments that count.
    pub paid: Money,
    /// Never more than `paid` (T-B08); what exceeds it is asked about.
    pub refunded: Money,
    /// What gateways and banks hold of it at present. `refunded` and `reversed` together never exceed `paid`.
    pub reversed: Money,
    /// When the order became fully paid.
    pub paid_at: Option<Timestamp>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub disputes: Vec<Dispute>,
    /// Sorted by kind and subject.
    pub reviews: Vec<Review>,
}

impl OrderState {
    /// What the shop has in hand: paid, less what was given or taken back.
    #[must_use]
    pub fn kept(&self) -> Money {
        let less = self.paid.minus(self.refunded).and_then(|rest| rest.minus(self.reversed));
        less.expect("the three sums have the order's currency and refunded + reversed <= paid")
    }

    /// Whether goods may go out and access be open.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.status, OrderStatus::Paid | OrderStatus::PartlyRefunded)
    }

    /// Questions without an answer.
    pub fn open_questions(&self) -> impl Iterator<Item = &Question> {
        self.reviews.iter().filter(|review| review.verdict.is_none()).map(|review| &review.question)
    }

    #[must_use]
    pub fn open_disputes(&self) -> usize {
        self.disputes.iter().filter(|dispute| dispute.won.is_none()).count()
    }
}

/// Folds all facts about an order into its state. Pure, total, and blind to the sequence of its inputs.
#[must_use]
pub fn fold(facts: Facts<'_>) -> OrderState {
    let mut events: Vec<&ExaminedEvent> = facts.events.iter().collect();
    events.sort_by(|a, b| sequence(a).cmp(&sequence(b)));
    events.dedup_by(|a, b| a.event.identity == b.event.identity);

    let mut questions = Questions { answers: facts.answers, reviews: BTreeMap::new() };
    let mut payments = payments(&events);
    let settled = count(&mut payments, &events, facts, &mut questions);
    let paid = sum(payments.iter().filter(|payment| payment.counts).filter_map(|p| p.amount), facts);
    let refunds = refunds(&events);
    let refunded = refunded(&refunds, paid, facts, &mut questions);
    let reversal = reversal(&events, &payments, paid, refunded);

    let status = status(&StatusInput {
        facts,
        payments: &payments,
        questions: &questions,
        settled,
        paid,
        refunded,
        reversed: reversal,
    });
    let paid_at = if settled {
        payments.iter().filter(|payment| payment.counts).filter_map(|payment| payment.at).max()
    } else {
        None
    };
    OrderState {
        status,
        paid,
        refunded,
        reversed: reversal,
        paid_at,
        disputes: disputes(&events),
        payments,
        refunds,
        reviews: questions.reviews.into_values().collect(),
    }
}

/// What events are sorted by: when they happened, then rank, then identity, so that ties fall the same way always.
/// Events without a time come first.
fn sequence(examined: &ExaminedEvent) -> (Option<Timestamp>, EventKind, &str) {
    (examined.event.occurred_at, examined.event.kind, &examined.event.identity)
}

/// Groups the payment events by transaction; within one, the highest rank speaks.
fn payments(events: &[&ExaminedEvent]) -> Vec<Payment> {
    let mut by_transaction: BTreeMap<&str, (PaymentStatus, &Event)> = BTreeMap::new();
    for examined in events {
        let event = &examined.event;
        let Some(status) = PaymentStatus::of(event.kind) else { continue };
        let transaction = event.transaction.as_deref().unwrap_or(&event.identity);
        let slot = by_transaction.entry(transaction).or_insert((status, event));
        if status >= slot.0 {
            *slot = (status, event);
        }
    }
    let mut payments: Vec<Payment> = by_transaction
        .into_iter()
        .map(|(transaction, (status, event))| Payment {
            transaction: transaction.to_owned(),
            status,
            amount: event.amount,
            fee: event.fee,
            at: event.occurred_at,
            reason: event.reason.clone(),
            counts: false,
            parent: event.parent.clone(),
        })
        .collect();
    payments.sort_by(|a, b| (a.at, &a.transaction).cmp(&(b.at, &b.transaction)));
    payments
}

/// Decides which completed payments count, asks about the others, and says whether the order is settled.
fn count(
    payments: &mut [Payment],
    events: &[&ExaminedEvent],
    facts: Facts<'_>,
    questions: &mut Questions<'_>,
) -> bool {
    let total = facts.terms.total;
    let mut paid = Money::zero(total.currency());
    let mut settled_by_owner = false;
    let mut short_payments = Vec::new();
    for payment in payments.iter_mut().filter(|payment| payment.status == PaymentStatus::Completed) {
        if !concerns_are_accepted(payment, events, questions) {
            continue;
        }
        if let Some(cancelled_at) = facts.cancelled_at
            && payment.at.is_none_or(|at| at >= cancelled_at)
            && !questions.accepted(
                QuestionKind::PaidAfterCancellation,
                payment,
                String::new(),
                shown(payment),
            )
        {
            continue;
        }
        let Some(amount) = payment.amount else {
            // A completed payment without an amount proves nothing about money.
            questions.accepted(QuestionKind::Amount, payment, total.to_string(), String::new());
            continue;
        };
        if amount.currency() != total.currency() {
            let kind = QuestionKind::Currency;
            settled_by_owner |= questions.accepted(kind, payment, total.to_string(), amount.to_string());
            continue;
        }
        let missing = total.minus(paid).expect("one currency");
        if !missing.is_positive() {
            let none = Money::zero(total.currency()).to_string();
            payment.counts = questions.accepted(QuestionKind::PaidTwice, payment, none, amount.to_string());
        } else if amount.minor() > missing.minor() || !amount.is_positive() {
            let accepted =
                questions.accepted(QuestionKind::Amount, payment, missing.to_string(), amount.to_string());
            payment.counts = accepted && amount.is_positive();
            settled_by_owner |= accepted;
        } else {
            payment.counts = true;
            if amount != total {
                short_payments.push((payment.clone(), amount));
            }
        }
        if payment.counts {
            paid = paid.plus(amount).expect("one currency, and amounts are bounded");
        }
    }
    if paid.minor() >= total.minor() {
        return true;
    }
    // Not enough: ask about each part. One accepted part means that the owner is content with what there is.
    for (payment, amount) in &short_payments {
        let kind = QuestionKind::Amount;
        settled_by_owner |= questions.accepted(kind, payment, total.to_string(), amount.to_string());
    }
    settled_by_owner
}

fn shown(payment: &Payment) -> String {
    payment.amount.map(|amount| amount.to_string()).unwrap_or_default()
}

/// Asks about whatever the account found wrong with the completing event of this payment.
fn concerns_are_accepted(
    payment: &Payment,
    events: &[&ExaminedEvent],
    questions: &mut Questions<'_>,
) -> bool {
    let completing = events.iter().filter(|examined| {
        examined.event.kind == EventKind::PaymentCompleted
            && examined.event.transaction.as_deref().unwrap_or(&examined.event.identity)
                == payment.transaction
    });
    let mut fine = true;
    for concern in completing.flat_map(|examined| &examined.concerns) {
        fine &= questions.accepted(concern.kind, payment, concern.expected.clone(), concern.got.clone());
    }
    fine
}

fn sum(amounts: impl Iterator<Item = Money>, facts: Facts<'_>) -> Money {
    let zero = Money::zero(facts.terms.total.currency());
    amounts.fold(zero, |sum, amount| sum.plus(amount).expect("only amounts in the order's currency count"))
}

fn refunds(events: &[&ExaminedEvent]) -> Vec<Refund> {
    let mut by_transaction = BTreeMap::new();
    for examined in events.iter().filter(|examined| examined.event.kind == EventKind::RefundCompleted) {
        let event = &examined.event;
        let blocked = examined.concerns.iter().any(|concern| concern.kind == QuestionKind::Environment);
        let (Some(amount), false) = (event.amount, blocked) else { continue };
        let transaction = event.transaction.as_deref().unwrap_or(&event.identity).to_owned();
        by_transaction.entry(transaction.clone()).or_insert_with(|| Refund {
            transaction,
            parent: event.parent.clone(),
            amount,
            at: event.occurred_at,
        });
    }
    let mut refunds: Vec<Refund> = by_transaction.into_values().collect();
    refunds.sort_by(|a, b| (a.at, &a.transaction).cmp(&(b.at, &b.transaction)));
    refunds
}

/// Adds refunds up to what was paid. While nothing is paid they wait: the payment's message may simply be late.
fn refunded(refunds: &[Refund], paid: Money, facts: Facts<'_>, questions: &mut Questions<'_>) -> Money {
    let mut refunded = Money::zero(facts.terms.total.currency());
    for refund in refunds.iter().filter(|_| paid.is_positive()) {
        let left = paid.minus(refunded).expect("one currency");
        let fits = refund.amount.compare(left).is_some_and(|ordering| ordering.is_le());
        if fits {
            refunded = refunded.plus(refund.amount).expect("one currency");
            continue;
        }
        questions.ask(Question {
            kind: QuestionKind::RefundTooLarge,
            subject: refund.transaction.clone(),
            expected: left.to_string(),
            got: refund.amount.to_string(),
        });
        if refund.amount.currency() == paid.currency() {
            refunded = paid;
        }
    }
    refunded
}

/// What is taken back at present. Per payment the last word counts, because a reversal can be cancelled and made
/// again; its size is the payment's own amount, because gateways send reversals net of fees (PayPal does).
fn reversal(events: &[&ExaminedEvent], payments: &[Payment], paid: Money, refunded: Money) -> Money {
    let mut last_word: BTreeMap<&str, bool> = BTreeMap::new();
    for examined in events {
        let event = &examined.event;
        let taken = match event.kind {
            EventKind::ReversalMade | EventKind::DisputeLost => true,
            EventKind::ReversalCancelled | EventKind::DisputeWon => false,
            _ => continue,
        };
        last_word.insert(event.parent.as_deref().unwrap_or_default(), taken);
    }
    let counted = |payment: &&Payment| payment.counts;
    let taken_back = |payment: &Payment| {
        let own = last_word.get(payment.transaction.as_str());
        let by_authorization = payment.parent.as_deref().and_then(|parent| last_word.get(parent));
        // A message that names no payment concerns the only one there is.
        let unnamed = last_word.get("").filter(|_| payments.iter().filter(counted).count() == 1);
        own.or(by_authorization).or(unnamed).copied().unwrap_or(false)
    };
    let left = paid.minus(refunded).expect("one currency");
    let mut reversed = Money::zero(paid.currency());
    for amount in payments.iter().filter(counted).filter(|p| taken_back(p)).filter_map(|p| p.amount) {
        reversed = reversed.plus(amount).expect("one currency");
    }
    if reversed.minor() > left.minor() { left } else { reversed }
}

fn disputes(events: &[&ExaminedEvent]) -> Vec<Dispute> {
    let mut by_case: BTreeMap<String, Dispute> = BTreeMap::new();
    let mut closed: Vec<(Option<&str>, bool)> = Vec::new();
    for examined in events {
        let event = &examined.event;
        match event.kind {
            EventKind::DisputeOpened => {
                let case = event.case.clone().unwrap_or_else(|| event.identity.clone());
                by_case.entry(case.clone()).or_insert_with(|| Dispute {
                    case,
                    opened_at: event.occurred_at,
                    reason: event.reason.clone(),
                    won: None,
                });
            }
            EventKind::DisputeWon => closed.push((event.case.as_deref(), true)),
            EventKind::DisputeLost => closed.push((event.case.as_deref(), false)),
            _ => {}
        }
    }
    for (case, won) in closed {
        for dispute in by_case.values_mut().filter(|dispute| case.is_none_or(|case| case == dispute.case)) {
            dispute.won = Some(won);
        }
    }
    by_case.into_values().collect()
}

struct StatusInput<'a> {
    facts: Facts<'a>,
    payments: &'a [Payment],
    questions: &'a Questions<'a>,
    settled: bool,
    paid: Money,
    refunded: Money,
    reversed: Money,
}

fn status(input: &StatusInput<'_>) -> OrderStatus {
    let kept_back = input.refunded.plus(input.reversed).expect("one currency");
    if input.paid.is_positive() || input.settled {
        if input.reversed.is_positive() {
            return OrderStatus::Reversed;
        }
        if input.paid.is_positive() && kept_back == input.paid {
            return OrderStatus::Refunded;
        }
        if input.settled {
            let partly = input.refunded.is_positive();
            return if partly { OrderStatus::PartlyRefunded } else { OrderStatus::Paid };
        }
    }
    if input.questions.holds_the_order() {
        return OrderStatus::InReview;
    }
    if input.paid.is_positive() {
        return OrderStatus::PartlyPaid;
    }
    if input.facts.cancelled_at.is_some() {
        return OrderStatus::Cancelled;
    }
    let statuses: BTreeSet<PaymentStatus> = input.payments.iter().map(|payment| payment.status).collect();
    if statuses.contains(&PaymentStatus::Authorized) {
        return OrderStatus::Authorized;
    }
    if statuses.contains(&PaymentStatus::Pending) || statuses.contains(&PaymentStatus::Ordered) {
        return OrderStatus::Pending;
    }
    // All attempts have ended without money; the last one tells how.
    match input.payments.last().map(|payment| payment.status) {
        Some(PaymentStatus::Failed | PaymentStatus::Denied) => OrderStatus::Failed,
        Some(PaymentStatus::Voided) => OrderStatus::Voided,
        Some(PaymentStatus::Expired) => OrderStatus::Expired,
        _ => OrderStatus::Open,
    }
}

/// Collects the questions of one fold and looks up their answers.
struct Questions<'a> {
    answers: &'a [Answer],
    reviews: BTreeMap<(QuestionKind, String), Review>,
}

impl Questions<'_> {
    /// Asks about a payment; true when the owner has accepted.
    fn accepted(&mut self, kind: QuestionKind, payment: &Payment, expected: String, got: String) -> bool {
        self.ask(Question { kind, subject: payment.transaction.clone(), expected, got })
            == Some(Verdict::Accept)
    }

    fn ask(&mut self, question: Question) -> Option<Verdict> {
        let verdict = self
            .answers
            .iter()
            .filter(|answer| answer.kind == question.kind && answer.subject == question.subject)
            .max_by_key(|answer| (answer.answered_at, answer.verdict == Verdict::Reject))
            .map(|answer| answer.verdict);
        self.reviews.entry((question.kind, question.subject.clone())).or_insert(Review { question, verdict });
        verdict
    }

    /// Whether an unanswered question keeps money from counting.
    fn holds_the_order(&self) -> bool {
        use QuestionKind::{Amount, Currency, Environment, PaidAfterCancellation, Receiver};
        self.reviews.values().any(|review| {
            let kind = review.question.kind;
            review.verdict.is_none()
                && matches!(kind, Amount | Currency | Environment | PaidAfterCancellation | Receiver)
        })
    }
}
