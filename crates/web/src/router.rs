//! All routes of the process, in one place.

use crate::app::App;
use crate::{api, auth, headers, health, intake, metrics, owner, postback, storefront};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

/// Everything the process answers. Serve it with [`crate::serve`], which bounds what this takes for granted.
pub fn router(app: App) -> Router {
    metrics::install();
    let owner = owner::router(&app).layer(from_fn_with_state(app.clone(), auth::guard_forms));
    let pages = storefront::routes(&app).merge(owner).layer(from_fn(headers::secure));
    let machines = intake::routes().merge(postback::routes()).merge(api::routes()).merge(health::routes());
    pages.merge(machines).with_state(app)
}
