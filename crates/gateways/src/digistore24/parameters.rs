//! The fields of a message, and the signature over them.
//!
//! What is signed is a row of `name=value` and passphrase, without anything between. Two messages must never come to the
//! same row (T-A16), or a genuine signature would be good for another message: whoever chooses a buyer's name or the
//! pass-through text could write `=` or the passphrase into it, so that one field reads as another one or as two. So the
//! first place where the passphrase stands must be the end of the field, and the first `=` the end of its name. Then the
//! row can be cut in one way only.
//!
//! A longer row cannot be made from the digest of a shorter one either (T-A15): it has to end with the passphrase.

use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::{charset, form};
use crate::{RawRequest, Settings};
use ipnd_core::Reason;
use std::borrow::Cow;

/// The names under which the signature itself has been seen, in either case.
const SIGNATURES: [&str; 2] = ["sha_sign", "shasign"];

/// Digistore24 writes upper-case letters and compares without regard to case.
const MAC: Mac = Mac::new(Algorithm::Sha512, Encoding::HexAnyCase);

/// A message that is proved.
pub(super) struct Proved<'a> {
    /// What is proved.
    pairs: Pairs<'a>,
    /// The names were signed in upper case.
    pub(super) has_upper_case_names: bool,
}

/// Names and values, decoded once and sorted by the bytes of the names; none of the values is empty.
type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, [u8]>)>;

/// # Errors
/// Whatever makes the message unacceptable.
pub(super) fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Proved<'a>, Reason> {
    request.must_be_posted()?;
    let (given, mut pairs) = cut(&request.body)?;
    let mut refused = Reason::new("secret_unusable", "");
    for has_upper_case_names in [false, true] {
        if has_upper_case_names {
            let upper = pairs.into_iter().map(|(name, value)| (name.to_ascii_uppercase().into(), value));
            pairs = sorted(upper.collect());
        }
        for passphrase in settings.secrets("passphrase") {
            match MAC.verify(request, [passphrase], &[&row(&pairs, passphrase)], &given) {
                Ok(_) => {
                    must_be_clear(&pairs, passphrase)?;
                    return Ok(Proved { pairs, has_upper_case_names });
                }
                Err(reason) => refused = reason,
            }
        }
    }
    Err(refused)
}

/// The signature of a message that consists of these fields.
///
/// # Errors
/// A field that would make the message unacceptable.
pub(super) fn sign(fields: &[(&str, &str)], passphrase: &str) -> Result<String, Reason> {
    let filled = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs = sorted(filled.map(|(name, value)| ((*name).into(), value.as_bytes().into())).collect());
    must_be_clear(&pairs, passphrase)?;
    Ok(Mac::new(Algorithm::Sha512, Encoding::HexUpper).sign(&[], &[&row(&pairs, passphrase)]))
}

/// The signature and everything else. No name may come twice: whoever signs and whoever reads might take different ones.
fn cut(body: &[u8]) -> Result<(String, Pairs<'_>), Reason> {
    let form = form::Form::cut(body).map_err(|_| Reason::new("too_many_fields", ""))?;
    let decoded = form.fields().map(|field| (field.name.clone(), form::percent_decoded(field.raw_value)));
    let mut pairs = sorted(decoded.collect());
    must_have_each_name_once(&pairs)?;
    let is_signature = |name: &str| SIGNATURES.iter().any(|own| name.eq_ignore_ascii_case(own));
    let mut signatures = pairs.extract_if(.., |(name, _)| is_signature(name));
    let signature = signatures.next().map(|(_, value)| value);
    if let Some((name, _)) = signatures.next() {
        return Err(Reason::new("duplicate_field", name));
    }
    drop(signatures);
    pairs.retain(|(_, value)| !value.is_empty());
    let signature = signature.ok_or_else(|| Reason::new("signature_missing", "sha_sign"))?;
    Ok((String::from_utf8_lossy(&signature).into_owned(), pairs))
}

fn sorted(mut pairs: Pairs<'_>) -> Pairs<'_> {
    pairs.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
    pairs
}

fn must_have_each_name_once(pairs: &Pairs<'_>) -> Result<(), Reason> {
    match pairs.windows(2).find(|two| two[0].0 == two[1].0) {
        Some(twice) => Err(Reason::new("duplicate_field", &*twice[0].0)),
        None => Ok(()),
    }
}

/// What is signed.
fn row(pairs: &Pairs<'_>, passphrase: &str) -> Vec<u8> {
    let length =
        |(name, value): &(Cow<'_, str>, Cow<'_, [u8]>)| name.len() + 1 + value.len() + passphrase.len();
    let mut row = Vec::with_capacity(pairs.iter().map(length).sum());
    for (name, value) in pairs {
        for part in [name.as_bytes(), b"=", value, passphrase.as_bytes()] {
            row.extend_from_slice(part);
        }
    }
    row
}

/// Whether these fields can be read from what is signed in no other way. Asked of what is proved only, so that nobody can
/// find out by it what the passphrase is.
fn must_be_clear(pairs: &Pairs<'_>, passphrase: &str) -> Result<(), Reason> {
    if passphrase.is_empty() {
        return Err(Reason::new("secret_unusable", "passphrase"));
    }
    must_have_each_name_once(pairs)?;
    let mut field = Vec::new();
    for (name, value) in pairs {
        if name.contains('=') {
            return Err(Reason::new("bad_field", &**name));
        }
        field.clear();
        for part in [name.as_bytes(), b"=", value, passphrase.as_bytes()] {
            field.extend_from_slice(part);
        }
        if first_place(passphrase.as_bytes(), &field) != Some(name.len() + 1 + value.len()) {
            return Err(Reason::new("bad_field", "the passphrase stands in it"));
        }
    }
    Ok(())
}

/// Where `text`, which is not empty, first stands in `field`. Not in constant time: whoever could learn something by it
/// would have to know the passphrase first, for nothing is searched but what is proved.
fn first_place(text: &[u8], field: &[u8]) -> Option<usize> {
    field.windows(text.len()).position(|part| part[0] == text[0] && part == text)
}

/// The text of a proved message, sorted by name.
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, String)>);

impl<'a> Fields<'a> {
    pub(super) fn of(proved: &'a Proved<'_>) -> Self {
        let utf8 = charset::by_label(b"utf-8");
        let named = proved.pairs.iter().map(|(name, value)| {
            // Where names were signed in upper case, nothing proves the case in which they came (T-A17).
            let is_lowered = proved.has_upper_case_names;
            let name = if is_lowered { name.to_ascii_lowercase().into() } else { Cow::Borrowed(&**name) };
            (name, charset::decoded(utf8, value).text)
        });
        let mut fields: Vec<_> = named.collect();
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(fields)
    }

    /// The value of a field that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let place = self.0.binary_search_by(|(own, _)| (**own).cmp(name)).ok()?;
        Some(&self.0[place].1)
    }

    /// The first of these fields that is not empty.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name)).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Environment;
    use proptest::prelude::*;

    const PASSPHRASE: &str = "abab=ab";

    fn pairs<'a>(fields: &[(&'a str, &'a str)]) -> Pairs<'a> {
        sorted(fields.iter().map(|(name, value)| ((*name).into(), value.as_bytes().into())).collect())
    }

    fn settings(passphrase: &str) -> Settings {
        let values = [("passphrase".to_owned(), passphrase.to_owned())].into();
        Settings::check(super::super::SETTINGS, Environment::Live, values).unwrap()
    }

    /// A body that is signed as anybody would who knows the passphrase and does not look at what he signs.
    fn signed(fields: &[(&str, &str)], passphrase: &str) -> RawRequest {
        let digest = Algorithm::Sha512.compute(&[], &[&row(&pairs(fields), passphrase)]);
        let signature = Encoding::HexUpper.encode(&digest);
        let fields = fields.iter().copied().chain([("sha_sign", signature.as_str())]);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        RawRequest::post("application/x-www-form-urlencoded", body)
    }

    fn code(request: &RawRequest, passphrase: &str) -> String {
        verify(request, &settings(passphrase)).map_or_else(|reason| reason.code, |_| "proved".to_owned())
    }

    #[test]
    fn t_a16_joined_fields_collide_in_a_row_without_borders() {
        let secret = "s3cret-phrase";
        // Two fields, and one whose text holds the passphrase: the same row, so the same signature.
        let two = signed(&[("custom", "x"), ("order_id", "A1")], secret);
        let one = signed(&[("custom", "xs3cret-phraseorder_id=A1")], secret);
        let signature = |request: &RawRequest| cut(&request.body).unwrap().0;
        assert_eq!(signature(&two), signature(&one));
        assert_eq!((code(&two, secret).as_str(), code(&one, secret).as_str()), ("proved", "bad_field"));
        // A border between name and value that moves.
        let plain = signed(&[("custom", "a=b")], secret);
        let moved = signed(&[("custom=a", "b")], secret);
        assert_eq!(signature(&plain), signature(&moved));
        assert_eq!((code(&plain, secret).as_str(), code(&moved, secret).as_str()), ("proved", "bad_field"));
        // The passphrase over the border of name and value, and one that begins inside the value.
        assert_eq!(code(&signed(&[("xabab", "ab")], PASSPHRASE), PASSPHRASE), "bad_field");
        assert_eq!(code(&signed(&[("x", "ab")], "ababab"), "ababab"), "bad_field");
    }

    #[test]
    fn t_a15_length_extension_would_have_to_end_with_the_passphrase() {
        for fields in [&[][..], &[("a", "1")], &[("b", "2"), ("a", "1"), ("zzz", "\u{80}")]] {
            let row = row(&pairs(fields), PASSPHRASE);
            assert!(row.is_empty() || row.ends_with(PASSPHRASE.as_bytes()));
        }
    }

    #[test]
    fn t_a17_the_case_of_names_proves_nothing_where_they_were_signed_in_upper_case() {
        let secret = "s3cret-phrase";
        let upper = signed(&[("API_MODE", "test"), ("EVENT", "on_payment")], secret);
        let lower = String::from_utf8(upper.body.clone()).unwrap().replace("API_MODE", "aPi_mode");
        let settings = settings(secret);
        for body in [upper.body, lower.replace("EVENT", "event").into_bytes()] {
            let request = RawRequest::post("application/x-www-form-urlencoded", body);
            let Ok(proved) = verify(&request, &settings) else { panic!("not proved") };
            let fields = Fields::of(&proved);
            let read = (fields.get("api_mode"), fields.get("event"));
            // Signed as it came, `EVENT` is no field that we know.
            let expected =
                if proved.has_upper_case_names { (Some("test"), Some("on_payment")) } else { (None, None) };
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn t_b12_duplicate_names_are_refused_however_they_are_written() {
        let secret = "s3cret-phrase";
        let good = String::from_utf8(signed(&[("a", "1")], secret).body).unwrap();
        let of = |body: String| code(&RawRequest::post("application/x-www-form-urlencoded", body), secret);
        assert_eq!(of(good.clone()), "proved");
        assert_eq!(of(format!("{good}&empty=")), "proved");
        for more in ["a=1", "a=", "%61=1", "sha_sign=00", "SHASIGN=00", "Sha_Sign="] {
            assert_eq!(of(format!("{good}&{more}")), "duplicate_field", "{more}");
        }
        // In upper case `a` and `A` are one name.
        let fields = [("A", "2"), ("A", "1")];
        let digest = Algorithm::Sha512.compute(&[], &[&row(&pairs(&fields), secret)]);
        let twice = format!("a=1&A=2&sha_sign={}", Encoding::HexUpper.encode(&digest));
        assert_eq!(of(twice), "duplicate_field");
    }

    /// Cuts a row back into its fields, as only fields that are clear allow.
    fn read_back<'a>(mut row: &'a [u8], passphrase: &[u8]) -> Pairs<'a> {
        let mut pairs = Pairs::new();
        while let Some(end) = row.windows(passphrase.len()).position(|part| part == passphrase) {
            let field = &row[..end];
            let border = field.iter().position(|byte| *byte == b'=').unwrap();
            pairs.push((String::from_utf8_lossy(&field[..border]), field[border + 1..].into()));
            row = &row[end + passphrase.len()..];
        }
        assert!(row.is_empty());
        pairs
    }

    proptest! {
        /// No two messages that are accepted come to one row, because each can be read back from its row.
        #[test]
        fn t_a16_no_two_messages_have_one_row(fields in prop::collection::btree_map("[ab=]{0,4}", "[ab=]{1,9}", 0..5)) {
            let pairs: Pairs<'_> =
                fields.iter().map(|(name, value)| (name.into(), value.as_bytes().into())).collect();
            if must_be_clear(&pairs, PASSPHRASE).is_ok() {
                let row = row(&pairs, PASSPHRASE);
                prop_assert_eq!(read_back(&row, PASSPHRASE.as_bytes()), pairs);
            }
        }
    }
}
