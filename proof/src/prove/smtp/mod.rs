//! A mail server of our own that breaks off wherever it is told to, and the judge over its journal.

mod judge;
mod peer;
mod rows;
mod wire;

pub(crate) use judge::judge;
pub(crate) use peer::{Act, Break, Peer, Step};
pub(crate) use rows::Outbox;
