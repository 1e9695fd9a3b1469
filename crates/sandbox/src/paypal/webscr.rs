//! `/cgi-bin/webscr`: one address for everything, as with the real thing. Shops send buyers here, receivers of
//! notifications ask here whether a message is genuine.

use super::Inner;
use super::faults::Postback;
use super::order::{Fields, Order};
use super::validate::message_of;
use crate::page::{self, Failed};
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header};
use std::sync::Arc;

pub(super) async fn get(
    State(inner): State<Arc<Inner>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    answer(&inner, &query.unwrap_or_default(), &Bytes::new(), &uri, &headers).await
}

pub(super) async fn post(
    State(inner): State<Arc<Inner>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    answer(&inner, &query.unwrap_or_default(), &body, &uri, &headers).await
}

async fn answer(
    inner: &Arc<Inner>,
    query: &str,
    body: &Bytes,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Failed> {
    if uri.authority().is_none() && !headers.contains_key(header::HOST) {
        return Ok(plain(StatusCode::BAD_REQUEST, "Invalid Host header"));
    }
    let agent = headers.get(header::USER_AGENT).map(|value| value.as_bytes().trim_ascii());
    if agent.is_none_or(<[u8]>::is_empty) {
        return Ok(plain(StatusCode::FORBIDDEN, "Access Denied"));
    }
    if let Some(message) = message_of(query, body) {
        return validate(inner, message.to_vec()).await;
    }
    let form = if body.is_empty() { query.as_bytes() } else { body };
    match Order::read(&Fields::read(form)) {
        Ok(order) => {
            let id = inner.ledger.open_checkout(order).await?;
            Ok(Redirect::to(&format!("/sandbox/paypal/checkout/{id}")).into_response())
        }
        Err(problem) => Ok(page::problem(page::language(headers, query), "form", &problem.to_string())),
    }
}

async fn validate(inner: &Arc<Inner>, message: Vec<u8>) -> Result<Response, Failed> {
    let faults = inner.ledger.faults().await?;
    let word = if inner.ledger.was_sent(message).await? { "VERIFIED" } else { "INVALID" };
    match faults.postback {
        Postback::Truthful => Ok(plain(StatusCode::OK, word)),
        Postback::Padded => Ok(plain(StatusCode::OK, &format!("\r\n  {word} \n"))),
        Postback::Error => Ok(plain(StatusCode::INTERNAL_SERVER_ERROR, "")),
        Postback::Silent => {
            // The asker hangs up first; only a stop of the whole sandbox ends the silence from this side.
            inner.stop.cancelled().await;
            Ok(plain(StatusCode::SERVICE_UNAVAILABLE, ""))
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], text.to_owned()).into_response()
}
