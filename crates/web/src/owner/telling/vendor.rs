//! `/vendor/{secret}`: what was told to one vendor of a platform, for the vendor, who has no log-in. Whoever knows the
//! address may look at this and at nothing else; nothing can be changed here.

use super::super::words::Words;
use super::delivery::{AttemptRow, Attempts, content};
use super::form_name;
use super::row::{Around, Row, row, state_name};
use super::standing::Standing;
use super::why::{next, tone, why};
use crate::app::App;
use crate::errors::Failure;
use crate::i18n::Choice;
use crate::owner::listing::{PAGE_ROWS, page_of};
use crate::page::{self, Page};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use ipnd_store::{DeliveryFilter, DeliveryId, DeliveryState, Vendor, token};
use serde::Deserialize;
use std::ops::Deref;

/// A page with the words that the lists of deliveries use.
struct VendorFrame {
    page: Page,
    words: Words,
}

impl Deref for VendorFrame {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl VendorFrame {
    fn t(&self, key: &str) -> String {
        self.words.t(key)
    }

    fn with(&self, key: &str, name: &str, value: impl ToString) -> String {
        self.words.with(key, name, value)
    }
}

struct Connection {
    name: String,
    url: Option<String>,
    form: String,
    standing: Standing,
}

#[derive(Template)]
#[template(path = "owner/telling/vendor.html")]
struct VendorPage {
    page: VendorFrame,
    connections: Vec<Connection>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
}

#[derive(Template)]
#[template(path = "owner/telling/vendor_delivery.html")]
struct VendorDeliveryPage {
    page: VendorFrame,
    title: String,
    href: String,
    state: String,
    tone: &'static str,
    why: Vec<String>,
    next: Option<String>,
    content: String,
    message_id: String,
    attempts: Vec<AttemptRow>,
    unknown: u32,
    cut: Option<u32>,
}

/// Whoever opens the page.
struct Visitor {
    app: App,
    vendor: Vendor,
    href: String,
    words: Words,
    page: Page,
}

impl Visitor {
    async fn new(app: App, secret: &str, choice: Choice, uri: &Uri) -> Result<Self, Failure> {
        let vendor = app.store.vendor_by_page(&token::fingerprint(secret)).await?.ok_or(Failure::NotFound)?;
        let language = choice.or(vendor.shop.language);
        let href = format!("/vendor/{secret}");
        let page = Page::new(language, &vendor.shop.name, &href, uri);
        Ok(Self { app, vendor, href, words: Words(language), page })
    }

    fn frame(self) -> VendorFrame {
        VendorFrame { page: self.page, words: self.words }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    before: String,
}

pub(super) async fn list(
    State(app): State<App>,
    Path(secret): Path<String>,
    Query(wish): Query<Wish>,
    choice: Choice,
    uri: Uri,
) -> Result<Response, Failure> {
    let visitor = Visitor::new(app, &secret, choice, &uri).await?;
    let (store, shop, words) = (&visitor.app.store, visitor.vendor.shop.id, visitor.words);
    let before = wish.before.parse().ok();
    let filter = DeliveryFilter { before, limit: PAGE_ROWS + 1, ..DeliveryFilter::default() };
    let endpoints = store.endpoints(shop).await?;
    let found = page_of(store.deliveries(shop, filter).await?, |line| line.id.to_string());
    let now = visitor.app.clock.now();
    let around = Around { endpoints: &endpoints, names_endpoints: true, now, words };
    let shown = |line: ipnd_store::DeliveryLine| {
        let href = format!("{}/{}", visitor.href, line.id);
        // The order's own page is its shop's owner's.
        let order = line.order.as_ref().map(|(_, reference)| (String::new(), reference.clone()));
        Row { href, order, ..row(line, around) }
    };
    let rows = found.rows.into_iter().map(shown).collect();
    let connections = endpoints.iter().map(|endpoint| Connection {
        name: endpoint.plan.name.clone(),
        url: endpoint.plan.url.clone(),
        form: form_name(&endpoint.plan.dialect),
        standing: Standing::of(endpoint, now, words),
    });
    let shown = VendorPage {
        connections: connections.collect(),
        rows,
        newest: before.map(|_: DeliveryId| visitor.href.clone()),
        older: found.next.map(|last| format!("{}?before={last}", visitor.href)),
        page: visitor.frame(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

pub(super) async fn show(
    State(app): State<App>,
    Path((secret, id)): Path<(String, String)>,
    choice: Choice,
    uri: Uri,
) -> Result<Response, Failure> {
    let visitor = Visitor::new(app, &secret, choice, &uri).await?;
    let (store, shop, words) = (&visitor.app.store, visitor.vendor.shop.id, visitor.words);
    let id: DeliveryId = id.parse().map_err(|_| Failure::NotFound)?;
    let delivery = store.delivery(shop, id).await?.ok_or(Failure::NotFound)?;
    let endpoint = store.endpoint(shop, delivery.line.endpoint).await?;
    let (line, now) = (&delivery.line, visitor.app.clock.now());
    let Attempts { rows: attempts, unknown, cut } = Attempts::of(line.attempts, delivery.attempts, words);
    let shown = VendorDeliveryPage {
        title: super::kind_name(&line.kind, words),
        href: visitor.href.clone(),
        state: state_name(line.state, words),
        tone: tone(line.state),
        why: why(line, endpoint.as_ref(), now, words),
        next: match (line.state, line.ended_at) {
            (DeliveryState::Delivered, Some(at)) => Some(words.at_second(at)),
            _ => next(line, endpoint.as_ref(), now, words),
        },
        content: content(&delivery.notice),
        message_id: line.message_id.clone(),
        attempts,
        unknown,
        cut,
        page: visitor.frame(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}
