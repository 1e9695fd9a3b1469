//! `/owner/settings`: the shop, the owner's language, keys for programs.

use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::visit::{Visit, done};
use super::words::Words;
use crate::auth;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{HeaderValue, SET_COOKIE};
use ipnd_core::Language;
use ipnd_store::{ApiKey, ApiKeyId, Shop};

const PATH: &str = "/owner/settings";
const NAME_CHARS_MAX: usize = 100;
const EMAIL_BYTES_MAX: usize = 254;

#[derive(Template)]
#[template(path = "owner/settings.html")]
struct SettingsPage {
    page: Frame,
    shop_name: String,
    owner_email: String,
    shop_language: Language,
    currency: String,
    storefront_url: String,
    you: String,
    your_language: Language,
    languages: [Language; 4],
    keys: Vec<KeyRow>,
    new_key: Option<String>,
    problems: Problems,
}

struct KeyRow {
    id: ApiKeyId,
    prefix: String,
    name: String,
    created: String,
    used: String,
}

/// What is wrong with a form of this page, beside its field.
#[derive(Default)]
struct Problems {
    name: Option<String>,
    email: Option<String>,
    key_name: Option<String>,
}

impl Problems {
    fn status(&self) -> StatusCode {
        let is_fine = self.name.is_none() && self.email.is_none() && self.key_name.is_none();
        if is_fine { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    }
}

pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    settings_page(&visit, visit.shop.clone(), None, Problems::default()).await
}

async fn settings_page(
    visit: &Visit,
    shop: Shop,
    new_key: Option<String>,
    problems: Problems,
) -> Result<Response, Failure> {
    let keys = visit.app.store.api_keys(visit.shop_id()).await?;
    let status = problems.status();
    let shown = SettingsPage {
        page: visit.frame(Section::Settings).await?,
        shop_name: shop.name,
        owner_email: shop.owner_email,
        shop_language: shop.language,
        currency: shop.currency.code().to_owned(),
        storefront_url: visit.app.url(&format!("/shop/{}", shop.slug)),
        you: visit.user.email.clone(),
        your_language: visit.words.0,
        languages: Language::ALL,
        keys: keys.into_iter().map(|key| key_row(key, visit.words)).collect(),
        new_key,
        problems,
    };
    Ok(page::html(status, &shown))
}

fn key_row(key: ApiKey, words: Words) -> KeyRow {
    KeyRow {
        id: key.id,
        prefix: key.prefix,
        name: key.name,
        created: words.at(key.created_at),
        used: key.last_used_at.map_or_else(|| words.t("settings.key_never"), |at| words.at(at)),
    }
}

/// `POST /owner/settings/shop`
pub(super) async fn update_shop(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let language = Language::from_tag(fields.get("language")).ok_or(Failure::Unreadable)?;
    let shop = Shop {
        name: fields.get("name").to_owned(),
        owner_email: fields.get("owner_email").to_owned(),
        language,
        ..visit.shop.clone()
    };
    let mut problems = Problems::default();
    if !is_line(&shop.name, NAME_CHARS_MAX) {
        problems.name = Some(visit.words.t("settings.problem_name"));
    }
    if !is_email(&shop.owner_email) {
        problems.email = Some(visit.words.t("settings.problem_email"));
    }
    if problems.status() != StatusCode::OK {
        return settings_page(&visit, shop, None, problems).await;
    }
    visit.app.store.update_shop(shop).await?;
    Ok(done(PATH, "settings"))
}

fn is_line(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// A rough look that catches slips of the pen; only a mail that arrives proves an address.
fn is_email(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.contains('@');
    text.len() <= EMAIL_BYTES_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
        && text.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain))
}

/// `POST /owner/settings/language`: the language of these pages, kept for this owner, and for this browser too,
/// because what was chosen in it before would come first.
pub(super) async fn set_language(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let language = Language::from_tag(fields.get("language")).ok_or(Failure::Unreadable)?;
    visit.app.store.set_user_language(visit.user.id, language).await?;
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", language.code());
    let cookie = HeaderValue::from_str(&cookie).expect("language codes are ASCII letters");
    Ok(([(SET_COOKIE, cookie)], done(PATH, "settings")).into_response())
}

/// `POST /owner/settings/keys`: makes a key and shows it. The only form whose answer is a page and not a redirect:
/// the key must not stand in an address, where histories and logs would keep it (T-F11).
pub(super) async fn create_key(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let name = fields.get("name");
    if !is_line(name, NAME_CHARS_MAX) {
        let problems =
            Problems { key_name: Some(visit.words.t("settings.problem_key_name")), ..Problems::default() };
        return settings_page(&visit, visit.shop.clone(), None, problems).await;
    }
    let made = auth::create_key(&*visit.app.store, visit.shop_id(), name, visit.now()).await?;
    settings_page(&visit, visit.shop.clone(), Some(made.secret), Problems::default()).await
}

/// `POST /owner/settings/keys/{id}/revoke`
pub(super) async fn revoke_key(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: ApiKeyId = id.parse().map_err(|_| Failure::NotFound)?;
    if !visit.app.store.revoke_api_key(visit.shop_id(), id).await? {
        return Err(Failure::NotFound);
    }
    Ok(done(PATH, "key_revoked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_looked_at_roughly() {
        for fine in ["owner@example.com", "o+x@shop.test"] {
            assert!(is_email(fine), "{fine}");
        }
        for wrong in [
            "",
            "owner",
            "@x.test",
            "a@",
            "a@b@c.test",
            "a b@c.test",
            "a@b.test\r\nBcc: c@d.test",
            "A <a@b.test>",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
