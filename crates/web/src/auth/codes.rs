//! One-time codes: the one from the console that opens the set-up (T-F01), and links that log an owner in.

use super::password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, hash_password};
use super::session::{LogIn, start};
use super::words::say;
use crate::app::App;
use crate::remote::Remote;
use ipnd_core::limits::{LOGIN_ATTEMPTS_PER_ADDRESS_MAX, LOGIN_WINDOW_MINUTES, ONE_TIME_CODE_MINUTES};
use ipnd_core::{Currency, Language};
use ipnd_store::{Clock, NewShop, Store, StoreError, User, token};
use jiff::SignedDuration;

/// A new code for the set-up page. Print it on the console; only its fingerprint is kept.
///
/// # Errors
/// The store's.
pub async fn new_setup_code(store: &dyn Store, clock: &Clock) -> ipnd_store::Result<String> {
    new_code(store, clock, None).await
}

/// A new link that logs `user` in, once.
///
/// # Errors
/// The store's.
pub async fn new_login_link(app: &App, user: &User) -> ipnd_store::Result<String> {
    let code = new_code(&*app.store, &app.clock, Some(user)).await?;
    Ok(app.url(&format!("/login/{code}")))
}

async fn new_code(store: &dyn Store, clock: &Clock, user: Option<&User>) -> ipnd_store::Result<String> {
    let code = token::random();
    let expires_at = clock
        .now()
        .checked_add(SignedDuration::from_mins(ONE_TIME_CODE_MINUTES))
        .expect("an hour from now is within the calendar");
    store.put_code(&token::fingerprint(&code), user.map(|user| user.id), expires_at).await?;
    Ok(code)
}

/// What the set-up page asks for.
#[derive(Clone, Debug)]
pub struct SetUp {
    pub code: String,
    pub shop_name: String,
    /// For `/shop/SLUG`.
    pub slug: String,
    pub language: Language,
    pub currency: Currency,
    pub email: String,
    pub password: String,
}

/// Why the set-up did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetUpProblem {
    #[error("an owner exists")]
    Closed,
    #[error("the code is wrong, used or expired")]
    Code,
    #[error("too many attempts")]
    TooMany,
    /// A field cannot stay as it is: `email`, `password`, `name` or `slug`.
    #[error("the field {0} is not acceptable")]
    Field(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SetUpProblem {
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        match self {
            Self::Closed => say(language, "setup.closed"),
            Self::Code => say(language, "setup.code"),
            Self::TooMany => say(language, "login.too_many"),
            Self::Field(field) => say(language, &format!("setup.{field}")),
            Self::Store(_) => say(language, "login.unavailable"),
        }
    }
}

/// Whether nobody has set this server up yet. When false, the page must not exist any more.
///
/// # Errors
/// The store's.
pub async fn setup_is_open(app: &App) -> ipnd_store::Result<bool> {
    Ok(!app.store.has_owner().await?)
}

/// Makes the first shop and its owner, and logs the owner in.
///
/// # Errors
/// [`SetUpProblem`]. Attempts are counted for each address before the password is hashed, so that nobody without
/// the code can keep the machine busy.
pub async fn set_up(app: &App, form: SetUp, remote: Remote) -> Result<LogIn, SetUpProblem> {
    if !setup_is_open(app).await? {
        return Err(SetUpProblem::Closed);
    }
    let shop = check(&form)?;
    let now = app.clock.now();
    let key = (format!("setup/address/{}", remote.group()), LOGIN_ATTEMPTS_PER_ADDRESS_MAX);
    if !app.store.count_attempt(&[key], now, SignedDuration::from_mins(LOGIN_WINDOW_MINUTES)).await? {
        return Err(SetUpProblem::TooMany);
    }
    let hash = hash_password(&form.password).await;
    let email = shop.owner_email.clone();
    let code = token::fingerprint(form.code.trim());
    match app.store.set_up(&code, shop, &email, &hash, now).await? {
        Some(user) => Ok(start(app, user).await?),
        None => Err(SetUpProblem::Code),
    }
}

fn check(form: &SetUp) -> Result<NewShop, SetUpProblem> {
    let name = form.shop_name.trim();
    let email = form.email.trim().to_lowercase();
    let length_ok = |text: &str, max: usize| (1..=max).contains(&text.chars().count());
    if !length_ok(name, 100) || name.chars().any(char::is_control) {
        return Err(SetUpProblem::Field("name"));
    }
    if !is_slug(&form.slug) {
        return Err(SetUpProblem::Field("slug"));
    }
    if !is_email(&email) {
        return Err(SetUpProblem::Field("email"));
    }
    if form.password.chars().count() < PASSWORD_CHARS_MIN || form.password.len() > PASSWORD_BYTES_MAX {
        return Err(SetUpProblem::Field("password"));
    }
    Ok(NewShop {
        slug: form.slug.clone(),
        name: name.to_owned(),
        language: form.language,
        currency: form.currency,
        owner_email: email,
        is_sample: false,
    })
}

fn is_slug(slug: &str) -> bool {
    (1..=40).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
}

/// A rough look that catches slips of the pen; only a mail that arrives proves an address.
fn is_email(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            plain(local) && plain(domain) && !domain.contains('@') && domain.contains('.')
        })
}
