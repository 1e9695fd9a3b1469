//! Examples of PayPal's webhooks. Those with a genuine signature are checked with the certificate and the clock that
//! stand beside them; the others are signed with the published key of the sandbox, so that they go the same way.

use super::examples::{Example, compare_event};
use crate::drive::{Decided, decide};
use crate::{AskedAnswer, Interpretation, Proof, RawRequest, Settings, paypal_webhooks};
use ipnd_core::Environment;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a line of kind `webhook` has besides.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WebhookExample {
    headers: BTreeMap<String, String>,
    webhook_id: Option<String>,
    signature_valid: bool,
    valid_at: Option<Timestamp>,
    cert_pem: Option<String>,
    crc32: Option<u32>,
    /// The payment that a refund belongs to.
    capture_id: Option<String>,
}

/// When examples without a clock of their own take place.
const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// Everything about an example that is not as expected.
pub(super) fn problems(example: &Example) -> Vec<String> {
    let interpretation = match interpret(example) {
        Ok(interpretation) => interpretation,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    compare_event(example, &interpretation, &mut problems);
    if interpretation.proof != Proof::Weak {
        problems.push("a checksum must prove no more than weakly".to_owned());
    }
    let payment = interpretation.events.first().and_then(|event| event.parent.as_deref());
    let expected = example.webhook.capture_id.as_deref();
    if expected.is_some() && expected != payment {
        problems.push(format!("capture_id: expected {expected:?}, got {payment:?}"));
    }
    problems
}

/// What ipnd makes of an example without access to PayPal's API.
fn interpret(example: &Example) -> Result<Interpretation, String> {
    let own = &example.webhook;
    let now = own.valid_at.unwrap_or(NOW);
    let id = own.webhook_id.clone().unwrap_or_else(|| "5SANDBOX0OF0IPND0".to_owned());
    let values = BTreeMap::from([("webhook_id".to_owned(), id)]);
    let settings = Settings::check(paypal_webhooks::GATEWAY.settings, Environment::Sandbox, values);
    let settings = settings.map_err(|problems| format!("{problems:?}"))?;
    let request = if own.signature_valid {
        RawRequest {
            headers: own.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            ..RawRequest::post("application/json", example.body.as_bytes())
        }
    } else {
        paypal_webhooks::signed_for_sandbox(example.body.clone(), &example.name, &settings, now)
            .map_err(|reason| reason.code)?
    };
    if own.crc32.is_some_and(|checksum| checksum != crc32fast::hash(&request.body)) {
        return Err("the checksum is another one".to_owned());
    }
    let certificate = |pem: &str| AskedAnswer::new(200, pem);
    let own_certificate = match &own.cert_pem {
        Some(pem) => certificate(pem),
        None => certificate(paypal_webhooks::SANDBOX_CERTIFICATE),
    };
    let decided = |request: &RawRequest, now: Timestamp| {
        decide(&paypal_webhooks::GATEWAY, request, &settings, now, &mut |_| Some(own_certificate.clone()))
    };
    // Another body must not be accepted with the same signature.
    let bent = RawRequest { body: [&request.body[..], b" "].concat(), ..request.clone() };
    if matches!(decided(&bent, now), Decided::Genuine(_)) {
        return Err("accepted with another body".to_owned());
    }
    match decided(&request, now) {
        Decided::Genuine(interpretation) => Ok(interpretation),
        other => Err(format!("not accepted: {other:?}")),
    }
}
