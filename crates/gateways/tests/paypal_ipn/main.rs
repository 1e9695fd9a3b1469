//! PayPal IPN from the outside: what the gateway's functions promise to the rest of ipnd.

#![allow(clippy::unwrap_used, reason = "everything here is a test or helps one")]

mod events;
mod laws;
mod support;
mod threats;
mod words;
