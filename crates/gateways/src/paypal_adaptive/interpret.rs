//! What a verified message says.
//!
//! One message tells of every receiver of a request. Each receiver that is the account's own gives an event of its own,
//! not a part of a sum: so each has the transaction, the amount and the identity that the classic notification to that
//! receiver has, and counts once with it; so each can have its own order number, be pending while another is
//! completed, and be refunded alone. Where several of them pay one order, the order adds them up.

use super::message::{Message, Share};
use crate::kit::dates;
use crate::kit::form::FormText;
use crate::kit::verified::Verified;
use crate::paypal::identity;
use crate::{Interpretation, Settings};
use ipnd_core::{Customer, Event, EventKind, Reason};

pub(super) fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let Ok(form) = FormText::of(verified, "charset") else {
        return Interpretation::nothing(Reason::new("too_many_fields", ""));
    };
    let message = Message::new(form);
    let mut interpretation = read(&message, settings).unwrap_or_else(Interpretation::nothing);
    let damaged = message.damaged();
    if interpretation.remark.is_none() && !damaged.is_empty() {
        interpretation.remark = Some(Reason::new("text_damaged", damaged.join(", ")));
    }
    interpretation
}

/// Decides what the message is about. `Err` is why it gives no event.
fn read(message: &Message, settings: &Settings) -> Result<Interpretation, Reason> {
    match message.word("transaction_type").as_str() {
        "adaptive payment pay" => payments(message, settings),
        "adjustment" => adjustments(message, settings),
        "adaptive payment preapproval" => agreement(message).map(Interpretation::event),
        // Classic notifications have an account of their own.
        "" => Err(Reason::new("unknown_type", message.get("txn_type").unwrap_or_default())),
        _ => Err(Reason::new("unknown_type", message.get("transaction_type").unwrap_or_default())),
    }
}

/// The account's own shares; all of them where none is, so that the owner is asked.
fn own<'m>(shares: Vec<Share<'m>>, settings: &Settings) -> Vec<Share<'m>> {
    let is_own = |share: &Share<'_>| {
        let receiver = share.get("receiver").unwrap_or_default().trim();
        settings.list("receivers").any(|own| own.eq_ignore_ascii_case(receiver))
    };
    let own: Vec<Share<'m>> = shares.iter().copied().filter(is_own).collect();
    if own.is_empty() { shares } else { own }
}

/// The primary receiver of a chained payment stands for the others, because its amount contains what is passed on.
fn without_parts(shares: Vec<Share<'_>>) -> Vec<Share<'_>> {
    match shares.iter().find(|share| share.is_primary()) {
        Some(primary) => vec![*primary],
        None => shares,
    }
}

/// The events that can be read, and the first reason why one cannot.
fn collected(read: impl Iterator<Item = Result<Event, Reason>>) -> Interpretation {
    let mut interpretation = Interpretation::events(Vec::new());
    for event in read {
        match event {
            Ok(event) => interpretation.events.push(event),
            Err(reason) => interpretation.remark = interpretation.remark.or(Some(reason)),
        }
    }
    interpretation
}

/// What the events about one share have in common.
fn event(message: &Message, share: &Share<'_>, kind: EventKind, identity: String) -> Event {
    let tracking = message.tracking();
    Event {
        order_ref: share.text("invoiceId").or_else(|| tracking.clone()),
        receivers: share.text("receiver").into_iter().collect(),
        customer: customer(message),
        subscription: message.text("preapproval_key"),
        // As it was sent, which is the request's: it may change while the news about a share stays the same.
        status: message.text("status"),
        custom: tracking,
        note: message.text("memo"),
        ..Event::new(kind, identity, message.environment())
    }
}

fn customer(message: &Message) -> Customer {
    Customer { email: message.text("sender_email"), ..Customer::default() }
}

/// Every status of a request.
pub(super) const STATUSES: [&str; 7] =
    ["created", "completed", "incomplete", "error", "reversalerror", "processing", "pending"];

fn payments(message: &Message, settings: &Settings) -> Result<Interpretation, Reason> {
    let status = message.word("status");
    if !STATUSES.contains(&status.as_str()) {
        return Err(Reason::new("unknown_status", message.get("status").unwrap_or_default()));
    }
    let shares = without_parts(own(message.shares(), settings));
    if shares.is_empty() {
        return Err(Reason::new("field_missing", "transaction[0].amount"));
    }
    Ok(collected(shares.iter().map(|share| payment(message, share, status == "error"))))
}

/// One receiver's payment. The status of the request says nothing about it unless all of it failed.
fn payment(message: &Message, share: &Share<'_>, has_failed: bool) -> Result<Event, Reason> {
    let word = [share.word("status"), share.word("status_for_sender_txn")];
    let word = word.into_iter().find(|word| !word.is_empty()).unwrap_or_default();
    let kind = match word.as_str() {
        _ if has_failed => EventKind::PaymentFailed,
        "completed" | "success" => EventKind::PaymentCompleted,
        "pending" | "processing" | "created" | "" => EventKind::PaymentPending,
        "denied" => EventKind::PaymentDenied,
        "failed" => EventKind::PaymentFailed,
        _ => return Err(Reason::new("unknown_status", word)),
    };
    let amount = share.amount()?;
    if kind == EventKind::PaymentCompleted && amount.is_none() {
        return Err(share.amount_missing("amount"));
    }
    if kind == EventKind::PaymentCompleted && share.id().is_none() {
        // Money without the transaction that the classic notification would name could count twice.
        return Err(Reason::new("transaction_missing", "id"));
    }
    let name = share.name()?;
    let waits = (kind == EventKind::PaymentPending).then(|| why_pending(share, &word)).flatten();
    let requested_at = message.get("payment_request_date").and_then(dates::parse);
    let identity = identity::of_transaction(kind, &name, waits.as_deref());
    Ok(Event {
        // The customer may pay hours after the request was made, and the message does not say when.
        occurred_at: requested_at.filter(|_| kind != EventKind::PaymentCompleted),
        // What was announced by its place in the request goes on as a transaction.
        parent: share.in_request().filter(|own| *own != name),
        transaction: Some(name),
        amount,
        reason: waits,
        ..event(message, share, kind, identity)
    })
}

fn why_pending(share: &Share<'_>, word: &str) -> Option<String> {
    let reason = share.text("pending_reason").filter(|reason| !reason.eq_ignore_ascii_case("none"));
    reason.or_else(|| matches!(word, "processing" | "created").then(|| word.to_ascii_uppercase()))
}

/// Why money went back to the sender, by PayPal's words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    Refunded,
    PartlyRefunded,
    Reversed,
}

/// What a share itself says about money that went back.
fn back(share: &Share<'_>) -> Option<Back> {
    let words = [share.word("status"), share.word("status_for_sender_txn")];
    let says = |word: &str| words.iter().any(|own| own == word);
    let has_refund = || share.get("refund_id").or(share.get("refund_amount")).is_some();
    match () {
        () if says("partially_refunded") => Some(Back::PartlyRefunded),
        () if says("refunded") => Some(Back::Refunded),
        () if says("reversed") => Some(Back::Reversed),
        () if has_refund() => Some(Back::PartlyRefunded),
        () => None,
    }
}

/// Money that went back, of one receiver or of several. The request's own status goes on being `COMPLETED`.
fn adjustments(message: &Message, settings: &Settings) -> Result<Interpretation, Reason> {
    let reason = message.word("reason_code");
    let is_reversal = matches!(reason.as_str(), "chargeback settlement" | "admin reversal");
    let all = message.shares();
    if all.is_empty() {
        return Err(Reason::new("field_missing", "transaction[0].amount"));
    }
    let is_touched = |share: &Share<'_>| back(share).is_some();
    let shares = if all.iter().any(is_touched) {
        own(all, settings).into_iter().filter(is_touched).collect()
    } else if is_reversal || reason == "refund" {
        own(all, settings)
    } else {
        return Err(Reason::new("unknown_status", message.get("reason_code").unwrap_or_default()));
    };
    let shares = without_parts(shares);
    if shares.is_empty() {
        return Err(Reason::new("nothing_to_do", "the money of another receiver"));
    }
    Ok(collected(shares.iter().map(|share| match back(share) {
        Some(Back::Refunded | Back::PartlyRefunded) => refund(message, share),
        _ if reason == "refund" => refund(message, share),
        _ => reversal(message, share),
    })))
}

/// A refund with its own id is one of perhaps several. Without an id, or without an amount of its own, all that is known
/// is how much has gone back in all: the amount is then a sum, which adds to what is known already only what is new in
/// it.
fn refund(message: &Message, share: &Share<'_>) -> Result<Event, Reason> {
    let payment = share.name()?;
    let own = share.refund_amount()?;
    let whole = share.amount()?.filter(|_| back(share) == Some(Back::Refunded));
    let amount = own.or(whole).ok_or_else(|| share.amount_missing("refund_amount"))?;
    let id = share.text("refund_id");
    let kind = EventKind::RefundCompleted;
    let name = id.clone().unwrap_or_else(|| format!("{payment}/{}", amount.decimal()));
    Ok(Event {
        amount_is_total: id.is_none() || own.is_none(),
        transaction: id,
        parent: Some(payment),
        amount: Some(amount),
        reason: message.text("reason_code"),
        ..event(message, share, kind, identity::of_transaction(kind, &name, None))
    })
}

fn reversal(message: &Message, share: &Share<'_>) -> Result<Event, Reason> {
    let payment = share.name()?;
    let amount = match share.refund_amount()? {
        Some(amount) => amount,
        None => share.amount()?.ok_or_else(|| share.amount_missing("amount"))?,
    };
    let id = share.text("refund_id");
    let kind = EventKind::ReversalMade;
    let reason = message.word("reason_code");
    let name = match (&id, reason.is_empty()) {
        (Some(id), _) => id.clone(),
        (None, true) => payment.clone(),
        (None, false) => format!("{payment}/{reason}"),
    };
    Ok(Event {
        transaction: id,
        parent: Some(payment),
        amount: Some(amount),
        reason: message.text("reason_code"),
        ..event(message, share, kind, identity::of_transaction(kind, &name, None))
    })
}

/// The sender allows later payments, or withdraws that. Its limits are no money.
fn agreement(message: &Message) -> Result<Event, Reason> {
    let key = message.required("preapproval_key")?;
    let kind = match (message.word("status").as_str(), message.word("approved").as_str()) {
        ("active", "true") => EventKind::AgreementStarted,
        ("active", _) => return Err(Reason::new("nothing_to_do", "not approved yet")),
        ("canceled" | "cancelled" | "deactived" | "deactivated", _) => EventKind::AgreementCancelled,
        _ => return Err(Reason::new("unknown_status", message.get("status").unwrap_or_default())),
    };
    Ok(Event {
        subscription: Some(key.to_owned()),
        customer: customer(message),
        status: message.text("status"),
        note: message.text("memo"),
        ..Event::new(kind, identity::of_agreement(kind, key), message.environment())
    })
}
