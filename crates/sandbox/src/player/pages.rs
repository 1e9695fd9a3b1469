//! The player's pages: who tells what, how it misbehaves, and the log with replies and repeats.

use super::fault::Fault;
use super::ledger::{Kept, State, Telling};
use super::report::{Report, Shown};
use super::scenario::Scenario;
use super::wish::{SPEED_DEFAULT, Wish, WishProblem};
use super::{Inner, PlayError, Player, SandboxAccount};
use crate::page::{self, Failed};
use crate::paypal::{Fields, Paypal};
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ipnd_gateways::Gateway;
use std::sync::Arc;
use std::time::Duration;

/// How long a form waits for its messages, so that the page after it shows replies.
const PATIENCE: Duration = Duration::from_millis(1_500);
const SPEEDS: [u32; 5] = [1, 10, 100, 1_000, 10_000];

#[derive(Template)]
#[template(path = "player/list.html")]
struct ListPage {
    words: Words,
    /// Everybody who can be played: id and name.
    gateways: Vec<(&'static str, &'static str)>,
    gateway: &'static Gateway,
    account: Option<SandboxAccount>,
    /// The payment page of the stand-in that this gateway has beside the player.
    has_stand_in: bool,
    scenarios: Vec<&'static Scenario>,
    faults: &'static [Fault],
    speeds: [u32; 5],
    filled: Filled,
    problem: Option<String>,
    log: Vec<Entry>,
    is_moving: bool,
}

/// What the form's fields hold.
struct Filled(Vec<(String, String)>);

impl Filled {
    fn of(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// Whether this is chosen; `what` may also come as an event or a scenario of its own.
    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    fn is_event(&self, word: &str) -> bool {
        self.get("event") == word || self.get("what").strip_prefix("event:") == Some(word)
    }

    fn is_scenario(&self, name: &str) -> bool {
        self.get("scenario") == name || self.get("what").strip_prefix("scenario:") == Some(name)
    }

    fn speed(&self) -> u32 {
        self.get("speed").parse().unwrap_or(SPEED_DEFAULT)
    }

    fn times(&self) -> &str {
        if self.get("times").is_empty() { "1" } else { self.get("times") }
    }

    /// Whether something stands in a field that is folded away.
    fn has_details(&self) -> bool {
        ["transaction", "parent", "subscription", "name", "email"]
            .iter()
            .any(|name| !self.get(name).is_empty())
    }
}

/// A line of the log.
struct Entry {
    telling: Telling,
    report: Report,
}

impl Entry {
    fn of(kept: Kept) -> Self {
        Self { report: Report::of(&kept), telling: kept.telling }
    }

    fn state_key(&self) -> String {
        format!("telling.{}", self.telling.state.word())
    }

    fn tone(&self) -> &'static str {
        match self.telling.state {
            State::Content => "tone-good",
            State::Planned | State::Waiting | State::Repeating => "tone-wait",
            State::GivenUp => "tone-bad",
            State::Lost => "tone-calm",
        }
    }

    fn gateway_name(&self) -> &str {
        ipnd_gateways::find(&self.telling.gateway).map_or(&self.telling.gateway, |gateway| gateway.name)
    }

    fn last_status(&self) -> Option<u16> {
        self.report.hearings.last().and_then(|hearing| hearing.status)
    }

    /// Why there was no reply.
    fn last_error(&self) -> Option<&str> {
        self.report.hearings.last().and_then(|hearing| hearing.error.as_deref())
    }

    fn can_be_resent(&self) -> bool {
        self.telling.told.is_some()
    }
}

pub(super) async fn list(
    Shared(inner): Shared<Arc<Inner>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let query = query.unwrap_or_default();
    let words = page::language(&headers, &query);
    shown(&inner, words, Filled::of(&query), None).await
}

async fn shown(
    inner: &Inner,
    words: Words,
    filled: Filled,
    problem: Option<String>,
) -> Result<Response, Failed> {
    let mut gateways = ipnd_gateways::ALL.to_vec();
    gateways.sort_by_key(|gateway| gateway.name.to_lowercase());
    let asked = ipnd_gateways::find(filled.get("gateway"));
    // Whoever has a page of its own is found there; the choice here begins with the others.
    let first = gateways.iter().copied().find(|gateway| Paypal::path_for(gateway.id).is_none());
    let Some(gateway) = asked.or(first) else { return Ok(page::not_found(words)) };
    let log: Vec<Entry> = inner.ledger.newest(None).await?.into_iter().map(Entry::of).collect();
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = ListPage {
        words,
        gateways: gateways.iter().map(|gateway| (gateway.id, gateway.name)).collect(),
        account: inner.account(gateway.id),
        has_stand_in: Paypal::path_for(gateway.id).is_some(),
        scenarios: Scenario::of(gateway).collect(),
        gateway,
        faults: Fault::ALL,
        speeds: SPEEDS,
        filled,
        problem,
        is_moving: log.iter().any(|entry| !entry.telling.state.is_over()),
        log,
    };
    Ok(page::html(status, &page))
}

/// A wish from the page's form.
pub(super) async fn play(
    Shared(inner): Shared<Arc<Inner>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    let words = page::language(&headers, "");
    let wish = read(&Fields::read(&body));
    let form = || Filled(form_urlencoded::parse(&body).into_owned().collect());
    let player = Player(inner.clone());
    match player.play(&wish).await {
        Ok(number) => {
            player.finish(number, PATIENCE).await?;
            // The form is kept as it was, for the next message about the same order.
            let kept = form().0.into_iter().filter(|(_, value)| !value.is_empty());
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
            Ok(Redirect::to(&format!("/sandbox?{query}#log")).into_response())
        }
        Err(PlayError::Wish(problem)) => shown(&inner, words, form(), Some(said(words, &problem))).await,
        Err(PlayError::Sandbox(error)) => Err(error.into()),
    }
}

fn said(words: Words, problem: &WishProblem) -> String {
    words.say_with(problem.key(), "detail", problem.detail())
}

fn read(fields: &Fields) -> Wish {
    let text = |name: &str| fields.get(name).map(str::to_owned);
    let what = fields.get("what").unwrap_or_default();
    let number = |name: &str, otherwise| match fields.get(name) {
        Some(text) => text.parse().unwrap_or(0),
        None => otherwise,
    };
    Wish {
        gateway: text("gateway").unwrap_or_default(),
        event: what.strip_prefix("event:").map(str::to_owned),
        scenario: what.strip_prefix("scenario:").map(str::to_owned),
        amount: text("amount"),
        currency: text("currency").map(|code| code.to_uppercase()),
        order: text("order"),
        transaction: text("transaction"),
        parent: text("parent"),
        subscription: text("subscription"),
        name: text("name"),
        email: text("email"),
        fault: fields.get("fault").and_then(Fault::from_word),
        times: number("times", 1),
        speed: number("speed", SPEED_DEFAULT),
        ..Wish::default()
    }
}

#[derive(Template)]
#[template(path = "player/message.html")]
struct MessagePage {
    words: Words,
    entry: Entry,
    /// What the gateway wrote, where something else went out.
    told: Option<Shown>,
    others: Vec<Entry>,
}

pub(super) async fn message(
    Shared(inner): Shared<Arc<Inner>>,
    Path(id): Path<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let words = page::language(&headers, &query.unwrap_or_default());
    let Some(kept) = inner.ledger.telling(id).await? else { return Ok(page::not_found(words)) };
    let others = inner.ledger.play(kept.telling.play).await?.into_iter();
    let page = MessagePage {
        words,
        others: others.filter(|other| other.telling.id != id).map(Entry::of).collect(),
        told: kept.telling.sent.is_some().then(|| kept.telling.told.as_ref().map(Shown::from)).flatten(),
        entry: Entry::of(kept),
    };
    Ok(page::html(StatusCode::OK, &page))
}

pub(super) async fn resend(
    Shared(inner): Shared<Arc<Inner>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    if !inner.ledger.resend(id).await? {
        return Ok(page::not_found(page::language(&headers, "")));
    }
    inner.queued.notify_one();
    let play = inner.ledger.telling(id).await?.map_or(id, |kept| kept.telling.play);
    Player(inner).finish(play, PATIENCE).await?;
    Ok(Redirect::to(&format!("/sandbox/messages/{id}")).into_response())
}
