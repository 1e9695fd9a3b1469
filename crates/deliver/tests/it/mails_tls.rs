//! Mail servers that want TLS, and those that only pretend.

use crate::peer_smtp::{Session, SmtpPeer, Step, converse, talk};
use crate::world::{World, config, policy};
use ipnd_deliver::client::Policy;
use ipnd_deliver::mail::{MailConfig, Tls};
use ipnd_store::MailState;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate authority of our own, and the file that makes the client believe it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
    _directory: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("authority.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file, _directory: directory }
    }

    fn acceptor(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn policy(&self) -> Policy {
        Policy { extra_ca_files: vec![self.file.clone()], ..policy(&[]) }
    }
}

/// What a server says when it is told STARTTLS.
const GO: &str = "220 go\r\n";

/// Speaks plainly up to STARTTLS, answers that with `reply`, and then securely.
async fn starttls_server(
    acceptor: TlsAcceptor,
    offers: &'static str,
    reply: &'static str,
) -> (SocketAddr, Kept) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Kept::default();
    let keep = Arc::clone(&kept);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"220 peer\r\n").await.unwrap();
            hear(&mut stream, "EHLO").await;
            stream.write_all(offers.as_bytes()).await.unwrap();
            if !hear(&mut stream, "STARTTLS").await {
                continue;
            }
            stream.write_all(reply.as_bytes()).await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, authenticated, |session| *keep.lock().unwrap() = session.clone()).await;
            }
        }
    });
    (address, kept)
}

type Kept = Arc<Mutex<Session>>;

fn authenticated(at: &str) -> Step {
    match at {
        "EHLO" => Step::Say("250-peer\r\n250 AUTH PLAIN LOGIN"),
        "AUTH" => Step::Say("235 welcome"),
        _ => Step::Proceed,
    }
}

async fn hear(stream: &mut TcpStream, verb: &str) -> bool {
    let mut buffer = [0; 512];
    let length = stream.read(&mut buffer).await.unwrap_or_default();
    buffer[..length].starts_with(verb.as_bytes())
}

fn with_login(address: SocketAddr, tls: Tls) -> MailConfig {
    let (username, password) = (Some("shop".to_owned()), Some("correct horse".to_owned()));
    MailConfig { tls, username, password, ..config(address) }
}

/// Tries to send one mail; gives its state and the reason it waits for.
async fn outcome(config: MailConfig, policy: Policy) -> (MailState, String) {
    let world = World::new().await;
    let order = world.order_with_mail("x").await;
    let workers = world.workers(Some(config), policy);
    let line = world
        .mail_becomes(&order, |mail| mail.state != MailState::Waiting || mail.last_reason.is_some())
        .await;
    workers.stop().await;
    (line.state, line.last_reason.map(|reason| reason.detail).unwrap_or_default())
}

#[tokio::test]
async fn starttls_is_required_verified_and_carries_the_password() {
    let authority = Authority::new();
    let offers = "250-peer\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n";
    let (address, kept) = starttls_server(authority.acceptor("127.0.0.1"), offers, GO).await;
    let config = with_login(address, Tls::StartTls);
    assert_eq!(outcome(config.clone(), authority.policy()).await.0, MailState::Sent);
    let session = kept.lock().unwrap().clone();
    assert_eq!(session.messages.len(), 1);
    assert!(session.commands[1].starts_with("AUTH PLAIN "), "{:?}", session.commands);

    let (state, why) = outcome(config, policy(&[])).await;
    assert_eq!(state, MailState::Waiting, "its authority is not known");
    assert!(why.contains("did not prove who it is"), "{why}");

    let (address, _) = starttls_server(authority.acceptor("other.example"), offers, GO).await;
    let (state, why) = outcome(with_login(address, Tls::StartTls), authority.policy()).await;
    assert!(state == MailState::Waiting && why.contains("did not prove who it is"), "{why}");
}

/// Leaving STARTTLS out of the offer, refusing it, or speaking before the handshake never leads to plain text.
#[tokio::test]
async fn starttls_cannot_be_stripped_or_spoken_into() {
    let authority = Authority::new();
    let offers = "250-peer\r\n250 STARTTLS\r\n";
    for (offers, reply, why) in [
        ("250 peer\r\n", GO, "does not offer STARTTLS"),
        (offers, "454 not now\r\n", "454 not now"),
        (offers, "220 go\r\n250 AUTH PLAIN\r\n", "between STARTTLS and the handshake"),
    ] {
        let (address, kept) = starttls_server(authority.acceptor("127.0.0.1"), offers, reply).await;
        let (state, said) = outcome(with_login(address, Tls::StartTls), authority.policy()).await;
        assert_eq!(state, MailState::Waiting);
        assert!(said.contains(why), "{said}");
        assert!(kept.lock().unwrap().raw.is_empty());
    }
}

#[tokio::test]
async fn implicit_tls_from_the_first_byte() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                talk(stream, authenticated, |_| {}).await;
            }
        }
    });
    assert_eq!(outcome(with_login(address, Tls::Implicit), authority.policy()).await.0, MailState::Sent);
    let (state, why) = outcome(with_login(address, Tls::Implicit), policy(&[])).await;
    assert!(state == MailState::Waiting && why.contains("did not prove who it is"), "{why}");
}

#[tokio::test]
async fn a_refused_password_is_a_matter_of_configuration() {
    let peer = SmtpPeer::planned(|_, at| match at {
        "AUTH" => Step::Say("535 wrong password"),
        other => authenticated(other),
    })
    .await;
    let (state, why) = outcome(with_login(peer.address, Tls::None), policy(&[])).await;
    assert!(state == MailState::Waiting && why.contains("wrong password"), "{why}");
    assert!(!why.contains("horse"), "our own password is nowhere in it");
}
