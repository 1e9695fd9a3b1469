//! Receivers that misbehave, ipnd's own ledger, and the judge that holds one against the other.

mod judge;
mod ledger;
mod receiver;

pub(crate) use judge::{Told, judge};
pub(crate) use ledger::{Entry, read, unanswered, waiting};
pub(crate) use receiver::{Nature, Receiver};
