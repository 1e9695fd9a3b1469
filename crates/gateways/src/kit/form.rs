//! Form bodies, read from their bytes: one separator, order and raw text kept, nothing guessed.
//!
//! Reading happens in two steps. [`Form`] only cuts the body into fields; that is enough to refuse what cannot be a
//! notification (T-B12, T-G03), and may be done with anything that comes in. [`FormText`] is the decoded text, and
//! can only be made from a [`Verified`] request.

use super::charset::{self, Decoded};
use super::verified::Verified;
use ipnd_core::limits::FORM_FIELDS_MAX;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A byte order mark in front of a body belongs to no field.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A form body, cut at its separators.
#[derive(Debug)]
pub struct Form<'a> {
    fields: Vec<Field<'a>>,
}

#[derive(Debug)]
pub struct Field<'a> {
    /// Decoded. Names of interest are ASCII; whatever is not UTF-8 is replaced and so matches none of them.
    pub name: Cow<'a, str>,
    /// As it stands in the body.
    pub raw_value: &'a [u8],
}

/// More fields than any message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form has more than {FORM_FIELDS_MAX} fields")]
pub struct TooManyFields;

impl<'a> Form<'a> {
    /// Cuts a body at `&` and nothing else: `;` is part of a value (T-B12). Empty pieces are no fields.
    ///
    /// # Errors
    /// [`TooManyFields`], found before anything is decoded.
    pub fn cut(body: &'a [u8]) -> Result<Self, TooManyFields> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let separators = body.iter().filter(|byte| **byte == b'&').count();
        if separators >= FORM_FIELDS_MAX {
            return Err(TooManyFields);
        }
        let mut fields = Vec::with_capacity(separators + 1);
        fields.extend(body.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).map(Field::cut));
        Ok(Self { fields })
    }

    pub fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter()
    }

    /// A field among those `of_interest` that stands in the form twice, whichever way its name is written.
    pub fn repeated(&self, of_interest: impl Fn(&str) -> bool) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.fields.iter().map(|field| &*field.name).find(|name| of_interest(name) && !seen.insert(*name))
    }
}

impl<'a> Field<'a> {
    fn cut(piece: &'a [u8]) -> Self {
        let equals = piece.iter().position(|byte| *byte == b'=');
        let (name, raw_value) = match equals {
            Some(at) => (&piece[..at], &piece[at + 1..]),
            None => (piece, &[][..]),
        };
        let name = match percent_decoded(name) {
            Cow::Borrowed(name) => String::from_utf8_lossy(name),
            Cow::Owned(name) => Cow::Owned(match String::from_utf8(name) {
                Ok(name) => name,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
        };
        Self { name, raw_value }
    }
}

/// Undoes form encoding: `+` is a space, `%41` is `A`. Anything else after a `%` is left as text, `%u010D` too,
/// which some senders write for characters that their charset does not have.
#[must_use]
pub fn percent_decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    let is_encoded = |byte: &u8| matches!(byte, b'+' | b'%');
    let Some(first) = raw.iter().position(is_encoded) else { return Cow::Borrowed(raw) };
    let mut decoded = Vec::with_capacity(raw.len());
    decoded.extend_from_slice(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(b'%'),
            },
            _ => decoded.push(byte),
        }
    }
    Cow::Owned(decoded)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The text of a verified form.
#[derive(Debug)]
pub struct FormText {
    values: BTreeMap<String, String>,
    damaged: BTreeSet<String>,
}

impl FormText {
    /// Decodes a verified form by the charset that its own field `charset_field` names. Of a repeated field the first
    /// one counts; fields of interest are never repeated, because [`Form::repeated`] has been asked before.
    ///
    /// # Errors
    /// [`TooManyFields`].
    pub fn of(verified: Verified<'_>, charset_field: &str) -> Result<Self, TooManyFields> {
        let form = Form::cut(verified.body())?;
        let mut text = Self { values: BTreeMap::new(), damaged: BTreeSet::new() };
        for (name, decoded) in decode(&form, charset_field) {
            if text.values.contains_key(name) {
                continue;
            }
            if decoded.damaged {
                text.damaged.insert(name.to_owned());
            }
            text.values.insert(name.to_owned(), decoded.text);
        }
        Ok(text)
    }

    /// The value of a field, unless it is empty or not there. Empty fields are usual and mean the same as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Fields with bytes that are no text: replaced by U+FFFD in the value (T-B13).
    pub fn damaged(&self) -> impl Iterator<Item = &str> {
        self.damaged.iter().map(String::as_str)
    }
}

/// The fields of any form body in readable text, for people to look at. Nothing may be decided by it: the body may be
/// anybody's.
///
/// # Errors
/// [`TooManyFields`].
pub fn readable(body: &[u8], charset_field: &str) -> Result<Vec<(String, String)>, TooManyFields> {
    let form = Form::cut(body)?;
    Ok(decode(&form, charset_field).map(|(name, decoded)| (name.to_owned(), decoded.text)).collect())
}

/// Every field with its text, decoded by the charset that the form itself names.
fn decode<'f>(form: &'f Form<'_>, charset_field: &str) -> impl Iterator<Item = (&'f str, Decoded)> {
    let named = form.fields().find(|field| field.name == charset_field);
    let label = named.map(|field| percent_decoded(field.raw_value)).unwrap_or_default();
    let encoding = charset::by_label(&label);
    form.fields()
        .map(move |field| (&*field.name, charset::decoded(encoding, &percent_decoded(field.raw_value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str) -> Vec<(String, String)> {
        let form = Form::cut(body.as_bytes()).unwrap();
        let value =
            |field: &Field<'_>| String::from_utf8_lossy(&percent_decoded(field.raw_value)).into_owned();
        form.fields().map(|field| (field.name.to_string(), value(field))).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn order_and_text_are_kept() {
        assert_eq!(
            pairs("b=2+3&a=%40%2B&empty=&bare&&x=1=2"),
            [pair("b", "2 3"), pair("a", "@+"), pair("empty", ""), pair("bare", ""), pair("x", "1=2")]
        );
    }

    #[test]
    fn what_is_not_a_percent_escape_stays_text() {
        assert_eq!(
            pairs("a=%u010D&b=100%&c=%4&d=%zz&e=%%34"),
            [pair("a", "%u010D"), pair("b", "100%"), pair("c", "%4"), pair("d", "%zz"), pair("e", "%4")]
        );
    }

    #[test]
    fn t_b12_duplicate_or_smuggled_form_fields_are_seen_however_the_name_is_written() {
        let repeated =
            |body: &str| Form::cut(body.as_bytes()).unwrap().repeated(|name| name == "mc_gross").is_some();
        assert!(repeated("mc_gross=1&x=2&mc_gross=2000"));
        assert!(repeated("mc_gross=1&mc%5Fgross=2000"));
        assert!(repeated("mc_gross=1&mc_gross"));
        assert!(repeated("\u{feff}mc_gross=1&mc_gross=2000"));
        assert!(!repeated("x=1&x=2&mc_gross=1"), "other fields may come twice");
        assert!(!repeated("mc_gross=1;mc_gross=2000"), "a semicolon separates nothing");
        assert!(!repeated("mc_gross[]=1&mc_gross=2&MC_GROSS=3"), "these are other names");
    }

    #[test]
    fn t_g03_many_fields() {
        let form = |fields: usize| vec!["a=1"; fields].join("&");
        assert_eq!(Form::cut(form(FORM_FIELDS_MAX).as_bytes()).unwrap().fields().count(), FORM_FIELDS_MAX);
        assert_eq!(Form::cut(form(FORM_FIELDS_MAX + 1).as_bytes()).unwrap_err(), TooManyFields);
        assert_eq!(Form::cut("&".repeat(1_000_000).as_bytes()).unwrap_err(), TooManyFields);
    }
}
