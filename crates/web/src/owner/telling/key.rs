//! The key that has just been made: shown once, with how to prove a signature with it.

use super::super::failure::Failure;
use super::super::frame::{Frame, Section};
use super::super::visit::Visit;
use super::ENDPOINTS;
use super::fetching::Fetching;
use crate::endpoints::for_receiver;
use crate::page;
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use ipnd_gateways::kit::webhook_signing::PRIVATE_PREFIX;
use ipnd_store::Endpoint;

/// With a secret that both sides have.
const BY_SECRET: &str = include_str!("recipe_secret.py");
/// With the public half of a pair.
const BY_PAIR: &str = include_str!("recipe_pair.py");

#[derive(Template)]
#[template(path = "owner/telling/key.html")]
struct KeyPage {
    page: Frame,
    name: String,
    href: String,
    key: String,
    is_pair: bool,
    recipe: &'static str,
    /// For one that has no address.
    fetching: Option<Fetching>,
}

pub(super) fn is_pair(key: &str) -> bool {
    key.starts_with(PRIVATE_PREFIX)
}

pub(super) async fn show(visit: &Visit, endpoint: &Endpoint, key: &str) -> Result<Response, Failure> {
    let is_pair = is_pair(key);
    let shown = KeyPage {
        page: visit.frame(Section::Endpoints).await?,
        name: endpoint.plan.name.clone(),
        href: format!("{ENDPOINTS}/{}", endpoint.id),
        key: for_receiver(key),
        is_pair,
        recipe: if is_pair { BY_PAIR } else { BY_SECRET },
        fetching: Fetching::of(endpoint, &visit.app),
    };
    Ok(page::html(StatusCode::OK, &shown))
}
