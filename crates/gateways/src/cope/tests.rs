//! Tests of COPE.

use super::*;
use ipnd_core::Environment;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn settings(order_path: &str) -> Settings {
    let values = [("signing_secret", "whsec_teahouse"), ("order_path", order_path)];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Settings::check(SETTINGS, Environment::Live, values).unwrap()
}

fn read(request: &RawRequest, settings: &Settings) -> Interpretation {
    match receive(request, settings, NOW) {
        Received::Proven(interpretation) => interpretation,
        other => panic!("{other:?}"),
    }
}

fn signed(body: &str) -> RawRequest {
    let signature = MAC.sign(b"whsec_teahouse", &[b"1790000000.", body.as_bytes()]);
    RawRequest::post("application/json", body)
        .with("x-webhook-signature", format!("t=1790000000,v1={signature}"))
}

#[test]
fn the_shops_own_order_number_stands_where_the_owner_says() {
    let settings = settings("metadata.order_id");
    let order = Some("T-5001".to_owned());
    let amount = Some(Money::from_minor(4_900, Currency::from_code("EUR").unwrap()));
    let event = Event {
        order_ref: order.clone(),
        transaction: Some("pay-1".to_owned()),
        amount,
        ..Event::new(EventKind::PaymentCompleted, "x", Environment::Live)
    };
    let request = compose(&event, &settings, NOW).unwrap();
    assert!(String::from_utf8_lossy(&request.body).contains(r#""metadata":{"order_id":"T-5001"}"#));
    assert_eq!(read(&request, &settings).events[0].order_ref, order);
    let elsewhere = signed(r#"{"id":"evt_1","type":"cart.order.completed","data":{"order":{"uuid":"o"}}}"#);
    assert_eq!(read(&elsewhere, &settings).events[0].order_ref, None, "another number is not guessed");
}

#[test]
fn an_order_and_its_sale_mean_the_same_payment() {
    let transaction = |kind: &str, data: &str| {
        let body = format!(r#"{{"id":"evt_{kind}","type":"cope.{kind}","data":{data}}}"#);
        read(&signed(&body), &settings("")).events[0].transaction.clone()
    };
    for (data, expected) in [
        (r#"{"order":{"uuid":"o-1"},"payment":{"uuid":"p-1"}}"#, "p-1"),
        (r#"{"order":{"uuid":"o-1"},"payment_uuid":"p-1"}"#, "p-1"),
        (r#"{"order":{"uuid":"o-1"}}"#, "o-1"),
    ] {
        for kind in ["cart.order.completed", "payment.sale.succeeded"] {
            assert_eq!(transaction(kind, data).as_deref(), Some(expected), "{kind} {data}");
        }
    }
}

#[test]
fn t_b09_number_formats_of_cents() {
    let code = |amount: &str, currency: &str| {
        let data = format!(
            r#"{{"order":{{"uuid":"o"}},"currency":{currency},"totals":{{"gross_cents":{amount}}}}}"#
        );
        let body = format!(r#"{{"id":"evt_1","type":"cart.order.completed","data":{data}}}"#);
        read(&signed(&body), &settings("")).remark.map_or_else(String::new, |reason| reason.code)
    };
    for good in ["4900", "\"4900\"", "0"] {
        assert_eq!(code(good, "\"EUR\""), "", "{good}");
    }
    for bad in ["49.00", "4.9e3", "true", "\"4,900\"", "\"٤\""] {
        assert_eq!(code(bad, "\"EUR\""), "amount_unreadable", "{bad}");
    }
    assert_eq!(code("-4900", "\"EUR\""), "amount_negative");
    assert_eq!(code("4900", "\"JPY\""), "amount_unreadable", "what a cent of a yen is, nobody says");
    assert_eq!(code("4900", "\"XXQ\""), "currency_unknown");
    assert_eq!(code("4900", "null"), "field_missing");
}

#[test]
fn t_a17_a_kept_message_cannot_be_given_another_time() {
    let RawRequest { headers, body, .. } = signed("{}");
    let (name, value) = &headers[1];
    let later =
        RawRequest::post("application/json", body).with(name, value.replace("t=1790000000", "t=1790000001"));
    let Received::Refused(reason) = receive(&later, &settings(""), NOW) else { panic!("accepted") };
    assert_eq!(reason.code, "signature_wrong");
}

#[test]
fn two_headers_with_a_signature_are_refused() {
    let request = signed("{}").with("x-cope-signature", "t=1790000000,v1=00");
    let Received::Refused(reason) = receive(&request, &settings(""), NOW) else { panic!("accepted") };
    assert_eq!(reason.code, "duplicate_field");
}
