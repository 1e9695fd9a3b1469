//! All routes of the process, in one place.

use crate::app::App;
use crate::{auth, headers, owner, storefront};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

/// Everything the process answers. Serve it with [`crate::serve`], which bounds what this takes for granted.
pub fn router(app: App) -> Router {
    let owner = owner::router(&app).layer(from_fn_with_state(app.clone(), auth::guard_forms));
    let pages = storefront::routes().merge(owner);
    pages.layer(from_fn(headers::secure)).with_state(app)
}
