//! What goes to and fro between a gateway and ipnd, as values.

use super::Proof;
use ipnd_core::order::Item;
use ipnd_core::{Customer, Event, Language, Money, Reason};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// One HTTP request as it came. Never changed afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawRequest {
    pub method: String,
    /// Without the question mark; empty when there is none.
    pub query: String,
    /// In the order of arrival; names in lower case; values as text, bytes that are not ASCII replaced.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl RawRequest {
    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The only header of this (lower-case) name. A header that carries a proof must not come twice: a proxy and we
    /// might look at different ones.
    ///
    /// # Errors
    /// `signature_missing`, and `duplicate_field` when it came more than once.
    pub fn only_header(&self, name: &str) -> Result<&str, Reason> {
        let mut values = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let value = values.next().ok_or_else(|| Reason::new("signature_missing", name))?;
        if values.next().is_some() {
            return Err(Reason::new("duplicate_field", name));
        }
        Ok(value)
    }

    /// # Errors
    /// `not_post`, `body_empty`.
    pub fn must_be_posted(&self) -> Result<(), Reason> {
        if self.method != "POST" {
            return Err(Reason::new("not_post", &self.method));
        }
        if self.body.is_empty() {
            return Err(Reason::new("body_empty", ""));
        }
        Ok(())
    }

    /// A POST with a body, as gateways send them.
    #[must_use]
    pub fn post(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// The same request with one more header. `name` is in lower case.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What a request is worth.
#[derive(Clone, Debug)]
pub enum Received {
    /// Proved by itself.
    Proven(Interpretation),
    /// The gateway has to be asked.
    Ask(Ask),
    /// Somebody only looks whether anybody answers at this address. Nothing is kept.
    Probe,
    /// Not acceptable; the sender hears a 4xx and the reason is counted.
    Refused(Reason),
}

/// What a genuine notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpretation {
    /// Empty when there is nothing to do, or when it could not be read.
    pub events: Vec<Event>,
    /// Why there are no events, or what could not be read beside them.
    pub remark: Option<Reason>,
    /// How well what is said here is proved. Anything less than strong pays no order without the owner.
    pub proof: Proof,
}

impl Interpretation {
    /// One event, proved in everything that moves money.
    #[must_use]
    pub fn event(event: Event) -> Self {
        Self::events(vec![event])
    }

    /// Events that are proved in everything that moves money.
    #[must_use]
    pub fn events(events: Vec<Event>) -> Self {
        Self { events, remark: None, proof: Proof::Strong }
    }

    /// Genuine, and no event follows from it.
    #[must_use]
    pub fn nothing(reason: Reason) -> Self {
        Self { events: Vec::new(), remark: Some(reason), proof: Proof::Strong }
    }

    /// The same, with no more than this proof.
    #[must_use]
    pub fn at_most(mut self, proof: Proof) -> Self {
        self.proof = self.proof.min(proof);
        self
    }
}

/// From one event or the reason why there is none.
impl From<Result<Event, Reason>> for Interpretation {
    fn from(read: Result<Event, Reason>) -> Self {
        match read {
            Ok(event) => Self::event(event),
            Err(reason) => Self::nothing(reason),
        }
    }
}

/// A question to the gateway: a described request that the shell performs under the outgoing guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// An earlier answer (status 200) to exactly this question of the same account will do if it is no older than
    /// this: for keys, certificates and access tokens. `None` asks anew every time.
    pub fresh_for: Option<SignedDuration>,
    /// The answer holds a secret, such as an access token: it is used and never written down.
    pub is_secret: bool,
}

impl Ask {
    /// A GET that has to be answered anew.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            fresh_for: None,
            is_secret: false,
        }
        .with("accept", "application/json")
        .with("user-agent", concat!("ipnd/", env!("CARGO_PKG_VERSION")))
    }

    /// A POST that has to be answered anew.
    #[must_use]
    pub fn post(url: impl Into<String>, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let ask = Self { method: "POST", body: body.into(), ..Self::get(url) };
        ask.with("content-type", content_type)
    }

    /// The same question with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same question, for which an answer that is at most this old will do.
    #[must_use]
    pub fn fresh_for(self, age: SignedDuration) -> Self {
        Self { fresh_for: Some(age), ..self }
    }

    /// The same question, whose answer holds a secret.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The address behind the host, with the query: what the asked side sees.
    #[must_use]
    pub fn target(&self) -> &str {
        let behind_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        behind_scheme.find('/').map_or("/", |at| &behind_scheme[at..])
    }
}

/// What came back. A connection that failed is no answer; the shell asks again later without calling `resume`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedAnswer {
    pub status: u16,
    /// Cut off at the outgoing response limit, with `complete` false.
    pub body: Vec<u8>,
    pub complete: bool,
    /// Whether this is an earlier answer to the same question ([`Ask::fresh_for`]). What does not fit it may fit a
    /// new one.
    pub is_remembered: bool,
}

impl AskedAnswer {
    /// A complete answer that has just come.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), complete: true, is_remembered: false }
    }
}

#[derive(Clone, Debug)]
pub enum Resumed {
    Genuine(Interpretation),
    /// The gateway says that it never sent this.
    Forged(Reason),
    /// The gateway did not say. Asked again with growing pauses; never guessed.
    NotYetKnown(Reason),
    /// One more question, at most [`ipnd_core::limits::ASKS_MAX`] in all.
    Ask(Ask),
}

/// Something that was told, as the one who plays the gateway remembers it.
#[derive(Clone, Debug)]
pub struct Told {
    pub event: Event,
    pub request: RawRequest,
}

/// How an accepted or refused request ended, as far as the sender is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Duplicate,
    /// It was no message, only a look whether anybody answers.
    Probed,
    /// The message is not acceptable and will not become so.
    Refused,
}

/// What the sender hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: Option<&'static str>,
    pub body: String,
}

impl Reply {
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, content_type: None, body: String::new() }
    }

    #[must_use]
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: Some("text/plain; charset=utf-8"), body: body.into() }
    }

    #[must_use]
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self { status, content_type: Some("application/json"), body: body.into() }
    }
}

/// An order on its way to the gateway.
#[derive(Clone, Debug)]
pub struct Checkout {
    pub reference: String,
    pub items: Vec<Item>,
    pub total: Money,
    pub customer: Customer,
    pub language: Language,
    /// Passed along and returned untouched.
    pub custom: String,
    pub notify_url: String,
    pub return_url: String,
    pub cancel_url: String,
}

/// A form that the customer's browser posts to the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutForm {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

/// The gateway has no words for such an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{gateway} has no message for {what}")]
pub struct CannotCompose {
    pub gateway: &'static str,
    pub what: String,
}
