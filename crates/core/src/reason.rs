//! Reasons: why a notification was refused, kept aside, or had nothing to do, as data that can be counted,
//! filtered and said in one sentence in each language.

use crate::language::{Catalogue, Language};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

static WORDS: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new([
        (Language::En, include_str!("../locales/en.toml")),
        (Language::De, include_str!("../locales/de.toml")),
        (Language::Es, include_str!("../locales/es.toml")),
        (Language::Uk, include_str!("../locales/uk.toml")),
    ])
});

/// The words of the domain: reasons, statuses, questions, event kinds.
#[must_use]
pub fn words() -> &'static Catalogue {
    &WORDS
}

/// A stable code and the detail that makes the sentence concrete (a field's name, what a gateway answered).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    /// At most [`Reason::DETAIL_CHARS_MAX`] characters, control characters replaced.
    pub detail: String,
}

impl Reason {
    pub const DETAIL_CHARS_MAX: usize = 300;

    #[must_use]
    pub fn new(code: &str, detail: impl AsRef<str>) -> Self {
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let detail = detail.as_ref().chars().take(Self::DETAIL_CHARS_MAX).map(printable).collect();
        Self { code: code.to_owned(), detail }
    }

    /// The reason in one sentence. Codes stand in the catalogue as `reason.CODE`.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        words().say(language, &format!("reason.{}", self.code), &[("detail", &self.detail)])
    }
}
