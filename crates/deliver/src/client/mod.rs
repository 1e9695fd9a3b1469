//! The one guarded way out.
//!
//! Every connection that this program opens on its own starts here: questions to gateways, and the dialling for
//! mail. A request goes to exactly the address that was checked, is told apart phase by phase when it fails, ends
//! in time, reads no more than it should, follows no redirect, takes no proxy from the environment and
//! decompresses nothing.

mod dial;
mod error;
mod exchange;
mod guard;
mod kept;
mod target;
#[cfg(test)]
mod tests;
mod trust;

pub use error::{ExchangeError, TrustError};
pub use exchange::Answer;
pub use guard::Denied;

use dial::{Dialler, Lookup};
use guard::Guard;
use ipnd_core::Limits;
use kept::Kept;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use target::Target;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What may be called, and for how long.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Exact exceptions to the rule that only the public internet is called, by https, on its usual ports.
    pub allowed: Vec<SocketAddr>,
    /// The addresses that this server itself listens on; never called, even when they are public.
    pub own: Vec<SocketAddr>,
    /// Whether everything on this machine may be called too. Only the demo says so: a developer plays with receivers
    /// and gateways of their own there.
    pub opens_loopback: bool,
    /// Certificate authorities to believe beside the system's, in PEM form.
    pub extra_ca_files: Vec<PathBuf>,
    /// How long looking up a name, and connecting to one address, may take.
    pub connect: Duration,
    /// How long a whole exchange may take.
    pub total: Duration,
    /// How much of an answer is read.
    pub answer_bytes_max: usize,
}

impl Policy {
    /// No exceptions, the system's authorities, and the time limits of the configuration.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            allowed: Vec::new(),
            own: Vec::new(),
            opens_loopback: false,
            extra_ca_files: Vec::new(),
            connect: Duration::from_millis(limits.outgoing_connect_ms),
            total: Duration::from_millis(limits.outgoing_total_ms),
            answer_bytes_max: usize::try_from(limits.outgoing_answer_bytes_max).unwrap_or(usize::MAX),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(&Limits::default())
    }
}

/// Whether an address can be written into a setting. Whether it may be called is found out when it is.
///
/// # Errors
/// What is wrong with it.
pub fn check_address(url: &str) -> Result<(), ExchangeError> {
    Target::read(url).map(|_| ())
}

pub use exchange::check_header;

/// Cheap to clone; one for the whole process.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    dialler: Dialler,
    kept: Kept,
    tls: Arc<ClientConfig>,
    total: Duration,
    answer_bytes_max: usize,
}

impl Client {
    /// # Errors
    /// [`TrustError`] when a file with certificate authorities cannot be used.
    pub fn new(policy: Policy) -> Result<Self, TrustError> {
        Self::with_lookup(policy, Lookup::system())
    }

    fn with_lookup(policy: Policy, lookup: Lookup) -> Result<Self, TrustError> {
        let tls = trust::configuration(&policy.extra_ca_files)?;
        let guard = Guard { allowed: policy.allowed, own: policy.own, opens_loopback: policy.opens_loopback };
        Ok(Self(Arc::new(Inner {
            dialler: Dialler { guard, lookup, connect: policy.connect },
            kept: Kept::default(),
            tls,
            total: policy.total,
            answer_bytes_max: policy.answer_bytes_max,
        })))
    }

    /// A connection to a host from the operator's own configuration; see [`Dialler::dial_operators`].
    pub(crate) async fn dial_operators(&self, host: &str, port: u16) -> Result<TcpStream, ExchangeError> {
        self.0.dialler.dial_operators(host, port).await
    }

    /// Has the other side prove that it is `host`.
    pub(crate) async fn secure(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>, ExchangeError> {
        let problem = |problem: String| ExchangeError::Tls { host: host.to_owned(), problem };
        let name = rustls::pki_types::ServerName::try_from(host.to_owned())
            .map_err(|error| problem(error.to_string()))?;
        TlsConnector::from(Arc::clone(&self.0.tls))
            .connect(name, stream)
            .await
            .map_err(|error| problem(error.to_string()))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("guard", &self.0.dialler.guard).finish_non_exhaustive()
    }
}
