//! The first page. In the demo it shows the way around; in earnest it leads the owner home.

use crate::app::{App, DemoLinks};
use crate::errors::Failure;
use crate::i18n::Choice;
use crate::page::{self, Page};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, Uri};
use ipnd_core::Language;

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing {
    page: Page,
    links: DemoLinks,
}

/// `GET /`
pub(crate) async fn show(State(app): State<App>, choice: Choice, uri: Uri) -> Result<Response, Failure> {
    let Some(links) = app.demo.clone() else { return Ok(Redirect::to("/owner").into_response()) };
    let page = Page::new(choice.or(Language::En), "ipnd", "/", &uri);
    Ok(page::html(StatusCode::OK, &Landing { page, links }))
}
