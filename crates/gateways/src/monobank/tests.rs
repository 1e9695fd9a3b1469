//! Tests of monobank.

use super::*;

fn settings(environment: Environment, values: &[(&str, &str)]) -> Settings {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::check(SETTINGS, environment, values).unwrap()
}

fn signed() -> RawRequest {
    let mut event = Event::new(EventKind::PaymentCompleted, "x", Environment::Sandbox);
    event.amount = Some(Money::from_minor(4200, Currency::from_code("UAH").unwrap()));
    compose(&event, &Settings::sample(SETTINGS), Timestamp::UNIX_EPOCH).unwrap()
}

fn key_answer(pem: &str) -> AskedAnswer {
    AskedAnswer::new(200, format!(r#"{{"key":"{}"}}"#, BASE64.encode(pem.as_bytes())))
}

const OTHER_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEna7WLzdBHSKpM7mS1JA7bovVj/Ca\n\
    Mf5J/bh3c/07pGrd50FAzfMrP0X0DwVbBly3a4afqHYn3u7qquGNrWW/wg==\n\
    -----END PUBLIC KEY-----\n";

#[test]
fn a_remembered_key_that_does_not_fit_is_asked_for_once_more() {
    let settings = settings(Environment::Sandbox, &[("token", "a token")]);
    let request = signed();
    let ended = |answers: &[AskedAnswer]| resume(&request, &settings, answers, Timestamp::UNIX_EPOCH);
    let old = AskedAnswer { is_remembered: true, ..key_answer(OTHER_KEY) };
    let new = key_answer(published::P256_PUBLIC);
    let Resumed::Ask(again) = ended(std::slice::from_ref(&old)) else { panic!("it has to be asked again") };
    assert_eq!(again.fresh_for, None);
    assert!(matches!(ended(&[old.clone(), new.clone()]), Resumed::Genuine(_)));
    assert!(matches!(ended(&[new]), Resumed::Genuine(_)));
    // However the second answer came about, there is no third question.
    assert!(matches!(ended(&[old.clone(), old]), Resumed::Forged(_)));
    assert!(matches!(ended(&[key_answer(OTHER_KEY)]), Resumed::Forged(_)));
}

#[test]
fn t_a08_fails_open_on_an_internal_error_no_answer_without_a_key_proves_or_refutes() {
    let settings = settings(Environment::Sandbox, &[("token", "a token")]);
    for answer in [
        AskedAnswer::new(404, ""),
        AskedAnswer::new(403, "{}"),
        AskedAnswer::new(500, ""),
        AskedAnswer::new(200, ""),
        AskedAnswer::new(200, "{}"),
        AskedAnswer::new(200, r#"{"key":""}"#),
        AskedAnswer::new(200, r#"{"key":"AAAA"}"#),
        AskedAnswer { complete: false, ..key_answer(published::P256_PUBLIC) },
    ] {
        let ended = resume(&signed(), &settings, std::slice::from_ref(&answer), Timestamp::UNIX_EPOCH);
        assert!(matches!(ended, Resumed::NotYetKnown(_)), "{answer:?}: {ended:?}");
    }
}

#[test]
fn t_a18_live_accounts_do_not_trust_the_published_key() {
    let code = |environment| match receive(
        &signed(),
        &settings(environment, &[("public_key", published::P256_PUBLIC)]),
        Timestamp::UNIX_EPOCH,
    ) {
        Received::Refused(reason) => Some(reason.code),
        _ => None,
    };
    assert_eq!(code(Environment::Sandbox), None);
    assert_eq!(code(Environment::Live).as_deref(), Some("key_unusable"));
    let live = settings(Environment::Live, &[("token", "a token")]);
    let ended = resume(&signed(), &live, &[key_answer(published::P256_PUBLIC)], Timestamp::UNIX_EPOCH);
    assert!(matches!(ended, Resumed::NotYetKnown(_)));
}

#[test]
fn without_token_and_key_nothing_can_be_proved() {
    match receive(&signed(), &settings(Environment::Live, &[]), Timestamp::UNIX_EPOCH) {
        Received::Refused(reason) => assert_eq!(reason.code, "settings_incomplete"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn t_a21_degenerate_public_key_signatures() {
    let settings = settings(Environment::Sandbox, &[("public_key", published::P256_PUBLIC)]);
    // r and s are nought; both are one; nothing at all.
    for der in [&[0x30, 6, 2, 1, 0, 2, 1, 0][..], &[0x30, 6, 2, 1, 1, 2, 1, 1], &[0x30, 0], &[]] {
        let mut request = signed();
        request.headers.retain(|(name, _)| name != "x-sign");
        let request = request.with("x-sign", BASE64.encode(der));
        assert!(matches!(receive(&request, &settings, Timestamp::UNIX_EPOCH), Received::Refused(_)));
    }
}
