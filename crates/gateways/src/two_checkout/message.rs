//! The form of a notification: its values in their sequence, the text that is signed, and what can be demanded of names
//! that are not.

use super::SCHEMES;
use crate::kit::form::{self, Form};
use ipnd_core::Reason;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;

/// The names by which anything is decided, in the sequence in which 2Checkout sends them.
pub(super) const DECISIVE: [&str; 8] = [
    "REFNO",
    "REFNOEXT",
    "ORDERSTATUS",
    "CURRENCY",
    "IPN_TOTALGENERAL",
    "CHARGEBACK_RESOLUTION",
    "TEST_ORDER",
    "FRAUD_STATUS",
];

/// The fields of a form, decoded.
pub(super) struct Message<'a> {
    fields: Vec<(Cow<'a, str>, Cow<'a, [u8]>)>,
    /// Their places, sorted by name: there are a hundred fields, and about as many are asked for.
    by_name: Vec<usize>,
}

impl<'a> Message<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Reason> {
        let form = Form::cut(body).map_err(|_| Reason::new("too_many_fields", ""))?;
        let decoded = form.fields().map(|field| (field.name.clone(), form::percent_decoded(field.raw_value)));
        let fields: Vec<(Cow<'_, str>, Cow<'_, [u8]>)> = decoded.collect();
        let mut by_name: Vec<usize> = (0..fields.len()).collect();
        by_name.sort_unstable_by_key(|place| (&*fields[*place].0, *place));
        Ok(Self { fields, by_name })
    }

    /// The places of a name, in their sequence.
    fn places(&self, name: &str) -> &[usize] {
        let from = self.by_name.partition_point(|place| &*self.fields[*place].0 < name);
        let rest = &self.by_name[from..];
        &rest[..rest.partition_point(|place| self.fields[*place].0 == name)]
    }

    /// The values of a name, in their sequence.
    pub(super) fn values<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m [u8]> {
        self.places(name).iter().map(|place| &*self.fields[*place].1)
    }

    pub(super) fn first(&self, name: &str) -> Option<&[u8]> {
        self.places(name).first().map(|place| &*self.fields[*place].1)
    }

    /// The first value of a name, unless it is empty or no text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let value = std::str::from_utf8(self.first(name)?).ok()?;
        Some(value).filter(|text| !text.is_empty())
    }

    /// The value of a name by its place in a list, for people to look at.
    pub(super) fn shown(&self, name: &str, place: usize) -> Option<String> {
        let value = self.values(name).nth(place)?;
        Some(String::from_utf8_lossy(value).into_owned()).filter(|text| !text.is_empty())
    }

    /// # Errors
    /// `duplicate_field`: only lists have several values.
    pub(super) fn has_each_name_once(&self) -> Result<(), Reason> {
        let names = || self.by_name.iter().map(|place| &*self.fields[*place].0);
        let twice = names().zip(names().skip(1)).find(|(one, next)| one == next && !one.ends_with(']'));
        match twice {
            Some((name, _)) => Err(Reason::new("duplicate_field", name)),
            None => Ok(()),
        }
    }

    /// Whether the names that decide are all there, in the known sequence and with values of the known form. Names are
    /// not signed: this is what keeps a copy of a message from being told under other names as far as it can be kept.
    ///
    /// # Errors
    /// `field_missing`, `field_malformed`.
    pub(super) fn is_laid_out_as_known(&self) -> Result<(), Reason> {
        let mut before = None;
        for name in DECISIVE {
            let place = self.places(name).first().copied();
            let place = place.ok_or_else(|| Reason::new("field_missing", name))?;
            let value = std::str::from_utf8(&self.fields[place].1).ok();
            if Some(place) < before || !value.is_some_and(|value| is_in_form(name, value)) {
                return Err(Reason::new("field_malformed", name));
            }
            before = Some(place);
        }
        Ok(())
    }

    /// The text that may have been signed. The vendor's own code takes away backslashes, in the manner of old PHP, before
    /// it counts; which of the two its servers do is not documented.
    pub(super) fn signed_texts(&self) -> Vec<Vec<u8>> {
        let mut texts = vec![with_lengths(self.signed_values())];
        let is_safe = !self.values("REFNOEXT").any(|value| value.contains(&b'\\'));
        if is_safe && texts[0].contains(&b'\\') {
            let values = self.signed_values();
            let stripped: Vec<Vec<u8>> = values.into_iter().map(without_slashes).collect();
            texts.push(with_lengths(stripped.iter().map(Vec::as_slice)));
        }
        texts
    }

    /// All values but the signatures; those of one list together, where the first of them stands.
    fn signed_values(&self) -> Vec<&[u8]> {
        let mut lists: BTreeMap<&str, usize> = BTreeMap::new();
        let mut placed: Vec<(usize, &[u8])> = Vec::with_capacity(self.fields.len());
        for (place, (name, value)) in self.fields.iter().enumerate() {
            if name.ends_with("[]") {
                placed.push((*lists.entry(name).or_insert(place), value));
            } else if !SCHEMES.iter().any(|scheme| scheme.field == name) {
                placed.push((place, value));
            }
        }
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, value)| value).collect()
    }
}

/// Each value behind the number of its bytes.
pub(super) fn with_lengths<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Vec<u8> {
    let mut text = Vec::new();
    for value in values {
        // Writing into memory cannot fail.
        let _ = write!(text, "{}", value.len());
        text.extend_from_slice(value);
    }
    text
}

/// What PHP calls `stripslashes`: a backslash goes, and what stands behind it stays.
fn without_slashes(value: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => kept.extend(bytes.next().map(|next| if *next == b'0' { 0 } else { *next })),
            byte => kept.push(*byte),
        }
    }
    kept
}

fn is_in_form(name: &str, value: &str) -> bool {
    let all = |is_good: fn(u8) -> bool| value.bytes().all(is_good);
    let is_word =
        all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b' '));
    match name {
        "REFNO" => (1..=20).contains(&value.len()) && all(|byte| byte.is_ascii_digit()),
        "REFNOEXT" => value.len() <= 255 && !value.chars().any(char::is_control),
        "CURRENCY" => value.len() == 3 && all(|byte| byte.is_ascii_uppercase()),
        "IPN_TOTALGENERAL" => is_decimal(value.strip_prefix('-').unwrap_or(value)),
        "TEST_ORDER" => matches!(value, "0" | "1"),
        "ORDERSTATUS" => !value.is_empty() && value.len() <= 40 && is_word,
        _ => value.len() <= 40 && is_word,
    }
}

/// An amount with its two decimal places.
fn is_decimal(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 20 && text.split_once('.').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
}
