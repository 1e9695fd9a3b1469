//! Rows of the threat model that hold for every gateway in the same way, one test for each row and gateway.
//!
//! They are found out and not told where the proof of a message stands ([`crate::proved`]), so a new gateway is under
//! them without a word.

use crate::events::NOW;
use crate::forge::{Genuine, genuine};
use crate::forged_proofs as proofs;
use crate::laws::shown;
use crate::leaves::leaves;
use crate::proved::{Proved, decided, few_proved, must_not_count, other_accounts, sample, told};
use crate::section::Section;
use ipnd_core::{Environment, Event, Reason};
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::{Covers, Gateway, Interpretation, RawRequest, Received, Settings, Told};
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::panic::RefUnwindSafe;

type Row = fn(&Gateway, &[Section]) -> Result<(), Failed>;

pub(crate) const ALL: &[(&str, Row)] = &[
    ("t_a03 an inverted or unreachable check", proofs::t_a03_inverted_or_unreachable_check),
    ("t_a04 header presence treated as proof", proofs::t_a04_header_presence_treated_as_proof),
    ("t_a05 a short signature compares equal", proofs::t_a05_short_signature_compares_equal),
    ("t_a06 empty or missing secret", proofs::t_a06_empty_or_missing_secret),
    ("t_a09 a malformed signature kills the process", proofs::t_a09_malformed_signature_kills_the_process),
    ("t_a17 unsigned fields are trusted", t_a17_unsigned_fields_or_header_names_are_trusted),
    ("t_a18 the sender selects sandbox or live", t_a18_sender_selects_sandbox_or_live),
    ("t_a03 an answer about something else", proofs::t_a03_an_answer_about_something_else_proves_nothing),
    ("t_c04 stale or future timestamp", t_c04_stale_or_future_timestamp),
    ("t_a24 the request picks the key", t_a24_request_picks_the_key),
    ("t_a25 a notification can change settings", t_a25_notification_endpoint_can_change_settings),
];

/// Whoever signs the time of a message has it looked at, and from both sides; and nobody can make an old message new by
/// writing another time beside it.
fn t_c04_stale_or_future_timestamp(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    let settings = sample(gateway);
    let day = SignedDuration::from_hours(24);
    for own in told(gateway, &settings) {
        let seconds = NOW.as_second().to_string();
        let has_time = |text: &str| text.contains(&seconds);
        let request = &own.request;
        if !has_time(&request.query) && !request.headers.iter().any(|(_, value)| has_time(value)) {
            continue;
        }
        for later in [day, -day] {
            let then = NOW.checked_add(later).map_err(|error| error.to_string())?;
            let at = |request: &RawRequest| {
                let told = std::slice::from_ref(&own);
                matches!(decide_played(gateway, request, &settings, then, told), Decided::Genuine(_))
            };
            if at(request) {
                return Err(format!("accepted {later:#} later: {}", shown(request)).into());
            }
            let fresh = |text: &str| text.replace(&seconds, &then.as_second().to_string());
            let headers = request.headers.iter().map(|(name, value)| (name.clone(), fresh(value)));
            let bent =
                RawRequest { headers: headers.collect(), query: fresh(&request.query), ..request.clone() };
            if at(&bent) {
                return Err(format!("the time is not signed: {}", shown(&bent)).into());
            }
        }
    }
    Ok(())
}

/// Every value in a message that the proof does not cover, changed into what a forger would like to see there: the
/// message says what it said before, or is refused. And what is listed as covered is covered.
fn t_a17_unsigned_fields_or_header_names_are_trusted(
    gateway: &Gateway,
    sections: &[Section],
) -> Result<(), Failed> {
    const WISHES: [&str; 16] = [
        "",
        "0",
        "1",
        "100",
        "-1",
        "9999999",
        "0.01",
        "99999.99",
        "true",
        "false",
        "completed",
        "PAID",
        "success",
        "refunded",
        "JPY",
        "A-9999",
    ];
    let Covers::Fields(covered) = gateway.covers else { return Ok(()) };
    let all = genuine(gateway, sections);
    let mut changed = 0;
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (place, genuine) in all.iter().enumerate() {
        for leaf in leaves(&genuine.request) {
            // Every wish in the first messages that have this field, then one here and one there.
            let times = seen.entry(leaf.name.clone()).or_default();
            *times += 1;
            let step = if *times <= 2 { 1 } else { 8 };
            for wish in WISHES.iter().skip(place % step).step_by(step) {
                let bent = leaf.replaced(&genuine.request, wish);
                if bent != genuine.request {
                    changed += 1;
                    genuine.withstands(gateway, &bent, &all)?;
                }
            }
        }
    }
    for genuine in all.iter().step_by(all.len().div_ceil(4).max(1)) {
        for bent in with_more(&genuine.request, covered) {
            changed += 1;
            genuine.withstands(gateway, &bent, &all)?;
        }
    }
    let settings = sample(gateway);
    for own in told(gateway, &settings) {
        let listed = leaves(&own.request).into_iter().filter(|leaf| covered.contains(&leaf.name.as_str()));
        for leaf in listed.filter(|leaf| !leaf.value.is_empty()) {
            let other = if leaf.value.contains("7") { "4" } else { "7" };
            let other = format!("{}{other}", leaf.value);
            let doubled =
                [leaf.doubled(&own.request, &other, true), leaf.doubled(&own.request, &other, false)];
            for bent in
                std::iter::once(leaf.replaced(&own.request, &other)).chain(doubled.into_iter().flatten())
            {
                let decided = decided(gateway, &bent, &settings, std::slice::from_ref(&own));
                if matches!(&decided, Decided::Genuine(interpretation) if !interpretation.events.is_empty()) {
                    return Err(format!("“{}” is listed and not covered: {}", leaf.name, shown(&bent)).into());
                }
            }
        }
    }
    println!("{}: {changed} values changed, nothing else said", gateway.id);
    Ok(())
}

/// Fields that the message does not have, by names that might be taken for those that it has.
fn with_more(request: &RawRequest, covered: &[&str]) -> Vec<RawRequest> {
    const USUAL: [&str; 12] = [
        "amount", "currency", "status", "order_id", "orderId", "total", "price", "paid", "test", "success",
        "type", "event",
    ];
    let mut all = Vec::new();
    let mut push = |body: Vec<u8>, query: String| all.push(RawRequest { body, query, ..request.clone() });
    let braces = request.body.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at + 1);
    let braces: Vec<usize> = braces.take(4).collect();
    for name in covered.iter().chain(&USUAL).map(|name| name.rsplit('.').next().unwrap_or(name)) {
        for (name, value) in [
            (name.to_owned(), "1"),
            (name.to_owned(), "completed"),
            (name.to_ascii_uppercase(), "1"),
            (format!("{name}[]"), "1"),
            (format!(" {name}"), "1"),
        ] {
            let pair = format!("{name}={value}");
            let body = request.body.as_slice();
            push(body.to_vec(), format!("{pair}&{}", request.query));
            push([body, b"&", pair.as_bytes()].concat(), format!("{}&{pair}", request.query));
            push([pair.as_bytes(), b"&", body].concat(), request.query.clone());
            for at in &braces {
                let text = format!("\"{name}\":\"{value}\",");
                push([&body[..*at], text.as_bytes(), &body[*at..]].concat(), request.query.clone());
            }
        }
    }
    all
}

/// Gateways that do not sign whether a message is a test, and whose secrets are made for one environment only: a message
/// of the other one proves nothing here.
const SECRETS_OF_ONE_ENVIRONMENT: [&str; 1] = ["adyen"];

/// A genuine message that belongs to the other environment cannot be bent into one of the account's.
fn t_a18_sender_selects_sandbox_or_live(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    const WISHES: [&str; 10] =
        ["true", "false", "0", "1", "", "null", "test", "live", "sandbox", "production"];
    if SECRETS_OF_ONE_ENVIRONMENT.contains(&gateway.id) {
        return Ok(());
    }
    let settings = sample(gateway);
    let is_ours = |decided: &Decided| {
        matches!(decided, Decided::Genuine(interpretation)
            if interpretation.events.iter().any(|event| event.environment == settings.environment))
    };
    // What a message is about makes no difference; a few of them will do.
    for own in told(gateway, &settings).into_iter().step_by(5) {
        let event = Event { environment: Environment::Live, ..own.event };
        let Ok(request) = (gateway.compose)(&event, &settings, NOW) else { continue };
        let own = [Told { event, request: request.clone() }];
        if is_ours(&decided(gateway, &request, &settings, &own)) {
            // It claims nothing, so the account's own environment stands.
            continue;
        }
        for leaf in leaves(&request) {
            for bent in
                WISHES.iter().map(|wish| leaf.replaced(&request, wish)).chain([leaf.removed(&request)])
            {
                if is_ours(&decided(gateway, &bent, &settings, &own)) {
                    return Err(format!("“{}” selects the environment: {}", leaf.name, shown(&bent)).into());
                }
            }
        }
    }
    Ok(())
}

/// A forger's message, and beside it everything by which a request might say whose key is meant.
fn t_a24_request_picks_the_key(gateway: &Gateway, sections: &[Section]) -> Result<(), Failed> {
    const NAMES: [&str; 34] = [
        "x-secret",
        "x-webhook-secret",
        "x-signing-secret",
        "x-shared-secret",
        "x-api-key",
        "x-key",
        "x-key-id",
        "x-signature-key",
        "x-djstripe-webhook-secret",
        "x-account",
        "x-account-id",
        "x-source",
        "x-tenant",
        "x-tenant-id",
        "x-shop",
        "x-shop-id",
        "x-merchant-id",
        "x-environment",
        "x-mode",
        "x-test",
        "x-debug",
        "x-sandbox",
        "x-skip-verification",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-host",
        "x-forwarded-user",
        "x-gateway",
        "x-algorithm",
        "x-http-method-override",
        "authorization",
        "cookie",
        "forwarded",
        "host",
    ];
    let settings = sample(gateway);
    if other_accounts(gateway).is_empty() {
        return picks_nothing(gateway, sections, &NAMES);
    }
    for Proved { own, forged, other, .. } in few_proved(gateway, 4) {
        let secrets = gateway.settings.iter().filter(|setting| setting.kind.is_secret());
        let secrets = secrets.filter_map(|setting| Some((setting.key, other.get(setting.key)?)));
        let own = std::slice::from_ref(&own);
        for (key, secret) in secrets {
            let names = NAMES.iter().map(|name| (*name).to_owned());
            for name in names.chain([key.replace('_', "-"), format!("x-{}", key.replace('_', "-"))]) {
                for value in
                    [secret.to_owned(), format!("Bearer {secret}"), format!("{key}={secret}"), "1".to_owned()]
                {
                    let mut bent = forged.clone();
                    if bent.header(&name).is_none() {
                        bent.headers.insert(0, (name.clone(), value));
                        must_not_count(gateway, &bent, &settings, own)?;
                    }
                }
                let plain = name.trim_start_matches("x-").replace('-', "_");
                let query = format!("{}&{plain}={secret}&{name}={secret}", forged.query);
                let bent = RawRequest { query: query.trim_start_matches('&').to_owned(), ..forged.clone() };
                must_not_count(gateway, &bent, &settings, own)?;
            }
        }
    }
    Ok(())
}

/// Where no secret is shared, none of these names may change what a genuine message says.
fn picks_nothing(gateway: &Gateway, sections: &[Section], names: &[&str]) -> Result<(), Failed> {
    let all = genuine(gateway, sections);
    for genuine in all.iter().step_by(all.len().div_ceil(6).max(1)) {
        for name in names {
            for value in ["sandbox", "live", "1", "127.0.0.1", "https://attacker.example/"] {
                let mut bent = genuine.request.clone();
                bent.headers.insert(0, ((*name).to_owned(), value.to_owned()));
                bent.query = format!("{}={value}", name.trim_start_matches("x-"));
                genuine.withstands(gateway, &bent, &all)?;
            }
        }
    }
    Ok(())
}

/// A gateway is given its settings to read and nothing else: there is no way from a message to a setting. The types say
/// so; what remains to be seen is that a message which carries settings says nothing else than before.
fn t_a25_notification_endpoint_can_change_settings(
    gateway: &Gateway,
    sections: &[Section],
) -> Result<(), Failed> {
    fn has_no_cell<T: RefUnwindSafe>(_: &T) {}
    let _receive: fn(&RawRequest, &Settings, Timestamp) -> Received = gateway.receive;
    let _refusal: fn(Interpretation) -> Option<Reason> = |interpretation| interpretation.remark;

    let all: Vec<Genuine> = genuine(gateway, sections);
    for genuine in all.iter().step_by(all.len().div_ceil(6).max(1)) {
        has_no_cell(&genuine.settings);
        let before = genuine.settings.clone();
        for setting in gateway.settings {
            for value in ["", "attacker", "https://attacker.example/", setting.sample] {
                let pair = format!("{}={value}", setting.key);
                let text = String::from_utf8_lossy(&genuine.request.body).into_owned();
                let form = format!("{text}&{pair}");
                let json = text.replacen('{', &format!("{{\"{}\":\"{value}\",", setting.key), 1);
                for body in [form, json, text] {
                    let query = format!("{}&{pair}", genuine.request.query);
                    let bent = RawRequest { body: body.into_bytes(), query, ..genuine.request.clone() };
                    genuine.withstands(gateway, &bent, &all)?;
                }
            }
        }
        if genuine.settings != before {
            return Err("a message has changed the settings".into());
        }
    }
    Ok(())
}
