//! One attempt: the request that is sent, and what its answer means.

use super::schedule::Tried;
use super::{expression, schedule};
use crate::client::Answer;
use ipnd_core::Reason;
use ipnd_core::limits::REPLY_BYTES_KEPT;
use ipnd_gateways::RawRequest;
use ipnd_gateways::dialect::{CannotTell, Dialect, Sending, content_of};
use ipnd_store::{DeliveryOutcome, DueDelivery, Endpoint};
use jiff::{SignedDuration, Timestamp};

/// What one attempt sends.
#[derive(Debug)]
pub struct Prepared {
    pub request: RawRequest,
    pub url: String,
    /// Whether the receiver will ask back about the body.
    pub is_asked_back: bool,
    dialect: Dialect,
    keys: Vec<String>,
}

/// Writes the request of an attempt.
///
/// # Errors
/// The outcome, where there is nothing to send.
pub fn prepare(due: &DueDelivery, source: &str, now: Timestamp) -> Result<Prepared, DeliveryOutcome> {
    let plan = &due.endpoint.plan;
    let skipped = |code: &str, detail: &str| DeliveryOutcome::Skipped { reason: Reason::new(code, detail) };
    let Some(dialect) = Dialect::find(&plan.dialect) else {
        return Err(skipped("dialect_cannot_tell", &plan.dialect));
    };
    let wanted = plan.filter.expression.as_str();
    if !wanted.is_empty() && due.notice.event.is_some() {
        match expression::holds(wanted, &content_of(&due.notice)) {
            Ok(true) => {}
            Ok(false) => return Err(skipped("endpoint_filter", "")),
            // What cannot be decided is told: a receiver can leave out what it does not want, not get what it never heard.
            Err(problem) => tracing::warn!(endpoint = %due.endpoint.id, problem, "a filter does not work"),
        }
    }
    let keys = due.endpoint.keys_at(now);
    let mut request =
        dialect.write(&due.notice, &sending(due, &keys, source, now)).map_err(|error| match error {
            CannotTell::Compose(cannot) => skipped("dialect_cannot_tell", &cannot.to_string()),
            CannotTell::Unsigned(why) => {
                DeliveryOutcome::Failed { reason: Reason::new("endpoint_key_unusable", why), is_gone: false }
            }
        })?;
    request.headers.extend(plan.headers.iter().cloned());
    let url = address(&due.endpoint, &request);
    Ok(Prepared { request, url, is_asked_back: dialect.is_asked_back(), dialect, keys })
}

fn sending<'a>(due: &'a DueDelivery, keys: &'a [String], source: &'a str, now: Timestamp) -> Sending<'a> {
    Sending { id: &due.message_id, keys, settings: &due.endpoint.plan.settings, source, now }
}

/// Some forms have a part of the message in the query.
fn address(endpoint: &Endpoint, request: &RawRequest) -> String {
    let url = endpoint.plan.url.as_deref().unwrap_or_default();
    if request.query.is_empty() {
        return url.to_owned();
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{}", request.query)
}

/// What an answer, or that there was none and why, means for the delivery.
#[must_use]
pub fn judge(
    due: &DueDelivery,
    prepared: &Prepared,
    answered: Result<&Answer, Reason>,
    now: Timestamp,
) -> DeliveryOutcome {
    let answer = match answered {
        Ok(answer) => answer,
        Err(reason) => return down(reason, None, now),
    };
    let sending = sending(due, &prepared.keys, "", now);
    if prepared.dialect.is_content(&prepared.request, &sending, answer.status, &answer.body) {
        return DeliveryOutcome::Delivered;
    }
    let asked = answer.retry_after.as_deref().and_then(|value| schedule::retry_after(value, now));
    match answer.status {
        410 => DeliveryOutcome::Failed { reason: Reason::new("endpoint_gone", ""), is_gone: true },
        300..=399 => {
            let location = answer.location.as_deref().unwrap_or_default();
            later(due, Reason::new("endpoint_redirects", location), None, now)
        }
        // A good status and another text than the form's receivers answer with.
        200..=299 => later(due, Reason::new("endpoint_reply", excerpt(&answer.body)), None, now),
        // Too much at the moment, or nobody behind a proxy: that is about the receiver, not about this message.
        status @ (429 | 502 | 503 | 504) => {
            down(Reason::new("endpoint_status", status.to_string()), asked, now)
        }
        status => later(due, Reason::new("endpoint_status", status.to_string()), asked, now),
    }
}

/// Nobody was reached.
fn down(reason: Reason, asked: Option<SignedDuration>, now: Timestamp) -> DeliveryOutcome {
    let again_at = now.saturating_add(asked.unwrap_or_default()).expect("at most a day");
    DeliveryOutcome::Later { reason, again_at, is_down: true }
}

/// Somebody was reached, and did not take it.
fn later(
    due: &DueDelivery,
    reason: Reason,
    asked: Option<SignedDuration>,
    now: Timestamp,
) -> DeliveryOutcome {
    let tried = Tried { tries: due.tries, created_at: due.created_at };
    match schedule::next_at(now, tried, asked) {
        Some(again_at) => DeliveryOutcome::Later { reason, again_at, is_down: false },
        None => DeliveryOutcome::Failed { reason, is_gone: false },
    }
}

/// The beginning of what a receiver answered, to be shown to the owner.
#[must_use]
pub fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(REPLY_BYTES_KEPT)]).into_owned();
    let mut text = text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    while text.len() > REPLY_BYTES_KEPT {
        text.pop();
    }
    text
}
