//! API keys: `ipnd_key_`, 160 random bits, and a checksum that tells a typing error from a revoked key without
//! asking the store. Only the SHA-256 of a key is kept (T-F11); it is shown once.

use crate::app::App;
use crate::problem::Problem;
use crate::remote::Remote;
use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use ipnd_store::{ApiKey, ShopId, Store, token};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// How every key begins, so that scanners for leaked secrets can find it.
pub const KEY_PREFIX: &str = "ipnd_key_";

/// Characters of the random part: 20 bytes in base32.
const RANDOM_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 8;
/// Characters of a key that are kept in plain text, to tell keys apart in a list.
const SHOWN_CHARS: usize = KEY_PREFIX.len() + 6;

/// A key that has just been made. `secret` is shown now and never again.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub key: ApiKey,
    pub secret: String,
}

/// Makes a key for a shop.
///
/// # Errors
/// The store's.
pub async fn create_key(
    store: &dyn Store,
    shop: ShopId,
    name: &str,
    now: Timestamp,
) -> ipnd_store::Result<NewKey> {
    let secret = random_key();
    let shown = &secret[..SHOWN_CHARS];
    let key = store.create_api_key(shop, name, shown, &token::fingerprint(&secret), now).await?;
    Ok(NewKey { key, secret })
}

fn random_key() -> String {
    use rand::TryRng as _;
    let mut bytes = [0_u8; 20];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives randomness");
    let random = data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
    format!("{KEY_PREFIX}{random}{}", checksum(&random))
}

fn checksum(random: &str) -> String {
    let digest = Sha256::digest(random.as_bytes());
    data_encoding::BASE32_NOPAD.encode(&digest[..5]).to_ascii_lowercase()
}

/// Whether the text has the form of a key and its checksum is right.
fn is_well_formed(key: &str) -> bool {
    key.strip_prefix(KEY_PREFIX).is_some_and(|rest| {
        rest.len() == RANDOM_CHARS + CHECKSUM_CHARS
            && rest.is_ascii()
            && checksum(&rest[..RANDOM_CHARS]) == rest[RANDOM_CHARS..]
    })
}

/// The machine that asks, and the shop it may act for.
#[derive(Clone, Debug)]
pub struct KeyHolder {
    pub key: ApiKey,
    /// The vendor whom a platform acts for, as its header says.
    vendor: Option<ShopId>,
}

/// Names the vendor whom a request is about, by the platform's own reference.
pub const VENDOR_HEADER: &str = "ipnd-vendor";

impl KeyHolder {
    #[must_use]
    pub fn shop(&self) -> ShopId {
        self.vendor.unwrap_or(self.key.shop)
    }

    #[must_use]
    pub fn acts_for_a_vendor(&self) -> bool {
        self.vendor.is_some()
    }

    /// Who it is, for the audit.
    #[must_use]
    pub fn name(&self) -> String {
        format!("API key “{}”", self.key.name)
    }
}

impl FromRequestParts<App> for KeyHolder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let header = parts.headers.get(AUTHORIZATION).ok_or(Problem::KeyMissing)?;
        let secret = header.to_str().ok().and_then(bearer).ok_or(Problem::KeyMissing)?;
        let now = app.clock.now();
        let found = if is_well_formed(secret) {
            app.store.api_key(&token::fingerprint(secret), now).await?
        } else {
            None
        };
        if let Some(key) = found {
            // Also while somebody at the same address (behind the same proxy) tries wrong ones.
            let vendor = vendor(parts, app, key.shop).await?;
            return Ok(Self { key, vendor });
        }
        let may_try_again = app.attempts().take(Remote::of(&parts.extensions), now);
        Err(if may_try_again { Problem::KeyUnknown } else { Problem::TooManyAttempts })
    }
}

/// The shop of the vendor that the request names. One that the platform does not have does not exist for it.
async fn vendor(parts: &Parts, app: &App, platform: ShopId) -> Result<Option<ShopId>, Problem> {
    let Some(header) = parts.headers.get(VENDOR_HEADER) else { return Ok(None) };
    let reference = std::str::from_utf8(header.as_bytes()).map_err(|_| Problem::NotFound)?;
    let vendor = app.store.vendor(platform, reference).await?;
    let unknown = || Problem::field(VENDOR_HEADER, "this platform has no such vendor");
    vendor.map(|vendor| Some(vendor.shop.id)).ok_or_else(unknown)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_f11_api_keys_have_160_random_bits_a_prefix_and_a_checksum() {
        let (one, two) = (random_key(), random_key());
        assert_ne!(one, two);
        assert!(one.starts_with(KEY_PREFIX) && one.len() == KEY_PREFIX.len() + 40);
        assert!(is_well_formed(&one));
        let last = if one.ends_with('a') { "b" } else { "a" };
        assert!(!is_well_formed(&format!("{}{last}", &one[..one.len() - 1])));
        for wrong in ["", KEY_PREFIX, "ipnd_key_ä", "Bearer x"] {
            assert!(!is_well_formed(wrong));
        }
    }
}
