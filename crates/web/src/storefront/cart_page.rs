//! The cart's page, and the forms that change the cart.

use super::cart::{Priced, QUANTITY_MAX, in_stock};
use super::visit::{Fields, Frame, Visit};
use super::{latest, picture};
use crate::errors::Failure;
use crate::page::{self, Page};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::{StatusCode, header};

#[derive(Template)]
#[template(path = "storefront/cart.html")]
struct CartPage {
    page: Page,
    frame: Frame,
    summary: Summary,
    has_lost_lines: bool,
    can_pay: bool,
    /// Address and reference of what this browser ordered last: whoever turned back at the gateway looks here.
    latest: Option<(String, String)>,
}

/// What is in the cart, ready to be shown; on the checkout page too.
pub(super) struct Summary {
    pub(super) lines: Vec<Line>,
    pub(super) total: String,
    /// The total in plain decimal text: what the customer was shown when ordering.
    pub(super) total_decimal: String,
}

pub(super) struct Line {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) quantity: u32,
    pub(super) quantity_max: u32,
    pub(super) unit_price: String,
    pub(super) total: String,
    pub(super) picture: String,
    pub(super) is_reduced: bool,
}

impl Summary {
    /// `None` when there is nothing that could be ordered.
    pub(super) fn of(visit: &Visit, page: &Page, priced: &Priced) -> Option<Self> {
        let total = priced.terms().ok()?.total;
        let lines = priced.lines.iter().map(|line| Line {
            sku: line.product.sku.clone(),
            name: line.product.name.clone(),
            quantity: line.quantity,
            quantity_max: in_stock(&line.product),
            unit_price: page.language.money(line.product.price),
            total: line.total().map(|total| page.language.money(total)).unwrap_or_default(),
            picture: picture::href(visit, &line.product.sku),
            is_reduced: line.is_reduced,
        });
        Some(Self {
            lines: lines.collect(),
            total: page.language.money(total),
            total_decimal: total.decimal(),
        })
    }
}

/// `GET /shop/{slug}/cart`
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let page = visit.page(visit.language());
    let priced = priced(&visit).await?;
    let summary = Summary::of(&visit, &page, &priced).unwrap_or(Summary {
        lines: Vec::new(),
        total: String::new(),
        total_decimal: String::new(),
    });
    let can_pay = !visit.checkout_accounts().await?.is_empty();
    let latest = match latest::token(visit.headers()) {
        Some(token) if summary.lines.is_empty() => visit.app.store.order_by_token(&token).await?,
        _ => None,
    };
    let latest = latest
        .filter(|order| order.shop == visit.shop.id)
        .map(|order| (visit.path(&format!("/order/{}", order.token)), order.reference));
    let mut frame = visit.frame();
    frame.cart_count = priced.cart().count();
    let shown = CartPage { page, frame, summary, has_lost_lines: priced.has_lost_lines, can_pay, latest };
    Ok(page::html(StatusCode::OK, &shown))
}

/// `POST /shop/{slug}/cart`: `do` is `add`, `set` or `remove`, with `sku` and `quantity`.
pub(super) async fn change(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    visit.check_origin()?;
    let sku = fields.get("sku");
    let product = visit.app.store.product(visit.shop.id, &sku).await?;
    let available = product.filter(|product| product.is_offered).map_or(0, |product| in_stock(&product));
    let wanted = fields.get("quantity").parse::<u32>().unwrap_or(1).min(QUANTITY_MAX);
    let quantity = match fields.get("do").as_str() {
        "remove" => 0,
        "set" => wanted,
        _ => visit.cart.quantity(&sku).saturating_add(wanted),
    };
    // Asking for more than there is gives what there is; the cart page would say so for any other change.
    let mut cart = visit.cart.clone();
    cart.set(&sku, quantity.min(available));
    let cookie = cart.cookie(&visit.shop.slug, visit.is_secure());
    let next = visit.path("/cart");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response())
}

pub(super) async fn priced(visit: &Visit) -> Result<Priced, Failure> {
    let products = visit.app.store.products(visit.shop.id).await?;
    Ok(Priced::of(&visit.cart, products, visit.shop.currency))
}
