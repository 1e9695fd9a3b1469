//! A notification's body in three views: as it was sent, byte by byte, and decoded.

use super::pretty;
use super::visible;
use super::words::Words;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use http::header::CONTENT_TYPE;
use ipnd_gateways::RawRequest;
use ipnd_gateways::kit::{charset, form};

/// Fields of a form that are listed.
const FIELDS_MAX: usize = 1_000;

/// Which view is asked for. Decoded first: it is what people want to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Fields,
    Raw,
    Hex,
}

impl View {
    pub(super) const ALL: [Self; 3] = [Self::Fields, Self::Raw, Self::Hex];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Raw => "raw",
            Self::Hex => "hex",
        }
    }

    pub(super) fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|view| view.word() == word).unwrap_or(Self::Fields)
    }
}

/// What the page shows. Everything in it is a stranger's text with nothing hidden in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Empty,
    Text(String),
    Hex(String),
    Fields {
        charset: &'static str,
        fields: Vec<Field>,
    },
    /// Neither a form nor JSON nor XML.
    Unreadable,
}

/// One field of a form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
    /// The document that is the value, as it is or in base64, laid out.
    pub(super) inside: Option<String>,
}

/// The body in one view, and how many of its bytes that is if not all.
pub(super) fn show(request: &RawRequest, view: View) -> (Shown, Option<usize>) {
    let body = request.body.as_slice();
    if body.is_empty() {
        return (Shown::Empty, None);
    }
    match view {
        View::Raw => {
            let (part, cut) = first(body, visible::TEXT_BYTES_MAX);
            (Shown::Text(visible::text(part)), cut)
        }
        View::Hex => {
            let (part, cut) = first(body, visible::HEX_BYTES_MAX);
            (Shown::Hex(visible::hex(part)), cut)
        }
        View::Fields => decoded(request),
    }
}

fn first(body: &[u8], bytes_max: usize) -> (&[u8], Option<usize>) {
    if body.len() > bytes_max { (&body[..bytes_max], Some(bytes_max)) } else { (body, None) }
}

fn decoded(request: &RawRequest) -> (Shown, Option<usize>) {
    let body = request.body.as_slice();
    if let Some(laid) = pretty::document(body, visible::TEXT_BYTES_MAX) {
        let cut = laid.is_cut.then_some(visible::TEXT_BYTES_MAX);
        return (Shown::Text(visible::text(laid.text.as_bytes())), cut);
    }
    match form::Form::cut(body) {
        Ok(form) if body.contains(&b'=') => (fields(&form, request), None),
        _ => (Shown::Unreadable, None),
    }
}

/// A document within a field: some gateways put the whole message into one, often in base64.
fn inside(value: &[u8], bytes_max: usize) -> Option<String> {
    let encodings = [BASE64, BASE64URL, BASE64_NOPAD, BASE64URL_NOPAD];
    let laid = pretty::document(value, bytes_max).or_else(|| {
        let decoded = encodings.iter().find_map(|encoding| encoding.decode(value.trim_ascii()).ok())?;
        pretty::document(&decoded, bytes_max)
    })?;
    let mut shown = visible::text(laid.text.as_bytes());
    if laid.is_cut {
        shown.push('…');
    }
    Some(shown)
}

/// The fields of a form, decoded by the charset that the form itself or its content type names.
fn fields(form: &form::Form<'_>, request: &RawRequest) -> Shown {
    let own = form.fields().find(|field| field.name == "charset");
    let label = match own {
        Some(field) => form::percent_decoded(field.raw_value),
        None => charset_of_type(request).unwrap_or("utf-8").as_bytes().into(),
    };
    let encoding = charset::by_label(&label);
    // What all the documents within fields may take together.
    let mut room = visible::TEXT_BYTES_MAX;
    let decode = |field: &form::Field<'_>| {
        let bytes = form::percent_decoded(field.raw_value);
        let inside = inside(&bytes, room);
        room = room.saturating_sub(inside.as_ref().map_or(0, String::len));
        let value = visible::line(&charset::decoded(encoding, &bytes).text);
        Field { name: visible::line(&field.name), value, inside }
    };
    Shown::Fields { charset: encoding.name(), fields: form.fields().take(FIELDS_MAX).map(decode).collect() }
}

fn charset_of_type(request: &RawRequest) -> Option<&str> {
    let content_type = request.header(CONTENT_TYPE.as_str())?;
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"'))
    })
}

/// The views as links; the page's own address with another `view`.
pub(super) fn tabs(path: &str, current: View, words: Words) -> Vec<(String, String, bool)> {
    let tab = |view: View| {
        let name = words.t(&format!("notification.view.{}", view.word()));
        (format!("{path}?view={}#body", view.word()), name, view == current)
    };
    View::ALL.into_iter().map(tab).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: &str, body: &[u8]) -> RawRequest {
        RawRequest {
            method: "POST".into(),
            query: String::new(),
            headers: vec![("content-type".into(), content_type.into())],
            body: body.to_vec(),
        }
    }

    #[test]
    fn forms_are_decoded_by_the_charset_they_name() {
        let form = request(
            "application/x-www-form-urlencoded",
            b"first_name=J%FCrgen&memo=a%0Ab&charset=windows-1252",
        );
        let (shown, cut) = show(&form, View::Fields);
        let expected = [("first_name", "Jürgen"), ("memo", "a↵b"), ("charset", "windows-1252")];
        let field =
            |(name, value): (&str, &str)| Field { name: name.into(), value: value.into(), inside: None };
        let fields = Vec::from(expected.map(field));
        assert_eq!((shown, cut), (Shown::Fields { charset: "windows-1252", fields }, None));
    }

    #[test]
    fn json_and_xml_are_laid_out_and_other_bodies_are_not_guessed_at() {
        let (shown, _) = show(&request("application/json", br#"{"b":1,"a":[2]}"#), View::Fields);
        assert_eq!(shown, Shown::Text("{\n  \"b\": 1,\n  \"a\": [\n    2\n  ]\n}".into()));
        let (shown, _) = show(&request("text/xml", b"<a><b>1.10</b></a>"), View::Fields);
        assert_eq!(shown, Shown::Text("<a>\n  <b>1.10</b>\n</a>".into()));
        assert_eq!(show(&request("", b"\xff\xfe"), View::Fields).0, Shown::Unreadable);
        assert_eq!(show(&request("", b""), View::Hex).0, Shown::Empty);
    }

    #[test]
    fn a_message_within_a_field_is_shown_beside_it() {
        // {"amount":1.10,"a":"<b>"} and the same in base64; then something in base64 that is no document.
        let body = b"data=eyJhbW91bnQiOjEuMTAsImEiOiI8Yj4ifQ%3D%3D&json=%7B%22a%22%3A1.10%7D&signature=YWJjZGVmZ2g%3D";
        let (Shown::Fields { fields, .. }, None) = show(&request("", body), View::Fields) else {
            panic!("this is a form");
        };
        let inside: Vec<Option<&str>> = fields.iter().map(|field| field.inside.as_deref()).collect();
        let first = "{\n  \"amount\": 1.10,\n  \"a\": \"<b>\"\n}";
        assert_eq!(inside, [Some(first), Some("{\n  \"a\": 1.10\n}"), None]);
        assert_eq!(fields[0].value, "eyJhbW91bnQiOjEuMTAsImEiOiI8Yj4ifQ==");
    }

    #[test]
    fn a_huge_body_is_cut_and_says_so() {
        let huge = request("", &vec![b'a'; visible::TEXT_BYTES_MAX + 1]);
        assert_eq!(show(&huge, View::Raw).1, Some(visible::TEXT_BYTES_MAX));
        assert_eq!(show(&huge, View::Hex).1, Some(visible::HEX_BYTES_MAX));
    }
}
