//! Example messages of Adaptive Payments: lines of kind `adaptive`.
//!
//! The file gives each message one event. Here each receiver of the account has an event of its own, so every receiver
//! that an example names is the account's, and what the file says of the amount is their sum.

use super::examples::{Example, genuine};
use crate::kit::form::readable;
use crate::{Interpretation, paypal_adaptive};
use ipnd_core::{Event, EventKind, Money};

/// Everything about an example that is not as expected.
pub(super) fn problems(example: &Example) -> Vec<String> {
    let fields = readable(example.body.as_bytes(), "charset").unwrap_or_default();
    let receivers = fields.iter().filter(|(name, _)| name.ends_with("].receiver"));
    let receivers: Vec<&str> = receivers.map(|(_, value)| value.as_str()).chain(["anybody"]).collect();
    let interpretation = match genuine(&paypal_adaptive::GATEWAY, &receivers.join("\n"), &example.body) {
        Ok(interpretation) => interpretation,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    compare(example, &interpretation, &mut problems);
    problems
}

fn compare(example: &Example, interpretation: &Interpretation, problems: &mut Vec<String>) {
    let expected = &example.expect;
    let Some(kind) = kind(&expected.event) else {
        problems.push(format!("the file's event “{}” is not known here", expected.event));
        return;
    };
    let events = &interpretation.events;
    let is_it = |event: &Event| event.kind == kind;
    if events.is_empty() || !events.iter().all(is_it) || interpretation.remark.is_some() {
        let got: Vec<&str> = events.iter().map(|event| event.kind.word()).collect();
        problems.push(format!("event: expected {}, got {got:?} {:?}", expected.event, interpretation.remark));
        return;
    }
    // The file takes the reference of the first receiver.
    if events[0].order_ref != expected.order_ref {
        problems.push(format!("order_ref: expected {:?}, got {:?}", expected.order_ref, events[0].order_ref));
    }
    if let Some(event) = events.iter().find(|event| event.status != expected.status) {
        problems.push(format!("status: expected {:?}, got {:?}", expected.status, event.status));
    }
    let amount = sum(events);
    let shown = amount.map(|amount| amount.decimal());
    if shown != expected.amount {
        problems.push(format!("amount: expected {:?}, got {shown:?}", expected.amount));
    }
    let currency = amount.map(|amount| amount.currency().code());
    if currency.is_some() && currency != expected.currency.as_deref() {
        problems.push(format!("currency: expected {:?}, got {currency:?}", expected.currency));
    }
}

fn sum(events: &[Event]) -> Option<Money> {
    let mut amounts = events.iter().map(|event| event.amount);
    let first = amounts.next()??;
    amounts.try_fold(first, |sum, amount| sum.plus(amount?).ok())
}

/// The file's words for events.
fn kind(word: &str) -> Option<EventKind> {
    Some(match word {
        "payment_completed" => EventKind::PaymentCompleted,
        "payment_pending" => EventKind::PaymentPending,
        "payment_denied" => EventKind::PaymentDenied,
        "payment_failed" => EventKind::PaymentFailed,
        "refund" => EventKind::RefundCompleted,
        "reversal" => EventKind::ReversalMade,
        "preapproval_active" => EventKind::AgreementStarted,
        "preapproval_canceled" => EventKind::AgreementCancelled,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{CheckLine, check_examples};

    fn line(event: &str, amount: &str, status: &str) -> String {
        let share = |place: usize, amount: &str| {
            format!(
                "&transaction[{place}].receiver=r{place}%40example.com&transaction[{place}].amount=EUR+{amount}\
                 &transaction[{place}].id=X{place}&transaction%5B{place}%5D.status=Completed"
            )
        };
        let body = format!(
            "transaction_type=Adaptive+Payment+PAY&status=COMPLETED&pay_key=AP-1&tracking_id=A-1{}{}",
            share(1, "2.00"),
            share(0, "3.00")
        );
        let expect = serde_json::json!({
            "event": event, "order_ref": "A-1", "amount": amount, "currency": "EUR", "status": status,
        });
        serde_json::json!({ "name": "x", "kind": "adaptive", "body": body, "expect": expect }).to_string()
    }

    #[test]
    fn the_receivers_of_an_example_add_up() {
        let lines = check_examples(&line("payment_completed", "5.00", "COMPLETED"));
        assert_eq!(lines, [CheckLine { name: "x".into(), problems: vec![] }]);
    }

    #[test]
    fn every_difference_is_named() {
        let text = [
            line("refund", "5.00", "COMPLETED"),
            line("payment_completed", "3.00", "INCOMPLETE"),
            line("payment_dreamt", "5.00", "COMPLETED"),
            line("payment_completed", "5.00", "COMPLETED").replace("tracking_id=A-1", "tracking_id=A-2"),
        ]
        .join("\n");
        let counts: Vec<usize> = check_examples(&text).iter().map(|line| line.problems.len()).collect();
        assert_eq!(counts, [1, 2, 1, 1]);
    }
}
