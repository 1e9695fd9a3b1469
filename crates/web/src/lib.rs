//! What the process answers: notifications, the API, the storefront, the owner's pages.

mod api;
mod app;
mod assets;
pub mod auth;
mod body;
mod buckets;
mod endpoints;
mod errors;
mod headers;
mod health;
mod i18n;
mod intake;
mod known;
mod landing;
mod metrics;
mod owner;
mod page;
mod postback;
mod problem;
mod proxies;
mod remote;
mod router;
mod server;
mod stopping;
mod storefront;
mod yardstick;

pub use app::{App, DemoLinks, Inner};
pub use problem::{FieldProblem, Problem};
pub use proxies::Proxies;
pub use remote::Remote;
pub use router::router;
pub use server::serve;
pub use yardstick::{Yardstick, yardstick};
