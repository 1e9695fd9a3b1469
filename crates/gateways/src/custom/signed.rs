//! What is signed: the body with what stands around it, or fields joined to one text.

use super::proof::{Carried, Place, only_in_query};
use crate::RawRequest;
use crate::kit::json::Json;
use crate::kit::mapping::Path;
use ipnd_core::Reason;

/// A piece of what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Body,
    Time,
    Secret,
    Header(String),
    Query(String),
}

/// Where the secret stands among the fields of a plain digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretAt {
    First,
    Last,
    Both,
    /// Behind every field.
    Each,
    /// It is the key of an HMAC.
    Key,
}

/// Fields that are joined to what is signed.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// `None`: all of them, sorted by name, but the signature itself.
    pub(super) names: Option<Vec<Path>>,
    pub(super) with_names: bool,
    pub(super) between: String,
    pub(super) skip_empty: bool,
    pub(super) secret: SecretAt,
}

#[derive(Clone, Debug)]
pub(super) enum Signed {
    Template(Vec<Piece>),
    Fields(Fields),
}

/// What there is to make the signed text from.
pub(super) struct Scene<'s> {
    pub(super) request: &'s RawRequest,
    pub(super) content: &'s Json<'s>,
    pub(super) signed_at: Option<&'s str>,
    pub(super) carried: &'s Carried,
}

impl Signed {
    pub(super) fn text(&self, scene: &Scene<'_>, secret: &str) -> Result<Vec<u8>, Reason> {
        match self {
            Self::Template(pieces) => {
                let mut text = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(own) => text.extend(own.bytes()),
                        Piece::Body => text.extend(&scene.request.body),
                        Piece::Time => text.extend(scene.signed_at.unwrap_or_default().bytes()),
                        Piece::Secret => text.extend(secret.bytes()),
                        Piece::Header(name) => {
                            let value = scene.request.only_header(name)?;
                            text.extend(without_borders(value, name, pieces)?.bytes());
                        }
                        Piece::Query(name) => {
                            let value = only_in_query(&scene.request.query, name)?;
                            text.extend(without_borders(&value, name, pieces)?.bytes());
                        }
                    }
                }
                Ok(text)
            }
            Self::Fields(fields) => fields.text(scene, secret).map(String::into_bytes),
        }
    }
}

/// Whether nothing can move from one piece into the next while the text stays the same (T-A16). A time is digits only,
/// so whatever else follows it is a border.
pub(super) fn has_borders(pieces: &[Piece]) -> bool {
    let is_open = |piece: &Piece| matches!(piece, Piece::Body | Piece::Header(_) | Piece::Query(_));
    let is_named = |piece: &Piece| matches!(piece, Piece::Header(_) | Piece::Query(_));
    pieces.windows(2).all(|pair| {
        let both_open = is_open(&pair[0]) && is_open(&pair[1]);
        let time_beside =
            (pair[0] == Piece::Time && is_named(&pair[1])) || (is_named(&pair[0]) && pair[1] == Piece::Time);
        !both_open && !time_beside
    })
}

/// The value of a header or of the query, which must not contain what stands between the pieces.
fn without_borders<'v>(value: &'v str, name: &str, pieces: &[Piece]) -> Result<&'v str, Reason> {
    let has_border = pieces.iter().any(|piece| matches!(piece, Piece::Literal(own) if value.contains(own)));
    if has_border { Err(Reason::new("field_malformed", name)) } else { Ok(value) }
}

impl Fields {
    /// Whether a value of this path cannot be changed without changing what is signed.
    pub(super) fn covers(&self, path: &Path) -> bool {
        match &self.names {
            Some(names) => path.is_among(names),
            None => !path.is_nested(),
        }
    }

    /// Whether the same text cannot be made from other values: each value stands in a place of its own, and has a
    /// border that no value contains (T-A16).
    pub(super) fn is_unmistakable(&self) -> bool {
        let has_border = !self.between.is_empty() || self.secret == SecretAt::Each;
        let has_own_place = self.with_names || (self.names.is_some() && !self.skip_empty);
        has_border && has_own_place
    }

    fn text(&self, scene: &Scene<'_>, secret: &str) -> Result<String, Reason> {
        let mut pieces = Vec::new();
        for (name, value) in self.values(scene)? {
            if value.is_empty() && self.skip_empty {
                continue;
            }
            // With a border inside a value, the same text could be read in two ways.
            let has_border = |text: &str| !self.between.is_empty() && text.contains(&self.between);
            if has_border(&value) || (self.with_names && (has_border(&name) || name.contains('='))) {
                return Err(Reason::new("field_malformed", name));
            }
            pieces.push(match (self.with_names, self.secret) {
                (true, SecretAt::Each) => format!("{name}={value}{secret}"),
                (false, SecretAt::Each) => format!("{value}{secret}"),
                (true, _) => format!("{name}={value}"),
                (false, _) => value,
            });
        }
        if matches!(self.secret, SecretAt::First | SecretAt::Both) {
            pieces.insert(0, secret.to_owned());
        }
        if matches!(self.secret, SecretAt::Last | SecretAt::Both) {
            pieces.push(secret.to_owned());
        }
        Ok(pieces.join(&self.between))
    }

    /// The fields with their values, in the sequence in which they are signed.
    fn values(&self, scene: &Scene<'_>) -> Result<Vec<(String, String)>, Reason> {
        if let Some(names) = &self.names {
            let repeated = names.iter().find(|path| path.is_repeated(scene.content));
            if let Some(path) = repeated {
                return Err(Reason::new("duplicate_field", path.to_string()));
            }
            let value = |path: &Path| path.find(scene.content).unwrap_or_default().to_owned();
            return Ok(names.iter().map(|path| (path.to_string(), value(path))).collect());
        }
        let own = match &scene.carried.at {
            Place::Field(path) => path.name(),
            _ => None,
        };
        let mut values = Vec::new();
        for (name, value) in scene.content.fields().iter().filter(|(name, _)| Some(name.as_ref()) != own) {
            let text = match value {
                Json::List(_) => return Err(Reason::new("duplicate_field", name.as_ref())),
                Json::Object(_) => return Err(Reason::new("field_malformed", name.as_ref())),
                other => other.as_scalar().unwrap_or_default(),
            };
            values.push((name.to_string(), text.to_owned()));
        }
        values.sort();
        Ok(values)
    }
}
