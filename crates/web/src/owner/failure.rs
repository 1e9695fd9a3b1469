//! When a page cannot be shown: a friendly page instead, in the owner's language.

use super::frame::Plain;
use super::words::Words;
use crate::i18n::Choice;
use crate::page;
use askama::Template;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use ipnd_core::Language;
use ipnd_store::StoreError;
use std::sync::{Arc, OnceLock};

/// Why there is no page.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    NotFound,
    /// Part of a form or address is missing or malformed.
    Bad,
    /// The store cannot write or read at the moment.
    Busy,
    /// A defect; it has been logged.
    Broken,
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Bad => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Bad => "bad",
            Self::Busy => "busy",
            Self::Broken => "broken",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRoom(_) | StoreError::Busy | StoreError::TooManyWaiting => {
                tracing::warn!(%error, "an owner's page has to wait");
                Self::Busy
            }
            StoreError::Conflict(_) | StoreError::Failed(_) => {
                tracing::error!(%error, "an owner's page failed");
                Self::Broken
            }
        }
    }
}

impl IntoResponse for Failure {
    /// The bare status. [`dress`] makes a page of it, because only there the language is known.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The language of the owner who asks, left by [`super::visit::Visit`] for [`dress`].
#[derive(Clone, Default)]
pub(super) struct Spoken(Arc<OnceLock<Words>>);

impl Spoken {
    pub(super) fn set(parts: &Parts, words: Words) {
        if let Some(spoken) = parts.extensions.get::<Self>() {
            spoken.0.get_or_init(|| words);
        }
    }
}

#[derive(Template)]
#[template(path = "owner/failure.html")]
struct FailurePage {
    page: Plain,
    title: String,
    lead: String,
}

/// A middleware that puts a page around every [`Failure`].
pub(super) async fn dress(mut request: Request, next: Next) -> Response {
    let spoken = Spoken::default();
    request.extensions_mut().insert(spoken.clone());
    let by_browser = Words(Choice::of(request.uri(), request.headers()).or(Language::En));
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else { return response };
    let words = spoken.0.get().copied().unwrap_or(by_browser);
    let say = |part: &str| words.t(&format!("failure.{}_{part}", failure.word()));
    let shown = FailurePage { page: Plain::new(words, &uri), title: say("title"), lead: say("lead") };
    page::html(failure.status(), &shown)
}
