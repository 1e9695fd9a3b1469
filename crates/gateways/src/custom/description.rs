//! What a shop writes about its sender: TOML of five sections, read into the mechanism, the mapping and the replies.

use super::content::Format;
use super::fields_section::{flat, mapping};
use super::proof::{Mechanism, Place};
use super::proof_section::mechanism;
use super::toml_table::{Fault, Table};
use crate::kit::charset;
use crate::kit::mapping::Mapping;
use crate::{Proof, Reply, SettingFault};
use encoding_rs::UTF_8;
use std::sync::{Arc, Mutex, PoisonError};

/// A description that makes sense.
#[derive(Clone, Debug)]
pub(super) struct Description {
    pub(super) format: Format,
    pub(super) mechanism: Mechanism,
    pub(super) mapping: Mapping,
    pub(super) accepted: Reply,
    pub(super) refused: Reply,
}

/// The check of the setting.
pub(super) fn check(text: &str) -> Result<(), SettingFault> {
    Description::of(text).map(|_| ()).map_err(SettingFault::Malformed)
}

/// Descriptions that are kept once they have been read, the latest used first. Reading one takes longer than the message
/// it is read for, and nothing but its text decides what comes out.
static READ: Mutex<Vec<(String, Arc<Description>)>> = Mutex::new(Vec::new());

/// So many of them: more accounts of this kind than a shop has.
const READ_MAX: usize = 32;

impl Description {
    /// The description that a text is, read once.
    ///
    /// # Errors
    /// As [`Description::parse`].
    pub(super) fn of(text: &str) -> Result<Arc<Self>, String> {
        let known = || READ.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut known = known();
            if let Some(place) = known.iter().position(|(own, _)| own == text) {
                known[..=place].rotate_right(1);
                return Ok(known[0].1.clone());
            }
        }
        let read = Arc::new(Self::parse(text)?);
        let mut known = known();
        known.insert(0, (text.to_owned(), read.clone()));
        known.truncate(READ_MAX);
        Ok(read)
    }

    /// # Errors
    /// What is wrong and in which line, for people.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parse = || {
            let mut whole = Table::parse(text)?;
            let missing = whole.fault("the section [message] is missing: sender = \"...\" at least");
            let (sender, format) = whole.table("message")?.ok_or(missing).and_then(message)?;
            let missing = whole.fault("the section [proof] is missing: how messages are proved");
            let mechanism = whole.table("proof")?.ok_or(missing).and_then(mechanism)?;
            let missing =
                whole.fault("the section [fields] is missing: where everything stands in a message");
            let fields = whole.table("fields")?.ok_or(missing)?;
            let missing = whole.fault("the section [events] is missing: what the sender's words mean");
            let events = whole.table("events")?.ok_or(missing)?;
            let mapping = Mapping { sender, ..mapping(fields, events, format)? };
            let (accepted, refused) = replies(whole.table("reply")?)?;
            whole.finish()?;
            let description = Self { format, mechanism, mapping, accepted, refused };
            description.check_paths_of_proof()?;
            Ok(description)
        };
        parse().map_err(|fault: Fault| fault.in_text(text))
    }

    /// How much its messages are worth.
    pub(super) fn worth(&self) -> Proof {
        if self.weakness().is_none() { Proof::Strong } else { Proof::Weak }
    }

    /// Why they are not worth more, if they are weak.
    pub(super) fn weakness(&self) -> Option<String> {
        self.mechanism.weakness(self.mapping.decisive())
    }

    /// Fields of forms are not nested, the signature's own neither.
    fn check_paths_of_proof(&self) -> Result<(), Fault> {
        let Format::Form(_) = self.format else { return Ok(()) };
        let Place::Field(path) = &self.mechanism.carried.at else { return Ok(()) };
        flat(path, self.format).map_err(|what| Fault::new(0..0, what))
    }
}

/// Longest name of a sender, in characters.
const SENDER_CHARS_MAX: usize = 40;

/// Who sends, and in what.
fn message(mut table: Table<'_>) -> Result<(String, Format), Fault> {
    #[derive(Clone, Copy, PartialEq)]
    enum Word {
        Json,
        Form,
        Xml,
    }
    let sender = table.needed_text("sender", "one word for who it is, such as \"teapay\"")?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if sender.value.is_empty() || sender.value.len() > SENDER_CHARS_MAX || !sender.value.chars().all(is_plain)
    {
        return Err(sender.fault("message.sender is one word of small letters, digits and hyphens"));
    }
    let words = [("json", Word::Json), ("form", Word::Form), ("xml", Word::Xml)];
    let word = table.choice("format", &words)?.unwrap_or(Word::Json);
    let label = table.text("charset")?;
    table.finish()?;
    if let Some(label) = label.as_ref().filter(|_| word != Word::Form) {
        return Err(label.fault("message.charset is for forms: JSON is always UTF-8, and XML says it itself"));
    }
    let format = match word {
        Word::Json => Format::Json,
        Word::Xml => Format::Xml,
        Word::Form => Format::Form(match label {
            None => UTF_8,
            Some(label) => {
                let is_known = encoding_rs::Encoding::for_label(label.value.as_bytes()).is_some();
                if !is_known {
                    return Err(label.fault(format!("“{}” is no charset that is known", label.value)));
                }
                charset::by_label(label.value.as_bytes())
            }
        }),
    };
    Ok((sender.value, format))
}

fn replies(table: Option<Table<'_>>) -> Result<(Reply, Reply), Fault> {
    let (mut accepted, mut refused) = (Reply::empty(200), Reply::empty(400));
    if let Some(mut table) = table {
        if let Some(own) = table.table("accepted")? {
            accepted = reply(own, 200..=299)?;
        }
        if let Some(own) = table.table("refused")? {
            refused = reply(own, 400..=499)?;
        }
        table.finish()?;
    }
    Ok((accepted, refused))
}

/// Longest body of a reply, in bytes.
const REPLY_BYTES_MAX: usize = 2_000;

fn reply(mut table: Table<'_>, range: std::ops::RangeInclusive<u16>) -> Result<Reply, Fault> {
    let status = match table.whole_number("status")? {
        None => *range.start(),
        Some(taken) => match u16::try_from(taken.value).ok().filter(|status| range.contains(status)) {
            Some(status) => status,
            None => return Err(taken.fault(format!("the status is {} to {}", range.start(), range.end()))),
        },
    };
    let types = [
        ("text/plain", "text/plain; charset=utf-8"),
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/html", "text/html; charset=utf-8"),
    ];
    let content_type = table.choice("type", &types)?;
    let body = table.lines("body")?.unwrap_or_default();
    let too_long = table.fault(format!("the body of a reply has at most {REPLY_BYTES_MAX} bytes"));
    table.finish()?;
    if body.len() > REPLY_BYTES_MAX {
        return Err(too_long);
    }
    let content_type = content_type.or_else(|| (!body.is_empty()).then_some(types[0].1));
    Ok(Reply { status, content_type, body })
}
