//! T-B19 and T-A12: whatever a message says, a gateway is asked at its own host, about one thing.

use crate::events::{NOW, ordinary};
use ipnd_core::Event;
use ipnd_gateways::drive::decide;
use ipnd_gateways::{Ask, Gateway, RawRequest, Settings, Told};
use libtest_mimic::Failed;
use std::collections::BTreeSet;

/// Names that would lead elsewhere if they were put into an address as they are.
const HOSTILE: [&str; 20] = [
    "../../v1/other",
    "//evil.example/x",
    "https://evil.example/x",
    "@evil.example",
    "x@evil.example/y",
    "x?limit=1",
    "x#y",
    "%2e%2e%2fother",
    "..%2f..%2fother",
    "x/../../other",
    "x\r\nhost: evil.example",
    "x\nauthorization: none",
    "x y",
    "x\\..\\y",
    "x;y=1",
    ":8443/x",
    ".",
    "..",
    "",
    "é",
];

pub(crate) fn t_b19_ids_used_inside_gateway_urls(gateway: &Gateway) -> Result<(), Failed> {
    let settings = Settings::sample(gateway.settings);
    let mut hosts = BTreeSet::new();
    for kind in gateway.tells {
        let event = ordinary(*kind, "EUR");
        for ask in asks(gateway, &settings, &event, |request| request) {
            hosts.insert(place(&ask)?);
        }
    }
    for (place_of_kind, kind) in gateway.tells.iter().enumerate() {
        // Signing takes its time; every name meets every third kind.
        for name in HOSTILE.iter().skip(place_of_kind % 3).step_by(3).copied() {
            // As its own names, properly signed ...
            let mut event = ordinary(*kind, "EUR");
            let put = |text: &mut Option<String>| *text = text.as_ref().map(|_| name.to_owned());
            for text in [
                &mut event.transaction,
                &mut event.parent,
                &mut event.subscription,
                &mut event.case,
                &mut event.order_ref,
            ] {
                put(text);
            }
            let mut asked = asks(gateway, &settings, &event, |request| request);
            // ... and in the place of a name that nobody has signed.
            let plain = ordinary(*kind, "EUR");
            asked.extend(asks(gateway, &settings, &plain, |request| with_name(request, name)));
            for ask in asked {
                let own = place(&ask)?;
                if !hosts.contains(&own) {
                    return Err(format!("“{name}” leads to {own}: {}", ask.url).into());
                }
                let path = ask.target().split('?').next().unwrap_or_default();
                let climbs = path.split('/').any(|step| matches!(step, "." | "..")) || path.contains("//");
                if climbs || ask.url.contains(|c: char| c.is_control() || c == ' ' || c == '\\') {
                    return Err(format!("“{name}” bends the address {}", ask.url).into());
                }
            }
        }
    }
    Ok(())
}

/// Scheme, host and port.
fn place(ask: &Ask) -> Result<String, Failed> {
    let url = url::Url::parse(&ask.url).map_err(|error| format!("{}: {error}", ask.url))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(format!("{} names a user or a fragment", ask.url).into());
    }
    Ok(url.origin().ascii_serialization())
}

/// Every question that is put about a message, answered by the gateway itself.
fn asks(
    gateway: &Gateway,
    settings: &Settings,
    event: &Event,
    bend: impl Fn(RawRequest) -> RawRequest,
) -> Vec<Ask> {
    let Ok(request) = (gateway.compose)(event, settings, NOW) else { return Vec::new() };
    let told = [Told { event: event.clone(), request: request.clone() }];
    let mut asked = Vec::new();
    decide(gateway, &bend(request), settings, NOW, &mut |ask| {
        asked.push(ask.clone());
        gateway.answer.map(|answer| answer(ask, &told, settings, NOW))
    });
    asked
}

/// The value of every short field and parameter replaced by `name`, written as forms write it.
fn with_name(request: RawRequest, name: &str) -> RawRequest {
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let replace = |text: &str| -> String {
        let fields = text.split('&').map(|field| match field.split_once('=') {
            Some((key, value)) if key.ends_with("id") && value.len() < 64 => format!("{key}={encoded}"),
            _ => field.to_owned(),
        });
        fields.collect::<Vec<_>>().join("&")
    };
    let body = String::from_utf8(request.body.clone());
    let body = body.map_or(request.body, |text| replace(&text).into_bytes());
    RawRequest { query: replace(&request.query), body, ..request }
}
