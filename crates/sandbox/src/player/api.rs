//! The played gateway's own API: `/sandbox/api/{gateway}/...`. Whoever was told something asks here, as it would ask
//! the gateway, and the gateway's own file answers from everything that was told.

use super::Inner;
use super::wish;
use crate::page::Failed;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use ipnd_gateways::{Ask, AskedAnswer};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    Path(path): Path<HashMap<String, String>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    let id = path.get("gateway").map_or("", String::as_str);
    let rest = path.get("path").map_or("", String::as_str);
    let found = ipnd_gateways::find(id).and_then(|gateway| Some((gateway, gateway.answer?)));
    let (Some((gateway, answer)), Some(method)) = (found, known(&method)) else {
        return Ok((StatusCode::NOT_FOUND, "Nobody is played here.\n").into_response());
    };
    let account = inner.account(gateway.id);
    let own = account.map(|account| account.settings).unwrap_or_default();
    let Ok(settings) = wish::settings(gateway, &own) else {
        return Ok((StatusCode::NOT_FOUND, "This account cannot be played.\n").into_response());
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let ask = Ask {
        method,
        // The gateway's own files know their paths, and not below which path they are played.
        url: format!("http://sandbox/{rest}{query}"),
        headers: lines(&headers),
        body: body.to_vec(),
        fresh_for: None,
        is_secret: false,
    };
    inner.questions.fetch_add(1, Ordering::Relaxed);
    let told = inner.ledger.told(gateway.id).await?;
    let now = inner.ledger.0.clock.now();
    let mut answered = answer(&ask, &told, &settings, now);
    // Some compare the whole address, which is then the one in the account.
    let base = wish::sandbox_setting(gateway).and_then(|setting| settings.get(setting.key));
    if let (404, Some(base)) = (answered.status, base) {
        let slash = if rest.is_empty() { "" } else { "/" };
        let url = format!("{}{slash}{rest}{query}", base.trim_end_matches('/'));
        answered = answer(&Ask { url, ..ask }, &told, &settings, now);
    }
    Ok(response(answered))
}

/// Methods are words of the program's own in a question.
fn known(method: &Method) -> Option<&'static str> {
    ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|known| method.as_str() == *known)
}

fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn response(answered: AskedAnswer) -> Response {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let looks_like_json = answered.body.first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    let content_type = if looks_like_json { "application/json" } else { "text/plain; charset=utf-8" };
    let headers = [(header::CONTENT_TYPE, content_type), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, headers, answered.body).into_response()
}
