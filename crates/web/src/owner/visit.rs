//! One owner looking at one page: who, in which language, for which shop. Every handler of these pages takes a
//! [`Visit`], so none can forget to ask who is there or whose data it shows (T-F13).

use super::failure::{Failure, Spoken};
use super::frame::{Frame, Section};
use super::words::Words;
use crate::app::App;
use crate::auth::SessionUser;
use crate::i18n::Choice;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::Uri;
use http::request::Parts;
use ipnd_store::{Shop, ShopId, User};
use jiff::Timestamp;

pub(super) struct Visit {
    pub(super) app: App,
    pub(super) user: User,
    pub(super) shop: Shop,
    pub(super) words: Words,
    pub(super) csrf: String,
    pub(super) uri: Uri,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let session = SessionUser::from_request_parts(parts, app).await?;
        // What was chosen in this browser comes before what the owner chose for good.
        let chosen = Choice::of(&parts.uri, &parts.headers).chosen;
        let words = Words(chosen.unwrap_or(session.language()));
        Spoken::set(parts, words);
        let SessionUser { user, shop, csrf } = session;
        Ok(Self { app: app.clone(), user, shop, words, csrf, uri: parts.uri.clone() })
    }
}

impl Visit {
    pub(super) fn shop_id(&self) -> ShopId {
        self.shop.id
    }

    pub(super) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// The frame around a page.
    pub(super) async fn frame(&self, section: Section) -> Result<Frame, Failure> {
        let reviews = self.app.store.open_reviews(self.shop_id()).await?.len();
        let standstills = self.app.store.standstills().await?;
        Ok(Frame::new(self, section, reviews, &standstills))
    }
}

/// Where a form leads after it has done something: a page of ours, with a word that says what was done.
/// `path` is always written here in the code, never taken from a request (T-F08).
pub(super) fn done(path: &str, word: &'static str) -> Response {
    Redirect::to(&format!("{path}?done={word}")).into_response()
}
