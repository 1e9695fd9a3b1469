//! The pages in a real browser: headless Chromium, driven through chromedriver.
//!
//! These tests need both programs and are ignored otherwise; `cargo xtask test` installs them and runs this file.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "../common/mod.rs"]
mod common;
mod driver;
mod gateways;
mod hostile;
mod pictures;
mod whole_loop;
