//! What the types cannot say about a configuration, and what follows from it.

use super::{Config, Tls};
use anyhow::{Context as _, Result, bail, ensure};
use ipnd_deliver::client::Policy;
use ipnd_deliver::mail::{self, MailConfig};
use ipnd_web::Proxies;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// Refuses what cannot work, in a sentence for the operator.
pub(super) fn check(config: &Config) -> Result<()> {
    config.limits.check()?;
    if config.listen.ip().is_unspecified() && config.base_url.is_none() {
        bail!("base_url is needed when listening on all addresses: links must lead somewhere");
    }
    config.base_url(config.listen)?;
    config.proxies()?;
    if let Some(url) = &config.database {
        let is_known = url.starts_with("postgres://") || url.starts_with("postgresql://");
        ensure!(
            is_known,
            "database must begin with postgres://; without it, the database is a file in `data`"
        );
    }
    if let Some(problem) = config.mail()?.and_then(|mail| mail.problem()) {
        bail!("mail: {problem}");
    }
    Ok(())
}

impl Config {
    /// How the outside reaches this server, which listens on `actual`.
    pub(crate) fn base_url(&self, actual: SocketAddr) -> Result<Url> {
        let Some(text) = &self.base_url else {
            return Url::parse(&format!("http://{actual}")).context("listen");
        };
        let url = Url::parse(text).with_context(|| format!("base_url: “{text}” is not an address"))?;
        ensure!(matches!(url.scheme(), "http" | "https"), "base_url must begin with https:// or http://");
        ensure!(url.query().is_none() && url.fragment().is_none(), "base_url must end after the path");
        ensure!(url.path() == "/", "base_url must not have a path: ipnd wants a host name of its own");
        Ok(url)
    }

    /// The operator's own reverse proxies.
    pub(crate) fn proxies(&self) -> Result<Proxies> {
        let net = |text: &String| -> Result<IpNet> {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            let net = address.or_else(|_| text.parse::<IpNet>());
            net.with_context(|| {
                format!("trusted_proxies: “{text}” is neither an address nor a range such as 10.0.0.0/8")
            })
        };
        Ok(Proxies::new(self.trusted_proxies.iter().map(net).collect::<Result<Vec<_>>>()?))
    }

    /// The mail server, if one is configured.
    pub(crate) fn mail(&self) -> Result<Option<MailConfig>> {
        let Some(host) = self.mail.host.clone() else { return Ok(None) };
        let from = self.mail.from.clone().context("mail.from is needed when there is a mail.host")?;
        let (tls, usual_port) = match self.mail.tls {
            Tls::Starttls => (mail::Tls::StartTls, 587),
            Tls::Implicit => (mail::Tls::Implicit, 465),
            Tls::None => (mail::Tls::None, 25),
        };
        Ok(Some(MailConfig {
            host,
            port: self.mail.port.unwrap_or(usual_port),
            tls,
            username: self.mail.username.clone(),
            password: self.mail.password.clone(),
            from,
            from_name: self.mail.from_name.clone(),
        }))
    }

    /// What may be called. A server that listens on `actual` never calls itself.
    pub(crate) fn policy(&self, actual: SocketAddr) -> Policy {
        Policy {
            allowed: self.outgoing.allowed.clone(),
            own: vec![actual],
            extra_ca_files: self.outgoing.extra_ca_files.clone(),
            ..Policy::new(&self.limits)
        }
    }
}
