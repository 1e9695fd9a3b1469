//! What logging in and setting up say to people, in the four languages.

use ipnd_core::{Catalogue, Language};
use std::sync::LazyLock;

static WORDS: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::new([
        (Language::En, include_str!("locales/en.toml")),
        (Language::De, include_str!("locales/de.toml")),
        (Language::Es, include_str!("locales/es.toml")),
        (Language::Uk, include_str!("locales/uk.toml")),
    ])
});

pub(super) fn say(language: Language, key: &str) -> String {
    WORDS.say(language, key, &[])
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_languages_have_the_same_words() {
        assert_eq!(super::WORDS.differences(), Vec::<String>::new());
    }
}
