//! Working everything out again: what orders, events, questions and mails would be, had they been worked out today.
//!
//! What was kept for good is played once more, in the sequence in which it came, into an empty database beside the
//! real one ([`facts`], [`replay`]): accounts, registered orders, notifications with the answers their gateways gave,
//! what the owner decided and cancelled. The same code works on it that worked then. Then the two are held against
//! each other ([`compare`]), and what differs can be carried over ([`apply`]).
//!
//! A repaired gateway file therefore repairs history. A setting that has been changed since does not change history:
//! what was proved stays proved, and what an account found wrong with a message it found wrong then
//! ([`replay`] says how).

pub(crate) mod apply;
pub(crate) mod compare;
mod facts;
pub(crate) mod replay;

use crate::sql::Db;
use crate::sqlite::Scratch;
use crate::{NotificationId, ProvedBy, Result};
use jiff::Timestamp;
use replay::{Played, Stage};
use std::collections::BTreeMap;
use std::path::Path;

/// Something that would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, such as an order with its reference and its id.
    pub about: String,
    /// What of it.
    pub field: &'static str,
    /// As it is stored.
    pub before: String,
    /// As it is worked out now.
    pub after: String,
}

/// What playing everything once more has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Notifications that were read once more.
    pub read_again: u64,
    /// Notifications that could not be read once more, by why. What they told then stands.
    pub kept_as_told: BTreeMap<&'static str, u64>,
    /// What happened then and could not happen once more, in sentences. With any of these nothing is carried over.
    pub problems: Vec<String>,
    pub differences: Vec<Difference>,
    /// Mails that only now turn out to be due: what they are about, and their kind.
    pub new_mails: Vec<(String, String)>,
    /// Events of which only now it turns out that the shop is to be told: their order, and their kind.
    pub new_notices: Vec<(String, String)>,
    /// Units that only now turn out to have left: the order, the product and how many.
    pub new_stock: Vec<(String, String, i64)>,
    /// Notifications whose proof reads the other way today: what they are now.
    pub proofs: Vec<(NotificationId, &'static str)>,
    /// Whether the differences have been carried over.
    pub is_applied: bool,
}

impl Rebuilt {
    #[must_use]
    pub fn is_the_same(&self) -> bool {
        self.differences.is_empty()
            && self.new_mails.is_empty()
            && self.new_notices.is_empty()
            && self.new_stock.is_empty()
            && self.proofs.is_empty()
    }
}

/// What is done with the differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They are told. Nothing is changed, and ipnd may run meanwhile.
    Tell,
    /// They are put right. Mails and messages to the shop that only now turn out to be due go out when `sends` says so.
    Apply { sends: bool },
}

/// One rebuild, whichever engine keeps what is stored.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub(crate) how: How,
    pub(crate) now: Timestamp,
}

impl Work {
    /// Plays everything once more into a scratch file, and holds the outcome against what is stored.
    pub(crate) fn play(
        self,
        stored: &dyn Db,
        scratch: &Path,
        progress: &mut dyn FnMut(RebuildStep),
    ) -> Result<(Played, Scratch)> {
        let scratch = Scratch::make(scratch, self.now)?;
        let stage = Stage { facts: stored, scratch: scratch.db() };
        let mut played = replay::play(&stage, &scratch, progress)?;
        progress(RebuildStep::Comparing);
        compare::compare(stored, scratch.db(), &mut played.rebuilt)?;
        let word = |by: &Option<ProvedBy>| if by.is_some() { "genuine" } else { "forged" };
        played.rebuilt.proofs = played.proofs.iter().map(|(id, by)| (*id, word(by))).collect();
        Ok((played, scratch))
    }

    /// Puts right what differs, where that is wanted, within the transaction of `stored`.
    pub(crate) fn carry_over(
        self,
        stored: &dyn Db,
        scratch: &Scratch,
        mut played: Played,
        progress: &mut dyn FnMut(RebuildStep),
    ) -> Result<Rebuilt> {
        if let How::Apply { sends } = self.how
            && !played.rebuilt.is_the_same()
            && played.rebuilt.problems.is_empty()
        {
            progress(RebuildStep::Applying);
            apply::apply(stored, scratch.db(), &played, apply::How { now: self.now, sends })?;
            played.rebuilt.is_applied = true;
        }
        Ok(played.rebuilt)
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RebuildStep {
    Played { done: u64, of: u64 },
    Comparing,
    Applying,
}
