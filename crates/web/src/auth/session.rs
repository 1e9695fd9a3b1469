//! Sessions: a random cookie whose fingerprint the store knows. New at every log-in, gone for good at log-out (T-F04).

use super::password::is_password;
use super::words::say;
use crate::app::App;
use crate::i18n::Choice;
use crate::remote::Remote;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{HeaderMap, HeaderValue};
use http::request::Parts;
use ipnd_core::Language;
use ipnd_core::limits::{
    LOGIN_ATTEMPTS_PER_ACCOUNT_MAX, LOGIN_ATTEMPTS_PER_ADDRESS_MAX, LOGIN_WINDOW_MINUTES,
    SESSION_ABSOLUTE_HOURS, SESSION_IDLE_MINUTES,
};
use ipnd_store::{Shop, StoreError, User, token};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

/// The cookie's name.
const COOKIE_NAME: &str = "ipnd_session";

/// The owner on whose behalf a request comes. In a handler's arguments it turns everybody else away to `/login`.
#[derive(Clone, Debug)]
pub struct SessionUser {
    pub user: User,
    pub shop: Shop,
    /// For the hidden field `csrf` of every form.
    pub csrf: String,
}

impl SessionUser {
    #[must_use]
    pub fn language(&self) -> Language {
        self.user.language
    }
}

impl FromRequestParts<App> for SessionUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let login = || Redirect::to("/login").into_response();
        let secret = cookie(&parts.headers).ok_or_else(login)?;
        match find(app, &secret).await {
            Ok(found) => found.ok_or_else(login),
            Err(error) => {
                tracing::error!(%error, "a session could not be looked up");
                let language = Choice::of(&parts.uri, &parts.headers).or(Language::En);
                Err((http::StatusCode::SERVICE_UNAVAILABLE, say(language, "login.unavailable"))
                    .into_response())
            }
        }
    }
}

async fn find(app: &App, secret: &str) -> ipnd_store::Result<Option<SessionUser>> {
    let user = app
        .store
        .session_user(
            &token::fingerprint(secret),
            app.clock.now(),
            SignedDuration::from_mins(SESSION_IDLE_MINUTES),
            SignedDuration::from_hours(SESSION_ABSOLUTE_HOURS),
        )
        .await?;
    let Some(user) = user else { return Ok(None) };
    let shop = app.store.shop(user.shop).await?;
    Ok(shop.map(|shop| SessionUser { user, shop, csrf: form_token(secret) }))
}

/// What a form of this session must carry. Derived, so there is nothing to store: the cookie's secret is random
/// and long, and cannot be worked out from this.
pub(super) fn form_token(secret: &str) -> String {
    let digest = Sha256::new().chain_update(b"ipnd form token\0").chain_update(secret).finalize();
    data_encoding::HEXLOWER.encode(&digest)
}

/// The session cookie's value.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    crate::i18n::cookie(headers, COOKIE_NAME)
}

/// A log-in that has worked: send `set_cookie` as `Set-Cookie` and redirect to `/owner`.
#[derive(Clone, Debug)]
pub struct LogIn {
    pub user: User,
    pub set_cookie: HeaderValue,
}

/// Why somebody was not let in. Says the same of an unknown address and of a wrong password (T-F03).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogInProblem {
    #[error("the address or the password is wrong")]
    Wrong,
    #[error("too many attempts")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LogInProblem {
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let key = match self {
            Self::Wrong => "login.wrong",
            Self::TooMany => "login.too_many",
            Self::Store(_) => "login.unavailable",
        };
        say(language, key)
    }

    /// 401, 429 or 503.
    #[must_use]
    pub fn status(&self) -> http::StatusCode {
        match self {
            Self::Wrong => http::StatusCode::UNAUTHORIZED,
            Self::TooMany => http::StatusCode::TOO_MANY_REQUESTS,
            Self::Store(_) => http::StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Logs in with address and password. The attempt is counted before the password is looked at, so parallel
/// guesses cannot slip through together.
///
/// # Errors
/// [`LogInProblem`]; nothing is told about which addresses exist.
pub async fn log_in(app: &App, email: &str, password: &str, remote: Remote) -> Result<LogIn, LogInProblem> {
    let now = app.clock.now();
    let email = email.trim().to_lowercase();
    let keys = [
        (format!("login/account/{}", token::fingerprint(&email)), LOGIN_ATTEMPTS_PER_ACCOUNT_MAX),
        (format!("login/address/{}", remote.group()), LOGIN_ATTEMPTS_PER_ADDRESS_MAX),
    ];
    let window = SignedDuration::from_mins(LOGIN_WINDOW_MINUTES);
    if !app.store.count_attempt(&keys, now, window).await? {
        tracing::warn!(remote = %remote, "log-in refused: too many attempts");
        return Err(LogInProblem::TooMany);
    }
    let user = app.store.user_by_email(&email).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    match (is_password(password, hash).await, user) {
        (true, Some(user)) => Ok(start(app, user).await?),
        _ => {
            tracing::info!(remote = %remote, "log-in refused: wrong address or password");
            Err(LogInProblem::Wrong)
        }
    }
}

/// Logs in by the code of a one-time link and uses it up. `None` when the code is wrong, used or expired.
///
/// # Errors
/// The store's.
pub async fn log_in_with_code(app: &App, code: &str) -> ipnd_store::Result<Option<LogIn>> {
    match app.store.take_code(&token::fingerprint(code), app.clock.now()).await? {
        Some(user) => Ok(Some(start(app, user).await?)),
        None => Ok(None),
    }
}

/// Ends the session of this request, whatever it was, and gives the `Set-Cookie` that removes the cookie.
///
/// # Errors
/// The store's; the session then still exists.
pub async fn log_out(app: &App, headers: &HeaderMap) -> ipnd_store::Result<HeaderValue> {
    if let Some(secret) = cookie(headers) {
        app.store.end_session(&token::fingerprint(&secret)).await?;
    }
    Ok(set_cookie("", 0, is_https(app)))
}

/// Starts a session under a new secret. A cookie that the browser had before means nothing.
pub(super) async fn start(app: &App, user: User) -> ipnd_store::Result<LogIn> {
    let secret = token::random();
    app.store.start_session(&token::fingerprint(&secret), user.id, app.clock.now()).await?;
    Ok(LogIn { user, set_cookie: set_cookie(&secret, SESSION_ABSOLUTE_HOURS * 3_600, is_https(app)) })
}

fn is_https(app: &App) -> bool {
    app.base_url.scheme() == "https"
}

fn set_cookie(secret: &str, age_s: i64, is_https: bool) -> HeaderValue {
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!("{COOKIE_NAME}={secret}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).expect("the secret is base32 and the rest is fixed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_the_cookie_never_travels_in_the_clear() {
        assert_eq!(
            set_cookie("abc", 60, true),
            "ipnd_session=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(set_cookie("", 0, false), "ipnd_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_form_token_does_not_give_the_session_away() {
        let token = form_token("abc");
        assert_eq!(token.len(), 64);
        assert_ne!(token, token::fingerprint("abc"), "nor is it what the store keeps");
        assert_ne!(token, form_token("abd"));
    }
}
