//! Mails: from a row in the outbox to a message that a mail server has taken over.

mod address;
mod connect;
mod message;
mod send;
mod worker;

pub use message::Letter;
pub use send::{SendError, send};

pub(crate) use worker::MailWorker;

/// The mail server to hand mails to. Written by the operator, in the configuration.
#[derive(Clone)]
pub struct MailConfig {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub username: Option<String>,
    pub password: Option<String>,
    /// The address that all mails come from.
    pub from: String,
    /// The name beside it; without one, the shop's.
    pub from_name: Option<String>,
}

/// How the connection to the mail server is secured. There is no "if possible": what is configured is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a server on this machine or in a network of one's own.
    None,
    /// From the STARTTLS command on, usually port 587.
    StartTls,
    /// From the first byte, usually port 465.
    Implicit,
}

impl MailConfig {
    /// What is wrong with the configuration, if anything, in a sentence for the operator.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.host.trim().is_empty() {
            return Some("the mail server has no host name".into());
        }
        if address::read(&self.from).is_none() {
            return Some(format!(
                "“{}” is not an address that mails can come from",
                self.from.escape_debug()
            ));
        }
        if self.username.is_some() != self.password.is_some() {
            return Some("the mail server needs both a user name and a password, or neither".into());
        }
        None
    }
}

/// Without the password.
impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
