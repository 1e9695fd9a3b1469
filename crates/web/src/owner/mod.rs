//! The owner's pages: everything behind `/login`, and set-up.
//!
//! | file | pages |
//! |---|---|
//! | `login`, `setup` | `/login`, `/logout`, `/setup` |
//! | `orders`, `order`, `timeline` | `/owner/orders` and one order |
//! | `reviews`, `question` | `/owner/reviews` |
//! | `notifications`, `notification`, `body`, `pretty`, `event_view`, `visible` | `/owner/notifications` and one notification |
//! | `accounts`, `account_form`, `try_request`, `proof`, `markdown` | `/owner/accounts`: accounts at gateways |
//! | `telling` | `/owner/endpoints` and `/owner/deliveries`: telling the shop |
//! | `products`, `templates`, `settings` | what else the owner sets up |
//! | `visit`, `frame`, `failure`, `fields`, `inputs`, `listing`, `words` | what all of them share |
//!
//! Forms are guarded by [`crate::auth::guard_forms`], which the process's router puts around all of this. A form
//! that has done something leads to a page with a word that says what (`?done=word`), so that loading it again
//! does nothing twice.

mod account_form;
mod accounts;
mod body;
mod event_view;
mod failure;
mod fields;
mod frame;
mod inputs;
mod listing;
mod login;
mod markdown;
mod notification;
mod notifications;
mod order;
mod orders;
mod pretty;
mod products;
mod proof;
mod question;
mod reviews;
mod settings;
mod setup;
mod telling;
mod templates;
mod timeline;
mod try_request;
mod visible;
mod visit;
mod words;

use crate::app::App;
use crate::i18n;
use axum::Router;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use failure::Failure;
use visit::Visit;

/// Pages of vendors, for people without a log-in.
pub(crate) fn vendor_routes() -> Router<App> {
    telling::vendor_routes()
}

/// All pages below `/owner`, `/login`, `/logout` and `/setup`.
pub(crate) fn router(_app: &App) -> Router<App> {
    Router::new()
        .route("/login", get(login::show).post(login::log_in))
        .route("/login/{code}", get(login::by_code).head(login::look_at_code))
        .route("/logout", post(login::log_out))
        .route("/setup", get(setup::show).post(setup::set_up))
        .route("/owner", get(home))
        .merge(daily())
        .merge(set_up())
        .merge(telling::routes())
        .route("/owner/{*rest}", get(nothing_here))
        .layer(from_fn(i18n::remember))
        .layer(from_fn(failure::dress))
}

/// What the owner looks at every day.
fn daily() -> Router<App> {
    Router::new()
        .route("/owner/orders", get(orders::list))
        .route("/owner/orders/{id}", get(order::show))
        .route("/owner/orders/{id}/message", post(order::message))
        .route("/owner/orders/{id}/cancel", post(order::cancel))
        .route("/owner/reviews", get(reviews::list))
        .route("/owner/reviews/{id}", post(reviews::answer))
        .route("/owner/notifications", get(notifications::list))
        .route("/owner/notifications/{id}", get(notification::show))
        .route("/owner/notifications/{id}/body", get(notification::download))
        .route("/owner/notifications/{id}/check", post(notification::check))
}

/// What the owner sets up once and changes now and then.
fn set_up() -> Router<App> {
    Router::new()
        .route("/owner/products", get(products::list))
        .route("/owner/products/new", get(products::new).post(products::create))
        .route("/owner/products/{sku}", get(products::edit).post(products::update))
        .route("/owner/accounts", get(accounts::list))
        .route("/owner/accounts/new", get(accounts::new).post(accounts::create))
        .route("/owner/accounts/{id}", get(accounts::show))
        .route("/owner/accounts/new/try", post(try_request::try_new))
        .route("/owner/accounts/{id}/try", get(try_request::ask).post(try_request::try_known))
        .route("/owner/accounts/{id}/edit", get(accounts::edit).post(accounts::update))
        .route("/owner/templates", get(templates::list))
        .route("/owner/templates/{kind}/{language}", get(templates::edit).post(templates::save))
        .route("/owner/templates/{kind}/{language}/reset", post(templates::reset))
        .route(
            "/owner/templates/{kind}/{language}/preview",
            get(templates::preview).post(templates::preview_unsaved),
        )
        .route("/owner/settings", get(settings::show))
        .route("/owner/settings/shop", post(settings::update_shop))
        .route("/owner/settings/language", post(settings::set_language))
        .route("/owner/settings/keys", post(settings::create_key))
        .route("/owner/settings/keys/{id}/revoke", post(settings::revoke_key))
}

async fn home(_visit: Visit) -> Response {
    Redirect::to("/owner/orders").into_response()
}

/// An address that does not exist says so only to owners; everybody else is asked to log in first.
async fn nothing_here(_visit: Visit) -> Failure {
    Failure::NotFound
}
