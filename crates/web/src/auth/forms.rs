//! Forms change things only when they come from our own pages (T-F05): the browser says so, and the form carries
//! the session's own token.

use super::session::{cookie, form_token};
use super::words::say;
use crate::app::App;
use crate::body;
use crate::i18n::Choice;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use http::{Method, StatusCode};
use ipnd_core::Language;
use subtle::ConstantTimeEq as _;

/// The hidden field of every form.
pub const CSRF_FIELD: &str = "csrf";

/// The largest form of the owner's pages, in bytes (a mail template in HTML).
const FORM_BYTES_MAX: u64 = 1024 * 1024;

/// Lets through what changes nothing, and of the rest only what our own pages sent. A middleware around all of
/// the owner's routes, so that no handler can forget it.
pub async fn guard_forms(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let language = Choice::of(request.uri(), request.headers()).or(Language::En);
    let refused = (StatusCode::FORBIDDEN, say(language, "form.refused")).into_response();
    if !comes_from_us(&app, request.headers()) {
        return refused;
    }
    // Nobody is logged in yet on these two; there is no session whose token could be asked for.
    if matches!(request.uri().path(), "/login" | "/setup") {
        return next.run(request).await;
    }
    let Some(expected) = cookie(request.headers()).map(|secret| form_token(&secret)) else { return refused };
    let (parts, body) = request.into_parts();
    let is_form = parts.headers.get(CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
    });
    let body = match body::read(body, FORM_BYTES_MAX).await {
        Ok(body) => body,
        Err(problem) => return problem.status().into_response(),
    };
    let has_token = is_form && {
        let mut tokens = form_urlencoded::parse(&body).filter(|(name, _)| name == CSRF_FIELD);
        let first = tokens.next();
        first.is_some_and(|(_, got)| bool::from(got.as_bytes().ct_eq(expected.as_bytes())))
            && tokens.next().is_none()
    };
    if !has_token {
        return refused;
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Browsers say where a request comes from, and pages cannot forge it. Older ones, and plain http, only send
/// `Origin`. What says neither is no browser of ours.
pub(crate) fn comes_from_us(app: &App, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN).and_then(|value| value.to_str().ok()) else { return false };
    if origin == app.base_url.origin().ascii_serialization() {
        return true;
    }
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    host.is_some_and(|host| {
        ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(host))
    })
}
