//! What waits in the writer's queue.

use crate::operations::Desk;
use crate::{Result, StoreError};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a command is kept from leaving half of itself behind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// An error undoes this command only; it may be run twice.
    Savepoint,
    /// Cheaper: the command refuses before its first write or not at all, so a failed write fails the whole batch.
    Batch,
}

/// A queued command. Its result is kept until the commit is known.
pub(super) trait Command: Send {
    fn guard(&self) -> Guard;
    /// # Errors
    /// Why it has to be undone; the command keeps its own copy for the answer.
    fn run(&mut self, desk: &mut Desk<'_>, db: &Connection) -> Result<()>;
    fn answer(self: Box<Self>, committed: Result<()>);
}

/// A command with the type of its result, and who is to hear it.
pub(super) struct Typed<T, F, A> {
    guard: Guard,
    work: F,
    result: Result<T>,
    answer: A,
}

impl<T, F, A> Typed<T, F, A> {
    pub(super) fn new(guard: Guard, work: F, answer: A) -> Self {
        let result = Err(StoreError::Failed("the write was not reached".to_owned()));
        Self { guard, work, result, answer }
    }
}

impl<T, F, A> Command for Typed<T, F, A>
where
    T: Send,
    F: Fn(&mut Desk<'_>, &Connection) -> Result<T> + Send,
    A: FnOnce(Result<T>) + Send,
{
    fn guard(&self) -> Guard {
        self.guard
    }

    fn run(&mut self, desk: &mut Desk<'_>, db: &Connection) -> Result<()> {
        self.result = catch_unwind(AssertUnwindSafe(|| (self.work)(desk, db)))
            .unwrap_or_else(|_| Err(StoreError::Failed("a write met a defect and was undone".to_owned())));
        self.result.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        (self.answer)(committed.and(self.result));
    }
}
