//! `/owner/templates`: the mails, in four languages, as they are and as the owner wants them.

use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::visit::{Visit, done};
use super::words::Words;
use crate::headers::POLICY;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use ipnd_core::{Language, MailKind};
use ipnd_deliver::templates::{self, Part, TemplateProblem, VARIABLES};
use ipnd_store::TemplateText;

const PATH: &str = "/owner/templates";
/// Characters of one part of a template.
const PART_CHARS_MAX: usize = 100_000;

#[derive(Template)]
#[template(path = "owner/templates.html")]
struct TemplatesPage {
    page: Frame,
    groups: Vec<(String, Vec<KindRow>)>,
    is_any_changed: bool,
}

struct KindRow {
    name: String,
    /// Address, language, and whether the owner has changed it.
    versions: Vec<(String, Language, bool)>,
}

#[derive(Template)]
#[template(path = "owner/template.html")]
struct TemplatePage {
    page: Frame,
    name: String,
    path: String,
    language: Language,
    siblings: Vec<(String, Language, bool)>,
    is_changed: bool,
    template: TemplateText,
    problem: Option<Problem>,
    variables: Vec<(&'static str, String)>,
}

/// What is wrong with a template, with the line it is in.
struct Problem {
    part: Part,
    place: String,
    sentence: String,
    line: Option<String>,
}

impl TemplatePage {
    fn is_wrong(&self, part: &str) -> bool {
        self.problem.as_ref().is_some_and(|problem| part_word(problem.part) == part)
    }
}

#[derive(Template)]
#[template(path = "owner/template_preview.html")]
struct PreviewPage {
    language: Language,
    w: Words,
    shown: Result<templates::Rendered, Problem>,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let mut groups = vec![
        (visit.words.t("templates.for_customer"), Vec::new()),
        (visit.words.t("templates.for_owner"), Vec::new()),
    ];
    for kind in MailKind::ALL {
        let row = KindRow { name: name(*kind, visit.words), versions: versions(&visit, *kind).await? };
        groups[usize::from(!kind.is_for_customer())].1.push(row);
    }
    let mut versions = groups.iter().flat_map(|(_, rows)| rows).flat_map(|row| &row.versions);
    let is_any_changed = versions.any(|(_, _, is_changed)| *is_changed);
    let shown = TemplatesPage { page: visit.frame(Section::Templates).await?, groups, is_any_changed };
    Ok(page::html(StatusCode::OK, &shown))
}

fn name(kind: MailKind, words: Words) -> String {
    words.t(&format!("templates.kind.{}", kind.word()))
}

async fn versions(visit: &Visit, kind: MailKind) -> Result<Vec<(String, Language, bool)>, Failure> {
    let mut versions = Vec::new();
    for language in Language::ALL {
        let own = visit.app.store.template(visit.shop_id(), kind, language).await?;
        versions.push((path_of(kind, language), language, own.is_some()));
    }
    Ok(versions)
}

fn path_of(kind: MailKind, language: Language) -> String {
    format!("{PATH}/{}/{}", kind.word(), language.code())
}

/// Kind and language of an address. Only exact words: `EN` or `en-GB` are other addresses.
fn parse(kind: &str, language: &str) -> Result<(MailKind, Language), Failure> {
    let kind = MailKind::from_word(kind).ok_or(Failure::NotFound)?;
    let found = Language::ALL.into_iter().find(|own| own.code() == language);
    Ok((kind, found.ok_or(Failure::NotFound)?))
}

pub(super) async fn edit(
    visit: Visit,
    Path((kind, language)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (kind, language) = parse(&kind, &language)?;
    let template = current(&visit, kind, language).await?;
    edit_page(&visit, kind, language, template, None).await
}

/// The owner's own, else the built-in one.
async fn current(visit: &Visit, kind: MailKind, language: Language) -> Result<TemplateText, Failure> {
    let own = visit.app.store.template(visit.shop_id(), kind, language).await?;
    Ok(own.unwrap_or_else(|| templates::builtin(kind, language)))
}

async fn edit_page(
    visit: &Visit,
    kind: MailKind,
    language: Language,
    template: TemplateText,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let siblings = versions(visit, kind).await?;
    let status = if problem.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = TemplatePage {
        page: visit.frame(Section::Templates).await?,
        name: name(kind, visit.words),
        path: path_of(kind, language),
        language,
        is_changed: siblings.iter().any(|(_, own, is_changed)| *own == language && *is_changed),
        siblings,
        template,
        problem,
        variables: VARIABLES
            .iter()
            .map(|(name, meaning)| (*name, meaning_of(name, meaning, visit.words)))
            .collect(),
    };
    Ok(with_frames(page::html(status, &shown)))
}

fn meaning_of(variable: &str, english: &str, words: Words) -> String {
    let key = format!("variable.{variable}");
    if Words::has(&key) { words.t(&key) } else { english.to_owned() }
}

/// This page may show the preview, which is ours, in a frame.
fn with_frames(mut response: Response) -> Response {
    let policy = format!("{POLICY}; frame-src 'self'");
    let policy = HeaderValue::from_str(&policy).expect("policies are ASCII");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// `POST /owner/templates/{kind}/{language}`
pub(super) async fn save(
    visit: Visit,
    Path((kind, language)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (kind, language) = parse(&kind, &language)?;
    let template = read(&fields);
    if let Err(problem) = check(kind, &template, visit.words) {
        return edit_page(&visit, kind, language, template, Some(problem)).await;
    }
    // What equals the built-in one goes on following it.
    let is_own = template != read_text(templates::builtin(kind, language));
    visit.app.store.put_template(visit.shop_id(), kind, language, is_own.then_some(template)).await?;
    Ok(done(&path_of(kind, language), "template"))
}

fn read(fields: &Fields) -> TemplateText {
    read_text(TemplateText {
        subject: fields.get("subject").to_owned(),
        text: fields.text("text"),
        html: fields.text("html"),
    })
}

/// Browsers drop the first line feed of a text area and nobody sees the last one.
fn read_text(template: TemplateText) -> TemplateText {
    let trimmed = |text: &str| format!("{}\n", text.trim_matches('\n'));
    TemplateText { subject: template.subject, text: trimmed(&template.text), html: trimmed(&template.html) }
}

fn check(kind: MailKind, template: &TemplateText, words: Words) -> Result<(), Problem> {
    for (part, text) in parts(template) {
        if text.chars().count() > PART_CHARS_MAX {
            let sentence = words.t("templates.problem_long");
            return Err(Problem { part, place: part_name(part, words), sentence, line: None });
        }
    }
    templates::check(kind, template).map_err(|problem| placed(problem, template, words))
}

fn parts(template: &TemplateText) -> [(Part, &str); 3] {
    [(Part::Subject, &template.subject), (Part::Text, &template.text), (Part::Html, &template.html)]
}

/// Puts the line itself beside what is wrong with it.
fn placed(problem: TemplateProblem, template: &TemplateText, words: Words) -> Problem {
    let name = part_name(problem.part, words);
    let text =
        parts(template).into_iter().find(|(part, _)| *part == problem.part).map_or("", |(_, text)| text);
    let line = problem.line.and_then(|line| text.lines().nth(line.saturating_sub(1)));
    let place = match problem.line {
        Some(line) => words.say("templates.problem_in", &[("part", &name), ("line", &line.to_string())]),
        None => name,
    };
    Problem { part: problem.part, place, sentence: problem.problem, line: line.map(str::to_owned) }
}

fn part_word(part: Part) -> &'static str {
    match part {
        Part::Subject => "subject",
        Part::Text => "text",
        Part::Html => "html",
    }
}

fn part_name(part: Part, words: Words) -> String {
    words.t(&format!("templates.{}", part_word(part)))
}

/// `POST /owner/templates/{kind}/{language}/reset`
pub(super) async fn reset(
    visit: Visit,
    Path((kind, language)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (kind, language) = parse(&kind, &language)?;
    visit.app.store.put_template(visit.shop_id(), kind, language, None).await?;
    Ok(done(&path_of(kind, language), "template_reset"))
}

/// `GET /owner/templates/{kind}/{language}/preview`: the mail as it is kept.
pub(super) async fn preview(
    visit: Visit,
    Path((kind, language)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (kind, language) = parse(&kind, &language)?;
    let template = current(&visit, kind, language).await?;
    Ok(preview_page(kind, language, &template, visit.words))
}

/// `POST` to the same address: the mail as it stands in the form, which is not kept.
pub(super) async fn preview_unsaved(
    visit: Visit,
    Path((kind, language)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (kind, language) = parse(&kind, &language)?;
    Ok(preview_page(kind, language, &read(&fields), visit.words))
}

/// A page of its own under a policy of its own: mails carry their style with them, so here, and only here, inline
/// style is allowed, in a sandbox that can do nothing else.
fn preview_page(kind: MailKind, language: Language, template: &TemplateText, words: Words) -> Response {
    let rendered = check(kind, template, words).and_then(|()| {
        templates::render(kind, language, template, &templates::sample(kind, language))
            .map_err(|problem| placed(problem, template, words))
    });
    let mut response = page::html(StatusCode::OK, &PreviewPage { language, w: words, shown: rendered });
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
                  base-uri 'none'; frame-ancestors 'self'; sandbox";
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_one_mail_exactly() {
        assert!(parse("customer.paid", "uk").is_ok());
        for (kind, language) in [("customer.paid", "EN"), ("customer.paid", "fr"), ("x", "en")] {
            assert!(parse(kind, language).is_err());
        }
    }

    #[test]
    fn a_problem_shows_its_line() {
        let words = Words(Language::En);
        let kind = MailKind::CustomerPaid;
        let template = TemplateText {
            text: "one\n{{ nothing.here }}\n".into(),
            ..templates::builtin(kind, Language::En)
        };
        let problem = check(kind, &template, words).unwrap_err();
        assert_eq!((part_word(problem.part), problem.line.as_deref()), ("text", Some("{{ nothing.here }}")));
        assert!(problem.place.contains('2'), "{}", problem.place);
    }

    #[test]
    fn every_variable_has_its_meaning_in_every_language() {
        for (name, _) in VARIABLES {
            assert!(Words::has(&format!("variable.{name}")), "{name}");
        }
    }
}
