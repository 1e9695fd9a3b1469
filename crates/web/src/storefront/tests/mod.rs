//! The storefront over HTTP, on a real store.

mod accounts;
mod browser;
mod live;
mod shop;
mod shopping;
mod threats;
mod words;
