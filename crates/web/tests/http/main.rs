//! The process over real sockets, on a real store in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod connections;
mod fetching;
mod framing;
mod harness;
mod intake;
mod logs;
mod owner;
mod settings;
mod telling;
mod types;
