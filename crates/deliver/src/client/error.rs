//! Why an exchange with somebody else's server did not come about.

use super::guard::Denied;
use ipnd_core::Reason;
use std::time::Duration;

/// No answer came back. Says what failed, why, and what can be done; answers questions about itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    #[error("“{url}” cannot be called: {problem}. Correct the address")]
    Url { url: String, problem: String },
    #[error("the request header “{name}” cannot be sent: {problem}. Remove it")]
    Header { name: String, problem: &'static str },
    #[error("{host} was not called: {denied}. If it is meant, allow exactly this address and port")]
    Refused { host: String, denied: Denied },
    #[error("{host} was not found: {problem}. Check the name, and this machine's name service")]
    Unresolved { host: String, problem: String },
    #[error("no connection to {host}: {problem}. Check that it runs and that a firewall lets us out")]
    Connect { host: String, problem: String },
    #[error(
        "{host} did not prove who it is: {problem}. Its certificate has to be valid for this name; \
             a private authority can be added to the configuration"
    )]
    Tls { host: String, problem: String },
    #[error("{host} took longer than {} s ({phase}). It is asked again later", after.as_secs())]
    Timeout { host: String, phase: &'static str, after: Duration },
    #[error("{host} broke off: {problem}. It is asked again later")]
    Broken { host: String, problem: String },
}

impl ExchangeError {
    /// Whether we did not want to call there, and so nothing was sent.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Url { .. } | Self::Header { .. })
    }

    /// Whether nobody could be reached.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Unresolved { .. } | Self::Connect { .. })
            || matches!(self, Self::Timeout { phase, .. } if *phase == Self::CONNECTING)
    }

    /// Whether the other side could not prove its name.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls { .. })
    }

    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// For whoever reads in another language than the log: a sentence of theirs, with what cannot be translated.
    #[must_use]
    pub fn reason(&self) -> Reason {
        let (code, detail) = match self {
            Self::Url { url, problem } => ("exchange_url", format!("{url}, {problem}")),
            Self::Header { name, problem } => ("exchange_header", format!("{name}, {problem}")),
            Self::Refused { host, denied } => ("exchange_refused", format!("{host}, {denied}")),
            Self::Unresolved { host, problem } => ("exchange_unresolved", format!("{host}, {problem}")),
            // The address is named as well, which may be all that the host is.
            Self::Connect { host, problem } if problem.starts_with(host.as_str()) => {
                ("exchange_unconnected", problem.clone())
            }
            Self::Connect { host, problem } => ("exchange_unconnected", format!("{host}, {problem}")),
            Self::Tls { host, problem } => ("exchange_unproven", format!("{host}, {problem}")),
            Self::Timeout { host, phase, after } => {
                let is_connecting = *phase == Self::CONNECTING;
                let code = if is_connecting { "exchange_connecting_slow" } else { "exchange_answer_slow" };
                (code, format!("{host}, {} s", after.as_secs()))
            }
            Self::Broken { host, problem } => ("exchange_broken", format!("{host}, {problem}")),
        };
        Reason::new(code, detail)
    }

    /// One word for metrics and logs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Url { .. } => "url",
            Self::Header { .. } => "header",
            Self::Refused { .. } => "refused",
            Self::Unresolved { .. } => "unresolved",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::Broken { .. } => "broken",
        }
    }

    pub(super) const CONNECTING: &str = "connecting";
    pub(super) const ANSWERING: &str = "answering";
}

/// The extra certificate authorities could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("the certificate file {path} cannot be read: {problem}")]
    File { path: String, problem: String },
    #[error("the certificate file {path} holds no usable certificate in PEM form")]
    Empty { path: String },
}
