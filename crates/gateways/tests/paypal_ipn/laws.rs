//! Laws that hold for every event and every body.

use crate::events::{UNTOLD, parts, told, wild};
use crate::support::*;
use ipnd_core::{Environment, Event, EventKind, Money};
use ipnd_gateways::paypal_ipn::GATEWAY;
use ipnd_gateways::{RawRequest, Received, Resumed};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// `receive(compose(event)) == event`, for everything that PayPal has words for.
fn check_round_trip(event: &Event) {
    let settings = account(event.environment);
    let request = (GATEWAY.compose)(event, &settings, NOW).unwrap();
    let interpretation = interpreted(&request, &settings);
    assert_eq!(interpretation.remark, None);
    assert_eq!(
        interpretation.events,
        std::slice::from_ref(event),
        "{}",
        String::from_utf8_lossy(&request.body)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn receive_undoes_compose(parts in parts()) {
        check_round_trip(&parts.event());
    }

    #[test]
    fn any_event_that_can_be_told_keeps_its_kind_and_its_money_and_comes_to_rest(event in wild()) {
        let settings = account(event.environment);
        let Ok(request) = (GATEWAY.compose)(&event, &settings, NOW) else { return Ok(()) };
        let mut told = interpreted(&request, &settings).events;
        prop_assert_eq!(told.len(), 1, "{:?} {}", event, String::from_utf8_lossy(&request.body));
        let told = told.remove(0);
        prop_assert_eq!((told.kind, told.environment), (event.kind, event.environment));
        if let Some(amount) = told.amount {
            prop_assert_eq!(Some(amount), event.amount.map(Money::abs));
        }
        check_round_trip(&told);
    }

    #[test]
    fn no_body_makes_it_panic_and_none_is_accepted_unasked(body in proptest::collection::vec(any::<u8>(), 0..600)) {
        let received = receive(&post(body), &account(Environment::Live));
        prop_assert!(!matches!(received, Received::Proven(_)));
    }

    #[test]
    fn no_genuine_body_makes_it_panic(
        fields in proptest::collection::vec((proptest::sample::select(NAMES), "[ -~]{0,20}|%[0-9A-F]{2}|\\PC{0,6}"), 0..30),
    ) {
        let body: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = post(format!("txn_id=1&{}", body.join("&")));
        let _ = resume(&request, &account(Environment::Live), &answer(200, b"VERIFIED", true));
    }

    #[test]
    fn only_the_exact_word_is_an_answer(status in 100_u16..600, body in proptest::collection::vec(any::<u8>(), 0..12)) {
        let resumed = resume(&post(PAID), &account(Environment::Live), &answer(status, &body, true));
        let word = body.trim_ascii();
        match resumed {
            Resumed::Genuine(_) => prop_assert!(status == 200 && word == b"VERIFIED"),
            Resumed::Forged(_) => prop_assert!(status == 200 && word == b"INVALID"),
            Resumed::NotYetKnown(_) | Resumed::Ask(_) => {}
        }
    }
}

/// Names that lead into every corner of interpretation.
const NAMES: &[&str] = &[
    "txn_type",
    "payment_status",
    "pending_reason",
    "mc_gross",
    "mc_currency",
    "mc_fee",
    "payment_date",
    "charset",
    "first_name",
    "address_street",
    "address_city",
    "address_zip",
    "address_state",
    "item_name",
    "item_name1",
    "item_number1",
    "quantity1",
    "mc_gross_1",
    "shipping",
    "discount",
    "masspay_txn_id_1",
    "status_1",
    "mc_currency_1",
    "case_id",
    "subscr_id",
    "retry_at",
    "next_payment_date",
    "initial_payment_txn_id",
    "initial_payment_status",
    "initial_payment_amount",
    "currency_code",
    "mp_id",
    "custom",
    "invoice",
    "memo",
];

#[test]
fn every_kind_of_event_can_be_composed_that_paypal_tells_of() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for kind in told() {
        let mut parts = parts().new_tree(&mut runner).unwrap().current();
        parts.kind = kind;
        check_round_trip(&parts.event());
    }
}

#[test]
fn what_paypal_has_no_message_for_is_not_composed() {
    let compose = |event: &Event| (GATEWAY.compose)(event, &account(Environment::Live), NOW);
    for kind in UNTOLD {
        let refused = compose(&Event { kind: *kind, ..event(PAID) }).unwrap_err();
        assert!(refused.to_string().contains(kind.word()), "{refused}");
    }
    let total = Event { kind: EventKind::RefundCompleted, amount_is_total: true, ..event(PAID) };
    assert!(compose(&total).is_err(), "PayPal tells of each refund by itself");
}

#[test]
fn the_same_event_gives_the_same_bytes() {
    let compose = |event: &Event| (GATEWAY.compose)(event, &account(Environment::Live), NOW).unwrap();
    let paid = event(PAID);
    assert_eq!(compose(&paid), compose(&paid));
}

#[test]
fn a_composed_message_looks_like_one_of_paypals() {
    let mut paid = event(PAID);
    paid.environment = Environment::Sandbox;
    paid.occurred_at = Some("2024-03-02T16:15:02Z".parse().unwrap());
    paid.customer.name = Some("Jörg Müller".into());
    paid.customer.email = Some("joerg@example.com".into());
    let RawRequest { method, headers, body, .. } =
        (GATEWAY.compose)(&paid, &account(Environment::Sandbox), NOW).unwrap();
    assert_eq!(method, "POST");
    assert_eq!(headers[0].1, "PayPal IPN ( https://www.paypal.com/ipn )");
    let body = String::from_utf8(body).unwrap();
    for part in [
        "payment_date=08%3A15%3A02+Mar+02%2C+2024+PST",
        "first_name=J%F6rg",
        "charset=windows-1252",
        "mc_gross=19.95",
        "payment_gross=&",
        "test_ipn=1",
        "notify_version=3.9",
        "verify_sign=A",
        "ipn_track_id=",
        "payer_email=joerg%40example.com",
        "receiver_email=shop%40example.com",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
}

#[test]
fn a_long_body_is_read_in_a_moment() {
    let settings = account(Environment::Live);
    let long = |piece: &str| format!("{PAID}&{}", piece.repeat(64 * 1024 / piece.len()));
    for body in [
        long("%"),
        long("memo"),
        long("%41"),
        long("a=1&b"),
        long("item_name1"),
        format!("{PAID}&memo={}", "%".repeat(65_000)),
        format!("{PAID}&payment_date={}", "1 ".repeat(30_000)),
        format!("{PAID}&item_name={}", "\u{fffd}".repeat(20_000)),
    ] {
        let began = Instant::now();
        let _ = receive(&post(body.clone()), &settings);
        let _ = resume(&post(body), &settings, &answer(200, b"VERIFIED", true));
        assert!(began.elapsed() < Duration::from_secs(2), "far more than an unoptimised build needs");
    }
}
