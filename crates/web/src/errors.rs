//! What a person sees instead of a page: not found, not possible now, not from here.
//!
//! A handler returns a [`Failure`]; a middleware draws it in the reader's language: [`dress`] for the storefront,
//! another one for the owner, who has a language of their own. Everything unknown
//! looks the same (T-F12): a wrong token, a wrong shop and a wrong address cannot be told apart.

use crate::app::App;
use crate::i18n::Choice;
use crate::page::{self, Page};
use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use ipnd_core::Language;
use ipnd_store::StoreError;

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    NotFound,
    /// A form that did not come from our own pages.
    Foreign,
    /// A form that is too long or cannot be read.
    Unreadable,
    /// Nothing can be stored at the moment.
    Busy,
    /// A defect. The text went to the log.
    Broken,
}

impl Failure {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Part of the catalogue's keys.
    fn word(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
            Self::Busy => "busy",
            Self::Broken => "broken",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::NotFound => "search",
            Self::Foreign => "shield",
            Self::Busy => "clock",
            Self::Unreadable | Self::Broken => "alert",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRoom(_) | StoreError::Busy | StoreError::Unreachable(_) => Self::Busy,
            other => {
                tracing::error!(error = %other, "a page could not be made");
                Self::Broken
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "storefront/failure.html")]
struct FailurePage {
    page: Page,
    word: &'static str,
    icon: &'static str,
    /// Where to go instead: address and text.
    back: Option<(String, String)>,
}

impl FailurePage {
    /// `title` or `text`, in the page's language.
    fn say(&self, part: &str) -> String {
        self.page.say(&format!("common.failure.{}.{part}", self.word))
    }
}

/// Middleware: draws the page of a [`Failure`].
pub(crate) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let choice = Choice::of(request.uri(), request.headers());
    let uri = request.uri().clone();
    let response = next.run(request).await;
    let Some(failure) = response.extensions().get::<Failure>().copied() else { return response };
    let shop = match slug(uri.path()) {
        Some(slug) => app.store.shop_by_slug(slug).await.ok().flatten(),
        None => None,
    };
    let (language, brand, home) = match &shop {
        Some(shop) => (choice.or(shop.language), shop.name.as_str(), format!("/shop/{}", shop.slug)),
        None => (choice.or(Language::En), "ipnd", "/".to_owned()),
    };
    let page = Page::new(language, brand, &home, &uri);
    let back = shop.is_some().then(|| (home, page.say("common.failure.back")));
    draw(failure, page, back)
}

/// The page of a failure. `back` is where the reader may go instead: address and text.
pub(crate) fn draw(failure: Failure, page: Page, back: Option<(String, String)>) -> Response {
    let drawn = FailurePage { page, word: failure.word(), icon: failure.icon(), back };
    let mut response = page::html(failure.status(), &drawn);
    if failure == Failure::Busy {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    response
}

/// The shop's name in an address of the storefront.
fn slug(path: &str) -> Option<&str> {
    path.strip_prefix("/shop/")?.split('/').next()
}

/// For addresses that do not exist at all.
pub(crate) async fn not_found() -> Failure {
    Failure::NotFound
}
