//! A sender that a shop describes itself, in configuration: its proof, its fields and its words, out of the same
//! mechanisms that every other gateway is made of. The page about it, with the whole language of descriptions, is
//! `documentation.md`.

mod content;
mod description;
mod fields_section;

mod proof;
mod proof_section;
mod settings;
mod signed;
mod toml_table;

#[cfg(test)]
mod tests;

use crate::kit::asymmetric::{PublicKey, Scheme};
use crate::kit::json::Json;
use crate::kit::mapping::Path;
use crate::kit::verified::Verified;
use crate::try_out::ReadField;
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Repeats, Reply,
    SettingFault, Settings, Wants,
};
use description::Description;
use ipnd_core::{Event, EventKind, Reason};
use jiff::Timestamp;
use std::sync::Arc;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "custom",
    name: "Custom",
    family: "",
    // What an account's messages are worth follows from its description, message by message.
    proof: Proof::Weak,
    covers: Covers::Fields(&["what the description says is signed"]),
    documentation: include_str!("documentation.md"),
    settings: settings::SETTINGS,
    receivers: None,
    tells: TELLS,
    retries: &[60, 300, 1_800, 7_200, 21_600, 43_200, 86_400],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply,
    wants: Wants::Reply,
    compose,
    answer: None,
    checkout: None,
};

/// What the sample description has words for.
const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentExpired,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::ReversalMade,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionCancelled,
];

/// The account's description. Settings have been checked, so it can be read.
fn described(settings: &Settings) -> Result<Arc<Description>, Reason> {
    let text = settings.get("description").unwrap_or_default();
    Description::of(text).map_err(|fault| Reason::new("settings_incomplete", fault))
}

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match described(settings)
        .and_then(|own| Ok(interpret(verify(request, &own, settings, now)?, &own, settings)))
    {
        Ok(interpretation) => Received::Proven(interpretation),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(
    request: &'a RawRequest,
    own: &Description,
    settings: &Settings,
    now: Timestamp,
) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let content = if own.mechanism.reads_content() { own.format.read(&request.body)? } else { Json::Null };
    own.mechanism.verify(request, &content, settings, now)
}

fn interpret(verified: Verified<'_>, own: &Description, settings: &Settings) -> Interpretation {
    let read =
        own.format.read(verified.body()).and_then(|content| own.mapping.read(&content, settings.environment));
    let interpretation = match read {
        Ok(events) => Interpretation::events(events),
        Err(reason) => Interpretation::nothing(reason),
    };
    interpretation.at_most(own.worth())
}

fn reply(_: &RawRequest, settings: &Settings, outcome: Outcome, _: Timestamp) -> Reply {
    let Ok(own) = described(settings) else { return Reply::empty(400) };
    match outcome {
        Outcome::Accepted | Outcome::Duplicate | Outcome::Probed => own.accepted.clone(),
        Outcome::Refused => own.refused.clone(),
    }
}

fn compose(event: &Event, settings: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: String| CannotCompose { gateway: GATEWAY.id, what };
    let own = described(settings).map_err(|reason| cannot(reason.detail))?;
    let mut content = own.mapping.write(event, settings.environment, now).map_err(cannot)?;
    let write =
        |content: &Json<'_>| Ok(RawRequest::post(own.format.content_type(), own.format.write(content)?));
    own.mechanism.sign(&mut content, settings, now, &write).map_err(cannot)
}

/// What the description finds in a request, and how much its proof is worth, for people to see. Nothing may be decided by
/// it: the request may be anybody's.
pub(crate) fn explain(request: &RawRequest, settings: &Settings) -> Result<Explained, Reason> {
    let own = described(settings)?;
    let content = own.format.read(&request.body)?;
    let found = |(name, path): (&'static str, &Path)| ReadField {
        name,
        path: path.to_string(),
        value: path.find(&content).map(str::to_owned),
    };
    Ok(Explained { fields: own.mapping.places().map(found).collect(), weakness: own.weakness() })
}

pub(crate) struct Explained {
    pub(crate) fields: Vec<ReadField>,
    pub(crate) weakness: Option<String>,
}

/// Whether a text can be a public key of any kind that descriptions know.
fn is_public_key(text: &str) -> Result<(), SettingFault> {
    let schemes = [Scheme::RsaSha256, Scheme::EcdsaP256Sha256, Scheme::EcdsaK256Sha256, Scheme::Ed25519];
    if schemes.iter().any(|scheme| PublicKey::from_pem(*scheme, text).is_ok()) {
        return Ok(());
    }
    Err(SettingFault::Malformed("a public key (RSA, ECDSA P-256 or secp256k1, Ed25519), in PEM".to_owned()))
}
