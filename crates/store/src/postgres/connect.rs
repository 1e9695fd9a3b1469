//! The way to the server: its address, and TLS.

use crate::{Result, StoreError};
use postgres::config::{Host, SslMode, TargetSessionAttrs};
use postgres::{Client, Config, NoTls};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// A server that does not take a connection within this is as good as gone.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A connection over which nothing comes back for this long is broken.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Where the database is and how it is reached.
#[derive(Clone)]
pub(super) struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Target {
    /// Reads a URL such as `postgres://ipnd:secret@db.example.com/ipnd`. Several hosts, separated by commas, are tried
    /// in turn until one takes writes.
    ///
    /// # Errors
    /// In a sentence for the operator, without the password.
    pub(super) fn parse(url: &str, extra_ca_files: &[PathBuf]) -> Result<Self> {
        let mut config: Config = url.parse().map_err(|error: postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let why = cause.unwrap_or_else(|| error.to_string());
            StoreError::Failed(format!(
                "the database's address cannot be read ({why}); it looks like postgres://user:password@host/database"
            ))
        })?;
        config
            .application_name("ipnd")
            .connect_timeout(CONNECT_WITHIN)
            .tcp_user_timeout(SILENCE_MAX)
            .keepalives_idle(SILENCE_MAX)
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        // Beside its own machine, a server is spoken to by TLS with a valid certificate, unless the address says
        // `sslmode=disable`.
        let is_near = config.get_hosts().iter().all(is_here);
        match config.get_ssl_mode() {
            SslMode::Prefer if is_near => {
                config.ssl_mode(SslMode::Disable);
            }
            SslMode::Prefer => {
                config.ssl_mode(SslMode::Require);
            }
            _ => {}
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Disable => None,
            _ => Some(MakeRustlsConnect::new(trust(extra_ca_files)?)),
        };
        Ok(Self { config, tls })
    }

    pub(super) fn connect(&self) -> Result<Client> {
        let client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        };
        client.map_err(|error| match StoreError::from(error) {
            StoreError::Failed(text) | StoreError::Unreachable(text) => {
                StoreError::Unreachable(format!("the database {self} cannot be reached: {text}"))
            }
            other => other,
        })
    }
}

/// Without user and password.
impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        write!(f, "{}/{}", hosts, self.config.get_dbname().unwrap_or("?"))
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn trust(extra_ca_files: &[PathBuf]) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // One that cannot be read is one fewer to believe.
        let _ = roots.add(certificate);
    }
    for path in extra_ca_files {
        let cannot = |why: String| StoreError::Failed(format!("{} cannot be used: {why}", path.display()));
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| cannot(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| cannot(error.to_string()))?;
            roots.add(certificate).map_err(|error| cannot(error.to_string()))?;
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Target {
        Target::parse(url, &[]).unwrap()
    }

    #[test]
    fn a_server_elsewhere_is_spoken_to_by_tls_unless_it_is_switched_off_aloud() {
        assert!(parse("postgres://ipnd:secret@127.0.0.1/ipnd").tls.is_none());
        assert!(parse("postgres://ipnd:secret@localhost/ipnd").tls.is_none());
        assert!(parse("postgres://ipnd:secret@db.example.com/ipnd").tls.is_some());
        assert!(parse("postgres://ipnd:secret@db.example.com/ipnd?sslmode=prefer").tls.is_some());
        assert!(parse("postgres://ipnd:secret@localhost,db.example.com/ipnd").tls.is_some());
        assert!(parse("postgres://ipnd:secret@db.example.com/ipnd?sslmode=disable").tls.is_none());
    }

    #[test]
    fn t_f15_the_password_is_not_shown() {
        let target = parse("postgres://ipnd:secret@10.0.0.1:6000,10.0.0.2:6001/shop?sslmode=disable");
        assert_eq!(target.to_string(), "10.0.0.1:6000,10.0.0.2:6001/shop");
        let error = Target::parse("postgres://ipnd:secret@host:no-port/shop", &[]).err().unwrap();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
