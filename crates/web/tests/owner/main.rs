//! The owner's pages, asked as a browser asks them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fetching;
mod forms;
mod hostile;
mod languages;
mod pages;
mod people;
mod shop;
mod telling;
mod tries;
