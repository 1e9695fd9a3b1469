//! The message itself: headers that are ours, one recipient, text and HTML.

use super::{MailConfig, address};
use crate::templates::Rendered;
use ipnd_core::{Language, MailKind, Reason};
use ipnd_store::DueMail;
use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use sha2::{Digest as _, Sha256};

/// A message on its way: who it goes to and what it looks like.
#[derive(Debug)]
pub struct Letter {
    pub from: Address,
    pub to: Address,
    /// The same for every attempt, so that a mail that arrives twice is recognised as one (T-E07).
    pub message_id: String,
    pub subject: String,
    message: Message,
}

impl Letter {
    /// Builds the message for a mail that is due.
    ///
    /// # Errors
    /// A [`Reason`] when there is nobody to write to, or an address is not one.
    pub fn write(
        config: &MailConfig,
        due: &DueMail,
        language: Language,
        rendered: Rendered,
        now: Timestamp,
    ) -> Result<Self, Reason> {
        let refused = |text: &str| Reason::new("bad_address", text);
        let from = address::read(&config.from).ok_or_else(|| refused(&config.from))?;
        let to = recipient(due)?;
        let message_id = message_id(due, from.domain());
        let name = address::display_name(config.from_name.as_deref().unwrap_or(&due.shop.name));
        let mut builder = Message::builder()
            .from(Mailbox::new(name, from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(rendered.subject.clone())
            .message_id(Some(message_id.clone()))
            .date(now.into())
            .raw_header(header("Content-Language", language.code()));
        if due.kind != MailKind::CustomerMessage {
            // Nobody wrote this by hand; out-of-office programs need not answer (RFC 3834).
            builder = builder
                .raw_header(header("Auto-Submitted", "auto-generated"))
                .raw_header(header("X-Auto-Response-Suppress", "All"));
        }
        if let Some(reply_to) = reply_to(due) {
            builder = builder.reply_to(Mailbox::new(None, reply_to));
        }
        let message = builder
            .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
            .map_err(|error| refused(&error.to_string()))?;
        Ok(Self { from, to, message_id, subject: rendered.subject, message })
    }

    /// The bytes as they go over the wire, but for the dots that SMTP doubles.
    #[must_use]
    pub fn formatted(&self) -> Vec<u8> {
        self.message.formatted()
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn recipient(due: &DueMail) -> Result<Address, Reason> {
    let text = if due.kind.is_for_customer() {
        customers_address(due).unwrap_or_default()
    } else {
        &due.shop.owner_email
    };
    if text.trim().is_empty() {
        return Err(Reason::new("no_address", ""));
    }
    address::read(text).ok_or_else(|| Reason::new("bad_address", text))
}

fn customers_address(due: &DueMail) -> Option<&str> {
    due.order.as_ref()?.customer.email.as_deref()
}

/// Customers answer the owner; the owner's answer to their own copy goes to the customer.
fn reply_to(due: &DueMail) -> Option<Address> {
    if due.kind.is_for_customer() {
        address::read(&due.shop.owner_email)
    } else {
        customers_address(due).and_then(address::read)
    }
}

/// Made from what never changes about the mail. An order's token is a secret, so the hash tells nobody anything; a mail
/// without an order goes to the owner only.
fn message_id(due: &DueMail, domain: &str) -> String {
    let own = due.order.as_ref().map_or(due.subject.as_str(), |order| order.token.as_str());
    let told_apart = format!("{}/{}/{own}", due.id, due.created_at.as_millisecond());
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(told_apart.as_bytes())[..12]);
    format!("<{}.{}.{hash}@{domain}>", due.id, due.shop.id)
}
