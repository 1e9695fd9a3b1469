//! Mail templates: what they look like, what they may say, and how they become a mail.
//!
//! A template has three parts: the subject, the plain text, and the inner HTML, which goes into one fixed layout.
//! The language is a small, closed part of Jinja: variables of [`VARIABLES`], conditions, and loops over the items
//! and the access texts. Nothing that comes from outside is ever compiled; it is data that is put in (T-E05).

mod builtin;
mod engine;
mod language;
mod layout;
mod markup;
#[cfg(test)]
mod tests;
mod words;

pub use builtin::builtin;
pub use words::{AccessWords, CustomerWords, ItemWords, MailWords, OrderWords, ShopWords, VARIABLES, sample};

pub(crate) use words::words_of;

use ipnd_core::{Catalogue, Language, MailKind};
use ipnd_store::TemplateText;
use std::fmt;
use std::sync::LazyLock;

/// A finished mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    pub text: String,
    /// A whole HTML document.
    pub html: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Subject,
    Text,
    Html,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "HTML",
        })
    }
}

/// What is wrong with a template, and where; ready to be shown to whoever edits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    pub part: Part,
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    pub problem: String,
}

impl TemplateProblem {
    fn new(part: Part, line: impl Into<Option<usize>>, problem: impl Into<String>) -> Self {
        Self { part, line: line.into(), problem: problem.into() }
    }
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.part, self.problem),
            None => write!(f, "{}: {}", self.part, self.problem),
        }
    }
}

impl std::error::Error for TemplateProblem {}

static WORDS: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new([
        (Language::En, include_str!("../../locales/en.toml")),
        (Language::De, include_str!("../../locales/de.toml")),
        (Language::Es, include_str!("../../locales/es.toml")),
        (Language::Uk, include_str!("../../locales/uk.toml")),
    ])
});

/// Makes a mail out of a template and the words for it.
///
/// # Errors
/// [`TemplateProblem`] when the template cannot be read, names something unknown, or its result is too large.
pub fn render(
    kind: MailKind,
    language: Language,
    template: &TemplateText,
    words: &MailWords,
) -> Result<Rendered, TemplateProblem> {
    let words = words.cleaned();
    let subject = engine::render(Part::Subject, &template.subject, &words)?;
    let mut text = engine::render(Part::Text, &template.text, &words)?.trim_end().to_owned();
    let inner = engine::render(Part::Html, &template.html, &words)?;
    let footer = layout::footer(kind, language, &words);
    text.push_str("\n\n-- \n");
    text.push_str(&footer);
    text.push('\n');
    let html = layout::page(language, &subject, &inner, &footer, &words);
    Ok(Rendered { subject: words::one_line(&subject, words::SUBJECT_CHARS_MAX), text, html })
}

/// Whether a template can be kept: it compiles, uses only what there is, renders the sample, and links nowhere but
/// to our own pages and to fixed addresses.
///
/// # Errors
/// The first problem, with the part and line it is in.
pub fn check(kind: MailKind, template: &TemplateText) -> Result<(), TemplateProblem> {
    for (part, source) in
        [(Part::Subject, &template.subject), (Part::Text, &template.text), (Part::Html, &template.html)]
    {
        language::check(part, source)?;
        engine::check(part, source)?;
    }
    let language = Language::default();
    let subject_is_there = |rendered: Rendered| {
        let missing = || TemplateProblem::new(Part::Subject, None, "a mail needs a subject");
        if rendered.subject.is_empty() { Err(missing()) } else { Ok(()) }
    };
    subject_is_there(render(kind, language, template, &sample(kind, language))?)?;
    if kind == MailKind::OwnerReview {
        let words = words::sample_without_order(language);
        let problem =
            "there may be no order; what speaks of it stands between {% if order %} and {% endif %}";
        let rendered = render(kind, language, template, &words);
        subject_is_there(rendered.map_err(|found| TemplateProblem::new(found.part, found.line, problem))?)?;
    }
    // Where a variable is used as a link that is not one of ours, this shows it (T-E08).
    let suspicious = engine::render(Part::Html, &template.html, &words::probe())?;
    markup::check(&suspicious)
}
