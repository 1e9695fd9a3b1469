//! JSON as it was sent: the order of the keys, the digits of the numbers, nothing guessed.
//!
//! Reading is by a well-kept library; what stands around it is what notifications need: numbers stay the tokens
//! that were sent (100, 100.0 and 100.00 are three messages to a signature), a key that comes twice is refused at
//! every level (T-B12), and depth, size and digits have limits (T-G03). [`Json::parse`] is for verifiers, which
//! sometimes have to read what they verify; content is read with [`Json::of`], from what has been proved.

use super::verified::Verified;
use ipnd_core::Reason;
use ipnd_core::limits::{JSON_DEPTH_MAX, JSON_NUMBER_CHARS_MAX, JSON_VALUES_MAX};
use memchr::memchr2;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// Keys of one object up to which comparing each with each is faster than a set.
const FEW_KEYS: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// As it was written.
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// In the order in which it was sent. No key comes twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

static NULL: Json<'static> = Json::Null;

impl<'a> Json<'a> {
    /// Reads any bytes. A byte order mark in front is passed over.
    ///
    /// # Errors
    /// `not_json`, `duplicate_field`, `too_deep`, `too_large`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let raw: &RawValue =
            serde_json::from_slice(bytes).map_err(|error| Reason::new("not_json", error.to_string()))?;
        Reader { text: raw.get(), at: 0, left: JSON_VALUES_MAX }.value(JSON_DEPTH_MAX)
    }

    /// Reads what has been proved.
    ///
    /// # Errors
    /// As [`Json::parse`].
    pub fn of(verified: Verified<'a>) -> Result<Self, Reason> {
        Self::parse(verified.body())
    }

    /// The value of one key of an object. Null where there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &Json<'a> {
        match self {
            Self::Object(fields) => {
                fields.iter().find(|(own, _)| own == name).map_or(&NULL, |(_, value)| value)
            }
            _ => &NULL,
        }
    }

    /// The value at a path of keys and list places with dots between them: `data.object.id`, `items.0.price`.
    /// Null where there is none.
    #[must_use]
    pub fn at(&self, path: &str) -> &Json<'a> {
        path.split('.').fold(self, |value, step| match value {
            Self::List(values) => {
                step.parse::<usize>().ok().and_then(|place| values.get(place)).unwrap_or(&NULL)
            }
            other => other.field(step),
        })
    }

    /// The text at a path, unless it is empty or no text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path).as_text()
    }

    /// The text, number or truth value at a path, as it was written, unless it is empty.
    #[must_use]
    pub fn scalar(&self, path: &str) -> Option<&str> {
        self.at(path).as_scalar()
    }

    /// The first of these paths that has a text or number, as it was written.
    #[must_use]
    pub fn first(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.scalar(path)).map(str::to_owned)
    }

    /// The elements of the list at a path; none where there is no list.
    #[must_use]
    pub fn list(&self, path: &str) -> &[Json<'a>] {
        match self.at(path) {
            Self::List(values) => values,
            _ => &[],
        }
    }

    /// The fields of an object in their order; none where it is no object.
    #[must_use]
    pub fn fields(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }

    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_scalar(&self) -> Option<&str> {
        match self {
            Self::Number(text) | Self::Text(text) if !text.is_empty() => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// Whether the value at a path is `true`, as a truth value or as a word.
    #[must_use]
    pub fn is_true(&self, path: &str) -> bool {
        self.scalar(path) == Some("true")
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// A text; the empty one is still a text.
    #[must_use]
    pub fn of_text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A text, or null.
    #[must_use]
    pub fn of_some(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    /// A number from its digits, which must be one.
    #[must_use]
    pub fn of_number(digits: impl fmt::Display) -> Self {
        Self::Number(Cow::Owned(digits.to_string()))
    }

    /// An object from its fields.
    #[must_use]
    pub fn of_fields<N: Into<Cow<'a, str>>>(fields: impl IntoIterator<Item = (N, Json<'a>)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// The same with the keys of every object sorted by their bytes.
    #[must_use]
    pub fn sorted(&self) -> Self {
        match self {
            Self::Object(fields) => {
                let mut sorted: Vec<_> =
                    fields.iter().map(|(name, value)| (name.clone(), value.sorted())).collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                Self::Object(sorted)
            }
            Self::List(values) => Self::List(values.iter().map(Self::sorted).collect()),
            other => other.clone(),
        }
    }
}

/// Compact, as JavaScript's `JSON.stringify` writes it: no spaces, numbers as they are, and of the characters only
/// the quote, the backslash and control characters escaped.
impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => write_text(f, text),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if place > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (place, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if place > 0 { "," } else { "" })?;
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    // The library writes strings just as JavaScript does.
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// Walks through text that the library has found to be JSON, so it need not look for mistakes, once from its beginning
/// to its end however deep it is nested.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Values that may still come.
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Json<'a>, Reason> {
        if depth == 0 {
            return Err(Reason::new("too_deep", JSON_DEPTH_MAX.to_string()));
        }
        self.left = self.left.checked_sub(1).ok_or_else(|| Reason::new("too_large", ""))?;
        match self.next()? {
            b'{' => self.object(depth - 1),
            b'[' => self.list(depth - 1),
            b'"' => self.string().map(Json::Text),
            _ => self.word(),
        }
    }

    /// The byte that is next, blanks passed over.
    fn next(&mut self) -> Result<u8, Reason> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.at += blanks;
        rest.get(blanks).copied().ok_or_else(|| Reason::new("not_json", "it ends too soon"))
    }

    /// Passes over the next byte, which is one that opens, parts or closes, and gives the one behind.
    fn behind(&mut self) -> Result<u8, Reason> {
        self.at += 1;
        self.next()
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Reason> {
        let mut fields = Vec::new();
        let mut next = self.behind()?;
        while next != b'}' {
            if next == b',' {
                self.behind()?;
            }
            let name = self.string()?;
            self.next()?;
            self.at += 1;
            fields.push((name, self.value(depth)?));
            next = self.next()?;
        }
        self.at += 1;
        match repeated(&fields) {
            Some(name) => Err(Reason::new("duplicate_field", name)),
            None => Ok(Json::Object(fields)),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Reason> {
        let mut values = Vec::new();
        let mut next = self.behind()?;
        while next != b']' {
            if next == b',' {
                self.at += 1;
            }
            values.push(self.value(depth)?);
            next = self.next()?;
        }
        self.at += 1;
        Ok(Json::List(values))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Reason> {
        let whole = &self.text[self.at..];
        let (mut length, mut has_escape) = (1, false);
        while let Some(more) = memchr2(b'"', b'\\', &whole.as_bytes()[length..]) {
            length += more;
            if whole.as_bytes()[length] == b'"' {
                break;
            }
            has_escape = true;
            length += 2;
        }
        self.at += length + 1;
        if has_escape {
            let text: String = serde_json::from_str(&whole[..=length])
                .map_err(|error| Reason::new("not_json", error.to_string()))?;
            return Ok(Cow::Owned(printable(text)));
        }
        // Without an escape the text stands there as it is, and needs no copy.
        Ok(Cow::Borrowed(&whole[1..length]))
    }

    /// A number, a truth value or null.
    fn word(&mut self) -> Result<Json<'a>, Reason> {
        let rest = &self.text[self.at..];
        let ends = |byte: u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
        let word = &rest[..rest.bytes().position(ends).unwrap_or(rest.len())];
        self.at += word.len();
        match word {
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            "null" => Ok(Json::Null),
            _ if word.len() > JSON_NUMBER_CHARS_MAX => Err(Reason::new("too_large", "")),
            _ => Ok(Json::Number(Cow::Borrowed(word))),
        }
    }
}

/// Databases cannot hold U+0000 in text (T-B13).
fn printable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn repeated<'f>(fields: &'f [(Cow<'_, str>, Json<'_>)]) -> Option<&'f str> {
    if fields.len() <= FEW_KEYS {
        let is_earlier = |place: usize| fields[..place].iter().any(|(name, _)| *name == fields[place].0);
        return (0..fields.len()).find(|place| is_earlier(*place)).map(|place| &*fields[place].0);
    }
    let mut seen = BTreeSet::new();
    fields.iter().map(|(name, _)| &**name).find(|name| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Json<'_> {
        Json::parse(text.as_bytes()).unwrap()
    }

    fn code(text: &str) -> String {
        Json::parse(text.as_bytes()).unwrap_err().code
    }

    #[test]
    fn tokens_and_order_stay_as_they_were_sent() {
        let text = r#"{"b":100.00,"a":[1e-7,12345678901234567890123,-0.0],"é":"é\n\"/","n":null,"t":true}"#;
        assert_eq!(parse(text).to_string(), text);
        assert_eq!(
            parse(r#" { "z" : 1.10 , "a" : { "y" : "\u00e9" , "b" : [ ] } } "#).sorted().to_string(),
            r#"{"a":{"b":[],"y":"é"},"z":1.10}"#
        );
    }

    #[test]
    fn paths_lead_into_objects_and_lists() {
        let json = parse(r#"{"a":{"b":[{"c":"x"},{"c":7}]},"":1,"d":"","e":false}"#);
        assert_eq!(json.text("a.b.0.c"), Some("x"));
        assert_eq!(json.scalar("a.b.1.c"), Some("7"));
        assert_eq!(json.text("a.b.1.c"), None);
        assert_eq!(json.text("d"), None);
        assert_eq!(json.first(&["d", "x.y", "e"]).as_deref(), Some("false"));
        assert!(json.at("a.b.7.c").is_null() && json.at("d.e").is_null());
        assert_eq!(json.list("a.b").len(), 2);
    }

    #[test]
    fn t_b12_duplicate_or_smuggled_form_fields_in_json_are_refused_at_every_level() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"b":2,"a":1}}"#,
            r#"{"x":[0,{"a":1,"a":1}]}"#,
        ] {
            assert_eq!(code(text), "duplicate_field", "{text}");
        }
        let many: Vec<String> = (0..100).map(|number| format!("\"k{}\":1", number % 99)).collect();
        assert_eq!(code(&format!("{{{}}}", many.join(","))), "duplicate_field");
    }

    #[test]
    fn t_g03_many_fields_and_deep_nesting_have_limits() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(nested(JSON_DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(code(&nested(JSON_DEPTH_MAX)), "too_deep");
        assert_eq!(code(&nested(100_000)), "too_deep");
        assert_eq!(code(&"9".repeat(JSON_NUMBER_CHARS_MAX + 1)), "too_large");
        assert_eq!(code(&format!("[{}1]", "1,".repeat(JSON_VALUES_MAX))), "too_large");
    }

    #[test]
    fn t_b13_text_encoding_in_json() {
        assert_eq!(parse(r#"{"a":"x\u0000y"}"#).text("a"), Some("x\u{fffd}y"));
        for bytes in
            [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"\xc0\xaf\"}", b"{\"a\":\"\xed\xa0\x80\"}", b"\xff\xfe{\0"]
        {
            assert_eq!(Json::parse(bytes).unwrap_err().code, "not_json");
        }
        assert_eq!(code(r#"{"a":"\ud800"}"#), "not_json");
        assert_eq!(Json::parse(b"\xef\xbb\xbf{\"a\":1}").unwrap().scalar("a"), Some("1"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in
            ["", " ", "{", "{}x", "{'a':1}", "{\"a\":01}", "{\"a\":+1}", "NaN", "{\"a\":1,}", "a=1&b=2"]
        {
            assert_eq!(code(text), "not_json", "{text}");
        }
    }
}
