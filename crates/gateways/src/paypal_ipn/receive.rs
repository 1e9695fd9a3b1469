//! From a request to its worth: cheap checks, the question to PayPal, and what follows from the answer.

use super::{fields, interpret};
use crate::kit::form::Form;
use crate::kit::postback::{Postback, Verdict};
use crate::{Ask, AskedAnswer, RawRequest, Received, Resumed, Settings, Told};
use ipnd_core::{Environment, Reason};
use jiff::Timestamp;

/// `cmd` in front is the form of PayPal's integration guide.
const POSTBACK: Postback =
    Postback { prefix: "cmd=_notify-validate&", genuine: "VERIFIED", forged: "INVALID" };

const LIVE_URL: &str = "https://ipnpb.paypal.com/cgi-bin/webscr";
const SANDBOX_URL: &str = "https://ipnpb.sandbox.paypal.com/cgi-bin/webscr";

/// Looks only at the outside of the request, because nobody has proved yet where it comes from.
pub(super) fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match refusal(request, settings) {
        Some(reason) => Received::Refused(reason),
        None => Received::Ask(POSTBACK.ask(request, &postback_url(settings))),
    }
}

pub(super) fn resume(
    request: &RawRequest,
    settings: &Settings,
    answers: &[AskedAnswer],
    _: Timestamp,
) -> Resumed {
    if let Some(reason) = refusal(request, settings) {
        return Resumed::NotYetKnown(reason);
    }
    let Some(answer) = answers.first() else {
        return Resumed::Ask(POSTBACK.ask(request, &postback_url(settings)));
    };
    match POSTBACK.read(request, answer) {
        Verdict::Genuine(verified) => Resumed::Genuine(interpret::interpret(verified)),
        Verdict::Forged(reason) => Resumed::Forged(reason),
        Verdict::NotYetKnown(reason) => Resumed::NotYetKnown(reason),
    }
}

/// PayPal's own side: it knows the bytes that it has sent.
pub(super) fn answer(ask: &Ask, told: &[Told], _: &Settings, _: Timestamp) -> AskedAnswer {
    POSTBACK.answer(ask, told)
}

/// Why this cannot be a notification for a complete account. The content type is not looked at: it is missing or odd
/// often enough, and the body speaks for itself.
fn refusal(request: &RawRequest, settings: &Settings) -> Option<Reason> {
    if settings.list("receivers").next().is_none() {
        return Some(Reason::new("settings_incomplete", "receivers"));
    }
    if request.method != "POST" {
        return Some(Reason::new("not_post", &request.method));
    }
    if request.body.is_empty() {
        return Some(Reason::new("body_empty", ""));
    }
    let Ok(form) = Form::cut(&request.body) else {
        return Some(Reason::new("too_many_fields", ""));
    };
    if !form.fields().any(|field| fields::is_known(&field.name)) {
        return Some(Reason::new("not_a_form", ""));
    }
    // The question to PayPal is this form with `cmd` in front; a `cmd` of the sender's own could change the question.
    if form.fields().any(|field| field.name == "cmd") {
        return Some(Reason::new("duplicate_field", "cmd"));
    }
    form.repeated(fields::is_known).map(|name| Reason::new("duplicate_field", name))
}

/// Live or sandbox belongs to the account and never to the message (T-A18).
fn postback_url(settings: &Settings) -> String {
    match settings.environment {
        Environment::Live => LIVE_URL.to_owned(),
        Environment::Sandbox => settings.get("postback_url").unwrap_or(SANDBOX_URL).to_owned(),
    }
}
