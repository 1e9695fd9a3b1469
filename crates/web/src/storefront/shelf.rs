//! The shop's first page: everything it offers.

use super::cart::{in_stock, offered};
use super::picture;
use super::visit::{Frame, Visit};
use crate::errors::Failure;
use crate::page::{self, Page};
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use ipnd_store::{Product, ProductKind};

/// Below this many pieces the shelf says how many are left.
const FEW: u32 = 6;

#[derive(Template)]
#[template(path = "storefront/shelf.html")]
struct Shelf {
    page: Page,
    frame: Frame,
    products: Vec<Offer>,
}

/// One product on the shelf.
struct Offer {
    sku: String,
    name: String,
    description: String,
    price: String,
    picture: String,
    is_digital: bool,
    hint: String,
    hint_tone: &'static str,
    is_available: bool,
}

/// `GET /shop/{slug}`
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let page = visit.page(visit.language());
    let products = visit.app.store.products(visit.shop.id).await?;
    let products =
        offered(products, visit.shop.currency).map(|product| Offer::of(&visit, &page, product)).collect();
    Ok(page::html(StatusCode::OK, &Shelf { frame: visit.frame(), page, products }))
}

impl Offer {
    fn of(visit: &Visit, page: &Page, product: Product) -> Self {
        let left = in_stock(&product);
        let is_digital = product.kind == ProductKind::Digital;
        let (hint, hint_tone) = match left {
            0 => (page.say("shop.stock.none"), "tone-calm"),
            1 => (page.say("shop.stock.one"), "tone-wait"),
            2..FEW => (page.say_with("shop.stock.few", "count", left), "tone-wait"),
            _ if is_digital => (page.say("shop.stock.digital"), "tone-good"),
            _ => (page.say("shop.stock.enough"), "tone-good"),
        };
        Self {
            price: page.language.money(product.price),
            picture: picture::href(visit, &product.sku),
            is_digital,
            hint,
            hint_tone,
            is_available: left > 0,
            sku: product.sku,
            name: product.name,
            description: product.description,
        }
    }
}
