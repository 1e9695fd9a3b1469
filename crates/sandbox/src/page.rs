//! What the pages of both stand-ins share: headers, language, refusals.

use crate::paypal::SandboxError;
use crate::words::Words;
use askama::Template;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ipnd_core::Language;

/// Nothing inline, nothing from elsewhere. A payment page's form leads back to the shop, hence any `form-action`.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self' http: https:; base-uri 'none'; \
    frame-ancestors 'none'";

/// A rendered page with its headers.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, headers(CONTENT_POLICY, "text/html; charset=utf-8"), text).into_response(),
        Err(error) => Failed(SandboxError::Failed(error.to_string())).into_response(),
    }
}

pub(crate) fn headers(policy: &'static str, content_type: &'static str) -> HeaderMap {
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
}

/// The stand-ins' own style sheet.
pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../assets/sandbox.css"))
}

/// The picture in the browser's tab.
pub(crate) async fn picture() -> Response {
    asset("image/svg+xml", include_str!("../assets/sandbox.svg"))
}

/// Asked for again each time: the file is small and changes with the program.
pub(crate) fn asset(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    words: Words,
    title: String,
    text: &'a str,
}

/// A page that says what was wrong with a request; `what` stands in the catalogue as `problem.WHAT`.
pub(crate) fn problem(words: Words, what: &str, text: &str) -> Response {
    let page = Problem { words, title: words.say(format!("problem.{what}")), text };
    html(StatusCode::BAD_REQUEST, &page)
}

pub(crate) fn not_found(words: Words) -> Response {
    let page = Problem { words, title: words.say("problem.not_found"), text: "" };
    html(StatusCode::NOT_FOUND, &page)
}

/// The language a page is shown in: what the address asks for, else what the browser prefers.
pub(crate) fn language(headers: &HeaderMap, query: &str) -> Words {
    let asked = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "lang")
        .and_then(|(_, value)| Language::from_tag(&value));
    let preferred = || {
        let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        Language::from_accept_language(header)
    };
    Words(asked.or_else(preferred).unwrap_or_default())
}

/// Whether a form comes from one of our own pages. Other sites must not move money here, not even play money:
/// it would make this machine send notifications to addresses of their choice.
fn is_own_form(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(|(_, own)| own == host)
}

/// Refuses whatever would change something and comes from another site.
pub(crate) async fn own_forms_only(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_own_form(request.headers()) {
        return next.run(request).await;
    }
    problem(language(request.headers(), request.uri().query().unwrap_or_default()), "foreign_form", "")
}

/// A handler could not do its work.
pub(crate) struct Failed(SandboxError);

impl From<SandboxError> for Failed {
    fn from(error: SandboxError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, "the sandbox failed");
        let text = format!("The sandbox failed: {}\n", self.0);
        (StatusCode::INTERNAL_SERVER_ERROR, headers(CONTENT_POLICY, "text/plain; charset=utf-8"), text)
            .into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers_of(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn t_f05_csrf_forms_of_other_sites_move_nothing() {
        let own = [
            &[("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:1")][..],
            &[("sec-fetch-site", "same-origin")],
            &[("host", "127.0.0.1:1")],
        ];
        let others = [
            &[("host", "127.0.0.1:1"), ("origin", "https://evil.example")][..],
            &[("host", "127.0.0.1:1"), ("origin", "null")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site"), ("host", "127.0.0.1:1"), ("origin", "http://127.0.0.1:1")],
        ];
        assert!(own.iter().all(|pairs| is_own_form(&headers_of(pairs))));
        assert!(!others.iter().any(|pairs| is_own_form(&headers_of(pairs))));
    }
}
