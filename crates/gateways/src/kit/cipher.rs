//! Content that comes encrypted: AES-CBC with the padding of PKCS#7.
//!
//! That somebody could encrypt shows that he knows the key, and little more: without a MAC, whoever has seen one message
//! can bend the first block of another at will. So this is at most weak, and what comes out is looked at strictly.

use super::verified::Verified;
use crate::RawRequest;
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use ipnd_core::Reason;

/// Length of a block and of the initialisation vector, in bytes.
pub const BLOCK_BYTES: usize = 16;

/// What stood inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    content: Vec<u8>,
}

impl Opened {
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The content as something that was proved, as far as this proves anything.
    #[must_use]
    pub fn verified<'a>(&'a self, request: &'a RawRequest) -> Verified<'a> {
        Verified::by_content(request, &self.content)
    }
}

/// Decrypts. The key has 16 or 32 bytes.
///
/// # Errors
/// `secret_unusable` for a key of another length, `signature_malformed` for content or a vector of a length that
/// cannot be, `signature_wrong` when it was not made with this key. Nothing says more than that, or the padding could
/// be guessed byte by byte.
pub fn open(key: &[u8], vector: &[u8], content: &[u8]) -> Result<Opened, Reason> {
    let unbound = unbound(key)?;
    let vector = <[u8; BLOCK_BYTES]>::try_from(vector);
    let vector = vector.map_err(|_| Reason::new("signature_malformed", "initialisation vector"))?;
    if content.is_empty() || !content.len().is_multiple_of(BLOCK_BYTES) {
        return Err(Reason::new("signature_malformed", "encrypted content"));
    }
    let wrong = |_| Reason::new("signature_wrong", "");
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(unbound).map_err(wrong)?;
    let mut content = content.to_vec();
    let context = DecryptionContext::Iv128(FixedLength::from(&vector));
    let length = cipher.decrypt(&mut content, context).map_err(wrong)?.len();
    content.truncate(length);
    Ok(Opened { content })
}

/// Encrypts, for `compose`. The vector is given, so that the same event makes the same message.
///
/// # Errors
/// `secret_unusable`.
pub fn seal(key: &[u8], vector: [u8; BLOCK_BYTES], content: &[u8]) -> Result<Vec<u8>, Reason> {
    let unusable = |_| Reason::new("secret_unusable", "");
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(unbound(key)?).map_err(unusable)?;
    let mut content = content.to_vec();
    let context = EncryptionContext::Iv128(FixedLength::from(&vector));
    cipher.less_safe_encrypt(&mut content, context).map_err(unusable)?;
    Ok(content)
}

fn unbound(key: &[u8]) -> Result<UnboundCipherKey, Reason> {
    let unusable = || Reason::new("secret_unusable", format!("{} bytes", key.len()));
    let algorithm = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return Err(unusable()),
    };
    UnboundCipherKey::new(algorithm, key).map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::HEXLOWER;

    fn bytes(hex: &str) -> Vec<u8> {
        HEXLOWER.decode(hex.as_bytes()).unwrap()
    }

    /// NIST SP 800-38A, F.2.1 and F.2.5, whose four blocks are followed by one of padding here.
    #[test]
    fn known_answers() {
        let vector: [u8; 16] = bytes("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
        let content = bytes(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        );
        for (key, expected) in [
            (
                "2b7e151628aed2a6abf7158809cf4f3c",
                "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
                 73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
            ),
            (
                "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
                "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
                 39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
            ),
        ] {
            let sealed = seal(&bytes(key), vector, &content).unwrap();
            assert_eq!(sealed[..64], bytes(expected));
            assert_eq!(sealed.len(), 80);
            assert_eq!(open(&bytes(key), &vector, &sealed).unwrap().content(), content);
        }
    }

    #[test]
    fn every_length_goes_round() {
        for length in 0..50 {
            let content = vec![b'x'; length];
            let sealed = seal(&[7; 32], [9; 16], &content).unwrap();
            assert_eq!(sealed.len(), (length / 16 + 1) * 16);
            let opened = open(&[7; 32], &[9; 16], &sealed).unwrap();
            let request = RawRequest::post("text/plain", sealed.clone());
            assert_eq!(opened.verified(&request).body(), content);
        }
    }

    #[test]
    fn t_a08_fails_open_on_an_internal_error_of_the_cipher() {
        let sealed = seal(&[7; 16], [9; 16], b"amount=1.00").unwrap();
        let code = |key: &[u8], vector: &[u8], content: &[u8]| open(key, vector, content).unwrap_err().code;
        for length in [0, 1, 15, 17, 24, 31, 33, 64] {
            assert_eq!(code(&vec![7; length], &[9; 16], &sealed), "secret_unusable", "{length}");
        }
        for length in [0, 8, 15, 17, 32] {
            assert_eq!(code(&[7; 16], &vec![9; length], &sealed), "signature_malformed", "{length}");
        }
        for length in [0, 1, 15, 17, 31] {
            assert_eq!(code(&[7; 16], &[9; 16], &vec![0; length]), "signature_malformed", "{length}");
        }
        assert_eq!(code(&[8; 16], &[9; 16], &sealed), "signature_wrong");
        // Every wrong padding: the last block decrypts to what it was with these bits turned.
        for flip in 1..=255_u8 {
            let mut vector = [9; 16];
            vector[15] ^= flip;
            let opened = open(&[7; 16], &vector, &sealed);
            // Five bytes of padding, each 5; with 5 ^ 1 ^ ... only a single 1 at the end would be padding as well.
            assert_eq!(opened.is_ok(), 5 ^ flip == 1, "{flip}");
        }
    }
}
