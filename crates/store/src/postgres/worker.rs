//! One connection, and how operations run on it.

use super::connect::Target;
use super::db::Session;
use super::settings;
use crate::operations::{Desk, Waiting};
use crate::sql::Db;
use crate::{Change, Result, StoreError};
use rand::RngExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// How often an operation is run again when others were in its way.
const TRIES_MAX: u32 = 12;

/// Where changes are told after a commit.
pub(super) type Announce = Arc<dyn Fn(Vec<Change>) + Send + Sync>;

pub(super) struct Worker {
    target: Target,
    session: Option<Session>,
    announce: Announce,
}

impl Worker {
    /// Connects when there is something to do.
    pub(super) fn new(target: &Target, announce: &Announce) -> Self {
        Self { target: target.clone(), session: None, announce: Arc::clone(announce) }
    }

    /// The connection; a new one where there is none or it has been cut.
    pub(super) fn session(&mut self) -> Result<&Session> {
        if self.session.as_ref().is_some_and(Session::is_closed) {
            self.session = None;
        }
        if self.session.is_none() {
            let session = Session::new(self.target.connect()?);
            session.control(settings::SESSION)?;
            self.session = Some(session);
        }
        Ok(self.session.as_ref().expect("just made"))
    }

    /// Begins a transaction. A connection that was cut while nobody used it is replaced: nothing was lost with it.
    fn begin(&mut self, sql: &'static str) -> Result<&Session> {
        match self.session()?.control(sql) {
            Ok(()) => {}
            Err(StoreError::Unreachable(_)) => {
                self.session = None;
                self.session()?.control(sql)?;
            }
            Err(error) => return Err(error),
        }
        // This very connection and no other: the transaction lives on it.
        Ok(self.session.as_ref().expect("it has just been spoken to"))
    }

    /// Runs an operation as one transaction, again where others were in its way.
    pub(super) fn write<T>(&mut self, work: impl Fn(&Session, &mut Desk<'_>) -> Result<T>) -> Result<T> {
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                pause(attempt);
            }
            match self.write_once(&work) {
                Err(StoreError::Busy) => {}
                Ok((done, changes)) => {
                    (self.announce)(changes);
                    return Ok(done);
                }
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Busy)
    }

    fn write_once<T>(
        &mut self,
        work: &impl Fn(&Session, &mut Desk<'_>) -> Result<T>,
    ) -> Result<(T, Vec<Change>)> {
        let session = self.begin("BEGIN")?;
        let mut waiting = Waiting::Counted;
        let mut desk = Desk::new(session, &mut waiting);
        let done = catch_unwind(AssertUnwindSafe(|| work(session, &mut desk)))
            .unwrap_or_else(|_| Err(StoreError::Failed("a write met a defect and was undone".to_owned())));
        let changes = std::mem::take(&mut desk.changes);
        match done {
            Ok(done) => {
                // When the connection breaks here, nobody knows whether it was committed: the caller hears that it
                // failed, and what is done again finds what is there.
                session.control("COMMIT")?;
                Ok((done, changes))
            }
            Err(error) => {
                if session.control("ROLLBACK").is_err() {
                    self.session = None;
                }
                Err(error)
            }
        }
    }

    /// Reads one moment of the database.
    pub(super) fn read<T>(&mut self, work: impl FnOnce(&dyn Db) -> Result<T>) -> Result<T> {
        let session = self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let found = catch_unwind(AssertUnwindSafe(|| work(session)))
            .unwrap_or_else(|_| Err(StoreError::Failed("a read met a defect".to_owned())));
        if session.control("COMMIT").is_err() {
            self.session = None;
        }
        found
    }
}

/// Longer each time, and never the same for two who met.
fn pause(attempt: u32) {
    let most = 4_u64 << attempt.min(7);
    std::thread::park_timeout(Duration::from_millis(rand::rng().random_range(1..=most)));
}
