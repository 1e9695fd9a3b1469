//! What can happen to a payment on PayPal's side: its states, the actions each state allows, and the event that
//! each action tells the shop about. Pure; ids and the time are arguments.

use super::order::Order;
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the money of one transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// An eCheck that has not cleared.
    Pending,
    /// Reserved, neither captured in full nor released.
    Authorized,
    /// Captured in full (authorisations) or paid (payments).
    Completed,
    Denied,
    Failed,
    Voided,
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) case: String,
    pub(crate) is_lost: bool,
}

/// One transaction with everything that later actions depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    pub(crate) order: Order,
    pub(crate) status: Status,
    pub(crate) is_echeck: bool,
    pub(crate) is_authorization: bool,
    /// The authorisation that this payment captured.
    pub(crate) parent: Option<String>,
    pub(crate) amount: Money,
    /// What was captured of an authorisation.
    pub(crate) captured: Money,
    pub(crate) refunded: Money,
    /// Why the money was taken back, while it is.
    pub(crate) reversed_for: Option<String>,
    pub(crate) dispute: Option<Dispute>,
    pub(crate) created_at: Timestamp,
    /// Counts the changes, so that a form sent twice acts once.
    pub(crate) revision: u32,
}

/// How a buyer ends the checkout page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pay,
    PayByEcheck,
    Authorize,
    Decline,
}

/// What can be done to a transaction afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Refund(Money),
    /// With the reason as PayPal spells it.
    Reverse(&'static str),
    CancelReversal,
    Clear,
    Bounce,
    Capture(Money),
    Void,
    Expire,
    OpenDispute,
    LoseDispute,
}

/// What an action leads to: something to tell the shop, and perhaps a transaction of its own.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) event: Event,
    pub(crate) opened: Option<Transaction>,
}

/// Ids for whatever an action creates; drawn by the caller.
#[derive(Clone, Debug)]
pub(crate) struct FreshIds {
    pub(crate) transaction: String,
    pub(crate) case: String,
}

/// Why an action is not possible. The word stands in the catalogue as `refusal.WORD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotInThisState,
    AmountOutOfRange,
}

impl Refusal {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NotInThisState => "refusal.state",
            Self::AmountOutOfRange => "refusal.amount",
        }
    }
}

impl Transaction {
    /// The transaction that a checkout ends in, and what the shop is told.
    pub(crate) fn begin(order: Order, outcome: Outcome, id: String, now: Timestamp) -> (Self, Event) {
        let zero = Money::zero(order.total.currency());
        let transaction = Self {
            id,
            amount: order.total,
            order,
            status: match outcome {
                Outcome::Pay => Status::Completed,
                Outcome::PayByEcheck => Status::Pending,
                Outcome::Authorize => Status::Authorized,
                Outcome::Decline => Status::Denied,
            },
            is_echeck: outcome == Outcome::PayByEcheck,
            is_authorization: outcome == Outcome::Authorize,
            parent: None,
            captured: zero,
            refunded: zero,
            reversed_for: None,
            dispute: None,
            created_at: now,
            revision: 0,
        };
        let mut event = match outcome {
            Outcome::Pay => transaction.payment(EventKind::PaymentCompleted),
            Outcome::PayByEcheck => transaction.payment(EventKind::PaymentPending),
            Outcome::Authorize => transaction.payment(EventKind::PaymentAuthorized),
            Outcome::Decline => transaction.payment(EventKind::PaymentDenied),
        };
        event.reason = match outcome {
            Outcome::PayByEcheck => Some("echeck".to_owned()),
            Outcome::Authorize => Some("authorization".to_owned()),
            Outcome::Pay | Outcome::Decline => None,
        };
        (transaction, event)
    }

    /// The word for the state that the list shows; stands in the catalogue as `state.WORD`.
    pub(crate) fn word(&self) -> &'static str {
        if self.dispute.as_ref().is_some_and(|dispute| dispute.is_lost) {
            return "state.dispute_lost";
        }
        if self.reversed_for.is_some() {
            return "state.reversed";
        }
        if self.refunded.is_positive() {
            return if self.refunded == self.amount { "state.refunded" } else { "state.partly_refunded" };
        }
        match self.status {
            Status::Pending => "state.pending",
            Status::Authorized if self.captured.is_positive() => "state.partly_captured",
            Status::Authorized => "state.authorized",
            Status::Completed if self.is_authorization => "state.captured",
            Status::Completed => "state.completed",
            Status::Denied => "state.denied",
            Status::Failed => "state.failed",
            Status::Voided => "state.voided",
            Status::Expired => "state.expired",
        }
    }

    /// The colour of that state.
    pub(crate) fn tone(&self) -> &'static str {
        match self.word() {
            "state.completed" | "state.captured" => "tone-good",
            "state.pending" | "state.authorized" | "state.partly_captured" => "tone-wait",
            "state.refunded" | "state.partly_refunded" => "tone-info",
            "state.voided" | "state.expired" => "tone-calm",
            _ => "tone-bad",
        }
    }

    /// What can still be refunded, or captured of an authorisation.
    pub(crate) fn remaining(&self) -> Money {
        let gone = if self.is_authorization { self.captured } else { self.refunded };
        self.amount.minus(gone).expect("all amounts of a transaction have its currency")
    }

    fn holds_money(&self) -> bool {
        self.status == Status::Completed
            && !self.is_authorization
            && self.reversed_for.is_none()
            && !self.dispute.as_ref().is_some_and(|dispute| dispute.is_lost)
            && self.remaining().is_positive()
    }

    /// Whether the present state allows this kind of action.
    pub(crate) fn allows(&self, action: &Action) -> bool {
        match action {
            Action::Refund(_) | Action::Reverse(_) => self.holds_money(),
            Action::CancelReversal => self.reversed_for.is_some() && self.open_or_no_dispute(),
            Action::Clear | Action::Bounce => self.status == Status::Pending,
            Action::Capture(_) | Action::Void | Action::Expire => self.status == Status::Authorized,
            Action::OpenDispute => self.holds_money() && self.dispute.is_none(),
            Action::LoseDispute => self.dispute.as_ref().is_some_and(|dispute| !dispute.is_lost),
        }
    }

    fn open_or_no_dispute(&self) -> bool {
        self.dispute.as_ref().is_none_or(|dispute| !dispute.is_lost)
    }

    /// Does it. Nothing is changed when it is refused.
    pub(crate) fn act(&mut self, action: &Action, fresh: FreshIds, now: Timestamp) -> Result<Step, Refusal> {
        if !self.allows(action) {
            return Err(Refusal::NotInThisState);
        }
        if let Action::Refund(amount) | Action::Capture(amount) = action {
            let fits = amount.compare(self.remaining()).is_some_and(|ordering| ordering.is_le());
            if !amount.is_positive() || !fits {
                return Err(Refusal::AmountOutOfRange);
            }
        }
        self.revision += 1;
        let mut opened = None;
        let mut event = match action {
            Action::Refund(amount) => self.refund(*amount, fresh),
            Action::Reverse(reason) => self.reverse(reason, fresh),
            Action::CancelReversal => self.cancel_reversal(fresh),
            Action::Clear => {
                self.status = Status::Completed;
                self.payment(EventKind::PaymentCompleted)
            }
            Action::Bounce => {
                self.status = Status::Failed;
                self.payment(EventKind::PaymentFailed)
            }
            Action::Capture(amount) => {
                let capture = self.capture(*amount, fresh, now);
                let event = capture.payment(EventKind::PaymentCompleted);
                opened = Some(capture);
                event
            }
            Action::Void => {
                self.status = Status::Voided;
                self.payment(EventKind::PaymentVoided)
            }
            Action::Expire => {
                self.status = Status::Expired;
                self.payment(EventKind::PaymentExpired)
            }
            Action::OpenDispute => self.open_dispute(fresh),
            Action::LoseDispute => self.lose_dispute(fresh),
        };
        event.occurred_at = Some(now);
        Ok(Step { event, opened })
    }

    fn refund(&mut self, amount: Money, fresh: FreshIds) -> Event {
        self.refunded = self.refunded.plus(amount).expect("checked against what remains");
        let mut event = self.about_parent(EventKind::RefundCompleted, fresh.transaction, amount);
        event.fee = Some(percentage(amount).negated());
        event.reason = Some("refund".to_owned());
        event
    }

    fn reverse(&mut self, reason: &str, fresh: FreshIds) -> Event {
        self.reversed_for = Some(reason.to_owned());
        let mut event = self.about_parent(EventKind::ReversalMade, fresh.transaction, self.remaining());
        event.reason = Some(reason.to_owned());
        event
    }

    fn cancel_reversal(&mut self, fresh: FreshIds) -> Event {
        let reason = match self.reversed_for.take().as_deref() {
            Some("chargeback") => "chargeback_reimbursement",
            _ => "other",
        };
        let mut event = self.about_parent(EventKind::ReversalCancelled, fresh.transaction, self.remaining());
        event.reason = Some(reason.to_owned());
        event
    }

    /// A capture is a payment of its own, with the authorisation as its parent.
    fn capture(&mut self, amount: Money, fresh: FreshIds, now: Timestamp) -> Self {
        self.captured = self.captured.plus(amount).expect("checked against what remains");
        if self.remaining().is_zero() {
            self.status = Status::Completed;
        }
        let zero = Money::zero(amount.currency());
        Self {
            id: fresh.transaction,
            order: self.order.clone(),
            status: Status::Completed,
            is_echeck: false,
            is_authorization: false,
            parent: Some(self.id.clone()),
            amount,
            captured: zero,
            refunded: zero,
            reversed_for: None,
            dispute: None,
            created_at: now,
            revision: 0,
        }
    }

    fn open_dispute(&mut self, fresh: FreshIds) -> Event {
        self.dispute = Some(Dispute { case: fresh.case.clone(), is_lost: false });
        let mut event = self.base(EventKind::DisputeOpened);
        event.transaction = Some(self.id.clone());
        event.case = Some(fresh.case);
        event.reason = Some("non_receipt".to_owned());
        event
    }

    /// The final loss moves the money if it was not held before; PayPal calls this an adjustment.
    fn lose_dispute(&mut self, fresh: FreshIds) -> Event {
        let mut event = self.about_parent(EventKind::DisputeLost, fresh.transaction, self.remaining());
        event.reason = Some("chargeback_settlement".to_owned());
        if let Some(dispute) = &mut self.dispute {
            dispute.is_lost = true;
            event.case = Some(dispute.case.clone());
        }
        event
    }

    /// What every message about this transaction repeats.
    fn base(&self, kind: EventKind) -> Event {
        let mut event = Event::new(kind, format!("{}/{}", self.id, kind.word()), Environment::Sandbox);
        event.occurred_at = Some(self.created_at);
        event.order_ref = self.order.invoice.clone();
        event.custom = self.order.custom.clone();
        event.receivers = vec![self.order.business.clone()];
        event.customer = self.order.buyer.clone();
        event.items = self.order.items.clone();
        event
    }

    fn payment(&self, kind: EventKind) -> Event {
        let mut event = self.base(kind);
        event.transaction = Some(self.id.clone());
        event.parent = self.parent.clone();
        event.amount = Some(self.amount);
        event.fee = (kind == EventKind::PaymentCompleted).then(|| fee(self.amount));
        event
    }

    fn about_parent(&self, kind: EventKind, id: String, amount: Money) -> Event {
        let mut event = self.base(kind);
        event.transaction = Some(id);
        event.parent = Some(self.id.clone());
        event.amount = Some(amount);
        event
    }
}

/// 2.9 %, rounded half up: the part of the fee that moves with the amount.
fn percentage(amount: Money) -> Money {
    Money::from_minor((amount.minor() * 29 + 500) / 1000, amount.currency())
}

/// The percentage and a fixed part of 30 hundredths, never more than the amount.
fn fee(amount: Money) -> Money {
    let fixed = if amount.currency().exponent() == 2 { 30 } else { 0 };
    let fee = Money::from_minor(percentage(amount).minor() + fixed, amount.currency());
    if fee.minor() > amount.minor() { amount } else { fee }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paypal::order::{Fields, tests::cart_form};

    fn begin(outcome: Outcome) -> (Transaction, Event) {
        let order = Order::read(&Fields::read(cart_form().as_bytes())).unwrap();
        Transaction::begin(order, outcome, "T1".to_owned(), Timestamp::UNIX_EPOCH)
    }

    fn fresh() -> FreshIds {
        FreshIds { transaction: "T2".to_owned(), case: "PP-D-1".to_owned() }
    }

    fn money(text: &str) -> Money {
        Money::parse(text, "EUR".parse().unwrap()).unwrap()
    }

    #[test]
    fn refunds_never_exceed_what_is_left() {
        let (mut paid, event) = begin(Outcome::Pay);
        assert_eq!(event.amount, Some(money("27.00")));
        assert_eq!(event.fee, Some(money("1.08")));
        let mut refund =
            |text: &str| paid.act(&Action::Refund(money(text)), fresh(), Timestamp::UNIX_EPOCH).map(|_| ());
        assert_eq!(refund("27.01"), Err(Refusal::AmountOutOfRange));
        assert_eq!(refund("0.00"), Err(Refusal::AmountOutOfRange));
        assert_eq!(refund("7.00"), Ok(()));
        assert_eq!(refund("20.01"), Err(Refusal::AmountOutOfRange));
        assert_eq!(refund("20.00"), Ok(()));
        assert_eq!(refund("0.01"), Err(Refusal::NotInThisState));
        assert_eq!(paid.word(), "state.refunded");
    }

    #[test]
    fn an_amount_in_another_currency_is_refused() {
        let (mut paid, _) = begin(Outcome::Pay);
        let dollars = Money::parse("1.00", "USD".parse().unwrap()).unwrap();
        let refused = paid.act(&Action::Refund(dollars), fresh(), Timestamp::UNIX_EPOCH);
        assert_eq!(refused.map(|_| ()), Err(Refusal::AmountOutOfRange));
        assert_eq!(paid.revision, 0);
    }

    #[test]
    fn an_echeck_clears_under_its_own_id() {
        let (mut echeck, event) = begin(Outcome::PayByEcheck);
        assert_eq!((event.kind, event.reason.as_deref()), (EventKind::PaymentPending, Some("echeck")));
        let step = echeck.act(&Action::Clear, fresh(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(step.event.kind, EventKind::PaymentCompleted);
        assert_eq!(step.event.transaction.as_deref(), Some("T1"));
        assert!(!echeck.allows(&Action::Bounce));
    }

    #[test]
    fn captures_are_payments_of_their_own_and_end_the_authorisation() {
        let (mut reserved, _) = begin(Outcome::Authorize);
        let step = reserved.act(&Action::Capture(money("20.00")), fresh(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(step.event.parent.as_deref(), Some("T1"));
        assert_eq!(step.opened.unwrap().id, "T2");
        assert_eq!(reserved.word(), "state.partly_captured");
        let over = reserved.act(&Action::Capture(money("7.01")), fresh(), Timestamp::UNIX_EPOCH);
        assert_eq!(over.map(|_| ()), Err(Refusal::AmountOutOfRange));
        reserved.act(&Action::Capture(money("7.00")), fresh(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(reserved.word(), "state.captured");
        assert!(!reserved.allows(&Action::Void));
    }

    #[test]
    fn a_reversal_can_be_cancelled_and_a_lost_dispute_cannot() {
        let (mut paid, _) = begin(Outcome::Pay);
        let mut act =
            |action: &Action| paid.act(action, fresh(), Timestamp::UNIX_EPOCH).map(|step| step.event.kind);
        assert_eq!(act(&Action::OpenDispute), Ok(EventKind::DisputeOpened));
        assert_eq!(act(&Action::Reverse("chargeback")), Ok(EventKind::ReversalMade));
        assert_eq!(act(&Action::CancelReversal), Ok(EventKind::ReversalCancelled));
        assert_eq!(act(&Action::Reverse("chargeback")), Ok(EventKind::ReversalMade));
        assert_eq!(act(&Action::LoseDispute), Ok(EventKind::DisputeLost));
        assert_eq!(act(&Action::CancelReversal), Err(Refusal::NotInThisState));
        assert_eq!(act(&Action::Refund(money("1.00"))), Err(Refusal::NotInThisState));
    }

    #[test]
    fn a_refused_card_moves_nothing() {
        let (denied, event) = begin(Outcome::Decline);
        assert_eq!(event.kind, EventKind::PaymentDenied);
        assert_eq!(event.fee, None);
        for action in [Action::Clear, Action::Void, Action::OpenDispute, Action::Refund(money("1.00"))] {
            assert!(!denied.allows(&action));
        }
    }
}
