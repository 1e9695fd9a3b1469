//! When a page cannot be shown: the page of the failure, in the language of the owner who asked.

use super::words::Words;
use crate::errors::draw;
use crate::i18n::Choice;
use crate::page::Page;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use ipnd_core::Language;
use std::sync::{Arc, OnceLock};

pub(super) use crate::errors::Failure;

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

/// A middleware that puts a page around every [`Failure`].
pub(super) async fn dress(mut request: Request, next: Next) -> Response {
    let spoken = Spoken::default();
    request.extensions_mut().insert(spoken.clone());
    let by_browser = Words(Choice::of(request.uri(), request.headers()).or(Language::En));
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else { return response };
    let words = spoken.0.get().copied().unwrap_or(by_browser);
    let home = ("/owner/orders".to_owned(), words.t("failure.home"));
    draw(failure, Page::new(words.0, "ipnd", "/owner", &uri), Some(home))
}
