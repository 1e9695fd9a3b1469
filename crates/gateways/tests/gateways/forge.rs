//! Forgeries: every request that a gateway accepts, bent in all the ways that must not work (I-07, style point 2).
//!
//! The oracle does not know how a gateway proves anything. It knows what the genuine message says, and that nothing
//! else may come of a bent one: it is refused, or it says exactly what the genuine one says. Where the proof covers
//! the whole body, another body is never accepted at all. Questions are answered as the gateway would that has told
//! the genuine message and nothing else.

use crate::events::{NOW, ordinary};
use crate::laws::shown;
use crate::section::Section;
use ipnd_core::{Event, EventKind, Money};
use ipnd_gateways::drive::{Decided, decide, decide_played};
use ipnd_gateways::{Ask, AskedAnswer, Covers, Gateway, Proof, RawRequest, Settings, Told};
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::Failed;

/// A request that is accepted, and everything that is needed to ask again.
pub(crate) struct Genuine {
    pub(crate) settings: Settings,
    now: Timestamp,
    pub(crate) request: RawRequest,
    answerer: Answerer,
    facts: Vec<Facts>,
    proof: Proof,
}

enum Answerer {
    /// Plays the gateway.
    Played(Vec<Told>),
    /// The answers of a fixture, in their sequence; then none.
    Scripted(Vec<AskedAnswer>),
}

/// What moves money.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Facts {
    kind: EventKind,
    identity: String,
    order_ref: Option<String>,
    transaction: Option<String>,
    parent: Option<String>,
    amount: Option<Money>,
    amount_is_total: bool,
    subscription: Option<String>,
    case: Option<String>,
    receivers: Vec<String>,
}

fn facts(events: &[Event]) -> Vec<Facts> {
    let facts = |event: &Event| Facts {
        kind: event.kind,
        identity: event.identity.clone(),
        order_ref: event.order_ref.clone(),
        transaction: event.transaction.clone(),
        parent: event.parent.clone(),
        amount: event.amount,
        amount_is_total: event.amount_is_total,
        subscription: event.subscription.clone(),
        case: event.case.clone(),
        receivers: event.receivers.clone(),
    };
    events.iter().map(facts).collect()
}

impl Genuine {
    fn decide(
        &self,
        gateway: &Gateway,
        request: &RawRequest,
        settings: &Settings,
        now: Timestamp,
    ) -> Decided {
        match &self.answerer {
            Answerer::Played(told) => decide_played(gateway, request, settings, now, told),
            Answerer::Scripted(answers) => {
                let mut answers = answers.iter().cloned();
                decide(gateway, request, settings, now, &mut |_: &Ask| answers.next())
            }
        }
    }

    /// Whether a bent request does no harm. Bending can turn one genuine message into another one of `all`.
    pub(crate) fn withstands(
        &self,
        gateway: &Gateway,
        bent: &RawRequest,
        all: &[Self],
    ) -> Result<(), Failed> {
        let is_another = |other: &&Self| other.request.body == bent.body && other.request.query == bent.query;
        if let Some(other) = all.iter().find(is_another).filter(|other| !std::ptr::eq(*other, self)) {
            return other.withstands(gateway, bent, &[]);
        }
        match self.decide(gateway, bent, &self.settings, self.now) {
            // What is not wholly proved moves nothing without the owner, whatever it says. Only gateways that say so
            // of themselves may have such messages.
            Decided::Genuine(interpretation)
                if interpretation.proof != Proof::Strong && gateway.needs_confirmation() =>
            {
                Ok(())
            }
            Decided::Genuine(interpretation) => {
                let is_other_body = bent.body != self.request.body;
                // Answers of a fixture are given whatever is asked, so they say nothing about another body.
                let is_blind = matches!(&self.answerer, Answerer::Scripted(answers) if !answers.is_empty());
                let is_covered = gateway.covers == Covers::Body && is_other_body && !is_blind;
                let got = facts(&interpretation.events);
                let is_same =
                    got.iter().all(|fact| self.facts.contains(fact)) && interpretation.proof <= self.proof;
                if is_covered || (!is_same && !is_blind) {
                    return Err(format!(
                        "accepted: {}\n{got:#?}\ngenuine: {}",
                        shown(bent),
                        shown(&self.request)
                    )
                    .into());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Everything that is accepted: the fixtures, and one message of every kind the gateway tells of.
pub(crate) fn genuine(gateway: &Gateway, sections: &[Section]) -> Vec<Genuine> {
    let mut all = Vec::new();
    let sample = Settings::sample(gateway.settings);
    for kind in gateway.tells {
        let composed = ["EUR", "USD", "UAH"].iter().find_map(|code| {
            let event = ordinary(*kind, code);
            let request = (gateway.compose)(&event, &sample, NOW).ok()?;
            Some(Told { event, request })
        });
        let Some(told) = composed else { continue };
        let request = told.request.clone();
        all.extend(accepted(gateway, sample.clone(), NOW, request, Answerer::Played(vec![told])));
    }
    for section in sections {
        let answerer = Answerer::Scripted(section.answers.clone());
        all.extend(accepted(
            gateway,
            section.settings(gateway),
            section.now(),
            section.request.clone(),
            answerer,
        ));
    }
    all
}

fn accepted(
    gateway: &Gateway,
    settings: Settings,
    now: Timestamp,
    request: RawRequest,
    answerer: Answerer,
) -> Option<Genuine> {
    let mut genuine = Genuine { settings, now, request, answerer, facts: Vec::new(), proof: Proof::Hint };
    match genuine.decide(gateway, &genuine.request, &genuine.settings, now) {
        Decided::Genuine(interpretation) => {
            genuine.facts = facts(&interpretation.events);
            genuine.proof = interpretation.proof;
            Some(genuine)
        }
        _ => None,
    }
}

/// Systematic forgeries of one message that are tried when nobody asks for a certain number: evenly many of each way.
const BENT_MAX: usize = 250;

pub(crate) fn systematic(gateway: &Gateway, sections: &[Section]) -> Result<(), Failed> {
    let all = genuine(gateway, sections);
    let is_short = std::env::var_os("IPND_FORGERIES").is_none();
    let mut made = 0_usize;
    for (place, genuine) in all.iter().enumerate() {
        let every = bent(&genuine.request);
        let step = if is_short { every.len().div_ceil(BENT_MAX) } else { 1 };
        // Another part of each message's forgeries, so that all of them together leave out nothing.
        for bent in every.into_iter().skip(place % step.max(1)).step_by(step.max(1)) {
            genuine.withstands(gateway, &bent, &all)?;
            made += 1;
        }
        made += other_secrets(gateway, genuine)?;
        made += other_times(gateway, genuine)?;
    }
    println!("{}: {made} systematic forgeries of {} genuine messages, none accepted", gateway.id, all.len());
    if all.is_empty() { Err("nothing is accepted, so nothing could be forged".into()) } else { Ok(()) }
}

/// The same message at an account with other secrets, or with none.
fn other_secrets(gateway: &Gateway, genuine: &Genuine) -> Result<usize, Failed> {
    let secrets = || gateway.settings.iter().filter(|setting| setting.kind.is_secret());
    let environment = genuine.settings.environment;
    let with = |change: &dyn Fn(&str) -> Option<String>| {
        let mut values = genuine.settings.values().clone();
        for setting in secrets() {
            match values.remove(setting.key).and_then(|value| change(&value)) {
                Some(value) => values.insert(setting.key.to_owned(), value),
                None => None,
            };
        }
        Settings::check(gateway.settings, environment, values).ok()
    };
    let others = [with(&|secret| Some(other_secret(secret))), with(&|_| None)];
    let mut made = 0;
    // What is fetched is proved by the gateway's answer and not by a secret of the message.
    let needs_secret =
        gateway.covers != Covers::Nothing && secrets().next().is_some() && gateway.resume.is_none();
    for settings in others.into_iter().flatten().filter(|settings| *settings != genuine.settings) {
        made += 1;
        let decided = genuine.decide(gateway, &genuine.request, &settings, genuine.now);
        if needs_secret && matches!(decided, Decided::Genuine(_)) {
            return Err(format!("accepted with other secrets: {settings:?}").into());
        }
    }
    Ok(made)
}

/// Another secret of the same shape: hexadecimal stays hexadecimal, a prefix stays.
pub(crate) fn other_secret(secret: &str) -> String {
    let half = secret.len() / 2;
    let turned = |(place, c): (usize, char)| match c {
        _ if place < half => c,
        '0'..='8' | 'a'..='e' | 'g'..='y' | 'A'..='E' | 'G'..='Y' => char::from(c as u8 + 1),
        '9' => '0',
        'f' => 'a',
        'F' => 'A',
        'z' => 'g',
        'Z' => 'G',
        other => other,
    };
    secret.char_indices().map(turned).collect()
}

/// A window has two sides: who refuses an old message refuses one from the future, too.
fn other_times(gateway: &Gateway, genuine: &Genuine) -> Result<usize, Failed> {
    let at = |seconds: i64| {
        let now = genuine.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        genuine.decide(gateway, &genuine.request, &genuine.settings, now)
    };
    let is_timed = |decided: &Decided| matches!(decided, Decided::Refused(reason) if reason.code.starts_with("timestamp_"));
    if is_timed(&at(86_400)) {
        for seconds in [-86_400, -301, 301] {
            if !is_timed(&at(seconds)) {
                return Err(format!("accepted {seconds} s from its own time").into());
            }
        }
    }
    Ok(4)
}

/// Every bent request that follows from one that is accepted.
fn bent(request: &RawRequest) -> Vec<RawRequest> {
    let mut all = Vec::new();
    let with_body = |body: Vec<u8>| RawRequest { body, ..request.clone() };
    let with_query = |query: String| RawRequest { query, ..request.clone() };
    let with_headers = |headers: Vec<(String, String)>| RawRequest { headers, ..request.clone() };

    for (place, (name, value)) in request.headers.iter().enumerate() {
        let replaced = |value: String| {
            let mut headers = request.headers.clone();
            headers[place].1 = value;
            with_headers(headers)
        };
        let mut without = request.headers.clone();
        without.remove(place);
        all.push(with_headers(without.clone()));
        for other in ["", " ", "x", "null", "none", "0", "v1", "t=0,v1=", "sha1=00", "\u{fffd}"] {
            all.push(replaced(other.to_owned()));
        }
        let prefixes = value.char_indices().map(|(at, _)| at).take(400);
        all.extend(prefixes.map(|at| replaced(value[..at].to_owned())));
        // One character changed at a time: a time outside of the signature would be found here.
        for (at, letter) in value.char_indices().filter(|(_, letter)| letter.is_ascii()).take(400) {
            let other = match letter {
                '9' | 'z' | 'Z' => 'a',
                letter if letter.is_ascii_alphanumeric() => char::from(letter as u8 + 1),
                _ => '0',
            };
            let mut changed = value.clone();
            changed.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
            all.push(replaced(changed));
        }
        all.push(replaced(format!("{value}0")));
        all.push(replaced(value.to_ascii_uppercase()));
        let mut doubled = request.headers.clone();
        doubled.insert(0, (name.clone(), "0".repeat(value.len())));
        all.push(with_headers(doubled));
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        all.push(RawRequest { method: method.to_owned(), ..request.clone() });
    }
    all.push(RawRequest { method: "GET".to_owned(), body: Vec::new(), ..request.clone() });

    let body = &request.body;
    let step = (body.len() / 200).max(1);
    for place in (0..body.len()).step_by(step) {
        all.push(with_body(body[..place].to_vec()));
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = body.clone();
            changed[place] ^= flip;
            all.push(with_body(changed));
        }
        if body[place].is_ascii_digit() {
            let mut changed = body.clone();
            changed[place] = if body[place] == b'9' { b'0' } else { body[place] + 1 };
            all.push(with_body(changed));
        }
    }
    for tail in [&b" "[..], b"\n", b"\0", b"0", b"&x=1", b"}", b"{}", b"&amount=1.00&status=success"] {
        all.push(with_body([body.as_slice(), tail].concat()));
    }
    for head in [&b" "[..], b"\xef\xbb\xbf", b"&", b"x=1&", b"\0"] {
        all.push(with_body([head, body.as_slice()].concat()));
    }
    all.push(with_body(body.iter().rev().copied().collect()));
    all.push(with_body([body.as_slice(), body.as_slice()].concat()));
    all.push(with_body([body.as_slice(), b"&", body.as_slice()].concat()));
    all.push(with_body([body.as_slice(), &b"x".repeat(300_000)].concat()));
    all.extend(other_fields(body).into_iter().map(with_body));

    all.extend(
        (0..request.query.len()).map(|at| with_query(request.query.get(..at).unwrap_or_default().to_owned())),
    );
    let queries =
        [String::new(), "x=1".to_owned(), format!("{}&x=1", request.query), "secret=x&token=y".to_owned()];
    all.extend(queries.map(with_query));
    all.extend(
        other_fields(request.query.as_bytes())
            .into_iter()
            .filter_map(|query| Some(with_query(String::from_utf8(query).ok()?))),
    );
    // Whatever a request may try to choose by itself (T-A07, T-A24).
    for (name, value) in [
        ("x-secret", "x"),
        ("x-webhook-secret", "x"),
        ("x-algorithm", "none"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-original-method", "GET"),
        ("x-signature-algorithm", "sha1"),
        ("content-encoding", "gzip"),
        ("content-type", "text/xml; charset=utf-16"),
    ] {
        let mut headers = request.headers.clone();
        headers.insert(0, (name.to_owned(), value.to_owned()));
        all.push(with_headers(headers));
    }
    all
}

/// Forms: each value changed, each field left out, doubled in front and behind, and with its neighbour's name or value.
fn other_fields(body: &[u8]) -> Vec<Vec<u8>> {
    let fields: Vec<&[u8]> = body.split(|byte| *byte == b'&').collect();
    if fields.len() > 400 || !body.contains(&b'=') {
        return Vec::new();
    }
    let joined = |fields: &[Vec<u8>]| fields.join(&b'&');
    let owned = || fields.iter().map(|field| field.to_vec()).collect::<Vec<_>>();
    let mut all = Vec::new();
    for place in 0..fields.len() {
        let cut = fields[place].iter().position(|byte| *byte == b'=').unwrap_or(fields[place].len());
        let name = fields[place][..cut].to_vec();
        let mut without = owned();
        without.remove(place);
        all.push(joined(&without));
        for value in [&b"=1"[..], b"=", b"=9999.00", b"=Completed", b""] {
            let mut changed = owned();
            changed[place] = [&name[..], value].concat();
            all.push(joined(&changed));
            let mut doubled = owned();
            doubled.insert(0, [&name[..], value].concat());
            all.push(joined(&doubled));
            let mut behind = owned();
            behind.push([&name[..], value].concat());
            all.push(joined(&behind));
        }
        if place + 1 < fields.len() {
            let mut swapped = owned();
            swapped.swap(place, place + 1);
            all.push(joined(&swapped));
            // A character moves over the border of two values (T-A16).
            let mut moved = owned();
            if fields[place].len() > cut + 1
                && let Some(at) = fields[place + 1].iter().position(|byte| *byte == b'=')
            {
                let last = moved[place].pop().expect("it is longer than its name");
                moved[place + 1].insert(at + 1, last);
                all.push(joined(&moved));
            }
        }
    }
    all
}

/// Random forgeries: several changes at once, anywhere.
pub(crate) fn random(gateway: &Gateway, sections: &[Section]) -> Result<(), Failed> {
    let count: usize =
        std::env::var("IPND_FORGERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let all = genuine(gateway, sections);
    let mut chance = Chance::new(gateway.id.len() as u64);
    for _ in 0..count {
        let mut genuine = &all[chance.below(all.len())];
        let other = &all[chance.below(all.len())];
        let mut bent = genuine.request.clone();
        for _ in 0..=chance.below(3) {
            if bend(&mut bent, &other.request, &mut chance) {
                // Where the proof stands in the body, this is the other message now, and may say what that one says.
                genuine = other;
            }
        }
        if bent != genuine.request {
            genuine.withstands(gateway, &bent, &all)?;
        }
    }
    println!("{}: {count} random forgeries, none accepted", gateway.id);
    Ok(())
}

/// Whether the body is that of the other message afterwards.
fn bend(request: &mut RawRequest, other: &RawRequest, chance: &mut Chance) -> bool {
    let length = request.body.len();
    let way = chance.below(9);
    match way {
        0 | 1 if length > 0 => request.body[chance.below(length)] ^= 1 << chance.below(8),
        2 if length > 0 => request.body[chance.below(length)] = b"0123456789.,-&=:;\"{}[] "[chance.below(23)],
        3 if length > 0 => {
            request.body.remove(chance.below(length));
        }
        4 => request.body.insert(chance.below(length + 1), b'0' + u8::try_from(chance.below(10)).unwrap()),
        5 if length > 0 => request.body.truncate(chance.below(length)),
        6 if !request.headers.is_empty() => {
            let place = chance.below(request.headers.len());
            let value = &mut request.headers[place].1;
            let at = chance.below(value.len().max(1));
            if value.is_char_boundary(at) && !value.is_empty() {
                value.replace_range(at..=at, ["0", "f", "", "=", ",", "A"][chance.below(6)]);
            }
        }
        // The signature of one message with the content of another.
        7 => request.body.clone_from(&other.body),
        8 => request.headers.clone_from(&other.headers),
        _ => request.query.push_str("&x=1"),
    }
    way == 7
}

/// Numbers that look random and are the same every time (xorshift).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}
