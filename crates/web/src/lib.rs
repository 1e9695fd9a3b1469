//! What the process answers: notifications, the API, the storefront, the owner's pages.

mod app;

pub use app::{App, DemoLinks, Inner};
