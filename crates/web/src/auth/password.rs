//! Passwords: Argon2id with 19 MiB, 2 passes, 1 lane. Hashing is slow on purpose, so it runs beside the async
//! threads and only a few at a time: nobody can eat the machine's memory by guessing.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
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
/// Random bytes: no password is known for it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$pFsVGGtSboSlxxkNe3HNgg\
                      $bTbitZqGlYkF2YPpFXp/gVsu8f2yZBvJYZWfIOWTBXU";

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
        let fits = PasswordHash::new(hash.as_deref().unwrap_or(NOBODY))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let hash = hash_password("correct horse").await;
        assert!(is_password("correct horse", Some(&hash)).await);
        for (password, hash) in [
            ("correct horsf", Some(hash.as_str())),
            ("", Some(&hash)),
            ("correct horse", None),
            ("correct horse", Some("not a hash")),
            (&"x".repeat(PASSWORD_BYTES_MAX + 1), Some(&hash)),
        ] {
            assert!(!is_password(password, hash).await, "{password} {hash:?}");
        }
    }

    #[tokio::test]
    async fn t_f03_nobody_costs_as_much_as_somebody() {
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parameters(NOBODY), parameters(&hash_password("x").await));
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(nobody.hash.map(|hash| hash.as_bytes().len()), Some(32));
    }
}
