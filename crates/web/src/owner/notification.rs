//! `/owner/notifications/{id}`: one notification, how it was proved, and every byte of it.

use super::body::{self, Shown, View};
use super::event_view;
use super::failure::Failure;
use super::frame::{Frame, Section};
use super::proof::HowProved;
use super::timeline::tone;
use super::visible;
use super::visit::{Visit, done};
use super::words::Words;
use crate::page;
use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use ipnd_core::limits::COPIES_KEPT_MAX;
use ipnd_store::{CheckAttempt, CheckState, Notification, NotificationId, RecordedEvent};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    view: String,
}

#[derive(Template)]
#[template(path = "owner/notification.html")]
struct NotificationPage {
    page: Frame,
    id: NotificationId,
    state_name: String,
    tone: &'static str,
    icon: &'static str,
    explained: String,
    can_ask: bool,
    next: Option<String>,
    attempts: Vec<AttemptRow>,
    events: Vec<EventCard>,
    facts: Vec<(String, String)>,
    account: (String, String),
    headers: Vec<(String, String)>,
    tabs: Vec<(String, String, bool)>,
    body: Shown,
    body_cut: Option<usize>,
    body_bytes: usize,
    copies: Vec<String>,
    copies_count: u32,
    copies_are_cut: bool,
}

struct AttemptRow {
    at: String,
    outcome: String,
    tone: &'static str,
    reason: String,
}

struct EventCard {
    kind: String,
    tone: &'static str,
    is_repeat: bool,
    order: Option<(String, String)>,
    concerns: Vec<String>,
    fields: Vec<(String, String)>,
}

pub(super) async fn show(
    visit: Visit,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<Response, Failure> {
    let notification = find(&visit, &id).await?;
    let account = visit.app.store.account(visit.shop_id(), notification.account).await?;
    let account = account.map_or_else(|| notification.account.to_string(), |account| account.name);
    let page = visit.frame(Section::Notifications).await?;
    let shown = notification_page(page, notification, account, View::from_word(&wish.view), visit.words);
    Ok(page::html(StatusCode::OK, &shown))
}

async fn find(visit: &Visit, id: &str) -> Result<Notification, Failure> {
    let id: NotificationId = id.parse().map_err(|_| Failure::NotFound)?;
    visit.app.store.notification(visit.shop_id(), id).await?.ok_or(Failure::NotFound)
}

fn notification_page(
    page: Frame,
    notification: Notification,
    account: String,
    view: View,
    words: Words,
) -> NotificationPage {
    let check = &notification.check;
    let HowProved { title, sentence, tone, icon } = verdict(&notification, words);
    let path = format!("/owner/notifications/{}", notification.id);
    let (body, body_cut) = body::show(&notification.request, view);
    NotificationPage {
        page,
        id: notification.id,
        state_name: title,
        tone,
        icon,
        explained: sentence,
        can_ask: check.state != CheckState::Genuine,
        next: check.next_at.map(|at| words.with("notification.next", "at", words.at_second(at))),
        attempts: check.attempts.iter().map(|attempt| attempt_row(attempt, words)).collect(),
        events: notification.events.iter().map(|event| event_card(event, words)).collect(),
        facts: facts(&notification, words),
        account: (format!("/owner/accounts/{}", notification.account), account),
        headers: headers(&notification),
        tabs: body::tabs(&path, view, words),
        body,
        body_cut,
        body_bytes: notification.request.body.len(),
        copies: notification.copies.iter().map(|at| words.at_second(*at)).collect(),
        copies_are_cut: notification.copies_count > COPIES_KEPT_MAX,
        copies_count: notification.copies_count,
    }
}

/// The proof in a few words and in a sentence: what is known, how, and why.
fn verdict(notification: &Notification, words: Words) -> HowProved {
    let check = &notification.check;
    let mut verdict = match check.proved_by {
        Some(by) if check.state == CheckState::Genuine => {
            HowProved::of(by, ipnd_gateways::find(&notification.gateway), words)
        }
        _ => {
            let (tone, icon) = match check.state {
                CheckState::Genuine => ("good", "shield"),
                CheckState::Waiting => ("wait", "clock"),
                CheckState::Forged => ("bad", "ban"),
                CheckState::GivenUp => ("ask", "question"),
            };
            let (title, sentence) = (words.check_state(check.state), words.check_explained(check.state));
            HowProved { title, sentence, tone, icon }
        }
    };
    if let Some(reason) = &check.reason {
        verdict.sentence = format!("{} {}", verdict.sentence, reason.sentence(words.0));
    }
    verdict
}

fn attempt_row(attempt: &CheckAttempt, words: Words) -> AttemptRow {
    let (outcome, tone) = match attempt.outcome.as_str() {
        "genuine" => ("genuine", "good"),
        "forged" => ("forged", "bad"),
        _ => ("unknown", "wait"),
    };
    AttemptRow {
        at: words.at_second(attempt.at),
        outcome: words.t(&format!("notification.outcome.{outcome}")),
        tone,
        reason: attempt.reason.as_ref().map(|reason| reason.sentence(words.0)).unwrap_or_default(),
    }
}

fn event_card(recorded: &RecordedEvent, words: Words) -> EventCard {
    let examined = &recorded.examined;
    let concern = |concern: &ipnd_core::Concern| {
        let (expected, got) = (event_view::short(&concern.expected), event_view::short(&concern.got));
        words.say("notification.expected_got", &[("expected", &expected), ("got", &got)])
    };
    EventCard {
        kind: words.event_kind(examined.event.kind),
        tone: tone(examined.event.kind),
        is_repeat: recorded.is_repeat,
        order: recorded
            .order
            .as_ref()
            .map(|(id, reference)| (format!("/owner/orders/{id}"), reference.clone())),
        concerns: examined.concerns.iter().map(concern).collect(),
        fields: event_view::fields(&examined.event, words),
    }
}

fn facts(notification: &Notification, words: Words) -> Vec<(String, String)> {
    let remote = notification.remote.map(|remote| remote.to_string());
    let request = &notification.request;
    let mut facts = vec![
        (words.t("notification.received"), words.at_second(notification.received_at)),
        (words.t("notification.from"), remote.unwrap_or_else(|| words.t("notification.unknown_address"))),
        (
            words.t("notification.request"),
            format!("{}, {}", request.method, words.with("word.bytes", "count", request.body.len())),
        ),
    ];
    if let Some(at) = notification.deleted_at {
        facts.push((words.t("notification.deleted"), words.at_second(at)));
    }
    if !request.query.is_empty() {
        facts.push((words.t("notification.query"), visible::line(&request.query)));
    }
    facts
}

fn headers(notification: &Notification) -> Vec<(String, String)> {
    let headers = notification.request.headers.iter();
    headers.map(|(name, value)| (visible::line(name), visible::line(value))).collect()
}

/// `POST /owner/notifications/{id}/check`: asks the gateway again.
pub(super) async fn check(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: NotificationId = id.parse().map_err(|_| Failure::NotFound)?;
    let is_due = visit.app.store.check_again(visit.shop_id(), id, visit.now()).await?;
    Ok(done(&format!("/owner/notifications/{id}"), if is_due { "check" } else { "no_check" }))
}

/// `GET /owner/notifications/{id}/body`: the bytes themselves, only ever as a file to keep.
pub(super) async fn download(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let notification = find(&visit, &id).await?;
    let name = format!("attachment; filename=\"{}.txt\"", notification.id);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (CONTENT_DISPOSITION, HeaderValue::from_str(&name).expect("ids are ASCII")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
    ];
    Ok((headers, notification.request.body).into_response())
}
