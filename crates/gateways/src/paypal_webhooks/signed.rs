//! The signature of a webhook: what is looked at before anybody is asked, the certificate, and the other side.

use super::API_HOSTS;
use crate::kit::asymmetric::{PublicKey, Scheme, SigningKey, must_be_named, published};
use crate::kit::mac::Encoding;
use crate::kit::signed_time::Window;
use crate::kit::verified::Verified;
use crate::kit::x509::{self, Address, CertificateFault, Presented, Roots};
use crate::kit::{fetch, time};
use crate::{Ask, AskedAnswer, RawRequest, Resumed, Settings};
use ipnd_core::{Environment, Reason};
use jiff::{SignedDuration, Timestamp};

/// The webhook id that the simulator on PayPal's developer site signs with, whoever's webhook it sends to.
pub(super) const SIMULATOR_ID: &str = "WEBHOOK_ID";

const CERTIFICATES: &str = "/v1/notifications/certs";
const LIVE: Address = Address { hosts: &["api.paypal.com"], path: "/v1/notifications/certs/" };
/// The simulator signs with the live certificate.
const SANDBOX: Address =
    Address { hosts: &["api.sandbox.paypal.com", "api.paypal.com"], path: "/v1/notifications/certs/" };

const LIVE_NAME: &str = "messageverificationcerts.paypal.com";
const SANDBOX_NAME: &str = "messageverificationcerts.sandbox.paypal.com";

/// Every certificate of PayPal's that has been seen hangs from the first; PayPal has announced the second, and the
/// third is what its authority issues from nowadays. They are written down here because the lists of browsers have
/// dropped the first, without which nothing that PayPal has signed so far could be checked again.
const ROOTS: [&str; 3] = [
    include_str!("certificates/digicert-high-assurance-ev-root-ca.pem"),
    include_str!("certificates/digicert-global-root-g2.pem"),
    include_str!("certificates/digicert-tls-rsa4096-root-g5.pem"),
];
/// PayPal gives out its own certificate without the link between it and the root.
const LINK: &str = include_str!("certificates/digicert-sha2-extended-validation-server-ca.pem");
/// Trusted by accounts of the sandbox environment alone. Its private key has been thrown away; that of the
/// certificate below it is the published one.
const SANDBOX_AUTHORITY: &str = include_str!("certificates/sandbox-authority.pem");
pub(crate) const SANDBOX_CERTIFICATE: &str = include_str!("certificates/sandbox-signing-certificate.pem");
const SANDBOX_CERTIFICATE_NAME: &str = "CERT-ipnd-sandbox";

/// PayPal repeats for three days, and whether a repeat is signed anew is not known, so a narrower window would lose
/// payments after an outage of the shop. What this leaves to whoever has caught a signature is closed elsewhere: a
/// message with nothing but the signature pays nothing.
const WINDOW: Window = Window { past_s: 4 * 86_400, future_s: 300 };

const SCHEME: Scheme = Scheme::RsaSha256;
const ALGORITHM: &str = "SHA256withRSA";

/// The headers of a webhook, in the right form. Nothing is proved yet.
pub(super) struct Headers<'a> {
    id: &'a str,
    time: &'a str,
    signature: &'a str,
    certificate_url: &'a str,
    signed_at: Timestamp,
    is_stale: bool,
}

impl<'a> Headers<'a> {
    pub(super) fn read(request: &'a RawRequest, settings: &Settings, now: Timestamp) -> Result<Self, Reason> {
        request.must_be_posted()?;
        let is_live = settings.environment == Environment::Live;
        if is_live && settings.get("webhook_id") == Some(SIMULATOR_ID) {
            return Err(Reason::new("test_account_only", SIMULATOR_ID));
        }
        let time = request.only_header("paypal-transmission-time")?;
        let headers = Self {
            id: request.only_header("paypal-transmission-id")?,
            time,
            signature: request.only_header("paypal-transmission-sig")?,
            certificate_url: request.only_header("paypal-cert-url")?,
            signed_at: time::rfc3339(time).ok_or_else(|| Reason::new("timestamp_missing", ""))?,
            is_stale: false,
        };
        must_be_named(request.only_header("paypal-auth-algo")?, &[ALGORITHM])?;
        // Whoever could put the separator into a part could move its border (T-A16).
        if headers.id.is_empty() || headers.id.contains('|') || headers.time.contains('|') {
            return Err(Reason::new("signature_malformed", "paypal-transmission-id"));
        }
        check_address(headers.certificate_url, settings)?;
        match WINDOW.check(&headers.signed_at.as_second().to_string(), now) {
            Err(reason) if reason.code == "timestamp_stale" => Ok(Self { is_stale: true, ..headers }),
            Err(reason) => Err(reason),
            Ok(()) => Ok(headers),
        }
    }

    /// Whether it was signed longer ago than PayPal keeps repeating.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// A certificate never changes behind its address, so a day is on the short side.
    pub(super) fn ask(&self) -> Ask {
        Ask::get(self.certificate_url).fresh_for(SignedDuration::from_hours(24))
    }

    /// Checks the chain of the certificate, then the signature. Says by which webhook id it was signed.
    pub(super) fn verify(
        &self,
        request: &'a RawRequest,
        settings: &'a Settings,
        certificate: &AskedAnswer,
    ) -> Result<(Verified<'a>, &'a str), Resumed> {
        let pem = fetch::read(request, certificate, "certificate").found()?.body();
        let is_sandbox = settings.environment == Environment::Sandbox;
        let names = if is_sandbox { &[SANDBOX_NAME, LIVE_NAME][..] } else { &[LIVE_NAME] };
        let refused = |fault: CertificateFault| Resumed::Forged(fault.into());
        let presented = Presented::read(pem, names).map_err(refused)?;
        let checksum = crc32fast::hash(&request.body).to_string();
        let simulated = is_sandbox.then_some(SIMULATOR_ID);
        let malformed = || Resumed::Forged(Reason::new("signature_malformed", "paypal-transmission-sig"));
        let signature = Encoding::Base64.decode(self.signature).ok_or_else(malformed)?;
        let mut texts = settings
            .get("webhook_id")
            .into_iter()
            .chain(simulated)
            .map(|id| (id, signed_text(self.id, self.time, id, &checksum)));
        // Most forgeries end here, before the chain is followed.
        let signed = texts.find(|(_, text)| presented.has_signed(SCHEME, &[text.as_bytes()], &signature));
        let (id, text) = signed.ok_or_else(|| Resumed::Forged(Reason::new("signature_wrong", "")))?;
        let key = self.key(&presented, settings)?;
        let verified = key.verify(request, &[text.as_bytes()], &signature).map_err(Resumed::Forged)?;
        Ok((verified, id))
    }

    /// The certificate's key, once its chain has been followed to a root.
    fn key(&self, presented: &Presented, settings: &Settings) -> Result<PublicKey, Resumed> {
        let mut roots = ROOTS.to_vec();
        roots.extend((settings.environment == Environment::Sandbox).then_some(SANDBOX_AUTHORITY));
        let roots = Roots::from_pem(&roots).map_err(Resumed::NotYetKnown)?;
        let links: Vec<&str> = settings.get("issuer_certificates").into_iter().chain([LINK]).collect();
        roots.key(presented, &links, self.signed_at, SCHEME).map_err(|fault| match fault {
            // It came from PayPal's own host. Once the owner has added the missing link, it can be checked.
            CertificateFault::IssuerUnknown => Resumed::NotYetKnown(fault.into()),
            CertificateFault::Refused(_) => Resumed::Forged(fault.into()),
        })
    }
}

/// Whether the certificate may be fetched from there (T-A11).
fn check_address(url: &str, settings: &Settings) -> Result<(), Reason> {
    match (settings.environment, settings.get("api_url")) {
        (Environment::Live, _) => LIVE.check(url),
        (Environment::Sandbox, Some(own)) if x509::is_below(&certificates_below(own), url) => Ok(()),
        (Environment::Sandbox, _) => SANDBOX.check(url),
    }
}

fn certificates_below(base: &str) -> String {
    format!("{}{CERTIFICATES}", base.trim_end_matches('/'))
}

fn signed_text(id: &str, time: &str, webhook_id: &str, checksum: &str) -> String {
    format!("{id}|{time}|{webhook_id}|{checksum}")
}

/// The body as PayPal's sandbox would send it, signed with the published key.
pub(crate) fn signed(
    body: String,
    id: &str,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, Reason> {
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let webhook_id = settings.get("webhook_id").unwrap_or_default();
    let checksum = crc32fast::hash(body.as_bytes()).to_string();
    let text = signed_text(id, &time, webhook_id, &checksum);
    let signature = SigningKey::from_pem(SCHEME, published::RSA_PRIVATE)?.sign(&[text.as_bytes()])?;
    let base = match (settings.environment, settings.get("api_url")) {
        (Environment::Live, _) => API_HOSTS.live_certificates,
        (Environment::Sandbox, own) => own.unwrap_or(API_HOSTS.sandbox_certificates),
    };
    Ok(RawRequest::post("application/json", body)
        .with("user-agent", "PayPal/AUHD-214.0-58391792")
        .with("paypal-transmission-id", id)
        .with("paypal-transmission-time", time)
        .with("paypal-transmission-sig", Encoding::Base64.encode(&signature))
        .with("paypal-cert-url", format!("{}/{SANDBOX_CERTIFICATE_NAME}", certificates_below(base)))
        .with("paypal-auth-algo", ALGORITHM)
        .with("paypal-auth-version", "v2"))
}
