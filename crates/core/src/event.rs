//! Events: what a genuine notification says, in words that are the same for every gateway.

use crate::money::Money;
use crate::word_enum::word_enum;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

word_enum! {
    /// What happened.
    EventKind {
        /// The customer has paid, but the money is not there yet (bank debit, review, acceptance by the owner).
        PaymentPending = "payment.pending";
        /// Less came than was asked for. It may be topped up or not; until then nothing is paid.
        PaymentUnderpaid = "payment.underpaid";
        /// The customer has promised a payment that somebody still has to authorise and capture.
        PaymentOrdered = "payment.ordered";
        /// The amount is reserved; no money moves until it is captured.
        PaymentAuthorized = "payment.authorized";
        /// The money is in the account. The only kind that pays an order.
        PaymentCompleted = "payment.completed";
        /// The payment was refused after it had been announced.
        PaymentDenied = "payment.denied";
        /// The payment was tried and failed.
        PaymentFailed = "payment.failed";
        /// A payment was called off, or a reserved amount released, before any money moved.
        PaymentVoided = "payment.voided";
        /// A reserved amount was not captured in time.
        PaymentExpired = "payment.expired";
        /// A refund was ordered and has not gone through.
        RefundPending = "refund.pending";
        /// Money went back to the customer, in full or in part.
        RefundCompleted = "refund.completed";
        /// A refund did not go through or came back; the money is with the shop again.
        RefundFailed = "refund.failed";
        /// The gateway or a bank took the money back (chargeback, complaint, hold).
        ReversalMade = "reversal.made";
        /// Money that had been taken back was returned to the shop.
        ReversalCancelled = "reversal.cancelled";
        /// The customer or a bank disputes a payment; money may or may not be held.
        DisputeOpened = "dispute.opened";
        /// News of an open dispute; nothing is decided.
        DisputeUpdated = "dispute.updated";
        /// A dispute ended for the shop, or the shop was reimbursed.
        DisputeWon = "dispute.won";
        /// A dispute ended against the shop; the money is gone.
        DisputeLost = "dispute.lost";
        /// A subscription began. Says nothing about money.
        SubscriptionStarted = "subscription.started";
        /// A subscription's price, period or terms changed.
        SubscriptionModified = "subscription.modified";
        /// A subscription's charge failed.
        SubscriptionPaymentFailed = "subscription.payment_failed";
        /// A subscription's charge was put off and will be tried again.
        SubscriptionPaymentSkipped = "subscription.payment_skipped";
        /// A subscription was suspended by the gateway or the shop.
        SubscriptionSuspended = "subscription.suspended";
        /// A subscription will not be charged again; the paid period goes on.
        SubscriptionCancelled = "subscription.cancelled";
        /// A subscription's paid time is over.
        SubscriptionEnded = "subscription.ended";
        /// The customer allowed the shop to charge later.
        AgreementStarted = "agreement.started";
        /// The customer withdrew that permission.
        AgreementCancelled = "agreement.cancelled";
        /// Money the shop sent to somebody is on its way or unclaimed. Never credits an order.
        PayoutPending = "payout.pending";
        /// Money the shop sent to somebody arrived. Never credits an order.
        PayoutCompleted = "payout.completed";
        /// Money the shop sent to somebody came back, was blocked or never left. Never credits an order.
        PayoutFailed = "payout.failed";
    }
}

impl EventKind {
    /// Whether the event is about the customer's own payment (and not about a refund, dispute, payout ...).
    #[must_use]
    pub fn is_payment(self) -> bool {
        use EventKind::{
            PaymentAuthorized, PaymentCompleted, PaymentDenied, PaymentExpired, PaymentFailed,
            PaymentOrdered, PaymentPending, PaymentUnderpaid, PaymentVoided,
        };
        matches!(
            self,
            PaymentPending
                | PaymentUnderpaid
                | PaymentOrdered
                | PaymentAuthorized
                | PaymentCompleted
                | PaymentDenied
                | PaymentFailed
                | PaymentVoided
                | PaymentExpired
        )
    }

    /// Whether the event can concern an order of the shop at all. Payouts are the shop's own money going out;
    /// the life of subscriptions and agreements is kept, and has no effect on orders yet.
    #[must_use]
    pub fn concerns_an_order(self) -> bool {
        use EventKind::{
            DisputeLost, DisputeOpened, DisputeUpdated, DisputeWon, RefundCompleted, RefundFailed,
            RefundPending, ReversalCancelled, ReversalMade,
        };
        self.is_payment()
            || matches!(
                self,
                RefundPending
                    | RefundCompleted
                    | RefundFailed
                    | ReversalMade
                    | ReversalCancelled
                    | DisputeOpened
                    | DisputeUpdated
                    | DisputeWon
                    | DisputeLost
            )
    }
}

word_enum! {
    /// Live money or a gateway's play money. It belongs to the account and never to the message (T-A18).
    Environment {
        /// Real money.
        Live = "live";
        /// The gateway's own test system.
        Sandbox = "sandbox";
    }
}

/// One thing that one notification says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: EventKind,
    /// What makes two events the same one, whichever way they came. Unique within gateway family and environment.
    pub identity: String,
    /// When it happened, by the gateway's own clock; `None` when the message does not say or cannot be read.
    pub occurred_at: Option<Timestamp>,
    /// What the message itself claims to be. Compared with the account's environment, never believed.
    pub environment: Environment,
    /// The shop's reference of the order, as it came back from the gateway. Opaque, compared exactly (T-B14).
    pub order_ref: Option<String>,
    /// The gateway's id of the transaction this event is about.
    pub transaction: Option<String>,
    /// The transaction that this one refers to: the payment of a refund, the authorisation of a capture.
    pub parent: Option<String>,
    /// Never negative: `kind` says which way the money goes.
    pub amount: Option<Money>,
    /// The amount is the sum so far of everything of this kind about the same parent (or transaction), not of this
    /// event alone. Left out where it is false, so that events say what they said before there was such a thing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub amount_is_total: bool,
    /// What the gateway kept. Negative when it was given back.
    pub fee: Option<Money>,
    /// Every name the message gives for the account that received the money (merchant id, addresses).
    pub receivers: Vec<String>,
    pub customer: Customer,
    pub items: Vec<EventItem>,
    /// The gateway's id of the subscription or agreement, if the event belongs to one.
    pub subscription: Option<String>,
    /// The gateway's id of the dispute.
    pub case: Option<String>,
    /// The gateway's own word for the status, kept as it was sent.
    pub status: Option<String>,
    /// The gateway's own word for the reason (why pending, why reversed).
    pub reason: Option<String>,
    /// What the shop had passed along and got back.
    pub custom: Option<String>,
    /// A note that the customer wrote at the gateway.
    pub note: Option<String>,
}

impl Event {
    /// An event of which only the necessary is known; adapters fill in the rest.
    #[must_use]
    pub fn new(kind: EventKind, identity: impl Into<String>, environment: Environment) -> Self {
        Self {
            kind,
            identity: identity.into(),
            occurred_at: None,
            environment,
            order_ref: None,
            transaction: None,
            parent: None,
            amount: None,
            amount_is_total: false,
            fee: None,
            receivers: Vec::new(),
            customer: Customer::default(),
            items: Vec::new(),
            subscription: None,
            case: None,
            status: None,
            reason: None,
            custom: None,
            note: None,
        }
    }
}

/// The person who pays, as far as known. Never used to log anybody in (T-B20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Customer {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// Postal address, one line each, in the order in which it is written on a parcel.
    pub address: Vec<String>,
    /// ISO 3166 alpha-2.
    pub country: Option<String>,
}

/// A line of what was bought, as the gateway repeats it. For show; the order's own terms decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventItem {
    pub sku: Option<String>,
    pub name: String,
    pub quantity: u32,
    /// Amount of the whole line.
    pub amount: Option<Money>,
}
