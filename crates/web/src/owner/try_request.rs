//! `/owner/accounts/{id}/try`: what would become of a request, step by step, with an account as it is or with what
//! stands in its form. Nothing is kept, and nobody is asked.

use super::account_form::Form;
use super::accounts::{self, PATH};
use super::event_view;
use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::proof::class;
use super::timeline::tone;
use super::visible;
use super::visit::Visit;
use super::words::Words;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_gateways::try_out::{Tried, Verdict, request_of_text, time_of_text, try_out};
use ipnd_gateways::{Gateway, RawRequest, Settings};
use jiff::Timestamp;

/// What stands above headers that were pasted alone.
const FIRST_LINE: &str = "POST / HTTP/1.1";

#[derive(Template)]
#[template(path = "owner/try.html")]
struct TryPage {
    page: Frame,
    gateway: &'static str,
    /// Where the form goes, if there is an account to try again with.
    action: Option<String>,
    back: Option<(String, String)>,
    request: String,
    at: String,
    problems: Vec<String>,
    shown: Option<Shown>,
}

/// What a try has shown.
struct Shown {
    title: String,
    tone: &'static str,
    icon: &'static str,
    reason: String,
    /// How much it proved: in words, and the colour.
    proof: Option<(String, &'static str)>,
    steps: Vec<(String, Option<String>)>,
    /// What was looked for, where, and what stood there.
    fields: Vec<(&'static str, String, Option<String>)>,
    /// What follows is known only when the gateway has answered.
    is_asked: bool,
    events: Vec<EventCard>,
    status: u16,
    content_type: Option<String>,
    reply: String,
}

struct EventCard {
    kind: String,
    tone: &'static str,
    fields: Vec<(String, String)>,
}

/// What the owner has pasted.
struct Sample {
    text: String,
    at: String,
}

impl Sample {
    fn of(fields: &Fields) -> Self {
        Self { text: fields.text("sample"), at: fields.get("sample_at").to_owned() }
    }

    /// The request, and when it came; or what is wrong with them.
    fn read(&self, visit: &Visit) -> Result<(RawRequest, Timestamp), String> {
        let words = visit.words;
        let bytes_max = visit.app.limits.body_bytes_max;
        if self.text.trim().is_empty() {
            return Err(words.t("try.problem_empty"));
        }
        if self.text.len() as u64 > bytes_max {
            return Err(words.with("try.problem_long", "count", bytes_max));
        }
        let at = match self.at.as_str() {
            "" => visit.now(),
            text => time_of_text(text).ok_or_else(|| words.t("try.problem_at"))?,
        };
        let request =
            request(&self.text).map_err(|detail| words.with("try.problem_request", "detail", detail))?;
        Ok((request, at))
    }
}

/// Reads what was pasted. Browsers make all line ends alike, so a length that was sent with it may not fit any more: then
/// it is tried with the line ends of the network, and otherwise believed less than the text.
fn request(text: &str) -> Result<RawRequest, String> {
    let text = text.trim_start();
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let first = head.lines().next().unwrap_or_default();
    let begins_with_headers = first.split_once(':').is_some_and(|(name, _)| !name.contains(' '));
    let head = if begins_with_headers { format!("{FIRST_LINE}\n{head}") } else { head.to_owned() };
    let whole = |body: &str| request_of_text(format!("{head}\n\n{body}").as_bytes());
    let announced = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let of_network = body.replace('\n', "\r\n");
    match announced {
        Some(length) if length == of_network.len() => whole(&of_network),
        Some(length) if length > body.len() => {
            let is_length = |line: &&str| {
                line.split_once(':')
                    .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"))
            };
            let head: Vec<&str> = head.lines().filter(|line| !is_length(line)).collect();
            request_of_text(format!("{}\n\n{body}", head.join("\n")).as_bytes())
        }
        _ => whole(body),
    }
}

/// `GET /owner/accounts/{id}/try`
pub(super) async fn ask(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let (account, gateway) = accounts::find(&visit, &id).await?;
    let place = Place::of_account(&account.id.to_string(), &account.name);
    let empty = Sample { text: String::new(), at: String::new() };
    draw(&visit, gateway, place, empty, Vec::new(), None).await
}

/// `POST /owner/accounts/{id}/try`: with the settings of the account, or with those in its form.
pub(super) async fn try_known(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (account, gateway) = accounts::find(&visit, &id).await?;
    let sample = Sample::of(&fields);
    if fields.is_set("name") {
        let form = Form::read(gateway, &fields, Some(&account), visit.words);
        return try_form(&visit, gateway, &form, sample).await;
    }
    let place = Place::of_account(&account.id.to_string(), &account.name);
    let settings = Settings::check(gateway.settings, account.environment, account.settings);
    match settings {
        Ok(settings) => try_with(&visit, gateway, &settings, place, sample).await,
        Err(_) => {
            let problems = vec![visit.words.t("try.problem_settings")];
            draw(&visit, gateway, place, sample, problems, None).await
        }
    }
}

/// `POST /owner/accounts/new/try`: before there is an account.
pub(super) async fn try_new(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let gateway = ipnd_gateways::find(fields.get("gateway")).ok_or(Failure::Unreadable)?;
    let form = Form::read(gateway, &fields, None, visit.words);
    try_form(&visit, gateway, &form, Sample::of(&fields)).await
}

async fn try_form(
    visit: &Visit,
    gateway: &'static Gateway,
    form: &Form,
    sample: Sample,
) -> Result<Response, Failure> {
    let settings = form
        .checked()
        .and_then(|(environment, values)| Settings::check(gateway.settings, environment, values).ok());
    match settings {
        Some(settings) => try_with(visit, gateway, &settings, Place::default(), sample).await,
        None => {
            let mut problems = vec![visit.words.t("try.problem_settings")];
            problems.extend(form.problems_in_words(gateway, visit.words));
            draw(visit, gateway, Place::default(), sample, problems, None).await
        }
    }
}

async fn try_with(
    visit: &Visit,
    gateway: &'static Gateway,
    settings: &Settings,
    place: Place,
    sample: Sample,
) -> Result<Response, Failure> {
    match sample.read(visit) {
        Ok((request, at)) => {
            let tried = try_out(gateway, settings, &request, at);
            draw(visit, gateway, place, sample, Vec::new(), Some(shown(tried, visit.words))).await
        }
        Err(problem) => draw(visit, gateway, place, sample, vec![problem], None).await,
    }
}

/// Where a page of a try stands. What was tried from a form stands alone: the form is still open beside it.
#[derive(Default)]
struct Place {
    action: Option<String>,
    back: Option<(String, String)>,
}

impl Place {
    fn of_account(id: &str, name: &str) -> Self {
        let back = format!("{PATH}/{id}");
        Self { action: Some(format!("{back}/try")), back: Some((back, name.to_owned())) }
    }
}

async fn draw(
    visit: &Visit,
    gateway: &'static Gateway,
    place: Place,
    sample: Sample,
    problems: Vec<String>,
    shown: Option<Shown>,
) -> Result<Response, Failure> {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = TryPage {
        page: visit.frame(Section::Accounts).await?,
        gateway: gateway.name,
        action: place.action,
        back: place.back,
        request: sample.text,
        at: sample.at,
        problems,
        shown,
    };
    Ok(page::html(status, &page))
}

fn shown(tried: Tried, words: Words) -> Shown {
    let (word, tone_of_verdict, icon) = match tried.verdict {
        Verdict::Accepted => ("accepted", "good", "shield"),
        Verdict::NothingToDo => ("nothing_to_do", "info", "check"),
        Verdict::Asks => ("asks", "wait", "clock"),
        Verdict::Probe => ("probe", "info", "info"),
        Verdict::Refused => ("refused", "bad", "ban"),
    };
    let event = |event: &ipnd_core::Event| EventCard {
        kind: words.event_kind(event.kind),
        tone: tone(event.kind),
        fields: event_view::fields(event, words),
    };
    let lines = |text: String| visible::text(text.as_bytes());
    Shown {
        title: words.t(&format!("try.verdict.{word}")),
        tone: tone_of_verdict,
        icon,
        reason: tried.reason.map(|reason| event_view::short(&reason.sentence(words.0))).unwrap_or_default(),
        proof: tried.proof.map(|proof| {
            let (word, tone) = class(proof);
            (words.t(&format!("accounts.proof_name.{word}")), tone)
        }),
        steps: tried.steps.into_iter().map(|step| (lines(step.sentence), step.shown.map(lines))).collect(),
        fields: tried
            .fields
            .into_iter()
            .map(|field| {
                (
                    field.name,
                    event_view::short(&field.path),
                    field.value.map(|value| event_view::short(&value)),
                )
            })
            .collect(),
        is_asked: tried.verdict == Verdict::Asks,
        events: tried.events.iter().map(event).collect(),
        status: tried.reply.status,
        content_type: tried.reply.content_type,
        reply: lines(tried.reply.body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_people_paste_it() {
        let read = |text: &str| request(text).map(|request| (request.method, request.query, request.body));
        let post =
            |query: &str, body: &str| Ok(("POST".to_owned(), query.to_owned(), body.as_bytes().to_vec()));
        assert_eq!(read("POST /in/x?a=1 HTTP/1.1\nHost: a\n\n{\"a\":1}"), post("a=1", "{\"a\":1}"));
        assert_eq!(
            read("\nX-Signature: ab\nContent-Type: b/c\n\na=1\n"),
            post("", "a=1"),
            "without the first line"
        );
        assert_eq!(read("A: b"), post("", ""), "headers alone");
        // What browsers do to line ends is undone where the length tells.
        assert_eq!(read("A: b\nContent-Length: 4\n\na\nb"), post("", "a\r\nb"));
        assert_eq!(read("A: b\nContent-Length: 3\n\na\nb"), post("", "a\nb"));
        assert_eq!(read("A: b\ncontent-length: 99\n\nab"), post("", "ab"));
        assert!(read("what is this").is_err() && read("A: b\nno header\n\nx").is_err());
    }
}
