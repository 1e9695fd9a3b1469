//! Messages, accounts and orders for the tests.

use ipnd_core::fold::{ExaminedEvent, Facts};
use ipnd_core::order::{Item, Terms};
use ipnd_core::{Currency, Environment, Event, Expectation, Money, OrderState, examine, fold};
use ipnd_gateways::drive::{Decided, decide};
use ipnd_gateways::{AskedAnswer, Gateway, Interpretation, RawRequest, Settings};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The shop's own names at PayPal.
pub(crate) const OWN: &str = "SHOP123456789, shop@example.com, second@example.com";

pub(crate) fn gateway(id: &str) -> &'static Gateway {
    ipnd_gateways::find(id).unwrap()
}

pub(crate) fn settings(gateway: &Gateway) -> Settings {
    let values = BTreeMap::from([("receivers".to_owned(), OWN.to_owned())]);
    Settings::check(gateway.settings, Environment::Live, values).unwrap()
}

/// How a message ends that PayPal calls genuine.
pub(crate) fn decided(id: &str, body: &str) -> Decided {
    let gateway = gateway(id);
    let request = RawRequest::post("application/x-www-form-urlencoded", body);
    let mut answer = |_: &_| Some(AskedAnswer::new(200, "VERIFIED"));
    decide(gateway, &request, &settings(gateway), Timestamp::UNIX_EPOCH, &mut answer)
}

#[track_caller]
pub(crate) fn reading(id: &str, body: &str) -> Interpretation {
    match decided(id, body) {
        Decided::Genuine(interpretation) => interpretation,
        other => panic!("{other:?}: {body}"),
    }
}

#[track_caller]
pub(crate) fn events(body: &str) -> Vec<Event> {
    let interpretation = reading("paypal-adaptive", body);
    assert_eq!(interpretation.remark, None, "{body}");
    interpretation.events
}

/// The events without what may change while the news is the same.
#[track_caller]
pub(crate) fn decisive(body: &str) -> Vec<Event> {
    events(body).into_iter().map(|event| Event { status: None, ..event }).collect()
}

#[track_caller]
pub(crate) fn remark(body: &str) -> String {
    let interpretation = reading("paypal-adaptive", body);
    assert_eq!(interpretation.events, [], "{body}");
    interpretation.remark.unwrap().code
}

#[track_caller]
pub(crate) fn refused(body: &str) -> String {
    match decided("paypal-adaptive", body) {
        Decided::Refused(reason) => reason.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// A share of a payment: its number, its receiver, and what else is said about it.
pub(crate) fn share(place: usize, receiver: &str, variables: &[(&str, &str)]) -> String {
    let named = [("receiver", receiver)].into_iter().chain(variables.iter().copied());
    let fields: Vec<String> = named
        .map(|(name, value)| format!("transaction%5B{place}%5D.{name}={}", value.replace(' ', "+")))
        .collect();
    fields.join("&")
}

pub(crate) fn pay(status: &str, shares: &[String]) -> String {
    message("Adaptive+Payment+PAY", status, shares)
}

pub(crate) fn adjustment(reason: &str, shares: &[String]) -> String {
    format!("{}&reason_code={}", message("Adjustment", "COMPLETED", shares), reason.replace(' ', "+"))
}

fn message(transaction_type: &str, status: &str, shares: &[String]) -> String {
    let date = "Tue+Mar+05+08%3A00%3A01+PST+2013";
    format!(
        "transaction_type={transaction_type}&status={status}&pay_key=AP-1&payment_request_date={date}&tracking_id=A-1&{}",
        shares.join("&")
    )
}

/// What the store makes of messages in the sequence in which they come: of several events with one identity the first
/// stays. Gives the order `A-1` of this total, with everything the account finds wrong asked.
pub(crate) fn order(total: &str, told: &[(&str, &str)]) -> OrderState {
    let euro = Currency::from_code("EUR").unwrap();
    let unit_price = Money::parse(total, euro).unwrap();
    let item = Item { sku: "tea".into(), name: "Tea".into(), quantity: 1, unit_price };
    let terms = Terms::from_items(vec![item], euro).unwrap();
    let mut kept: Vec<ExaminedEvent> = Vec::new();
    for (id, body) in told {
        let gateway = gateway(id);
        let own = settings(gateway).list("receivers").map(str::to_owned).collect();
        let expectation =
            Expectation { environment: Environment::Live, receivers: Some(own), is_confirmed: true };
        for event in reading(id, body).events {
            if kept.iter().all(|examined| examined.event.identity != event.identity) {
                let concerns = examine(&event, &expectation);
                kept.push(ExaminedEvent { event, concerns });
            }
        }
    }
    fold(Facts { terms: &terms, cancelled_at: None, events: &kept, answers: &[] })
}

pub(crate) fn euro(text: &str) -> Option<Money> {
    Some(Money::parse(text, Currency::from_code("EUR").unwrap()).unwrap())
}
