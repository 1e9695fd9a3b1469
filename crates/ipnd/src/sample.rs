//! The demo's sample shop. Put in piece by piece, each only if it is missing, so that a start that was interrupted
//! is finished by the next one and nothing that happened meanwhile (stock, orders) is undone.

use anyhow::{Context as _, Result};
use ipnd_core::{Currency, Environment, Language, Money};
use ipnd_gateways::{ALL, Gateway, Settings};
use ipnd_sandbox::Paypal;
use ipnd_sandbox::player::sandbox_setting;
use ipnd_store::{Account, Clock, NewAccount, NewOwner, NewProduct, NewShop, ProductKind, Shop, Store, User};
use url::Url;

pub(crate) const SLUG: &str = "demo";
const OWNER: &str = "owner@example.com";
/// Who makes and changes the accounts, for the audit.
const BY: &str = "ipnd demo";

pub(crate) struct Sample {
    pub(crate) shop: Shop,
    /// One for every gateway; the one that customers of the sample shop pay with comes first.
    pub(crate) accounts: Vec<Account>,
    pub(crate) owner: User,
}

/// Makes sure that everything is there. `base_url` is where the sandbox answers this time.
pub(crate) async fn put(store: &dyn Store, clock: &Clock, base_url: &Url) -> Result<Sample> {
    let shop = match store.shop_by_slug(SLUG).await? {
        Some(shop) => shop,
        None => store.create_shop(shop()?, clock.now()).await?,
    };
    for product in products(&shop)? {
        if store.product(shop.id, &product.sku).await?.is_none() {
            store.put_product(product).await?;
        }
    }
    let owner = match store.user_by_email(OWNER).await? {
        Some(owner) => owner,
        None => {
            let owner = NewOwner {
                shop: shop.id,
                email: OWNER.to_owned(),
                password_hash: None,
                language: shop.language,
            };
            store.create_owner(owner, clock.now()).await?
        }
    };
    let mut gateways = ALL.to_vec();
    gateways.sort_by_key(|gateway| Paypal::path_for(gateway.id).is_none());
    let known = store.accounts(shop.id).await?;
    let mut accounts = Vec::new();
    for gateway in gateways {
        let known = known.iter().find(|account| account.gateway == gateway.id);
        accounts.push(account(store, clock, &shop, gateway, known, base_url).await?);
    }
    Ok(Sample { shop, accounts, owner })
}

/// A gateway's sandbox account; the address of the sandbox follows the port of this start. A payment for an order that
/// nobody knows is put to the owner, so that such questions can be seen.
async fn account(
    store: &dyn Store,
    clock: &Clock,
    shop: &Shop,
    gateway: &Gateway,
    known: Option<&Account>,
    base_url: &Url,
) -> Result<Account> {
    let path = Paypal::path_for(gateway.id).map(str::to_owned);
    let path = path.unwrap_or_else(|| format!("/sandbox/api/{}", gateway.id));
    let sandbox_url = format!("{}{path}", base_url.as_str().trim_end_matches('/'));
    let url_key = sandbox_setting(gateway).map(|setting| setting.key);
    let Some(known) = known else {
        let mut values = Settings::sample(gateway.settings).values().clone();
        values.extend(url_key.map(|key| (key.to_owned(), sandbox_url)));
        let settings = Settings::check(gateway.settings, Environment::Sandbox, values)
            .map_err(|problems| anyhow::anyhow!("the sample settings of {}: {problems:?}", gateway.id))?;
        let new = NewAccount {
            shop: shop.id,
            gateway: gateway.id.to_owned(),
            name: name(gateway),
            environment: Environment::Sandbox,
            settings: settings.values().clone(),
            creates_orders: false,
            by: BY.to_owned(),
        };
        return Ok(store.create_account(new, clock.now()).await?);
    };
    let mut values = known.settings.clone();
    values.extend(url_key.map(|key| (key.to_owned(), sandbox_url)));
    if values == known.settings {
        return Ok(known.clone());
    }
    store
        .update_account(shop.id, known.id, &known.name, values, known.creates_orders, BY)
        .await?
        .context("a sample account has gone")
}

/// Customers see the name of the account that they pay with, and need to know nothing of kinds of messages.
fn name(gateway: &Gateway) -> String {
    let plain = gateway.name.split(" (").next().unwrap_or(gateway.name);
    let shown = if Paypal::path_for(gateway.id).is_some() { plain } else { gateway.name };
    format!("{shown} sandbox")
}

fn shop() -> Result<NewShop> {
    Ok(NewShop {
        slug: SLUG.to_owned(),
        name: "Harbour Street Supplies".to_owned(),
        language: Language::En,
        currency: Currency::from_code("EUR")?,
        owner_email: OWNER.to_owned(),
        is_sample: true,
    })
}

/// Things to put on a shelf, and things to download.
fn products(shop: &Shop) -> Result<Vec<NewProduct>> {
    use ProductKind::{Digital, Physical};
    let rows = [
        (
            "MUG",
            "Enamel mug",
            "White enamel with a blue rim. Holds 350 ml and survives being dropped.",
            "14.90",
            Physical,
            Some(12),
            "",
        ),
        (
            "TEA",
            "Harbour blend, 100 g",
            "Black tea with a little smoke, packed in a tin.",
            "7.50",
            Physical,
            Some(40),
            "",
        ),
        (
            "NOTEBOOK",
            "Squared notebook",
            "96 pages that lie flat. There are not many left.",
            "11.00",
            Physical,
            Some(3),
            "",
        ),
        (
            "EBOOK",
            "E-book: Small Shops, Honest Books",
            "Keeping a shop's accounts without losing sleep. EPUB and PDF, 180 pages.",
            "9.00",
            Digital,
            None,
            "Download: https://downloads.example.com/small-shops-honest-books.epub\nPassword: honest-books",
        ),
        (
            "FONT",
            "Harbour Sans, desktop licence",
            "A typeface in six weights, for one desk.",
            "29.00",
            Digital,
            None,
            "Licence key: HSANS-7Q4M-22XK-DEMO\nDownload: https://downloads.example.com/harbour-sans.zip",
        ),
    ];
    rows.into_iter()
        .map(|(sku, name, description, price, kind, stock, access)| {
            Ok(NewProduct {
                shop: shop.id,
                sku: sku.to_owned(),
                name: name.to_owned(),
                description: description.to_owned(),
                price: Money::parse(price, shop.currency)?,
                kind,
                stock,
                access: access.to_owned(),
                is_offered: true,
            })
        })
        .collect()
}
