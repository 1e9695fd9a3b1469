//! The storefront over HTTP, on a real store.

mod browser;
mod live;
mod shop;
mod shopping;
mod threats;
mod words;
