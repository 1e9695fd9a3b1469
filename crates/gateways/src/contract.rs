//! What every gateway is: one value of this shape, made in one source file.
//!
//! All functions are pure: no input or output, no clock, no randomness. Time is an argument.

use ipnd_core::order::Item;
use ipnd_core::{Customer, Environment, Event, Language, Money, Reason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kind of sender.
pub struct Gateway {
    /// Stable, lower-case, used in addresses, the database and the API: `paypal-ipn`.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Gateways of one family tell of the same transactions, so the same event told by two of them counts once.
    pub family: &'static str,
    pub proof: Proof,
    /// The documentation page, in Markdown: the head of the gateway's own source file.
    pub documentation: &'static str,
    pub settings: &'static [Setting],
    /// Looks at a request and says what it is worth. Verification comes before any reading of the content.
    pub receive: fn(&RawRequest, &Settings, Timestamp) -> Received,
    /// Goes on after the question that `receive` put has been answered. `None` for gateways that never ask.
    pub resume: Option<Resume>,
    /// What this gateway must hear.
    pub reply: fn(Outcome) -> Reply,
    /// The request that this gateway would have sent to tell of this event: the inverse of `receive`.
    pub compose: fn(&Event, &Settings, Timestamp) -> Result<RawRequest, CannotCompose>,
    /// The form that sends a customer to this gateway with an order, where there is such a form.
    pub checkout: Option<fn(&Checkout, &Settings) -> CheckoutForm>,
}

/// Reads the answer to the question that `receive` put about the same request.
pub type Resume = fn(&RawRequest, &Settings, &AskedAnswer, Timestamp) -> Resumed;

/// How much the gateway's own proof is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The whole message is proved to be the gateway's.
    Strong,
    /// Part of it is, or the mechanism is known to be breakable.
    Weak,
    /// Nothing is proved; the message is a reason to go and look.
    Hint,
}

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
}

/// A field of a gateway's settings. From this table come the check of the configuration, the form in the
/// dashboard, the questions of the command line and the documentation.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub key: &'static str,
    pub kind: SettingKind,
    pub required: bool,
    /// What it is, in a few words.
    pub label: Said,
    /// Where to find it and what it is for, in one or two sentences.
    pub help: Said,
}

/// The same text in every language ipnd speaks.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    pub en: &'static str,
    pub de: &'static str,
    pub es: &'static str,
    pub uk: &'static str,
}

impl Said {
    #[must_use]
    pub fn r#in(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::De => self.de,
            Language::Es => self.es,
            Language::Uk => self.uk,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// One line.
    Text,
    /// One line that is never shown again.
    Secret,
    /// Several values, one a line.
    List,
    /// An address that only an account in the sandbox environment may set (T-A02).
    SandboxUrl,
}

/// An account's settings, checked against its gateway's table by [`Settings::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub environment: Environment,
    values: BTreeMap<String, String>,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}")]
pub struct SettingProblem {
    pub key: String,
    pub fault: SettingFault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingFault {
    #[error("this is needed")]
    Missing,
    #[error("this gateway has no such setting")]
    Unknown,
    #[error("only an account in the sandbox environment may set this")]
    SandboxOnly,
    #[error("this is not an http or https address")]
    NotAnAddress,
    #[error("it contains a control character")]
    ControlCharacter,
}

impl Settings {
    /// Checks values against a gateway's table: nothing unknown, nothing required missing or blank.
    ///
    /// # Errors
    /// Every problem, one for each field concerned.
    pub fn check(
        table: &[Setting],
        environment: Environment,
        values: BTreeMap<String, String>,
    ) -> Result<Self, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, fault: SettingFault| {
            problems.push(SettingProblem { key: key.to_owned(), fault });
        };
        let values: BTreeMap<String, String> = values
            .into_iter()
            .map(|(key, value)| (key, value.trim().to_owned()))
            // A list of nothing but separators is as empty as one without them.
            .filter(|(_, value)| value.contains(|c: char| c != ',' && !c.is_whitespace()))
            .collect();
        for setting in table.iter().filter(|setting| setting.required) {
            if !values.contains_key(setting.key) {
                problem(setting.key, SettingFault::Missing);
            }
        }
        for (key, value) in &values {
            match table.iter().find(|setting| setting.key == key) {
                None => problem(key, SettingFault::Unknown),
                Some(_) if value.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r')) => {
                    problem(key, SettingFault::ControlCharacter);
                }
                Some(setting) if setting.kind == SettingKind::SandboxUrl => {
                    if environment != Environment::Sandbox {
                        problem(key, SettingFault::SandboxOnly);
                    } else if !url::Url::parse(value)
                        .is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
                    {
                        problem(key, SettingFault::NotAnAddress);
                    }
                }
                Some(_) => {}
            }
        }
        if problems.is_empty() { Ok(Self { environment, values }) } else { Err(problems) }
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The values of a list setting, one a line or separated by commas.
    pub fn list(&self, key: &str) -> impl Iterator<Item = &str> {
        self.get(key).unwrap_or_default().split(['\n', ',']).map(str::trim).filter(|value| !value.is_empty())
    }

    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

/// What a request is worth.
#[derive(Clone, Debug)]
pub enum Received {
    /// Proved by itself.
    Proven(Interpretation),
    /// The gateway has to be asked.
    Ask(Ask),
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
}

/// A question to the gateway: a described request that the shell performs under the outgoing guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What came back. A connection that failed is no answer; the shell asks again later without calling `resume`.
#[derive(Clone, Debug)]
pub struct AskedAnswer {
    pub status: u16,
    /// Cut off at the outgoing response limit, with `complete` false.
    pub body: Vec<u8>,
    pub complete: bool,
}

#[derive(Clone, Debug)]
pub enum Resumed {
    Genuine(Interpretation),
    /// The gateway says that it never sent this.
    Forged(Reason),
    /// The gateway did not say. Asked again with growing pauses; never guessed.
    NotYetKnown(Reason),
}

/// How an accepted or refused request ended, as far as the sender is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Duplicate,
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
