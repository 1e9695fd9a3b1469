//! The first step: in which form an endpoint is told.

use super::super::failure::Failure;
use super::super::frame::{Frame, Section};
use super::super::visit::Visit;
use super::super::words::Words;
use super::{ENDPOINTS, find};
use crate::page;
use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use http::StatusCode;
use ipnd_gateways::dialect::Dialect;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "owner/telling/choose.html")]
struct ChoosePage {
    page: Frame,
    back: String,
    action: String,
    search: String,
    choices: Vec<Choice>,
}

/// A form that can be chosen.
struct Choice {
    href: String,
    name: &'static str,
    sentence: String,
    /// What the search looks at, in small letters.
    words: String,
    /// The first one is to be taken unless something speaks against it.
    rank: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    pub(super) dialect: String,
    pub(super) search: String,
}

/// For a new endpoint.
pub(super) async fn first(visit: &Visit, search: String) -> Result<Response, Failure> {
    let new = format!("{ENDPOINTS}/new");
    choose(visit, (ENDPOINTS.to_owned(), new.clone(), &new), search).await
}

/// `GET /owner/endpoints/{id}/form`: for one that is there. Nothing changes before its form is saved.
pub(super) async fn another(
    visit: Visit,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
) -> Result<Response, Failure> {
    let here = format!("{ENDPOINTS}/{}", find(&visit, &id).await?.id);
    let edit = format!("{here}/edit");
    choose(&visit, (edit.clone(), format!("{here}/form"), &edit), wish.search).await
}

/// All forms, or those that fit what is searched for. A script does the same while somebody types.
async fn choose(
    visit: &Visit,
    (back, action, leads_to): (String, String, &str),
    search: String,
) -> Result<Response, Failure> {
    let wanted = search.trim().to_lowercase();
    let mut choices: Vec<Choice> =
        Dialect::all().map(|dialect| choice(dialect, leads_to, visit.words)).collect();
    choices.retain(|choice| wanted.split_whitespace().all(|word| choice.words.contains(word)));
    // Those that are no gateway's own first, the usual one before the other; then by name.
    choices.sort_by_cached_key(|choice| (choice.rank, choice.name.to_lowercase()));
    let shown = ChoosePage { page: visit.frame(Section::Endpoints).await?, back, action, search, choices };
    Ok(page::html(StatusCode::OK, &shown))
}

fn choice(dialect: Dialect, leads_to: &str, words: Words) -> Choice {
    let name = dialect.name();
    let (rank, sentence) = match dialect {
        Dialect::Standard => (0, words.t("endpoints.form_standard")),
        Dialect::CloudEvents => (1, words.t("endpoints.form_cloudevents")),
        Dialect::Gateway(_) => (2, words.with("endpoints.form_gateway", "gateway", name)),
    };
    Choice {
        href: format!("{leads_to}?dialect={}", dialect.id()),
        name,
        sentence,
        words: format!("{name} {}", dialect.id()).to_lowercase(),
        rank,
    }
}
