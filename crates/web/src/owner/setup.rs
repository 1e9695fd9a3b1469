//! `/setup`: makes the shop and its owner, once. There is no such page afterwards (T-F01).

use super::failure::Failure;
use super::fields::Fields;
use super::frame::Plain;
use super::words::Words;
use crate::app::App;
use crate::auth::{self, PASSWORD_CHARS_MIN, SetUp, SetUpProblem};
use crate::i18n::Choice;
use crate::page;
use crate::remote::Remote;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::SET_COOKIE;
use http::{StatusCode, Uri};
use ipnd_core::{Currency, Language};

/// Currencies that are offered first; every other one can be chosen too.
const USUAL: [&str; 5] = ["EUR", "USD", "GBP", "CHF", "UAH"];

#[derive(Template)]
#[template(path = "owner/setup.html")]
struct SetupPage {
    page: Plain,
    form: Form,
    /// What is wrong: the field and the sentence.
    problem: Option<(&'static str, String)>,
    usual: [&'static str; 5],
    currencies: Vec<&'static str>,
    languages: [Language; 4],
    password_chars_min: usize,
}

impl SetupPage {
    fn problem_of(&self, field: &str) -> Option<&String> {
        self.problem.as_ref().filter(|(own, _)| *own == field).map(|(_, sentence)| sentence)
    }
}

/// What was filled in, without the password.
#[derive(Default)]
struct Form {
    code: String,
    name: String,
    slug: String,
    currency: String,
    language: Language,
    email: String,
}

pub(super) async fn show(State(app): State<App>, choice: Choice, uri: Uri) -> Result<Response, Failure> {
    if !auth::setup_is_open(&app).await? {
        return Err(Failure::NotFound);
    }
    let words = Words(choice.or(Language::En));
    let form = Form { currency: "EUR".into(), language: words.0, ..Form::default() };
    Ok(setup_page(words, &uri, form, None, StatusCode::OK))
}

pub(super) async fn set_up(
    State(app): State<App>,
    choice: Choice,
    uri: Uri,
    remote: Remote,
    fields: Fields,
) -> Result<Response, Failure> {
    if !auth::setup_is_open(&app).await? {
        return Err(Failure::NotFound);
    }
    let words = Words(choice.or(Language::En));
    let form = Form {
        code: fields.get("code").to_owned(),
        name: fields.get("name").to_owned(),
        slug: fields.get("slug").to_owned(),
        currency: fields.get("currency").to_owned(),
        language: Language::from_tag(fields.get("language")).unwrap_or(words.0),
        email: fields.get("email").to_owned(),
    };
    let Ok(currency) = Currency::from_code(&form.currency) else {
        let problem = ("currency", words.t("setup.problem_currency"));
        return Ok(setup_page(words, &uri, form, Some(problem), StatusCode::UNPROCESSABLE_ENTITY));
    };
    let wanted = SetUp {
        code: form.code.clone(),
        shop_name: form.name.clone(),
        slug: form.slug.clone(),
        language: form.language,
        currency,
        email: form.email.clone(),
        password: fields.text("password"),
    };
    match auth::set_up(&app, wanted, remote).await {
        Ok(log_in) => {
            Ok(([(SET_COOKIE, log_in.set_cookie)], Redirect::to("/owner/accounts")).into_response())
        }
        Err(problem) => refused(words, &uri, form, problem),
    }
}

fn refused(words: Words, uri: &Uri, form: Form, problem: SetUpProblem) -> Result<Response, Failure> {
    let sentence = problem.sentence(words.0);
    let (field, status) = match problem {
        SetUpProblem::Closed => return Err(Failure::NotFound),
        SetUpProblem::Store(error) => return Err(error.into()),
        SetUpProblem::Code => ("code", StatusCode::FORBIDDEN),
        SetUpProblem::TooMany => ("code", StatusCode::TOO_MANY_REQUESTS),
        SetUpProblem::Field(field) => (field, StatusCode::UNPROCESSABLE_ENTITY),
    };
    Ok(setup_page(words, uri, form, Some((field, sentence)), status))
}

fn setup_page(
    words: Words,
    uri: &Uri,
    form: Form,
    problem: Option<(&'static str, String)>,
    status: StatusCode,
) -> Response {
    let shown = SetupPage {
        page: Plain::new(words, uri),
        form,
        problem,
        usual: USUAL,
        currencies: Currency::all().filter(|code| !USUAL.contains(code)).collect(),
        languages: Language::ALL,
        password_chars_min: PASSWORD_CHARS_MIN,
    };
    page::html(status, &shown)
}
