//! The mechanism that a description names: what is signed, where the signature stands, and how far it reaches.

use super::signed::{Piece, Scene, SecretAt, Signed, has_borders};
use crate::kit::asymmetric::{PublicKey, Scheme, SigningKey, published};
use crate::kit::form::{Form, percent_decoded};
use crate::kit::json::Json;
use crate::kit::mac::{self, Encoding, Mac};
use crate::kit::mapping::Path;
use crate::kit::signed_time::Window;
use crate::kit::token;
use crate::kit::verified::Verified;
use crate::{RawRequest, Settings};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use ipnd_core::{Environment, Reason};
use jiff::Timestamp;
use std::borrow::Cow;

/// Where something stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Header(String),
    Query(String),
    /// In the body.
    Field(Path),
}

/// Where the signature or the token stands, and what is around it.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    pub(super) at: Place,
    /// Stands in front of it.
    pub(super) prefix: String,
    /// It is the part of this name: `v1` in `t=1,v1=ab`.
    pub(super) part: Option<String>,
    /// Between the parts.
    pub(super) separator: char,
    /// There may be several, with this between them.
    pub(super) several: Option<char>,
}

/// Where the time of signing stands.
#[derive(Clone, Debug)]
pub(super) enum TimeAt {
    Place(Place),
    /// A named part beside the signature.
    Part(String),
}

#[derive(Clone, Debug)]
pub(super) struct SignedTime {
    pub(super) at: TimeAt,
    pub(super) window: Window,
    pub(super) in_milliseconds: bool,
}

/// How a secret is written in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretForm {
    Text,
    Hex,
    Base64,
}

#[derive(Clone, Debug)]
pub(super) enum By {
    Mac { mac: Mac, is_plain: bool, resists_extension: bool, secret: SecretForm, secret_prefix: String },
    Key { scheme: Scheme, encoding: Encoding },
    Token,
    Basic { user: String },
}

/// How a message is proved.
#[derive(Clone, Debug)]
pub(super) struct Mechanism {
    pub(super) by: By,
    pub(super) carried: Carried,
    pub(super) signed: Signed,
    pub(super) time: Option<SignedTime>,
}

impl Mechanism {
    /// Why a message that is proved in this way proves too little, if it does. `decisive` is what decides what becomes
    /// of money, and how much.
    pub(super) fn weakness<'p>(&self, decisive: impl Iterator<Item = &'p Path>) -> Option<String> {
        let can_be_extended = match self.by {
            By::Token | By::Basic { .. } => {
                return Some("a secret word says nothing about the content of the message".to_owned());
            }
            By::Mac { is_plain, resists_extension, .. } => is_plain && !resists_extension,
            By::Key { .. } => false,
        };
        // Whoever knows a digest over the secret and something can make that of the secret and something longer (T-A15).
        let longer =
            || Some("a digest with the secret in front can be turned into that of a longer text".to_owned());
        match &self.signed {
            Signed::Template(pieces) if !pieces.contains(&Piece::Body) => {
                Some("the body is not part of what is signed".to_owned())
            }
            Signed::Template(pieces) if can_be_extended && pieces.last() != Some(&Piece::Secret) => longer(),
            Signed::Template(pieces) if !has_borders(pieces) => Some(
                "nothing stands between two parts of what is signed, so one can be made longer".to_owned(),
            ),
            Signed::Template(_) => None,
            Signed::Fields(fields) if can_be_extended && fields.secret == SecretAt::First => longer(),
            Signed::Fields(fields) if !fields.is_unmistakable() => {
                Some("a value can be moved from one signed field into another".to_owned())
            }
            Signed::Fields(fields) => {
                let mut open: Vec<String> =
                    decisive.filter(|path| !fields.covers(path)).map(ToString::to_string).collect();
                open.dedup();
                (!open.is_empty())
                    .then(|| format!("these fields decide, and are not signed: {}", open.join(", ")))
            }
        }
    }

    /// Whether the content has to be read in order to be verified.
    pub(super) fn reads_content(&self) -> bool {
        let is_field = |place: &Place| matches!(place, Place::Field(_));
        let time = self
            .time
            .as_ref()
            .is_some_and(|time| matches!(&time.at, TimeAt::Place(place) if is_field(place)));
        matches!(self.signed, Signed::Fields(_)) || is_field(&self.carried.at) || time
    }

    pub(super) fn verify<'a>(
        &self,
        request: &'a RawRequest,
        content: &Json<'_>,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Verified<'a>, Reason> {
        if let By::Basic { user } = &self.by {
            return verify_basic(request, user, settings);
        }
        let header = self.carried.at.read(request, content)?;
        let given = self.carried.given(&header)?;
        let signed_at =
            self.time.as_ref().map(|time| time.read(request, content, &header, self.carried.separator));
        let signed_at = signed_at.transpose()?;
        let scene = Scene { request, content, signed_at: signed_at.as_deref(), carried: &self.carried };
        let verified = match &self.by {
            By::Basic { .. } | By::Token => token::verify(request, settings.secrets("secrets"), given[0])?,
            By::Key { scheme, encoding } => {
                let key = public_key(*scheme, settings)?;
                let text = self.signed.text(&scene, "")?;
                first_good(given.iter().map(|given| key.verify_text(request, &[&text], given, *encoding)))?
            }
            By::Mac { mac, secret, secret_prefix, .. } => {
                let secrets = settings.secrets("secrets");
                let tried = secrets.map(|own| {
                    let key = secret.bytes(own, secret_prefix)?;
                    let text = self.signed.text(&scene, own)?;
                    mac.verify_any(request, [key], &[&text], given.iter().copied())
                });
                first_good(tried)?
            }
        };
        if let (Some(time), Some(signed_at)) = (&self.time, &signed_at) {
            // Which unit it is does not matter: a number of milliseconds is far too large to be one of seconds.
            time.window.check_either_unit(signed_at, now)?;
        }
        Ok(verified)
    }

    /// Adds the proof to a request that this gateway would send. `content` is its body.
    ///
    /// # Errors
    /// Why it cannot be signed.
    pub(super) fn sign(
        &self,
        content: &mut Json<'static>,
        settings: &Settings,
        now: Timestamp,
        write: &dyn Fn(&Json<'_>) -> Result<RawRequest, String>,
    ) -> Result<RawRequest, String> {
        let secret = settings.secrets("secrets").next().unwrap_or_default();
        let signed_at = self.time.as_ref().map(|time| time.write(now));
        if let (Some(SignedTime { at: TimeAt::Place(Place::Field(path)), .. }), Some(time)) =
            (&self.time, &signed_at)
        {
            path.put(content, Json::of_text(time.clone()))?;
        }
        let mut request = write(content)?;
        if let (Some(SignedTime { at: TimeAt::Place(place), .. }), Some(time)) = (&self.time, &signed_at) {
            place.add_to(&mut request, time);
        }
        if !matches!(self.by, By::Key { .. }) && secret.is_empty() {
            return Err("a proof without a secret".to_owned());
        }
        let scene =
            Scene { request: &request, content, signed_at: signed_at.as_deref(), carried: &self.carried };
        let text = || {
            self.signed
                .text(&scene, secret)
                .map_err(|reason| format!("it: {} {}", reason.code, reason.detail))
        };
        let signature = match &self.by {
            By::Basic { user } => return Ok(request.with("authorization", token::basic(user, secret))),
            By::Token => secret.to_owned(),
            By::Key { scheme, encoding } => {
                let key = private_key(*scheme, settings)?;
                encoding.encode(&key.sign(&[&text()?]).map_err(|reason| reason.detail)?)
            }
            By::Mac { mac, secret: form, secret_prefix, .. } => {
                let key =
                    form.bytes(secret, secret_prefix).map_err(|_| "a proof with this secret".to_owned())?;
                mac.sign(&key, &[&text()?])
            }
        };
        let carried = self.carried.write(&signature, self.time.as_ref(), signed_at.as_deref());
        match &self.carried.at {
            Place::Field(path) => {
                path.put(content, Json::of_text(carried))?;
                let written = write(content)?;
                request.body = written.body;
            }
            place => place.add_to(&mut request, &carried),
        }
        Ok(request)
    }
}

/// The first good one, else what is wrong with the last. Nothing to try is a missing secret.
fn first_good<'a>(tried: impl Iterator<Item = Result<Verified<'a>, Reason>>) -> Result<Verified<'a>, Reason> {
    let mut wrong = Reason::new("secret_unusable", "secrets");
    for verified in tried {
        match verified {
            Ok(verified) => return Ok(verified),
            Err(reason) => wrong = reason,
        }
    }
    Err(wrong)
}

fn verify_basic<'a>(
    request: &'a RawRequest,
    user: &str,
    settings: &Settings,
) -> Result<Verified<'a>, Reason> {
    first_good(settings.secrets("secrets").map(|password| token::verify_basic(request, user, password)))
}

fn public_key(scheme: Scheme, settings: &Settings) -> Result<PublicKey, Reason> {
    let text = settings.get("public_key").ok_or_else(|| Reason::new("key_unusable", "public_key"))?;
    // The other half of the sandbox's keys is published, so anybody can sign with it.
    if published_private(text).is_some() && settings.environment != Environment::Sandbox {
        return Err(Reason::new("key_unusable", "the sandbox's own key"));
    }
    PublicKey::from_pem(scheme, text)
}

/// Only the sandbox's own keys have a private half that is known here.
fn private_key(scheme: Scheme, settings: &Settings) -> Result<SigningKey, String> {
    let text = settings.get("public_key").and_then(published_private);
    let text = text.ok_or("anything: only the sender has its private key")?;
    SigningKey::from_pem(scheme, text).map_err(|reason| reason.detail)
}

fn published_private(public: &str) -> Option<&'static str> {
    let letters = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect::<String>()
    };
    let pairs = [
        (published::RSA_PUBLIC, published::RSA_PRIVATE),
        (published::P256_PUBLIC, published::P256_PRIVATE),
        (published::ED25519_PUBLIC, published::ED25519_PRIVATE),
    ];
    let own = letters(public);
    pairs.into_iter().find(|(public, _)| letters(public) == own).map(|(_, private)| private)
}

impl SecretForm {
    fn bytes(self, text: &str, prefix: &str) -> Result<Vec<u8>, Reason> {
        let text = text.strip_prefix(prefix).unwrap_or(text);
        let bytes = match self {
            Self::Text => Some(text.as_bytes().to_vec()),
            Self::Hex => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
            Self::Base64 => BASE64.decode(text.as_bytes()).ok(),
        };
        bytes.ok_or_else(|| Reason::new("secret_unusable", "it is not written as the description says"))
    }
}

impl Place {
    fn read<'v>(&self, request: &'v RawRequest, content: &'v Json<'_>) -> Result<Cow<'v, str>, Reason> {
        match self {
            Self::Header(name) => request.only_header(name).map(Cow::Borrowed),
            Self::Query(name) => only_in_query(&request.query, name).map(Cow::Owned),
            Self::Field(path) => {
                if path.is_repeated(content) {
                    return Err(Reason::new("duplicate_field", path.to_string()));
                }
                let value = path.find(content).map(Cow::Borrowed);
                value.ok_or_else(|| Reason::new("signature_missing", path.to_string()))
            }
        }
    }

    /// What stands in the body is put there before.
    fn add_to(&self, request: &mut RawRequest, value: &str) {
        match self {
            Self::Header(name) => request.headers.push((name.clone(), value.to_owned())),
            Self::Query(name) => {
                let and = if request.query.is_empty() { "" } else { "&" };
                let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                request.query.push_str(&format!("{and}{name}={value}"));
            }
            Self::Field(_) => {}
        }
    }
}

pub(super) fn only_in_query(query: &str, name: &str) -> Result<String, Reason> {
    let form = Form::cut(query.as_bytes()).map_err(|_| Reason::new("too_many_fields", ""))?;
    let mut values =
        form.fields().filter(|field| field.name == name).map(|field| percent_decoded(field.raw_value));
    let value = values.next().ok_or_else(|| Reason::new("signature_missing", name))?;
    if values.next().is_some() {
        return Err(Reason::new("duplicate_field", name));
    }
    String::from_utf8(value.into_owned()).map_err(|_| Reason::new("signature_malformed", name))
}

impl Carried {
    /// What may be the signature, at least one.
    fn given<'h>(&self, text: &'h str) -> Result<Vec<&'h str>, Reason> {
        let parts: Vec<&str> = match &self.part {
            Some(own) => {
                mac::parts(text, self.separator).filter(|part| part.0 == own).map(|part| part.1).collect()
            }
            None => vec![text],
        };
        let one_by_one = parts.into_iter().flat_map(|part| match self.several {
            Some(between) => part.split(between).collect(),
            None => vec![part],
        });
        let given: Vec<&str> =
            one_by_one.filter_map(|part| part.strip_prefix(self.prefix.as_str())).collect();
        if given.is_empty() { Err(Reason::new("signature_malformed", "")) } else { Ok(given) }
    }

    fn write(&self, signature: &str, time: Option<&SignedTime>, signed_at: Option<&str>) -> String {
        let own = format!("{}{signature}", self.prefix);
        let Some(part) = &self.part else { return own };
        match (time.map(|time| &time.at), signed_at) {
            (Some(TimeAt::Part(name)), Some(at)) => format!("{name}={at}{}{part}={own}", self.separator),
            _ => format!("{part}={own}"),
        }
    }
}

impl SignedTime {
    fn read(
        &self,
        request: &RawRequest,
        content: &Json<'_>,
        header: &str,
        separator: char,
    ) -> Result<String, Reason> {
        let missing = || Reason::new("timestamp_missing", "");
        match &self.at {
            TimeAt::Place(place) => match place.read(request, content) {
                Ok(text) => Ok(text.into_owned()),
                Err(reason) if reason.code == "signature_missing" => Err(missing()),
                Err(reason) => Err(reason),
            },
            TimeAt::Part(name) => {
                let mut own = mac::parts(header, separator).filter(|part| part.0 == name).map(|part| part.1);
                match (own.next(), own.next()) {
                    (Some(only), None) => Ok(only.to_owned()),
                    _ => Err(missing()),
                }
            }
        }
    }

    fn write(&self, now: Timestamp) -> String {
        if self.in_milliseconds { now.as_millisecond().to_string() } else { now.as_second().to_string() }
    }
}
