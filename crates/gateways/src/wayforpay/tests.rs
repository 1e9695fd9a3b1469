//! Tests of WayForPay.

use super::*;
use proptest::prelude::*;

fn settings() -> Settings {
    Settings::sample(SETTINGS)
}

/// A body with these signed values and a signature over exactly them.
fn signed(values: [&str; 7]) -> String {
    let joined = std::iter::once("ipnd_sandbox_shop").chain(values).collect::<Vec<_>>().join(";");
    let signature = MAC.sign(b"ipndNobodysSecretKey0000000000", &[joined.as_bytes()]);
    let fields = SIGNED.iter().zip(values).map(|(name, value)| (*name, Json::of_text(value)));
    Json::of_fields(fields.chain([("merchantSignature", Json::of_text(signature))])).to_string()
}

fn code(body: &str) -> Option<String> {
    let request = RawRequest::post("application/json", body);
    match receive(&request, &settings(), Timestamp::UNIX_EPOCH) {
        Received::Refused(reason) => Some(reason.code),
        _ => None,
    }
}

const GOOD: [&str; 7] = ["A-1", "149", "UAH", "165894", "53****4417", "Approved", "1100"];

#[test]
fn t_a16_joined_fields_collide() {
    assert_eq!(code(&signed(GOOD)), None);
    // The same text to sign, cut elsewhere: what was `A-1;149` would be the order `A-1` of 149, or the other way.
    for (place, value) in
        [(0, "A;1"), (1, "1;49"), (2, "UAH;1"), (3, "1;2"), (4, "5;3"), (5, "Approved;"), (6, "1100;")]
    {
        let mut values = GOOD;
        values[place] = value;
        assert_eq!(code(&signed(values)).as_deref(), Some("field_malformed"), "{value}");
    }
}

proptest! {
    #[test]
    fn t_a16_no_two_messages_have_one_text(
        one in prop::array::uniform7("[A1;.]{0,3}"),
        other in prop::array::uniform7("[A1;.]{0,3}"),
    ) {
        let texts = |values: &[String; 7]| {
            let fields = SIGNED.into_iter().zip(values.iter().cloned());
            Fields(fields.collect()).signed_texts("shop").unwrap_or_default()
        };
        let (texts, others) = (texts(&one), texts(&other));
        let meets = texts.iter().any(|text| others.contains(text));
        // Only the amount may be written in two ways, and then it is the same number.
        let is_same = (0..7).all(|place| one[place] == other[place]
            || (place == 1 && printed(&one[1]) == printed(&other[1])));
        prop_assert!(!meets || is_same, "{one:?} {other:?}");
    }
}

#[test]
fn t_a17_unsigned_fields_or_header_names_are_trusted() {
    let read = |body: &str| {
        let request = RawRequest::post("application/json", body);
        match receive(&request, &settings(), Timestamp::UNIX_EPOCH) {
            Received::Proven(interpretation) => interpretation.events,
            other => panic!("{other:?}"),
        }
    };
    let genuine = signed(GOOD);
    let told = read(&genuine);
    let more =
        r#""processingDate":1,"createdDate":2,"email":"x@example.com","phone":"1","fee":99,"reason":"x","#;
    let bent = read(&genuine.replacen('{', &format!("{{{more}"), 1));
    let money = |events: &[Event]| -> Vec<Event> {
        let cleared = |event: &Event| Event {
            occurred_at: None,
            customer: Customer::default(),
            reason: None,
            ..event.clone()
        };
        events.iter().map(cleared).collect()
    };
    assert_eq!(money(&told), money(&bent));
    assert!(told[0].fee.is_none() && bent[0].fee.is_none());
}

#[test]
fn numbers_as_php_prints_them() {
    for (number, expected) in [
        ("100", "100"),
        ("100.00", "100"),
        ("1547.36", "1547.36"),
        ("0.50", "0.5"),
        ("1000", "1000"),
        ("0", "0"),
        ("0.0", "0"),
    ] {
        assert_eq!(printed(number), expected);
    }
    for text in ["1e3", "-1", "+1", "1.", ".5", "1,5", "", "1.2.3", " 1", "٣", &"9".repeat(31)] {
        assert!(!is_number(text), "{text}");
    }
}

#[test]
fn the_amount_counts_as_it_was_written_and_as_php_prints_it() {
    let genuine = signed(GOOD);
    assert_eq!(code(&genuine.replace(r#""149""#, "149.00")), None);
    assert_eq!(code(&genuine.replace(r#""149""#, "149")), None);
    for other in ["14.90", "1490", "149.01", "\"149,00\"", "1.49e2", "true", "[149]", "null"] {
        assert!(code(&genuine.replace(r#""149""#, other)).is_some(), "{other}");
    }
}

#[test]
fn another_merchant_in_the_message_is_another_account() {
    let named = signed(GOOD).replacen('{', r#"{"merchantAccount":"somebody_else","#, 1);
    assert_eq!(code(&named).as_deref(), Some("wrong_account"));
}

#[test]
fn the_answer_is_signed_with_the_secret_that_signed_the_message() {
    let values = [
        ("merchant_account", "shop"),
        (
            "secret_key",
            "newer-secret
older-secret",
        ),
    ];
    let values = values.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let settings = Settings::check(SETTINGS, Environment::Live, values).unwrap();
    let now = Timestamp::constant(1_790_000_000, 0);
    for secret in ["newer-secret", "older-secret"] {
        let signature = MAC.sign(secret.as_bytes(), &[b"shop;A-1;149;UAH;;;Declined;1101"]);
        let body = format!(
            r#"{{"orderReference":"A-1","amount":149,"currency":"UAH","authCode":"","cardPan":null,
                "transactionStatus":"Declined","reasonCode":1101,"merchantSignature":"{signature}"}}"#
        );
        let request = RawRequest::post("application/json", body);
        assert!(matches!(receive(&request, &settings, now), Received::Proven(_)));
        let own = MAC.sign(secret.as_bytes(), &[b"A-1;accept;1790000000"]);
        let expected =
            format!(r#"{{"orderReference":"A-1","status":"accept","time":1790000000,"signature":"{own}"}}"#);
        assert_eq!(reply(&request, &settings, Outcome::Accepted, now).body, expected);
        assert_eq!(reply(&request, &settings, Outcome::Duplicate, now).body, expected);
        assert_eq!(reply(&request, &settings, Outcome::Refused, now), Reply::empty(400));
    }
}
