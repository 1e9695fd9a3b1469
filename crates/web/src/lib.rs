//! What the process answers: notifications, the API, the storefront, the owner's pages.

mod app;
mod assets;
pub mod auth;
mod buckets;
mod headers;
mod i18n;
mod owner;
mod page;
mod problem;
mod remote;
mod router;
mod storefront;

pub use app::{App, DemoLinks, Inner};
pub use problem::{FieldProblem, Problem};
pub use remote::Remote;
pub use router::router;
