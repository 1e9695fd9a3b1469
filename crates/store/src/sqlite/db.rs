//! A connection to SQLite as the operations see it.

use crate::sql::{Bind, Db, Row, Value};
use crate::{Result, StoreError};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql};
use std::cell::Cell;

impl Db for Connection {
    fn query(
        &self,
        sql: &'static str,
        values: &[&dyn Bind],
        each: &mut dyn FnMut(&dyn Row) -> Result<bool>,
    ) -> Result<()> {
        query(&mut *self.prepare_cached(sql)?, values, each)
    }

    fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<usize> {
        execute(&mut *self.prepare_cached(sql)?, values)
    }

    /// Without `RETURNING`, for which SQLite would keep copies of all pages that the statement touches.
    fn insert(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<i64>> {
        let is_new = Db::execute(self, sql, values)? > 0;
        Ok(is_new.then(|| self.last_insert_rowid()))
    }

    fn pick(&self, sqlite: &'static str, _postgres: &'static str) -> &'static str {
        sqlite
    }
}

pub(super) fn query(
    statement: &mut Statement<'_>,
    values: &[&dyn Bind],
    each: &mut dyn FnMut(&dyn Row) -> Result<bool>,
) -> Result<()> {
    debug_assert!(has_names_of_their_own(statement), "two columns have one name: {statement:?}");
    bind(statement, values)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if !each(&Found { row, likely: Cell::new(0) })? {
            break;
        }
    }
    Ok(())
}

pub(super) fn execute(statement: &mut Statement<'_>, values: &[&dyn Bind]) -> Result<usize> {
    bind(statement, values)?;
    Ok(statement.raw_execute()?)
}

/// [`Found`] could give either of two columns of one name.
fn has_names_of_their_own(statement: &Statement<'_>) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    statement.column_names().all(|name| seen.insert(name))
}

/// A row whose columns are mostly read in their sequence: each is looked for where the one before was found.
struct Found<'a> {
    row: &'a rusqlite::Row<'a>,
    /// The column behind the one that was read last.
    likely: Cell<usize>,
}

impl Found<'_> {
    /// The place of the column of that name.
    fn place(&self, column: &'static str) -> rusqlite::Result<usize> {
        let statement: &Statement<'_> = self.row.as_ref();
        let count = statement.column_count();
        let likely = self.likely.get();
        for place in (likely..count).chain(0..likely.min(count)) {
            if statement.column_name(place)? == column {
                self.likely.set(place + 1);
                return Ok(place);
            }
        }
        Err(rusqlite::Error::InvalidColumnName(column.to_owned()))
    }
}

impl Row for Found<'_> {
    fn value(&self, column: &'static str) -> Result<Value<'_>> {
        let damage =
            |what: &str| StoreError::Failed(format!("the database is damaged: column {column} holds {what}"));
        match self.row.get_ref(self.place(column)?)? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(number) => Ok(Value::Number(number)),
            ValueRef::Text(text) => {
                std::str::from_utf8(text).map(Value::Text).map_err(|_| damage("text that is not UTF-8"))
            }
            ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
            ValueRef::Real(_) => Err(damage("a floating point number")),
        }
    }
}

struct Bound<'a>(Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Number(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn bind(statement: &mut Statement<'_>, values: &[&dyn Bind]) -> Result<()> {
    let wanted = statement.parameter_count();
    if values.len() != wanted {
        return Err(StoreError::Failed(format!(
            "a statement takes {wanted} values and got {}",
            values.len()
        )));
    }
    for (index, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, Bound(value.value()))?;
    }
    Ok(())
}
