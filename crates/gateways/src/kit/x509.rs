//! Certificates that gateways sign with, and the addresses at which such certificates may be fetched.
//!
//! A message that names the certificate to check it with is believed as far as that name goes (T-A11). So the address
//! is held against an exact list before anybody connects to it, and what is found there must lead to a root that is
//! written in the gateway's own file, be made out to the gateway's name, and be valid at the time of the message.

use super::asymmetric::{PublicKey, Scheme};
use ipnd_core::Reason;
use jiff::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

/// Certificates in one PEM text, in number. Chains have two to four.
const CERTIFICATES_MAX: usize = 8;

/// Where a gateway keeps its certificates.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    pub hosts: &'static [&'static str],
    /// What every path begins with; it ends with a slash.
    pub path: &'static str,
}

impl Address {
    /// Whether a certificate may be fetched from `url`: `https`, exactly one of the hosts, no port but 443, no user,
    /// no query, no fragment, and one plain name below the path.
    ///
    /// The text must be written as a parser would write it back, so that whoever connects cannot read it differently.
    ///
    /// # Errors
    /// `certificate_refused`.
    pub fn check(&self, url: &str) -> Result<(), Reason> {
        let is_allowed = self.hosts.iter().any(|host| {
            let behind = url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host));
            let path = behind.map(|rest| rest.strip_prefix(":443").unwrap_or(rest));
            path.and_then(|path| path.strip_prefix(self.path)).is_some_and(is_plain_name)
        });
        // A second opinion, by the parser that the connecting side uses.
        let is_same = |parsed: url::Url| {
            parsed.scheme() == "https"
                && parsed.host_str().is_some_and(|host| self.hosts.contains(&host))
                && parsed.port_or_known_default() == Some(443)
                && parsed.username().is_empty()
                && parsed.password().is_none()
        };
        if is_allowed && url::Url::parse(url).is_ok_and(is_same) {
            return Ok(());
        }
        let shown: String = url.chars().take(80).collect();
        Err(refused(format!("its address {shown}")))
    }
}

/// Whether `url` is one plain name below `base`, an address that the owner of a sandbox account has set.
#[must_use]
pub fn is_below(base: &str, url: &str) -> bool {
    url.strip_prefix(base).and_then(|rest| rest.strip_prefix('/')).is_some_and(is_plain_name)
}

/// Letters, digits, and `-`, `_` and `.` between them; never `..`.
fn is_plain_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty()
        && name.len() <= 128
        && name.chars().all(is_plain)
        && !name.starts_with('.')
        && !name.contains("..")
}

/// Why a certificate is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It may be genuine, but whoever issued it is not known here. Somebody who knows more may add the missing link.
    IssuerUnknown,
    Refused(String),
}

impl From<CertificateFault> for Reason {
    fn from(fault: CertificateFault) -> Self {
        match fault {
            CertificateFault::IssuerUnknown => refused("its issuer is not known here"),
            CertificateFault::Refused(why) => refused(why),
        }
    }
}

fn refused(why: impl Into<String>) -> Reason {
    Reason::new("certificate_refused", why.into())
}

/// Certificates that are trusted without any further, in PEM. To be made once for each check; parsing is cheap.
#[derive(Debug)]
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// # Errors
    /// `key_unusable` for what is no certificate.
    pub fn from_pem(texts: &[&str]) -> Result<Self, Reason> {
        let unusable = || Reason::new("key_unusable", "a trusted certificate");
        let mut anchors = Vec::new();
        for text in texts {
            for certificate in read(text.as_bytes()).map_err(|_| unusable())? {
                anchors.push(anchor_from_trusted_cert(&certificate).map_err(|_| unusable())?.to_owned());
            }
        }
        Ok(Self { anchors })
    }

    /// The key of a certificate, once its chain has been followed to one of these roots at the time `at`. Further links
    /// of the chain may be in `more`, in any sequence.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn key(
        &self,
        presented: &Presented,
        more: &[&str],
        at: Timestamp,
        scheme: Scheme,
    ) -> Result<PublicKey, CertificateFault> {
        let fault = |why: &str| CertificateFault::Refused(why.to_owned());
        let mut links = presented.links.clone();
        for text in more {
            links.extend(read(text.as_bytes())?);
        }
        let at = u64::try_from(at.as_second()).map_err(|_| fault("the time"))?;
        let parsed = EndEntityCert::try_from(&presented.leaf).map_err(|_| fault("it cannot be read"))?;
        parsed
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                &links,
                UnixTime::since_unix_epoch(Duration::from_secs(at)),
                KeyUsage::server_auth(),
                None,
                None,
            )
            .map_err(|error| match error {
                Error::UnknownIssuer => CertificateFault::IssuerUnknown,
                Error::CertExpired { .. } => fault("it had expired"),
                Error::CertNotValidYet { .. } => fault("it was not valid yet"),
                other => CertificateFault::Refused(other.to_string()),
            })?;
        presented.own_key(scheme)
    }
}

/// A certificate that somebody has presented, made out to the right name. Nobody has vouched for it yet.
#[derive(Debug)]
pub struct Presented {
    leaf: CertificateDer<'static>,
    links: Vec<CertificateDer<'static>>,
}

impl Presented {
    /// The certificate in `pem` that is made out to one of `names`. The others may be links of its chain, in any
    /// sequence.
    ///
    /// # Errors
    /// [`CertificateFault::Refused`].
    pub fn read(pem: &[u8], names: &[&str]) -> Result<Self, CertificateFault> {
        let mut links = read(pem)?;
        let place = links.iter().position(|certificate| is_made_out_to(certificate, names));
        let place =
            place.ok_or_else(|| CertificateFault::Refused("it is made out to another name".to_owned()))?;
        Ok(Self { leaf: links.remove(place), links })
    }

    /// Whether it has made this signature: a sieve in front of [`Roots::key`], which proves nothing by itself.
    #[must_use]
    pub fn has_signed(&self, scheme: Scheme, parts: &[&[u8]], given: &[u8]) -> bool {
        self.own_key(scheme).is_ok_and(|key| key.has_signed(parts, given))
    }

    fn own_key(&self, scheme: Scheme) -> Result<PublicKey, CertificateFault> {
        let unreadable = |_| CertificateFault::Refused("it cannot be read".to_owned());
        let parsed = EndEntityCert::try_from(&self.leaf).map_err(unreadable)?;
        let key = PublicKey::from_spki(scheme, &parsed.subject_public_key_info());
        key.map_err(|reason| CertificateFault::Refused(reason.detail))
    }
}

fn is_made_out_to(certificate: &CertificateDer<'_>, names: &[&str]) -> bool {
    let Ok(parsed) = EndEntityCert::try_from(certificate) else { return false };
    names.iter().any(|name| {
        let name = ServerName::try_from(*name);
        name.is_ok_and(|name| parsed.verify_is_valid_for_subject_name(&name).is_ok())
    })
}

fn read(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| CertificateFault::Refused("it cannot be read".into()))?;
        certificates.push(certificate);
        if certificates.len() > CERTIFICATES_MAX {
            return Err(CertificateFault::Refused("too many certificates".into()));
        }
    }
    if certificates.is_empty() {
        return Err(CertificateFault::Refused("it is no certificate".into()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests;
