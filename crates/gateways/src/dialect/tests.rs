//! Every form, written and read back.

use super::*;
use crate::drive::{Decided, decide_played};
use ipnd_core::{Currency, Environment};

fn euro(text: &str) -> Money {
    Money::parse(text, Currency::from_code("EUR").unwrap()).unwrap()
}

fn notice(kind: EventKind) -> Notice {
    let mut event = Event::new(kind, "payment.completed/pi_1", Environment::Live);
    event.transaction = Some("pi_1".into());
    event.amount = Some(euro("19.95"));
    event.status = Some("succeeded".into());
    event.receivers = vec!["acct_1".into()];
    let order = NoticeOrder {
        id: "ord_1".into(),
        reference: "1001".into(),
        sequence: 2,
        status: OrderStatus::Paid,
        total: euro("19.95"),
        paid: euro("19.95"),
        refunded: euro("0"),
        reversed: euro("0"),
        items: vec![Item { sku: "tea".into(), name: "Tea".into(), quantity: 1, unit_price: euro("19.95") }],
        customer: Customer { email: Some("alex@example.com".into()), ..Customer::default() },
        language: None,
    };
    let noted_at = Timestamp::from_second(1_800_000_000).unwrap();
    Notice { noted_at, gateway: "stripe".into(), event: Some(event), order: Some(order), refund: None }
}

fn write(dialect: Dialect, notice: &Notice, later: i64) -> Result<RawRequest, CannotTell> {
    let settings = Settings::sample(dialect.settings()).values().clone();
    let keys = ["whsec_c2VjcmV0IG9mIG5vYm9keQ==".to_owned()];
    let now = Timestamp::from_second(1_800_000_000 + later).unwrap();
    dialect.write(
        notice,
        &Sending { id: "msg_x", keys: &keys, settings: &settings, source: "https://ipnd.example.com", now },
    )
}

#[test]
fn every_dialect_is_found_by_its_id_and_has_a_name() {
    let ids: Vec<&str> = Dialect::all().map(Dialect::id).collect();
    assert_eq!(ids[..2], ["standard", "cloudevents"]);
    assert!(Dialect::all().all(|it| Dialect::find(it.id()).is_some_and(|found| found.id() == it.id())));
    assert!(ids.len() > 15 && !ids.contains(&"custom") && !ids.contains(&"ipnd"), "{ids:?}");
    assert!(Dialect::find("morse").is_none());
}

#[test]
fn another_ipnd_understands_the_default() {
    let notice = notice(EventKind::PaymentCompleted);
    let request = write(Dialect::Standard, &notice, 7).unwrap();
    let gateway = find("ipnd").unwrap();
    let secret = ("secret".to_owned(), "whsec_c2VjcmV0IG9mIG5vYm9keQ==".to_owned());
    let settings = Settings::check(gateway.settings, Environment::Live, BTreeMap::from([secret])).unwrap();
    let now = Timestamp::from_second(1_800_000_008).unwrap();
    let Decided::Genuine(read) = decide_played(gateway, &request, &settings, now, &[]) else {
        panic!("it is not believed");
    };
    let expected = Event { order_ref: Some("1001".into()), ..notice.event.unwrap() };
    assert_eq!(read.events, [expected]);
}

#[test]
fn every_gateway_tells_a_payment_of_another_so_that_it_is_understood_as_its_own() {
    let mut understood = 0;
    for dialect in Dialect::all().filter(|dialect| dialect.tells(EventKind::PaymentCompleted)) {
        let Dialect::Gateway(gateway) = dialect else { continue };
        let notice = notice(EventKind::PaymentCompleted);
        let request = match write(dialect, &notice, 0) {
            Ok(request) => request,
            Err(CannotTell::Compose(_)) => continue,
            Err(error) => panic!("{}: {error}", gateway.id),
        };
        let settings = Settings::sample(gateway.settings);
        let told = [crate::Told { event: event_for(gateway, &notice), request: request.clone() }];
        let Decided::Genuine(read) = decide_played(gateway, &request, &settings, notice.noted_at, &told)
        else {
            panic!("{} does not believe itself", gateway.id);
        };
        let event = read.events.first().unwrap_or_else(|| panic!("{}: {:?}", gateway.id, read.remark));
        assert_eq!(
            (event.kind, event.amount),
            (EventKind::PaymentCompleted, Some(euro("19.95"))),
            "{}",
            gateway.id
        );
        understood += 1;
    }
    // Those that cannot have no words for what is missing here.
    assert!(understood >= 12, "{understood}");
}

#[test]
fn a_shop_that_knows_only_paypal_is_told_in_its_words_and_with_its_own_receiver() {
    let dialect = Dialect::find("paypal-ipn").unwrap();
    let settings = BTreeMap::from([("receivers".to_owned(), "shop@example.com".to_owned())]);
    let sending = Sending {
        id: "msg_x",
        keys: &[],
        settings: &settings,
        source: "",
        now: Timestamp::from_second(1_900_000_000).unwrap(),
    };
    let notice = notice(EventKind::PaymentCompleted);
    let request = dialect.write(&notice, &sending).unwrap();
    let fields: BTreeMap<String, String> = form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| fields.get(name).map(String::as_str);
    assert_eq!(field("payment_status"), Some("Completed"));
    assert_eq!((field("mc_gross"), field("mc_currency")), (Some("19.95"), Some("EUR")));
    assert_eq!((field("invoice"), field("item_number")), (Some("1001"), Some("tea")));
    assert_eq!(
        (field("receiver_email"), field("payer_email")),
        (Some("shop@example.com"), Some("alex@example.com"))
    );
    assert_eq!(field("test_ipn"), None, "it is live");
    let again = Sending { now: Timestamp::from_second(1_900_009_999).unwrap(), ..sending };
    assert_eq!(
        dialect.write(&notice, &again).unwrap().body,
        request.body,
        "every attempt has the same bytes"
    );
    assert!(dialect.is_asked_back() && !dialect.tells(EventKind::DisputeUpdated));
}

#[test]
fn cloud_events_have_what_the_standard_asks_for() {
    let request = write(Dialect::CloudEvents, &notice(EventKind::PaymentCompleted), 0).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    for (name, value) in [
        ("specversion", "1.0"),
        ("id", "msg_x"),
        ("source", "https://ipnd.example.com"),
        ("type", "payment.completed"),
        ("subject", "1001"),
        ("sequence", "0000000002"),
        ("time", "2027-01-15T08:00:00Z"),
    ] {
        assert_eq!(json[name], value, "{name}");
    }
    assert_eq!(json["data"]["order"]["status"], "paid");
    assert_eq!(request.header("content-type"), Some("application/cloudevents+json"));
    assert!(request.header("webhook-signature").is_some());
}

#[test]
fn a_test_tells_of_nothing_and_of_play_money_in_a_gateways_form() {
    let noted_at = Timestamp::from_second(1_800_000_000).unwrap();
    let test = Notice { noted_at, gateway: String::new(), event: None, order: None, refund: None };
    let request = write(Dialect::Standard, &test, 0).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((json["type"].as_str(), &json["data"]["order"]), (Some(TEST_TYPE), &serde_json::Value::Null));
    let request = write(Dialect::find("paypal-ipn").unwrap(), &test, 0).unwrap();
    assert!(String::from_utf8(request.body).unwrap().contains("test_ipn=1"));
    assert!(matches!(
        Dialect::Standard.write(
            &test,
            &Sending { id: "msg_x", keys: &[], settings: &BTreeMap::new(), source: "", now: noted_at }
        ),
        Err(CannotTell::Unsigned(_))
    ));
}

/// The list of those that tell totals is what they themselves say of what they would have sent.
#[test]
fn a_refund_is_told_as_its_form_tells_refunds() {
    let (mut told, mut wrong) = ((0, 0), Vec::new());
    for dialect in Dialect::all().filter(|dialect| dialect.tells(EventKind::RefundCompleted)) {
        let Dialect::Gateway(gateway) = dialect else { continue };
        let mut second = notice(EventKind::RefundCompleted);
        second.gateway = "none of these".into();
        let event = second.event.as_mut().unwrap();
        event.identity = "refund/total/8.00".into();
        event.transaction = Some("pi_1".into());
        event.amount = Some(euro("8.00"));
        event.amount_is_total = true;
        second.refund =
            Some(NoticeRefund { amount: euro("3.00"), total: euro("8.00"), payment: "pi_1".into() });
        let Ok(request) = write(dialect, &second, 0) else { continue };
        let settings = Settings::sample(gateway.settings);
        let sent = [crate::Told { event: event_for(gateway, &second), request: request.clone() }];
        let Decided::Genuine(read) = decide_played(gateway, &request, &settings, second.noted_at, &sent)
        else {
            panic!("{} does not believe itself", gateway.id);
        };
        let Some(refund) = read.events.iter().find(|event| event.kind == EventKind::RefundCompleted) else {
            continue;
        };
        let is_total = TELL_TOTALS.contains(&gateway.id);
        let amount = if is_total { "8.00" } else { "3.00" };
        if (refund.amount_is_total, refund.amount) != (is_total, Some(euro(amount))) {
            wrong.push((gateway.id, refund.amount_is_total, refund.amount));
        }
        if is_total { told.0 += 1 } else { told.1 += 1 }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(told.0 >= 4 && told.1 >= 4, "{told:?}");
}
