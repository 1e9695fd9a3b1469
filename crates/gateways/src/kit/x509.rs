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

    /// The key of the certificate in `pem` that is made out to one of `names`, once its chain has been followed to one
    /// of these roots at the time `at`. The other certificates in `pem` and those in `more` may be links of the chain,
    /// in any sequence.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn key(
        &self,
        pem: &[u8],
        more: &[&str],
        names: &[&str],
        at: Timestamp,
        scheme: Scheme,
    ) -> Result<PublicKey, CertificateFault> {
        let fault = |why: &str| CertificateFault::Refused(why.to_owned());
        let mut certificates = read(pem)?;
        let place = certificates.iter().position(|certificate| is_made_out_to(certificate, names));
        let leaf = certificates.remove(place.ok_or_else(|| fault("it is made out to another name"))?);
        for text in more {
            certificates.extend(read(text.as_bytes())?);
        }
        let at = u64::try_from(at.as_second()).map_err(|_| fault("the time"))?;
        let parsed = EndEntityCert::try_from(&leaf).map_err(|_| fault("it cannot be read"))?;
        parsed
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &self.anchors,
                &certificates,
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
