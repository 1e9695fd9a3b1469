//! Unguessable texts: intake addresses, order pages, sessions, API keys, one-time codes.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

/// 26 characters of lower-case base32: 130 bits of randomness from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give; nothing safe can be done then.
#[must_use]
pub fn random() -> String {
    use rand::TryRng as _;
    let mut bytes = [0_u8; 17];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives randomness");
    let mut text = data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
    text.truncate(26);
    text
}

/// As [`random`], behind 8 letters that say when, to the second. Those made one after the other lie side by side in an
/// index, so writing many of them changes few of its pages. For what may show its age.
///
/// # Panics
/// As [`random`].
#[must_use]
pub fn random_at(now: Timestamp) -> String {
    let seconds = now.as_second().to_be_bytes();
    let mut text = data_encoding::BASE32HEX_NOPAD.encode(&seconds[3..]).to_ascii_lowercase();
    text.push_str(&random());
    text
}

/// What is stored of a secret that only ever has to be recognised (T-F11): its SHA-256, in lower-case hex.
/// The secrets are random and long, so a plain hash is enough.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// SHA-256.
pub(crate) fn fingerprint_bytes(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_tokens_come_after_earlier_ones_and_no_two_are_the_same() {
        let at = |second| random_at(Timestamp::from_second(second).unwrap());
        let tokens: Vec<String> = [0, 1, 31, 32, 1_800_000_000, 1_800_000_001, 4_000_000_000].map(at).into();
        assert!(tokens.is_sorted(), "{tokens:?}");
        assert!(tokens.iter().all(|token| token.len() == 34));
        assert_ne!(at(7), at(7));
    }
}
