//! Adaptive Payments from the outside: what its events do to orders, alone and beside classic notifications.

#![allow(clippy::unwrap_used, reason = "everything here is a test or helps one")]

mod both_ways;
mod shares;
mod support;
mod threats;
