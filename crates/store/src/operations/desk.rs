//! What a writing operation works with.

use crate::sql::{self, Bind, Columns as _, Db, Row, Subject};
use crate::{Change, Result};
use std::collections::HashMap;

/// The connection inside its transaction, and what has to be said after the commit.
pub(crate) struct Desk<'a> {
    db: &'a dyn Db,
    waiting: &'a mut Waiting,
    /// Said so far.
    pub(crate) changes: Vec<Change>,
}

/// How many unproven notifications each account has.
pub(crate) enum Waiting {
    /// Counted once when the only writer starts, then kept up to date by it, because counting for every notification
    /// would cost more than keeping it.
    Kept(HashMap<i64, u32>),
    /// Others write as well, so it is counted when it is asked for.
    Counted,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(db: &'a dyn Db, waiting: &'a mut Waiting) -> Self {
        Self { db, waiting, changes: Vec::new() }
    }

    /// Tells everybody who listens, once the commit has succeeded.
    pub(crate) fn announce(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// As [`Desk::announce`], for what cannot have been said before.
    pub(crate) fn announce_new(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Whether an account has as many unproven notifications as it may have.
    pub(crate) fn is_full(&self, account: i64, waiting_max: u32) -> Result<bool> {
        if waiting_max == u32::MAX {
            return Ok(false);
        }
        let waiting = match &*self.waiting {
            Waiting::Kept(counts) => counts.get(&account).copied().unwrap_or(0),
            Waiting::Counted => {
                let counted = sql::count(
                    self.db,
                    "SELECT count(*) AS n FROM (
                         SELECT 1 FROM checks WHERE account_id = ?1 AND state = 'waiting' LIMIT ?2) AS w",
                    [account, i64::from(waiting_max)],
                )?;
                u32::try_from(counted).unwrap_or(u32::MAX)
            }
        };
        Ok(waiting >= waiting_max)
    }

    pub(crate) fn one_more_waits(&mut self, account: i64) {
        if let Waiting::Kept(counts) = self.waiting {
            *counts.entry(account).or_default() += 1;
        }
    }

    pub(crate) fn one_less_waits(&mut self, account: i64) {
        if let Waiting::Kept(counts) = self.waiting {
            let count = counts.entry(account).or_default();
            *count = count.saturating_sub(1);
        }
    }
}

impl Waiting {
    pub(crate) fn kept(db: &dyn Db) -> Result<Self> {
        let counts = sql::all(
            db,
            "SELECT account_id, count(*) AS waiting FROM checks WHERE state = 'waiting' GROUP BY account_id",
            sql::NONE,
            |row| Ok((row.number("account_id")?, row.small("waiting")?)),
        )?;
        Ok(Self::Kept(counts.into_iter().collect()))
    }
}

impl Db for Desk<'_> {
    fn query(
        &self,
        sql: &'static str,
        values: &[&dyn Bind],
        each: &mut dyn FnMut(&dyn Row) -> Result<bool>,
    ) -> Result<()> {
        self.db.query(sql, values, each)
    }

    fn stream(&self, sql: &'static str, each: &mut dyn FnMut(&dyn Row) -> Result<bool>) -> Result<()> {
        self.db.stream(sql, each)
    }

    fn number_on(&self) -> Result<()> {
        self.db.number_on()
    }

    fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<usize> {
        self.db.execute(sql, values)
    }

    fn insert(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<i64>> {
        self.db.insert(sql, values)
    }

    fn lock(&self, subjects: &[Subject<'_>]) -> Result<()> {
        self.db.lock(subjects)
    }

    fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        self.db.pick(sqlite, postgres)
    }
}
