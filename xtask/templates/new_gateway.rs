//! New Gateway tells a shop what happened to a payment by ... (one or two sentences: what it is, what one message is).
//!
//! ## Setting it up
//!
//! 1. Where to click at New Gateway, and what to paste: the intake address that ipnd shows for this account.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `payment.completed` | `payment.completed` |
//!
//! ## How it signs
//!
//! HMAC-SHA256 over the body, in lower-case hexadecimal, in `X-Signature`.
//!
//! ## What it expects back
//!
//! An empty 200.
//!
//! ## Retries
//!
//! When, how often, for how long.
//!
//! ## Quirks
//!
//! * What surprises.
//!
//! ## Sources
//!
//! Which documents and programs, read when.

use crate::kit::common_settings::SIGNING_SECRET;
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, reply, time};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Said, Setting,
    Settings, Wants,
};
use ipnd_core::{Customer, Event, EventKind, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "new-gateway",
    name: "New Gateway",
    family: "new-gateway",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("new_gateway.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: &[EventKind::PaymentCompleted],
    retries: &[60, 300, 3_600],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::empty,
    wants: Wants::AnySuccess,
    compose,
    answer: None,
    checkout: None,
};

const SETTINGS: &[Setting] = &[Setting {
    help: Said {
        en: "Where New Gateway shows it.",
        de: "Wo New Gateway es zeigt.",
        es: "Dónde lo muestra New Gateway.",
        uk: "Де його показує New Gateway.",
    },
    sample: "sandbox-secret-of-nobody",
    ..SIGNING_SECRET
}];

const HEADER: &str = "x-signature";
const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match verify(request, settings) {
        Ok(verified) => Received::Proven(interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let given = request.only_header(HEADER)?;
    MAC.verify(request, settings.secrets("signing_secret"), &[&request.body], given)
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let message = match Json::of(verified) {
        Ok(message) => message,
        Err(reason) => return Interpretation::nothing(reason),
    };
    match message.text("type") {
        Some("payment.completed") => payment(&message, settings).into(),
        other => Interpretation::nothing(Reason::new("unknown_type", other.unwrap_or_default())),
    }
}

fn payment(message: &Json<'_>, settings: &Settings) -> Result<Event, Reason> {
    let missing = |field: &str| Reason::new("field_missing", field);
    let id = message.scalar("id").ok_or_else(|| missing("id"))?;
    let currency = amount::currency(message.text("currency").ok_or_else(|| missing("currency"))?)?;
    let kind = EventKind::PaymentCompleted;
    Ok(Event {
        amount: Some(amount::decimal(message.scalar("amount").ok_or_else(|| missing("amount"))?, currency)?),
        occurred_at: message.text("created").and_then(time::rfc3339),
        order_ref: message.first(&["order"]),
        transaction: Some(id.to_owned()),
        customer: Customer {
            name: message.first(&["customer.name"]),
            email: message.first(&["customer.email"]),
            ..Customer::default()
        },
        ..Event::new(kind, identity::of(kind, &[id]), settings.environment)
    })
}

fn compose(event: &Event, settings: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    if event.kind != EventKind::PaymentCompleted {
        return Err(cannot(event.kind.word()));
    }
    let amount = event.amount.ok_or_else(|| cannot("a payment without an amount"))?;
    let id = event.transaction.clone().unwrap_or_else(|| event.identity.clone());
    let customer = Json::of_fields([
        ("name", Json::of_some(event.customer.name.clone())),
        ("email", Json::of_some(event.customer.email.clone())),
    ]);
    let body = Json::of_fields([
        ("type", Json::of_text("payment.completed")),
        ("id", Json::of_text(id)),
        ("order", Json::of_some(event.order_ref.clone())),
        ("amount", Json::of_text(amount.decimal())),
        ("currency", Json::of_text(amount.currency().code())),
        ("created", Json::of_text(event.occurred_at.unwrap_or(now).to_string())),
        ("customer", customer),
    ])
    .to_string();
    let secret = settings.secrets("signing_secret").next().unwrap_or_default();
    let signature = MAC.sign(secret.as_bytes(), &[body.as_bytes()]);
    Ok(RawRequest::post("application/json", body).with(HEADER, signature))
}
