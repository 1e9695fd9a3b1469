//! How a notification is written down: its charset, its escapes, the sequence of its fields.
//!
//! A receiver must cope with all of it: PayPal's charset follows the account's setting, its fields come in no fixed
//! sequence, and its own simulator writes in a style that differs from the real thing.

use encoding_rs::Encoding;
use ipnd_gateways::kit::form;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Writing {
    /// windows-1252 where it has all the letters, else UTF-8.
    #[default]
    AsNeeded,
    Utf8,
    Gb2312,
    Koi8R,
    /// As the IPN simulator writes: no charset, `%20` for a blank, `%uXXXX` beyond Latin-1.
    Simulator,
}

impl Writing {
    pub(crate) const ALL: [Self; 5] =
        [Self::AsNeeded, Self::Utf8, Self::Gb2312, Self::Koi8R, Self::Simulator];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AsNeeded => "as_needed",
            Self::Utf8 => "utf8",
            Self::Gb2312 => "gb2312",
            Self::Koi8R => "koi8_r",
            Self::Simulator => "simulator",
        }
    }

    /// Its text in the catalogue.
    pub(crate) fn key(self) -> String {
        format!("faults.writing.{}", self.word())
    }

    /// The label that PayPal writes into the field `charset`.
    fn label(self) -> Option<&'static str> {
        match self {
            Self::AsNeeded | Self::Simulator => None,
            Self::Utf8 => Some("UTF-8"),
            Self::Gb2312 => Some("gb2312"),
            Self::Koi8R => Some("KOI8_R"),
        }
    }
}

/// Writes a composed body down in this manner, its fields shuffled.
pub(crate) fn written(body: &[u8], writing: Writing) -> Vec<u8> {
    let mut fields = form::readable(body, "charset").expect("what was composed has few fields");
    fields.shuffle(&mut rand::rng());
    let composed_in = fields.iter().find(|(name, _)| name == "charset").map(|(_, label)| label.clone());
    let label = writing.label().map_or(composed_in, |label| Some(label.to_owned()));
    if writing == Writing::Simulator {
        fields.retain(|(name, _)| name != "charset");
    }
    let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = encoding.unwrap_or(encoding_rs::WINDOWS_1252);
    let pairs = fields.iter().map(|(name, value)| {
        let value = match (name.as_str(), writing.label()) {
            ("charset", Some(label)) => label,
            _ => value.as_str(),
        };
        let value = if writing == Writing::Simulator { simulated(value) } else { escaped(value, encoding) };
        format!("{}={value}", escaped(name, encoding_rs::UTF_8))
    });
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

/// Letters that the charset lacks become numeric references, as browsers write them.
fn escaped(text: &str, encoding: &'static Encoding) -> String {
    let (bytes, _, _) = encoding.encode(text);
    form_urlencoded::byte_serialize(&bytes).collect()
}

fn simulated(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(byte) => out.extend(form_urlencoded::byte_serialize(&[byte])),
            Err(_) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("%u{unit:04X}"));
                }
            }
        }
    }
    out.replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(body: &[u8]) -> String {
        let text = String::from_utf8(body.to_vec()).unwrap();
        let mut fields: Vec<&str> = text.split('&').collect();
        fields.sort_unstable();
        fields.join("&")
    }

    const COMPOSED: &[u8] = "charset=UTF-8&first_name=%D0%9E%D0%BB%D0%B5+A&mc_gross=1.00".as_bytes();

    #[test]
    fn every_manner_says_the_same_in_its_own_bytes() {
        let shown = |writing| sorted(&written(COMPOSED, writing));
        assert_eq!(shown(Writing::AsNeeded), String::from_utf8_lossy(COMPOSED));
        assert_eq!(shown(Writing::Koi8R), "charset=KOI8_R&first_name=%EF%CC%C5+A&mc_gross=1.00");
        assert_eq!(shown(Writing::Gb2312), "charset=gb2312&first_name=%A7%B0%A7%DD%A7%D6+A&mc_gross=1.00");
        assert_eq!(shown(Writing::Simulator), "first_name=%u041E%u043B%u0435%20A&mc_gross=1.00");
        for writing in [Writing::Utf8, Writing::Koi8R, Writing::Gb2312] {
            let read = form::readable(&written(COMPOSED, writing), "charset").unwrap();
            assert!(read.contains(&("first_name".to_owned(), "Оле A".to_owned())), "{read:?}");
        }
    }
}
