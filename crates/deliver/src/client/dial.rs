//! The only place that looks up names and opens connections (T-D10).

use super::ExchangeError;
use super::guard::Guard;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

type Looked = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Turns a name into addresses. The system's name service, or what a test puts in its place.
#[derive(Clone)]
pub(crate) struct Lookup(Arc<dyn Fn(String, u16) -> Looked + Send + Sync>);

impl Lookup {
    pub(crate) fn system() -> Self {
        Self(Arc::new(|host, port| {
            Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
        }))
    }

    #[cfg(test)]
    pub(crate) fn fake(
        look: impl Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |host, port| {
            let looked = look(&host, port);
            Box::pin(async move { looked })
        }))
    }
}

/// Looks up once, checks everything that came back, and dials exactly what was checked (T-D05).
#[derive(Clone)]
pub(crate) struct Dialler {
    pub(crate) guard: Guard,
    pub(crate) lookup: Lookup,
    /// For each address.
    pub(crate) connect: Duration,
}

impl Dialler {
    /// Dials a host that a setting or a message named.
    pub(crate) async fn dial(&self, host: &str, port: u16, is_tls: bool) -> Result<TcpStream, ExchangeError> {
        let addresses = self.look_up(host, port).await?;
        for address in &addresses {
            self.guard
                .check(*address, is_tls)
                .map_err(|denied| ExchangeError::Refused { host: host.to_owned(), denied })?;
        }
        self.connect(host, &addresses).await
    }

    /// Dials a host that the operator wrote into this server's own configuration.
    ///
    /// Mail servers stand in private networks and on the same machine more often than not, and whoever can write
    /// the configuration file can run programs here anyway. So host and port together are an exact exception, made
    /// by the person entitled to it; nothing that a shop, a customer or a gateway says ever gets here.
    pub(crate) async fn dial_operators(&self, host: &str, port: u16) -> Result<TcpStream, ExchangeError> {
        let addresses = self.look_up(host, port).await?;
        self.connect(host, &addresses).await
    }

    /// An error means that there is no request (T-D06); so does an empty answer.
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ExchangeError> {
        let unresolved = |problem: String| ExchangeError::Unresolved { host: host.to_owned(), problem };
        let addresses = timeout(self.connect, (self.lookup.0)(host.to_owned(), port))
            .await
            .map_err(|_| self.too_slow(host))?
            .map_err(|error| unresolved(error.to_string()))?;
        if addresses.is_empty() { Err(unresolved("it has no address".into())) } else { Ok(addresses) }
    }

    /// Tries one address after the other.
    async fn connect(&self, host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, ExchangeError> {
        let mut last = self.too_slow(host);
        for address in addresses {
            match timeout(self.connect, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Requests are small and written in one go; waiting for more would only delay them.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(error)) => {
                    last = ExchangeError::Connect {
                        host: host.to_owned(),
                        problem: format!("{address}: {error}"),
                    };
                }
                Err(_) => last = self.too_slow(host),
            }
        }
        Err(last)
    }

    fn too_slow(&self, host: &str) -> ExchangeError {
        ExchangeError::Timeout {
            host: host.to_owned(),
            phase: ExchangeError::CONNECTING,
            after: self.connect,
        }
    }
}
