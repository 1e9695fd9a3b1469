//! The body of a message as a tree, whatever it is written in, and back.

use crate::kit::charset;
use crate::kit::form::{Form, percent_decoded};
use crate::kit::json::Json;
use crate::kit::mapping::OWN_TEXT;
use crate::kit::xml::Xml;
use encoding_rs::Encoding;
use ipnd_core::Reason;
use ipnd_core::limits::FORM_FIELDS_MAX;
use std::borrow::Cow;
use std::fmt::Write as _;

/// In what a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// With the charset that the sender is known to use.
    Form(&'static Encoding),
    Xml,
}

type Field<'a> = (Cow<'a, str>, Json<'a>);

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
            Self::Xml => "application/xml; charset=utf-8",
        }
    }

    /// What comes twice in a form or in XML becomes a list, in which nobody looks for a single value.
    ///
    /// # Errors
    /// What the readers of the kit refuse, and `not_a_form`.
    pub(super) fn read(self, body: &[u8]) -> Result<Json<'_>, Reason> {
        match self {
            Self::Json => Json::parse(body),
            Self::Form(encoding) => form(encoding, body),
            Self::Xml => {
                let root = Xml::parse(body)?;
                let name = root.name().to_owned();
                Ok(Json::Object(vec![(Cow::Owned(name), element(&root))]))
            }
        }
    }

    /// # Errors
    /// Why this cannot be written so.
    pub(super) fn write(self, content: &Json<'_>) -> Result<Vec<u8>, String> {
        match self {
            Self::Json => Ok(content.to_string().into_bytes()),
            Self::Form(encoding) => write_form(encoding, content),
            Self::Xml => write_xml(content),
        }
    }
}

fn form<'a>(encoding: &'static Encoding, body: &[u8]) -> Result<Json<'a>, Reason> {
    let form = Form::cut(body).map_err(|_| Reason::new("too_many_fields", FORM_FIELDS_MAX.to_string()))?;
    let mut fields: Vec<Field<'a>> = Vec::new();
    let mut is_one = false;
    for field in form.fields() {
        is_one = true;
        let text = Json::of_text(charset::decoded(encoding, &percent_decoded(field.raw_value)).text);
        add(&mut fields, field.name.to_string(), text);
    }
    if is_one { Ok(Json::Object(fields)) } else { Err(Reason::new("not_a_form", "")) }
}

fn add<'a>(fields: &mut Vec<Field<'a>>, name: String, value: Json<'a>) {
    match fields.iter_mut().find(|(own, _)| *own == name) {
        None => fields.push((Cow::Owned(name), value)),
        Some((_, Json::List(values))) => values.push(value),
        Some((_, first)) => {
            let one = std::mem::replace(first, Json::Null);
            *first = Json::List(vec![one, value]);
        }
    }
}

/// An element without children and attributes is its text; any other one holds them by name, attributes with an `@`.
fn element(xml: &Xml) -> Json<'static> {
    let mut fields = Vec::new();
    for (name, value) in xml.attributes() {
        add(&mut fields, format!("@{name}"), Json::of_text(value.clone()));
    }
    for child in xml.children() {
        add(&mut fields, child.name().to_owned(), element(child));
    }
    if fields.is_empty() {
        return Json::of_text(xml.as_text().unwrap_or_default().to_owned());
    }
    fields.extend(xml.as_text().map(|text| (Cow::Borrowed(OWN_TEXT), Json::of_text(text.to_owned()))));
    Json::Object(fields)
}

fn write_form(encoding: &'static Encoding, content: &Json<'_>) -> Result<Vec<u8>, String> {
    let encoded = |text: &str| {
        let (bytes, _, is_lossy) = encoding.encode(text);
        if is_lossy {
            return Err(format!("a text with letters that {} does not have", encoding.name()));
        }
        Ok(form_urlencoded::byte_serialize(&bytes).collect::<String>())
    };
    let mut pairs = Vec::new();
    for (name, value) in content.fields() {
        let value = match value {
            Json::Text(text) => text,
            other => other.as_scalar().ok_or_else(|| format!("{name} as one field of a form"))?,
        };
        pairs.push(format!("{}={}", encoded(name)?, encoded(value)?));
    }
    Ok(pairs.join("&").into_bytes())
}

fn write_xml(content: &Json<'_>) -> Result<Vec<u8>, String> {
    let [(name, value)] = content.fields() else {
        return Err("XML whose paths do not all begin with the same element".to_owned());
    };
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned();
    write_element(&mut text, name, value)?;
    Ok(text.into_bytes())
}

fn write_element(text: &mut String, name: &str, value: &Json<'_>) -> Result<(), String> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    if !is_name(name) {
        return Err(format!("an element called “{name}”"));
    }
    if let Json::List(values) = value {
        return values.iter().try_for_each(|value| write_element(text, name, value));
    }
    let _ = write!(text, "<{name}");
    let attributes = value.fields().iter().filter_map(|(name, value)| Some((name.strip_prefix('@')?, value)));
    for (name, value) in attributes {
        let value =
            value.as_scalar().filter(|_| is_name(name)).ok_or_else(|| format!("the attribute “{name}”"))?;
        let _ = write!(text, " {name}=\"{}\"", escaped(value));
    }
    text.push('>');
    match value {
        Json::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('@')) {
                match value.as_scalar().filter(|_| name == OWN_TEXT) {
                    Some(own) => text.push_str(&escaped(own)),
                    None => write_element(text, name, value)?,
                }
            }
        }
        other => text.push_str(&escaped(other.as_scalar().unwrap_or_default())),
    }
    let _ = write!(text, "</{name}>");
    Ok(())
}

fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
