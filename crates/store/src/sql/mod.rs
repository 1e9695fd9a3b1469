//! SQL as both engines understand it.
//!
//! The operations are written once, in SQL that SQLite and PostgreSQL read alike, against [`Db`]: a connection inside
//! a transaction. Statements are `&'static str`: text that is put together at run time does not compile here (T-B17).
//! Values are bound. Parameters are written `?1`. Statements are prepared once for each connection and kept.

mod columns;

pub(crate) use columns::Columns;

use crate::{Result, StoreError};
use ipnd_core::{Money, Reason};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serialize;
use std::borrow::Cow;

/// What can be bound and read: the types that the columns have in both engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Number(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// A connection inside a transaction.
pub(crate) trait Db {
    /// Calls `each` for every row until it says that it has seen enough (`false`).
    fn query(
        &self,
        sql: &'static str,
        values: &[&dyn Bind],
        each: &mut dyn FnMut(&dyn Row) -> Result<bool>,
    ) -> Result<()>;

    /// Every row of a statement without values, however many there are. `each` must not use the connection.
    fn stream(&self, sql: &'static str, each: &mut dyn FnMut(&dyn Row) -> Result<bool>) -> Result<()> {
        self.query(sql, NONE, each)
    }

    /// After rows with ids of their own have been written: further ones are numbered from there on.
    fn number_on(&self) -> Result<()> {
        Ok(())
    }

    /// Runs a statement and says how many rows it touched.
    fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<usize>;

    /// Inserts one row into a table whose key is `id`, and gives that; `None` where the statement found nothing to do.
    fn insert(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<i64>>;

    /// Keeps everybody else from working on the same things until this transaction has ended. Where there is one
    /// writer only, there is nobody else.
    fn lock(&self, _subjects: &[Subject<'_>]) -> Result<()> {
        Ok(())
    }

    /// Of two statements the one for this engine. For the few things that SQL has no common words for.
    fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str;
}

/// What transactions on different nodes must not work on at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// An order, by its id: its row is locked.
    Order(i64),
    /// A notification, by its id: its check is locked.
    Notification(i64),
    /// Something that an event may refer to, or an order that does not exist yet: a kind of thing and its name.
    Named(&'static str, i64, &'a str),
}

/// One row of an answer.
pub(crate) trait Row {
    fn value(&self, column: &'static str) -> Result<Value<'_>>;
}

/// Something that can be bound.
pub(crate) trait Bind {
    fn value(&self) -> Value<'_>;
}

macro_rules! bind {
    ($($type:ty: $own:ident => $value:expr;)+) => {
        $(impl Bind for $type {
            fn value(&self) -> Value<'_> {
                let $own = self;
                $value
            }
        })+
    };
}

bind! {
    i64: own => Value::Number(*own);
    u32: own => Value::Number(i64::from(*own));
    u16: own => Value::Number(i64::from(*own));
    bool: own => Value::Number(i64::from(*own));
    str: own => Value::Text(own);
    String: own => Value::Text(own);
    Cow<'_, str>: own => Value::Text(own);
    [u8]: own => Value::Bytes(own);
    Vec<u8>: own => Value::Bytes(own);
    bytes::Bytes: own => Value::Bytes(own);
}

impl<T: Bind> Bind for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Bind::value)
    }
}

impl<T: Bind + ?Sized> Bind for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

/// The values of a statement: `params![...]`, or an array of one type.
pub(crate) trait Params {
    fn with<R>(&self, run: impl FnOnce(&[&dyn Bind]) -> R) -> R;
}

impl Params for &[&dyn Bind] {
    fn with<R>(&self, run: impl FnOnce(&[&dyn Bind]) -> R) -> R {
        run(self)
    }
}

impl<T: Bind, const N: usize> Params for [T; N] {
    fn with<R>(&self, run: impl FnOnce(&[&dyn Bind]) -> R) -> R {
        run(&self.each_ref().map(|value| value as &dyn Bind))
    }
}

/// No values.
pub(crate) const NONE: &[&dyn Bind] = &[];

/// Values of several types.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$(&$value as &dyn crate::sql::Bind),*] as &[&dyn crate::sql::Bind] };
}
pub(crate) use params;

/// Every row.
pub(crate) fn all<T>(
    db: &dyn Db,
    sql: &'static str,
    params: impl Params,
    mut read: impl FnMut(&dyn Row) -> Result<T>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    let mut each = |row: &dyn Row| {
        found.push(read(row)?);
        Ok(true)
    };
    params.with(|values| db.query(sql, values, &mut each))?;
    Ok(found)
}

/// The first row, if there is one.
pub(crate) fn one<T>(
    db: &dyn Db,
    sql: &'static str,
    params: impl Params,
    read: impl FnOnce(&dyn Row) -> Result<T>,
) -> Result<Option<T>> {
    let mut found = None;
    let mut read = Some(read);
    let mut each = |row: &dyn Row| {
        found = read.take().map(|read| read(row)).transpose()?;
        Ok(false)
    };
    params.with(|values| db.query(sql, values, &mut each))?;
    Ok(found)
}

/// Runs a statement and says how many rows it touched.
pub(crate) fn run(db: &dyn Db, sql: &'static str, params: impl Params) -> Result<usize> {
    params.with(|values| db.execute(sql, values))
}

/// Inserts one row and gives its id.
pub(crate) fn insert(db: &dyn Db, sql: &'static str, params: impl Params) -> Result<i64> {
    let id = insert_new(db, sql, params)?;
    id.ok_or_else(|| StoreError::Failed("the row just written is missing".to_owned()))
}

/// Inserts one row unless it is there already (`ON CONFLICT DO NOTHING`), and gives its id if it is new.
pub(crate) fn insert_new(db: &dyn Db, sql: &'static str, params: impl Params) -> Result<Option<i64>> {
    params.with(|values| db.insert(sql, values))
}

/// The number in the column `n` of the only row.
pub(crate) fn count(db: &dyn Db, sql: &'static str, params: impl Params) -> Result<i64> {
    Ok(one(db, sql, params, |row| row.number("n"))?.unwrap_or(0))
}

/// A time as it is stored: UTC, milliseconds, always the same width.
pub(crate) fn time(at: Timestamp) -> String {
    const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    MILLISECONDS.timestamp_to_string(&at)
}

pub(crate) fn time_opt(at: Option<Timestamp>) -> Option<String> {
    at.map(time)
}

pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own values have text keys and no failing parts")
}

/// An amount and its currency, as two columns.
pub(crate) fn money(amount: Option<Money>) -> (Option<String>, Option<&'static str>) {
    (amount.map(Money::decimal), amount.map(|amount| amount.currency().code()))
}

/// A reason, as two columns.
pub(crate) fn reason(reason: Option<&Reason>) -> (Option<&str>, Option<&str>) {
    (reason.map(|reason| reason.code.as_str()), reason.map(|reason| reason.detail.as_str()))
}

/// Text from outside as it is stored: PostgreSQL cannot hold U+0000, and both engines must keep the same (T-B13).
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

pub(crate) fn clean_opt(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(clean)
}

/// A pattern for `LIKE ... ESCAPE '!'` that finds `text` anywhere.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_width_and_sort_as_text() {
        let at = |text: &str| time(text.parse().expect("a time"));
        assert_eq!(at("2026-03-01T09:30:00Z"), "2026-03-01T09:30:00.000Z");
        assert_eq!(at("2026-03-01T10:30:00.1239+01:00"), "2026-03-01T09:30:00.123Z");
        assert!(at("2026-03-01T09:30:00Z") < at("2026-03-01T09:30:00.001Z"));
    }

    #[test]
    fn t_b13_nul_is_replaced() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert!(matches!(clean("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn what_a_pattern_means_is_taken_literally() {
        assert_eq!(containing("50%_off!"), "%50!%!_off!!%");
    }
}
