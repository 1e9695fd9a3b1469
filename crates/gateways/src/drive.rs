//! Takes one request all the way: `receive`, and `resume` for as long as it asks, with somebody who answers.
//!
//! For whoever plays both sides at once: the checks of examples, the sandbox, tests and benchmarks. The server does
//! the same over the network, in its check worker.

use crate::{Ask, AskedAnswer, Gateway, Interpretation, RawRequest, Received, Resumed, Settings, Told};
use ipnd_core::Reason;
use ipnd_core::limits::ASKS_MAX;
use jiff::Timestamp;

/// How it ended.
#[derive(Clone, Debug)]
pub enum Decided {
    Genuine(Interpretation),
    /// Refused at once.
    Refused(Reason),
    /// Refused after the gateway was asked.
    Forged(Reason),
    NotYetKnown(Reason),
    Probe,
}

/// Decides about a request. `answer` gives `None` where nobody answers.
pub fn decide(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    now: Timestamp,
    answer: &mut dyn FnMut(&Ask) -> Option<AskedAnswer>,
) -> Decided {
    let mut ask = match (gateway.receive)(request, settings, now) {
        Received::Proven(interpretation) => return Decided::Genuine(interpretation),
        Received::Refused(reason) => return Decided::Refused(reason),
        Received::Probe => return Decided::Probe,
        Received::Ask(ask) => ask,
    };
    let Some(resume) = gateway.resume else {
        return Decided::NotYetKnown(Reason::new("asked_in_vain", "the gateway cannot read an answer"));
    };
    let mut answers = Vec::new();
    for _ in 0..ASKS_MAX {
        match answer(&ask) {
            Some(answer) => answers.push(answer),
            None => return Decided::NotYetKnown(Reason::new("asked_in_vain", &ask.url)),
        }
        match resume(request, settings, &answers, now) {
            Resumed::Genuine(interpretation) => return Decided::Genuine(interpretation),
            Resumed::Forged(reason) => return Decided::Forged(reason),
            Resumed::NotYetKnown(reason) => return Decided::NotYetKnown(reason),
            Resumed::Ask(next) => ask = next,
        }
    }
    Decided::NotYetKnown(Reason::new("asked_in_vain", "it asks without end"))
}

/// Decides about a request whose gateway is played by its own `answer`, having told all this.
#[must_use]
pub fn decide_played(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    now: Timestamp,
    told: &[Told],
) -> Decided {
    decide(gateway, request, settings, now, &mut |ask| {
        gateway.answer.map(|answer| answer(ask, told, settings, now))
    })
}
