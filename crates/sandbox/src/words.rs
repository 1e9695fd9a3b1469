//! What the stand-ins say to people, in four languages.

use ipnd_core::{Catalogue, Language, Money};
use jiff::Timestamp;
use std::sync::LazyLock;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new([
        (Language::En, include_str!("../locales/en.toml")),
        (Language::De, include_str!("../locales/de.toml")),
        (Language::Es, include_str!("../locales/es.toml")),
        (Language::Uk, include_str!("../locales/uk.toml")),
    ])
});

/// The words of one language, for templates: `{{ words.say("pay") }}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    pub(crate) fn say(self, key: impl AsRef<str>) -> String {
        CATALOGUE.say(self.0, key.as_ref(), &[])
    }

    /// A text with one argument.
    pub(crate) fn say_with(self, key: &str, name: &str, value: impl std::fmt::Display) -> String {
        CATALOGUE.say(self.0, key, &[(name, &value.to_string())])
    }

    /// What an event's word means to people.
    pub(crate) fn event(self, word: &str) -> String {
        ipnd_core::reason::words().say(self.0, &format!("event.{word}"), &[])
    }

    pub(crate) fn money(self, money: &Money) -> String {
        self.0.money(*money)
    }

    /// Date and time in UTC, to the second: a history of seconds needs them.
    pub(crate) fn time(self, at: &Timestamp) -> String {
        at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    pub(crate) fn code(self) -> &'static str {
        self.0.code()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_four_languages_say_the_same() {
        assert_eq!(super::CATALOGUE.differences(), Vec::<String>::new());
    }
}
