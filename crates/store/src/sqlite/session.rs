//! The writer's connection with its statements.
//!
//! A connection keeps prepared statements by their text, which costs more to look up than many a statement costs to
//! run. Ours are `&'static str`, so that their addresses will do. There are as many as the sources have.

use super::db::{execute, query};
use crate::Result;
use crate::sql::{Bind, Db, Row};
use rusqlite::{Connection, Statement};
use std::cell::RefCell;
use std::collections::HashMap;

pub(super) struct Session<'a> {
    db: &'a Connection,
    /// Those that nobody uses at the moment, by where their text is and how long.
    idle: RefCell<HashMap<(usize, usize), Statement<'a>>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(db: &'a Connection) -> Self {
        Self { db, idle: RefCell::default() }
    }

    fn with<T>(&self, sql: &'static str, work: impl FnOnce(&mut Statement<'_>) -> Result<T>) -> Result<T> {
        let key = (sql.as_ptr().addr(), sql.len());
        let kept = self.idle.borrow_mut().remove(&key);
        let mut statement = match kept {
            Some(statement) => statement,
            None => self.db.prepare(sql)?,
        };
        let done = work(&mut statement);
        self.idle.borrow_mut().insert(key, statement);
        done
    }
}

impl Db for Session<'_> {
    fn query(
        &self,
        sql: &'static str,
        values: &[&dyn Bind],
        each: &mut dyn FnMut(&dyn Row) -> Result<bool>,
    ) -> Result<()> {
        self.with(sql, |statement| query(statement, values, each))
    }

    fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<usize> {
        self.with(sql, |statement| execute(statement, values))
    }

    fn insert(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<i64>> {
        let is_new = self.execute(sql, values)? > 0;
        Ok(is_new.then(|| self.db.last_insert_rowid()))
    }

    fn pick(&self, sqlite: &'static str, _postgres: &'static str) -> &'static str {
        sqlite
    }
}
