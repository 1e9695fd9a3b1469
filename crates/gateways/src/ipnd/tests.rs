//! Tests of the way in which an ipnd tells.

use super::*;
use crate::kit::webhook_headers::V1A;
use ipnd_core::{Currency, Customer, Environment, EventItem, Money};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

const OLD: &str = "whsec_YW4gb2xkIHNlY3JldCBvZiB0aGUgdGVh";
const NEW: &str = "whsec_YSBuZXcgc2VjcmV0IG9mIHRoZSB0ZWEu";
const PRIVATE: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=";

fn account(secrets: &str) -> Settings {
    let values = [("secret".to_owned(), secrets.to_owned())];
    Settings::check(SETTINGS, Environment::Live, values.into()).unwrap()
}

fn money(decimal: &str) -> Money {
    Money::parse(decimal, Currency::from_code("EUR").unwrap()).unwrap()
}

/// An event in which everything is said.
fn whole() -> Event {
    Event {
        occurred_at: Some(Timestamp::constant(1_789_999_000, 0)),
        order_ref: Some("A-1".to_owned()),
        transaction: Some("re_1".to_owned()),
        parent: Some("pay_1".to_owned()),
        amount: Some(money("19.95")),
        amount_is_total: true,
        fee: Some(money("-0.35")),
        receivers: vec!["shop@example.com".to_owned()],
        customer: Customer {
            name: Some("Jörg „Tea“ Müller".to_owned()),
            address: vec!["Teegasse 1".to_owned(), "1010 Wien".to_owned()],
            ..Customer::default()
        },
        items: vec![EventItem {
            sku: Some("tea".to_owned()),
            name: "Tea".to_owned(),
            quantity: 2,
            amount: Some(money("-1.00")),
        }],
        subscription: Some("sub_1".to_owned()),
        case: Some("dp_1".to_owned()),
        status: Some("succeeded".to_owned()),
        reason: Some("requested".to_owned()),
        custom: Some("{\"a\":1}".to_owned()),
        note: Some("Danke!\n".to_owned()),
        ..Event::new(EventKind::RefundCompleted, "refund.completed/stripe/re_1", Environment::Live)
    }
}

/// A message with this body, signed by these keys.
fn signed(body: &str, keys: &[&str]) -> RawRequest {
    let signature = sign("msg_1", NOW, body.as_bytes(), keys.iter().copied()).unwrap();
    RawRequest::post("application/json", body)
        .with("webhook-id", "msg_1")
        .with("webhook-timestamp", NOW.as_second().to_string())
        .with("webhook-signature", signature)
}

fn proven(request: &RawRequest, settings: &Settings) -> Interpretation {
    match receive(request, settings, NOW) {
        Received::Proven(interpretation) => interpretation,
        other => panic!("{other:?}"),
    }
}

fn refusal(request: &RawRequest, settings: &Settings) -> String {
    match receive(request, settings, NOW) {
        Received::Refused(reason) => reason.code,
        other => panic!("{other:?}"),
    }
}

/// What comes of a message, which is genuine.
fn read(body: &Value) -> Result<Event, Reason> {
    let interpretation = proven(&signed(&body.to_string(), &[NEW]), &account(NEW));
    match (<[Event; 1]>::try_from(interpretation.events), interpretation.remark) {
        (Ok([event]), None) => Ok(event),
        (Err(none), Some(reason)) if none.is_empty() => Err(reason),
        other => panic!("{other:?}"),
    }
}

fn message(event: &Event) -> Value {
    json!({ "type": event.kind, "timestamp": "2026-11-30T12:00:00Z", "data": { "event": event, "order": null } })
}

#[test]
fn a_message_as_it_is_written() {
    let event = Event {
        order_ref: Some("A-1".to_owned()),
        ..Event::new(EventKind::PaymentPending, "payment.pending/1", Environment::Live)
    };
    let request = compose(&event, &account(NEW), NOW).unwrap();
    assert_eq!(
        String::from_utf8(request.body.clone()).unwrap(),
        r#"{"type":"payment.pending","timestamp":"2026-09-21T14:13:20Z","data":{"event":{"kind":"payment.pending","#
            .to_owned()
            + r#""identity":"payment.pending/1","occurred_at":null,"environment":"live","order_ref":"A-1","#
            + r#""transaction":null,"parent":null,"amount":null,"fee":null,"receivers":[],"customer":{"name":null,"#
            + r#""email":null,"phone":null,"address":[],"country":null},"items":[],"subscription":null,"case":null,"#
            + r#""status":null,"reason":null,"custom":null,"note":null},"order":{"reference":"A-1"}}}"#
    );
    let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "webhook-id", "webhook-timestamp", "webhook-signature"]);
    assert_eq!(request.header("webhook-timestamp"), Some("1790000000"));
    let elsewhere = Event { order_ref: None, occurred_at: Some(Timestamp::UNIX_EPOCH), ..event };
    let request = compose(&elsewhere, &account(NEW), NOW).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["timestamp"], &body["data"]["order"]), (&json!("1970-01-01T00:00:00Z"), &Value::Null));
}

#[test]
fn an_event_arrives_whole() {
    let event = whole();
    let request = compose(&event, &account(NEW), NOW).unwrap();
    assert_eq!(proven(&request, &account(NEW)), Interpretation::event(event));
}

#[test]
fn what_is_told_again_is_the_same() {
    let settings = account(NEW);
    let later = NOW + jiff::SignedDuration::from_hours(1);
    let first = compose(&whole(), &settings, NOW).unwrap();
    let again = compose(&whole(), &settings, later).unwrap();
    let other = compose(&Event { identity: "other".to_owned(), ..whole() }, &settings, NOW).unwrap();
    let id = |request: &RawRequest| request.header("webhook-id").unwrap().to_owned();
    assert_eq!(id(&first), id(&again));
    assert_ne!(id(&first), id(&other));
    assert!(id(&first).starts_with("msg_") && id(&first).len() == 28, "{}", id(&first));
    assert_eq!(proven(&first, &settings).events[0].identity, "refund.completed/stripe/re_1");
}

#[test]
fn the_reference_of_the_order_counts_where_the_event_names_none() {
    let with = |order_ref: Option<&str>, order: Value| {
        let mut body = message(&Event { order_ref: order_ref.map(str::to_owned), ..whole() });
        body["data"]["order"] = order;
        read(&body).map(|event| event.order_ref).map_err(|reason| reason.detail)
    };
    let named = |name: &str| Ok(Some(name.to_owned()));
    assert_eq!(with(None, json!({ "reference": "T-7" })), named("T-7"));
    assert_eq!(with(Some("A-1"), json!({ "reference": "T-7", "status": "paid" })), named("A-1"));
    assert_eq!(with(Some("A-1"), Value::Null), named("A-1"));
    assert_eq!(with(None, Value::Null), Ok(None));
    assert_eq!(with(None, json!({ "reference": "" })), Ok(None));
    for wrong in
        [json!({}), json!("T-7"), json!(7), json!([]), json!({ "reference": 7 }), json!({ "Reference": "x" })]
    {
        assert_eq!(with(None, wrong), Err("data.order.reference".to_owned()));
    }
}

#[test]
fn what_later_versions_may_add_is_passed_over_around_the_event_only() {
    let mut body = message(&whole());
    body["data"]["gateway"] = json!("stripe");
    body["data"]["more"] = json!({ "amount": { "amount": "1.00", "currency": "USD" } });
    body["more"] = json!([1]);
    assert_eq!(read(&body).unwrap(), whole());
    body["data"]["event"]["amount_is_total"] = json!(false);
    assert_eq!(read(&body).unwrap(), Event { amount_is_total: false, ..whole() });
    for (path, name) in [
        ("/data/event", "more"),
        ("/data/event/customer", "more"),
        ("/data/event/amount", "more"),
        ("/data/event/items/0", "more"),
        ("/data/event/items/0/amount", "more"),
    ] {
        let mut more = body.clone();
        more.pointer_mut(path).unwrap()[name] = Value::Null;
        let reason = read(&more).unwrap_err();
        assert!(reason.code == "field_malformed" && reason.detail.contains("more"), "{path}: {reason:?}");
    }
}

#[test]
fn what_cannot_be_read_is_kept_with_the_reason() {
    let with = |path: &str, value: Value| {
        let mut body = message(&whole());
        *body.pointer_mut(path).unwrap() = value;
        read(&body).unwrap_err().code
    };
    assert_eq!(with("/type", json!("payment.completed")), "field_malformed");
    assert_eq!(with("/type", json!("payment.dreamt")), "unknown_type");
    assert_eq!(with("/type", json!("Refund.Completed")), "unknown_type");
    assert_eq!(with("/type", json!(7)), "field_missing");
    assert_eq!(with("/type", json!("ipnd.test")), "test_message");
    assert_eq!(with("/data", json!({})), "field_missing");
    assert_eq!(with("/data/event", Value::Null), "field_missing");
    assert_eq!(with("/data/event", json!([])), "field_malformed");
    assert_eq!(with("/data/event/kind", json!("payment.dreamt")), "field_malformed");
    assert_eq!(with("/data/event/kind", json!({ "refund.completed": null })), "field_malformed");
    assert_eq!(with("/data/event/customer", json!([null, null, null, [], null])), "field_malformed");
    assert_eq!(with("/data/event/identity", json!("")), "field_missing");
    assert_eq!(with("/data/event/identity", json!(7)), "field_malformed");
    assert_eq!(with("/data/event/environment", json!("test")), "field_malformed");
    assert_eq!(with("/data/event/occurred_at", json!("yesterday")), "field_malformed");
    assert_eq!(with("/data/event/receivers", json!("me")), "field_malformed");
    assert_eq!(
        with("/data/event/amount", json!({ "amount": "-1.00", "currency": "EUR" })),
        "amount_negative"
    );
    for amount in [
        json!("19.95"),
        json!({ "amount": 19, "currency": "EUR" }),
        json!({ "amount": "19.950", "currency": "EUR" }),
        json!({ "amount": "1e3", "currency": "EUR" }),
        json!({ "amount": "19.95", "currency": "eur" }),
        json!({ "amount": "19.95" }),
        json!(["19.95", "EUR"]),
    ] {
        assert_eq!(with("/data/event/amount", amount.clone()), "field_malformed", "{amount}");
    }
}

#[test]
fn t_b12_duplicate_fields_in_an_event_are_refused() {
    let body = message(&whole()).to_string();
    for (one, both) in [
        (r#""kind":"#, r#""kind":"refund.completed","kind":"#),
        (r#""amount":"19.95""#, r#""amount":"19.95","amount":"99.95""#),
        (r#""type":"#, r#""type":"refund.completed","type":"#),
    ] {
        let doubled = body.replacen(one, both, 1);
        assert_ne!(doubled, body);
        let interpretation = proven(&signed(&doubled, &[NEW]), &account(NEW));
        assert!(interpretation.events.is_empty(), "{doubled}");
        assert_eq!(interpretation.remark.unwrap().code, "duplicate_field");
    }
}

#[test]
fn secrets_can_be_changed_without_a_gap() {
    let both = account(&format!("{NEW}\n{OLD}"));
    let told = compose(&whole(), &both, NOW).unwrap();
    assert_eq!(told.header("webhook-signature").unwrap().matches("v1,").count(), 2);
    for settings in [account(NEW), account(OLD), both.clone()] {
        assert_eq!(proven(&told, &settings).events, [whole()]);
    }
    for own in [OLD, NEW] {
        let told = compose(&whole(), &account(own), NOW).unwrap();
        assert_eq!(proven(&told, &both).events, [whole()]);
        let other = if own == OLD { NEW } else { OLD };
        assert_eq!(refusal(&told, &account(other)), "signature_wrong");
    }
}

#[test]
fn t_a07_sender_chooses_the_algorithm_in_vain() {
    let body = message(&whole()).to_string();
    assert_eq!(refusal(&signed(&body, &[PRIVATE]), &account(NEW)), "signature_malformed");
    assert_eq!(proven(&signed(&body, &[PRIVATE, NEW]), &account(NEW)).events, [whole()]);
    let good = signed(&body, &[NEW]);
    let given = good.header("webhook-signature").unwrap().strip_prefix("v1,").unwrap();
    for version in [V1A, "v2", "V1", ""] {
        let mut bent = good.clone();
        bent.headers[3].1 = format!("{version},{given}");
        assert_eq!(refusal(&bent, &account(NEW)), "signature_malformed", "{version}");
    }
    // The text of a secret is not its key.
    let text = V1_MAC.sign(NEW.as_bytes(), &[b"msg_1.1790000000.", body.as_bytes()]);
    let mut bent = good;
    bent.headers[3].1 = format!("v1,{text}");
    assert_eq!(refusal(&bent, &account(NEW)), "signature_wrong");
}

#[test]
fn a_secret_in_the_wrong_form_is_a_fault_of_the_settings() {
    let check = |value: &str| {
        let values = [("secret".to_owned(), value.to_owned())];
        Settings::check(SETTINGS, Environment::Live, values.into()).is_ok()
    };
    assert!(check(NEW) && check(&format!("{NEW}\n{OLD}")) && check("whsec_AQIDBAUGBw=="));
    let bare = NEW.strip_prefix("whsec_").unwrap();
    for wrong in ["", "whsec_", "whsec_*", "whsec_AQIDBAUGBw=", bare, PRIVATE, "whpk_AQID"] {
        assert!(!check(wrong) && !check(&format!("{NEW}\n{wrong}x")), "{wrong}");
    }
}
