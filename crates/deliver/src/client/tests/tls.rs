use super::*;
use crate::client::{ExchangeError, TrustError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Long past and far ahead, so that no test ever depends on the day.
fn valid(names: &[&str]) -> CertificateParams {
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(4000, 1, 1);
    params
}

/// A server that says VERIFIED to everybody who believes its certificate.
async fn server(params: CertificateParams, issuer: Option<&Authority>) -> SocketAddr {
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERIFIED").await;
            }
        }
    });
    address
}

async fn ask(
    address: SocketAddr,
    extra_ca_files: Vec<PathBuf>,
) -> Result<crate::client::Answer, ExchangeError> {
    let policy = Policy { extra_ca_files, ..policy(&[address]) };
    let client = client_with(policy, move |_, _| Ok(vec![address]));
    client.exchange("POST", "https://gateway.example/", &[], b"x".to_vec()).await
}

#[tokio::test]
async fn t_a19_post_back_over_unverified_tls() {
    let directory = tempfile::tempdir().unwrap();
    let believed = authority();
    let file = directory.path().join("authority.pem");
    std::fs::write(&file, believed.pem()).unwrap();
    let extra = vec![file];

    let mut expired = valid(&["gateway.example"]);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let mut not_yet = valid(&["gateway.example"]);
    not_yet.not_before = date_time_ymd(3999, 1, 1);
    let stranger = authority();
    let defects = [
        ("self-signed", server(valid(&["gateway.example"]), None).await),
        ("wrong name", server(valid(&["other.example"]), Some(&believed)).await),
        ("name of a parent", server(valid(&["example"]), Some(&believed)).await),
        ("no name", server(valid(&[]), Some(&believed)).await),
        ("expired", server(expired, Some(&believed)).await),
        ("not valid yet", server(not_yet, Some(&believed)).await),
        ("signed by somebody else", server(valid(&["gateway.example"]), Some(&stranger)).await),
    ];
    for (defect, address) in defects {
        let error = ask(address, extra.clone()).await.unwrap_err();
        assert!(error.is_tls(), "{defect}: {error}");
        assert!(error.to_string().contains("certificate"), "it says what to do: {error}");
    }
    let good = server(valid(&["gateway.example"]), Some(&believed)).await;
    assert_eq!(ask(good, extra).await.unwrap().body, b"VERIFIED");
    assert!(ask(good, Vec::new()).await.unwrap_err().is_tls(), "only because its authority was added");
}

#[tokio::test]
async fn t_a19_a_server_that_does_not_speak_tls_is_not_believed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERIFIED").await;
        }
    });
    assert!(ask(address, Vec::new()).await.unwrap_err().is_tls());
}

#[test]
fn a_file_without_certificates_is_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "nothing here").unwrap();
    let with =
        |path: PathBuf| Client::new(Policy { extra_ca_files: vec![path], ..Policy::default() }).unwrap_err();
    assert!(matches!(with(empty), TrustError::Empty { .. }));
    assert!(matches!(with(directory.path().join("missing.pem")), TrustError::File { .. }));
}
