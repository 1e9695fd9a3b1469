//! What is true of an order: the result of the fold.

use crate::review::{Question, Verdict};
use crate::word_enum::word_enum;
use crate::{EventKind, Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

word_enum! {
    /// Where an order stands.
    OrderStatus {
        /// Nobody has paid yet.
        Open = "open";
        /// A payment is announced; the money is not there.
        Pending = "pending";
        /// The amount is reserved, not captured.
        Authorized = "authorized";
        /// Something was paid that does not fit; the owner has been asked.
        InReview = "in_review";
        /// Part of the total has been paid.
        PartlyPaid = "partly_paid";
        /// What had to be paid has been paid, or the owner is content with what there is.
        Paid = "paid";
        /// Some of the money went back.
        PartlyRefunded = "partly_refunded";
        /// All of the money went back.
        Refunded = "refunded";
        /// The money was taken back by the gateway or a bank.
        Reversed = "reversed";
        /// The last attempt to pay failed or was refused.
        Failed = "failed";
        /// A reserved amount was not captured in time.
        Expired = "expired";
        /// The payment was called off, or a reserved amount released, before any money moved.
        Voided = "voided";
        /// The shop or the customer cancelled the order before it was paid.
        Cancelled = "cancelled";
    }
}

word_enum! {
    /// Where one transaction of an order stands. They stand in rising rank: the later one wins.
    PaymentStatus {
        /// Promised; still to be authorised and captured.
        Ordered = "ordered";
        /// Announced; the money is not there.
        Pending = "pending";
        /// Reserved, not captured.
        Authorized = "authorized";
        /// The reservation was not captured in time.
        Expired = "expired";
        /// It was called off, or the reservation released.
        Voided = "voided";
        /// It was tried and failed.
        Failed = "failed";
        /// It was refused after it had been announced.
        Denied = "denied";
        /// The money is in the account.
        Completed = "completed";
    }
}

impl PaymentStatus {
    /// Money is promised or reserved, and has not moved.
    #[must_use]
    pub fn is_announced(self) -> bool {
        matches!(self, Self::Ordered | Self::Pending | Self::Authorized)
    }

    /// What an event says about its transaction; `None` for events that are not about a payment itself.
    pub(crate) fn of(kind: EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::PaymentOrdered => Self::Ordered,
            // What has come is not in the account as a payment of this order yet, and may never be.
            EventKind::PaymentPending | EventKind::PaymentUnderpaid => Self::Pending,
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

/// One payment of an order, as the highest-ranking event about its transaction tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub transaction: String,
    pub status: PaymentStatus,
    pub amount: Option<Money>,
    pub fee: Option<Money>,
    pub at: Option<Timestamp>,
    /// The gateway's own reason, such as why it is pending.
    pub reason: Option<String>,
    /// Whether its account found nothing wrong with it (receiver, environment), or the owner accepted what it found.
    /// Nothing that is not believed changes the order or is told to anybody but the owner.
    pub is_believed: bool,
    /// Whether it counts towards the order. A completed payment that does not fit waits for the owner.
    pub counts: bool,
    /// The authorisation that this payment captured.
    pub parent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub transaction: String,
    pub parent: Option<String>,
    /// What this refund gave back. Where the gateway tells only totals, what the total adds to what is known otherwise.
    pub amount: Money,
    pub at: Option<Timestamp>,
    /// The payment it gave back, in full or in part. `None` while that payment is not known, is not believed, or has
    /// nothing left to give back.
    pub payment: Option<String>,
}

/// Money of one payment that the gateway or a bank holds at present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    pub payment: String,
    /// How often this payment's money had been taken back and returned before.
    pub number: u32,
    /// What was left of the payment; all of it where the shop had sent it back already.
    pub amount: Option<Money>,
    pub at: Option<Timestamp>,
    pub reason: Option<String>,
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
    /// Completed payments that count. An accepted payment in another currency counts and adds nothing here.
    pub paid: Money,
    /// What was sent back of it. Never more than `paid` (T-B08); what exceeds it is asked about.
    pub refunded: Money,
    /// What gateways and banks hold of it at present. `refunded` and `reversed` together never exceed `paid`.
    pub reversed: Money,
    /// When the payment came that settled the order.
    pub paid_at: Option<Timestamp>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    /// Only what is held at present.
    pub reversals: Vec<Reversal>,
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

    /// Whether the order can be given up: nothing that was paid counts towards it.
    #[must_use]
    pub fn may_be_cancelled(&self) -> bool {
        !self.payments.iter().any(|payment| payment.counts)
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
