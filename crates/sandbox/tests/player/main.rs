//! The player of all gateways over real HTTP, against a receiver that is not ours. Every test goes through the whole
//! list of gateways, so each new one is held against it by itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod faults;
mod receiver;
mod repeats;
mod told;
