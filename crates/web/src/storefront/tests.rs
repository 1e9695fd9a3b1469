//! The storefront over HTTP, on a real store.
