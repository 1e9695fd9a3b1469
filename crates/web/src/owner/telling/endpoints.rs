//! `/owner/endpoints`: who is told, and one of them with what was told to it last.

use super::super::failure::Failure;
use super::super::frame::{Frame, Section};
use super::super::visit::Visit;
use super::super::words::Words;
use super::deeds::OVERLAPS;
use super::fetching::Fetching;
use super::row::{Around, Row, row};
use super::standing::Standing;
use super::{DELIVERIES, ENDPOINTS, Tab, TabLine, find, form_name, key, kinds, tabs};
use crate::endpoints::for_receiver;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::limits::{ENDPOINTS_PER_SHOP_MAX, KEY_OVERLAP_HOURS};
use ipnd_gateways::dialect::Dialect;
use ipnd_store::{Account, DeliveryFilter, Endpoint, EndpointState, SigningKey};

/// Deliveries that are shown beside their endpoint.
const LAST_SHOWN: u32 = 20;

#[derive(Template)]
#[template(path = "owner/telling/endpoints.html")]
struct EndpointsPage {
    page: Frame,
    tabs: Vec<TabLine>,
    cards: Vec<Card>,
    can_add: bool,
}

/// An endpoint in the list. Where it leads is said by whoever lists it.
struct Card {
    href: String,
    name: String,
    /// `None` for one that fetches what it is told.
    url: Option<String>,
    form: String,
    standing: Standing,
    /// What waits: where it is listed, and in words.
    waiting: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "owner/telling/endpoint.html")]
struct EndpointPage {
    page: Frame,
    card: Card,
    is_paused: bool,
    can_test: bool,
    /// For one that has no address.
    fetching: Option<Fetching>,
    rows: Vec<Row>,
    all: String,
    facts: Vec<(String, String)>,
    /// Where its receiver asks back: its own address, and the one for all.
    asks: Option<(String, String)>,
    keys: Vec<KeyLine>,
    /// How long an old key may go on: hours, in words, and whether it is usual.
    overlaps: Vec<(i64, String, bool)>,
}

/// A key without the key.
struct KeyLine {
    name: String,
    until: Option<String>,
    /// Of a pair, the half that everybody may know.
    public: Option<String>,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let endpoints = visit.app.store.endpoints(visit.shop_id()).await?;
    let shown = EndpointsPage {
        page: visit.frame(Section::Endpoints).await?,
        tabs: tabs(Tab::Endpoints, visit.words),
        can_add: endpoints.len() < ENDPOINTS_PER_SHOP_MAX,
        cards: endpoints.iter().map(|endpoint| card(endpoint, &visit)).collect(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn card(endpoint: &Endpoint, visit: &Visit) -> Card {
    let words = visit.words;
    let waiting = endpoint.health.waiting;
    Card {
        href: format!("{ENDPOINTS}/{}", endpoint.id),
        name: endpoint.plan.name.clone(),
        url: endpoint.plan.url.clone(),
        form: form_name(&endpoint.plan.dialect),
        standing: Standing::of(endpoint, visit.now(), words),
        waiting: (waiting > 0).then(|| {
            let href = format!("{DELIVERIES}?view=all&endpoint={}&state=waiting", endpoint.id);
            (href, words.with("endpoints.waiting", "count", waiting))
        }),
    }
}

/// `GET /owner/endpoints/{id}`
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let endpoint = find(&visit, &id).await?;
    let store = &visit.app.store;
    let words = visit.words;
    let filter =
        DeliveryFilter { endpoint: Some(endpoint.id), limit: LAST_SHOWN, ..DeliveryFilter::default() };
    let lines = store.deliveries(visit.shop_id(), filter).await?;
    let accounts = store.accounts(visit.shop_id()).await?;
    let own = [endpoint];
    let around = Around { endpoints: &own, names_endpoints: false, now: visit.now(), words };
    let rows = lines.into_iter().map(|line| row(line, around)).collect();
    let [endpoint] = own;
    let dialect = Dialect::find(&endpoint.plan.dialect);
    let is_paused = endpoint.state == EndpointState::Paused;
    let shown = EndpointPage {
        page: visit.frame(Section::Endpoints).await?,
        is_paused,
        // Whether one that fetches is reached is for its own program to see.
        can_test: !is_paused && endpoint.order.is_none() && endpoint.plan.url.is_some(),
        fetching: Fetching::of(&endpoint, &visit.app),
        rows,
        all: format!("{DELIVERIES}?view=all&endpoint={}", endpoint.id),
        facts: facts(&endpoint, &accounts, words),
        asks: dialect.filter(|dialect| dialect.is_asked_back()).map(|_| {
            let own = visit.app.url(&format!("/ask/{}", endpoint.token));
            (own, visit.app.url("/cgi-bin/webscr"))
        }),
        keys: keys(&endpoint, &visit),
        overlaps: OVERLAPS.map(|hours| overlap(hours, words)).into(),
        card: card(&endpoint, &visit),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn overlap(hours: i64, words: Words) -> (i64, String, bool) {
    (hours, words.t(&format!("endpoints.overlap.{hours}")), hours == KEY_OVERLAP_HOURS)
}

/// Those that sign, where the form signs with keys of ipnd's at all.
fn keys(endpoint: &Endpoint, visit: &Visit) -> Vec<KeyLine> {
    let words = visit.words;
    let has_keys = Dialect::find(&endpoint.plan.dialect).is_some_and(Dialect::has_keys);
    let is_good = |own: &&SigningKey| has_keys && own.until.is_none_or(|until| until > visit.now());
    let line = |own: &SigningKey| {
        let is_pair = key::is_pair(&own.key);
        KeyLine {
            name: words.t(if is_pair { "endpoints.key_pair" } else { "endpoints.key_secret" }),
            until: own.until.map(|until| words.with("endpoints.key_until", "at", words.at(until))),
            public: is_pair.then(|| for_receiver(&own.key)),
        }
    };
    endpoint.keys.iter().filter(is_good).map(line).collect()
}

/// What its owner has decided, without secrets.
fn facts(endpoint: &Endpoint, accounts: &[Account], words: Words) -> Vec<(String, String)> {
    let plan = &endpoint.plan;
    let filter = &plan.filter;
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| facts.push((words.t(&format!("endpoints.{key}")), value));
    fact(
        "wants",
        if filter.kinds.is_empty() {
            words.t("endpoints.wants_all")
        } else {
            kinds::names(filter, words).join(", ")
        },
    );
    if !filter.accounts.is_empty() {
        let name = |id| accounts.iter().find(|account| account.id == id).map(|account| account.name.clone());
        let names = filter.accounts.iter().map(|id| name(*id).unwrap_or_else(|| id.to_string()));
        fact("filter_accounts", names.collect::<Vec<_>>().join(", "));
    }
    if let Some(environment) = filter.environment {
        fact("filter_environment", words.t(&format!("word.{}", environment.word())));
    }
    if !filter.products.is_empty() {
        fact("filter_products", filter.products.join(", "));
    }
    if !filter.expression.is_empty() {
        fact("filter_expression", filter.expression.clone());
    }
    if !plan.headers.is_empty() {
        let names: Vec<&str> = plan.headers.iter().map(|(name, _)| name.as_str()).collect();
        fact("headers", names.join(", "));
    }
    if plan.url.is_some() {
        fact("concurrency", plan.concurrency.to_string());
        if plan.rate > 0 {
            fact("rate", plan.rate.to_string());
        }
        fact("ordered", words.t(if plan.is_ordered { "word.yes" } else { "word.no" }));
    }
    fact("created", words.at(endpoint.created_at));
    facts
}
