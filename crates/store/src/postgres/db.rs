//! A connection to PostgreSQL as the operations see it.

use crate::sql::{Bind, Db, Row, Subject, Value};
use crate::{Result, StoreError};
use bytes::BytesMut;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Statement};
use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;

/// As many as there are rows in `lock_slots`.
const LOCK_SLOTS: u64 = 4_096;

pub(super) struct Session {
    client: RefCell<Client>,
    /// Statements of this connection, by the address of their text.
    prepared: RefCell<HashMap<(usize, Form), Statement>>,
}

/// How a statement is changed before it goes out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    AsItIs,
    ReturningId,
}

impl Session {
    pub(super) fn new(client: Client) -> Self {
        Self { client: RefCell::new(client), prepared: RefCell::default() }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.borrow().is_closed()
    }

    /// Statements that begin and end transactions.
    pub(super) fn control(&self, sql: &'static str) -> Result<()> {
        Ok(self.client.borrow_mut().batch_execute(sql)?)
    }

    /// For what has more than one value in a parameter.
    pub(super) fn query_arrays(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<postgres::Row>> {
        let statement = self.prepare(sql, Form::AsItIs)?;
        Ok(self.client.borrow_mut().query(&statement, values)?)
    }

    fn prepare(&self, sql: &'static str, form: Form) -> Result<Statement> {
        let key = (sql.as_ptr() as usize, form);
        if let Some(statement) = self.prepared.borrow().get(&key) {
            return Ok(statement.clone());
        }
        let mut text = numbered(sql);
        if form == Form::ReturningId {
            text.push_str(" RETURNING id");
        }
        let statement =
            self.client.borrow_mut().prepare(&text).map_err(|error| match StoreError::from(error) {
                StoreError::Failed(why) => {
                    StoreError::Failed(format!("{why}, in: {}", text.chars().take(120).collect::<String>()))
                }
                other => other,
            })?;
        self.prepared.borrow_mut().insert(key, statement.clone());
        Ok(statement)
    }

    fn rows(&self, sql: &'static str, form: Form, values: &[&dyn Bind]) -> Result<Vec<postgres::Row>> {
        let statement = self.prepare(sql, form)?;
        let bound: Vec<Bound<'_>> = values.iter().map(|value| Bound(value.value())).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
        Ok(self.client.borrow_mut().query(&statement, &bound)?)
    }
}

impl Db for Session {
    fn query(
        &self,
        sql: &'static str,
        values: &[&dyn Bind],
        each: &mut dyn FnMut(&dyn Row) -> Result<bool>,
    ) -> Result<()> {
        for row in self.rows(sql, Form::AsItIs, values)? {
            if !each(&row)? {
                break;
            }
        }
        Ok(())
    }

    fn stream(&self, sql: &'static str, each: &mut dyn FnMut(&dyn Row) -> Result<bool>) -> Result<()> {
        let statement = self.prepare(sql, Form::AsItIs)?;
        let mut client = self.client.borrow_mut();
        let mut rows = client.query_raw(&statement, std::iter::empty::<i64>())?;
        while let Some(row) = rows.next()? {
            if !each(&row)? {
                break;
            }
        }
        Ok(())
    }

    fn number_on(&self) -> Result<()> {
        self.control(
            "DO $$
             DECLARE t record;
             BEGIN
                 FOR t IN SELECT table_name FROM information_schema.columns
                          WHERE table_schema = current_schema() AND column_name = 'id' AND is_identity = 'YES'
                 LOOP
                     EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), coalesce(max(id), 0) + 1, false)
                                     FROM %I', t.table_name, t.table_name);
                 END LOOP;
             END $$",
        )
    }

    fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<usize> {
        let statement = self.prepare(sql, Form::AsItIs)?;
        let bound: Vec<Bound<'_>> = values.iter().map(|value| Bound(value.value())).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
        let touched = self.client.borrow_mut().execute(&statement, &bound)?;
        Ok(usize::try_from(touched).unwrap_or(usize::MAX))
    }

    fn insert(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<i64>> {
        let rows = self.rows(sql, Form::ReturningId, values)?;
        Ok(rows.first().map(|row| row.try_get("id")).transpose()?)
    }

    fn lock(&self, subjects: &[Subject<'_>]) -> Result<()> {
        let mut slots = Vec::new();
        for subject in subjects {
            match subject {
                Subject::Order(id) => {
                    Db::execute(self, "SELECT 1 FROM orders WHERE id = ?1 FOR UPDATE", &[id])?;
                }
                Subject::Notification(id) => {
                    let sql = "SELECT 1 FROM checks WHERE notification_id = ?1 FOR UPDATE";
                    Db::execute(self, sql, &[id])?;
                }
                Subject::Named(kind, shop, name) => slots.push(slot(kind, *shop, name)),
            }
        }
        if !slots.is_empty() {
            // In one sequence for everybody, so that two never wait for each other.
            let sql = "SELECT slot FROM lock_slots WHERE slot = ANY(?1) ORDER BY slot FOR UPDATE";
            self.query_arrays(sql, &[&slots])?;
        }
        Ok(())
    }

    fn pick(&self, _sqlite: &'static str, postgres: &'static str) -> &'static str {
        postgres
    }
}

/// The slot of a name, the same on every node (FNV-1a).
fn slot(kind: &str, shop: i64, name: &str) -> i64 {
    let bytes = kind.bytes().chain([0]).chain(shop.to_le_bytes()).chain(name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    i64::try_from((hash >> 20) % LOCK_SLOTS).expect("a small number")
}

/// Parameters as PostgreSQL numbers them: `$1` for `?1`. No statement of ours has a question mark elsewhere.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

impl Row for postgres::Row {
    fn value(&self, column: &'static str) -> Result<Value<'_>> {
        Ok(self.try_get::<_, Raw<'_>>(column)?.0)
    }
}

/// A value as it came, of one of the few types that our columns and expressions have.
struct Raw<'a>(Value<'a>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *of {
            Type::INT8 => Value::Number(i64::from_sql(of, raw)?),
            Type::INT4 => Value::Number(i64::from(i32::from_sql(of, raw)?)),
            Type::BOOL => Value::Number(i64::from(bool::from_sql(of, raw)?)),
            Type::BYTEA => Value::Bytes(raw),
            _ => Value::Text(<&str>::from_sql(of, raw)?),
        };
        Ok(Self(value))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::INT8 | Type::INT4 | Type::BOOL | Type::BYTEA | Type::TEXT | Type::VARCHAR)
    }
}

/// A value on its way in. What the server takes it for decides how it is written.
#[derive(Debug)]
struct Bound<'a>(Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self.0, of) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Number(number), &Type::INT4) => i32::try_from(number)?.to_sql(of, out),
            (Value::Number(number), &Type::BOOL) => (number != 0).to_sql(of, out),
            (Value::Number(number), &Type::INT8) => number.to_sql(of, out),
            (Value::Text(text), &Type::TEXT | &Type::VARCHAR) => text.to_sql(of, out),
            (Value::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(of, out),
            (value, of) => Err(format!("{value:?} was bound where {of} is wanted").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_with_dollars() {
        assert_eq!(
            numbered("SELECT 1 WHERE a = ?1 AND b IN (?2, ?12)"),
            "SELECT 1 WHERE a = $1 AND b IN ($2, $12)"
        );
    }

    #[test]
    fn names_fall_into_known_slots() {
        for number in 0..10_000 {
            let slot = slot("transaction", 1, &number.to_string());
            assert!((0..4_096).contains(&slot));
        }
        assert_eq!(slot("a", 1, "x"), slot("a", 1, "x"));
        assert_ne!(slot("a", 1, "x"), slot("b", 1, "x"));
    }
}
