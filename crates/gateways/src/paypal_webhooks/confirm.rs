//! Confirmation by PayPal's API: what the signature does not prove, the API's own record does.
//!
//! A webhook's signature covers a checksum of the body that anybody can meet with another body (T-A13). So a message
//! only says where to look. What is told as proved is read from the record alone, and a message that says something
//! else than the record is refused.

use super::API_HOSTS;
use super::read;
use super::topic::Topic;
use crate::kit::fetch::{self, Fetched};
use crate::kit::json::Json;
use crate::kit::token::basic;
use crate::{Ask, AskedAnswer, Interpretation, Proof, RawRequest, Resumed, Settings};
use ipnd_core::{Environment, Event, EventKind, Reason};
use jiff::SignedDuration;

/// Tokens are good for nine hours from when PayPal first gave them out. Where one has run out, a new one is asked for.
const TOKEN_FRESH_FOR: SignedDuration = SignedDuration::from_hours(4);

/// Access to the API, if the account has any.
pub(super) struct Access<'s> {
    settings: &'s Settings,
    base: &'s str,
    client_id: &'s str,
    client_secret: &'s str,
}

impl<'s> Access<'s> {
    pub(super) fn of(settings: &'s Settings) -> Option<Self> {
        let base = match settings.environment {
            Environment::Live => API_HOSTS.live,
            Environment::Sandbox => settings.get("api_url").unwrap_or(API_HOSTS.sandbox),
        };
        Some(Self {
            settings,
            base: base.trim_end_matches('/'),
            client_id: settings.get("client_id")?,
            client_secret: settings.get("client_secret")?,
        })
    }

    fn ask_token(&self) -> Ask {
        let url = format!("{}/v1/oauth2/token", self.base);
        Ask::post(url, "application/x-www-form-urlencoded", "grant_type=client_credentials")
            .with("authorization", basic(self.client_id, self.client_secret))
            .secret()
    }

    /// Goes on after the certificate: a token, then the record at `path`. `answers` are those from the token on.
    pub(super) fn proceed(
        &self,
        request: &RawRequest,
        claim: &Claim<'_>,
        path: &str,
        answers: &[AskedAnswer],
    ) -> Result<Resumed, Resumed> {
        let Some(token) = answers.first() else {
            return Ok(Resumed::Ask(self.ask_token().fresh_for(TOKEN_FRESH_FOR)));
        };
        let found = fetch::read(request, token, "access token").found()?;
        let Some(record) = answers.get(1) else {
            let ask = Ask::get(format!("{}{path}", self.base));
            return Ok(Resumed::Ask(ask.with("authorization", format!("Bearer {}", bearer(found.body())?))));
        };
        if record.status == 401 && token.is_remembered && answers.len() == 2 {
            // It has run out. The new one serves the next time.
            return Ok(Resumed::Ask(self.ask_token()));
        }
        let record = match fetch::read(request, record, path) {
            Fetched::Found(verified) => verified,
            // The signature is PayPal's, so the record will be there: messages may come before it (or the access data
            // are those of another app).
            Fetched::Unknown(reason) | Fetched::Unclear(reason) => return Err(Resumed::NotYetKnown(reason)),
        };
        let record = Json::of(record).map_err(|reason| unclear(&reason.code))?;
        claim.hold_against(&record, self.settings).map(Resumed::Genuine)
    }
}

fn unclear(detail: &str) -> Resumed {
    Resumed::NotYetKnown(Reason::new("api_unclear", detail))
}

/// A token in the answer that can stand in a header.
fn bearer(body: &[u8]) -> Result<String, Resumed> {
    let answer = Json::parse(body).map_err(|reason| unclear(&reason.code))?;
    let token = answer.text("access_token").filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()));
    token.map(str::to_owned).ok_or_else(|| unclear("access_token"))
}

/// What a message says, with nothing but a weak signature.
pub(super) struct Claim<'m> {
    pub(super) topic: Topic,
    pub(super) resource: &'m Json<'m>,
    pub(super) event: Event,
}

impl Claim<'_> {
    fn hold_against(&self, record: &Json<'_>, settings: &Settings) -> Result<Interpretation, Resumed> {
        let contradicts = |what: &str| Reason::new("api_contradicts", what);
        if self.topic.id(record) != self.topic.id(self.resource) {
            return Err(Resumed::Forged(contradicts("id")));
        }
        // The record may be behind the message for a while, so a status that does not fit is no forgery yet.
        let own = read::event(self.topic, record, settings).map_err(|reason| {
            Resumed::NotYetKnown(contradicts(&format!("{} {}", reason.code, reason.detail)))
        })?;
        // What was completed may have been refunded by now. That is other news, and has a message of its own.
        let is_completed = own.kind == EventKind::PaymentCompleted;
        let status = if is_completed { self.event.status.clone() } else { own.status.clone() };
        let own = Event { status, ..own };
        let moves_money = !matches!(self.topic, Topic::Dispute(_) | Topic::Subscription(_));
        if moves_money && own.amount != self.event.amount {
            return Err(Resumed::Forged(contradicts("amount")));
        }
        match (&self.event.order_ref, &own.order_ref) {
            (Some(claimed), Some(known)) if claimed != known => {
                Err(Resumed::Forged(contradicts("invoice_id, custom_id")))
            }
            // Not every record of the older API names the order. Then nothing proves which one it is.
            (Some(claimed), None) => {
                let event =
                    Event { order_ref: Some(claimed.clone()), custom: self.event.custom.clone(), ..own };
                Ok(Interpretation::event(event).at_most(Proof::Weak))
            }
            _ => Ok(Interpretation::event(own)),
        }
    }
}
