//! The four languages ipnd speaks to customers and owners, and the catalogues of words in them.
//!
//! A catalogue is a TOML file a language with flat `key = "text"` lines; `{name}` in a text is replaced by an
//! argument. Every crate that talks to people has its own catalogue beside its code; a test in each checks that
//! all four files have the same keys and the same arguments.

use crate::money::Money;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    De,
    Es,
    Uk,
}

impl Language {
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Es, Self::Uk];

    /// The ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Es => "es",
            Self::Uk => "uk",
        }
    }

    /// The language's own name for itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Es => "Español",
            Self::Uk => "Українська",
        }
    }

    /// Finds a language by a tag such as `de`, `de-AT` or `uk_UA`; `None` for any other language.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', ';', ',']).next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The first language of an `Accept-Language` header that ipnd speaks. Weights are ignored: browsers list
    /// languages in falling order.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Option<Self> {
        header.split(',').take(16).find_map(Self::from_tag)
    }

    /// An amount as people of this language write it: `€19.95`, `19,95 €`.
    #[must_use]
    pub fn money(self, money: Money) -> String {
        let decimal = money.abs().decimal();
        let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
        let (group, point) = match self {
            Self::En => (",", "."),
            Self::De | Self::Es => (".", ","),
            Self::Uk => ("\u{a0}", ","),
        };
        let mut number = grouped(whole, group);
        if !fraction.is_empty() {
            number.push_str(point);
            number.push_str(fraction);
        }
        let minus = if money.is_negative() { "−" } else { "" };
        let code = money.currency().code();
        match (self, symbol(code)) {
            (Self::En, Some(symbol)) => format!("{minus}{symbol}{number}"),
            (Self::En, None) => format!("{minus}{code}\u{a0}{number}"),
            (_, symbol) => format!("{minus}{number}\u{a0}{}", symbol.unwrap_or(code)),
        }
    }

    /// Day and minute, as people of this language write them, in UTC.
    #[must_use]
    pub fn at(self, at: Timestamp) -> String {
        let format = match self {
            Self::En => "%-d %b %Y, %H:%M",
            Self::De | Self::Uk => "%d.%m.%Y, %H:%M",
            Self::Es => "%d/%m/%Y, %H:%M",
        };
        at.strftime(format).to_string()
    }
}

fn symbol(code: &str) -> Option<&'static str> {
    Some(match code {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        "JPY" => "¥",
        "UAH" => "₴",
        _ => return None,
    })
}

fn grouped(whole: &str, separator: &str) -> String {
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push_str(separator);
        }
        out.push(digit);
    }
    out
}

/// The words of one crate in all languages.
#[derive(Debug)]
pub struct Catalogue {
    words: BTreeMap<Language, BTreeMap<String, String>>,
}

impl Catalogue {
    /// Reads the four TOML texts, which are compiled in, so a mistake in them is found by the first test.
    ///
    /// # Panics
    /// When a text is not flat TOML.
    #[must_use]
    pub fn new(texts: [(Language, &str); 4]) -> Self {
        let read = |(language, text): (Language, &str)| {
            let words = toml::from_str(text)
                .unwrap_or_else(|error| panic!("the {} catalogue is not TOML: {error}", language.code()));
            (language, words)
        };
        Self { words: texts.into_iter().map(read).collect() }
    }

    /// The text for `key` with its arguments put in. An unknown key shows itself, so that it is seen and mended.
    #[must_use]
    pub fn say(&self, language: Language, key: &str, arguments: &[(&str, &str)]) -> String {
        let text = self.words.get(&language).and_then(|words| words.get(key));
        fill(text.map_or(key, String::as_str), arguments)
    }

    /// Whether `key` exists (in English; a test keeps the languages equal).
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.words.get(&Language::En).is_some_and(|words| words.contains_key(key))
    }

    /// What differs between the languages: missing or surplus keys, and keys whose arguments differ. Empty is good.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let mut differences = Vec::new();
        let english = &self.words[&Language::En];
        for language in Language::ALL {
            let words = &self.words[&language];
            for key in english.keys().filter(|key| !words.contains_key(*key)) {
                differences.push(format!("{}: “{key}” is missing", language.code()));
            }
            for (key, text) in words {
                match english.get(key) {
                    None => differences.push(format!("{}: “{key}” is not in English", language.code())),
                    Some(original) if names(original) != names(text) => differences.push(format!(
                        "{}: “{key}” has the arguments {:?}, English has {:?}",
                        language.code(),
                        names(text),
                        names(original)
                    )),
                    Some(_) => {}
                }
            }
        }
        differences
    }
}

/// Replaces `{name}` in one pass, so that an argument's own braces are never looked at again (T-E05).
fn fill(text: &str, arguments: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let Some(length) = rest[start..].find('}') else { break };
        let name = &rest[start + 1..start + length];
        out.push_str(&rest[..start]);
        match arguments.iter().find(|(argument, _)| *argument == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    out
}

fn names(text: &str) -> std::collections::BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Currency;

    #[test]
    fn money_is_written_as_people_write_it() {
        let euro = Money::from_minor(1_234_567, Currency::from_code("EUR").unwrap());
        assert_eq!(Language::En.money(euro), "€12,345.67");
        assert_eq!(Language::De.money(euro), "12.345,67\u{a0}€");
        assert_eq!(Language::Uk.money(euro.negated()), "−12\u{a0}345,67\u{a0}€");
        let franc = Money::from_minor(5, Currency::from_code("CHF").unwrap());
        assert_eq!(Language::En.money(franc), "CHF\u{a0}0.05");
    }

    #[test]
    fn arguments_are_data_and_never_read_again() {
        assert_eq!(fill("Dear {name}, {sum}", &[("name", "{sum}"), ("sum", "5")]), "Dear {sum}, 5");
        assert_eq!(fill("open { brace", &[]), "open { brace");
    }

    #[test]
    fn languages_are_found_by_tag() {
        assert_eq!(Language::from_accept_language("fr-FR,uk;q=0.8,en;q=0.5"), Some(Language::Uk));
        assert_eq!(Language::from_tag("DE_at"), Some(Language::De));
        assert_eq!(Language::from_tag("pl"), None);
    }
}
