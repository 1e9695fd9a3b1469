//! The section `[proof]` of a description: how messages are proved.

use super::proof::{By, Carried, Mechanism, Place, SecretForm, SignedTime, TimeAt};
use super::signed::{Fields, Piece, SecretAt, Signed};
use super::toml_table::{Fault, Table, Taken};
use crate::kit::asymmetric::Scheme;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::signed_time::Window;
use std::ops::Range;

/// Longest window of a signed time, in seconds: a day.
const WINDOW_S_MAX: u32 = 86_400;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Hmac,
    Digest,
    Signature,
    Token,
    Basic,
}

pub(super) fn mechanism(mut table: Table<'_>) -> Result<Mechanism, Fault> {
    let words = [
        ("hmac", Way::Hmac),
        ("digest", Way::Digest),
        ("signature", Way::Signature),
        ("token", Way::Token),
        ("basic", Way::Basic),
    ];
    let missing = table.fault("proof.by is missing: hmac, digest, signature, token or basic");
    let way = table.choice("by", &words)?.ok_or(missing)?;
    if way == Way::Basic {
        let user = table.needed_text("user", "the user name that the sender gives")?.value;
        table.finish()?;
        return Ok(Mechanism {
            by: By::Basic { user },
            carried: carried_in(Place::Header("authorization".to_owned())),
            signed: Signed::Template(Vec::new()),
            time: None,
        });
    }
    let by = by(&mut table, way)?;
    let time = if way == Way::Token { None } else { table.table("time")? };
    let (carried, at) = carried(&mut table, way)?;
    let time = time.map(|time| signed_time(time, &carried)).transpose()?;
    let signed = if way == Way::Token { Signed::Template(Vec::new()) } else { signed(&mut table, way)? };
    let mechanism = Mechanism { by, carried, signed, time };
    check_together(&mechanism, &Taken { value: (), at })?;
    table.finish()?;
    Ok(mechanism)
}

const ENCODINGS: [(&str, Encoding); 5] = [
    ("hex", Encoding::HexAnyCase),
    ("hex-lower", Encoding::HexLower),
    ("hex-upper", Encoding::HexUpper),
    ("base64", Encoding::Base64),
    ("base64url", Encoding::Base64Url),
];

fn by(table: &mut Table<'_>, way: Way) -> Result<By, Fault> {
    if way == Way::Token {
        return Ok(By::Token);
    }
    let missing = table.fault(format!("proof.encoding is missing: {}", words_of(&ENCODINGS)));
    let encoding = table.choice("encoding", &ENCODINGS)?.ok_or(missing)?;
    if way == Way::Signature {
        let schemes = [
            ("rsa-sha1", Scheme::RsaSha1),
            ("rsa-sha256", Scheme::RsaSha256),
            ("rsa-sha512", Scheme::RsaSha512),
            ("ecdsa-p256", Scheme::EcdsaP256Sha256),
            ("ecdsa-p256-fixed", Scheme::EcdsaP256Sha256Fixed),
            ("ecdsa-k256", Scheme::EcdsaK256Sha256),
            ("ed25519", Scheme::Ed25519),
        ];
        let missing = table.fault(format!("proof.algorithm is missing: {}", words_of(&schemes)));
        let scheme = table.choice("algorithm", &schemes)?.ok_or(missing)?;
        return Ok(By::Key { scheme, encoding });
    }
    let hashes = [
        ("md5", (Algorithm::HmacMd5, Algorithm::Md5)),
        ("sha1", (Algorithm::HmacSha1, Algorithm::Sha1)),
        ("sha256", (Algorithm::HmacSha256, Algorithm::Sha256)),
        ("sha384", (Algorithm::HmacSha384, Algorithm::Sha384)),
        ("sha512", (Algorithm::HmacSha512, Algorithm::Sha512)),
        ("sha3-256", (Algorithm::HmacSha3_256, Algorithm::Sha3_256)),
    ];
    let missing = table.fault(format!("proof.algorithm is missing: {}", words_of(&hashes)));
    let (keyed, plain) = table.choice("algorithm", &hashes)?.ok_or(missing)?;
    let is_plain = way == Way::Digest;
    let forms = [("text", SecretForm::Text), ("hex", SecretForm::Hex), ("base64", SecretForm::Base64)];
    let secret = if is_plain { None } else { table.choice("secret", &forms)? };
    let secret_prefix = if is_plain { None } else { table.text("secret_prefix")? };
    Ok(By::Mac {
        mac: Mac::new(if is_plain { plain } else { keyed }, encoding),
        is_plain,
        resists_extension: plain == Algorithm::Sha3_256,
        secret: secret.unwrap_or(SecretForm::Text),
        secret_prefix: secret_prefix.map(|prefix| prefix.value).unwrap_or_default(),
    })
}

fn words_of<T>(words: &[(&str, T)]) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

fn carried_in(at: Place) -> Carried {
    Carried { at, prefix: String::new(), part: None, separator: ',', several: None }
}

/// One place out of a header, the query and the body.
fn place(table: &mut Table<'_>, what: &str) -> Result<Option<Taken<Place>>, Fault> {
    let header = table.text("header")?;
    let header =
        header.map(|name| header_name(&name).map(|own| Taken { value: Place::Header(own), at: name.at }));
    let query = table.text("query")?.map(|name| Taken { value: Place::Query(name.value), at: name.at });
    let field = table.path("field")?.map(|path| Taken { value: Place::Field(path.value), at: path.at });
    let mut all = header.transpose()?.into_iter().chain(query).chain(field);
    match (all.next(), all.next()) {
        (Some(_), Some(second)) => {
            Err(second.fault(format!("{what} stands in one place: header, query or field")))
        }
        (only, _) => Ok(only),
    }
}

fn header_name(name: &Taken<String>) -> Result<String, Fault> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.value.is_empty() || !name.value.chars().all(is_good) {
        return Err(name.fault(format!("“{}” is no name of a header", name.value)));
    }
    Ok(name.value.to_ascii_lowercase())
}

fn carried(table: &mut Table<'_>, way: Way) -> Result<(Carried, Range<usize>), Fault> {
    let what = if way == Way::Token { "the token" } else { "the signature" };
    let missing =
        table.fault(format!("the place of {what} is missing: proof.header, proof.query or proof.field"));
    let at = place(table, what)?.ok_or(missing)?;
    let prefix = table.text("prefix")?.map(|prefix| prefix.value).unwrap_or_default();
    let (mut part, mut separator, mut several) = (None, ',', None);
    if way != Way::Token {
        part = table.text("part")?.map(|part| part.value);
        let given = letter(table, "separator")?;
        if let Some(given) = given.as_ref().filter(|_| part.is_none()) {
            return Err(
                given.fault("proof.separator stands between named parts, so proof.part is needed too")
            );
        }
        separator = given.map_or(',', |given| given.value);
        several = letter(table, "several")?.map(|between| between.value);
    }
    Ok((Carried { at: at.value, prefix, part, separator, several }, at.at))
}

fn letter(table: &mut Table<'_>, key: &'static str) -> Result<Option<Taken<char>>, Fault> {
    let Some(text) = table.text(key)? else { return Ok(None) };
    let mut letters = text.value.chars();
    match (letters.next(), letters.next()) {
        (Some(only), None) => Ok(Some(Taken { value: only, at: text.at })),
        _ => Err(text.fault(format!("proof.{key} must be one character"))),
    }
}

fn signed_time(mut table: Table<'_>, carried: &Carried) -> Result<SignedTime, Fault> {
    let part = table.text("part")?;
    let other = place(&mut table, "the time")?;
    let at = match (part, other) {
        (Some(part), None) if carried.part.is_some() => TimeAt::Part(part.value),
        (Some(part), None) => {
            return Err(
                part.fault("the time can be a named part only where the signature is one: proof.part")
            );
        }
        (None, Some(place)) => TimeAt::Place(place.value),
        (Some(part), Some(_)) => return Err(part.fault("the time stands in one place")),
        (None, None) => {
            return Err(table.fault("the place of the time is missing: part, header, query or field"));
        }
    };
    let units = [("seconds", false), ("milliseconds", true)];
    let in_milliseconds = table.choice("unit", &units)?.unwrap_or(false);
    let window = match table.whole_number("window_s")? {
        None => 300,
        Some(taken) if (1..=WINDOW_S_MAX).contains(&taken.value) => taken.value,
        Some(taken) => return Err(taken.fault(format!("the window is 1 to {WINDOW_S_MAX} seconds"))),
    };
    table.finish()?;
    let window = Window { past_s: window.into(), future_s: window.into() };
    Ok(SignedTime { at, window, in_milliseconds })
}

fn signed(table: &mut Table<'_>, way: Way) -> Result<Signed, Fault> {
    let template = table.text("signed")?;
    let fields = table.table("fields")?;
    match (template, fields) {
        (Some(template), Some(_)) => {
            Err(template.fault("what is signed is either proof.signed or [proof.fields], not both"))
        }
        (None, Some(fields)) => signed_fields(fields, way).map(Signed::Fields),
        (Some(template), None) => {
            let pieces = pieces(&template)?;
            let has_secret = pieces.contains(&Piece::Secret);
            if way == Way::Digest && !has_secret {
                return Err(template.fault(
                    "a plain digest proves nothing unless the secret is part of it: add {secret} where the sender \
                     puts it",
                ));
            }
            if way != Way::Digest && has_secret {
                return Err(template.fault("{secret} is for by = \"digest\"; here the secret is the key"));
            }
            Ok(Signed::Template(pieces))
        }
        (None, None) if way == Way::Digest => Err(table.fault(
            "what is signed is missing: proof.signed = \"{body}{secret}\", say, or a section [proof.fields]",
        )),
        (None, None) => Ok(Signed::Template(vec![Piece::Body])),
    }
}

/// `{time}.{body}` in its pieces.
fn pieces(template: &Taken<String>) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut rest = template.value.as_str();
    while let Some(open) = rest.find('{') {
        if open > 0 {
            pieces.push(Piece::Literal(rest[..open].to_owned()));
        }
        let inside = &rest[open + 1..];
        let close = inside.find('}').ok_or_else(|| template.fault("a { in proof.signed has no }"))?;
        let name = &inside[..close];
        pieces.push(match name.split_once(':') {
            None if name == "body" => Piece::Body,
            None if name == "time" => Piece::Time,
            None if name == "secret" => Piece::Secret,
            Some(("header", header)) => {
                Piece::Header(header_name(&Taken { value: header.to_owned(), at: template.at.clone() })?)
            }
            Some(("query", query)) if !query.is_empty() => Piece::Query(query.to_owned()),
            _ => {
                return Err(template.fault(format!(
                    "{{{name}}} is not known in proof.signed; there are {{body}}, {{time}}, {{secret}}, \
                     {{header:NAME}} and {{query:NAME}}"
                )));
            }
        });
        rest = &inside[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_owned()));
    }
    let bodies = pieces.iter().filter(|piece| **piece == Piece::Body).count();
    if bodies > 1 {
        return Err(template.fault("{body} can be signed only once"));
    }
    if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_) | Piece::Secret)) {
        return Err(template.fault("nothing of the message is signed: {body} is missing"));
    }
    Ok(pieces)
}

fn signed_fields(mut table: Table<'_>, way: Way) -> Result<Fields, Fault> {
    let names = table.paths("names")?;
    let is_all = table.is_true("all")?;
    let names = match names {
        Some(names) if is_all => return Err(names.fault("either the names of the fields, or all of them")),
        Some(names) if names.value.is_empty() => return Err(names.fault("no field is signed")),
        Some(names) => Some(names.value),
        None if is_all => None,
        None => return Err(table.fault("which fields are signed is missing: names = [...], or all = true")),
    };
    let with_names = table.is_true("with_names")?;
    let between = table.text("between")?.map(|between| between.value).unwrap_or_default();
    let skip_empty = table.is_true("skip_empty")?;
    let places = [
        ("first", SecretAt::First),
        ("last", SecretAt::Last),
        ("both", SecretAt::Both),
        ("each", SecretAt::Each),
    ];
    let secret = match way {
        Way::Digest => table.choice("secret", &places)?.unwrap_or(SecretAt::Last),
        _ => SecretAt::Key,
    };
    table.finish()?;
    Ok(Fields { names, with_names, between, skip_empty, secret })
}

/// What fits only together.
fn check_together(mechanism: &Mechanism, carried_at: &Taken<()>) -> Result<(), Fault> {
    let is_token = matches!(mechanism.by, By::Token);
    let Signed::Template(pieces) = &mechanism.signed else {
        return check_fields_together(mechanism, carried_at);
    };
    let signs_body = pieces.contains(&Piece::Body);
    if !is_token && signs_body && matches!(mechanism.carried.at, Place::Field(_)) {
        return Err(carried_at.fault(
            "a signature inside the body cannot be one of the whole body: say in [proof.fields] what is signed",
        ));
    }
    match (&mechanism.time, pieces.contains(&Piece::Time)) {
        (Some(_), false) => Err(carried_at.fault(
            "the time is not part of what is signed, so anybody could set it: proof.signed needs {time}",
        )),
        (None, true) => {
            Err(carried_at.fault("{time} is signed, and nobody says where it stands: [proof.time]"))
        }
        _ => Ok(()),
    }
}

fn check_fields_together(mechanism: &Mechanism, carried_at: &Taken<()>) -> Result<(), Fault> {
    let Signed::Fields(fields) = &mechanism.signed else { return Ok(()) };
    if let (Some(names), Place::Field(path)) = (&fields.names, &mechanism.carried.at)
        && names.contains(path)
    {
        return Err(carried_at.fault("the signature cannot be one of the fields that it signs"));
    }
    let Some(time) = &mechanism.time else { return Ok(()) };
    let is_signed = match (&time.at, &fields.names) {
        (TimeAt::Place(Place::Field(path)), Some(names)) => path.is_among(names),
        (TimeAt::Place(Place::Field(path)), None) => !path.is_nested(),
        _ => false,
    };
    if is_signed {
        return Ok(());
    }
    Err(carried_at.fault("the time is none of the signed fields, so anybody could set it"))
}
