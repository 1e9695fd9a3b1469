//! Owners, their sessions and codes, and API keys. Of every secret only the fingerprint is here (T-F11).

use super::audit::{self, Deed};
use super::shops;
use crate::sql::{self, Columns as _, Db, Row, Subject, params};
use crate::{ApiKey, ApiKeyId, NewOwner, NewShop, Result, ShopId, StoreError, User, UserId};
use ipnd_core::Language;
use jiff::{SignedDuration, Timestamp};

/// A key's last use is moved at most this often: reading with a key should not cost a write.
const LAST_USE_KEPT_FOR: SignedDuration = SignedDuration::from_mins(1);

/// Codes that ran out this long before a new one does are forgotten.
const CODES_KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

fn before(now: Timestamp, span: SignedDuration) -> String {
    sql::time(now.checked_sub(span).unwrap_or(Timestamp::MIN))
}

// --- Owners ---

pub(crate) fn has_owner(db: &dyn Db) -> Result<bool> {
    Ok(sql::count(db, "SELECT count(*) AS n FROM (SELECT 1 FROM users LIMIT 1) AS u", sql::NONE)? > 0)
}

/// The first owner, by the code from the console. Everything is decided here, inside one transaction: of any number of
/// attempts at the same time one can succeed (T-F01).
pub(crate) fn set_up(
    db: &dyn Db,
    code_fingerprint: &str,
    shop: &NewShop,
    (email, password_hash): (&str, &str),
    now: Timestamp,
) -> Result<Option<User>> {
    // Two nodes may each have printed a code; the second one to come finds an owner.
    db.lock(&[Subject::Named("set-up", 0, "")])?;
    if has_owner(db)? {
        return Ok(None);
    }
    let used = sql::run(
        db,
        "UPDATE codes SET used_at = ?2
         WHERE fingerprint = ?1 AND user_id IS NULL AND used_at IS NULL AND expires_at > ?2",
        params![code_fingerprint, sql::time(now)],
    )?;
    if used == 0 {
        return Ok(None);
    }
    let language = shop.language;
    let shop = shops::create(db, shop, now)?.id;
    let (email, password_hash) = (email.to_owned(), Some(password_hash.to_owned()));
    create_owner(db, &NewOwner { shop, email, password_hash, language }, now).map(Some)
}

pub(crate) fn create_owner(db: &dyn Db, owner: &NewOwner, now: Timestamp) -> Result<User> {
    let created = sql::one(
        db,
        "INSERT INTO users (email, language, password_hash, created_at, shop_id) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (lower(email)) DO NOTHING RETURNING *",
        params![
            sql::clean(&owner.email),
            owner.language.code(),
            owner.password_hash,
            sql::time(now),
            owner.shop.0
        ],
        user,
    )?;
    let created = created
        .ok_or_else(|| StoreError::Conflict("there is somebody with this address already".to_owned()))?;
    note(db, owner.shop, "owner.created", created.id.to_string(), now)?;
    Ok(created)
}

pub(crate) fn by_email(db: &dyn Db, email: &str) -> Result<Option<User>> {
    sql::one(
        db,
        "SELECT * FROM users WHERE lower(email) = ?1",
        [sql::clean(email).to_ascii_lowercase()],
        user,
    )
}

pub(crate) fn set_language(db: &dyn Db, user: UserId, language: Language) -> Result<()> {
    sql::run(db, "UPDATE users SET language = ?2 WHERE id = ?1", params![user.0, language.code()])?;
    Ok(())
}

pub(crate) fn set_password(db: &dyn Db, user: UserId, hash: &str, now: Timestamp) -> Result<()> {
    sql::run(db, "UPDATE users SET password_hash = ?2 WHERE id = ?1", params![user.0, hash])?;
    sql::run(
        db,
        "UPDATE sessions SET ended_at = ?2 WHERE user_id = ?1 AND ended_at IS NULL",
        params![user.0, sql::time(now)],
    )?;
    Ok(())
}

fn user(row: &dyn Row) -> Result<User> {
    Ok(User {
        id: UserId(row.number("id")?),
        shop: ShopId(row.number("shop_id")?),
        email: row.text("email")?,
        password_hash: row.text_opt("password_hash")?,
        language: row.word("language", Language::from_tag)?,
    })
}

fn note(db: &dyn Db, shop: ShopId, what: &'static str, about: String, now: Timestamp) -> Result<()> {
    audit::note(db, &Deed { at: now, shop: Some(shop), who: None, what, about, detail: "" })
}

// --- One-time codes ---

/// Keeps a code. There is one set-up code at a time: the latest that the console has shown.
pub(crate) fn put_code(
    db: &dyn Db,
    fingerprint: &str,
    user: Option<UserId>,
    expires_at: Timestamp,
) -> Result<()> {
    sql::run(db, "DELETE FROM codes WHERE expires_at < ?1", [before(expires_at, CODES_KEPT_FOR)])?;
    sql::run(
        db,
        "INSERT INTO codes (fingerprint, user_id, expires_at) VALUES (?1, ?2, ?3)",
        params![fingerprint, user.map(|user| user.0), sql::time(expires_at)],
    )?;
    Ok(())
}

pub(crate) fn take_code(db: &dyn Db, fingerprint: &str, now: Timestamp) -> Result<Option<User>> {
    let taken = sql::one(
        db,
        "UPDATE codes SET used_at = ?2
         WHERE fingerprint = ?1 AND user_id IS NOT NULL AND used_at IS NULL AND expires_at > ?2
         RETURNING user_id",
        params![fingerprint, sql::time(now)],
        |row| row.number("user_id"),
    )?;
    let Some(id) = taken else { return Ok(None) };
    sql::one(db, "SELECT * FROM users WHERE id = ?1", [id], user)
}

// --- Sessions ---

pub(crate) fn start_session(db: &dyn Db, fingerprint: &str, user: UserId, now: Timestamp) -> Result<()> {
    sql::run(
        db,
        "INSERT INTO sessions (user_id, started_at, last_used_at, fingerprint) VALUES (?1, ?2, ?2, ?3)",
        params![user.0, sql::time(now), fingerprint],
    )?;
    Ok(())
}

/// A session's user, and whether its last use has to be moved.
pub(crate) fn session(
    db: &dyn Db,
    fingerprint: &str,
    now: Timestamp,
    (idle, absolute): (SignedDuration, SignedDuration),
) -> Result<Option<(User, bool)>> {
    sql::one(
        db,
        "SELECT u.*, s.last_used_at < ?4 AS is_stale FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.fingerprint = ?1 AND s.ended_at IS NULL AND s.last_used_at > ?2 AND s.started_at > ?3",
        params![fingerprint, before(now, idle), before(now, absolute), before(now, idle / 30)],
        |row| Ok((user(row)?, row.flag("is_stale")?)),
    )
}

/// Moves a session's last use. One that has ended meanwhile stays ended (T-F04).
pub(crate) fn touch_session(db: &dyn Db, fingerprint: &str, now: Timestamp) -> Result<bool> {
    let touched = sql::run(
        db,
        "UPDATE sessions SET last_used_at = CASE WHEN last_used_at < ?2 THEN ?2 ELSE last_used_at END WHERE fingerprint = ?1 AND ended_at IS NULL",
        params![fingerprint, sql::time(now)],
    )?;
    Ok(touched > 0)
}

pub(crate) fn end_session(db: &dyn Db, fingerprint: &str, now: Timestamp) -> Result<()> {
    sql::run(
        db,
        "UPDATE sessions SET ended_at = ?2 WHERE fingerprint = ?1 AND ended_at IS NULL",
        params![fingerprint, sql::time(now)],
    )?;
    Ok(())
}

// --- Log-in attempts ---

/// Counts an attempt against each key. Counting and comparing are one step, so parallel attempts cannot slip through
/// together (T-F03).
pub(crate) fn count_attempt(
    db: &dyn Db,
    keys: &[(String, u32)],
    now: Timestamp,
    window: SignedDuration,
) -> Result<bool> {
    let over = before(now, window);
    sql::run(db, "DELETE FROM login_attempts WHERE window_began_at <= ?1", [&over])?;
    let mut all_within = true;
    for (key, max) in keys {
        let attempts = sql::one(
            db,
            "INSERT INTO login_attempts (counted_for, attempts, window_began_at) VALUES (?1, 1, ?2)
             ON CONFLICT (counted_for) DO UPDATE SET attempts = login_attempts.attempts + 1
             RETURNING attempts",
            params![sql::clean(key), sql::time(now)],
            |row| row.number("attempts"),
        )?;
        all_within &= attempts.is_some_and(|attempts| attempts <= i64::from(*max));
    }
    Ok(all_within)
}

// --- API keys ---

pub(crate) fn create_api_key(
    db: &dyn Db,
    shop: ShopId,
    (name, prefix, fingerprint): (&str, &str, &str),
    now: Timestamp,
) -> Result<ApiKey> {
    let created = sql::one(
        db,
        "INSERT INTO api_keys (name, prefix, created_at, shop_id, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5)
         RETURNING *",
        params![sql::clean(name), prefix, sql::time(now), shop.0, fingerprint],
        api_key_row,
    )?;
    let created = created.ok_or_else(|| StoreError::Failed("the key just written is missing".to_owned()))?;
    note(db, shop, "api_key.created", created.id.to_string(), now)?;
    Ok(created)
}

/// The key, and whether its last use has to be moved.
pub(crate) fn api_key(db: &dyn Db, fingerprint: &str, now: Timestamp) -> Result<Option<(ApiKey, bool)>> {
    sql::one(
        db,
        "SELECT *, CASE WHEN last_used_at >= ?2 THEN 0 ELSE 1 END AS is_stale FROM api_keys
         WHERE fingerprint = ?1 AND revoked_at IS NULL",
        params![fingerprint, before(now, LAST_USE_KEPT_FOR)],
        |row| Ok((api_key_row(row)?, row.flag("is_stale")?)),
    )
}

pub(crate) fn touch_api_key(db: &dyn Db, key: ApiKeyId, now: Timestamp) -> Result<bool> {
    let touched = sql::run(
        db,
        "UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
        params![key.0, sql::time(now)],
    )?;
    Ok(touched > 0)
}

pub(crate) fn api_keys(db: &dyn Db, shop: ShopId) -> Result<Vec<ApiKey>> {
    let sql = "SELECT * FROM api_keys WHERE shop_id = ?1 AND revoked_at IS NULL ORDER BY id";
    sql::all(db, sql, [shop.0], api_key_row)
}

pub(crate) fn revoke_api_key(db: &dyn Db, shop: ShopId, key: ApiKeyId, now: Timestamp) -> Result<bool> {
    let revoked = sql::run(
        db,
        "UPDATE api_keys SET revoked_at = ?3 WHERE id = ?1 AND shop_id = ?2 AND revoked_at IS NULL",
        params![key.0, shop.0, sql::time(now)],
    )?;
    if revoked > 0 {
        note(db, shop, "api_key.revoked", key.to_string(), now)?;
    }
    Ok(revoked > 0)
}

fn api_key_row(row: &dyn Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: ApiKeyId(row.number("id")?),
        shop: ShopId(row.number("shop_id")?),
        name: row.text("name")?,
        prefix: row.text("prefix")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store as _;
    use crate::engine::Engine as _;
    use crate::sqlite::SqliteStore;
    use ipnd_core::Currency;

    #[tokio::test]
    async fn t_f04_a_request_that_looked_before_the_end_does_not_get_in_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("ipnd.db")).unwrap();
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let currency = Currency::from_code("EUR").unwrap();
        let (name, owner_email) = ("Teashop".to_owned(), "owner@example.com".to_owned());
        let shop = NewShop {
            slug: "tea".to_owned(),
            name,
            language: Language::En,
            currency,
            owner_email,
            is_sample: false,
        };
        let shop = store.create_shop(shop, now).await.unwrap().id;
        let email = "owner@example.com".to_owned();
        let owner = NewOwner { shop, email, password_hash: None, language: Language::En };
        let user = store.create_owner(owner, now).await.unwrap();
        store.start_session("print", user.id, now).await.unwrap();
        assert!(store.write(move |desk| touch_session(desk, "print", now)).await.unwrap());
        store.end_session("print").await.unwrap();
        assert!(!store.write(move |desk| touch_session(desk, "print", now)).await.unwrap());
    }
}
