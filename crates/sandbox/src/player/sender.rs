//! Writes and sends the messages that are due, and hears what their receivers make of them.

use super::Inner;
use super::fault::Fault;
use super::judge::is_content;
use super::ledger::{State, Telling};
use super::mischief::{Scene, Written};
use super::report::Hearing;
use super::wish::settings;
use crate::courier::Parcel;
use crate::lanes::Schedule;
use crate::paypal::SandboxError;
use ipnd_deliver::client::Answer;
use ipnd_gateways::{Gateway, RawRequest, Settings};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long a gateway waits for an answer. Some wait less; none gains by more.
const WAIT: Duration = Duration::from_secs(20);
/// How much of a reply is kept, in characters.
const REPLY_CHARS_MAX: usize = 2_000;

impl Schedule for Inner {
    type Thing = Telling;

    fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn queued(&self) -> &Notify {
        &self.queued
    }

    async fn due(&self) -> Result<Vec<(String, Telling)>, SandboxError> {
        let due = self.ledger.due().await?;
        Ok(due.into_iter().map(|telling| (telling.url.clone(), telling)).collect())
    }

    async fn next_due_in(&self) -> Result<Option<SignedDuration>, SandboxError> {
        self.ledger.next_due_in().await
    }

    async fn send(&self, _: &str, telling: Telling) -> Result<(), SandboxError> {
        go_on(self, telling).await
    }
}

/// The next step of one message.
async fn go_on(inner: &Inner, telling: Telling) -> Result<(), SandboxError> {
    let id = telling.id;
    let Some(gateway) = ipnd_gateways::find(&telling.gateway) else {
        return give_up(inner, id, "no such gateway exists any more").await;
    };
    let Ok(settings) = settings(gateway, &telling.settings) else {
        return give_up(inner, id, "the settings do not fit the gateway any more").await;
    };
    // A repeat has the time and the signature of its own moment, as gateways that sign times do it.
    let is_first = telling.told.is_none();
    let is_repeat = telling.state == State::Repeating;
    let (told, sent) = if is_first || is_repeat {
        let history = inner.ledger.told(gateway.id).await?;
        let now = inner.ledger.0.clock.now();
        let scene = Scene { gateway, settings: &settings, event: &telling.event, told: &history, now };
        let Some(Written { told, sent }) = scene.write(telling.fault) else {
            return give_up(inner, id, "it cannot be written").await;
        };
        let hold = SignedDuration::from_millis(telling.hold_ms);
        let next = match telling.fault {
            Some(Fault::Drop) => (State::Lost, None),
            _ if is_first => (State::Waiting, Some(hold)),
            _ => (State::Repeating, Some(SignedDuration::ZERO)),
        };
        inner.ledger.wrote(id, told.clone(), sent.clone(), next).await?;
        let is_held = is_first && !hold.is_zero();
        if is_held || telling.fault == Some(Fault::Drop) {
            return Ok(());
        }
        (told, sent)
    } else {
        let Some(told) = telling.told.clone() else { return Ok(()) };
        (told, telling.sent.clone())
    };
    let answer = send(inner, &telling.url, sent.as_ref().unwrap_or(&told)).await;
    let hearing = judge(inner, gateway, &settings, &told, answer);
    let is_heard = hearing.is_content && telling.fault != Some(Fault::ReplyIgnored);
    let tried = Telling { tries: telling.tries + 1, ..telling };
    let next = match (is_heard, tried.sends_left) {
        (true, 0 | 1) => (State::Content, None),
        (true, _) => (State::Waiting, Some(SignedDuration::ZERO)),
        (false, _) => match tried.pause(gateway.retries) {
            Some(pause) => (State::Repeating, Some(pause)),
            None => (State::GivenUp, None),
        },
    };
    inner.ledger.heard(id, hearing, next, is_heard && tried.sends_left > 0).await
}

async fn give_up(inner: &Inner, id: i64, why: &str) -> Result<(), SandboxError> {
    let at = inner.ledger.0.clock.now();
    let hearing = Hearing { at, status: None, body: None, error: Some(why.to_owned()), is_content: false };
    inner.ledger.heard(id, hearing, (State::GivenUp, None), false).await
}

/// What the gateway makes of the reply to a message.
fn judge(
    inner: &Inner,
    gateway: &Gateway,
    settings: &Settings,
    told: &RawRequest,
    answer: Result<Answer, String>,
) -> Hearing {
    let at = inner.ledger.0.clock.now();
    match answer {
        Ok(answer) => Hearing {
            at,
            status: Some(answer.status),
            is_content: is_content(gateway, told, settings, (answer.status, &answer.body), at),
            body: Some(String::from_utf8_lossy(&answer.body).chars().take(REPLY_CHARS_MAX).collect()),
            error: None,
        },
        Err(error) => Hearing { at, status: None, body: None, error: Some(error), is_content: false },
    }
}

async fn send(inner: &Inner, url: &str, request: &RawRequest) -> Result<Answer, String> {
    let url = with_query(url, &request.query);
    let parcel = Parcel {
        method: &request.method,
        url: &url,
        headers: &request.headers,
        body: request.body.clone(),
        wait: WAIT,
    };
    inner.courier.send(parcel).await
}

/// The address with the query that a gateway adds to it.
pub(super) fn with_query(url: &str, query: &str) -> String {
    match (query.is_empty(), url.contains('?')) {
        (true, _) => url.to_owned(),
        (false, false) => format!("{url}?{query}"),
        (false, true) => format!("{url}&{query}"),
    }
}
