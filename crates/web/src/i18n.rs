//! Which language a page is in, and the words that shop and owner pages share.
//!
//! The reader's own choice comes first (`?lang=de`, then remembered in a cookie), then what is known of the
//! person the page is for, then what the browser asks for, then the shop's language.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnd_core::{Catalogue, Language};
use std::convert::Infallible;
use std::sync::LazyLock;

static WORDS: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new([
        (Language::En, include_str!("../locales/en.toml")),
        (Language::De, include_str!("../locales/de.toml")),
        (Language::Es, include_str!("../locales/es.toml")),
        (Language::Uk, include_str!("../locales/uk.toml")),
    ])
});

/// The words of the storefront (`shop.*`), the landing page (`landing.*`) and of all pages (`common.*`).
#[must_use]
pub(crate) fn words() -> &'static Catalogue {
    &WORDS
}

/// What a request says about its reader's language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Chosen by the reader, now or earlier.
    pub(crate) chosen: Option<Language>,
    /// What the browser is set to.
    pub(crate) accepted: Option<Language>,
}

impl Choice {
    #[must_use]
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            chosen: from_query(uri)
                .or_else(|| cookie(headers, COOKIE).as_deref().and_then(Language::from_tag)),
            accepted: text(header::ACCEPT_LANGUAGE).and_then(Language::from_accept_language),
        }
    }

    /// The page's language where nothing is known of the person.
    #[must_use]
    pub(crate) fn or(self, shop: Language) -> Language {
        self.chosen.or(self.accepted).unwrap_or(shop)
    }

    /// The page's language for a person whose own language may be known.
    #[must_use]
    pub(crate) fn for_person(self, own: Option<Language>, shop: Language) -> Language {
        self.chosen.or(own).or(self.accepted).unwrap_or(shop)
    }
}

impl<S: Sync> FromRequestParts<S> for Choice {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

const COOKIE: &str = "lang";

/// Middleware: remembers a language chosen by `?lang=` in a cookie of the reader's browser.
pub(crate) async fn remember(request: Request, next: Next) -> Response {
    let chosen = from_query(request.uri());
    let mut response = next.run(request).await;
    if let Some(language) = chosen {
        let cookie =
            format!("{COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", language.code());
        let value = HeaderValue::from_str(&cookie).expect("language codes are ASCII letters");
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn from_query(uri: &Uri) -> Option<Language> {
    let query = uri.query()?;
    let (_, value) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "lang")?;
    Language::from_tag(&value)
}

/// The value of the first cookie of this name.
#[must_use]
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(uri: &str, headers: &[(&'static str, &'static str)]) -> Choice {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Choice::of(&uri.parse().unwrap(), &map)
    }

    #[test]
    fn the_catalogues_are_complete() {
        assert_eq!(words().differences(), Vec::<String>::new());
    }

    #[test]
    fn the_readers_choice_wins_then_the_person_then_the_browser_then_the_shop() {
        let all = [("cookie", "a=b; lang=es"), ("accept-language", "uk,en;q=0.5")];
        assert_eq!(choice("/?x=1&lang=de", &all).for_person(Some(Language::En), Language::En), Language::De);
        assert_eq!(choice("/", &all).for_person(Some(Language::En), Language::En), Language::Es);
        let browser = [("accept-language", "uk,en;q=0.5")];
        assert_eq!(choice("/", &browser).for_person(Some(Language::De), Language::En), Language::De);
        assert_eq!(choice("/", &browser).or(Language::En), Language::Uk);
        assert_eq!(choice("/?lang=xx", &[]).or(Language::Es), Language::Es);
    }
}
