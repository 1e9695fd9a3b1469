//! Questions that only the owner can answer, and the answers.
//!
//! ipnd never guesses about money. Where a genuine message does not fit, it says what it expected and what came,
//! holds the order where it is, and asks. An answer is a fact like any event: the order's state is folded from
//! both, so an answer survives every recomputation.

use crate::word_enum::word_enum;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

word_enum! {
    /// What a question to the owner is about.
    QuestionKind {
        /// The amount is not what the order costs. Accepting settles the order with what was paid.
        Amount = "amount";
        /// The currency is not the order's. Accepting settles the order with what was paid.
        Currency = "currency";
        /// The money went to an account that is not in the list of receivers. Accepting believes it is the shop's.
        Receiver = "receiver";
        /// The message's proof does not cover what moves money, and the gateway has not confirmed it. Accepting believes
        /// it.
        Unproven = "unproven";
        /// Play money at a live account, or the other way round. Accepting counts it nevertheless.
        Environment = "environment";
        /// The order had been cancelled before the money came. Accepting brings the order back.
        PaidAfterCancellation = "paid_after_cancellation";
        /// The order was already paid by another transaction. Accepting keeps the surplus, rejecting says: pay it back.
        PaidTwice = "paid_twice";
        /// More was refunded than had been paid. Accepting takes note of it.
        RefundTooLarge = "refund_too_large";
        /// No order has this reference. Accepting makes an order from the payment.
        UnknownOrder = "unknown_order";
        /// A transaction that belongs to one order names another. Nothing was changed; accepting takes note of it.
        TransactionReused = "transaction_reused";
        /// The same event came again with other content. The first one stands; accepting takes note of it.
        ContentChanged = "content_changed";
    }
}

/// Something the owner has to decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Question {
    pub kind: QuestionKind,
    /// What it is about: a transaction of the gateway. With `kind` it identifies the question within its order.
    pub subject: String,
    /// What ipnd had expected, ready to be shown; empty where nothing can be compared.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accept,
    Reject,
}

/// The owner's answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub kind: QuestionKind,
    pub subject: String,
    pub verdict: Verdict,
    pub answered_at: Timestamp,
}

/// What a genuine event's account finds wrong with it, before any order is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    pub kind: QuestionKind,
    pub expected: String,
    pub got: String,
}
