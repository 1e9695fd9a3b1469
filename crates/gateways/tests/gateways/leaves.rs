//! The single values of a message, wherever they stand: in a form, in JSON, in XML, in the query. Found in the text and
//! not by a parser, so that everything else stays as it is, byte for byte.

use ipnd_gateways::RawRequest;
use std::ops::Range;

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// The name that stands nearest to it.
    pub(crate) name: String,
    /// As it is written, without quotes.
    pub(crate) value: String,
    kind: Kind,
    range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Query,
    Form,
    /// A number, a truth value or null.
    Bare,
    Quoted,
    Xml,
}

impl Leaf {
    /// The request with another value in its place. What was no text in JSON becomes text unless it can stay bare.
    pub(crate) fn replaced(&self, request: &RawRequest, value: &str) -> RawRequest {
        let mut bent = request.clone();
        let is_bare = matches!(value, "true" | "false" | "null") || value.parse::<i64>().is_ok();
        let written = match self.kind {
            Kind::Bare if !is_bare => format!("\"{value}\""),
            _ => value.to_owned(),
        };
        if self.kind == Kind::Query {
            bent.query.replace_range(self.range.clone(), &written);
        } else {
            bent.body.splice(self.range.clone(), written.into_bytes());
        }
        bent
    }
}

impl Leaf {
    /// A form without this field; elsewhere without its value.
    pub(crate) fn removed(&self, request: &RawRequest) -> RawRequest {
        let pair = format!("{}={}", self.name, self.value);
        let without = |text: &str| text.split('&').filter(|own| *own != pair).collect::<Vec<_>>().join("&");
        match self.kind {
            Kind::Query => RawRequest { query: without(&request.query), ..request.clone() },
            Kind::Form => {
                let body = without(&String::from_utf8_lossy(&request.body)).into_bytes();
                RawRequest { body, ..request.clone() }
            }
            _ => self.replaced(request, "null"),
        }
    }
}

impl Leaf {
    /// The request with this name and another value in front of it or behind it. `None` where there is no name.
    pub(crate) fn doubled(&self, request: &RawRequest, value: &str, in_front: bool) -> Option<RawRequest> {
        let mut bent = request.clone();
        let (name, own) = (&self.name, &self.value);
        let written = match (self.kind, in_front) {
            (Kind::Form, true) => format!("{value}&{name}={own}"),
            (Kind::Form, false) => format!("{own}&{name}={value}"),
            (Kind::Query, true) => format!("{value}&{name}={own}"),
            (Kind::Query, false) => format!("{own}&{name}={value}"),
            (Kind::Quoted, true) if !name.is_empty() => format!("{value}\",\"{name}\":\"{own}"),
            (Kind::Quoted, false) if !name.is_empty() => format!("{own}\",\"{name}\":\"{value}"),
            (Kind::Bare, true) if !name.is_empty() => format!("{value},\"{name}\":{own}"),
            (Kind::Bare, false) if !name.is_empty() => format!("{own},\"{name}\":{value}"),
            _ => return None,
        };
        match self.kind {
            Kind::Query => bent.query.replace_range(self.range.clone(), &written),
            _ => drop(bent.body.splice(self.range.clone(), written.into_bytes())),
        }
        Some(bent)
    }
}

/// Every value of the query and the body.
pub(crate) fn leaves(request: &RawRequest) -> Vec<Leaf> {
    let mut leaves = form(request.query.as_bytes(), Kind::Query);
    let body = request.body.trim_ascii_start();
    leaves.extend(match body.first() {
        Some(b'{' | b'[') => json(&request.body),
        Some(b'<') => xml(&request.body),
        _ => form(&request.body, Kind::Form),
    });
    leaves
}

fn leaf(kind: Kind, name: &[u8], text: &[u8], range: Range<usize>) -> Leaf {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Leaf { name: shown(name), value: shown(&text[range.clone()]), kind, range }
}

fn form(text: &[u8], kind: Kind) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut start = 0;
    for piece in text.split(|byte| *byte == b'&') {
        if let Some(equals) = piece.iter().position(|byte| *byte == b'=') {
            leaves.push(leaf(kind, &piece[..equals], text, start + equals + 1..start + piece.len()));
        }
        start += piece.len() + 1;
    }
    leaves
}

fn json(text: &[u8]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut name: &[u8] = b"";
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => {
                let end = end_of_string(text, at + 1);
                let behind = text.get(end + 1..).unwrap_or_default().trim_ascii_start();
                if behind.first() == Some(&b':') {
                    name = &text[at + 1..end];
                } else {
                    leaves.push(leaf(Kind::Quoted, name, text, at + 1..end));
                }
                at = end + 1;
            }
            b'-' | b'0'..=b'9' | b'a'..=b'z' => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
                let length = text[at..].iter().take_while(|byte| is_part(byte)).count();
                leaves.push(leaf(Kind::Bare, name, text, at..at + length));
                at += length;
            }
            _ => at += 1,
        }
    }
    leaves
}

/// The place of the closing quote.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at.min(text.len())
}

fn xml(text: &[u8]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut start = 0;
    while let Some(open) = text[start..].iter().position(|byte| *byte == b'>').map(|at| start + at) {
        let tag = text[..open].iter().rposition(|byte| *byte == b'<').unwrap_or_default();
        let Some(next) = text[open..].iter().position(|byte| *byte == b'<').map(|at| open + at) else {
            break;
        };
        if !text[open + 1..next].trim_ascii().is_empty() {
            leaves.push(leaf(Kind::Xml, &text[tag + 1..open], text, open + 1..next));
        }
        start = next;
    }
    leaves
}
