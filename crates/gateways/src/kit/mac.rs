//! Signatures that both sides make from a shared secret: HMAC, and plain digests over a text that holds the secret.
//!
//! What they have in common stands here once: the algorithm is fixed by the gateway and never chosen by the message
//! (T-A07), an empty secret proves nothing (T-A06), a signature is decoded and must have its exact length (T-A05),
//! and is compared in constant time (T-A10).

use super::verified::Verified;
use super::watch::{self, Seen};
use crate::RawRequest;
use aws_lc_rs::{constant_time, digest, hmac};
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use ipnd_core::Reason;

/// Longest signature that is decoded, in bytes of its text. One by an RSA key of 8192 bits in hexadecimal has 2048.
const TEXT_BYTES_MAX: usize = 2048;

/// Signatures in one header that are looked at. Senders that rotate secrets send two.
pub const SIGNATURES_MAX: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    HmacMd5,
    HmacSha1,
    HmacSha256,
    HmacSha384,
    HmacSha512,
    HmacSha3_256,
    /// Plain digests, for schemes that put the secret into the text. The key is not used: the text holds it.
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
    /// FIPS 202, which is not Keccak-256.
    Sha3_256,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    HexLower,
    HexUpper,
    /// Either case, as some gateways' own libraries compare.
    HexAnyCase,
    /// Standard alphabet with padding.
    Base64,
    /// Address alphabet with padding.
    Base64Url,
}

/// A mechanism: what is computed, and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Mac {
    pub algorithm: Algorithm,
    pub encoding: Encoding,
}

impl Mac {
    #[must_use]
    pub const fn new(algorithm: Algorithm, encoding: Encoding) -> Self {
        Self { algorithm, encoding }
    }

    /// The signature of `parts`, one after the other, as the gateway writes it.
    #[must_use]
    pub fn sign(&self, key: &[u8], parts: &[&[u8]]) -> String {
        self.encoding.encode(&self.algorithm.compute(key, parts))
    }

    /// Whether `given` is the signature of `parts` under one of the `keys`.
    ///
    /// # Errors
    /// `secret_unusable` without a key, `signature_malformed` for what is no signature, `signature_wrong`.
    pub fn verify<'a, K: AsRef<[u8]>>(
        &self,
        request: &'a RawRequest,
        keys: impl IntoIterator<Item = K>,
        parts: &[&[u8]],
        given: &str,
    ) -> Result<Verified<'a>, Reason> {
        self.verify_any(request, keys, parts, [given])
    }

    /// The same for senders that send several signatures at once: one that fits is enough. What is no signature
    /// among them is passed over, as long as one is.
    ///
    /// # Errors
    /// As [`Mac::verify`].
    pub fn verify_any<'a, 'g, K: AsRef<[u8]>>(
        &self,
        request: &'a RawRequest,
        keys: impl IntoIterator<Item = K>,
        parts: &[&[u8]],
        given: impl IntoIterator<Item = &'g str>,
    ) -> Result<Verified<'a>, Reason> {
        let length = self.algorithm.output_bytes();
        let given: Vec<&str> = given.into_iter().take(SIGNATURES_MAX).collect();
        let note = |fits| watch::note(|| self.seen(parts, &given, fits));
        let decoded: Vec<Vec<u8>> = given
            .iter()
            .filter_map(|text| self.encoding.decode(text))
            .filter(|bytes| bytes.len() == length)
            .collect();
        if decoded.is_empty() {
            note(false);
            return Err(Reason::new("signature_malformed", ""));
        }
        let mut has_key = false;
        for key in keys {
            let key = key.as_ref();
            if key.is_empty() {
                continue;
            }
            has_key = true;
            let expected = self.algorithm.compute(key, parts);
            if decoded.iter().any(|own| is_same(own, &expected)) {
                note(true);
                return Ok(Verified::by_verifier(request));
            }
        }
        note(false);
        Err(Reason::new(if has_key { "signature_wrong" } else { "secret_unusable" }, ""))
    }
}

impl Mac {
    fn seen(&self, parts: &[&[u8]], given: &[&str], fits: bool) -> Seen {
        Seen {
            way: format!("{}, in {}", self.algorithm.name(), self.encoding.name()),
            signed: Some(parts.concat()),
            given: given.iter().map(|text| text.chars().take(TEXT_BYTES_MAX).collect()).collect(),
            fits,
        }
    }
}

/// The named parts of a signature header such as `t=1,v1=ab`: cut at the separator, then at the first `=`, without the
/// spaces around. What has no name is no part.
pub fn parts(header: &str, separator: char) -> impl Iterator<Item = (&str, &str)> {
    let named = header.split(separator).filter_map(|part| part.split_once('='));
    named.map(|(name, value)| (name.trim(), value.trim()))
}

/// Compares secrets in constant time. Lengths are no secret.
#[must_use]
pub fn is_same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

impl Algorithm {
    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HmacMd5 => "HMAC-MD5",
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha384 => "HMAC-SHA384",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::HmacSha3_256 => "HMAC-SHA3-256",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
            Self::Sha3_256 => "SHA3-256",
        }
    }

    /// Length of the result, in bytes.
    #[must_use]
    pub fn output_bytes(self) -> usize {
        match self {
            Self::HmacMd5 | Self::Md5 => 16,
            Self::HmacSha1 | Self::Sha1 => 20,
            Self::HmacSha256 | Self::HmacSha3_256 | Self::Sha256 | Self::Sha3_256 => 32,
            Self::HmacSha384 | Self::Sha384 => 48,
            Self::HmacSha512 | Self::Sha512 => 64,
        }
    }

    /// The MAC or digest of `parts`, one after the other.
    #[must_use]
    pub fn compute(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::HmacMd5 => hmac_blocks::<64>(key, parts, md5),
            // SHA3-256 takes blocks of 136 bytes.
            Self::HmacSha3_256 => hmac_blocks::<136>(key, parts, |parts| hash(&digest::SHA3_256, parts)),
            Self::HmacSha1 => keyed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, parts),
            Self::HmacSha256 => keyed(hmac::HMAC_SHA256, key, parts),
            Self::HmacSha384 => keyed(hmac::HMAC_SHA384, key, parts),
            Self::HmacSha512 => keyed(hmac::HMAC_SHA512, key, parts),
            Self::Md5 => md5(parts),
            Self::Sha1 => hash(&digest::SHA1_FOR_LEGACY_USE_ONLY, parts),
            Self::Sha256 => hash(&digest::SHA256, parts),
            Self::Sha384 => hash(&digest::SHA384, parts),
            Self::Sha512 => hash(&digest::SHA512, parts),
            Self::Sha3_256 => hash(&digest::SHA3_256, parts),
        }
    }
}

fn keyed(algorithm: hmac::Algorithm, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().to_vec()
}

fn hash(algorithm: &'static digest::Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// MD5, which the other library does not have.
fn md5(parts: &[&[u8]]) -> Vec<u8> {
    use md5::Digest as _;
    let mut context = md5::Md5::new();
    parts.iter().for_each(|part| context.update(part));
    context.finalize().to_vec()
}

/// HMAC (RFC 2104) over a digest that the library has no HMAC for.
fn hmac_blocks<const BLOCK: usize>(
    key: &[u8],
    parts: &[&[u8]],
    hash: impl Fn(&[&[u8]]) -> Vec<u8>,
) -> Vec<u8> {
    let short = if key.len() > BLOCK { hash(&[key]) } else { key.to_vec() };
    let pad = |byte: u8| {
        let mut block = [byte; BLOCK];
        block.iter_mut().zip(&short).for_each(|(own, key)| *own ^= key);
        block
    };
    let (inner, outer) = (pad(0x36), pad(0x5c));
    let inside: Vec<&[u8]> = std::iter::once(&inner[..]).chain(parts.iter().copied()).collect();
    hash(&[&outer, &hash(&inside)])
}

impl Encoding {
    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HexLower => "small hexadecimal digits",
            Self::HexUpper => "capital hexadecimal digits",
            Self::HexAnyCase => "hexadecimal digits",
            Self::Base64 => "Base64",
            Self::Base64Url => "Base64 for addresses",
        }
    }

    #[must_use]
    pub fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::HexLower | Self::HexAnyCase => HEXLOWER.encode(bytes),
            Self::HexUpper => HEXUPPER.encode(bytes),
            Self::Base64 => BASE64.encode(bytes),
            Self::Base64Url => BASE64URL.encode(bytes),
        }
    }

    /// Strict: no white space, no missing padding, no stray bits.
    #[must_use]
    pub fn decode(self, text: &str) -> Option<Vec<u8>> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let bytes = text.as_bytes();
        match self {
            Self::HexLower => HEXLOWER.decode(bytes),
            Self::HexUpper => HEXUPPER.decode(bytes),
            Self::HexAnyCase => HEXLOWER_PERMISSIVE.decode(bytes),
            Self::Base64 => BASE64.decode(bytes),
            Self::Base64Url => BASE64URL.decode(bytes),
        }
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RawRequest {
        RawRequest::post("text/plain", "what was signed")
    }

    #[test]
    fn known_answers() {
        let check = |algorithm: Algorithm, expected: &str| {
            let mac = Mac::new(algorithm, Encoding::HexLower);
            assert_eq!(mac.sign(b"key", &[b"The quick brown fox ", b"jumps over the lazy dog"]), expected);
        };
        check(Algorithm::HmacMd5, "80070713463e7749b90c2dc24911e275");
        check(Algorithm::HmacSha1, "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
        check(Algorithm::HmacSha256, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
        check(Algorithm::Md5, "9e107d9d372bb6826bd81d3542a419d6");
        check(Algorithm::Sha1, "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12");
        check(Algorithm::Sha3_256, "69070dda01975c8c120c3aada1b282394e7f032fa9cf32f4cb2259a0897dfc04");
        check(Algorithm::HmacSha3_256, "8c6e0683409427f8931711b10ca92a506eb1fafa48fadd66d76126f47ac2c333");
    }

    #[test]
    fn t_a05_short_signature_compares_equal() {
        let mac = Mac::new(Algorithm::HmacSha256, Encoding::Base64);
        let request = request();
        let good = mac.sign(b"secret", &[&request.body]);
        let verify = |given: &str| mac.verify(&request, ["secret"], &[&request.body], given).is_ok();
        assert!(verify(&good));
        for length in 0..good.len() {
            assert!(!verify(&good[..length]), "{length}");
        }
        for longer in [format!("{good}A"), format!("{good}{good}"), format!("{good}="), format!(" {good}")] {
            assert!(!verify(&longer), "{longer}");
        }
    }

    #[test]
    fn t_a06_empty_or_missing_secret() {
        let mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);
        let request = request();
        let forged = mac.sign(b"", &[&request.body]);
        let code = |keys: &[&str]| {
            let verified = mac.verify(&request, keys, &[&request.body], &forged);
            verified.map(|_| ()).unwrap_err().code
        };
        assert_eq!(code(&[]), "secret_unusable");
        assert_eq!(code(&[""]), "secret_unusable");
        assert_eq!(code(&["", "other"]), "signature_wrong");
    }

    #[test]
    fn t_a08_fails_open_on_an_internal_error() {
        for encoding in [
            Encoding::HexLower,
            Encoding::HexUpper,
            Encoding::HexAnyCase,
            Encoding::Base64,
            Encoding::Base64Url,
        ] {
            let mac = Mac::new(Algorithm::HmacSha256, encoding);
            let request = request();
            for given in ["", "x", "zz", "abc", "=", "====", "\u{e9}", "null", &"0".repeat(1_000_000)] {
                let verified = mac.verify(&request, ["secret"], &[&request.body], given);
                assert_eq!(verified.map(|_| ()).unwrap_err().code, "signature_malformed", "{given:.20}");
            }
        }
    }

    #[test]
    fn one_signature_of_several_and_one_secret_of_several_are_enough() {
        let mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);
        let request = request();
        let good = mac.sign(b"new", &[&request.body]);
        let old = mac.sign(b"older", &[&request.body]);
        let any = |given: &[&str], keys: &[&str]| {
            mac.verify_any(&request, keys, &[&request.body], given.iter().copied()).is_ok()
        };
        assert!(any(&["rubbish", &old, &good], &["other", "new"]));
        assert!(!any(&["rubbish", &old], &["other", "new"]));
        let many: Vec<&str> =
            std::iter::repeat_n(old.as_str(), SIGNATURES_MAX).chain([good.as_str()]).collect();
        assert!(!any(&many, &["new"]), "what is beyond the limit is not looked at");
    }
}
