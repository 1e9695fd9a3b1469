//! What a verified message says.

use super::classify::{self, Subject};
use super::message::Message;
use super::{customer, identity, items, payouts};
use crate::Interpretation;
use crate::kit::dates;
use crate::kit::form::FormText;
use crate::kit::verified::Verified;
use ipnd_core::event::EventKind;
use ipnd_core::{Event, Money, Reason};

pub(super) fn interpret(verified: Verified<'_>) -> Interpretation {
    let Ok(form) = FormText::of(verified, "charset") else {
        return nothing(Reason::new("too_many_fields", ""));
    };
    let message = Message::new(form);
    let mut interpretation = read(&message).unwrap_or_else(nothing);
    let damaged = message.damaged();
    if interpretation.remark.is_none() && !damaged.is_empty() {
        interpretation.remark = Some(Reason::new("text_damaged", damaged.join(", ")));
    }
    interpretation
}

fn nothing(reason: Reason) -> Interpretation {
    Interpretation::nothing(reason)
}

fn only(event: Event) -> Interpretation {
    Interpretation::event(event)
}

/// Decides what the message is about. `Err` is why it gives no event.
fn read(message: &Message) -> Result<Interpretation, Reason> {
    if let Some(other) = message.get("transaction_type") {
        return Err(Reason::new("unknown_type", other));
    }
    if message.get("account_key").is_some() && message.get("event_type").is_some() {
        return Err(Reason::new("nothing_to_do", "Adaptive Accounts"));
    }
    let txn_type = message.get("txn_type");
    let status = message.get("payment_status");
    match classify::subject(txn_type, status, message.get("pending_reason")) {
        Subject::Transaction(kind) => transaction(message, kind).map(only),
        Subject::Adjustment => adjustment(message).map(only),
        Subject::Payouts => {
            let (events, remark) = payouts::read(message);
            Ok(Interpretation { remark, ..Interpretation::events(events) })
        }
        Subject::Dispute => dispute(message).map(only),
        Subject::Subscription(kind) => subscription(message, kind),
        Subject::Agreement(kind) => agreement(message, kind).map(only),
        Subject::Nothing => Err(Reason::new("nothing_to_do", txn_type.unwrap_or_default())),
        Subject::UnknownType => Err(Reason::new("unknown_type", txn_type.unwrap_or_default())),
        Subject::UnknownStatus => Err(Reason::new("unknown_status", status.unwrap_or_default())),
    }
}

/// What messages of all kinds have in common.
fn event(message: &Message, kind: EventKind, identity: String) -> Event {
    Event {
        order_ref: message.first(&["invoice", "custom", "rp_invoice_id", "item_number"]),
        transaction: message.text("txn_id"),
        parent: message.text("parent_txn_id"),
        receivers: message.receivers(),
        customer: customer::read(message),
        subscription: message.first(&["subscr_id", "recurring_payment_id", "mp_id"]),
        case: message.text("case_id"),
        status: message.first(&["payment_status", "profile_status"]),
        reason: message.first(&["pending_reason", "reason_code"]),
        custom: message.first(&["custom", "mp_custom"]),
        note: message.text("memo"),
        ..Event::new(kind, identity, message.environment())
    }
}

/// A payment, refund or reversal.
fn transaction(message: &Message, kind: EventKind) -> Result<Event, Reason> {
    let id = transaction_id(message)?;
    let gross = message.money("mc_gross", "mc_currency")?;
    if kind.is_payment() && gross.is_some_and(Money::is_negative) {
        // Money that leaves the account. Without its sign it would pay an order.
        return Err(Reason::new("amount_negative", "mc_gross"));
    }
    if gross.is_none() && moves_money(kind) {
        return Err(Reason::new("amount_unreadable", "mc_gross"));
    }
    let reason = message.first(&["pending_reason", "reason_code"]);
    let amount = gross.map(Money::abs);
    Ok(Event {
        occurred_at: message.get("payment_date").and_then(dates::parse),
        amount,
        fee: message.money_if_readable("mc_fee", "mc_currency"),
        items: items::read(message, kind, amount),
        ..event(message, kind, identity::of_transaction(kind, id, reason.as_deref()))
    })
}

fn transaction_id(message: &Message) -> Result<&str, Reason> {
    message.get("txn_id").ok_or_else(|| Reason::new("transaction_missing", "txn_id"))
}

/// Kinds that mean nothing without an amount. A payment that failed, say, is news even without one.
fn moves_money(kind: EventKind) -> bool {
    use EventKind::{PaymentCompleted, RefundCompleted, ReversalCancelled, ReversalMade};
    matches!(kind, PaymentCompleted | RefundCompleted | ReversalMade | ReversalCancelled)
}

/// A closed case: money taken for good, or given back. `payment_status` says `Completed` either way; the sign of the
/// amount tells.
fn adjustment(message: &Message) -> Result<Event, Reason> {
    let id = transaction_id(message)?;
    let gross = message.money("mc_gross", "mc_currency")?;
    let gross = gross.ok_or_else(|| Reason::new("amount_unreadable", "mc_gross"))?;
    if gross.is_zero() {
        return Err(Reason::new("nothing_to_do", "adjustment"));
    }
    let kind = if gross.is_negative() { EventKind::DisputeLost } else { EventKind::DisputeWon };
    Ok(Event {
        occurred_at: message.get("payment_date").and_then(dates::parse),
        amount: Some(gross.abs()),
        // Here the fee is written from the other side: -20.00 is what the shop has to pay for the chargeback.
        fee: message.money_if_readable("mc_fee", "mc_currency").map(Money::negated),
        // The payer named here is the shop itself.
        customer: ipnd_core::Customer::default(),
        ..event(message, kind, identity::of_adjustment(id))
    })
}

/// An opened dispute. `txn_id` is the disputed payment, `payment_date` is that payment's.
fn dispute(message: &Message) -> Result<Event, Reason> {
    let case = message.get("case_id").or(message.get("txn_id"));
    let case = case.ok_or_else(|| Reason::new("field_missing", "case_id"))?;
    let case_type = message.text("case_type");
    let reason = message.text("reason_code");
    let identity = identity::of_dispute(case, case_type.as_deref(), reason.as_deref());
    Ok(Event {
        occurred_at: message.get("case_creation_date").and_then(dates::parse),
        parent: message.first(&["txn_id", "parent_txn_id"]),
        transaction: None,
        status: case_type,
        items: items::read(message, EventKind::DisputeOpened, None),
        ..event(message, EventKind::DisputeOpened, identity)
    })
}

/// The life of a subscription. A profile may report its first payment in the same message.
fn subscription(message: &Message, kind: EventKind) -> Result<Interpretation, Reason> {
    let id = message.first(&["subscr_id", "recurring_payment_id"]);
    let id = id.ok_or_else(|| Reason::new("field_missing", "subscr_id"))?;
    let date = match kind {
        EventKind::SubscriptionStarted => message.first(&["subscr_date", "time_created"]),
        EventKind::SubscriptionModified | EventKind::SubscriptionCancelled => message.text("subscr_date"),
        _ => None,
    };
    let told = Event {
        occurred_at: date.as_deref().and_then(dates::parse),
        items: items::read(message, kind, None),
        ..event(message, kind, identity::of_subscription(kind, &id, message))
    };
    let mut interpretation = only(told);
    match initial_payment(message) {
        Ok(payment) => interpretation.events.extend(payment),
        Err(reason) => interpretation.remark = Some(reason),
    }
    Ok(interpretation)
}

/// The one-off first payment of a recurring profile. Should a message of its own tell of it too, both have the same
/// identity.
fn initial_payment(message: &Message) -> Result<Option<Event>, Reason> {
    let (Some(id), Some(status)) =
        (message.text("initial_payment_txn_id"), message.get("initial_payment_status"))
    else {
        return Ok(None);
    };
    let kind = classify::kind_of_status(status, None).filter(|kind| kind.is_payment());
    let kind = kind.ok_or_else(|| Reason::new("unknown_status", status))?;
    let amount = message.money("initial_payment_amount", "currency_code")?;
    let Some(amount) = amount.filter(|amount| amount.is_positive()) else { return Ok(None) };
    let identity = identity::of_transaction(kind, &id, None);
    Ok(Some(Event {
        occurred_at: message.get("time_created").and_then(dates::parse),
        transaction: Some(id),
        amount: Some(amount),
        status: Some(status.to_owned()),
        ..event(message, kind, identity)
    }))
}

fn agreement(message: &Message, kind: EventKind) -> Result<Event, Reason> {
    let id = message.required("mp_id")?;
    Ok(Event {
        occurred_at: message.get("payment_date").and_then(dates::parse),
        ..event(message, kind, identity::of_agreement(kind, id))
    })
}
