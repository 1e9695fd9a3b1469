//! A mail as a person reads it.

use mailparse::{MailHeaderMap as _, ParsedMail};

pub(super) struct Letter {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) subject: String,
    pub(super) message_id: String,
    /// The parts, decoded; empty when the mail has none of the kind.
    pub(super) text: String,
    pub(super) html: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Letter {
    /// Reads a mail. What cannot be read is shown as text, never refused: this is a window, not a gate.
    pub(super) fn read(raw: &[u8]) -> Self {
        let Ok(mail) = mailparse::parse_mail(raw) else {
            return Self::unreadable(raw);
        };
        let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
        Self {
            from: header("From"),
            to: header("To"),
            subject: header("Subject"),
            message_id: header("Message-ID"),
            text: part(&mail, "text/plain"),
            html: part(&mail, "text/html"),
            headers: mail.headers.iter().map(|header| (header.get_key(), header.get_value())).collect(),
        }
    }

    fn unreadable(raw: &[u8]) -> Self {
        Self {
            from: String::new(),
            to: String::new(),
            subject: String::new(),
            message_id: String::new(),
            text: String::from_utf8_lossy(raw).into_owned(),
            html: String::new(),
            headers: Vec::new(),
        }
    }

    /// The beginning of the text, in one line.
    pub(super) fn snippet(&self) -> String {
        let words: Vec<&str> = self.text.split_whitespace().take(30).collect();
        words.join(" ")
    }
}

/// The first part of this kind, however deep it lies.
fn part(mail: &ParsedMail<'_>, kind: &str) -> String {
    mail.parts()
        .find(|part| part.subparts.is_empty() && part.ctype.mimetype == kind)
        .and_then(|part| part.get_body().ok())
        .unwrap_or_default()
}
