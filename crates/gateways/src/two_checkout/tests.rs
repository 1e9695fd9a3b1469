//! What a copier of genuine messages can and cannot do, and the answers that 2Checkout publishes.

use super::*;
use crate::{AskedAnswer, Resumed};
use ipnd_core::{Currency, Environment, Event, Money};

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn settings(values: &[(&str, &str)]) -> Settings {
    let own = [("secret_key", "test-secret")].iter().chain(values);
    let values = own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings::check(settings::SETTINGS, Environment::Live, values).unwrap()
}

fn paid() -> Event {
    Event {
        order_ref: Some("A-1001".to_owned()),
        transaction: Some("211153389".to_owned()),
        amount: Some(Money::parse("107.00", Currency::from_code("USD").unwrap()).unwrap()),
        ..Event::new(EventKind::PaymentCompleted, "x", Environment::Live)
    }
}

fn told(settings: &Settings) -> RawRequest {
    (GATEWAY.compose)(&paid(), settings, NOW).unwrap()
}

/// The same message with some text replaced.
fn bent(request: &RawRequest, changes: &[(&str, &str)]) -> RawRequest {
    let body = String::from_utf8(request.body.clone()).unwrap();
    let body = changes.iter().fold(body, |body, (from, to)| {
        assert!(body.contains(from), "{from}");
        body.replace(from, to)
    });
    RawRequest { body: body.into_bytes(), ..request.clone() }
}

fn code(request: &RawRequest, settings: &Settings) -> Option<String> {
    match receive(request, settings, NOW) {
        Received::Refused(reason) => Some(format!("{} {}", reason.code, reason.detail)),
        _ => None,
    }
}

/// A message of these fields, signed with SHA3-256.
fn signed(fields: &[(&str, &str)], secret: &str, scheme: &Scheme) -> RawRequest {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let unsigned = form.finish();
    let text = Message::read(unsigned.as_bytes()).unwrap().signed_texts().swap_remove(0);
    let body = format!("{unsigned}&{}={}", scheme.field, scheme.mac.sign(secret.as_bytes(), &[&text]));
    RawRequest::post("application/x-www-form-urlencoded", body)
}

#[test]
fn t_a17_names_are_not_signed_so_their_sequence_is_demanded() {
    let settings = settings(&[]);
    let genuine = told(&settings);
    assert_eq!(code(&genuine, &settings), None);
    let swapped = |one: &str, other: &str| {
        let (one, other) = (format!("&{one}="), format!("&{other}="));
        bent(&genuine, &[(&one, "&\u{1}="), (&other, &one), ("&\u{1}=", &other)])
    };
    // The signature of each of these is right, for it does not know the names.
    for (one, other) in [
        ("REFNO", "REFNOEXT"),
        ("REFNOEXT", "ORDERSTATUS"),
        ("ORDERSTATUS", "MESSAGE_TYPE"),
        ("CURRENCY", "PAYOUT_CURRENCY"),
        ("IPN_TOTALGENERAL", "PAYABLE_AMOUNT"),
        ("TEST_ORDER", "FX_MARKUP"),
    ] {
        let bent = swapped(one, other);
        assert!(verify(&bent, &settings).is_ok() && code(&bent, &settings).is_some(), "{one} and {other}");
    }
    // What cannot be seen by its form is left to the API, and is weak until then.
    let unseen = swapped("REFNOEXT", "SHOPPER_REFERENCE_NUMBER");
    let Received::Proven(weak) = receive(&unseen, &settings, NOW) else { panic!("it is signed") };
    assert_eq!((weak.proof, weak.events[0].order_ref.as_deref()), (Proof::Weak, Some("211153389")));
    let answer = api::answer(
        &crate::Ask::get("https://api.2checkout.com/rest/6.0/orders/211153389/")
            .with("x-avangate-authentication", ""),
        &[crate::Told { event: paid(), request: genuine.clone() }],
        &settings,
        NOW,
    );
    let Resumed::Forged(reason) = api::resume(&unseen, &settings, &[answer], NOW) else { panic!("forged") };
    assert_eq!(reason.detail, "ExternalReference");
    for name in &DECISIVE[1..] {
        let renamed = bent(&genuine, &[(&format!("&{name}="), "&SOMETHING=")]);
        assert_eq!(code(&renamed, &settings), Some(format!("field_missing {name}")));
        let second = bent(&genuine, &[("&PROPOSAL_ID=", &format!("&{name}="))]);
        assert_eq!(code(&second, &settings), Some(format!("duplicate_field {name}")));
    }
    let Received::Proven(nothing) = receive(&bent(&genuine, &[("&REFNO=", "&X=")]), &settings, NOW) else {
        panic!("it is signed")
    };
    assert_eq!(nothing.events, []);
}

#[test]
fn t_a16_values_can_be_cut_elsewhere_so_the_message_is_weak() {
    let settings = settings(&[]);
    // A buyer's address of ten bytes. Cut behind the first digit of its length, it is three values: a nought, a currency
    // and an amount. Both messages have one text, and so one signature.
    let genuine = signed(&[("ADDRESS1", "3USD5107.0")], "test-secret", &SCHEMES[0]);
    let address = "ADDRESS1=3USD5107.0";
    let forged = bent(&genuine, &[(address, "GIFT_ORDER=0&CURRENCY=USD&IPN_TOTALGENERAL=107.0")]);
    assert!(verify(&genuine, &settings).is_ok() && verify(&forged, &settings).is_ok());
    // Nothing in the scheme rules this out, so without the API's word the proof is weak, whatever a message looks like.
    let Received::Proven(interpretation) = receive(&told(&settings), &settings, NOW) else {
        panic!("proven")
    };
    assert_eq!((interpretation.proof, interpretation.events.len()), (Proof::Weak, 1));
}

#[test]
fn t_a17_what_the_api_does_not_bear_out_is_not_believed() {
    let settings = settings(&[("merchant_code", "250111206876")]);
    let genuine = told(&settings);
    assert!(matches!(receive(&genuine, &settings, NOW), Received::Ask(_)));
    let record = r#"{"RefNo":"211153389","ExternalReference":"A-1001","Status":"COMPLETE","TestOrder":false,
        "Currency":"usd","GrossPrice":120,"GrossDiscountedPrice":107}"#;
    let resume = |status: u16, answer: &str| {
        api::resume(&genuine, &settings, &[AskedAnswer::new(status, answer)], NOW)
    };
    let proof = |resumed: Resumed| match resumed {
        Resumed::Genuine(interpretation) => format!("{:?}", interpretation.proof),
        Resumed::Forged(reason) | Resumed::NotYetKnown(reason) => {
            format!("{} {}", reason.code, reason.detail)
        }
        Resumed::Ask(_) => "ask".to_owned(),
    };
    assert_eq!(proof(resume(200, record)), "Strong");
    for (from, to, expected) in [
        ("A-1001", "A-1002", "api_contradicts ExternalReference"),
        ("A-1001", "", "api_contradicts ExternalReference"),
        ("211153389", "211153380", "api_contradicts RefNo"),
        ("false", "true", "api_contradicts TestOrder"),
        ("usd", "eur", "api_contradicts Currency"),
        ("107", "1.07", "api_contradicts GrossDiscountedPrice"),
        ("COMPLETE", "PENDING", "api_unclear PENDING"),
        ("COMPLETE", "REFUND", "Strong"),
        ("107", "-107", "Strong"),
        (r#""TestOrder":false,"#, "", "api_unclear no TestOrder"),
    ] {
        assert_eq!(proof(resume(200, &record.replace(from, to))), expected, "{from} -> {to}");
    }
    // Given back in part: the record's sums are others, so the owner is asked.
    let part = record.replace("COMPLETE", "REFUND").replace(":107", ":-50");
    assert_eq!(proof(resume(200, &part)), "Weak");
    assert_eq!(proof(resume(401, "{}")), "Weak");
    assert_eq!(proof(resume(404, "{}")), "api_says_unknown order");
    assert_eq!(proof(resume(500, "")), "api_unclear status 500");
    assert_eq!(proof(resume(200, "<html>")).split(' ').next(), Some("not_json"));
}

#[test]
fn the_question_goes_to_2checkout_only_and_carries_no_secret() {
    let settings = settings(&[("merchant_code", "250111206876")]);
    let Received::Ask(ask) = receive(&told(&settings), &settings, NOW) else { panic!("it asks") };
    assert_eq!(ask.url, "https://api.2checkout.com/rest/6.0/orders/211153389/");
    let text = "12250111206876192026-09-21 14:13:20";
    let hash = Mac::new(Algorithm::HmacSha256, Encoding::HexLower).sign(b"test-secret", &[text.as_bytes()]);
    let expected = format!(r#"code="250111206876" date="2026-09-21 14:13:20" hash="{hash}" algo="sha256""#);
    assert_eq!(ask.header("x-avangate-authentication"), Some(expected.as_str()));
    assert!(ask.headers.iter().all(|(_, value)| !value.contains("test-secret")));
}

#[test]
fn the_strongest_signature_that_is_there_decides() {
    let lenient = settings(&[]);
    let strict = settings(&[("refuse_md5", "yes")]);
    let genuine = told(&lenient);
    let body = String::from_utf8(genuine.body.clone()).unwrap();
    let without = |names: &[&str]| {
        let kept = body.split('&').filter(|field| names.iter().all(|name| !field.starts_with(name)));
        RawRequest { body: kept.collect::<Vec<_>>().join("&").into_bytes(), ..genuine.clone() }
    };
    let only_md5 = without(&["SIGNATURE_SHA3_256", "SIGNATURE_SHA2_256"]);
    assert_eq!(code(&only_md5, &lenient), None);
    assert_eq!(code(&only_md5, &strict).as_deref(), Some("algorithm_refused MD5"));
    assert_eq!(code(&without(&["SIGNATURE_SHA3_256"]), &strict), None);
    let all = without(&["SIGNATURE_SHA3_256", "SIGNATURE_SHA2_256", "HASH"]);
    assert_eq!(code(&all, &lenient).as_deref(), Some("signature_missing SIGNATURE_SHA3_256"));
    // A wrong strong one is not made good by a right weak one.
    let zeros = format!("SIGNATURE_SHA3_256={}", "0".repeat(64));
    let wrong = without(&["SIGNATURE_SHA3_256"]);
    let wrong = RawRequest { body: [&wrong.body[..], b"&", zeros.as_bytes()].concat(), ..wrong };
    assert_eq!(code(&wrong, &lenient).as_deref(), Some("signature_wrong "));
    let short = bent(&genuine, &[("SIGNATURE_SHA3_256=", "SIGNATURE_SHA3_256=0")]);
    assert_eq!(code(&short, &lenient).as_deref(), Some("signature_malformed "));
}

#[test]
fn the_published_answers() {
    let fields = [("IPN_PID[]", "1"), ("IPN_PNAME[]", "Software program"), ("IPN_DATE", "20050303123434")];
    let now: Timestamp = "2005-03-03T12:34:34Z".parse().unwrap();
    let text = message::with_lengths(
        ["1", "Software program", "20050303123434", "20050303123434"].map(str::as_bytes),
    );
    assert_eq!(text, b"1116Software program14200503031234341420050303123434");
    let md5 = &SCHEMES[2];
    assert_eq!(md5.mac.sign(b"test", &[&text]), "3d7a5eb5557b70a80e5141c4fee0ed0d");
    let values = [("secret_key".to_owned(), "AABBCCDDEEFF".to_owned())].into();
    let settings = Settings::check(settings::SETTINGS, Environment::Live, values).unwrap();
    let answered = reply(&signed(&fields, "AABBCCDDEEFF", md5), &settings, Outcome::Accepted, now);
    assert_eq!(answered.body, "<EPAYMENT>20050303123434|7bf97ed39681027d0c45aa45e3ea98f0</EPAYMENT>");
    for scheme in &SCHEMES[..2] {
        let answered = reply(&signed(&fields, "AABBCCDDEEFF", scheme), &settings, Outcome::Duplicate, now);
        let hash = scheme.mac.sign(b"AABBCCDDEEFF", &[&text]);
        let expected = format!("<sig algo=\"{}\" date=\"20050303123434\">{hash}</sig>", scheme.answer);
        assert_eq!((answered.status, answered.body), (200, expected));
    }
}

#[test]
fn lengths_count_bytes_and_lists_stand_together() {
    let text = |body: &str| Message::read(body.as_bytes()).unwrap().signed_texts().swap_remove(0);
    assert_eq!(text("A=%C3%BC&B=&C=0&D=a+b"), "2ü0103a b".as_bytes());
    assert_eq!(text("X%5B%5D=1&Y%5B%5D=2&Z=3&X%5B%5D=4"), b"11141213");
    assert_eq!(text("A=1&HASH=x&SIGNATURE_SHA2_256=y&SIGNATURE_SHA3_256=z&B=2"), b"1112");
    let both = Message::read(br"A=O\'Neil&REFNOEXT=A-1").unwrap().signed_texts();
    assert_eq!(both, [br"7O\'Neil3A-1".to_vec(), b"6O'Neil3A-1".to_vec()]);
    let one = Message::read(br"A=O\'Neil&REFNOEXT=A\-1").unwrap().signed_texts();
    assert_eq!(one.len(), 1, "an order number must not be changed by it");
}
