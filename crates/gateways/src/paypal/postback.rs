//! Proof by post-back, as all of PayPal's form messages have it: cheap checks, the question to PayPal, and what follows
//! from the answer.

use crate::kit::form::Form;
use crate::kit::postback::{Postback, Verdict};
use crate::kit::verified::Verified;
use crate::{Ask, AskedAnswer, Interpretation, RawRequest, Received, Resumed, Settings, Told};
use ipnd_core::{Environment, Reason};
use jiff::Timestamp;

/// `cmd` in front is the form of PayPal's integration guide.
const POSTBACK: Postback =
    Postback { prefix: "cmd=_notify-validate&", genuine: "VERIFIED", forged: "INVALID" };

const LIVE_URL: &str = "https://ipnpb.paypal.com/cgi-bin/webscr";
const SANDBOX_URL: &str = "https://ipnpb.sandbox.paypal.com/cgi-bin/webscr";

/// Doubling from ten seconds, up to four days.
pub(crate) const RETRIES: &[u32] =
    &[10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240, 20_480, 40_960, 81_920, 86_400];

/// One kind of message that is proved in this way.
pub(crate) struct Messages {
    /// Whether a variable of this name is read from a message, or tells a message from any other form.
    pub(crate) is_known: fn(&str) -> bool,
    pub(crate) interpret: fn(Verified<'_>, &Settings) -> Interpretation,
}

impl Messages {
    /// Looks only at the outside of the request, because nobody has proved yet where it comes from.
    pub(crate) fn receive(&self, request: &RawRequest, settings: &Settings) -> Received {
        match self.refusal(request, settings) {
            Some(reason) => Received::Refused(reason),
            None => Received::Ask(POSTBACK.ask(request, &postback_url(settings))),
        }
    }

    pub(crate) fn resume(
        &self,
        request: &RawRequest,
        settings: &Settings,
        answers: &[AskedAnswer],
    ) -> Resumed {
        if let Some(reason) = self.refusal(request, settings) {
            return Resumed::NotYetKnown(reason);
        }
        let Some(answer) = answers.first() else {
            return Resumed::Ask(POSTBACK.ask(request, &postback_url(settings)));
        };
        match POSTBACK.read(request, answer) {
            Verdict::Genuine(verified) => Resumed::Genuine((self.interpret)(verified, settings)),
            Verdict::Forged(reason) => Resumed::Forged(reason),
            Verdict::NotYetKnown(reason) => Resumed::NotYetKnown(reason),
        }
    }

    /// Why this cannot be a notification for a complete account. The content type is not looked at: it is missing or
    /// odd often enough, and the body speaks for itself.
    fn refusal(&self, request: &RawRequest, settings: &Settings) -> Option<Reason> {
        if settings.list("receivers").next().is_none() {
            return Some(Reason::new("settings_incomplete", "receivers"));
        }
        if let Err(reason) = request.must_be_posted() {
            return Some(reason);
        }
        let Ok(form) = Form::cut(&request.body) else {
            return Some(Reason::new("too_many_fields", ""));
        };
        if !form.fields().any(|field| (self.is_known)(&field.name)) {
            return Some(Reason::new("not_a_form", ""));
        }
        // The question to PayPal is this form with `cmd` in front; a `cmd` of the sender's own could change the
        // question.
        if form.fields().any(|field| field.name == "cmd") {
            return Some(Reason::new("duplicate_field", "cmd"));
        }
        form.repeated(self.is_known).map(|name| Reason::new("duplicate_field", name))
    }
}

/// PayPal's own side: it knows the bytes that it has sent.
pub(crate) fn answer(ask: &Ask, told: &[Told], _: &Settings, _: Timestamp) -> AskedAnswer {
    POSTBACK.answer(ask, told)
}

/// Live or sandbox belongs to the account and never to the message (T-A18).
fn postback_url(settings: &Settings) -> String {
    match settings.environment {
        Environment::Live => LIVE_URL.to_owned(),
        Environment::Sandbox => settings.get("postback_url").unwrap_or(SANDBOX_URL).to_owned(),
    }
}
