//! `/v1`: what a shop's own programs work with. Bearer keys, JSON, problem documents; described by the OpenAPI
//! document at `/v1/openapi.json`, which a test holds against [`ROUTES`].

mod accounts;
mod amount;
mod deliveries;
mod endpoints;
mod events;
mod exact;
mod fetching;
mod gateways;
mod invoices;
mod json;
mod lists;
mod notifications;
mod orders;
mod params;
mod posted;
mod products;
mod reviews;
#[cfg(test)]
mod tests;
mod vendors;

pub(crate) use fetching::{LEASE as FETCHED_FOR, WAIT_SECONDS_MAX as FETCH_WAIT_SECONDS_MAX};

use crate::app::App;
use crate::headers;
use crate::problem::Problem;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, post, put};

/// The description of all this, written by hand.
const OPENAPI: &str = include_str!("../../openapi.json");

/// One address with one method.
struct Route {
    method: &'static str,
    path: &'static str,
    handler: fn() -> MethodRouter<App>,
}

const fn route(method: &'static str, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method, path, handler }
}

/// Every route. The router is made from it, and the OpenAPI document is checked against it.
const ROUTES: &[Route] = &[
    route("GET", "/v1/openapi.json", || get(openapi)),
    route("GET", "/v1/gateways", || get(gateways::list)),
    route("GET", "/v1/accounts", || get(accounts::list)),
    route("POST", "/v1/accounts", || post(accounts::create)),
    route("GET", "/v1/accounts/{id}", || get(accounts::read)),
    route("PUT", "/v1/accounts/{id}", || put(accounts::update)),
    route("GET", "/v1/products", || get(products::list)),
    route("POST", "/v1/products", || post(products::create)),
    route("GET", "/v1/products/{sku}", || get(products::read)),
    route("PUT", "/v1/products/{sku}", || put(products::put)),
    route("GET", "/v1/orders", || get(orders::list)),
    route("POST", "/v1/orders", || post(orders::create)),
    route("GET", "/v1/orders/{id}", || get(orders::read)),
    route("POST", "/v1/orders/{id}/cancel", || post(orders::cancel)),
    route("GET", "/v1/reviews", || get(reviews::list)),
    route("POST", "/v1/reviews/{id}", || post(reviews::answer)),
    route("GET", "/v1/notifications", || get(notifications::list)),
    route("GET", "/v1/notifications/{id}", || get(notifications::read)),
    route("GET", "/v1/events", || get(events::list)),
    route("POST", "/v1/events", || post(posted::post)),
    route("POST", "/v1/invoices", || post(invoices::create)),
    route("GET", "/v1/vendors", || get(vendors::list)),
    route("POST", "/v1/vendors", || post(vendors::create)),
    route("GET", "/v1/vendors/{reference}", || get(vendors::read)),
    route("POST", "/v1/vendors/{reference}/page", || post(vendors::renew_page)),
    route("GET", "/v1/endpoints", || get(endpoints::list)),
    route("POST", "/v1/endpoints", || post(endpoints::create)),
    route("GET", "/v1/endpoints/{id}", || get(endpoints::read)),
    route("PUT", "/v1/endpoints/{id}", || put(endpoints::update)),
    route("DELETE", "/v1/endpoints/{id}", || delete(endpoints::remove)),
    route("POST", "/v1/endpoints/{id}/pause", || post(endpoints::pause)),
    route("POST", "/v1/endpoints/{id}/resume", || post(endpoints::resume)),
    route("POST", "/v1/endpoints/{id}/rotate", || post(endpoints::rotate)),
    route("POST", "/v1/endpoints/{id}/test", || post(endpoints::test)),
    route("POST", "/v1/endpoints/{id}/fetch", || post(fetching::fetch)),
    route("GET", "/v1/deliveries", || get(deliveries::list)),
    route("POST", "/v1/deliveries/resend", || post(deliveries::resend)),
    route("GET", "/v1/deliveries/{id}", || get(deliveries::read)),
    route("POST", "/v1/deliveries/{id}/resend", || post(deliveries::resend_one)),
    route("POST", "/v1/deliveries/{id}/settle", || post(fetching::settle)),
    route("GET", "/v1/missing", || get(deliveries::missing)),
];

pub(crate) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (index, route) in ROUTES.iter().enumerate() {
        router = router.route(route.path, (route.handler)());
        let is_last_of_its_path = ROUTES[index + 1..].iter().all(|other| other.path != route.path);
        if is_last_of_its_path {
            router = router.route(route.path, wrong_method(route.path));
        }
    }
    let no_such_route = || any(|| async { Problem::NoSuchRoute });
    router
        .route("/v1", no_such_route())
        .route("/v1/", no_such_route())
        .route("/v1/{*rest}", no_such_route())
        .layer(from_fn(headers::secure))
}

/// Answers the methods that a path does not have.
fn wrong_method(path: &'static str) -> MethodRouter<App> {
    let methods: Vec<&str> =
        ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    let allow = methods.join(", ");
    MethodRouter::new().fallback(move || {
        let allow = allow.clone();
        async move { Problem::MethodNotAllowed { allow } }
    })
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
