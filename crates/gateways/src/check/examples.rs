//! Holds a file of example messages against what ipnd makes of them.
//!
//! The file has one JSON object a line. Its kind says which of PayPal's ways of telling it belongs to: lines of kind `ipn`
//! are read here, others in a file of their own; unknown kinds are passed over. PayPal has called all of them genuine.
//! `expect` says what the message means, in the words of the file.

use super::webhook_examples::{self, WebhookExample};
use super::{CheckLine, adaptive_examples};
use crate::kit::form::readable;
use crate::{AskedAnswer, Gateway, Interpretation, RawRequest, Resumed, Settings, paypal_ipn};
use ipnd_core::{Environment, Event, EventKind};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Checks every line of a known kind. A line that is no example is a problem of its own.
#[must_use]
pub fn check_examples(text: &str) -> Vec<CheckLine> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .filter_map(|(index, line)| match serde_json::from_str::<Example>(line) {
            Ok(example) => {
                let problems = checker(&example.kind)?(&example);
                Some(CheckLine { problems, name: example.name })
            }
            Err(error) => Some(CheckLine {
                name: format!("line {}", index + 1),
                problems: vec![format!("cannot be read: {error}")],
            }),
        })
        .collect()
}

fn checker(kind: &str) -> Option<fn(&Example) -> Vec<String>> {
    match kind {
        "ipn" => Some(problems),
        "adaptive" => Some(adaptive_examples::problems),
        "webhook" => Some(webhook_examples::problems),
        _ => None,
    }
}

#[derive(Deserialize)]
pub(super) struct Example {
    pub(super) name: String,
    kind: String,
    pub(super) body: String,
    pub(super) expect: Expected,
    #[serde(default)]
    decoded: BTreeMap<String, String>,
    #[serde(default)]
    items: Vec<ExpectedPayout>,
    #[serde(flatten)]
    pub(super) webhook: WebhookExample,
}

#[derive(Deserialize)]
pub(super) struct Expected {
    pub(super) event: String,
    pub(super) order_ref: Option<String>,
    pub(super) amount: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) status: Option<String>,
}

/// A line of a mass pay.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct ExpectedPayout {
    id: String,
    unique_id: String,
    amount: String,
    fee: String,
    currency: String,
    status: String,
    reason_code: Option<String>,
}

fn problems(example: &Example) -> Vec<String> {
    let interpretation = match genuine(&paypal_ipn::GATEWAY, "anybody", &example.body) {
        Ok(interpretation) => interpretation,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    if example.expect.event == "payout_batch" {
        compare_payouts(example, &interpretation.events, &mut problems);
    } else {
        compare_event(example, &interpretation, &mut problems);
    }
    let fields = readable(example.body.as_bytes(), "charset").unwrap_or_default();
    for (name, expected) in &example.decoded {
        // The file adds a remark in brackets where a value is to be left as it is.
        let expected = expected.strip_suffix(" (left as is)").unwrap_or(expected);
        let got = fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        if got != Some(expected) {
            problems.push(format!("{name}: expected {expected:?}, got {got:?}"));
        }
    }
    problems
}

/// What ipnd makes of the body, once PayPal has said that it is genuine.
pub(super) fn genuine(gateway: &Gateway, receivers: &str, body: &str) -> Result<Interpretation, String> {
    let receivers = BTreeMap::from([("receivers".to_owned(), receivers.to_owned())]);
    let settings = Settings::check(gateway.settings, Environment::Sandbox, receivers)
        .map_err(|problems| format!("receivers: {problems:?}"))?;
    let request = RawRequest::post("application/x-www-form-urlencoded", body);
    let resume = gateway.resume.expect("this gateway is asked back");
    match resume(&request, &settings, &[AskedAnswer::new(200, "VERIFIED")], Timestamp::UNIX_EPOCH) {
        Resumed::Genuine(interpretation) => Ok(interpretation),
        Resumed::Forged(reason) | Resumed::NotYetKnown(reason) => {
            Err(format!("not accepted: {}", reason.code))
        }
        Resumed::Ask(_) => Err("not accepted: asks again".to_owned()),
    }
}

pub(super) fn compare_event(example: &Example, interpretation: &Interpretation, problems: &mut Vec<String>) {
    let expected = &example.expect;
    let kinds = kinds(&expected.event);
    if kinds.is_empty() {
        problems.push(format!("the file's event “{}” is not known here", expected.event));
        return;
    }
    // A message may say more than the file asks for, such as the first payment of a subscription.
    let Some(event) = interpretation.events.iter().find(|event| kinds.contains(&event.kind)) else {
        let got: Vec<&str> = interpretation.events.iter().map(|event| event.kind.word()).collect();
        problems.push(format!("event: expected {}, got {got:?} {:?}", expected.event, interpretation.remark));
        return;
    };
    let mut compare = |what: &str, expected: Option<&str>, got: Option<&str>| {
        if expected != got {
            problems.push(format!("{what}: expected {expected:?}, got {got:?}"));
        }
    };
    compare("order_ref", expected.order_ref.as_deref(), event.order_ref.as_deref());
    // Events have no sign; the file's amounts have that of the message.
    let amount = event.amount.map(|amount| amount.decimal());
    let unsigned = expected.amount.as_deref().map(|amount| amount.trim_start_matches('-'));
    compare("amount", unsigned, amount.as_deref());
    if let Some(amount) = event.amount {
        compare("currency", expected.currency.as_deref(), Some(amount.currency().code()));
    }
    // For an opened dispute PayPal has no status; the event keeps the type of the case there.
    if event.kind != EventKind::DisputeOpened {
        compare("status", expected.status.as_deref(), event.status.as_deref());
    }
}

fn compare_payouts(example: &Example, events: &[Event], problems: &mut Vec<String>) {
    let payouts = [EventKind::PayoutPending, EventKind::PayoutCompleted, EventKind::PayoutFailed];
    if events.is_empty() || events.iter().any(|event| !payouts.contains(&event.kind)) {
        problems.push("a mass pay must give payouts and nothing else".to_owned());
    }
    if events.iter().any(|event| event.order_ref != example.expect.order_ref) {
        problems.push("a payout must not name an order".to_owned());
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let got: Vec<ExpectedPayout> = events
        .iter()
        .map(|event| ExpectedPayout {
            id: text(&event.transaction),
            unique_id: text(&event.custom),
            amount: event.amount.map(|amount| amount.decimal()).unwrap_or_default(),
            fee: event.fee.map(|fee| fee.decimal()).unwrap_or_default(),
            currency: event.amount.map(|amount| amount.currency().to_string()).unwrap_or_default(),
            status: text(&event.status),
            reason_code: event.reason.clone(),
        })
        .collect();
    if !example.items.is_empty() && got != example.items {
        problems.push(format!("items: expected {:?}, got {got:?}", example.items));
    }
}

/// The file's words for events.
fn kinds(word: &str) -> &'static [EventKind] {
    use EventKind::*;
    match word {
        "payment_completed" => &[PaymentCompleted],
        "payment_pending" => &[PaymentPending],
        "payment_authorized" => &[PaymentAuthorized],
        "payment_ordered" => &[PaymentOrdered],
        "payment_denied" => &[PaymentDenied],
        "payment_failed" => &[PaymentFailed],
        "payment_voided" => &[PaymentVoided],
        "payment_expired" => &[PaymentExpired],
        "refund" => &[RefundCompleted],
        "reversal" => &[ReversalMade],
        "reversal_canceled" => &[ReversalCancelled],
        "dispute_opened" => &[DisputeOpened],
        "order_approved" => &[PaymentOrdered],
        "dispute_closed" => &[DisputeLost, DisputeWon],
        "dispute_adjustment" => &[DisputeLost, DisputeWon],
        "subscription_started" => &[SubscriptionStarted],
        "subscription_modified" => &[SubscriptionModified],
        "subscription_canceled" => &[SubscriptionCancelled],
        "subscription_ended" => &[SubscriptionEnded],
        "subscription_suspended" => &[SubscriptionSuspended],
        "subscription_payment_failed" => &[SubscriptionPaymentFailed],
        "subscription_payment_skipped" => &[SubscriptionPaymentSkipped],
        "agreement_started" => &[AgreementStarted],
        "agreement_canceled" => &[AgreementCancelled],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        "payment_status=Completed&txn_id=1&mc_gross=5.00&mc_currency=EUR&invoice=A-1&first_name=J%F6rg";

    fn line(name: &str, event: &str, order_ref: &str, amount: &str, first_name: &str) -> String {
        serde_json::json!({
            "name": name, "kind": "ipn", "body": BODY,
            "expect": {
                "event": event, "order_ref": order_ref, "amount": amount, "currency": "EUR", "status": "Completed",
            },
            "decoded": { "first_name": first_name },
        })
        .to_string()
    }

    #[test]
    fn an_example_that_is_met_has_no_problems() {
        let lines = check_examples(&line("good", "payment_completed", "A-1", "5.00", "Jörg"));
        assert_eq!(lines, [CheckLine { name: "good".into(), problems: vec![] }]);
    }

    #[test]
    fn every_difference_is_named() {
        let text = [
            line("event", "refund", "A-1", "5.00", "Jörg"),
            line("rest", "payment_completed", "A-2", "5.01", "Jorg"),
            line("word", "payment_dreamt", "A-1", "5.00", "Jörg"),
            "{\"kind\":\"carrier-pigeon\",\"name\":\"other\",\"body\":\"\",\"expect\":{\"event\":\"x\"}}"
                .into(),
            "not JSON".into(),
        ]
        .join("\n");
        let lines = check_examples(&text);
        let counts: Vec<(&str, usize)> =
            lines.iter().map(|line| (line.name.as_str(), line.problems.len())).collect();
        assert_eq!(counts, [("event", 1), ("rest", 3), ("word", 1), ("line 5", 1)]);
    }
}
