//! Decisions: what the world must be told or what must move, because an order's state changed.
//!
//! An effect's key is unique within its order. The store keeps it under a unique index, so however often and in
//! whatever sequence messages arrive, nothing is mailed and no stock moves twice.

use crate::order::Item;
use crate::word_enum::word_enum;
use crate::{Currency, Money, OrderState, OrderStatus, Payment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

word_enum! {
    /// The mails ipnd writes. The word is also the name of the template.
    MailKind {
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
        /// To the owner: nothing can be told to an endpoint of the shop any more.
        OwnerEndpoint = "owner.endpoint";
        /// To the owner: a queue of the server stands still.
        OwnerStandstill = "owner.standstill";
    }
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

    /// Whether it says how an attempt to pay is going. Never said once money has come.
    fn tells_of_an_attempt(&self) -> bool {
        use MailKind::{CustomerFailed, CustomerPending, OwnerFailed, OwnerPending};
        matches!(self, Self::Mail { kind: CustomerFailed | CustomerPending | OwnerFailed | OwnerPending, .. })
    }

    fn tells_of_a_refund(&self) -> bool {
        matches!(self, Self::Mail { kind: MailKind::CustomerRefunded | MailKind::OwnerRefunded, .. })
    }
}

/// The effects that the step from `before` to `after` calls for. `before` is `None` for an order just registered.
#[must_use]
pub fn decide(items: &[Item], before: Option<&OrderState>, after: &OrderState) -> Vec<Effect> {
    let known: Vec<String> =
        before.map(|state| wanted(items, state)).unwrap_or_default().iter().map(Effect::key).collect();
    // When an answer changes, money can cease to count. The customer has been thanked already, and hears no more
    // about how earlier attempts went.
    let had_money = before.is_some_and(|state| state.payments.iter().any(|payment| payment.counts));
    // A refund that adds nothing had been told already: a total was heard of before the single refunds in it.
    let is_told = before.is_some_and(|before| {
        let before = went_back(before);
        went_back(after)
            .iter()
            .all(|(currency, amount)| before.get(currency).is_some_and(|was| amount <= was))
    });
    let is_old_news = |effect: &Effect| {
        (had_money && effect.tells_of_an_attempt()) || (is_told && effect.tells_of_a_refund())
    };
    let mut effects = wanted(items, after);
    effects.retain(|effect| !known.contains(&effect.key()) && !is_old_news(effect));
    effects
}

/// How much went back in each currency, in minor units.
fn went_back(state: &OrderState) -> BTreeMap<Currency, i128> {
    let mut sums = BTreeMap::new();
    for refund in state.refunds.iter().filter(|refund| refund.payment.is_some()) {
        *sums.entry(refund.amount.currency()).or_default() += refund.amount.minor();
    }
    sums
}

/// Everything that an order in this state calls for. What was called for earlier has its key in the store already.
fn wanted(items: &[Item], state: &OrderState) -> Vec<Effect> {
    let mut effects = Vec::new();
    if state.is_settled() {
        effects.extend(both(MailKind::CustomerPaid, MailKind::OwnerPaid, "", None));
        effects.extend(stock(items));
    }
    effects.extend(attempts(state));
    for refund in state.refunds.iter().filter(|refund| refund.payment.is_some()) {
        let kinds = (MailKind::CustomerRefunded, MailKind::OwnerRefunded);
        effects.extend(both(kinds.0, kinds.1, &refund.transaction, Some(refund.amount)));
    }
    for reversal in &state.reversals {
        // Money can be taken back, returned, and taken back again: each time is told, and told once.
        let subject = match reversal.number {
            0 => reversal.payment.clone(),
            number => format!("{}#{}", reversal.payment, number + 1),
        };
        effects.push(mail(MailKind::OwnerReversed, &subject, reversal.amount));
    }
    for dispute in &state.disputes {
        effects.push(mail(MailKind::OwnerDisputed, &dispute.case, None));
    }
    for question in state.open_questions() {
        let subject = format!("{}/{}", question.kind.word(), question.subject);
        effects.push(mail(MailKind::OwnerReview, &subject, None));
    }
    effects
}

/// What there is to say about attempts to pay, as long as no money counts.
fn attempts(state: &OrderState) -> Vec<Effect> {
    let believed = || state.payments.iter().filter(|payment| payment.is_believed);
    match state.status {
        OrderStatus::Pending | OrderStatus::Authorized => {
            let mut roots: Vec<&str> = believed()
                .filter(|payment| payment.status.is_announced())
                .map(|payment| root(payment, &state.payments))
                .collect();
            roots.sort_unstable();
            roots.dedup();
            let kinds = (MailKind::CustomerPending, MailKind::OwnerPending);
            roots.into_iter().flat_map(|root| both(kinds.0, kinds.1, root, None)).collect()
        }
        OrderStatus::Failed | OrderStatus::Voided | OrderStatus::Expired => {
            let last = believed().next_back().map_or("", |payment| payment.transaction.as_str());
            both(MailKind::CustomerFailed, MailKind::OwnerFailed, last, None).into()
        }
        _ => Vec::new(),
    }
}

/// The first of the transactions that lead to this one: an order, its authorisation and its capture are one
/// announcement for the customer.
fn root<'a>(payment: &'a Payment, payments: &'a [Payment]) -> &'a str {
    let mut current = payment;
    // A chain is no longer than the list, even if a gateway were to send one that goes round in a circle.
    for _ in payments {
        let Some(parent) = current.parent.as_deref() else { break };
        match payments.iter().find(|payment| payment.transaction == parent) {
            Some(payment) => current = payment,
            None => return parent,
        }
    }
    &current.transaction
}

fn mail(kind: MailKind, subject: &str, amount: Option<Money>) -> Effect {
    Effect::Mail { kind, subject: subject.to_owned(), amount }
}

fn both(customer: MailKind, owner: MailKind, subject: &str, amount: Option<Money>) -> [Effect; 2] {
    [mail(customer, subject, amount), mail(owner, subject, amount)]
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
