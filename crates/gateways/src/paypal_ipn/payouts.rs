//! Mass pay: money that the shop has sent, one event for each recipient. It never credits an order.

use super::classify;
use super::identity;
use super::message::Message;
use crate::kit::dates;
use ipnd_core::{Event, Reason};

/// The events of a mass-pay message, and what could not be read.
pub(super) fn read(message: &Message) -> (Vec<Event>, Option<Reason>) {
    let mut events = Vec::new();
    let mut remark = None;
    for number in 1.. {
        let field = |stem: &str| format!("{stem}_{number}");
        let is_line = ["masspay_txn_id", "unique_id", "receiver_email", "mc_gross"];
        if is_line.iter().all(|stem| message.get(&field(stem)).is_none()) {
            break;
        }
        match line(message, field) {
            Ok(event) => events.push(event),
            Err(reason) => remark = Some(remark.unwrap_or(reason)),
        }
    }
    if events.is_empty() && remark.is_none() {
        remark = Some(Reason::new("field_missing", "masspay_txn_id_1"));
    }
    (events, remark)
}

fn line(message: &Message, field: impl Fn(&str) -> String) -> Result<Event, Reason> {
    let status = message.first(&[&field("status"), "payment_status"]);
    let word = status.as_deref().unwrap_or_default();
    let kind = classify::kind_of_payout(word).ok_or_else(|| Reason::new("unknown_status", word))?;
    let transaction = message.text(&field("masspay_txn_id"));
    let own_id = message.text(&field("unique_id"));
    let occurred_at = message.get("payment_date").and_then(dates::parse);
    if transaction.is_none() && own_id.is_none() {
        return Err(Reason::new("transaction_missing", field("masspay_txn_id")));
    }
    let amount = message.money(&field("mc_gross"), &field("mc_currency"))?;
    let identity = identity::of_payout(kind, transaction.as_deref(), own_id.as_deref(), occurred_at);
    Ok(Event {
        occurred_at,
        transaction,
        amount: Some(amount.ok_or_else(|| Reason::new("amount_unreadable", field("mc_gross")))?.abs()),
        fee: message.money_if_readable(&field("mc_fee"), &field("mc_currency")),
        receivers: message.text(&field("receiver_email")).into_iter().collect(),
        custom: own_id,
        status,
        reason: message.text(&field("reason_code")),
        ..Event::new(kind, identity, message.environment())
    })
}
