//! The demo's sample shop. Put in piece by piece, each only if it is missing, so that a start that was interrupted
//! is finished by the next one and nothing that happened meanwhile (stock, orders) is undone.

use anyhow::{Context as _, Result};
use ipnd_core::{Currency, Environment, Language, Money};
use ipnd_gateways::{Settings, paypal_ipn::GATEWAY};
use ipnd_store::{Account, Clock, NewAccount, NewOwner, NewProduct, NewShop, ProductKind, Shop, Store, User};
use std::collections::BTreeMap;

pub(crate) const SLUG: &str = "demo";
const OWNER: &str = "owner@example.com";
/// The sandbox's seller: one address and a merchant id in PayPal's form.
const RECEIVERS: &str = "seller@example.com\nS8XGHLYDW9T3S";

pub(crate) struct Sample {
    pub(crate) shop: Shop,
    pub(crate) account: Account,
    pub(crate) owner: User,
}

/// Makes sure that everything is there. `postback_url` is where the sandbox answers this time.
pub(crate) async fn put(store: &dyn Store, clock: &Clock, postback_url: &str) -> Result<Sample> {
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
    let account = account(store, clock, &shop, postback_url).await?;
    Ok(Sample { shop, account, owner })
}

/// The sandbox account; its address follows the port of this start.
async fn account(store: &dyn Store, clock: &Clock, shop: &Shop, postback_url: &str) -> Result<Account> {
    let values = BTreeMap::from([
        ("receivers".to_owned(), RECEIVERS.to_owned()),
        ("postback_url".to_owned(), postback_url.to_owned()),
    ]);
    let settings = Settings::check(GATEWAY.settings, Environment::Sandbox, values)
        .map_err(|problems| anyhow::anyhow!("the sample account's settings: {problems:?}"))?;
    let known = store.accounts(shop.id).await?.into_iter().find(|account| account.gateway == GATEWAY.id);
    let Some(known) = known else {
        let new = NewAccount {
            shop: shop.id,
            gateway: GATEWAY.id.to_owned(),
            name: "PayPal sandbox".to_owned(),
            environment: Environment::Sandbox,
            settings: settings.values().clone(),
            creates_orders: false,
        };
        return Ok(store.create_account(new, clock.now()).await?);
    };
    let mut values = known.settings.clone();
    values.insert("postback_url".to_owned(), postback_url.to_owned());
    store
        .update_account(shop.id, known.id, &known.name, values, known.creates_orders)
        .await?
        .context("the sample account has gone")
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
