//! Where the proof of a message stands. It is not written down anywhere here; it is found out: the same event, told by two
//! accounts with different secrets, differs in exactly those places.

use crate::events::{NOW, ordinary};
use crate::forge::{Chance, other_secret};
use crate::laws::shown;
use ipnd_core::Environment;
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::{Gateway, RawRequest, Settings, Told};
use libtest_mimic::Failed;
use std::ops::Range;

/// A message that proves itself or is vouched for, and where in it the proof stands.
pub(crate) struct Proved {
    pub(crate) own: Told,
    /// The same event, told by somebody with other secrets.
    pub(crate) forged: RawRequest,
    /// Somebody's account.
    pub(crate) other: Settings,
    pub(crate) places: Vec<Place>,
}

/// Where two requests differ.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Header(usize, Range<usize>),
    Query(Range<usize>),
    Body(Range<usize>),
}

impl Place {
    pub(crate) fn of(own: &RawRequest, forged: &RawRequest) -> Vec<Self> {
        let headers = own.headers.iter().enumerate().filter_map(|(at, (name, value))| {
            let other = forged.header(name).unwrap_or_default();
            difference(value.as_bytes(), other.as_bytes()).map(|range| Self::Header(at, range))
        });
        let query = difference(own.query.as_bytes(), forged.query.as_bytes()).map(Self::Query);
        let body = difference(&own.body, &forged.body).map(Self::Body);
        headers.chain(query).chain(body).collect()
    }

    /// The request with something else at this place.
    pub(crate) fn replaced(&self, request: &RawRequest, with: &[u8]) -> RawRequest {
        let spliced =
            |text: &[u8], range: &Range<usize>| [&text[..range.start], with, &text[range.end..]].concat();
        let text = |text: &str, range| String::from_utf8_lossy(&spliced(text.as_bytes(), range)).into_owned();
        let mut bent = request.clone();
        match self {
            Self::Header(at, range) => bent.headers[*at].1 = text(&request.headers[*at].1, range),
            Self::Query(range) => bent.query = text(&request.query, range),
            Self::Body(range) => bent.body = spliced(&request.body, range),
        }
        bent
    }

    pub(crate) fn text<'r>(&self, request: &'r RawRequest) -> &'r [u8] {
        match self {
            Self::Header(at, range) => &request.headers[*at].1.as_bytes()[range.clone()],
            Self::Query(range) => &request.query.as_bytes()[range.clone()],
            Self::Body(range) => &request.body[range.clone()],
        }
    }
}

/// From the first byte that differs to the last one, and what they are a part of.
fn difference(own: &[u8], other: &[u8]) -> Option<Range<usize>> {
    if own == other {
        return None;
    }
    let start = own.iter().zip(other).take_while(|(a, b)| a == b).count();
    let rest = own.len().min(other.len()) - start;
    let same_end = own.iter().rev().zip(other.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let end = own.len() - same_end;
    // Two signatures may begin or end with the same letter by chance.
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let before = own[..start].iter().rev().take_while(is_part).count();
    let behind = own[end..].iter().take_while(|byte| is_part(byte) || **byte == b'=').count();
    Some(start - before..end + behind)
}

pub(crate) fn sample(gateway: &Gateway) -> Settings {
    Settings::sample(gateway.settings)
}

/// One message of every kind that the gateway tells of.
pub(crate) fn told(gateway: &Gateway, settings: &Settings) -> Vec<Told> {
    let told = |kind: &ipnd_core::EventKind| {
        ["EUR", "USD", "UAH"].iter().find_map(|code| {
            let event = ordinary(*kind, code);
            let request = (gateway.compose)(&event, settings, NOW).ok()?;
            Some(Told { event, request })
        })
    };
    gateway.tells.iter().filter_map(told).collect()
}

/// The account with every secret replaced, and where there are several, with each of them alone: what is proved twice has
/// to be proved twice. None where the gateway has no secret that it could share with a forger: it is asked, or signs with
/// a key of its own.
pub(crate) fn other_accounts(gateway: &Gateway) -> Vec<Settings> {
    let own = sample(gateway);
    let secrets = gateway.settings.iter().filter(|setting| setting.kind.is_secret());
    let secrets: Vec<&str> =
        secrets.map(|setting| setting.key).filter(|key| own.get(key).is_some()).collect();
    let with_others = |keys: &[&str]| {
        let mut values = own.values().clone();
        values.iter_mut().filter(|(key, _)| keys.contains(&key.as_str())).for_each(|(_, value)| {
            *value = other_secret(value);
        });
        Settings::check(gateway.settings, Environment::Sandbox, values).ok().filter(|other| *other != own)
    };
    let alone = secrets.iter().filter(|_| secrets.len() > 1).map(std::slice::from_ref);
    std::iter::once(secrets.as_slice()).chain(alone).filter_map(with_others).collect()
}

/// Everything that is told and has a proof that somebody with other secrets cannot make, once for each other account.
pub(crate) fn proved(gateway: &Gateway) -> Vec<Proved> {
    few_proved(gateway, usize::MAX)
}

/// The same for a few messages of each account.
pub(crate) fn few_proved(gateway: &Gateway, count: usize) -> Vec<Proved> {
    let all = told(gateway, &sample(gateway));
    let of_account = |other: Settings| {
        let forged = |own: &Told| {
            let forged = (gateway.compose)(&own.event, &other, NOW).ok()?;
            let places = Place::of(&own.request, &forged);
            let other = other.clone();
            (!places.is_empty()).then_some(Proved { own: own.clone(), forged, other, places })
        };
        all.iter().filter_map(forged).take(count).collect::<Vec<_>>()
    };
    other_accounts(gateway).into_iter().flat_map(of_account).collect()
}

/// Text that looks like this one: digits stay digits, letters letters.
pub(crate) fn similar(text: &[u8], chance: &mut Chance) -> Vec<u8> {
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    let mut one_of = |letters: &[u8]| letters[chance.below(letters.len())];
    let similar = |byte: &u8| match byte {
        b'0'..=b'9' => one_of(b"0123456789"),
        b'a'..=b'f' if is_hex => one_of(b"abcdef"),
        b'A'..=b'F' if is_hex => one_of(b"ABCDEF"),
        b'a'..=b'z' => one_of(b"abcdefghijklmnopqrstuvwxyz"),
        b'A'..=b'Z' => one_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        other => *other,
    };
    text.iter().map(similar).collect()
}

pub(crate) fn decided(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    told: &[Told],
) -> Decided {
    decide_played(gateway, request, settings, NOW, told)
}

/// Refused, or not yet known: nothing comes of it.
pub(crate) fn must_not_count(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    told: &[Told],
) -> Result<(), Failed> {
    match decided(gateway, request, settings, told) {
        Decided::Genuine(interpretation) if !interpretation.events.is_empty() => {
            Err(format!("accepted: {}\n{interpretation:?}", shown(request)).into())
        }
        _ => Ok(()),
    }
}

/// One of several proofs may be enough. Then a message with a bent one says what it said before.
pub(crate) fn must_say_the_same(
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
        Some(said) if !said.is_empty() && Some(&said) != events(&own.request).as_ref() => {
            Err(format!("accepted: {}\n{said:?}", shown(request)).into())
        }
        _ => Ok(()),
    }
}
