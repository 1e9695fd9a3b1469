//! What became of a message, as data: the same for the command line and for programs.

use super::fault::Fault;
use super::judge::own_reply;
use super::ledger::Kept;
use super::wish::settings;
use ipnd_core::{EventKind, Money};
use ipnd_gateways::RawRequest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One attempt to deliver, and what was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    pub at: Timestamp,
    pub status: Option<u16>,
    pub body: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// Whether this is what the gateway wants to hear.
    pub is_content: bool,
}

/// A request in a form that people can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub method: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl From<&RawRequest> for Shown {
    fn from(request: &RawRequest) -> Self {
        Self {
            method: request.method.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        }
    }
}

/// What a gateway wants to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// One that counts.
    pub status: u16,
    /// All that count, in words: `200`, `200 or 201`, `200 to 299`.
    pub statuses: String,
    /// What has to stand in the body, in its first line at least; empty where any body will do.
    pub body: String,
}

/// Everything about one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub id: i64,
    /// Messages that were asked for together have the same number.
    pub play: i64,
    pub gateway: String,
    pub event: EventKind,
    pub scenario: Option<String>,
    pub fault: Option<Fault>,
    pub order: Option<String>,
    pub transaction: Option<String>,
    pub parent: Option<String>,
    pub subscription: Option<String>,
    pub case: Option<String>,
    pub amount: Option<Money>,
    pub url: String,
    /// `planned`, `waiting`, `repeating`, `content`, `given_up` or `lost`.
    pub state: String,
    pub is_over: bool,
    pub next_at: Option<Timestamp>,
    /// What went over the wire; nothing where it has not happened yet.
    pub request: Option<Shown>,
    pub wanted: Option<Wanted>,
    pub hearings: Vec<Hearing>,
}

impl Report {
    pub(crate) fn of(kept: &Kept) -> Self {
        let telling = &kept.telling;
        let event = &telling.event;
        let sent = telling.sent.as_ref().or(telling.told.as_ref());
        let gateway = ipnd_gateways::find(&telling.gateway);
        let wanted =
            gateway.zip(telling.told.as_ref()).zip(telling.told_at).and_then(|((gateway, told), at)| {
                let own = own_reply(gateway, told, &settings(gateway, &telling.settings).ok()?, at);
                let (statuses, body) = (gateway.wants.status(&own), gateway.wants.text(&own).to_owned());
                Some(Wanted { status: own.status, statuses, body })
            });
        Self {
            id: telling.id,
            play: telling.play,
            gateway: telling.gateway.clone(),
            event: event.kind,
            scenario: telling.scenario.clone(),
            fault: telling.fault,
            order: event.order_ref.clone(),
            transaction: event.transaction.clone(),
            parent: event.parent.clone(),
            subscription: event.subscription.clone(),
            case: event.case.clone(),
            amount: event.amount,
            url: telling.url.clone(),
            state: telling.state.word().to_owned(),
            is_over: telling.state.is_over(),
            next_at: telling.next_at,
            request: sent.map(Shown::from),
            wanted,
            hearings: kept.hearings.clone(),
        }
    }
}
