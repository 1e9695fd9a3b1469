//! Telling the shop: everything below `/owner/endpoints` and `/owner/deliveries`.
//!
//! | file | pages |
//! |---|---|
//! | `endpoints`, `standing` | the list, and one endpoint with what was told to it last |
//! | `editing`, `choosing`, `form`, `kinds`, `headers` | adding and changing one |
//! | `deeds`, `key` | what its buttons do, and the key that is shown once |
//! | `fetching` | the calls of one that has no address |
//! | `deliveries`, `row`, `why` | what the shop was told, and what it did not get |
//! | `delivery` | one delivery with all its attempts |
//! | `resend` | sending anew |
//! | `vendor` | `/vendor/...`: what was told to a vendor of a platform, without a log-in |
//!
//! What lists or shows is kept apart from what links: the templates `cards.html`, `rows.html` and `attempts.html` have no
//! address of their own in them, so that pages for somebody who is not the owner can use them.

mod choosing;
mod deeds;
mod deliveries;
mod delivery;
mod editing;
mod endpoints;
mod fetching;
mod form;
mod headers;
mod key;
mod kinds;
mod resend;
mod row;
mod standing;
mod vendor;
mod why;

use super::failure::Failure;
use super::visit::Visit;
use super::words::Words;
use crate::app::App;
use axum::Router;
use axum::routing::{get, post};
use ipnd_gateways::dialect::{Dialect, TEST_TYPE};
use ipnd_store::{Endpoint, EndpointId};

pub(super) use why::{sentence, tone};

const ENDPOINTS: &str = "/owner/endpoints";
pub(super) const DELIVERIES: &str = "/owner/deliveries";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/owner/endpoints", get(endpoints::list))
        .route("/owner/endpoints/new", get(editing::new).post(editing::create))
        .route("/owner/endpoints/{id}", get(endpoints::show))
        .route("/owner/endpoints/{id}/form", get(choosing::another))
        .route("/owner/endpoints/{id}/edit", get(editing::edit).post(editing::update))
        .route("/owner/endpoints/{id}/test", post(deeds::test))
        .route("/owner/endpoints/{id}/pause", post(deeds::pause))
        .route("/owner/endpoints/{id}/resume", post(deeds::resume))
        .route("/owner/endpoints/{id}/rotate", post(deeds::rotate))
        .route("/owner/endpoints/{id}/remove", get(deeds::ask_first).post(deeds::remove))
        .route("/owner/deliveries", get(deliveries::list))
        .route("/owner/deliveries/resend", post(resend::many))
        .route("/owner/deliveries/{id}", get(delivery::show))
        .route("/owner/deliveries/{id}/resend", post(resend::one))
}

/// Pages for vendors, who have no log-in.
pub(super) fn vendor_routes() -> Router<App> {
    Router::new()
        .route("/vendor/{secret}", get(vendor::list))
        .route("/vendor/{secret}/{id}", get(vendor::show))
}

/// The tab that is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Endpoints,
    Missing,
    All,
}

struct TabLine {
    href: &'static str,
    name: String,
    is_current: bool,
}

fn tabs(current: Tab, words: Words) -> Vec<TabLine> {
    let tab = |tab, href, key| TabLine { href, name: words.t(key), is_current: tab == current };
    vec![
        tab(Tab::Endpoints, ENDPOINTS, "endpoints.title"),
        tab(Tab::Missing, DELIVERIES, "deliveries.tab_missing"),
        tab(Tab::All, "/owner/deliveries?view=all", "deliveries.tab_all"),
    ]
}

/// An endpoint of this shop that was not removed.
async fn find(visit: &Visit, id: &str) -> Result<Endpoint, Failure> {
    let id: EndpointId = id.parse().map_err(|_| Failure::NotFound)?;
    visit.app.store.endpoint(visit.shop_id(), id).await?.ok_or(Failure::NotFound)
}

/// What people call an endpoint's form.
fn form_name(dialect: &str) -> String {
    Dialect::find(dialect).map_or_else(|| dialect.to_owned(), |dialect| dialect.name().to_owned())
}

/// What is told, in words.
pub(super) fn kind_name(kind: &str, words: Words) -> String {
    match ipnd_core::EventKind::from_word(kind) {
        Some(kind) => words.event_kind(kind),
        None if kind == TEST_TYPE => words.t("deliveries.kind_test"),
        None => kind.to_owned(),
    }
}
