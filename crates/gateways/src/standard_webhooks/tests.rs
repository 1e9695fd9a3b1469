use super::*;
use ipnd_core::Money;
use std::collections::BTreeMap;

const SECRET: &str = "whsec_c2FuZGJveCBvZiBpcG5kLCBubyBvbmVz";

/// The bare half of the sandbox's own key, as a sender would show it.
const PUBLIC: &str = "whpk_haPnihtO+FVm0NCmLlvb6luQKpzHMEMoF/vEvwf/Uto=";

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

const PAID: &str = r#"{"type":"payment.paid","timestamp":"2026-11-03T20:26:10.344522Z","data":{"id":"pay_1",
    "order_id":"A-1","amount":2599,"currency":"eur","customer":{"email":"mia@example.com"}}}"#;

fn account(environment: Environment, pairs: &[(&str, &str)]) -> Settings {
    let mut values = BTreeMap::from([("mapping".to_owned(), "apply".to_owned())]);
    values.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    Settings::check(settings::TABLE, environment, values).unwrap()
}

fn described(pairs: &[(&str, &str)]) -> Settings {
    account(Environment::Live, &[&[("secret", SECRET)], pairs].concat())
}

fn with_signature(body: &str, signature: impl Into<String>) -> RawRequest {
    let request = RawRequest::post("application/json", body);
    let request = request.with("webhook-id", "msg_1").with("webhook-timestamp", "1790000000");
    request.with("webhook-signature", signature)
}

fn hmac(key: &[u8], body: &str) -> String {
    MAC.sign(key, &[b"msg_1.1790000000.", body.as_bytes()])
}

fn ed25519(body: &str) -> String {
    let key = SigningKey::from_pem(Scheme::Ed25519, published::ED25519_PRIVATE).unwrap();
    Encoding::Base64.encode(&key.sign(&[b"msg_1.1790000000.", body.as_bytes()]).unwrap())
}

fn code(request: &RawRequest, settings: &Settings) -> String {
    match receive(request, settings, NOW) {
        Received::Refused(reason) => reason.code,
        _ => "accepted".to_owned(),
    }
}

fn read(pairs: &[(&str, &str)], body: &str) -> Interpretation {
    let secret = key_bytes(SECRET_PREFIX, SECRET).unwrap();
    let request = with_signature(body, format!("v1,{}", hmac(&secret, body)));
    match receive(&request, &described(pairs), NOW) {
        Received::Proven(interpretation) => interpretation,
        other => panic!("{other:?}"),
    }
}

fn one(interpretation: Interpretation) -> Event {
    let [event] = <[Event; 1]>::try_from(interpretation.events).unwrap();
    event
}

#[test]
fn t_a07_sender_chooses_the_algorithm_in_vain() {
    let secret = key_bytes(SECRET_PREFIX, SECRET).unwrap();
    let public = key_bytes(PUBLIC_PREFIX, PUBLIC).unwrap();
    let of_secret = account(Environment::Sandbox, &[("secret", SECRET)]);
    let of_public = account(Environment::Sandbox, &[("public_key", PUBLIC)]);
    let of_both = account(Environment::Sandbox, &[("secret", SECRET), ("public_key", PUBLIC)]);
    let try_all = |signature: String| {
        let request = with_signature(PAID, signature);
        [&of_secret, &of_public, &of_both].map(|settings| code(&request, settings) == "accepted")
    };
    assert_eq!(try_all(format!("v1,{}", hmac(&secret, PAID))), [true, false, true]);
    assert_eq!(try_all(format!("v1a,{}", ed25519(PAID))), [false, true, true]);
    // A public key is everybody's, so nothing that is made with it as a secret may count.
    for key in [&public[..], PUBLIC.as_bytes(), &PUBLIC.as_bytes()[PUBLIC_PREFIX.len()..]] {
        for version in ["v1", "v1a", "v2"] {
            assert_eq!(try_all(format!("{version},{}", hmac(key, PAID))), [false; 3]);
        }
    }
    // The right signature under another version's name.
    for version in ["v1a", "v2", "V1", "", "none", "v1 "] {
        assert_eq!(try_all(format!("{version},{}", hmac(&secret, PAID))), [false; 3], "{version}");
    }
    for version in ["v1", "v2", "ed25519"] {
        assert_eq!(try_all(format!("{version},{}", ed25519(PAID))), [false; 3], "{version}");
    }
    // The text of the secret is not its key.
    assert_eq!(try_all(format!("v1,{}", hmac(SECRET.as_bytes(), PAID))), [false; 3]);
}

#[test]
fn t_a06_empty_or_missing_secret() {
    let forged = with_signature(PAID, format!("v1,{}", hmac(b"", PAID)));
    assert_eq!(code(&forged, &account(Environment::Live, &[("secret", "whsec_")])), "secret_unusable");
    assert_eq!(code(&forged, &account(Environment::Live, &[])), "secret_unusable");
    assert_eq!(
        code(&forged, &account(Environment::Live, &[("secret", &format!("whsec_\n{SECRET}"))])),
        "signature_wrong"
    );
}

#[test]
fn a_key_in_the_wrong_form_is_a_fault_of_the_settings() {
    let check = |key: &str, value: &str| {
        let values =
            [("mapping", "keep"), (key, value)].map(|(key, value)| (key.to_owned(), value.to_owned()));
        Settings::check(settings::TABLE, Environment::Live, BTreeMap::from(values)).is_ok()
    };
    assert!(check("secret", SECRET) && check("secret", SECRET.strip_prefix("whsec_").unwrap()));
    assert!(check("secret", "whsec_AQIDBAUG\nwhsec_AQIDBAUGBw\nAQIDBAUGBw=="));
    for wrong in ["whsec_AQIDBAU*", "whsec_AQIDBAUGBw=", PUBLIC, "whsk_AQIDBAUG", "not a key"] {
        assert!(!check("secret", wrong), "{wrong}");
    }
    assert!(check("public_key", PUBLIC));
    for wrong in [SECRET, "whpk_AQIDBAUG", "whpk_", &PUBLIC[..40]] {
        assert!(!check("public_key", wrong), "{wrong}");
    }
}

#[test]
fn an_account_for_live_money_does_not_trust_the_published_key() {
    let request = with_signature(PAID, format!("v1a,{}", ed25519(PAID)));
    assert_eq!(code(&request, &account(Environment::Live, &[("public_key", PUBLIC)])), "test_account_only");
}

#[test]
fn the_sandbox_plays_either_kind_of_sender() {
    let mut event = Event::new(EventKind::PaymentCompleted, "x", Environment::Sandbox);
    event.amount = Some(Money::from_minor(2599, crate::kit::amount::currency("EUR").unwrap()));
    for pairs in
        [&[("public_key", PUBLIC)][..], &[("secret", SECRET)], &[("secret", SECRET), ("public_key", PUBLIC)]]
    {
        let settings = account(Environment::Sandbox, pairs);
        let request = compose(&event, &settings, NOW).unwrap();
        assert_eq!(code(&request, &settings), "accepted");
    }
    assert!(compose(&event, &account(Environment::Sandbox, &[]), NOW).is_err());
}

#[test]
fn the_usual_names_are_enough_for_many() {
    let event = one(read(&[], PAID));
    assert_eq!(event.kind, EventKind::PaymentCompleted);
    assert_eq!(event.identity, "payment.completed/msg_1");
    assert_eq!(event.order_ref.as_deref(), Some("A-1"));
    assert_eq!(event.transaction.as_deref(), Some("pay_1"));
    assert_eq!(event.amount.unwrap().to_string(), "25.99 EUR");
    assert_eq!(event.customer.email.as_deref(), Some("mia@example.com"));
    assert_eq!(event.occurred_at.unwrap().to_string(), "2026-11-03T20:26:10.344522Z");
}

#[test]
fn nothing_follows_before_the_owner_has_confirmed() {
    let interpretation = read(&[("mapping", "keep")], PAID);
    assert!(interpretation.events.is_empty());
    assert_eq!(interpretation.remark.unwrap().code, "nothing_to_do");
    let values = BTreeMap::from([("secret".to_owned(), SECRET.to_owned())]);
    let undecided = Settings::check(settings::TABLE, Environment::Live, values);
    assert!(undecided.is_err(), "the owner has to decide one way or the other");
}

#[test]
fn the_owner_names_other_places() {
    let body = r#"{"what":"DONE","sum":"19.5","ref":[{"no":7}],"tx":{"key":"k"},"live":false,"serial":3,"at":1790000000}"#;
    let pairs = [
        ("type_path", "kind|what"),
        ("type_table", "DONE = payment.completed"),
        ("order_path", "ref.0.no"),
        ("transaction_path", "tx.key"),
        ("amount_path", "sum"),
        ("amount_unit", "major"),
        ("currency_path", "=USD"),
        ("time_path", "at"),
        ("identity_path", "tx.key, serial"),
        ("test_when", "live = false"),
    ];
    let event = one(read(&pairs, body));
    assert_eq!(event.order_ref.as_deref(), Some("7"));
    assert_eq!(event.amount.unwrap().to_string(), "19.50 USD");
    assert_eq!(event.identity, "payment.completed/k/3");
    assert_eq!(event.environment, Environment::Sandbox);
    assert_eq!(event.occurred_at.unwrap().as_second(), 1_790_000_000);
}

#[test]
fn what_cannot_be_read_is_kept_with_the_reason() {
    let code = |pairs: &[(&str, &str)], body: &str| {
        let interpretation = read(pairs, body);
        assert!(interpretation.events.is_empty(), "{body}");
        interpretation.remark.unwrap().code
    };
    let paid = |data: &str| format!(r#"{{"type":"payment.paid","data":{data}}}"#);
    assert_eq!(code(&[], "{}"), "field_missing");
    assert_eq!(code(&[], "hello"), "not_json");
    assert_eq!(code(&[], r#"{"type":"tea.boiled"}"#), "unknown_type");
    assert_eq!(code(&[("type_table", "tea.* = nothing")], r#"{"type":"tea.boiled"}"#), "nothing_to_do");
    assert_eq!(code(&[], r#"{"type":"webhook.ping"}"#), "test_message");
    assert_eq!(code(&[], &paid(r#"{"amount":1,"currency":"EUR"}"#)), "transaction_missing");
    assert_eq!(code(&[], &paid(r#"{"id":"p","amount":1}"#)), "field_missing");
    assert_eq!(code(&[], &paid(r#"{"id":"p","amount":1,"currency":"XYZ9"}"#)), "currency_unknown");
    assert_eq!(code(&[], &paid(r#"{"id":"p","amount":-1,"currency":"EUR"}"#)), "amount_negative");
    for amount in ["25.99", "\"1e3\"", "1e3", "true", "\"x\"", "\"0e1\""] {
        let body = paid(&format!(r#"{{"id":"p","amount":{amount},"currency":"EUR"}}"#));
        assert_eq!(code(&[], &body), "amount_unreadable", "{amount}");
    }
}

#[test]
fn refunds_subscriptions_and_totals() {
    let refund = r#"{"type":"refund.succeeded","data":{"id":"re_1","payment_id":"pay_1","amount":-500,"currency":"EUR"}}"#;
    let event = one(read(&[], refund));
    assert_eq!((event.transaction.as_deref(), event.parent.as_deref()), (Some("re_1"), Some("pay_1")));
    assert_eq!(event.amount.unwrap().to_string(), "5.00 EUR");
    let event = one(read(&[("type_table", "refund.* = refund.completed total")], refund));
    assert!(event.amount_is_total);
    assert_eq!(event.identity, "refund.completed/msg_1/5.00");
    let event = one(read(&[], r#"{"type":"subscription.expired","data":{"id":"sub_1"}}"#));
    assert_eq!((event.subscription.as_deref(), event.transaction), (Some("sub_1"), None));
    let renewed =
        r#"{"type":"invoice.paid","data":{"id":"in_1","payment_id":"x","subscription_id":"sub_1"}}"#;
    let event = one(read(&[], renewed));
    assert_eq!((event.subscription.as_deref(), event.amount, event.parent), (Some("sub_1"), None, None));
}

#[test]
fn what_is_written_can_be_read() {
    let settings = described(&[
        ("type_path", "event.type"),
        ("type_table", "paid = payment.completed\nback = refund.completed total"),
        ("order_path", "order"),
        ("transaction_path", "tx"),
        ("parent_path", "of"),
        ("amount_path", "sum"),
        ("amount_unit", "major"),
        ("currency_path", "cur"),
        ("time_path", "at"),
        ("test_when", "mode = test"),
    ]);
    for kind in [EventKind::PaymentCompleted, EventKind::RefundCompleted] {
        let mut event = one(read(&[], PAID));
        event.kind = kind;
        event.amount_is_total = kind == EventKind::RefundCompleted;
        event.parent = (!kind.is_payment()).then(|| "pay/0".to_owned());
        let round = |event: &Event| match receive(&compose(event, &settings, NOW).unwrap(), &settings, NOW) {
            Received::Proven(interpretation) => one(interpretation),
            other => panic!("{other:?}"),
        };
        let once = round(&event);
        assert_eq!((once.amount, &once.parent, &once.custom), (event.amount, &event.parent, &event.custom));
        assert_eq!(round(&once), once);
    }
}

#[test]
fn what_has_no_place_is_not_written() {
    let event = one(read(&[], PAID));
    let cannot = |pairs: &[(&str, &str)]| compose(&event, &described(pairs), NOW).is_err();
    assert!(!cannot(&[]));
    assert!(cannot(&[("currency_path", "=USD")]));
    assert!(cannot(&[("type_table", "* = nothing")]));
    assert!(cannot(&[("order_path", "data")]));
    assert!(cannot(&[("amount_path", "data.id")]));
}
