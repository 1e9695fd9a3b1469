//! What is written about ipnd, held against ipnd: every command, link, word, number and query in the documentation.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod custom;
mod gateways;
mod links;
mod markdown;
mod readme;
mod shell;
mod words;
