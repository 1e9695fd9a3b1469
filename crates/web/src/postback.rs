//! Where receivers of PayPal's form ask back whether what they got is genuine, as they would ask PayPal.
//!
//! `POST /cgi-bin/webscr` answers for all endpoints, `POST /ask/{token}` for one. `VERIFIED` means that exactly these
//! bytes were sent; anything else is `INVALID`. What is kept is a digest of each body, for as long as its delivery.

use crate::app::App;
use crate::body;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use sha2::{Digest as _, Sha256};

/// What stands in front of the bytes, or behind them.
const COMMAND: &[u8] = b"cmd=_notify-validate";

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/cgi-bin/webscr", post(for_all)).route("/ask/{token}", post(for_one))
}

async fn for_all(State(app): State<App>, body: Body) -> Response {
    reply(&app, None, body).await
}

async fn for_one(State(app): State<App>, Path(token): Path<String>, body: Body) -> Response {
    reply(&app, Some(token), body).await
}

async fn reply(app: &App, token: Option<String>, body: Body) -> Response {
    let Ok(body) = body::read(body, app.limits.body_bytes_max).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(sent) = asked_about(&body) else { return word("INVALID") };
    match app.store.is_sent_body(Sha256::digest(sent).to_vec(), token).await {
        Ok(true) => word("VERIFIED"),
        Ok(false) => word("INVALID"),
        // Neither: who asks is to ask again.
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response(),
    }
}

fn word(word: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=UTF-8")], word).into_response()
}

/// The bytes without the command.
fn asked_about(body: &[u8]) -> Option<&[u8]> {
    let behind = body.strip_prefix(COMMAND).and_then(|rest| rest.strip_prefix(b"&"));
    behind.or_else(|| body.strip_suffix(COMMAND).and_then(|rest| rest.strip_suffix(b"&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_stands_in_front_or_behind() {
        assert_eq!(asked_about(b"cmd=_notify-validate&a=1&b=2"), Some(&b"a=1&b=2"[..]));
        assert_eq!(asked_about(b"a=1&b=2&cmd=_notify-validate"), Some(&b"a=1&b=2"[..]));
        for nothing in [&b"a=1"[..], b"cmd=_notify-validate", b"cmd=_notify-synch&a=1", b""] {
            assert_eq!(asked_about(nothing), None);
        }
    }
}
