//! Standard Webhooks is a way to sign messages that many services share, among them all that deliver through Svix. It
//! says who is speaking and not what about: what the messages of a sender mean, its shop describes here.
//!
//! ## Setting it up
//!
//! 1. Where the sender has you add a webhook (an *endpoint*), paste the intake address that ipnd shows for this account
//!    and choose the events that are about payments.
//! 2. Copy the endpoint's key and paste it here: a *signing secret* (`whsec_...`) or, where the sender signs with
//!    Ed25519, its *public key* (`whpk_...`). One of the two is enough.
//! 3. Leave *What messages mean* unconfirmed and let a few real or test messages come. They are kept, and nothing
//!    follows from them.
//! 4. Compare them with the fields and the table of types, name other fields where the usual ones do not fit, and say
//!    which type means what. Then confirm.
//! 5. Make the sender's test mode an account of its own, in the sandbox environment.
//!
//! A gateway that ipnd knows by name is better set up under its name: its amounts, refunds and disputes are known there.
//!
//! ## What it sends
//!
//! Usually `{"type": "payment.succeeded", "timestamp": "...", "data": {...}}`. Unless the table of the account says
//! otherwise, the end of the type decides:
//!
//! | type | event here |
//! |---|---|
//! | `*.succeeded`, `*.paid`, `*.completed` | `payment.completed` |
//! | `*.authorized` | `payment.authorized` |
//! | `*.pending`, `*.processing` | `payment.pending` |
//! | `*.underpaid` | `payment.underpaid` |
//! | `*.failed`, `*.declined` | `payment.failed` |
//! | `*.canceled`, `*.cancelled` | `payment.voided` |
//! | `*.expired` | `payment.expired` |
//! | `*.refunded`, `*refund.succeeded`, `*refund.completed`, `*refund.paid` | `refund.completed` |
//! | `*refund.created`, `*refund.pending`, `*refund.processing` | `refund.pending` |
//! | `*refund.failed`, `*refund.canceled` | `refund.failed` |
//! | `*dispute*.created`, `*dispute*.opened`, and so for `*chargeback*` | `dispute.opened` |
//! | `*dispute*.updated`, `*dispute*.won`, `*dispute*.lost` | `dispute.updated`, `dispute.won`, `dispute.lost` |
//! | `*subscription.created`, `.updated`, `.paused`, `.past_due`, `.canceled`, `.expired` | `subscription.*` |
//! | `*.test`, `*.ping` | a test |
//!
//! Other types are kept as unknown, among them everything else about refunds, disputes and subscriptions, and all about
//! payouts and transfers. A line of the table such as `charge.done = payment.completed` comes before these; `*` stands
//! for anything, `nothing` on the right passes messages over, and `total` behind a kind says that the amount is the sum
//! so far.
//!
//! ## How it signs
//!
//! `webhook-id`, `webhook-timestamp` and `webhook-signature`, or the same three beginning with `svix-`. The signatures,
//! with spaces between them, cover id, time and body with full stops in between: `v1,BASE64` is HMAC-SHA256 with the
//! bytes that the secret stands for in Base64, `v1a,BASE64` is Ed25519. Which of them counts is decided by the keys of
//! the account: a public key is never used as a secret. One signature that fits is enough, so keys can be changed without
//! a gap. A message may be five minutes old or early.
//!
//! ## What it expects back
//!
//! Any 2xx within 15 seconds. A redirect counts as a failure.
//!
//! ## Retries
//!
//! Each sender has its own; the standard's example is after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10, 14, 20 and 24
//! hours, each time with a new time and signature and the same id.
//!
//! ## Quirks
//!
//! * Amounts are whole numbers of the smallest unit unless the account says that they are in whole units.
//! * Two messages with one id count once. Where a sender gives a message a new id when it is sent by hand, name the fields
//!   that tell news apart.
//! * If a sender tells of one payment by two types of message with different ids of the payment, only one of the two may
//!   mean `payment.completed`.
//! * Times in milliseconds in the header are refused; no sender that keeps to the standard writes them.
//!
//! ## Sources
//!
//! The specification of Standard Webhooks and its libraries; Svix's documentation and server; read in November 2026.

mod description;
mod settings;
mod types;

use crate::kit::asymmetric::{PublicKey, Scheme, SigningKey, published};
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::reply;
use crate::kit::verified::Verified;
use crate::kit::webhook_headers::{STANDARD, SVIX, V1, V1A, WebhookHeaders, key_bytes};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Settings, Wants,
};
use description::Description;
use ipnd_core::{Environment, Event, EventKind, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "standard-webhooks",
    name: "Standard Webhooks",
    family: "",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("mod.rs"),
    settings: settings::TABLE,
    receivers: None,
    tells: TELLS,
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

/// What the usual table has a type for.
const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentUnderpaid,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentVoided,
    EventKind::PaymentExpired,
    EventKind::RefundPending,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::DisputeOpened,
    EventKind::DisputeUpdated,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
];

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::Base64);

/// Prefixes of the two kinds of keys.
const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_PREFIX: &str = "whpk_";

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match verify(request, settings, now) {
        Ok((verified, message_id)) => Received::Proven(interpret(verified, message_id, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

/// The message and its id, which is as proved as the body.
fn verify<'a>(
    request: &'a RawRequest,
    settings: &Settings,
    now: Timestamp,
) -> Result<(Verified<'a>, &'a str), Reason> {
    request.must_be_posted()?;
    let headers = WebhookHeaders::of(request, &[STANDARD, SVIX])?;
    let text = headers.text(&request.body);
    let verified = signed(request, settings, &headers, &text)?;
    headers.check_time(now)?;
    Ok((verified, headers.id))
}

/// Each kind of key looks only at the signatures of its own version (T-A07).
fn signed<'a>(
    request: &'a RawRequest,
    settings: &Settings,
    headers: &WebhookHeaders<'_>,
    text: &[&[u8]],
) -> Result<Verified<'a>, Reason> {
    let secrets: Vec<Vec<u8>> = secrets(settings).collect();
    let public_keys: Vec<&str> = settings.list(settings::PUBLIC_KEY.key).collect();
    if secrets.is_empty() && public_keys.is_empty() {
        return Err(Reason::new("secret_unusable", "neither a signing secret nor a public key"));
    }
    let mut failed = None;
    if !secrets.is_empty() {
        match MAC.verify_any(request, &secrets, text, headers.signatures(V1)) {
            Ok(verified) => return Ok(verified),
            Err(reason) => failed = Some(reason),
        }
    }
    for text_of_key in public_keys {
        if settings.environment == Environment::Live && is_published(text_of_key) {
            failed = Some(Reason::new("test_account_only", "a published key"));
            continue;
        }
        let key = public_key(text_of_key)?;
        for given in headers.signatures(V1A) {
            match key.verify_text(request, text, given, Encoding::Base64) {
                Ok(verified) => return Ok(verified),
                Err(reason) => failed = Some(reason),
            }
        }
    }
    Err(failed
        .unwrap_or_else(|| Reason::new("signature_malformed", "no signature of the account's kind of key")))
}

/// The secrets that can be used. One without any bytes proves nothing and is passed over (T-A06).
fn secrets(settings: &Settings) -> impl Iterator<Item = Vec<u8>> {
    let texts = settings.secrets(settings::SECRET.key);
    texts.filter_map(|text| key_bytes(SECRET_PREFIX, text)).filter(|bytes| !bytes.is_empty())
}

fn public_key(text: &str) -> Result<PublicKey, Reason> {
    let unusable = || Reason::new("key_unusable", text.chars().take(16).collect::<String>());
    let bytes = key_bytes(PUBLIC_PREFIX, text).filter(|bytes| bytes.len() == 32);
    PublicKey::from_raw(Scheme::Ed25519, &bytes.ok_or_else(unusable)?)
}

/// Whether it is the sandbox's own key. Anybody can sign with that, so no account for live money may trust it.
fn is_published(text: &str) -> bool {
    // In the PEM a head of twelve bytes stands in front of the key, and so whole groups of Base64.
    key_bytes(PUBLIC_PREFIX, text).is_some_and(|bytes| {
        bytes.len() == 32 && published::ED25519_PUBLIC.contains(&Encoding::Base64.encode(&bytes))
    })
}

fn interpret(verified: Verified<'_>, message_id: &str, settings: &Settings) -> Interpretation {
    match Json::of(verified) {
        Ok(content) => Description { settings }.read(&content, message_id).into(),
        Err(reason) => Interpretation::nothing(reason),
    }
}

fn compose(event: &Event, settings: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: String| CannotCompose { gateway: GATEWAY.id, what };
    let digest = Algorithm::Sha256.compute(&[], &[event.identity.as_bytes()]);
    let fresh = Encoding::HexLower.encode(&digest[..12]);
    // What is told again keeps its id.
    let is_own = |part: &&str| {
        part.starts_with("msg_") && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let known = event.identity.split('/').skip(1).find(is_own);
    let id = known.map_or_else(|| format!("msg_{fresh}"), str::to_owned);
    let body = Description { settings }.write(event, &fresh, now).map_err(cannot)?.to_string();
    let signed_at = now.as_second().to_string();
    let text: [&[u8]; 5] = [id.as_bytes(), b".", signed_at.as_bytes(), b".", body.as_bytes()];
    let mut signatures: Vec<String> =
        secrets(settings).map(|secret| format!("{V1},{}", MAC.sign(&secret, &text))).collect();
    if settings.list(settings::PUBLIC_KEY.key).any(is_published) {
        let key = SigningKey::from_pem(Scheme::Ed25519, published::ED25519_PRIVATE);
        let signed = key.and_then(|key| key.sign(&text)).map_err(|reason| cannot(reason.detail))?;
        signatures.push(format!("{V1A},{}", Encoding::Base64.encode(&signed)));
    }
    if signatures.is_empty() {
        return Err(cannot("anything without a key to sign with".to_owned()));
    }
    Ok(RawRequest::post("application/json", body)
        .with("webhook-id", id)
        .with("webhook-timestamp", signed_at)
        .with("webhook-signature", signatures.join(" ")))
}

#[cfg(test)]
mod tests;
