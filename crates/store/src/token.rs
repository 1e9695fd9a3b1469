//! Unguessable texts: intake addresses, order pages, sessions, API keys, one-time codes.

use aws_lc_rs::digest::{SHA256, digest};

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

/// What is stored of a secret that only ever has to be recognised (T-F11): its SHA-256, in lower-case hex.
/// The secrets are random and long, so a plain hash is enough.
#[must_use]
pub fn fingerprint(secret: &str) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, secret.as_bytes()).as_ref())
}
