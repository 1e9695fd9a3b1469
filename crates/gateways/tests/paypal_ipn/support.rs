//! Accounts, requests and answers for the tests.

use ipnd_core::{Environment, Event, Reason};
use ipnd_gateways::paypal_ipn::GATEWAY;
use ipnd_gateways::{Ask, AskedAnswer, Interpretation, RawRequest, Received, Resumed, Settings};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The body of an ordinary payment, complete enough to give an event.
pub(crate) const PAID: &str = "txn_type=web_accept&txn_id=1AB23456CD789012E&payment_status=Completed\
    &mc_gross=19.95&mc_currency=EUR&receiver_email=shop%40example.com&invoice=A-17";

pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

pub(crate) fn account(environment: Environment) -> Settings {
    let values = BTreeMap::from([("receivers".to_owned(), "MERCHANT12345, shop@example.com".to_owned())]);
    Settings::check(GATEWAY.settings, environment, values).unwrap()
}

pub(crate) fn post(body: impl Into<Vec<u8>>) -> RawRequest {
    RawRequest { method: "POST".into(), query: String::new(), headers: Vec::new(), body: body.into() }
}

pub(crate) fn answer(status: u16, body: &[u8], complete: bool) -> AskedAnswer {
    AskedAnswer { complete, ..AskedAnswer::new(status, body) }
}

pub(crate) fn receive(request: &RawRequest, settings: &Settings) -> Received {
    (GATEWAY.receive)(request, settings, NOW)
}

pub(crate) fn resume(request: &RawRequest, settings: &Settings, answer: &AskedAnswer) -> Resumed {
    (GATEWAY.resume.unwrap())(request, settings, std::slice::from_ref(answer), NOW)
}

#[track_caller]
pub(crate) fn asked(request: &RawRequest, settings: &Settings) -> Ask {
    match receive(request, settings) {
        Received::Ask(ask) => ask,
        other => panic!("not asked: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(request: &RawRequest, settings: &Settings) -> Reason {
    match receive(request, settings) {
        Received::Refused(reason) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// What a request means once PayPal has said that it is genuine.
#[track_caller]
pub(crate) fn interpreted(request: &RawRequest, settings: &Settings) -> Interpretation {
    asked(request, settings);
    match resume(request, settings, &answer(200, b"VERIFIED", true)) {
        Resumed::Genuine(interpretation) => interpretation,
        other => panic!("not genuine: {other:?}"),
    }
}

/// The interpretation of a form given as text, in a live account.
#[track_caller]
pub(crate) fn reading(body: &str) -> Interpretation {
    interpreted(&post(body), &account(Environment::Live))
}

/// The only event of a form given as text.
#[track_caller]
pub(crate) fn event(body: &str) -> Event {
    let mut interpretation = reading(body);
    assert_eq!(interpretation.remark, None, "{body}");
    assert_eq!(interpretation.events.len(), 1, "{body}");
    interpretation.events.remove(0)
}

/// Why a form given as text has no event.
#[track_caller]
pub(crate) fn remark(body: &str) -> String {
    let interpretation = reading(body);
    assert_eq!(interpretation.events, [], "{body}");
    interpretation.remark.expect("a message without events has a remark").code
}

/// [`PAID`] with one variable changed.
pub(crate) fn paid_with(name: &str, value: &str) -> String {
    let mut fields: Vec<String> =
        PAID.split('&').filter(|field| field.split('=').next() != Some(name)).map(str::to_owned).collect();
    fields.push(format!("{name}={value}"));
    fields.join("&")
}
