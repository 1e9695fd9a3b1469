//! The gateway's side: signatures for `compose`, which know no chance.

use super::{PublicKey, Scheme, unusable};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair};
use ipnd_core::Reason;
use p256::ecdsa::{self, DerSignature, signature::Signer};
use p256::elliptic_curve::bigint::modular::{FixedMontyForm, FixedMontyParams};
use p256::elliptic_curve::bigint::{Odd, U2048};
use p256::pkcs8::der::{Decode, asn1::UintRef};
use p256::pkcs8::{DecodePrivateKey, PrivateKeyInfoRef};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;

/// Length of a modulus of 2048 bits.
const RSA_BYTES: usize = 256;

/// Bytes of the seed that a private key of Ed25519 is.
const SEED_BYTES: usize = 32;

/// The private half of a published key, or one of ipnd's own.
pub struct SigningKey {
    scheme: Scheme,
    pair: Pair,
}

enum Pair {
    /// With the numbers of RFC 8017 (A.1.2), for SHA-1.
    Rsa(Box<RsaKeyPair>, Vec<u8>),
    P256(ecdsa::SigningKey),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// From PKCS#8 in PEM.
    ///
    /// # Errors
    /// `key_unusable`; also for the curve of Bitcoin, which nobody plays.
    pub fn from_pem(scheme: Scheme, text: &str) -> Result<Self, Reason> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes());
        let der = der.map_err(|_| unusable("no private key in PEM"))?;
        let der = der.secret_pkcs8_der();
        let rejected = |error: aws_lc_rs::error::KeyRejected| unusable(error.to_string());
        let pair = match scheme {
            Scheme::RsaSha1 | Scheme::RsaSha256 | Scheme::RsaSha512 => {
                let info = PrivateKeyInfoRef::from_der(der).map_err(|_| unusable("no PKCS#8"))?;
                let numbers = info.private_key.as_bytes().to_vec();
                Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).map_err(rejected)?), numbers)
            }
            Scheme::EcdsaP256Sha256 | Scheme::EcdsaP256Sha256Fixed => {
                let key = ecdsa::SigningKey::from_pkcs8_der(der);
                Pair::P256(key.map_err(|_| unusable("no key of the curve P-256"))?)
            }
            Scheme::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(rejected)?)
            }
            Scheme::EcdsaK256Sha256 => return Err(unusable("nobody signs with it here")),
        };
        Ok(Self { scheme, pair })
    }

    /// From the bare key: for Ed25519 the 32 bytes of the seed, alone or with the 32 of the public half behind them.
    ///
    /// # Errors
    /// `key_unusable`; also for every other scheme, and when the two halves do not belong together.
    pub fn from_raw(scheme: Scheme, bytes: &[u8]) -> Result<Self, Reason> {
        if scheme != Scheme::Ed25519 {
            return Err(unusable("bare keys are read for Ed25519 only"));
        }
        let pair = match bytes.split_at_checked(SEED_BYTES) {
            None => return Err(unusable("shorter than 32 bytes")),
            Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed),
            Some((seed, public)) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
        };
        Ok(Self { scheme, pair: Pair::Ed25519(pair.map_err(|error| unusable(error.to_string()))?) })
    }

    /// The signature of `parts`, one after the other: always the same one for the same parts.
    ///
    /// # Errors
    /// `key_unusable`.
    pub fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, Reason> {
        let message = parts.concat();
        Ok(match &self.pair {
            Pair::Rsa(pair, numbers) => match self.scheme {
                Scheme::RsaSha1 => return sign_sha1(numbers, &message),
                Scheme::RsaSha512 => return sign_rsa(pair, &signature::RSA_PKCS1_SHA512, &message),
                _ => return sign_rsa(pair, &signature::RSA_PKCS1_SHA256, &message),
            },
            // RFC 6979: the number that would have to be chosen by chance is made from key and message.
            Pair::P256(key) if self.scheme == Scheme::EcdsaP256Sha256 => {
                let signed: DerSignature = key.sign(&message);
                signed.as_bytes().to_vec()
            }
            Pair::P256(key) => {
                let signed: ecdsa::Signature = key.sign(&message);
                signed.to_bytes().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(&message).as_ref().to_vec(),
        })
    }

    /// The public half.
    ///
    /// # Errors
    /// `key_unusable`, for keys too small for their scheme.
    pub fn public(&self) -> Result<PublicKey, Reason> {
        PublicKey::from_raw(self.scheme, &self.public_bytes())
    }

    /// The public half as [`PublicKey::from_raw`] reads it.
    #[must_use]
    pub fn public_bytes(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair, _) => pair.public_key().as_ref().to_vec(),
            Pair::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }
}

fn sign_rsa(pair: &RsaKeyPair, padding: &'static dyn RsaEncoding, message: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut signed = vec![0; pair.public_modulus_len()];
    // The library asks for a source of chance and does not use it: this padding has no room for any.
    let done = pair.sign(padding, &SystemRandom::new(), message, &mut signed);
    done.map(|()| signed).map_err(|_| unusable("it cannot sign"))
}

/// DigestInfo of SHA-1 up to the digest (RFC 8017, 9.2).
pub(super) const SHA1_DIGEST_INFO: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

/// RFC 8017, 8.2.1 with SHA-1, by the book: the library makes no such signatures any more, and two gateways still do.
/// For keys of 2048 bits.
fn sign_sha1(numbers: &[u8], message: &[u8]) -> Result<Vec<u8>, Reason> {
    power(numbers, &padded_sha1(message))
}

/// The digest as the padding wants it (RFC 8017, 9.2).
fn padded_sha1(message: &[u8]) -> Vec<u8> {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, message);
    let tail = [&[0][..], &SHA1_DIGEST_INFO, digest.as_ref()].concat();
    let filling = vec![0xff; RSA_BYTES - 2 - tail.len()];
    [&[0, 1], filling.as_slice(), &tail].concat()
}

/// A number to the power of the private exponent.
fn power(numbers: &[u8], padded: &[u8]) -> Result<Vec<u8>, Reason> {
    let malformed = || unusable("no RSA key of 2048 bits");
    // version, modulus, public exponent, private exponent, ...
    let numbers = Vec::<UintRef<'_>>::from_der(numbers).map_err(|_| malformed())?;
    let number = |place: usize| -> Result<U2048, Reason> {
        let bytes = numbers.get(place).ok_or_else(malformed)?.as_bytes();
        let padding = vec![0; RSA_BYTES.checked_sub(bytes.len()).ok_or_else(malformed)?];
        Ok(U2048::from_be_slice(&[&padding, bytes].concat()))
    };
    let (modulus, exponent) = (number(1)?, number(3)?);
    let modulus: Odd<U2048> = Option::from(Odd::new(modulus)).ok_or_else(malformed)?;
    let params = FixedMontyParams::new_vartime(modulus);
    let base = FixedMontyForm::new(&U2048::from_be_slice(padded), &params);
    Ok(base.pow_vartime(&exponent).retrieve().to_be_bytes().to_vec())
}

/// What a key makes of bytes that are padded already, rightly or not: for tests of the checking side.
#[cfg(test)]
pub(super) fn raw_rsa(private: &str, padded: &[u8]) -> Result<Vec<u8>, Reason> {
    match SigningKey::from_pem(Scheme::RsaSha1, private)?.pair {
        Pair::Rsa(_, numbers) => power(&numbers, padded),
        _ => Err(unusable("no RSA key")),
    }
}
