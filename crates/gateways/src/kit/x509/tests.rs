use super::*;
use crate::RawRequest;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SigningKey as _,
};

const ADDRESS: Address =
    Address { hosts: &["api.paypal.com", "api.sandbox.paypal.com"], path: "/v1/notifications/certs/" };
const GOOD: &str = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb";

#[test]
fn t_a11_certificate_taken_from_a_url_inside_the_message() {
    let fine = [
        GOOD.to_owned(),
        GOOD.replace("api.", "api.sandbox."),
        GOOD.replace(".com/", ".com:443/"),
        GOOD.replace("1a5f47cb", "a.pem"),
    ];
    for url in fine {
        assert!(ADDRESS.check(&url).is_ok(), "{url}");
    }
    let path = "/v1/notifications/certs/CERT-1";
    let with_host = |host: &str| format!("https://{host}{path}");
    let hosts = [
        "evil.tld",
        "api.paypal.com.evil.tld",
        "evilapi.paypal.com",
        "api.paypal.com@evil.tld",
        "api.paypal.com:443@evil.tld",
        "user@api.paypal.com",
        "user:password@api.paypal.com",
        "@api.paypal.com",
        "api.paypal.com:8443",
        "api.paypal.com:80",
        "api.paypal.com:",
        "api.paypal.com:0443",
        "api.paypal.com.",
        "API.PAYPAL.COM",
        "api.paypal.com%2eevil.tld",
        "api%2epaypal.com",
        "paypal.com",
        "www.paypal.com",
        "api-m.paypal.com",
        "xn--api-paypal.com",
        "api.paypaІ.com",
        "api.paypal。com",
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "localhost",
        "api.paypal.com\\@evil.tld",
        "evil.tld\\.api.paypal.com",
        "evil.tld#api.paypal.com",
        "evil.tld?api.paypal.com",
        "evil.tld/api.paypal.com",
        "s3.amazonaws.com/api.paypal.com",
        " api.paypal.com",
        "api.paypal.com ",
        "api.paypal.com\t",
        "api.paypal.com\r\nhost: evil.tld",
        "",
    ];
    let mut hostile: Vec<String> = hosts.iter().map(|host| with_host(host)).collect();
    let whole = [
        "",
        "CERT-1",
        "//api.paypal.com/v1/notifications/certs/CERT-1",
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "HTTPS://api.paypal.com/v1/notifications/certs/CERT-1",
        "ftp://api.paypal.com/v1/notifications/certs/CERT-1",
        "file:///v1/notifications/certs/CERT-1",
        "data:text/plain,-----BEGIN CERTIFICATE-----",
        "javascript:https://api.paypal.com/v1/notifications/certs/CERT-1",
        " https://api.paypal.com/v1/notifications/certs/CERT-1",
        "https:/api.paypal.com/v1/notifications/certs/CERT-1",
        "https:///api.paypal.com/v1/notifications/certs/CERT-1",
        "https:\\\\api.paypal.com\\v1\\notifications\\certs\\CERT-1",
        "https://api.paypal.com",
        "https://api.paypal.com/",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs",
        "https://api.paypal.com/v1/notifications/other/CERT-1",
        "https://api.paypal.com/x/v1/notifications/certs/CERT-1",
        "https://api.paypal.com//v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../../upload/mine",
        "https://api.paypal.com/v1/notifications/certs/..",
        "https://api.paypal.com/v1/notifications/certs/%2e%2e/mine",
        "https://api.paypal.com/v1/notifications/certs/a/b",
        "https://api.paypal.com/v1/notifications/certs/a\\..\\b",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://evil.tld",
        "https://api.paypal.com/v1/notifications/certs/CERT-1#evil",
        "https://api.paypal.com/v1/notifications/certs/CERT-1;evil",
        "https://api.paypal.com/v1/notifications/certs/CERT 1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\n",
        "https://api.paypal.com/v1/notifications/certs/CERT-1\0",
        "https://api.paypal.com/v1/notifications/certs/\u{442}",
    ];
    hostile.extend(whole.iter().map(|url| (*url).to_owned()));
    hostile.push(format!("{GOOD}{}", "a".repeat(10_000)));
    assert!(hostile.len() >= 40, "{}", hostile.len());
    for url in hostile {
        let reason = ADDRESS.check(&url).expect_err(&url);
        assert_eq!(reason.code, "certificate_refused", "{url}");
    }
}

const NAME: &str = "messages.gateway.example";

/// A little public key infrastructure: a root, a link and a leaf.
struct Issued {
    root: String,
    link: String,
    leaf: String,
    key: KeyPair,
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn issued(change: impl Fn(&mut CertificateParams, &mut CertificateParams)) -> Issued {
    let new_key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (mut link, mut leaf) = (authority("Link"), CertificateParams::new(vec![NAME.to_owned()]).unwrap());
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (leaf.not_before, leaf.not_after) = (rcgen::date_time_ymd(2024, 3, 1), rcgen::date_time_ymd(2025, 3, 1));
    change(&mut link, &mut leaf);
    let root = CertifiedIssuer::self_signed(authority("Root"), new_key()).unwrap();
    let link = CertifiedIssuer::signed_by(link, new_key(), &root).unwrap();
    let key = new_key();
    let leaf = leaf.signed_by(&key, &link).unwrap();
    Issued { root: root.pem(), link: link.pem(), leaf: leaf.pem(), key }
}

fn fault(roots: &[&str], pem: &str, more: &[&str], names: &[&str], at: &str) -> Option<CertificateFault> {
    let roots = Roots::from_pem(roots).unwrap();
    let at = at.parse().unwrap();
    let presented = Presented::read(pem.as_bytes(), names);
    presented.and_then(|presented| roots.key(&presented, more, at, Scheme::EcdsaP256Sha256)).err()
}

const THEN: &str = "2024-08-02T19:33:35Z";

#[test]
fn a_chain_that_leads_to_the_root_gives_the_key_that_signed() {
    let own = issued(|_, _| {});
    let both = format!("{}\n{}", own.leaf, own.link);
    let turned = format!("{}\n{}", own.link, own.leaf);
    let root = own.root.as_str();
    assert_eq!(fault(&[root], &both, &[], &[NAME], THEN), None);
    assert_eq!(fault(&[root], &turned, &[], &["other.example", NAME], THEN), None);
    assert_eq!(fault(&[root], &own.leaf, &[&own.link], &[NAME], THEN), None);
    let roots = Roots::from_pem(&[root]).unwrap();
    let presented = Presented::read(both.as_bytes(), &[NAME]).unwrap();
    let key = roots.key(&presented, &[], THEN.parse().unwrap(), Scheme::EcdsaP256Sha256).unwrap();
    let request = RawRequest::post("text/plain", "what was signed");
    let signed = own.key.sign(&request.body).unwrap();
    assert!(key.verify(&request, &[&request.body], &signed).is_ok());
    assert!(key.verify(&request, &[b"other"], &signed).is_err());
    assert!(presented.has_signed(Scheme::EcdsaP256Sha256, &[&request.body], &signed));
    assert!(!presented.has_signed(Scheme::EcdsaP256Sha256, &[b"other"], &signed));
    assert!(!presented.has_signed(Scheme::RsaSha256, &[&request.body], &signed));
}

#[test]
fn t_a11_wrong_chain_expired_or_wrong_name_is_refused() {
    let own = issued(|_, _| {});
    let other = issued(|_, _| {});
    let both = format!("{}\n{}", own.leaf, own.link);
    let root = own.root.as_str();
    let is_refused = |fault: Option<CertificateFault>| matches!(fault, Some(CertificateFault::Refused(_)));
    // The wrong chain: another root of the same name, a missing link, another link of the same name.
    assert!(fault(&[&other.root], &both, &[], &[NAME], THEN).is_some());
    assert_eq!(fault(&[root], &own.leaf, &[], &[NAME], THEN), Some(CertificateFault::IssuerUnknown));
    assert!(fault(&[root], &own.leaf, &[&other.link], &[NAME], THEN).is_some());
    assert_eq!(fault(&[], &both, &[], &[NAME], THEN), Some(CertificateFault::IssuerUnknown));
    // The wrong time.
    for at in ["2024-02-29T23:59:59Z", "2025-03-01T00:00:01Z", "1960-01-01T00:00:00Z"] {
        assert!(is_refused(fault(&[root], &both, &[], &[NAME], at)), "{at}");
    }
    // The wrong name.
    for name in ["other.example", "gateway.example", "x.messages.gateway.example", "", "127.0.0.1"] {
        assert!(is_refused(fault(&[root], &both, &[], &[name], THEN)), "{name}");
    }
    assert!(is_refused(fault(&[root], &both, &[], &[], THEN)));
    // A leaf that is no authority cannot issue certificates.
    let no_authority = issued(|link, _| link.is_ca = IsCa::ExplicitNoCa);
    let both = format!("{}\n{}", no_authority.leaf, no_authority.link);
    assert!(is_refused(fault(&[&no_authority.root], &both, &[], &[NAME], THEN)));
    // A certificate for something else than a server.
    let mail = issued(|_, leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection]);
    let both = format!("{}\n{}", mail.leaf, mail.link);
    assert!(is_refused(fault(&[&mail.root], &both, &[], &[NAME], THEN)));
    // What is no certificate at all.
    for text in ["", "null", "<html>", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"] {
        assert!(is_refused(fault(&[root], text, &[], &[NAME], THEN)), "{text}");
    }
    let many = own.leaf.repeat(CERTIFICATES_MAX + 1);
    assert!(is_refused(fault(&[root], &many, &[], &[NAME], THEN)));
    assert!(Roots::from_pem(&["nonsense"]).is_err());
}
