//! Threats that are this gateway's own, and the law that PayPal's two ways of telling count once.

use super::{GATEWAY, SANDBOX_CERTIFICATE};
use crate::drive::{Decided, decide, decide_played};
use crate::kit::json::Json;
use crate::{
    Ask, AskedAnswer, Gateway, Interpretation, Proof, RawRequest, Received, Settings, Told, paypal_ipn,
};
use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn settings(environment: Environment, values: &[(&str, &str)]) -> Settings {
    let values: BTreeMap<String, String> =
        values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings::check(GATEWAY.settings, environment, values).unwrap()
}

/// An account without access to the API.
fn signature_only() -> Settings {
    settings(Environment::Sandbox, &[("webhook_id", "5SANDBOX0OF0IPND0")])
}

fn with_access() -> Settings {
    let access = [("client_id", "nobody"), ("client_secret", "nobodys-secret")];
    settings(Environment::Sandbox, &[&[("webhook_id", "5SANDBOX0OF0IPND0")], &access[..]].concat())
}

fn event(kind: EventKind, transaction: &str, amount: &str) -> Event {
    let amount = Money::parse(amount, Currency::from_code("EUR").unwrap()).unwrap();
    Event {
        occurred_at: Some(Timestamp::constant(1_789_999_000, 0)),
        order_ref: Some("A-1001".to_owned()),
        transaction: Some(transaction.to_owned()),
        amount: Some(amount),
        ..Event::new(kind, "x", Environment::Sandbox)
    }
}

fn tell(event: &Event, settings: &Settings) -> Told {
    Told { event: event.clone(), request: (GATEWAY.compose)(event, settings, NOW).unwrap() }
}

fn genuine(decided: Decided) -> Interpretation {
    match decided {
        Decided::Genuine(interpretation) => interpretation,
        other => panic!("{other:?}"),
    }
}

fn code(decided: Decided) -> String {
    match decided {
        Decided::Refused(reason) | Decided::Forged(reason) | Decided::NotYetKnown(reason) => reason.code,
        other => panic!("{other:?}"),
    }
}

/// A body that says something else and has the same CRC-32: white space is put behind a message, and which of its
/// characters are tabs is worked out bit by bit, because the checksum is linear.
fn forged_body(genuine: &[u8], other: &str) -> Vec<u8> {
    const SPACES: usize = 64;
    let mut body = [other.as_bytes(), &[b' '; SPACES]].concat();
    let at = other.len();
    let plain = crc32fast::hash(&body);
    // Each tab turns the same bits of the checksum, wherever the others are.
    let mut rows: Vec<(u32, u64)> = Vec::new();
    for place in 0..SPACES {
        body[at + place] = b'\t';
        let (mut bits, mut tabs) = (crc32fast::hash(&body) ^ plain, 1_u64 << place);
        body[at + place] = b' ';
        for (own, by) in &rows {
            if bits & (1 << own.ilog2()) != 0 {
                (bits, tabs) = (bits ^ own, tabs ^ by);
            }
        }
        if bits != 0 {
            rows.push((bits, tabs));
        }
    }
    let (mut bits, mut tabs) = (plain ^ crc32fast::hash(genuine), 0);
    for (own, by) in &rows {
        if bits & (1 << own.ilog2()) != 0 {
            (bits, tabs) = (bits ^ own, tabs ^ by);
        }
    }
    assert_eq!(bits, 0, "32 independent rows reach every checksum");
    for place in (0..SPACES).filter(|place| tabs & (1 << place) != 0) {
        body[at + place] = b'\t';
    }
    assert_eq!(crc32fast::hash(&body), crc32fast::hash(genuine));
    body
}

/// The same headers with another body.
fn forge(genuine: &RawRequest, from: &str, to: &str) -> RawRequest {
    let text = String::from_utf8(genuine.body.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    let body = forged_body(&genuine.body, &text.replace(from, to));
    assert!(body != genuine.body && Json::parse(&body).is_ok());
    RawRequest { body, ..genuine.clone() }
}

#[test]
fn t_a13_signature_covers_only_a_weak_digest_of_the_body() {
    for settings in [signature_only(), with_access()] {
        let has_access = settings.get("client_id").is_some();
        let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &settings);
        let other = tell(&event(EventKind::PaymentCompleted, "9ZZ999999Z999999Z", "1.00"), &settings);
        let forgeries = [
            forge(&told.request, "25.99", "2599.00"),
            forge(&told.request, "\"EUR\"", "\"GBP\""),
            forge(&told.request, "A-1001", "B-2002"),
            forge(&told.request, "CAPTURE.COMPLETED", "CAPTURE.REVERSED"),
            forge(&other.request, "9ZZ999999Z999999Z", "1AB234567C890123D"),
            forge(&other.request, "9ZZ999999Z999999Z", "MADE0UP"),
        ];
        let known = [told.clone(), other.clone()];
        let decide = |request: &RawRequest| decide_played(&GATEWAY, request, &settings, NOW, &known);
        let real = genuine(decide(&told.request));
        for forgery in &forgeries {
            // In both orders of arrival: each request is decided without regard to what came before, and either may
            // come first.
            for order in [[forgery, &told.request], [&told.request, forgery]] {
                for request in order {
                    match decide(request) {
                        Decided::Genuine(own) if request.body == told.request.body => assert_eq!(own, real),
                        Decided::Genuine(own) => {
                            assert!(!has_access && own.proof == Proof::Weak, "{own:?}");
                        }
                        Decided::Forged(reason) => assert_eq!(reason.code, "api_contradicts"),
                        Decided::NotYetKnown(reason) => assert_eq!(reason.code, "api_says_unknown"),
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
        assert_eq!(real.proof, if has_access { Proof::Strong } else { Proof::Weak });
    }
}

/// What is told as proved comes from the record, so that fields which are compared with nothing cannot be bent either.
#[test]
fn t_a13_what_is_proved_is_read_from_the_record_alone() {
    let settings = with_access();
    let told = tell(
        &Event {
            custom: Some("ord_17".into()),
            receivers: vec!["S8XGHLYDW9T3S".into()],
            fee: Money::parse("0.99", Currency::from_code("EUR").unwrap()).ok(),
            ..event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99")
        },
        &settings,
    );
    let known = [told.clone()];
    let real = genuine(decide_played(&GATEWAY, &told.request, &settings, NOW, &known));
    for (from, to) in
        [("ord_17", "ord_99"), ("S8XGHLYDW9T3S", "MALLORY"), ("0.99", "9.99"), ("2026-", "2031-")]
    {
        let forgery = forge(&told.request, from, to);
        let own = genuine(decide_played(&GATEWAY, &forgery, &settings, NOW, &known));
        assert_eq!(own, real, "{from}");
    }
}

/// Ids of a message become part of an address only where they are plain names (T-A12).
#[test]
fn t_b19_ids_used_inside_gateway_urls() {
    let settings = with_access();
    for id in ["../../v1/oauth2/token", "x/refund", "x?y", "x#y", "x%2fy", "", "x y", "é"] {
        let told = tell(&event(EventKind::PaymentCompleted, id, "25.99"), &settings);
        let mut asked = Vec::new();
        let decided = decide(&GATEWAY, &told.request, &settings, NOW, &mut |ask| {
            asked.push(ask.url.clone());
            Some(super::write::answer(ask, std::slice::from_ref(&told), &settings, NOW))
        });
        assert_eq!(asked.len(), 1, "{id}: {asked:?}");
        let own = genuine(decided);
        assert!(own.events.is_empty() || own.proof == Proof::Weak, "{id}");
    }
}

/// A record that does not name the order leaves the message's word for it unproved.
#[test]
fn t_a17_an_order_that_only_the_message_names_is_not_proved() {
    let settings = with_access();
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &settings);
    let own = genuine(decide(&GATEWAY, &told.request, &settings, NOW, &mut |ask| {
        let mut answer = super::write::answer(ask, std::slice::from_ref(&told), &settings, NOW);
        let text = String::from_utf8(answer.body).unwrap();
        answer.body = text.replace("\"invoice_id\":\"A-1001\",", "").into_bytes();
        Some(answer)
    }));
    assert_eq!((own.proof, own.events[0].order_ref.as_deref()), (Proof::Weak, Some("A-1001")));
}

#[test]
fn t_a11_nothing_is_asked_at_another_address() {
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &signature_only());
    let at = |url: &str, settings: &Settings| {
        let mut request = told.request.clone();
        request.headers.iter_mut().filter(|(name, _)| name == "paypal-cert-url").for_each(|(_, value)| {
            url.clone_into(value);
        });
        (GATEWAY.receive)(&request, settings, NOW)
    };
    let is_asked = |received: Received| match received {
        Received::Ask(ask) => Some(ask.url),
        Received::Refused(reason) => {
            assert_eq!(reason.code, "certificate_refused");
            None
        }
        other => panic!("{other:?}"),
    };
    let live = settings(Environment::Live, &[("webhook_id", "5LIVE0")]);
    let play = "http://127.0.0.1:8787/sandbox/paypal-webhooks";
    let own = settings(Environment::Sandbox, &[("webhook_id", "5PLAY0"), ("api_url", play)]);
    let live_url = "https://api.paypal.com/v1/notifications/certs/CERT-1";
    let sandbox_url = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1";
    let play_url = format!("{play}/v1/notifications/certs/CERT-1");
    for (url, by_live, by_sandbox, by_own) in [
        (live_url, true, true, true),
        (sandbox_url, false, true, true),
        (&play_url, false, false, true),
        (&format!("{play}.evil.tld/v1/notifications/certs/CERT-1"), false, false, false),
        (&format!("{play}/v1/notifications/certs/../../x"), false, false, false),
        (&format!("{play}/v1/notifications/certs/CERT-1?x"), false, false, false),
        ("https://api.paypal.com.evil.tld/v1/notifications/certs/CERT-1", false, false, false),
        ("https://api.paypal.com@evil.tld/v1/notifications/certs/CERT-1", false, false, false),
        ("https://api.paypal.com:8443/v1/notifications/certs/CERT-1", false, false, false),
        ("http://api.paypal.com/v1/notifications/certs/CERT-1", false, false, false),
        ("", false, false, false),
    ] {
        for (settings, expected) in [(&live, by_live), (&signature_only(), by_sandbox), (&own, by_own)] {
            assert_eq!(is_asked(at(url, settings)).as_deref(), expected.then_some(url), "{url}");
        }
    }
}

/// The published key is for play money alone, and so is the simulator.
#[test]
fn t_a18_a_live_account_trusts_neither_the_published_key_nor_the_simulator() {
    let live = settings(Environment::Live, &[("webhook_id", "5LIVE0")]);
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &live);
    let decided = |certificate: &str| {
        let answer = AskedAnswer::new(200, certificate);
        decide(&GATEWAY, &told.request, &live, NOW, &mut |_| Some(answer.clone()))
    };
    assert!(matches!(decided(SANDBOX_CERTIFICATE), Decided::Forged(_)));
    for nonsense in ["", "null", "<html>", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"] {
        assert_eq!(code(decided(nonsense)), "certificate_refused");
    }
    let simulator = [("webhook_id", "WEBHOOK_ID")];
    let received = (GATEWAY.receive)(&told.request, &settings(Environment::Live, &simulator), NOW);
    assert!(matches!(received, Received::Refused(reason) if reason.code == "test_account_only"));
    // In the sandbox, the simulator's word is taken with an account's own id, and never proves anything.
    let simulated = tell(
        &event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"),
        &settings(Environment::Sandbox, &simulator),
    );
    let own = genuine(decide_played(
        &GATEWAY,
        &simulated.request,
        &with_access(),
        NOW,
        std::slice::from_ref(&simulated),
    ));
    assert_eq!(own.proof, Proof::Weak);
    let foreign = settings(Environment::Sandbox, &[("webhook_id", "5OTHER0")]);
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &signature_only());
    assert_eq!(code(decide_played(&GATEWAY, &told.request, &foreign, NOW, &[])), "signature_wrong");
}

#[test]
fn t_c04_stale_or_future_timestamp_a_signature_is_good_for_four_days_and_longer_only_with_the_record() {
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &signature_only());
    let after = |hours: i64, settings: &Settings| {
        let now = NOW.checked_add(SignedDuration::from_hours(hours)).unwrap();
        decide_played(&GATEWAY, &told.request, settings, now, std::slice::from_ref(&told))
    };
    assert_eq!(genuine(after(96, &signature_only())).proof, Proof::Weak);
    assert_eq!(code(after(97, &signature_only())), "timestamp_stale");
    assert_eq!(genuine(after(1_000, &with_access())).proof, Proof::Strong);
    for settings in [signature_only(), with_access()] {
        assert_eq!(code(after(-1, &settings)), "timestamp_future");
    }
}

#[test]
fn an_access_token_that_has_run_out_is_asked_for_anew() {
    let settings = with_access();
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &settings);
    let mut asked: Vec<Ask> = Vec::new();
    let decided = decide(&GATEWAY, &told.request, &settings, NOW, &mut |ask| {
        asked.push(ask.clone());
        let answer = super::write::answer(ask, std::slice::from_ref(&told), &settings, NOW);
        Some(match ask.url.contains("/captures/") {
            true => AskedAnswer::new(401, "{}"),
            false => AskedAnswer { is_remembered: true, ..answer },
        })
    });
    assert_eq!(code(decided), "api_refused_access");
    let fresh: Vec<bool> = asked.iter().map(|ask| ask.fresh_for.is_some()).collect();
    assert_eq!(fresh, [true, true, false, false], "{asked:?}");
    assert_eq!(asked[1].url, asked[3].url);
    // Secrets and tokens stand in headers, never in addresses or bodies.
    for ask in &asked {
        assert!(!ask.url.contains("nobody") && !String::from_utf8_lossy(&ask.body).contains("nobody"));
    }
}

#[test]
fn a_record_that_is_behind_the_message_is_asked_for_again() {
    let settings = with_access();
    let told = tell(&event(EventKind::PaymentCompleted, "1AB234567C890123D", "25.99"), &settings);
    let with = |from: &'static str, to: &'static str| {
        decide(&GATEWAY, &told.request, &settings, NOW, &mut |ask| {
            let mut answer = super::write::answer(ask, std::slice::from_ref(&told), &settings, NOW);
            answer.body = String::from_utf8(answer.body).unwrap().replace(from, to).into_bytes();
            Some(answer)
        })
    };
    assert!(
        matches!(with("COMPLETED", "PENDING"), Decided::NotYetKnown(reason) if reason.code == "api_contradicts")
    );
    assert!(matches!(with("25.99", "25.98"), Decided::Forged(reason) if reason.code == "api_contradicts"));
    assert!(matches!(with("1AB234567C890123D", "OTHER"), Decided::Forged(_)));
    assert_eq!(genuine(with("COMPLETED", "PARTIALLY_REFUNDED")).proof, Proof::Strong);
    let unknown = decide_played(&GATEWAY, &told.request, &settings, NOW, &[]);
    assert!(matches!(unknown, Decided::NotYetKnown(reason) if reason.code == "api_says_unknown"));
}

/// Tells an event as one of PayPal's ways would, and reads it again.
fn told_by(gateway: &Gateway, event: &Event) -> Event {
    let settings = Settings::sample(gateway.settings);
    let request = (gateway.compose)(event, &settings, NOW).unwrap();
    let told = [Told { event: event.clone(), request: request.clone() }];
    let own = genuine(decide_played(gateway, &request, &settings, NOW, &told));
    assert_eq!((own.proof, own.events.len()), (Proof::Strong, 1));
    own.events[0].clone()
}

#[test]
fn t_c01_the_same_news_by_ipn_and_by_webhook_counts_once_in_both_directions() {
    use EventKind::*;
    let dispute = |reason: &str| Event {
        case: Some("PP-D-27803".into()),
        parent: Some("1AB234567C890123D".into()),
        transaction: None,
        reason: Some(reason.to_owned()),
        status: Some("dispute".into()),
        ..event(DisputeOpened, "", "25.99")
    };
    let subscription = |kind| Event {
        subscription: Some("I-BW452GLLEP1G".into()),
        transaction: None,
        ..event(kind, "", "9.99")
    };
    let mut all: Vec<Event> = [
        PaymentPending,
        PaymentOrdered,
        PaymentAuthorized,
        PaymentCompleted,
        PaymentDenied,
        PaymentVoided,
        RefundCompleted,
        ReversalMade,
        PayoutPending,
        PayoutCompleted,
        PayoutFailed,
    ]
    .into_iter()
    .map(|kind| event(kind, "1AB234567C890123D", "25.99"))
    .collect();
    all.push(Event {
        subscription: Some("I-BW452GLLEP1G".into()),
        ..event(PaymentCompleted, "80021663DE681814L", "9.99")
    });
    all.extend([SubscriptionStarted, SubscriptionCancelled, SubscriptionEnded].map(subscription));
    for event in &all {
        let by_ipn = told_by(&paypal_ipn::GATEWAY, event);
        let by_webhook = told_by(&GATEWAY, event);
        assert_eq!(by_webhook.identity, by_ipn.identity, "{event:?}");
        assert_eq!(by_webhook.transaction, by_ipn.transaction);
        assert_eq!((by_webhook.kind, by_webhook.amount.or(by_ipn.amount)), (by_ipn.kind, by_ipn.amount));
        // What the one has told, the other tells again as the same.
        assert_eq!(told_by(&GATEWAY, &by_ipn).identity, by_ipn.identity);
        assert_eq!(told_by(&paypal_ipn::GATEWAY, &by_webhook).identity, by_webhook.identity);
    }
    // Each way has its own words for why.
    for (classic, newer) in
        [("echeck", "ECHECK"), ("paymentreview", "PENDING_REVIEW"), ("intl", "INTERNATIONAL_WITHDRAWAL")]
    {
        let pending = |reason: &str| Event {
            reason: Some(reason.to_owned()),
            ..event(PaymentPending, "1AB234567C890123D", "25.99")
        };
        let by_ipn = told_by(&paypal_ipn::GATEWAY, &pending(classic));
        assert_eq!(told_by(&GATEWAY, &pending(newer)).identity, by_ipn.identity);
    }
    for (classic, newer) in [
        ("non_receipt", "MERCHANDISE_OR_SERVICE_NOT_RECEIVED"),
        ("not_as_described", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED"),
        ("unauthorized_claim", "UNAUTHORISED"),
    ] {
        let by_ipn = told_by(&paypal_ipn::GATEWAY, &dispute(classic));
        assert_eq!(told_by(&GATEWAY, &dispute(newer)).identity, by_ipn.identity);
    }
}
