//! Decisions: what the world must be told or what must move, because an order's state changed.
//!
//! An effect's key is unique within its order. The store keeps it under a unique index, so however often and in
//! whatever sequence messages arrive, nothing is mailed and no stock moves twice.

use crate::order::Item;
use crate::{Money, OrderState, OrderStatus};
use serde::{Deserialize, Serialize};

macro_rules! mail_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal;)+) => {
        /// The mails ipnd writes. The word is also the name of the template.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum MailKind {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $variant,)+
        }

        impl MailKind {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

mail_kinds! {
    /// To the customer: payment received.
    CustomerPaid = "customer.paid";
    /// To the customer: payment announced, the money is on its way.
    CustomerPending = "customer.pending";
    /// To the customer: the payment did not work.
    CustomerFailed = "customer.failed";
    /// To the customer: money was sent back.
    CustomerRefunded = "customer.refunded";
    /// To the customer: what the owner wrote on the order's page.
    CustomerMessage = "customer.message";
    /// To the owner: an order was paid.
    OwnerPaid = "owner.paid";
    /// To the owner: a payment is announced.
    OwnerPending = "owner.pending";
    /// To the owner: a payment failed.
    OwnerFailed = "owner.failed";
    /// To the owner: a refund went out.
    OwnerRefunded = "owner.refunded";
    /// To the owner: money was taken back by the gateway or a bank.
    OwnerReversed = "owner.reversed";
    /// To the owner: a customer or a bank disputes a payment.
    OwnerDisputed = "owner.disputed";
    /// To the owner: something needs an answer.
    OwnerReview = "owner.review";
}

impl MailKind {
    #[must_use]
    pub fn is_for_customer(self) -> bool {
        self.word().starts_with("customer.")
    }
}

/// Something that must be done because of a change, exactly once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Mail {
        kind: MailKind,
        /// What makes this mail different from others of its kind for the same order: a transaction, or empty.
        subject: String,
        /// The amount the mail speaks of, where it is not the order's total.
        amount: Option<Money>,
    },
    /// Units of a product leave the shop.
    Stock { sku: String, quantity: u32 },
}

impl Effect {
    /// Unique within the order.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Mail { kind, subject, .. } => format!("mail/{}/{subject}", kind.word()),
            Self::Stock { sku, .. } => format!("stock/{sku}"),
        }
    }
}

/// The effects that the step from `before` to `after` calls for. `before` is `None` for an order just registered.
#[must_use]
pub fn decide(items: &[Item], before: Option<&OrderState>, after: &OrderState) -> Vec<Effect> {
    let known: Vec<String> =
        before.map(|state| wanted(items, state)).unwrap_or_default().iter().map(Effect::key).collect();
    wanted(items, after).into_iter().filter(|effect| !known.contains(&effect.key())).collect()
}

/// Everything that an order in this state calls for. What was called for earlier has its key in the store already.
fn wanted(items: &[Item], state: &OrderState) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut mail = |kind, subject: &str, amount| {
        effects.push(Effect::Mail { kind, subject: subject.to_owned(), amount });
    };
    if state.is_settled() {
        mail(MailKind::CustomerPaid, "", None);
        mail(MailKind::OwnerPaid, "", None);
    }
    let last_transaction = state.payments.last().map_or("", |payment| payment.transaction.as_str());
    match state.status {
        OrderStatus::Pending | OrderStatus::Authorized => {
            mail(MailKind::CustomerPending, last_transaction, None);
            mail(MailKind::OwnerPending, last_transaction, None);
        }
        OrderStatus::Failed | OrderStatus::Voided | OrderStatus::Expired => {
            mail(MailKind::CustomerFailed, last_transaction, None);
            mail(MailKind::OwnerFailed, last_transaction, None);
        }
        OrderStatus::Reversed => mail(MailKind::OwnerReversed, last_transaction, Some(state.reversed)),
        _ => {}
    }
    if state.refunded.is_positive() {
        for refund in &state.refunds {
            mail(MailKind::CustomerRefunded, &refund.transaction, Some(refund.amount));
            mail(MailKind::OwnerRefunded, &refund.transaction, Some(refund.amount));
        }
    }
    for dispute in &state.disputes {
        mail(MailKind::OwnerDisputed, &dispute.case, None);
    }
    for question in state.open_questions() {
        mail(MailKind::OwnerReview, &format!("{}/{}", question.kind.word(), question.subject), None);
    }
    if state.is_settled() {
        effects.extend(stock(items));
    }
    effects
}

/// One movement a product, however many lines name it.
fn stock(items: &[Item]) -> Vec<Effect> {
    let mut moves: Vec<(String, u32)> = Vec::new();
    for item in items.iter().filter(|item| !item.sku.is_empty()) {
        match moves.iter_mut().find(|(sku, _)| *sku == item.sku) {
            Some((_, quantity)) => *quantity = quantity.saturating_add(item.quantity),
            None => moves.push((item.sku.clone(), item.quantity)),
        }
    }
    moves.into_iter().map(|(sku, quantity)| Effect::Stock { sku, quantity }).collect()
}
