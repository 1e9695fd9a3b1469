//! What every page has in common: its language, its head and foot, and the headers it is sent with.
//!
//! A page is an askama template that extends `layout.html` and has a field `page: Page`.

use crate::assets;
use crate::headers::POLICY;
use crate::i18n::words;
use askama::Template;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use ipnd_core::Language;

/// The layout's own data.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) language: Language,
    /// Whose page it is: the shop's name.
    pub(crate) brand: String,
    /// Where the name leads.
    pub(crate) brand_href: String,
    /// The page's own path with its query, for the links to the other languages.
    path: String,
}

/// One entry of the language menu.
#[derive(Debug)]
pub(crate) struct LanguageLink {
    pub(crate) language: Language,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

impl Page {
    #[must_use]
    pub(crate) fn new(language: Language, brand: &str, brand_href: &str, uri: &Uri) -> Self {
        let path = uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
        Self { language, brand: brand.to_owned(), brand_href: brand_href.to_owned(), path }
    }

    /// A word of `common.*`, `shop.*` or `landing.*` in the page's language.
    #[must_use]
    pub(crate) fn say(&self, key: &str) -> String {
        words().say(self.language, key, &[])
    }

    /// As [`Page::say`], with one argument.
    #[must_use]
    pub(crate) fn say_with(&self, key: &str, name: &str, value: impl std::fmt::Display) -> String {
        words().say(self.language, key, &[(name, &value.to_string())])
    }

    /// The address of a file in `assets/`.
    #[must_use]
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::href(name)
    }

    /// The address of a symbol in the sprite of icons, for `<svg class="icon"><use href="..."/></svg>`.
    #[must_use]
    pub(crate) fn icon(&self, symbol: &str) -> String {
        format!("{}#{symbol}", assets::href("icons.svg"))
    }

    #[must_use]
    pub(crate) fn languages(&self) -> Vec<LanguageLink> {
        Language::ALL
            .into_iter()
            .map(|language| LanguageLink {
                language,
                href: in_language(&self.path, language),
                is_current: language == self.language,
            })
            .collect()
    }
}

/// The same address with another `lang`.
fn in_language(path: &str, language: Language) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut other = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "lang") {
        other.append_pair(&name, &value);
    }
    other.append_pair("lang", language.code());
    format!("{path}?{}", other.finish())
}

/// Sends a page. The headers that guard it are added to every page by [`crate::headers`].
#[must_use]
pub(crate) fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(body) => (status, Html(body)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Sends a page whose forms may go to `sources` instead of to this server (as in a Content-Security-Policy).
#[must_use]
pub(crate) fn html_with_form_to(sources: &str, template: &impl Template) -> Response {
    let policy = POLICY.replace("form-action 'self'", &format!("form-action {sources}"));
    let mut response = html(StatusCode::OK, template);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_links_keep_the_rest_of_the_address() {
        assert_eq!(
            in_language("/owner/orders?search=a%26b&lang=de", Language::Uk),
            "/owner/orders?search=a%26b&lang=uk"
        );
        assert_eq!(in_language("/shop/demo", Language::En), "/shop/demo?lang=en");
    }
}
