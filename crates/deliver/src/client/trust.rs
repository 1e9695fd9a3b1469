//! Whose certificates are believed. There is no switch to weaken this (T-A19).

use super::error::TrustError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The operating system's authorities and those in `extra` (for a company's own, and for tests).
pub(super) fn configuration(extra: &[PathBuf]) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    for path in extra {
        for certificate in read(path)? {
            roots.add(certificate).map_err(|_| TrustError::Empty { path: path.display().to_string() })?;
        }
    }
    if roots.is_empty() {
        tracing::warn!("this machine has no certificate authorities: no https server will be believed");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = Vec::new();
    Ok(Arc::new(config))
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let shown = path.display().to_string();
    let problem = |error: rustls::pki_types::pem::Error| TrustError::File {
        path: shown.clone(),
        problem: format!("{error:?}"),
    };
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(problem)?.collect::<Result<_, _>>().map_err(problem)?;
    if certificates.is_empty() { Err(TrustError::Empty { path: shown }) } else { Ok(certificates) }
}
