//! `/login`, `/login/{code}` and `/logout`.

use super::failure::Failure;
use super::fields::Fields;
use super::frame::Plain;
use super::words::Words;
use crate::app::App;
use crate::auth;
use crate::i18n::Choice;
use crate::page;
use crate::remote::Remote;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode, Uri};
use ipnd_core::Language;

const HOME: &str = "/owner";

#[derive(Template)]
#[template(path = "owner/login.html")]
struct LoginPage {
    page: Plain,
    email: String,
    problem: Option<String>,
    was_logged_out: bool,
    is_demo: bool,
}

#[derive(Template)]
#[template(path = "owner/login_code.html")]
struct UsedCodePage {
    page: Plain,
    is_demo: bool,
}

fn words(choice: Choice) -> Words {
    Words(choice.or(Language::En))
}

/// Before anybody has set this server up, there is nobody to log in.
pub(super) async fn show(State(app): State<App>, choice: Choice, uri: Uri) -> Result<Response, Failure> {
    if auth::setup_is_open(&app).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    let shown = LoginPage {
        page: Plain::new(words(choice), &uri),
        email: String::new(),
        problem: None,
        was_logged_out: uri.query().is_some_and(|query| query.contains("done=out")),
        is_demo: app.demo.is_some(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

pub(super) async fn log_in(
    State(app): State<App>,
    choice: Choice,
    uri: Uri,
    remote: Remote,
    fields: Fields,
) -> Response {
    let email = fields.get("email");
    match auth::log_in(&app, email, fields.text("password").as_str(), remote).await {
        Ok(log_in) => enter(log_in),
        Err(problem) => {
            let words = words(choice);
            let shown = LoginPage {
                page: Plain::new(words, &uri),
                email: email.to_owned(),
                problem: Some(problem.sentence(words.0)),
                was_logged_out: false,
                is_demo: app.demo.is_some(),
            };
            page::html(problem.status(), &shown)
        }
    }
}

fn enter(log_in: auth::LogIn) -> Response {
    ([(SET_COOKIE, log_in.set_cookie)], Redirect::to(HOME)).into_response()
}

/// A one-time link. It is used up by following it, which is what it is for.
pub(super) async fn by_code(
    State(app): State<App>,
    choice: Choice,
    Path(code): Path<String>,
) -> Result<Response, Failure> {
    if let Some(log_in) = auth::log_in_with_code(&app, &code).await? {
        return Ok(enter(log_in));
    }
    // The links to other languages must not repeat a code, used or not.
    let page = Plain::new(words(choice), &Uri::from_static("/login"));
    let shown = UsedCodePage { page, is_demo: app.demo.is_some() };
    Ok(page::html(StatusCode::GONE, &shown))
}

/// Programs that show links before anybody follows them ask with HEAD. That uses nothing up and tells nothing.
pub(super) async fn look_at_code() -> StatusCode {
    StatusCode::NO_CONTENT
}

pub(super) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Failure> {
    let cookie = auth::log_out(&app, &headers).await?;
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/login?done=out")).into_response())
}
