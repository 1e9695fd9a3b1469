//! SQLite, the embedded default.
//!
//! One thread writes ([`writer`]): it takes whatever is queued as one transaction with one sync and then wakes
//! everybody who waited. Readers have connections of their own ([`readers`]) and never wait for the writer.

mod backup;
mod checkpoint;
mod command;
mod db;
mod error;
mod examine;
mod migrate;
mod open;
#[cfg(test)]
mod plans;
mod readers;
mod rebuild;
mod scratch;
mod session;
mod writer;

pub use backup::{Backup, BackupStep, backup};
pub use examine::examine;
pub use open::{Options, SqliteStore};
pub use rebuild::rebuild;
pub(crate) use scratch::Scratch;
