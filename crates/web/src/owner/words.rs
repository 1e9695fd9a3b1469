//! The words of the owner's pages, in the language of whoever looks at them.

use ipnd_core::reason::words as domain_words;
use ipnd_core::{Catalogue, EventKind, Language, Money, OrderStatus, PaymentStatus};
use ipnd_store::CheckState;
use jiff::Timestamp;
use std::sync::LazyLock;

/// Both files of a language.
macro_rules! words {
    ($language:literal) => {
        concat!(
            include_str!(concat!("../../locales/owner.", $language, ".toml")),
            "\n",
            include_str!(concat!("../../locales/telling.", $language, ".toml")),
        )
    };
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new([
        (Language::En, words!("en")),
        (Language::De, words!("de")),
        (Language::Es, words!("es")),
        (Language::Uk, words!("uk")),
    ])
});

/// Speaks one language. Templates call its methods; what they return is escaped like any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words(pub(super) Language);

impl Words {
    #[must_use]
    pub(super) fn has(key: &str) -> bool {
        CATALOGUE.has(key)
    }

    /// A text without arguments.
    #[must_use]
    pub(super) fn t(&self, key: &str) -> String {
        CATALOGUE.say(self.0, key, &[])
    }

    /// A text with one argument.
    #[must_use]
    pub(super) fn with(&self, key: &str, name: &str, value: impl ToString) -> String {
        CATALOGUE.say(self.0, key, &[(name, &value.to_string())])
    }

    /// A text with several arguments.
    #[must_use]
    pub(super) fn say(&self, key: &str, arguments: &[(&str, &str)]) -> String {
        CATALOGUE.say(self.0, key, arguments)
    }

    /// A text of the domain: a status, a kind of event, a question.
    #[must_use]
    pub(super) fn domain(&self, key: &str) -> String {
        domain_words().say(self.0, key, &[])
    }

    #[must_use]
    pub(super) fn status(&self, status: OrderStatus) -> String {
        self.domain(&format!("status.{}", status.word()))
    }

    #[must_use]
    pub(super) fn payment_status(&self, status: PaymentStatus) -> String {
        self.domain(&format!("payment_status.{}", status.word()))
    }

    #[must_use]
    pub(super) fn event_kind(&self, kind: EventKind) -> String {
        self.domain(&format!("event.{}", kind.word()))
    }

    #[must_use]
    pub(super) fn check_state(&self, state: CheckState) -> String {
        self.domain(&format!("check.{}", state.word()))
    }

    #[must_use]
    pub(super) fn check_explained(&self, state: CheckState) -> String {
        self.domain(&format!("check_explain.{}", state.word()))
    }

    #[must_use]
    pub(super) fn money(&self, money: Money) -> String {
        self.0.money(money)
    }

    /// Day and minute, in UTC.
    #[must_use]
    pub(super) fn at(&self, at: Timestamp) -> String {
        self.0.at(at)
    }

    /// The same with seconds, where the sequence of things within a minute is of interest.
    #[must_use]
    pub(super) fn at_second(&self, at: Timestamp) -> String {
        format!("{}{}", self.at(at), at.strftime(":%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_languages_have_the_same_keys_and_arguments() {
        assert_eq!(CATALOGUE.differences(), Vec::<String>::new());
    }

    #[test]
    fn times_are_written_as_people_write_them() {
        let at: Timestamp = "2026-11-20T09:05:07Z".parse().unwrap();
        assert_eq!(Words(Language::En).at(at), "20 Nov 2026, 09:05");
        assert_eq!(Words(Language::De).at(at), "20.11.2026, 09:05");
        assert_eq!(Words(Language::Es).at(at), "20/11/2026, 09:05");
        assert_eq!(Words(Language::Uk).at_second(at), "20.11.2026, 09:05:07");
    }
}
