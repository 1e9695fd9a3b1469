//! Where gateways tell: `POST /in/{token}`; some only look first whether anybody answers, with GET or HEAD.
//!
//! Bounds the request, finds the account, has the gateway look at it, journals it, answers. Nothing else. An answer
//! that means “received” is given only after the journal is on the disk; everything that cannot be kept is answered
//! so that the gateway comes again. There is never a redirect: senders follow those with GET and lose the message
//! (T-D16).

use crate::app::App;
use crate::body::{self, BodyProblem};
use crate::known::Known;
use crate::remote::Remote;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use ipnd_core::{Language, Reason};
use ipnd_gateways::{Gateway, Outcome, RawRequest, Received, Repeats, Reply, Settings};
use ipnd_store::{Account, Journaled, NewNotification, StoreError};
use std::sync::Arc;

pub(crate) fn routes() -> Router<App> {
    // Other methods hear the same for every token, whether it exists or not.
    let wrong_method = || async { not_allowed() };
    // Nor does anything else below this path look like a page.
    let nothing = || any(|| async { StatusCode::NOT_FOUND });
    Router::new()
        .route("/in/{token}", post(receive).get(receive).fallback(wrong_method))
        .route("/in", nothing())
        .route("/in/", nothing())
        .route("/in/{token}/", nothing())
        .route("/in/{token}/{*rest}", nothing())
}

/// What a sender hears instead of an acknowledgement.
enum Refusal {
    /// No account has this token. Says nothing more, so that nothing can be learnt by trying.
    Unknown,
    /// The message cannot be accepted as it is.
    Message { status: StatusCode, sentence: String, code: String },
    /// Nothing is told that way here.
    Method,
    /// Not now. Nothing was kept; the gateway has to send it again.
    Later(&'static str),
    /// A defect of ours; the gateway has to send it again.
    Defect,
}

async fn receive(
    State(app): State<App>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    // What is not even text is no token of ours, and hears no more than that.
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match keep(&app, &token, parts, body).await {
        Ok(reply) => answer(reply),
        Err(refusal) => refusal.into_response(),
    }
}

/// The way of a notification into the journal.
async fn keep(app: &App, token: &str, parts: Parts, body: Body) -> Result<Reply, Refusal> {
    let remote = Remote::of(&parts.extensions);
    let now = app.clock.now();
    let is_post = parts.method == Method::POST;
    let Some(known) = known(app, token).await? else {
        if !is_post {
            return Err(Refusal::Method);
        }
        // Guessing costs as much as forging.
        let is_flood = !app.unproven().take(remote, now);
        return Err(if is_flood { Refusal::Later("flood") } else { Refusal::Unknown });
    };
    let Known { account, gateway, settings, new, copies } = &*known;
    let body =
        body::read(body, app.limits.body_bytes_max).await.map_err(|problem| unreadable(app, problem))?;
    let request = raw(parts, &body);
    let received = (gateway.receive)(&request, settings, now);
    // What is proved by itself waits for nobody outside. It is never turned away, however much of it comes.
    let mut proven = None;
    match received {
        Received::Probe => return Ok((gateway.reply)(&request, settings, Outcome::Probed, now)),
        Received::Refused(_) if !is_post => return Err(Refusal::Method),
        Received::Proven(interpretation) => proven = Some(Arc::new(interpretation)),
        // Whatever is not proved by itself makes work, so one address may send only so much of it (T-G07).
        _ if !app.unproven().take(remote, now) => return Err(Refusal::Later("flood")),
        Received::Ask(_) => {}
        Received::Refused(reason) => {
            let reply = (gateway.reply)(&request, settings, Outcome::Refused, now);
            return Err(refused(&reply, &reason));
        }
    }
    // The request itself goes to the journal, so both answers are worked out before it does.
    let [accepted, copied] = [Outcome::Accepted, Outcome::Duplicate]
        .map(|outcome| (gateway.reply)(&request, settings, outcome, now));
    let limit = u32::try_from(app.limits.waiting_per_account_max).unwrap_or(u32::MAX);
    let waiting_max = if proven.is_some() { u32::MAX } else { limit };
    let notification = NewNotification {
        account: account.id,
        received_at: now,
        remote: remote.0,
        request,
        repeats_are_news: gateway.repeats == Repeats::AreNews,
        proven,
    };
    let (reply, counter) = match app.store.journal(notification, waiting_max).await? {
        Journaled::New(_) => (accepted, new),
        Journaled::Copy(_) => (copied, copies),
    };
    counter.increment(1);
    Ok(reply)
}

/// The account with this token, ready to look at what it is sent.
async fn known(app: &App, token: &str) -> Result<Option<Arc<Known>>, Refusal> {
    let missed = match app.known_accounts().find(token) {
        Ok(known) => return Ok(Some(known)),
        Err(missed) => missed,
    };
    let Some(account) = app.store.account_by_token(token).await? else { return Ok(None) };
    let (gateway, settings) = understand(&account)?;
    Ok(Some(app.known_accounts().keep(missed, Known::new(account, gateway, settings))))
}

/// The gateway that is to look at it, and what it has to know. Both were right when the account was made.
fn understand(account: &Account) -> Result<(&'static Gateway, Settings), Refusal> {
    let gateway = ipnd_gateways::find(&account.gateway).ok_or_else(|| {
        tracing::error!(account = %account.id, gateway = account.gateway, "no such gateway exists any more");
        Refusal::Defect
    })?;
    let settings = Settings::check(gateway.settings, account.environment, account.settings.clone());
    let settings = settings.map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        tracing::error!(account = %account.id, ?problems, "the account's settings do not fit its gateway any more");
        Refusal::Later("settings")
    })?;
    Ok((gateway, settings))
}

/// The request as it came, as far as HTTP lets us know.
pub(crate) fn raw(parts: Parts, body: &Bytes) -> RawRequest {
    RawRequest {
        method: parts.method.as_str().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&parts.headers),
        body: body.to_vec(),
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| -> String {
        value
            .as_bytes()
            .iter()
            .map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{fffd}' })
            .collect()
    };
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn unreadable(app: &App, problem: BodyProblem) -> Refusal {
    let (code, sentence) = match problem {
        BodyProblem::TooLarge => (
            "body_too_large",
            format!("The message is too large: at most {} bytes are read.", app.limits.body_bytes_max),
        ),
        BodyProblem::TooSlow => ("body_too_slow", "The message did not arrive in time.".to_owned()),
        BodyProblem::Broken => ("body_broken", "The message broke off.".to_owned()),
    };
    Refusal::Message { status: problem.status(), sentence, code: code.to_owned() }
}

fn refused(reply: &Reply, reason: &Reason) -> Refusal {
    Refusal::Message {
        status: StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_REQUEST),
        sentence: reason.sentence(Language::En),
        code: reason.code.clone(),
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRoom(_) => {
                tracing::error!(%error, "a notification could not be kept");
                Self::Later("no_room")
            }
            StoreError::Unreachable(_) => {
                tracing::error!(%error, "a notification could not be kept");
                Self::Later("unreachable")
            }
            StoreError::Busy => Self::Later("busy"),
            StoreError::TooManyWaiting => Self::Later("too_many_waiting"),
            StoreError::Conflict(_) | StoreError::Failed(_) => {
                tracing::error!(%error, "a notification could not be kept");
                Self::Defect
            }
        }
    }
}

impl Refusal {
    /// Refused messages are counted and not stored, so nobody can fill the disk with them (T-G08).
    fn into_response(self) -> Response {
        let count = |code: String| {
            metrics::counter!("ipnd_notifications_refused_total", "reason" => code).increment(1);
        };
        match self {
            Self::Unknown => {
                count("unknown_token".into());
                StatusCode::NOT_FOUND.into_response()
            }
            Self::Message { status, sentence, code } => {
                count(code);
                (status, sentence).into_response()
            }
            Self::Method => not_allowed(),
            Self::Later(code) => {
                count(code.into());
                later(StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Defect => {
                count("defect".into());
                later(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

fn not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response()
}

fn later(status: StatusCode) -> Response {
    (status, [(RETRY_AFTER, "30")], "The message could not be kept. Please send it again later.")
        .into_response()
}

/// What the gateway wants to hear, in its own words.
fn answer(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = status;
    if let Some(content_type) = reply.content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}
