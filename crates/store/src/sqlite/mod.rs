//! SQLite, the embedded default.
//!
//! One thread writes ([`writer`]): it takes whatever is queued as one transaction with one sync and then wakes
//! everybody who waited. Readers have connections of their own ([`readers`]) and never wait for the writer. What the
//! operations do stands in one file for each area; `store` only wires them to the trait.

mod accounts;
mod adopt;
mod answers;
mod audit;
mod bind;
mod checks;
mod command;
mod effects;
mod error;
mod happenings;
mod health;
mod journal;
mod made;
mod mail_rows;
mod mails;
mod migrate;
mod notifications;
mod open;
mod order_rows;
mod orders;
mod people;
mod products;
mod readers;
mod record;
mod refold;
mod reviews;
mod settle;
mod shops;
mod sql;
mod store;
mod templates;
mod writer;

pub use open::{Options, SqliteStore};
