//! Passwords: Argon2id with 19 MiB, 2 passes, 1 lane. Hashing is slow on purpose, so it runs beside the async
//! threads and only a few at a time: nobody can eat the machine's memory by guessing.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Characters a new password needs at least.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Bytes of a password that are looked at; longer ones are refused before any work is done.
pub(super) const PASSWORD_BYTES_MAX: usize = 1_024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes computed at the same time; each needs [`MEMORY_KIB`].
static PLACES: Semaphore = Semaphore::const_new(4);

/// Compared with when there is no such user, so that the answer takes as long as for a known one (T-F03).
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("nobody has this password"));

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash_now(password: &str) -> String {
    let hash: PasswordHash = argon2()
        .hash_password(password.as_bytes())
        .expect("hashing fails only without randomness or for passwords of gigabytes");
    hash.to_string()
}

/// The hash to store, as PHC text.
pub async fn hash_password(password: &str) -> String {
    let password = password.to_owned();
    aside(move || hash_now(&password)).await
}

/// Whether `password` belongs to `hash`. Without a hash the answer is no, after the same time.
pub(super) async fn is_password(password: &str, hash: Option<&str>) -> bool {
    if password.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
    aside(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let fits = PasswordHash::new(&hash)
            .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
        known && fits
    })
    .await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _place = PLACES.acquire().await.expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work)
        .await
        .expect("hashing does not panic and the runtime outlives its requests")
}
