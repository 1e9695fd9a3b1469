//! What every gateway is: one value of this shape, made in one source file.
//!
//! All functions are pure: no input or output, no clock, no randomness. Time is an argument.

mod exchange;
mod settings;

pub use exchange::{
    Ask, AskedAnswer, CannotCompose, Checkout, CheckoutForm, Interpretation, Outcome, RawRequest, Received,
    Reply, Resumed, Told,
};
pub use settings::{
    ACCEPT_UNCONFIRMED, CheckSetting, Choice, SECRET_CHARS_MIN, Said, Setting, SettingFault, SettingKind,
    SettingProblem, Settings,
};

use crate::kit::json::Json;
use ipnd_core::{Event, EventKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A kind of sender.
#[derive(Clone, Copy)]
pub struct Gateway {
    /// Stable, lower-case, used in addresses, the database and the API: `paypal-ipn`.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Gateways of one family tell of the same transactions, so the same event told by two of them counts once. Empty
    /// where every account may have another sender, whose names mean nothing beyond that account.
    pub family: &'static str,
    pub proof: Proof,
    /// What the proof covers, by the names the gateway gives its fields. Only what is covered may move money (T-A17).
    pub covers: Covers,
    /// The source file itself, whose head is the documentation page, or a page in Markdown. See [`Gateway::page`].
    pub documentation: &'static str,
    pub settings: &'static [Setting],
    /// The setting that lists the shop's own accounts, with which the receivers of a payment are compared (T-B03).
    /// `None` where nobody but the account's own secret could have proved the message.
    pub receivers: Option<&'static str>,
    /// What this gateway can tell of: exactly the kinds for which `compose` has a message.
    pub tells: &'static [EventKind],
    /// The pauses before its second, third ... attempt when nobody answers as it wants, in seconds. The sandbox
    /// keeps to them.
    pub retries: &'static [u32],
    pub repeats: Repeats,
    /// Looks at a request and says what it is worth. Verification comes before any reading of the content.
    pub receive: fn(&RawRequest, &Settings, Timestamp) -> Received,
    /// Goes on after the questions so far have been answered. `None` for gateways that never ask.
    pub resume: Option<Resume>,
    /// What this gateway must hear. Called with a request that `receive` has looked at.
    pub reply: fn(&RawRequest, &Settings, Outcome, Timestamp) -> Reply,
    pub wants: Wants,
    /// The request that this gateway would have sent to tell of this event: the inverse of `receive`.
    pub compose: fn(&Event, &Settings, Timestamp) -> Result<RawRequest, CannotCompose>,
    /// What the gateway's own API would answer, had it told all this: the inverse of `resume`. `None` for gateways
    /// that never ask.
    pub answer: Option<Answer>,
    /// The form that sends a customer to this gateway with an order, where there is such a form.
    pub checkout: Option<fn(&Checkout, &Settings) -> CheckoutForm>,
}

/// Reads the answers to the questions that were put about the same request so far, in their sequence.
///
/// It is called anew with every further answer, so it begins with the first one each time.
pub type Resume = fn(&RawRequest, &Settings, &[AskedAnswer], Timestamp) -> Resumed;

/// Plays the gateway's API: answers a question from everything that was told before, in its sequence.
pub type Answer = fn(&Ask, &[Told], &Settings, Timestamp) -> AskedAnswer;

/// How much the gateway's own proof is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// Nothing is proved; the message is a reason to go and look.
    Hint,
    /// Something is proved, but not everything that moves money, or the mechanism is known to be breakable.
    Weak,
    /// Everything that moves money is proved to be the gateway's.
    Strong,
}

/// What a proof covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covers {
    /// Every byte of the body. No other body is accepted with the same proof.
    Body,
    /// These fields and nothing else, named as the gateway names them.
    Fields(&'static [&'static str]),
    /// Nothing of the request: what counts is fetched from the gateway.
    Nothing,
}

/// What it means when the same bytes come a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// The same message once more.
    AreCopies,
    /// The message only says that something has changed, so it may have changed again: the gateway is asked anew.
    AreNews,
}

/// Which replies mean to a gateway that its message has arrived; after any other it sends the message again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Any status from 200 to 299. Nobody looks at the body.
    AnySuccess,
    /// One of these and no other status, were it another success. Nobody looks at the body.
    Status(&'static [u16]),
    /// The status and the body that [`Gateway::reply`] gives for what is accepted; of JSON, what it says.
    Reply,
    /// The status and the first line of the body that [`Gateway::reply`] gives for what is accepted.
    FirstLine,
}

impl Wants {
    /// The status in words, where `own` is the gateway's own reply to what is accepted.
    #[must_use]
    pub fn status(self, own: &Reply) -> String {
        match self {
            Self::AnySuccess => "200 to 299".to_owned(),
            Self::Status(all) => all.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
            Self::Reply | Self::FirstLine => own.status.to_string(),
        }
    }

    /// What has to stand in the body; nothing where nobody looks at it.
    #[must_use]
    pub fn text(self, own: &Reply) -> &str {
        match self {
            Self::AnySuccess | Self::Status(_) => "",
            Self::Reply => &own.body,
            Self::FirstLine => own.body.lines().next().unwrap_or_default(),
        }
    }

    /// Whether this reply means to the gateway that its message has arrived, where `own` is its own.
    #[must_use]
    pub fn is_met_by(self, own: &Reply, status: u16, body: &[u8]) -> bool {
        let text = self.text(own).as_bytes();
        match self {
            Self::AnySuccess => (200..=299).contains(&status),
            Self::Status(all) => all.contains(&status),
            Self::FirstLine => {
                let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
                status == own.status && line.strip_suffix(b"\r").unwrap_or(line) == text
            }
            Self::Reply => status == own.status && (body == text || says_the_same(body, text)),
        }
    }
}

/// Whoever reads JSON does not look at blanks or the sequence of members.
fn says_the_same(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes| Json::parse(bytes).ok().filter(Json::is_object).map(|json| json.sorted());
    read(one).is_some_and(|one| Some(one) == read(other))
}

impl Gateway {
    /// The documentation page in Markdown: the comment at the head of the source file, or the page as it is.
    #[must_use]
    pub fn page(&self) -> String {
        if !self.documentation.starts_with("//!") {
            return self.documentation.to_owned();
        }
        let head = self.documentation.lines().map_while(|line| line.strip_prefix("//!"));
        head.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
    }

    /// The family in which the events of one of its accounts are known.
    #[must_use]
    pub fn family_of(&self, account: i64) -> String {
        if self.family.is_empty() { format!("{}/{account}", self.id) } else { self.family.to_owned() }
    }

    /// Whether its messages move money by themselves, or only after the gateway or the owner has confirmed them.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        self.proof != Proof::Strong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gateway_is_content_with_what_it_wants_and_nothing_else() {
        let ok = Reply::text(200, "OK");
        let is_met = |wants: Wants, status, body: &str| wants.is_met_by(&ok, status, body.as_bytes());
        for (wants, good, bad) in [
            (
                Wants::AnySuccess,
                &[(200, ""), (204, "x"), (299, "OK")][..],
                &[(199, "OK"), (302, "OK"), (500, "OK")][..],
            ),
            (Wants::Status(&[200, 201]), &[(200, ""), (201, "x")], &[(202, "OK"), (204, ""), (404, "OK")]),
            (
                Wants::Reply,
                &[(200, "OK")],
                &[(201, "OK"), (200, ""), (200, "OK\n"), (200, "ok"), (400, "OK")],
            ),
            (
                Wants::FirstLine,
                &[(200, "OK"), (200, "OK\n"), (200, "OK\r\nthanks")],
                &[(201, "OK"), (200, ""), (200, "OKAY"), (200, "\nOK"), (500, "OK")],
            ),
        ] {
            for (status, body) in good {
                assert!(is_met(wants, *status, body), "{wants:?} {status} {body:?}");
            }
            for (status, body) in bad {
                assert!(!is_met(wants, *status, body), "{wants:?} {status} {body:?}");
            }
        }
    }

    #[test]
    fn of_json_counts_what_it_says() {
        let own = Reply::json(200, r#"{"a":1,"b":"x"}"#);
        let is_met = |body: &str| Wants::Reply.is_met_by(&own, 200, body.as_bytes());
        assert!(is_met(r#"{"a":1,"b":"x"}"#) && is_met(r#"{ "b": "x", "a": 1 }"#));
        assert!(!is_met(r#"{"a":1,"b":"y"}"#) && !is_met(r#"{"a":1}"#) && !is_met(""));
    }
}
