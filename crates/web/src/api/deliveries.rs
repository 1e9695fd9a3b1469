//! `/v1/deliveries`: what was told to whom, how that went, and sending it anew.

use super::events::OrderName;
use super::json::Json;
use super::lists::{List, Rows};
use super::params::{Name, Params, Spoken, id, word};
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::Problem;
use axum::extract::State;
use ipnd_core::{Language, QuestionKind};
use ipnd_gateways::dialect::content_of;
use ipnd_store::{
    AttemptLine, Delivery, DeliveryFilter, DeliveryId, DeliveryLine, DeliveryState, EndpointId, EventId,
    HeldBack, Resend, ShopId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub(super) struct DeliveryView {
    id: DeliveryId,
    /// Goes out with every attempt and never changes.
    message_id: String,
    endpoint: EndpointId,
    endpoint_name: String,
    kind: String,
    event: Option<EventId>,
    order: Option<OrderName>,
    /// The number within its order.
    sequence: Option<u32>,
    state: &'static str,
    attempts: u32,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    next_at: Option<Timestamp>,
    /// HTTP status of the last attempt.
    status: Option<u16>,
    /// Why it has not arrived, in a sentence.
    reason: Option<String>,
}

pub(super) fn show(line: DeliveryLine, language: Language) -> DeliveryView {
    DeliveryView {
        id: line.id,
        message_id: line.message_id,
        endpoint: line.endpoint,
        endpoint_name: line.endpoint_name,
        kind: line.kind,
        event: line.event,
        order: line.order.map(|(id, reference)| OrderName { id, reference }),
        sequence: line.sequence,
        state: line.state.word(),
        attempts: line.attempts,
        created_at: line.created_at,
        ended_at: line.ended_at,
        next_at: line.next_at,
        status: line.status,
        reason: line.reason.map(|reason| reason.sentence(language)),
    }
}

#[derive(Serialize)]
pub(super) struct WholeDelivery {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// What is told, in the words of the default form.
    content: serde_json::Value,
    tries: Vec<TryView>,
}

#[derive(Serialize)]
struct TryView {
    started_at: Timestamp,
    duration_ms: u32,
    outcome: String,
    status: Option<u16>,
    /// The beginning of what the receiver answered.
    reply: Option<String>,
    reason: Option<String>,
}

fn show_try(line: AttemptLine, language: Language) -> TryView {
    TryView {
        started_at: line.attempt.started_at,
        duration_ms: line.attempt.duration,
        outcome: line.outcome,
        status: line.attempt.status,
        reply: line.attempt.reply,
        reason: line.reason.map(|reason| reason.sentence(language)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    endpoint: Option<String>,
    state: Option<String>,
    order: Option<String>,
    kind: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/deliveries`, newest first.
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Params(params): Params<ListParams>,
) -> Result<axum::Json<List<DeliveryView>>, Problem> {
    let rows = Rows::wanted(params.limit)?;
    let filter = DeliveryFilter {
        endpoint: id("endpoint", params.endpoint.as_deref())?,
        state: word("state", params.state.as_deref(), DeliveryState::from_word)?,
        order: id("order", params.order.as_deref())?,
        kind: params.kind,
        since: params.since,
        until: params.until,
        only_missing: false,
        before: id("before", params.before.as_deref())?,
        limit: rows.to_fetch(),
    };
    let deliveries = app.store.deliveries(holder.shop(), filter).await?;
    Ok(axum::Json(rows.page(deliveries, |line| line.id.to_string(), |line| show(line, spoken.0))))
}

/// An id, or the id that went out with the message.
pub(super) async fn find(app: &App, shop: ShopId, name: &str) -> Result<DeliveryId, Problem> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    app.store.delivery_by_message(shop, name).await?.ok_or(Problem::NotFound)
}

/// `GET /v1/deliveries/{id}`
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Name(name): Name,
) -> Result<axum::Json<WholeDelivery>, Problem> {
    let id = find(&app, holder.shop(), &name).await?;
    let Delivery { line, notice, attempts, .. } =
        app.store.delivery(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(WholeDelivery {
        delivery: show(line, spoken.0),
        content: content_of(&notice),
        tries: attempts.into_iter().map(|line| show_try(line, spoken.0)).collect(),
    }))
}

#[derive(Serialize)]
pub(super) struct ResentView {
    /// Deliveries that were there and are sent again.
    again: u64,
    /// Deliveries that are made for it.
    new: u64,
    dry_run: bool,
}

/// `POST /v1/deliveries/{id}/resend`
pub(super) async fn resend_one(
    State(app): State<App>,
    holder: KeyHolder,
    Name(name): Name,
) -> Result<axum::Json<ResentView>, Problem> {
    let id = find(&app, holder.shop(), &name).await?;
    let what = Resend { ids: vec![id], ..Resend::default() };
    let resent = app.store.resend(holder.shop(), what, app.clock.now()).await?;
    if resent.again == 0 {
        return Err(match app.store.delivery(holder.shop(), id).await? {
            Some(_) => {
                Problem::Conflict("it is being sent at the moment, or its endpoint was removed".into())
            }
            None => Problem::NotFound,
        });
    }
    Ok(axum::Json(ResentView { again: resent.again, new: resent.new, dry_run: false }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResendBody {
    endpoint: Option<EndpointId>,
    state: Option<String>,
    kind: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Also what the endpoint was never told.
    #[serde(default)]
    fill_in: bool,
    /// Only counts.
    #[serde(default)]
    dry_run: bool,
}

/// `POST /v1/deliveries/resend`: many, by a filter.
pub(super) async fn resend(
    State(app): State<App>,
    holder: KeyHolder,
    Json(body): Json<ResendBody>,
) -> Result<axum::Json<ResentView>, Problem> {
    if body.endpoint.is_none() && body.since.is_none() && body.state.is_none() {
        return Err(Problem::field("body", "it needs an endpoint, a state or a time since when"));
    }
    if body.fill_in && (body.endpoint.is_none() || body.since.is_none()) {
        return Err(Problem::field("fill_in", "it needs an endpoint and a time since when"));
    }
    let filter = DeliveryFilter {
        endpoint: body.endpoint,
        state: word("state", body.state.as_deref(), DeliveryState::from_word)?,
        kind: body.kind,
        since: body.since,
        until: body.until,
        ..DeliveryFilter::default()
    };
    let what = Resend { ids: Vec::new(), filter, fills_in: body.fill_in, is_dry: body.dry_run };
    let resent = app.store.resend(holder.shop(), what, app.clock.now()).await?;
    Ok(axum::Json(ResentView { again: resent.again, new: resent.new, dry_run: body.dry_run }))
}

/// What the shop did not get, and why.
#[derive(Serialize)]
pub(super) struct Missing {
    /// Not told, because a question about it waits for the owner.
    held_back: Vec<HeldBackView>,
    /// Told, and not arrived yet, or given up.
    deliveries: Vec<DeliveryView>,
    /// Send it as `before` to get the next page of deliveries.
    next: Option<String>,
}

#[derive(Serialize)]
struct HeldBackView {
    event: EventId,
    kind: String,
    order: Option<OrderName>,
    recorded_at: Timestamp,
    question: QuestionKind,
}

fn held(held: HeldBack) -> HeldBackView {
    HeldBackView {
        event: held.event,
        kind: held.kind,
        order: held.order.map(|(id, reference)| OrderName { id, reference }),
        recorded_at: held.recorded_at,
        question: held.question,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingParams {
    endpoint: Option<String>,
    before: Option<String>,
}

/// `GET /v1/missing`
pub(super) async fn missing(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Params(params): Params<MissingParams>,
) -> Result<axum::Json<Missing>, Problem> {
    let rows = Rows::wanted(None)?;
    let filter = DeliveryFilter {
        endpoint: id("endpoint", params.endpoint.as_deref())?,
        only_missing: true,
        before: id("before", params.before.as_deref())?,
        limit: rows.to_fetch(),
        ..DeliveryFilter::default()
    };
    let held_back = app.store.held_back(holder.shop()).await?;
    let deliveries = app.store.deliveries(holder.shop(), filter).await?;
    let List { data, next } = rows.page(deliveries, |line| line.id.to_string(), |line| show(line, spoken.0));
    Ok(axum::Json(Missing { held_back: held_back.into_iter().map(held).collect(), deliveries: data, next }))
}
