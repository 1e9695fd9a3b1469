//! The workers against a real store and against peers on loopback that behave in one chosen way each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod checks;
mod deliveries;
mod mails;
mod mails_delayed;
mod mails_tls;
mod one_way_out;
mod peer_http;
mod peer_smtp;
mod reasons;
mod standstills;
mod wire;
mod world;
