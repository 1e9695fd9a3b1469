//! What the process answers: notifications, the API, the storefront, the owner's pages.

mod app;
pub mod auth;
mod buckets;
mod owner;
mod problem;
mod remote;
mod storefront;

pub use app::{App, DemoLinks, Inner};
pub use problem::{FieldProblem, Problem};
pub use remote::Remote;
