//! The configuration of `ipnd serve`: file, then environment, then command line; what comes later wins.
//!
//! `ipnd.toml` is the reference: it is what `ipnd init` writes, and the list of known options is read from it, so an
//! option that is not documented there cannot be set.

mod check;
mod keep;
mod nearest;
mod options;
mod sources;
#[cfg(test)]
mod tests;

pub(crate) use keep::Keep;
pub(crate) use options::TEMPLATE;
pub(crate) use sources::{Flags, load};

use ipnd_core::Limits;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) base_url: Option<String>,
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) data: PathBuf,
    pub(crate) database: Option<String>,
    pub(crate) mail: Mail,
    pub(crate) outgoing: Outgoing,
    pub(crate) log: Log,
    pub(crate) retention: Retention,
    pub(crate) limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            base_url: None,
            trusted_proxies: Vec::new(),
            data: PathBuf::from("data"),
            database: None,
            mail: Mail::default(),
            outgoing: Outgoing::default(),
            log: Log::default(),
            retention: Retention::default(),
            limits: Limits::default(),
        }
    }
}

/// No `Debug` outside tests: it holds a password (T-D13).
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Mail {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) tls: Tls,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) from_name: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tls {
    #[default]
    Starttls,
    Implicit,
    None,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Outgoing {
    pub(crate) allowed: Vec<SocketAddr>,
    pub(crate) extra_ca_files: Vec<PathBuf>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Log {
    pub(crate) format: LogFormat,
    pub(crate) filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: "info".to_owned() }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// For how long what is kept is kept, by class.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Retention {
    pub(crate) forged_days: Keep,
    pub(crate) given_up_days: Keep,
    pub(crate) proved_days: Keep,
    pub(crate) copies_days: Keep,
    pub(crate) check_attempts_days: Keep,
    pub(crate) mail_attempts_days: Keep,
    pub(crate) deliveries_days: Keep,
    pub(crate) sessions_days: Keep,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            forged_days: Keep::of_days(30),
            given_up_days: Keep::of_days(365),
            proved_days: Keep::Forever,
            copies_days: Keep::of_days(90),
            check_attempts_days: Keep::of_days(365),
            mail_attempts_days: Keep::of_days(365),
            deliveries_days: Keep::of_days(365),
            sessions_days: Keep::of_days(30),
        }
    }
}
