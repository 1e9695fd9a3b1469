//! The storefront: a shelf of products, a cart in a cookie, checkout, and the customer's live order page.
//!
//! Nothing here believes the browser: prices, stock and names come from the store each time, and no GET writes
//! anything (T-B06).

mod cart;
mod cart_page;
mod checkout;
mod checkout_form;
mod countries;
mod latest;
mod live;
mod order_page;
mod pay;
mod picture;
mod shelf;
mod status;
#[cfg(test)]
mod tests;
mod visit;

pub(crate) use checkout_form::looks_like_an_address;

use crate::app::App;
use crate::{assets, errors, i18n, landing};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

/// The largest form a customer sends, in bytes.
const FORM_BYTES_MAX: usize = 16 * 1024;

/// The storefront's routes, the landing page, the assets of all pages, and the page for unknown addresses.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(landing::show))
        .route("/shop/{slug}", get(shelf::show))
        .route("/shop/{slug}/pictures/{sku}", get(picture::get))
        .route("/shop/{slug}/cart", get(cart_page::show).post(cart_page::change))
        .route("/shop/{slug}/checkout", get(checkout::show).post(checkout::place))
        .route("/shop/{slug}/order/{token}", get(order_page::show).post(order_page::come_back))
        .route("/shop/{slug}/order/{token}/live", get(live::stream))
        .route("/shop/{slug}/order/{token}/pay", get(pay::show))
        .route("/shop/{slug}/order/{token}/cancelled", get(order_page::cancelled).post(order_page::come_back))
        .route("/shop/{slug}/order/{token}/cancel", post(order_page::cancel))
        .merge(crate::owner::vendor_routes())
        .fallback(errors::not_found)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(from_fn_with_state(app.clone(), errors::dress))
        .layer(from_fn(i18n::remember))
        .route("/assets/{name}", get(assets::get))
}
