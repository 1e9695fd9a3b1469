//! `/owner/endpoints/new` and `/owner/endpoints/{id}/edit`.

use super::super::failure::Failure;
use super::super::fields::Fields;
use super::super::frame::{Frame, Section};
use super::super::inputs::Input;
use super::super::visit::{Visit, done};
use super::choosing::{self, Wish};
use super::form::Form;
use super::kinds::{self, Group};
use super::{ENDPOINTS, find, headers, key};
use crate::endpoints::new_key;
use crate::page;
use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use http::StatusCode;
use ipnd_core::Environment;
use ipnd_core::limits::{ENDPOINT_CONCURRENCY_MAX, ENDPOINT_RATE_MAX, ENDPOINTS_PER_SHOP_MAX};
use ipnd_gateways::dialect::Dialect;
use ipnd_store::{Account, Endpoint};
use jiff::SignedDuration;
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "owner/telling/form.html")]
struct FormPage {
    page: Frame,
    title: String,
    action: String,
    back: String,
    choose: String,
    dialect: Dialect,
    is_new: bool,
    name: String,
    /// It has no address. Chosen for a new one, and never changed.
    fetches: bool,
    url: String,
    inputs: Vec<Input>,
    groups: Vec<Group>,
    accounts: Vec<(String, String, bool)>,
    environment: &'static str,
    products: String,
    expression: String,
    headers: String,
    headers_are_lost: bool,
    concurrency: String,
    concurrency_max: u32,
    rate: String,
    rate_max: u32,
    is_ordered: bool,
    is_pair: bool,
    /// Folded away while nothing in it is unusual or wrong.
    shows_filter: bool,
    shows_pace: bool,
    problems: BTreeMap<String, String>,
}

/// `GET /owner/endpoints/new`: the choice of a form, then the form that goes with it.
pub(super) async fn new(visit: Visit, Query(wish): Query<Wish>) -> Result<Response, Failure> {
    match Dialect::find(&wish.dialect) {
        Some(dialect) => form_page(&visit, None, Form::new(dialect)).await,
        None => choosing::first(&visit, wish.search).await,
    }
}

/// `POST /owner/endpoints/new`. Where ipnd makes a key, the answer is a page and no redirect: a key must not stand in an
/// address, where histories and logs would keep it (T-F11).
pub(super) async fn create(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let dialect = Dialect::find(fields.get("dialect")).ok_or(Failure::Unreadable)?;
    let store = &visit.app.store;
    let accounts = store.accounts(visit.shop_id()).await?;
    let mut form = Form::read(dialect, &fields, None, &accounts, visit.words);
    if store.endpoints(visit.shop_id()).await?.len() >= ENDPOINTS_PER_SHOP_MAX {
        let problem = visit.words.with("endpoints.problem_full", "max", ENDPOINTS_PER_SHOP_MAX);
        form.problems.insert("name".to_owned(), problem);
    }
    if !form.problems.is_empty() {
        return form_page(&visit, None, form).await;
    }
    let key = new_key(dialect, form.is_pair);
    let by = &visit.user.email;
    let endpoint = store.create_endpoint(visit.shop_id(), form.plan, key.clone(), None, by).await?;
    match key {
        Some(key) => key::show(&visit, &endpoint, &key).await,
        None => Ok(done(&format!("{ENDPOINTS}/{}", endpoint.id), "endpoint_new")),
    }
}

/// `GET /owner/endpoints/{id}/edit`, in its form or in another one that was chosen.
pub(super) async fn edit(
    visit: Visit,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<Response, Failure> {
    let endpoint = find(&visit, &id).await?;
    let dialect = Dialect::find(&wish.dialect).or_else(|| Dialect::find(&endpoint.plan.dialect));
    let form = Form::of(&endpoint, dialect.unwrap_or(Dialect::Standard));
    form_page(&visit, Some(&endpoint), form).await
}

/// `POST /owner/endpoints/{id}/edit`
pub(super) async fn update(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let endpoint = find(&visit, &id).await?;
    let dialect = Dialect::find(fields.get("dialect")).ok_or(Failure::Unreadable)?;
    let store = &visit.app.store;
    let accounts = store.accounts(visit.shop_id()).await?;
    let form = Form::read(dialect, &fields, Some(&endpoint), &accounts, visit.words);
    if !form.problems.is_empty() {
        return form_page(&visit, Some(&endpoint), form).await;
    }
    let (shop, by) = (visit.shop_id(), &visit.user.email);
    let changed = store.update_endpoint(shop, endpoint.id, form.plan, by).await?.ok_or(Failure::NotFound)?;
    // The form has become one that signs.
    if let Some(key) = new_key(dialect, form.is_pair).filter(|_| changed.keys.is_empty()) {
        store.rotate_endpoint_key(shop, changed.id, &key, SignedDuration::ZERO, by).await?;
        return key::show(&visit, &changed, &key).await;
    }
    Ok(done(&format!("{ENDPOINTS}/{}", changed.id), "endpoint"))
}

async fn form_page(visit: &Visit, endpoint: Option<&Endpoint>, form: Form) -> Result<Response, Failure> {
    let words = visit.words;
    let accounts = visit.app.store.accounts(visit.shop_id()).await?;
    let status = if form.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let here = endpoint.map(|endpoint| format!("{ENDPOINTS}/{}", endpoint.id));
    let is_wrong = |fields: &[&str]| fields.iter().any(|field| form.problems.contains_key(*field));
    let plan = &form.plan;
    let filter = &plan.filter;
    let shown = FormPage {
        page: visit.frame(Section::Endpoints).await?,
        title: match endpoint {
            Some(endpoint) => words.with("accounts.edit", "name", &endpoint.plan.name),
            None => words.t("endpoints.add"),
        },
        action: here.as_ref().map_or_else(|| format!("{ENDPOINTS}/new"), |here| format!("{here}/edit")),
        choose: here.as_ref().map_or_else(|| format!("{ENDPOINTS}/new"), |here| format!("{here}/form")),
        back: here.unwrap_or_else(|| ENDPOINTS.to_owned()),
        dialect: form.dialect,
        is_new: endpoint.is_none(),
        inputs: form.inputs(endpoint, words),
        groups: kinds::boxes(filter, form.dialect, words),
        accounts: offered(&form, &accounts),
        environment: filter.environment.map_or("", Environment::word),
        shows_filter: *filter != ipnd_store::EndpointFilter::default() || is_wrong(&["filter", "expression"]),
        shows_pace: !plan.headers.is_empty()
            || (plan.url.is_some() && (plan.rate > 0 || plan.is_ordered))
            || is_wrong(&["headers", "concurrency", "rate"]),
        products: filter.products.join("\n"),
        expression: filter.expression.clone(),
        headers: headers::shown(&plan.headers),
        headers_are_lost: form.headers_are_lost,
        concurrency: form.concurrency.clone(),
        concurrency_max: ENDPOINT_CONCURRENCY_MAX,
        rate: form.rate.clone(),
        rate_max: ENDPOINT_RATE_MAX,
        is_ordered: plan.is_ordered,
        is_pair: form.is_pair,
        problems: form.problems.clone(),
        name: plan.name.clone(),
        fetches: plan.url.is_none(),
        url: plan.url.clone().unwrap_or_default(),
    };
    Ok(page::html(status, &shown))
}

/// One account needs no choice, unless it was made before.
fn offered(form: &Form, accounts: &[Account]) -> Vec<(String, String, bool)> {
    let offered = form.accounts(accounts);
    if offered.len() < 2 && offered.iter().all(|(_, _, is_chosen)| !is_chosen) { Vec::new() } else { offered }
}
