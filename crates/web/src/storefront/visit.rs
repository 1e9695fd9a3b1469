//! One customer looking at one shop. Every handler of the storefront takes a [`Visit`].

use super::cart::Cart;
use crate::app::App;
use crate::auth::comes_from_us;
use crate::errors::Failure;
use crate::i18n::Choice;
use crate::page::Page;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Uri};
use ipnd_core::{Environment, Language};
use ipnd_gateways::Gateway;
use ipnd_store::{Account, Order, Shop};

pub(super) struct Visit {
    pub(super) app: App,
    pub(super) shop: Shop,
    pub(super) choice: Choice,
    pub(super) cart: Cart,
    pub(super) uri: Uri,
    headers: HeaderMap,
    token: Option<String>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Failure::NotFound)?;
        let param = |name| params.iter().find(|(own, _)| *own == name).map(|(_, value)| value.to_owned());
        let slug = param("slug").ok_or(Failure::NotFound)?;
        let shop = app.store.shop_by_slug(&slug).await?.ok_or(Failure::NotFound)?;
        Ok(Self {
            app: app.clone(),
            shop,
            choice: Choice::of(&parts.uri, &parts.headers),
            cart: Cart::from_headers(&parts.headers),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            token: param("token"),
        })
    }
}

/// What every page of the storefront has in common.
pub(super) struct Frame {
    pub(super) slug: String,
    pub(super) cart_count: u32,
}

impl Visit {
    pub(super) fn language(&self) -> Language {
        self.choice.or(self.shop.language)
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether cookies may be kept to encrypted connections.
    pub(super) fn is_secure(&self) -> bool {
        self.app.base_url.scheme() == "https"
    }

    /// An address of this shop; `rest` is empty or begins with a slash.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/shop/{}{rest}", self.shop.slug)
    }

    pub(super) fn page(&self, language: Language) -> Page {
        Page::new(language, &self.shop.name, &self.path(""), &self.uri)
    }

    pub(super) fn frame(&self) -> Frame {
        Frame { slug: self.shop.slug.clone(), cart_count: self.cart.count() }
    }

    /// The order whose token stands in the address. A token of another shop is as unknown as any other.
    pub(super) async fn order(&self) -> Result<Order, Failure> {
        let token = self.token.as_deref().ok_or(Failure::NotFound)?;
        let order = self.app.store.order_by_token(token).await?;
        order.filter(|order| order.shop == self.shop.id).ok_or(Failure::NotFound)
    }

    /// Refuses a form that another site made the browser send. `SameSite=Lax` cookies alone do not stop a
    /// stranger from putting things into a cart.
    pub(super) fn check_origin(&self) -> Result<(), Failure> {
        if comes_from_us(&self.app, &self.headers) { Ok(()) } else { Err(Failure::Foreign) }
    }

    /// The shop's accounts that a customer can be sent to, the first choice first.
    pub(super) async fn checkout_accounts(&self) -> Result<Vec<(Account, &'static Gateway)>, Failure> {
        let accounts = offered(&self.shop, self.app.store.accounts(self.shop.id).await?);
        Ok(accounts
            .into_iter()
            .filter_map(|account| {
                let gateway = ipnd_gateways::find(&account.gateway)?;
                gateway.checkout.is_some().then_some((account, gateway))
            })
            .collect())
    }
}

/// A shop that takes live money offers nothing else: play money would not pay there (T-A18). Without a live account
/// the owner is still trying things out. In the demo's sample shop everybody pays with play money.
fn offered(shop: &Shop, mut accounts: Vec<Account>) -> Vec<Account> {
    let is_live = |account: &Account| account.environment == Environment::Live;
    if shop.is_sample {
        accounts.sort_by_key(is_live);
    } else if accounts.iter().any(is_live) {
        accounts.retain(is_live);
    }
    accounts
}

/// The fields of a form; of a repeated field the first one.
pub(super) struct Fields(Vec<(String, String)>);

/// Fields that are looked at; no form of ours has more than a dozen.
const FIELDS_MAX: usize = 100;

impl FromRequest<App> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let body = Bytes::from_request(request, app).await.map_err(|_| Failure::Unreadable)?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().take(FIELDS_MAX).collect()))
    }
}

impl Fields {
    /// A field without surrounding blanks, control characters removed; empty when it is missing.
    pub(super) fn get(&self, name: &str) -> String {
        let value = self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
        value.trim().chars().filter(|c| !c.is_control()).collect()
    }
}
