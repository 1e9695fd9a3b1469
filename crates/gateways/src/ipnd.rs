//! An ipnd can tell others what happened, and this is its own way of telling it: one message for each event, signed as
//! Standard Webhooks has it. So one ipnd can feed another, and a platform can pass on to an account of a vendor what
//! happened to it.
//!
//! ## Setting it up
//!
//! 1. At the ipnd that tells, add an endpoint with the intake address that this ipnd shows for the account, and leave
//!    the form of its messages as it is.
//! 2. Copy the endpoint's signing secret (`whsec_...`) and paste it here with its prefix.
//! 3. Make an account for each ipnd that tells, and another one, in the sandbox environment, for its play money.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `payment.completed` and every other kind of event | the event, as it stands in `data.event` |
//! | `ipnd.test` | a test |
//!
//! ```text
//! {"type": "refund.completed", "timestamp": "2026-11-30T12:00:00Z", "data": {
//!   "event": {"kind": "refund.completed", ...}, "gateway": "stripe", "order": {"reference": "A-1001", ...}}}
//! ```
//!
//! The type is the kind of the event once more. The time is that of the event, or of the message where nobody knows
//! when it happened. `gateway` says who told it first and may be missing. `order` is null where the event belongs to
//! none; its reference counts where the event itself names no order.
//!
//! ## How it signs
//!
//! `webhook-id`, `webhook-timestamp` and `webhook-signature`. The signatures, with spaces between them, cover id, time
//! and body with full stops in between: `v1,BASE64` is HMAC-SHA256 with the bytes that the secret stands for in Base64.
//! One that fits is enough, so the secret can be changed without a gap; signatures of other versions beside it are
//! passed over. A message may be five minutes old or early.
//!
//! ## What it expects back
//!
//! Any 2xx. Nobody looks at the body.
//!
//! ## Retries
//!
//! After 5 seconds, 5 minutes, 30 minutes, 2, 5, 10, 14, 20 and 24 hours, each time with a new time and signature and
//! the same id.
//!
//! ## Quirks
//!
//! * An event brings along what tells it from others, so it counts once however often it is told. Two ipnds might call
//!   different things the same, hence an account for each.
//! * An event is taken whole or not at all: with a member that this version does not know, the message is kept with the
//!   reason, and nothing follows. Unknown members around the event are passed over.
//! * Messages say themselves whether they are about play money. One that does not fit the account is put to you as a
//!   question.
//! * Whose account the money reached is kept and not compared: that was for the ipnd that tells.
//!
//! ## Sources
//!
//! ipnd itself; the specification of Standard Webhooks, read in November 2026.

use crate::kit::common_settings::SIGNING_SECRET;
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding};
use crate::kit::reply;
use crate::kit::verified::Verified;
use crate::kit::webhook_headers::{STANDARD, V1, WebhookHeaders};
use crate::kit::webhook_signing::{V1_MAC, secret_bytes, sign};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Said, Setting,
    SettingFault, Settings, Wants,
};
use ipnd_core::{Event, EventKind, Reason};
use jiff::Timestamp;
use serde::Serialize;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "ipnd",
    name: "ipnd",
    family: "",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("ipnd.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: EventKind::ALL,
    retries: &[5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::empty,
    wants: Wants::AnySuccess,
    compose,
    answer: None,
    checkout: None,
};

const SETTINGS: &[Setting] = &[SECRET];

const SECRET: Setting = Setting {
    key: "secret",
    help: Said {
        en: "The ipnd that tells shows it at its endpoint (whsec_...). While you change it, enter both, one a line.",
        de: "Das ipnd, das meldet, zeigt es bei seinem Endpunkt (whsec_...). Während Sie es wechseln, tragen Sie beide \
             ein, eines pro Zeile.",
        es: "El ipnd que avisa lo muestra en su endpoint (whsec_...). Mientras lo cambia, escriba los dos, uno por línea.",
        uk: "Той ipnd, що повідомляє, показує його біля своєї адреси (whsec_...). Під час заміни впишіть обидва, по \
             одному в рядку.",
    },
    sample: "whsec_c2FuZGJveCBpcG5kLCB0byBhbiBpcG5k",
    check: Some(are_secrets),
    ..SIGNING_SECRET
};

fn are_secrets(text: &str) -> Result<(), SettingFault> {
    let is_good = text.lines().all(|line| secret_bytes(line.trim()).is_some());
    if is_good { Ok(()) } else { Err(SettingFault::Malformed("whsec_ and Base64".to_owned())) }
}

/// The type of a message by which somebody only tries whether it is heard.
const TEST: &str = "ipnd.test";

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match verify(request, settings, now) {
        Ok(verified) => Received::Proven(interpret(verified)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings, now: Timestamp) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let headers = WebhookHeaders::of(request, &[STANDARD])?;
    let secrets = settings.secrets(SECRET.key).filter_map(secret_bytes);
    let text = headers.text(&request.body);
    let verified = V1_MAC.verify_any(request, secrets, &text, headers.signatures(V1))?;
    headers.check_time(now)?;
    Ok(verified)
}

fn interpret(verified: Verified<'_>) -> Interpretation {
    match Json::of(verified) {
        Ok(message) => read(&message).into(),
        Err(reason) => Interpretation::nothing(reason),
    }
}

fn read(message: &Json<'_>) -> Result<Event, Reason> {
    let word = message.text("type").ok_or_else(|| Reason::new("field_missing", "type"))?;
    if word == TEST {
        return Err(Reason::new("test_message", word));
    }
    let kind = EventKind::from_word(word).ok_or_else(|| Reason::new("unknown_type", word))?;
    let mut event = event(message.at("data.event"))?;
    if event.kind != kind {
        return Err(Reason::new(
            "field_malformed",
            format!("type: {word}, data.event.kind: {}", event.kind.word()),
        ));
    }
    let reference = reference(message.at("data.order"))?;
    event.order_ref = event.order_ref.or(reference);
    Ok(event)
}

fn event(said: &Json<'_>) -> Result<Event, Reason> {
    if said.is_null() {
        return Err(Reason::new("field_missing", "data.event"));
    }
    let malformed = |why: &str| Reason::new("field_malformed", format!("data.event: {why}"));
    // The kit has read it before, so no key comes twice.
    let read = serde_json::from_str::<Event>(&said.to_string());
    let event = read.map_err(|error| malformed(&error.to_string()))?;
    // Left out where it is false; here it stands for the name.
    let whole = serde_json::to_vec(&Event { amount_is_total: true, ..event.clone() });
    let whole = whole.map_err(|error| malformed(&error.to_string()))?;
    if let Some(name) = foreign("no object", said, &Json::parse(&whole)?) {
        return Err(malformed(name));
    }
    if event.identity.is_empty() {
        return Err(Reason::new("field_missing", "data.event.identity"));
    }
    match event.amount.filter(|amount| amount.is_negative()) {
        Some(negative) => Err(Reason::new("amount_negative", negative.decimal())),
        None => Ok(event),
    }
}

/// The name of what was said and is no part of what was read, or stands there in another form: it might change what the
/// rest means, as `amount_is_total` does.
fn foreign<'s>(name: &'s str, said: &'s Json<'_>, read: &Json<'_>) -> Option<&'s str> {
    match (said, read) {
        (Json::Object(said), Json::Object(read)) => said.iter().find_map(|(name, value)| {
            let read = read.iter().find(|(own, _)| own == name);
            read.map_or(Some(&**name), |(_, read)| foreign(name, value, read))
        }),
        (Json::List(said), Json::List(read)) => {
            said.iter().zip(read).find_map(|(said, read)| foreign(name, said, read))
        }
        (Json::Object(_) | Json::List(_), _) => Some(name),
        _ => None,
    }
}

/// By what the shop that tells knows the order.
fn reference(order: &Json<'_>) -> Result<Option<String>, Reason> {
    match (order, order.field("reference")) {
        (Json::Null, _) => Ok(None),
        (_, Json::Text(reference)) => {
            Ok(Some(reference.to_string()).filter(|reference| !reference.is_empty()))
        }
        _ => Err(Reason::new("field_missing", "data.order.reference")),
    }
}

/// A message as it is written.
#[derive(Serialize)]
struct Message<'e> {
    r#type: EventKind,
    timestamp: Timestamp,
    data: Data<'e>,
}

#[derive(Serialize)]
struct Data<'e> {
    event: &'e Event,
    order: Option<Order<'e>>,
}

#[derive(Serialize)]
struct Order<'e> {
    reference: &'e str,
}

fn compose(event: &Event, settings: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: String| CannotCompose { gateway: GATEWAY.id, what };
    let message = Message {
        r#type: event.kind,
        timestamp: event.occurred_at.unwrap_or(now),
        data: Data { event, order: event.order_ref.as_deref().map(|reference| Order { reference }) },
    };
    let body = serde_json::to_vec(&message).map_err(|error| cannot(error.to_string()))?;
    let id = message_id(event);
    let signature =
        sign(&id, now, &body, settings.secrets(SECRET.key)).map_err(|reason| cannot(reason.code))?;
    Ok(RawRequest::post("application/json", body)
        .with("webhook-id", id)
        .with("webhook-timestamp", now.as_second().to_string())
        .with("webhook-signature", signature))
}

/// The same for the same event, so that whoever goes by it counts the event once, too.
fn message_id(event: &Event) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[event.identity.as_bytes()]);
    format!("msg_{}", Encoding::HexLower.encode(&digest[..12]))
}

#[cfg(test)]
mod tests;
