//! What the faults do to a request. Nothing here knows a gateway: what proves a message is found by trying.

use super::fault::Fault;
use super::story::STALE;
use ipnd_core::Event;
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::{Gateway, RawRequest, Settings, Told};
use jiff::Timestamp;

/// Everything that decides about one message.
pub(super) struct Scene<'a> {
    pub(super) gateway: &'static Gateway,
    pub(super) settings: &'a Settings,
    pub(super) event: &'a Event,
    /// What was told before this message.
    pub(super) told: &'a [Told],
    pub(super) now: Timestamp,
}

/// A message as the gateway wrote it, and what goes out instead where a fault has changed it.
pub(super) struct Written {
    pub(super) told: RawRequest,
    pub(super) sent: Option<RawRequest>,
}

/// Body positions at which a change is tried when nothing better is known.
const POSITIONS_MAX: usize = 64;

impl Scene<'_> {
    /// Writes the message with this fault; `None` when it cannot be written, or cannot be wrong in this way.
    pub(super) fn write(&self, fault: Option<Fault>) -> Option<Written> {
        let told = self.compose(self.settings, self.now)?;
        let sent = match fault {
            Some(Fault::WrongSignature) => Some(self.wrong_signature(&told)?),
            Some(Fault::WrongSecret) => Some(self.wrong_secret(&told)?),
            Some(Fault::WrongCharset) => Some(in_another_charset(&told)?),
            Some(Fault::Stale) => Some(self.compose(self.settings, self.now.checked_sub(STALE).ok()?)?),
            _ => None,
        };
        Some(Written { told, sent })
    }

    fn compose(&self, settings: &Settings, now: Timestamp) -> Option<RawRequest> {
        (self.gateway.compose)(self.event, settings, now).ok()
    }

    /// Signed with other secrets of the same shape.
    fn wrong_secret(&self, told: &RawRequest) -> Option<RawRequest> {
        let other = self.compose(&other_secrets(self.gateway, self.settings)?, self.now)?;
        (other != *told && self.is_refused(told, &other)).then_some(other)
    }

    /// One character changed: of what differs between two secrets if that helps, else of whatever makes the message
    /// unacceptable.
    fn wrong_signature(&self, told: &RawRequest) -> Option<RawRequest> {
        let other = other_secrets(self.gateway, self.settings);
        let other = other.and_then(|settings| self.compose(&settings, self.now));
        let of_secret = other.and_then(|other| changed_where_different(told, &other));
        let tried = of_secret.into_iter().chain(changed_anywhere(told));
        let mut refused = tried.filter(|tried| self.is_refused(told, tried));
        refused.next()
    }

    /// Whether a receiver that may ask the gateway back does not believe it.
    fn is_refused(&self, told: &RawRequest, sent: &RawRequest) -> bool {
        let mut known = self.told.to_vec();
        known.push(Told { event: self.event.clone(), request: told.clone() });
        let decided = decide_played(self.gateway, sent, self.settings, self.now, &known);
        matches!(decided, Decided::Refused(_) | Decided::Forged(_))
    }
}

/// The same settings with other secrets of the same shape; `None` where there is no secret.
fn other_secrets(gateway: &Gateway, settings: &Settings) -> Option<Settings> {
    let mut values = settings.values().clone();
    let secrets = gateway.settings.iter().filter(|setting| setting.kind.is_secret());
    let mut is_other = false;
    for setting in secrets {
        if let Some(value) = values.get_mut(setting.key) {
            *value = value.lines().map(other_secret).collect::<Vec<_>>().join("\n");
            is_other = true;
        }
    }
    let other = Settings::check(gateway.settings, settings.environment, values).ok()?;
    is_other.then_some(other)
}

/// Changes the middle: prefixes and paddings keep their form, digits stay digits, letters of hex stay such.
fn other_secret(secret: &str) -> String {
    let length = secret.chars().count();
    let middle = length / 2..(length - length / 8).max(length / 2 + 1);
    let change = |(at, c): (usize, char)| if middle.contains(&at) { other_char(c) } else { c };
    secret.chars().enumerate().map(change).collect()
}

fn other_char(c: char) -> char {
    let next_in = |first: char, last: char| if c == last { first } else { char::from(c as u8 + 1) };
    match c {
        '0'..='9' => next_in('0', '9'),
        'a'..='f' => next_in('a', 'f'),
        'A'..='F' => next_in('A', 'F'),
        'g'..='z' => next_in('g', 'z'),
        'G'..='Z' => next_in('G', 'Z'),
        other => other,
    }
}

/// Changes one character at the first place at which the two requests differ.
fn changed_where_different(told: &RawRequest, other: &RawRequest) -> Option<RawRequest> {
    let changed_at = |own: &str, other: &str| {
        let at = own.bytes().zip(other.bytes()).position(|(a, b)| a != b)?;
        changed(own.as_bytes(), at).and_then(|bytes| String::from_utf8(bytes).ok())
    };
    for (index, (name, value)) in told.headers.iter().enumerate() {
        let theirs = other.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        if let Some(value) = theirs.and_then(|theirs| changed_at(value, theirs)) {
            let mut request = told.clone();
            request.headers[index].1 = value;
            return Some(request);
        }
    }
    if let Some(query) = changed_at(&told.query, &other.query) {
        return Some(RawRequest { query, ..told.clone() });
    }
    let at = told.body.iter().zip(&other.body).position(|(a, b)| a != b)?;
    Some(RawRequest { body: changed(&told.body, at)?, ..told.clone() })
}

/// All other single changes worth trying: headers whose name speaks of a proof, then all headers, the query, the body.
fn changed_anywhere(told: &RawRequest) -> impl Iterator<Item = RawRequest> {
    const SPEAKS_OF_PROOF: [&str; 6] = ["sign", "sig", "hmac", "hash", "token", "auth"];
    let mut indices: Vec<usize> = (0..told.headers.len()).collect();
    indices.sort_by_key(|index| !SPEAKS_OF_PROOF.iter().any(|word| told.headers[*index].0.contains(word)));
    let headers = indices.into_iter().filter_map(|index| {
        let (_, value) = &told.headers[index];
        let value = changed(value.as_bytes(), value.len().saturating_sub(3))?;
        let mut request = told.clone();
        request.headers[index].1 = String::from_utf8(value).ok()?;
        Some(request)
    });
    let query = positions(told.query.len()).filter_map(|at| {
        let query = String::from_utf8(changed(told.query.as_bytes(), at)?).ok()?;
        Some(RawRequest { query, ..told.clone() })
    });
    let body = positions(told.body.len())
        .filter_map(|at| Some(RawRequest { body: changed(&told.body, at)?, ..told.clone() }));
    headers.chain(query).chain(body)
}

/// Some places spread over a text, the last ones first: signatures tend to stand at the end.
fn positions(length: usize) -> impl Iterator<Item = usize> {
    let step = (length / POSITIONS_MAX).max(1);
    (0..length).rev().step_by(step)
}

/// The letter or digit at this place, or the next one after it, becomes another one.
fn changed(bytes: &[u8], at: usize) -> Option<Vec<u8>> {
    let at = (at..bytes.len()).find(|at| bytes[*at].is_ascii_alphanumeric())?;
    let mut bytes = bytes.to_vec();
    bytes[at] = other_char(char::from(bytes[at])) as u8;
    Some(bytes)
}

/// The text written in windows-1252, as a proxy of the last century would; in UTF-16 where that changes no byte.
///
/// `None` for a body that is no text, or that has none.
fn in_another_charset(told: &RawRequest) -> Option<RawRequest> {
    let text = std::str::from_utf8(&told.body).ok().filter(|text| !text.is_empty())?;
    let content_type = told.header("content-type").unwrap_or("text/plain");
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
    let body = if media_type == "application/x-www-form-urlencoded" {
        form_in_windows_1252(text)
    } else {
        encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
    };
    let (body, charset) = if body == told.body {
        (text.encode_utf16().flat_map(u16::to_le_bytes).collect(), "utf-16le")
    } else {
        (body, "windows-1252")
    };
    let mut request = RawRequest { body, ..told.clone() };
    request.headers.retain(|(name, _)| name != "content-type");
    Some(request.with("content-type", format!("{media_type}; charset={charset}")))
}

fn form_in_windows_1252(form: &str) -> Vec<u8> {
    let written = |text: &str| -> String {
        form_urlencoded::byte_serialize(&encoding_rs::WINDOWS_1252.encode(text).0).collect()
    };
    let pairs = form_urlencoded::parse(form.as_bytes());
    let pairs = pairs.map(|(name, value)| format!("{}={}", written(&name), written(&value)));
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_secret_has_the_same_shape() {
        for secret in ["whsec_abcdefABCDEF0123", "0123456789abcdef", "aGVsbG8gd29ybGQgIQ==", "secret"] {
            let other = other_secret(secret);
            assert_ne!(other, secret);
            assert_eq!(other.len(), secret.len());
            assert_eq!(other[..secret.len() / 2], secret[..secret.len() / 2]);
            let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert_eq!(is_hex(&other), is_hex(secret), "{other}");
        }
    }

    #[test]
    fn a_re_encoded_message_has_other_bytes_and_says_so() {
        let json = RawRequest::post("application/json", "{\"name\":\"Jörg\"}".as_bytes());
        let other = in_another_charset(&json).unwrap();
        assert_eq!(other.header("content-type"), Some("application/json; charset=windows-1252"));
        assert_eq!(other.body, b"{\"name\":\"J\xf6rg\"}");
        let form = RawRequest::post("application/x-www-form-urlencoded", "a=J%C3%B6rg&b=1");
        assert_eq!(in_another_charset(&form).unwrap().body, b"a=J%F6rg&b=1");
        let ascii = in_another_charset(&RawRequest::post("text/plain", "OK")).unwrap();
        assert_eq!(ascii.body, b"O\0K\0");
    }
}
