//! `/v1/notifications`: what came in, byte for byte, and what is known about it.

use super::events::{EventView, OrderName};
use super::lists::{List, Rows};
use super::params::{Id, Params, Spoken, id, word};
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::Problem;
use axum::extract::State;
use ipnd_core::reason::words;
use ipnd_core::{Language, Reason};
use ipnd_store::{
    AccountId, Check, CheckState, Notification, NotificationFilter, NotificationId, NotificationLine,
    ProvedBy,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

#[derive(Serialize)]
pub(super) struct NotificationView {
    id: NotificationId,
    account: AccountId,
    gateway: String,
    received_at: Timestamp,
    remote: Option<IpAddr>,
    method: String,
    query: String,
    headers: Vec<HeaderView>,
    /// The body's bytes.
    body: String,
    /// The body as UTF-8 text, with what is none replaced.
    body_text: String,
    check: CheckView,
    /// When the same bytes came again; at most the 100 latest.
    copies: Vec<Timestamp>,
    copies_count: u32,
    /// When the request was deleted, because it had been kept long enough; it is empty since.
    deleted_at: Option<Timestamp>,
    events: Vec<EventView>,
}

#[derive(Serialize)]
struct HeaderView {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct CheckView {
    state: &'static str,
    /// The state in one sentence.
    sentence: String,
    /// Of genuine ones: `message`, `gateway`, `setting` (believed unconfirmed) or `nobody` (the owner is asked).
    proved_by: Option<&'static str>,
    reason: Option<ReasonView>,
    attempts: Vec<AttemptView>,
    next_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct AttemptView {
    at: Timestamp,
    outcome: String,
    reason: Option<ReasonView>,
}

#[derive(Serialize)]
pub(super) struct ReasonView {
    code: String,
    detail: String,
    sentence: String,
}

fn reason(reason: &Reason, language: Language) -> ReasonView {
    ReasonView {
        code: reason.code.clone(),
        detail: reason.detail.clone(),
        sentence: reason.sentence(language),
    }
}

fn check(check: &Check, language: Language) -> CheckView {
    let state = check.state.word();
    CheckView {
        state,
        sentence: words().say(language, &format!("check_explain.{state}"), &[]),
        proved_by: check.proved_by.map(ProvedBy::word),
        reason: check.reason.as_ref().map(|own| reason(own, language)),
        attempts: check
            .attempts
            .iter()
            .map(|attempt| AttemptView {
                at: attempt.at,
                outcome: attempt.outcome.clone(),
                reason: attempt.reason.as_ref().map(|own| reason(own, language)),
            })
            .collect(),
        next_at: check.next_at,
    }
}

/// `GET /v1/notifications/{id}`
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Id(id): Id<NotificationId>,
) -> Result<axum::Json<NotificationView>, Problem> {
    let notification = app.store.notification(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(notification, spoken.0)))
}

fn show(notification: Notification, language: Language) -> NotificationView {
    let request = notification.request;
    NotificationView {
        id: notification.id,
        account: notification.account,
        gateway: notification.gateway,
        received_at: notification.received_at,
        remote: notification.remote,
        method: request.method,
        query: request.query,
        headers: request.headers.into_iter().map(|(name, value)| HeaderView { name, value }).collect(),
        body: data_encoding::BASE64.encode(&request.body),
        body_text: String::from_utf8_lossy(&request.body).into_owned(),
        check: check(&notification.check, language),
        copies: notification.copies,
        copies_count: notification.copies_count,
        deleted_at: notification.deleted_at,
        events: notification.events.into_iter().map(super::events::show).collect(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    state: Option<String>,
    account: Option<String>,
    order: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct LineView {
    id: NotificationId,
    account: AccountId,
    gateway: String,
    received_at: Timestamp,
    body_bytes: u64,
    state: &'static str,
    reason: Option<ReasonView>,
    copies_count: u32,
    /// Words of the events it contained.
    kinds: Vec<String>,
    orders: Vec<OrderName>,
}

/// `GET /v1/notifications`, newest first.
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Params(params): Params<ListParams>,
) -> Result<axum::Json<List<LineView>>, Problem> {
    let rows = Rows::wanted(params.limit)?;
    let filter = NotificationFilter {
        state: word("state", params.state.as_deref(), CheckState::from_word)?,
        account: id("account", params.account.as_deref())?,
        order: id("order", params.order.as_deref())?,
        before: id("before", params.before.as_deref())?,
        limit: rows.to_fetch(),
    };
    let lines = app.store.notifications(holder.shop(), filter).await?;
    Ok(axum::Json(rows.page(lines, |line| line.id.to_string(), |own| line(own, spoken.0))))
}

fn line(line: NotificationLine, language: Language) -> LineView {
    LineView {
        id: line.id,
        account: line.account,
        gateway: line.gateway,
        received_at: line.received_at,
        body_bytes: line.body_bytes,
        state: line.state.word(),
        reason: line.reason.as_ref().map(|own| reason(own, language)),
        copies_count: line.copies_count,
        kinds: line.kinds,
        orders: line.orders.into_iter().map(|(id, reference)| OrderName { id, reference }).collect(),
    }
}
