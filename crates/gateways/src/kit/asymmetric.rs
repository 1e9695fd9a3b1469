//! Signatures that only the gateway can make, and that anybody with its public key can check.
//!
//! The scheme is fixed by the gateway's own file (T-A07): a key of another kind is unusable, and a message that names
//! another scheme is refused with [`must_be_named`]. Checking is left to a vetted library (T-A21); what stands around
//! it only tells apart what is wrong: the key, the form of the signature, or the signature.
//!
//! [`SigningKey`] is the other side, for `compose`: it signs without chance, so that the same event always makes the
//! same message. It is for the published keys in [`published`], and guards no secret; only Ed25519, which is the library's
//! own work from the first step to the last, is good for a private key of ipnd's ([`SigningKey::from_raw`]).

use super::mac::Encoding;
use super::verified::Verified;
use super::watch::{self, Seen};
use crate::RawRequest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use ipnd_core::Reason;
use p256::pkcs8::der::{Decode, asn1::UintRef};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

mod sign;

pub use sign::SigningKey;

/// Longest key that is looked at, in bytes of its text. RSA with 8192 bits has about 1500.
const KEY_BYTES_MAX: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5, keys of 2048 to 8192 bits. SHA-1 is only for gateways that have nothing better: its
    /// collisions help nobody who cannot choose what the gateway signs.
    RsaSha1,
    RsaSha256,
    RsaSha512,
    /// The signature as DER, as nearly everybody writes it.
    EcdsaP256Sha256,
    /// The signature as r and s of 32 bytes each, as JWS and RFC 9421 write it.
    EcdsaP256Sha256Fixed,
    /// The curve of Bitcoin, the signature as DER.
    EcdsaK256Sha256,
    Ed25519,
}

/// Published keys of the sandbox: whoever plays a gateway signs with them, so they prove nothing, and only an account
/// of the sandbox environment may trust them.
pub mod published {
    pub const RSA_PUBLIC: &str = include_str!("published/sandbox-rsa.public.pem");
    pub const RSA_PRIVATE: &str = include_str!("published/sandbox-rsa.pem");
    pub const P256_PUBLIC: &str = include_str!("published/sandbox-p256.public.pem");
    pub const P256_PRIVATE: &str = include_str!("published/sandbox-p256.pem");
    pub const ED25519_PUBLIC: &str = include_str!("published/sandbox-ed25519.public.pem");
    pub const ED25519_PRIVATE: &str = include_str!("published/sandbox-ed25519.pem");
}

/// A public key of one scheme.
#[derive(Clone, Debug)]
pub struct PublicKey {
    scheme: Scheme,
    key: ParsedPublicKey,
    /// Length of a signature; 0 where it varies.
    signature_bytes: usize,
}

impl PublicKey {
    /// From a PEM text (`BEGIN PUBLIC KEY`), or the Base64 of such a text without its first and last line, as
    /// dashboards show it.
    ///
    /// # Errors
    /// `key_unusable`: no such text, or a key of another scheme.
    pub fn from_pem(scheme: Scheme, text: &str) -> Result<Self, Reason> {
        if text.len() > KEY_BYTES_MAX {
            return Err(unusable("too long"));
        }
        if text.contains("-----") {
            let spki = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes());
            return Self::from_spki(scheme, &spki.map_err(|_| unusable("no public key in PEM"))?);
        }
        let text: String = text.split_whitespace().collect();
        let der = data_encoding::BASE64.decode(text.as_bytes());
        Self::from_spki(scheme, &der.map_err(|_| unusable("neither PEM nor Base64"))?)
    }

    /// From the DER of a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// `key_unusable`.
    pub fn from_spki(scheme: Scheme, der: &[u8]) -> Result<Self, Reason> {
        // The library takes bare keys too, by their first byte or their length. A certificate or a bare key here is
        // somebody's mistake.
        if p256::pkcs8::SubjectPublicKeyInfoRef::from_der(der).is_err() {
            return Err(unusable("no SubjectPublicKeyInfo"));
        }
        Self::parse(scheme, der)
    }

    /// From the bare key: the 32 bytes of Ed25519, the point of a curve (uncompressed), the `RSAPublicKey` of PKCS#1.
    ///
    /// # Errors
    /// `key_unusable`.
    pub fn from_raw(scheme: Scheme, bytes: &[u8]) -> Result<Self, Reason> {
        Self::parse(scheme, bytes)
    }

    fn parse(scheme: Scheme, bytes: &[u8]) -> Result<Self, Reason> {
        let key = ParsedPublicKey::new(scheme.algorithm(), bytes);
        let key = key.map_err(|rejected| unusable(rejected.to_string()))?;
        let signature_bytes = match scheme {
            Scheme::RsaSha1 | Scheme::RsaSha256 | Scheme::RsaSha512 => rsa_bytes(&key)?,
            Scheme::EcdsaP256Sha256 | Scheme::EcdsaK256Sha256 => 0,
            Scheme::EcdsaP256Sha256Fixed | Scheme::Ed25519 => 64,
        };
        Ok(Self { scheme, key, signature_bytes })
    }

    /// Whether bytes can be a signature by this key at all.
    fn can_be_signature(&self, given: &[u8]) -> bool {
        match self.signature_bytes {
            0 => Vec::<UintRef<'_>>::from_der(given).is_ok_and(|numbers| numbers.len() == 2),
            length => given.len() == length,
        }
    }

    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether `given` is this key's signature of `parts`, one after the other.
    ///
    /// # Errors
    /// `signature_malformed` for what is no signature of this scheme, `signature_wrong`.
    pub fn verify<'a>(
        &self,
        request: &'a RawRequest,
        parts: &[&[u8]],
        given: &[u8],
    ) -> Result<Verified<'a>, Reason> {
        let text = parts.concat();
        let note = |fits| {
            let given = vec![Encoding::Base64.encode(given)];
            let way = format!("{}, with the public key", self.scheme.name());
            watch::note(|| Seen { way, signed: Some(text.clone()), given, fits });
        };
        if !self.can_be_signature(given) {
            note(false);
            return Err(Reason::new("signature_malformed", ""));
        }
        let fits = self.has_signed(&[&text], given);
        note(fits);
        if fits { Ok(Verified::by_verifier(request)) } else { Err(Reason::new("signature_wrong", "")) }
    }

    pub(in crate::kit) fn has_signed(&self, parts: &[&[u8]], given: &[u8]) -> bool {
        self.key.verify_sig(&parts.concat(), given).is_ok()
    }

    /// The same for a signature in writing.
    ///
    /// # Errors
    /// As [`PublicKey::verify`].
    pub fn verify_text<'a>(
        &self,
        request: &'a RawRequest,
        parts: &[&[u8]],
        given: &str,
        encoding: Encoding,
    ) -> Result<Verified<'a>, Reason> {
        let given = encoding.decode(given).ok_or_else(|| Reason::new("signature_malformed", ""))?;
        self.verify(request, parts, &given)
    }
}

/// For messages that name the scheme they are signed with: one of the gateway's own words for the scheme that is
/// expected anyway, exactly. What the message says never chooses anything (T-A07).
///
/// # Errors
/// `algorithm_refused`.
pub fn must_be_named(given: &str, own_words: &[&str]) -> Result<(), Reason> {
    if own_words.contains(&given) {
        return Ok(());
    }
    let shown: String = given.chars().take(40).collect();
    Err(Reason::new("algorithm_refused", shown))
}

fn unusable(why: impl Into<String>) -> Reason {
    Reason::new("key_unusable", why.into())
}

impl Scheme {
    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaSha1 => "RSA with SHA-1",
            Self::RsaSha256 => "RSA with SHA-256",
            Self::RsaSha512 => "RSA with SHA-512",
            Self::EcdsaP256Sha256 => "ECDSA on P-256",
            Self::EcdsaP256Sha256Fixed => "ECDSA on P-256 (r and s)",
            Self::EcdsaK256Sha256 => "ECDSA on secp256k1",
            Self::Ed25519 => "Ed25519",
        }
    }

    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::RsaSha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP256Sha256Fixed => &signature::ECDSA_P256_SHA256_FIXED,
            Self::EcdsaK256Sha256 => &signature::ECDSA_P256K1_SHA256_ASN1,
            Self::Ed25519 => &signature::ED25519,
        }
    }
}

/// Length of an RSA modulus. The library looks at it only when it checks a signature, and a key that is too small is
/// the key's fault.
fn rsa_bytes(key: &ParsedPublicKey) -> Result<usize, Reason> {
    let der = key.as_der().map_err(|_| unusable(""))?;
    let key = PublicEncryptingKey::from_der(der.as_ref()).map_err(|error| unusable(error.to_string()))?;
    match key.key_size_bits() {
        2048..=8192 => Ok(key.key_size_bytes()),
        bits => Err(unusable(format!("{bits} bits"))),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod vectors;
