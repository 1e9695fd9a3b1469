//! One gateway's `receive`, and whatever it asks, with any input. `IPND_FUZZ` names the gateway.
//!
//! The input is one byte that says how it is to be used, then the body (or, behind a zero line, headers and body).
//! So that the content behind the proof is reached too, the input is also put in the place of a genuine body and
//! signed as the gateway would sign it, where its message can be composed from an event made of the input.

#![no_main]

use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use ipnd_gateways::drive::{Decided, decide, decide_played};
use ipnd_gateways::{AskedAnswer, Gateway, RawRequest, Settings, Told};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

struct Subject {
    gateway: &'static Gateway,
    settings: Settings,
    /// A genuine message of each kind.
    told: Vec<Told>,
}

static SUBJECT: LazyLock<Subject> = LazyLock::new(|| {
    let id = std::env::var("IPND_FUZZ").expect("IPND_FUZZ names a gateway");
    let gateway = ipnd_gateways::find(&id).expect("there is such a gateway");
    let settings = Settings::sample(gateway.settings);
    let told = gateway.tells.iter().filter_map(|kind| {
        let event = event(*kind, "A-1", "T1001", 2599);
        let request = (gateway.compose)(&event, &settings, NOW).ok()?;
        Some(Told { event, request })
    });
    Subject { gateway, told: told.collect(), settings }
});

fn event(kind: EventKind, order: &str, name: &str, units: i128) -> Event {
    let mut event = Event::new(kind, name, Environment::Sandbox);
    event.order_ref = Some(order.to_owned());
    event.transaction = Some(name.to_owned());
    event.parent = Some(name.to_owned());
    event.subscription = Some(name.to_owned());
    event.case = Some(name.to_owned());
    event.amount = Some(Money::from_minor(units, Currency::from_code("EUR").expect("a currency")));
    event
}

fuzz_target!(|input: &[u8]| {
    let subject = &*SUBJECT;
    let Some((&way, rest)) = input.split_first() else { return };
    let genuine = subject.told.get(usize::from(way >> 2) % subject.told.len().max(1));
    match way & 3 {
        // Anything as the body of a genuine request: nothing but that request may be accepted.
        0 => {
            let Some(genuine) = genuine else { return };
            let request = RawRequest { body: rest.to_vec(), ..genuine.request.clone() };
            let decided =
                decide_played(subject.gateway, &request, &subject.settings, NOW, std::slice::from_ref(genuine));
            if let Decided::Genuine(interpretation) = decided {
                let is_told = subject.told.iter().any(|told| told.request.body == request.body);
                let says_nothing = interpretation.events.is_empty();
                let is_covered = subject.gateway.covers == ipnd_gateways::Covers::Body;
                assert!(is_told || says_nothing || !is_covered, "a body that nobody signed was accepted");
            }
        }
        // Anything as its headers.
        1 => {
            let Some(genuine) = genuine else { return };
            let text = String::from_utf8_lossy(rest);
            let headers = genuine.request.headers.iter().zip(text.split('\n'));
            let headers = headers.map(|((name, _), value)| (name.clone(), value.to_owned())).collect();
            let request = RawRequest { headers, ..genuine.request.clone() };
            let _ = decide_played(subject.gateway, &request, &subject.settings, NOW, std::slice::from_ref(genuine));
        }
        // Anything as the answer to what it asks.
        2 => {
            let Some(genuine) = genuine else { return };
            let _ = decide(subject.gateway, &genuine.request, &subject.settings, NOW, &mut |_| {
                Some(AskedAnswer::new(200, rest))
            });
        }
        // Any words in an event that is composed and read again: what is behind the proof.
        _ => {
            let text = String::from_utf8_lossy(rest);
            let mut words = text.splitn(3, '\n');
            let (order, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let kinds = subject.gateway.tells;
            let kind = kinds[usize::from(way >> 2) % kinds.len()];
            let units = i128::from(rest.first().copied().unwrap_or_default()) + 1;
            let mut event = event(kind, order, name, units);
            event.customer.name = words.next().map(str::to_owned);
            if let Ok(request) = (subject.gateway.compose)(&event, &subject.settings, NOW) {
                let told = [Told { event, request: request.clone() }];
                let _ = decide_played(subject.gateway, &request, &subject.settings, NOW, &told);
            }
        }
    }
});
