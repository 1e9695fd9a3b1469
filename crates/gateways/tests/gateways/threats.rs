//! Rows of the threat model that hold for every gateway in the same way, one test for each row and gateway.
//!
//! They are found out and not told where the proof of a message stands ([`crate::proved`]), so a new gateway is under
//! them without a word.

use crate::events::NOW;
use crate::forge::{Chance, Genuine, genuine};
use crate::laws::shown;
use crate::leaves::{Leaf, leaves};
use crate::proved::{Place, Proved, other_account, proved, sample, similar, told};
use crate::section::Section;
use ipnd_core::{Environment, Event, Reason};
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::{
    Covers, Gateway, Interpretation, Proof, RawRequest, Received, Setting, SettingFault, SettingKind,
    Settings, Told,
};
use jiff::Timestamp;
use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::panic::RefUnwindSafe;

type Row = fn(&Gateway, &[Section]) -> Result<(), Failed>;

pub(crate) const ALL: &[(&str, Row)] = &[
    ("t_a03 an inverted or unreachable check", t_a03_inverted_or_unreachable_check),
    ("t_a04 header presence treated as proof", t_a04_header_presence_treated_as_proof),
    ("t_a06 empty or missing secret", t_a06_empty_or_missing_secret),
    ("t_a09 a malformed signature kills the process", t_a09_malformed_signature_kills_the_process),
    ("t_a17 unsigned fields are trusted", t_a17_unsigned_fields_or_header_names_are_trusted),
    ("t_a18 the sender selects sandbox or live", t_a18_sender_selects_sandbox_or_live),
    ("t_a24 the request picks the key", t_a24_request_picks_the_key),
    ("t_a25 a notification can change settings", t_a25_notification_endpoint_can_change_settings),
];

fn decided(gateway: &Gateway, request: &RawRequest, settings: &Settings, told: &[Told]) -> Decided {
    decide_played(gateway, request, settings, NOW, told)
}

/// Refused, or not yet known: nothing comes of it.
fn must_not_count(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    told: &[Told],
) -> Result<(), Failed> {
    match decided(gateway, request, settings, told) {
        Decided::Genuine(interpretation) => {
            Err(format!("accepted: {}\n{interpretation:?}", shown(request)).into())
        }
        _ => Ok(()),
    }
}

/// One of several proofs may be enough. Then a message with a bent one says what it said before.
fn must_say_the_same(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    own: &Told,
) -> Result<(), Failed> {
    let told = std::slice::from_ref(own);
    let events = |request| match decided(gateway, request, settings, told) {
        Decided::Genuine(interpretation) => Some(interpretation.events),
        _ => None,
    };
    match events(request) {
        Some(said) if Some(&said) != events(&own.request).as_ref() => {
            Err(format!("accepted: {}\n{said:?}", shown(request)).into())
        }
        _ => Ok(()),
    }
}

/// Every gateway accepts its own messages, and refuses the same messages with a proof of the right form that somebody
/// else has made. A check that is turned round or never reached fails one of the two.
fn t_a03_inverted_or_unreachable_check(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    let settings = sample(gateway);
    let proved = proved(gateway);
    for own in told(gateway, &settings) {
        let own_word = std::slice::from_ref(&own);
        if !matches!(decided(gateway, &own.request, &settings, own_word), Decided::Genuine(_)) {
            return Err(format!("its own message is refused: {}", shown(&own.request)).into());
        }
        let Some(Proved { forged, .. }) = proved.iter().find(|proved| proved.own.request == own.request)
        else {
            is_proved_otherwise(gateway, &own)?;
            continue;
        };
        must_not_count(gateway, forged, &settings, own_word)?;
        let other = other_account(gateway).ok_or("the other account is gone")?;
        let forged_word = [Told { event: own.event.clone(), request: forged.clone() }];
        must_not_count(gateway, &own.request, &other, &forged_word)?;
    }
    Ok(())
}

/// A message without a shared secret has another proof: the gateway is asked about it, or it is signed with a key that
/// only the gateway has, so that a change is noticed.
fn is_proved_otherwise(gateway: &Gateway, own: &Told) -> Result<(), Failed> {
    let settings = sample(gateway);
    let is_accepted = |request: &RawRequest, told: &[Told]| {
        matches!(decided(gateway, request, &settings, told), Decided::Genuine(_))
    };
    let told = std::slice::from_ref(own);
    let is_noticed = |leaf: Leaf| !is_accepted(&leaf.replaced(&own.request, "1234567"), told);
    if is_accepted(&own.request, &[]) && !leaves(&own.request).into_iter().any(is_noticed) {
        return Err(format!("nobody is asked, and no change is noticed: {}", shown(&own.request)).into());
    }
    Ok(())
}

/// Whatever stands where the proof should stand, only the right one proves.
fn t_a04_header_presence_treated_as_proof(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    const WORDS: [&str; 14] = [
        "x",
        "0",
        "1",
        "null",
        "true",
        "none",
        "undefined",
        "v1=",
        "t=1,v1=1",
        "sha256=",
        "Bearer x",
        "Basic eDp4",
        "[]",
        "{}",
    ];
    let settings = sample(gateway);
    let mut chance = Chance::new(0xa04);
    let mut made = 0;
    for Proved { own, forged, places } in proved(gateway) {
        for place in &places {
            let words = WORDS.iter().map(|word| word.as_bytes().to_vec());
            let random = (0..50).map(|_| similar(place.text(&own.request), &mut chance)).collect::<Vec<_>>();
            for value in words.chain(random) {
                made += 1;
                must_say_the_same(gateway, &place.replaced(&own.request, &value), &settings, &own)?;
            }
        }
        // All of them at once: around the gateway's own content, and around what the forger has written.
        let around =
            [(&own.request, Place::of(&own.request, &forged)), (&forged, Place::of(&forged, &own.request))];
        for (request, places) in &around {
            for time in 0..WORDS.len() + 50 {
                let made_up = |place: &Place, chance: &mut Chance| match WORDS.get(time) {
                    Some(word) => word.as_bytes().to_vec(),
                    None => similar(place.text(request), chance),
                };
                // From the end, so that the other places stay where they are.
                let bent = places.iter().rev().fold((*request).clone(), |bent, place| {
                    place.replaced(&bent, &made_up(place, &mut chance))
                });
                made += 1;
                must_not_count(gateway, &bent, &settings, std::slice::from_ref(&own))?;
            }
        }
    }
    println!("{}: {made} made-up proofs, none taken for one", gateway.id);
    Ok(())
}

/// No account can have a blank or short secret; and if one had none all the same, nothing would be accepted by it, not
/// even what is signed with nothing.
fn t_a06_empty_or_missing_secret(gateway: &Gateway, _: &[Section]) -> Result<(), Failed> {
    let table = gateway.settings;
    let secrets = || table.iter().filter(|setting| setting.kind.is_secret());
    let with = |key: &str, value: &str| {
        let mut values = sample(gateway).values().clone();
        values.insert(key.to_owned(), value.to_owned());
        Settings::check(table, Environment::Live, values)
    };
    for setting in secrets() {
        for short in ["x", "null", "12345", "абв"] {
            let problems = with(setting.key, short).err().unwrap_or_default();
            if !problems.iter().any(|problem| problem.key == setting.key) {
                return Err(format!("{} may be {short:?}", setting.key).into());
            }
        }
        let mixed = with(setting.key, &format!("{}\nx", setting.sample));
        let is_short = |fault: &SettingFault| matches!(fault, SettingFault::TooShort(_));
        if mixed.is_ok() && setting.kind == SettingKind::Secrets {
            return Err(format!("one of several secrets of {} may be too short", setting.key).into());
        }
        let blank = with(setting.key, "  \t ").map_err(|problems| problems[0].fault.clone());
        if setting.required
            && !blank.as_ref().is_err_and(|fault| *fault == SettingFault::Missing || is_short(fault))
        {
            return Err(format!("{} may be blank", setting.key).into());
        }
    }
    if secrets().next().is_none() || gateway.covers == Covers::Nothing {
        return Ok(());
    }
    // Settings that no check would have let pass.
    let lax: Vec<Setting> = table
        .iter()
        .map(|setting| match setting.kind.is_secret() {
            true => Setting { kind: SettingKind::Document, required: false, check: None, ..*setting },
            false => *setting,
        })
        .collect();
    let is_needed = secrets().any(|setting| setting.required);
    for value in [None, Some("\n"), Some(" \n\n ")] {
        let mut values: BTreeMap<String, String> = sample(gateway).values().clone();
        for setting in secrets() {
            match value {
                Some(value) => values.insert(setting.key.to_owned(), value.to_owned()),
                None => values.remove(setting.key),
            };
        }
        let settings = Settings::check(&lax, Environment::Sandbox, values);
        let settings = settings.map_err(|problems| format!("{problems:?}"))?;
        let signed_with_nothing = told(gateway, &settings);
        let signed_rightly = told(gateway, &sample(gateway));
        for own in signed_with_nothing.iter().chain(&signed_rightly) {
            // What may be left out adds something to a proof that stands by itself, and then less is proved.
            match decided(gateway, &own.request, &settings, std::slice::from_ref(own)) {
                Decided::Genuine(said) if is_needed || said.proof == Proof::Strong => {
                    return Err(
                        format!("accepted without a secret: {}\n{said:?}", shown(&own.request)).into()
                    );
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Headers and proofs that are missing, doubled, empty, no text or endless: nothing panics, and nothing new is said.
fn t_a09_malformed_signature_kills_the_process(
    gateway: &Gateway,
    sections: &[Section],
) -> Result<(), Failed> {
    let long = |letter: u8| String::from_utf8_lossy(&vec![letter; 64 * 1024]).into_owned();
    let odd: Vec<String> = [
        "",
        " ",
        "\0",
        "\u{e9}",
        "\u{fffd}\u{fffd}",
        "ключ",
        "=",
        "====",
        ",",
        ",,,,",
        "t=",
        "t=,v1=",
        "v1=\u{e9}",
        "%",
        "%zz",
        "\"",
        "\u{202e}",
        "1\u{301}",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([b'0', b'a', b'=', b',', b'A', b'%', b' '].map(long))
    .chain([long(b'=').replace("==", "t="), long(b',').replace(",,", "v1=00,"), "\u{e9}".repeat(32 * 1024)])
    .collect();
    let all = genuine(gateway, sections);
    // A few messages are enough: what is looked at here does not depend on what the message is about.
    for genuine in all.iter().take(3) {
        for bent in malformed(&genuine.request, &odd) {
            genuine.withstands(gateway, &bent, &all)?;
        }
    }
    let settings = sample(gateway);
    for Proved { own, places, .. } in proved(gateway).into_iter().take(3) {
        for place in &places {
            let odd = odd.iter().map(String::as_bytes);
            for value in odd.chain([&b"\xff"[..], b"\x80\x80", b"\xed\xa0\x80", b"\r\n"]) {
                must_say_the_same(gateway, &place.replaced(&own.request, value), &settings, &own)?;
            }
        }
    }
    Ok(())
}

fn malformed(request: &RawRequest, odd: &[String]) -> Vec<RawRequest> {
    let mut all = vec![RawRequest { headers: Vec::new(), ..request.clone() }];
    let doubled = [&request.headers[..], &request.headers[..]].concat();
    all.push(RawRequest { headers: doubled, ..request.clone() });
    for (at, (name, _)) in request.headers.iter().enumerate() {
        for value in odd {
            let mut replaced = request.clone();
            replaced.headers[at].1.clone_from(value);
            all.push(replaced);
            for place in [0, request.headers.len()] {
                let mut more = request.clone();
                more.headers.insert(place, (name.clone(), value.clone()));
                all.push(more);
            }
        }
    }
    for value in odd {
        let mut nothing_but = request.clone();
        nothing_but.headers.iter_mut().for_each(|header| header.1.clone_from(value));
        nothing_but.body = value.clone().into_bytes();
        all.push(nothing_but);
    }
    all
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
            let step = if *times <= 4 { 1 } else { 7 };
            for wish in WISHES.iter().skip(place % step).step_by(step) {
                let bent = leaf.replaced(&genuine.request, wish);
                if bent != genuine.request {
                    changed += 1;
                    genuine.withstands(gateway, &bent, &all)?;
                }
            }
        }
    }
    let settings = sample(gateway);
    for own in told(gateway, &settings) {
        let listed = leaves(&own.request).into_iter().filter(|leaf| covered.contains(&leaf.name.as_str()));
        for leaf in listed.filter(|leaf| !leaf.value.is_empty()) {
            let other = if leaf.value.contains("7") { "4" } else { "7" };
            let bent = leaf.replaced(&own.request, &format!("{}{other}", leaf.value));
            let decided = decided(gateway, &bent, &settings, std::slice::from_ref(&own));
            if matches!(&decided, Decided::Genuine(interpretation) if !interpretation.events.is_empty()) {
                return Err(format!("“{}” is listed and not covered: {}", leaf.name, shown(&bent)).into());
            }
        }
    }
    println!("{}: {changed} values changed, nothing else said", gateway.id);
    Ok(())
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
    for own in told(gateway, &settings) {
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
    let Some(other) = other_account(gateway) else {
        return picks_nothing(gateway, sections, &NAMES);
    };
    let secrets: Vec<(&str, &str)> = gateway
        .settings
        .iter()
        .filter(|setting| setting.kind.is_secret())
        .filter_map(|setting| Some((setting.key, other.get(setting.key)?)))
        .collect();
    for Proved { own, forged, .. } in proved(gateway).into_iter().take(4) {
        let own = std::slice::from_ref(&own);
        for (key, secret) in &secrets {
            let names = NAMES.iter().map(|name| (*name).to_owned());
            for name in names.chain([key.replace('_', "-"), format!("x-{}", key.replace('_', "-"))]) {
                for value in [
                    (*secret).to_owned(),
                    format!("Bearer {secret}"),
                    format!("{key}={secret}"),
                    "1".to_owned(),
                ] {
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
