//! `receive(compose(event)) == event`, in each gateway's own power of expression.
//!
//! A gateway cannot say everything: one has no field for a name, another makes its own ids. So an event goes round
//! twice. The first time its essence must stay; what comes out is what this gateway can say, and must come out of the
//! second round exactly as it went in.

use crate::events::{NOW, ordinary, some};
use ipnd_core::{Event, EventKind};
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::{Gateway, RawRequest, Settings, Told};
use libtest_mimic::Failed;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

const CASES: usize = 300;

pub(crate) fn receive_undoes_compose(gateway: &Gateway) -> Result<(), Failed> {
    let settings = Settings::sample(gateway.settings);
    for kind in EventKind::ALL {
        let can = ["EUR", "USD", "UAH"]
            .iter()
            .any(|code| (gateway.compose)(&ordinary(*kind, code), &settings, NOW).is_ok());
        if can != gateway.tells.contains(kind) {
            return Err(format!("{}: tells it: {}, composes it: {can}", kind.word(), !can).into());
        }
    }
    for kind in gateway.tells {
        for code in ["EUR", "USD", "UAH"] {
            let event = ordinary(*kind, code);
            if (gateway.compose)(&event, &settings, NOW).is_ok() {
                twice_round(gateway, &settings, &event)?;
            }
        }
    }
    let mut runner = TestRunner::deterministic();
    let strategy = some(gateway.tells);
    let mut told = 0;
    for _ in 0..CASES {
        let event = strategy.new_tree(&mut runner).map_err(|error| error.to_string())?.current();
        if (gateway.compose)(&event, &settings, NOW).is_ok() {
            twice_round(gateway, &settings, &event)?;
            told += 1;
        }
    }
    println!("{}: {told} of {CASES} random events could be told", gateway.id);
    if told * 10 < CASES { Err(format!("only {told} of {CASES} could be told").into()) } else { Ok(()) }
}

fn twice_round(gateway: &Gateway, settings: &Settings, event: &Event) -> Result<(), Failed> {
    let (request, once) = round(gateway, settings, event)?;
    let essence = |event: &Event| (event.kind, event.amount, event.environment);
    let is_kept = if once.amount.is_some() {
        essence(&once) == essence(event)
    } else {
        !event.kind.is_payment() && once.kind == event.kind
    };
    let kept_ref =
        once.order_ref == event.order_ref || (once.order_ref.is_none() && !event.kind.is_payment());
    if !is_kept || !kept_ref {
        return Err(format!("{event:#?}\nbecame {once:#?}\nby {}", shown(&request)).into());
    }
    let (request, twice) = round(gateway, settings, &once)?;
    if twice != once {
        return Err(format!("{once:#?}\nbecame {twice:#?}\nby {}", shown(&request)).into());
    }
    Ok(())
}

/// Tells an event and reads it again.
fn round(gateway: &Gateway, settings: &Settings, event: &Event) -> Result<(RawRequest, Event), Failed> {
    let request = (gateway.compose)(event, settings, NOW).map_err(|error| format!("{error}: {event:?}"))?;
    let told = [Told { event: event.clone(), request: request.clone() }];
    match decide_played(gateway, &request, settings, NOW, &told) {
        Decided::Genuine(interpretation) => {
            let own = interpretation.events.iter().find(|own| own.kind == event.kind);
            let own =
                own.ok_or_else(|| format!("{event:?}\ngave {interpretation:?}\nby {}", shown(&request)))?;
            Ok((request, own.clone()))
        }
        other => Err(format!("{event:?}\nwas {other:?}\nby {}", shown(&request)).into()),
    }
}

pub(crate) fn shown(request: &RawRequest) -> String {
    format!(
        "{} ?{}\n{:?}\n{}",
        request.method,
        request.query,
        request.headers,
        String::from_utf8_lossy(&request.body)
    )
}
