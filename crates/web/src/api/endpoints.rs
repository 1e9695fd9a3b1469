//! `/v1/endpoints`: the URLs that want to be told. Keys are shown when they are made, and never again.

use super::json::Json;
use super::lists::List;
use super::params::Id;
use crate::app::App;
use crate::auth::KeyHolder;
use crate::endpoints::{self, for_receiver, new_key};
use crate::problem::{FieldProblem, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use ipnd_core::Language;
use ipnd_core::limits::{ENDPOINTS_PER_SHOP_MAX, KEY_OVERLAP_HOURS, KEY_OVERLAP_HOURS_MAX};
use ipnd_gateways::SettingKind;
use ipnd_gateways::dialect::Dialect;
use ipnd_store::{DeliveryId, Endpoint, EndpointFilter, EndpointId, EndpointState};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An endpoint as it is made, or what is to change about it: an absent field stays as it is (T-D14).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointBody {
    name: Option<String>,
    url: Option<String>,
    dialect: Option<String>,
    filter: Option<EndpointFilter>,
    headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
    concurrency: Option<u32>,
    rate: Option<u32>,
    is_ordered: Option<bool>,
    /// Only when it is made: sign with a pair of keys (Ed25519) instead of a secret.
    #[serde(default)]
    key_pair: bool,
    /// Only when it is made: it has no URL, and fetches what it is told.
    #[serde(default)]
    fetches: bool,
}

#[derive(Serialize)]
pub(super) struct EndpointView {
    id: EndpointId,
    name: String,
    url: Option<String>,
    dialect: String,
    state: EndpointState,
    /// Why it is paused, where nobody wished it.
    reason: Option<String>,
    filter: EndpointFilter,
    /// Names only: values may be secrets.
    headers: Vec<String>,
    /// Without secrets.
    settings: BTreeMap<String, String>,
    concurrency: u32,
    rate: u32,
    is_ordered: bool,
    waiting: u64,
    failures: u32,
    failing_since: Option<Timestamp>,
    rests_until: Option<Timestamp>,
    /// Only where it is about a key that has just been made: what its receiver proves signatures with.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Where a receiver of PayPal's form asks back.
    #[serde(skip_serializing_if = "Option::is_none")]
    ask_url: Option<String>,
    created_at: Timestamp,
}

fn show(app: &App, endpoint: &Endpoint, key: Option<&str>) -> EndpointView {
    let (plan, health) = (&endpoint.plan, &endpoint.health);
    let dialect = Dialect::find(&plan.dialect);
    let is_shown = |name: &str| {
        let known = dialect.and_then(|dialect| dialect.settings().iter().find(|setting| setting.key == name));
        known.is_some_and(|setting| !matches!(setting.kind, SettingKind::Secret | SettingKind::Secrets))
    };
    let settings = plan.settings.iter().filter(|(name, _)| is_shown(name));
    EndpointView {
        id: endpoint.id,
        name: plan.name.clone(),
        url: plan.url.clone(),
        dialect: plan.dialect.clone(),
        state: endpoint.state,
        reason: endpoint.reason.as_ref().map(|reason| reason.sentence(Language::En)),
        filter: plan.filter.clone(),
        headers: plan.headers.iter().map(|(name, _)| name.clone()).collect(),
        settings: settings.map(|(name, value)| (name.clone(), value.clone())).collect(),
        concurrency: plan.concurrency,
        rate: plan.rate,
        is_ordered: plan.is_ordered,
        waiting: health.waiting,
        failures: health.failures,
        failing_since: health.failing_since,
        rests_until: health.rests_until,
        key: key.map(for_receiver),
        ask_url: dialect
            .filter(|dialect| dialect.is_asked_back())
            .map(|_| app.url(&format!("/ask/{}", endpoint.token))),
        created_at: endpoint.created_at,
    }
}

/// `GET /v1/endpoints`
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
) -> Result<axum::Json<List<EndpointView>>, Problem> {
    let endpoints = app.store.endpoints(holder.shop()).await?;
    Ok(axum::Json(List::whole(endpoints.iter().map(|endpoint| show(&app, endpoint, None)).collect())))
}

/// `GET /v1/endpoints/{id}`
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
) -> Result<axum::Json<EndpointView>, Problem> {
    let endpoint = app.store.endpoint(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(&app, &endpoint, None)))
}

/// `POST /v1/endpoints`
pub(super) async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Json(body): Json<EndpointBody>,
) -> Result<Response, Problem> {
    let (is_pair, fetches) = (body.key_pair, body.fetches);
    match (&body.url, fetches) {
        (None, false) => {
            return Err(Problem::field("url", "it is needed, unless the endpoint fetches what it is told"));
        }
        (Some(_), true) => return Err(Problem::field("url", "an endpoint that fetches has none")),
        (Some(_), false) | (None, true) => {}
    }
    let plan = endpoints::check(changed(body, endpoints::usual())).map_err(Problem::Invalid)?;
    if app.store.endpoints(holder.shop()).await?.len() >= ENDPOINTS_PER_SHOP_MAX {
        return Err(Problem::Conflict(format!("a shop has at most {ENDPOINTS_PER_SHOP_MAX} endpoints")));
    }
    let key = Dialect::find(&plan.dialect).and_then(|dialect| new_key(dialect, is_pair));
    let endpoint = app.store.create_endpoint(holder.shop(), plan, key.clone(), None, &holder.name()).await?;
    let location = format!("/v1/endpoints/{}", endpoint.id);
    let view = axum::Json(show(&app, &endpoint, key.as_deref()));
    Ok((StatusCode::CREATED, [(LOCATION, location)], view).into_response())
}

/// `PUT /v1/endpoints/{id}`
pub(super) async fn update(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
    Json(body): Json<EndpointBody>,
) -> Result<axum::Json<EndpointView>, Problem> {
    let known = app.store.endpoint(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    let mut wrong = Vec::new();
    for (field, is_sent) in [("key_pair", body.key_pair), ("fetches", body.fetches)] {
        if is_sent {
            wrong.push(FieldProblem::new(field, "this is decided when the endpoint is made"));
        }
    }
    if body.url.is_some() && known.plan.url.is_none() {
        wrong.push(FieldProblem::new("url", "this endpoint fetches what it is told"));
    }
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let plan = endpoints::check(changed(body, known.plan)).map_err(Problem::Invalid)?;
    let key = first_key(&plan.dialect, known.keys.is_empty());
    let mut endpoint = app.store.update_endpoint(holder.shop(), id, plan, &holder.name()).await?;
    if let Some(key) = &key {
        endpoint = app
            .store
            .rotate_endpoint_key(holder.shop(), id, key, SignedDuration::ZERO, &holder.name())
            .await?;
    }
    Ok(axum::Json(show(&app, &endpoint.ok_or(Problem::NotFound)?, key.as_deref())))
}

/// Where the form has become one that signs.
fn first_key(dialect: &str, has_none: bool) -> Option<String> {
    Dialect::find(dialect).filter(|_| has_none).and_then(|dialect| new_key(dialect, false))
}

fn changed(body: EndpointBody, mut plan: ipnd_store::EndpointPlan) -> ipnd_store::EndpointPlan {
    if let Some(dialect) = body.dialect.filter(|dialect| *dialect != plan.dialect) {
        // Settings of another form mean nothing in this one.
        plan.settings.clear();
        plan.dialect = dialect;
    }
    for (key, value) in body.settings {
        match value {
            Some(value) => plan.settings.insert(key, value),
            None => plan.settings.remove(&key),
        };
    }
    plan.name = body.name.unwrap_or(plan.name);
    plan.url = body.url.or(plan.url);
    plan.filter = body.filter.unwrap_or(plan.filter);
    plan.headers = body.headers.map_or(plan.headers, |headers| headers.into_iter().collect());
    plan.concurrency = body.concurrency.unwrap_or(plan.concurrency);
    plan.rate = body.rate.unwrap_or(plan.rate);
    plan.is_ordered = body.is_ordered.unwrap_or(plan.is_ordered);
    plan
}

/// `DELETE /v1/endpoints/{id}`. What was told stays in the log; what waits is cancelled.
pub(super) async fn remove(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
) -> Result<StatusCode, Problem> {
    let is_removed =
        app.store.set_endpoint_state(holder.shop(), id, EndpointState::Removed, &holder.name()).await?;
    if is_removed { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::NotFound) }
}

/// `POST /v1/endpoints/{id}/pause`
pub(super) async fn pause(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
) -> Result<axum::Json<EndpointView>, Problem> {
    turn(&app, &holder, id, EndpointState::Paused).await
}

/// `POST /v1/endpoints/{id}/resume`
pub(super) async fn resume(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
) -> Result<axum::Json<EndpointView>, Problem> {
    turn(&app, &holder, id, EndpointState::Active).await
}

/// Doing so twice changes nothing and is fine.
async fn turn(
    app: &App,
    holder: &KeyHolder,
    id: EndpointId,
    state: EndpointState,
) -> Result<axum::Json<EndpointView>, Problem> {
    app.store.set_endpoint_state(holder.shop(), id, state, &holder.name()).await?;
    let endpoint = app.store.endpoint(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(app, &endpoint, None)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateBody {
    #[serde(default)]
    key_pair: bool,
    /// How long the key of before signs as well.
    overlap_hours: Option<u32>,
}

/// `POST /v1/endpoints/{id}/rotate`
pub(super) async fn rotate(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
    Json(body): Json<RotateBody>,
) -> Result<axum::Json<EndpointView>, Problem> {
    let known = app.store.endpoint(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    let hours = body.overlap_hours.map_or(KEY_OVERLAP_HOURS, i64::from);
    if hours > KEY_OVERLAP_HOURS_MAX {
        return Err(Problem::field("overlap_hours", format!("it must be at most {KEY_OVERLAP_HOURS_MAX}")));
    }
    let key = Dialect::find(&known.plan.dialect).and_then(|dialect| new_key(dialect, body.key_pair));
    let key = key.ok_or_else(|| {
        Problem::Conflict("this form is signed with what stands in its settings; change it there".into())
    })?;
    let overlap = SignedDuration::from_hours(hours);
    let endpoint = app.store.rotate_endpoint_key(holder.shop(), id, &key, overlap, &holder.name()).await?;
    Ok(axum::Json(show(&app, &endpoint.ok_or(Problem::NotFound)?, Some(&key))))
}

#[derive(Serialize)]
pub(super) struct Tried {
    delivery: DeliveryId,
}

/// `POST /v1/endpoints/{id}/test`: puts a message into the outbox that tells of nothing.
pub(super) async fn test(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<EndpointId>,
) -> Result<Response, Problem> {
    let delivery = app.store.test_endpoint(holder.shop(), id, app.clock.now()).await?;
    match delivery {
        Some(delivery) => Ok((StatusCode::ACCEPTED, axum::Json(Tried { delivery })).into_response()),
        None => match app.store.endpoint(holder.shop(), id).await? {
            Some(_) => Err(Problem::Conflict("the endpoint is paused".into())),
            None => Err(Problem::NotFound),
        },
    }
}
