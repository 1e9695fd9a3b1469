//! The customer's page of one order. It reads and never writes, whatever the browser claims (T-B06); the one
//! button that changes something, cancelling, is a form of its own.

use super::status::StatusView;
use super::visit::{Frame, Visit};
use crate::errors::Failure;
use crate::page::{self, Page};
use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use ipnd_core::OrderStatus;

#[derive(Template)]
#[template(path = "storefront/order.html")]
struct OrderPage {
    page: Page,
    frame: Frame,
    view: StatusView,
    live_href: String,
}

#[derive(Template)]
#[template(path = "storefront/cancelled.html")]
struct CancelledPage {
    page: Page,
    frame: Frame,
    reference: String,
    total: String,
    order_href: String,
}

/// `GET /shop/{slug}/order/{token}`
pub(super) async fn show(visit: Visit) -> Result<Response, Failure> {
    let order = visit.order().await?;
    let page = visit.page(visit.choice.for_person(order.language, visit.shop.language));
    let has_returned = has_returned(&visit);
    let view = StatusView::of(&visit, &page, order, has_returned).await?;
    let returned = if has_returned { "&returned" } else { "" };
    let live_href = format!("{}/live?lang={}{returned}", view.order_href, page.language.code());
    Ok(page::html(StatusCode::OK, &OrderPage { frame: visit.frame(), page, view, live_href }))
}

/// Whether the gateway sent the customer back here. A claim of the browser, good for a kinder sentence only.
pub(super) fn has_returned(visit: &Visit) -> bool {
    let query = visit.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "returned")
}

/// `POST /shop/{slug}/order/{token}`: gateways may send customers back by a form. Its fields are not even read.
pub(super) async fn come_back(visit: Visit) -> Result<Response, Failure> {
    let order = visit.order().await?;
    Ok(Redirect::to(&visit.path(&format!("/order/{}?returned", order.token))).into_response())
}

/// `GET /shop/{slug}/order/{token}/cancelled`: the customer turned back at the gateway.
pub(super) async fn cancelled(visit: Visit) -> Result<Response, Failure> {
    let order = visit.order().await?;
    let order_href = visit.path(&format!("/order/{}", order.token));
    // Whoever has paid in the meantime, or cancelled, sees that instead.
    if order.state.status != OrderStatus::Open {
        return Ok(Redirect::to(&order_href).into_response());
    }
    let page = visit.page(visit.choice.for_person(order.language, visit.shop.language));
    let total = page.language.money(order.terms.total);
    let shown = CancelledPage { page, frame: visit.frame(), reference: order.reference, total, order_href };
    Ok(page::html(StatusCode::OK, &shown))
}

/// `POST /shop/{slug}/order/{token}/cancel`: the customer does not want the order any more. Only while nothing
/// was paid or announced; afterwards it takes the owner.
pub(super) async fn cancel(visit: Visit) -> Result<Response, Failure> {
    visit.check_origin()?;
    let order = visit.order().await?;
    if super::pay::may_be_paid(&order) {
        visit.app.store.cancel_order(visit.shop.id, order.id, visit.app.clock.now()).await?;
    }
    Ok(Redirect::to(&visit.path(&format!("/order/{}", order.token))).into_response())
}
