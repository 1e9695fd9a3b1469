//! The few forms in which this crate talks to SQLite.
//!
//! Statements are `&'static str`: text that is put together at run time does not compile here (T-B17). Values are
//! bound. Statements are prepared once for each connection and kept.

use crate::{Result, StoreError};
use ipnd_core::{Currency, Money, Reason};
use jiff::Timestamp;
use rusqlite::{Connection, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// Every row.
pub(super) fn all<T>(
    db: &Connection,
    sql: &'static str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first row, if there is one.
pub(super) fn one<T>(
    db: &Connection,
    sql: &'static str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// Runs a statement and says how many rows it touched.
pub(super) fn run(db: &Connection, sql: &'static str, params: impl Params) -> Result<usize> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

/// Inserts one row and gives its id.
pub(super) fn insert(db: &Connection, sql: &'static str, params: impl Params) -> Result<i64> {
    Ok(db.prepare_cached(sql)?.insert(params)?)
}

/// The number in the first column of the first row.
pub(super) fn count(db: &Connection, sql: &'static str, params: impl Params) -> Result<i64> {
    Ok(db.prepare_cached(sql)?.query_row(params, |row| row.get(0))?)
}

/// A time as it is stored: UTC, milliseconds, always the same width.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

pub(super) fn time_opt(at: Option<Timestamp>) -> Option<String> {
    at.map(time)
}

pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own values have text keys and no failing parts")
}

/// An amount and its currency, as two columns.
pub(super) fn money(amount: Option<Money>) -> (Option<String>, Option<&'static str>) {
    (amount.map(Money::decimal), amount.map(|amount| amount.currency().code()))
}

/// A reason, as two columns.
pub(super) fn reason(reason: Option<&Reason>) -> (Option<&str>, Option<&str>) {
    (reason.map(|reason| reason.code.as_str()), reason.map(|reason| reason.detail.as_str()))
}

/// Text from outside as it is stored: PostgreSQL cannot hold U+0000, and both engines must keep the same (T-B13).
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

pub(super) fn clean_opt(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(clean)
}

/// Reading columns by name, with our own types.
pub(super) trait Columns {
    fn text(&self, column: &'static str) -> Result<String>;
    fn text_opt(&self, column: &'static str) -> Result<Option<String>>;
    fn number(&self, column: &'static str) -> Result<i64>;
    fn small(&self, column: &'static str) -> Result<u32>;
    fn flag(&self, column: &'static str) -> Result<bool>;
    fn time(&self, column: &'static str) -> Result<Timestamp>;
    fn time_opt(&self, column: &'static str) -> Result<Option<Timestamp>>;
    fn word<T>(&self, column: &'static str, from_word: fn(&str) -> Option<T>) -> Result<T>;
    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T>;
    fn money(&self, amount: &'static str, currency: &'static str) -> Result<Money>;
    fn money_opt(&self, amount: &'static str, currency: &'static str) -> Result<Option<Money>>;
    /// From the columns `reason` and `reason_detail`.
    fn reason(&self) -> Result<Option<Reason>>;
}

impl Columns for Row<'_> {
    fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.get(column)?)
    }

    fn text_opt(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.get(column)?)
    }

    fn number(&self, column: &'static str) -> Result<i64> {
        Ok(self.get(column)?)
    }

    fn small(&self, column: &'static str) -> Result<u32> {
        Ok(self.get(column)?)
    }

    fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.get(column)?)
    }

    fn time(&self, column: &'static str) -> Result<Timestamp> {
        read_time(&self.text(column)?, column)
    }

    fn time_opt(&self, column: &'static str) -> Result<Option<Timestamp>> {
        self.text_opt(column)?.map(|text| read_time(&text, column)).transpose()
    }

    fn word<T>(&self, column: &'static str, from_word: fn(&str) -> Option<T>) -> Result<T> {
        let word = self.text(column)?;
        from_word(&word).ok_or_else(|| damage(column, &word))
    }

    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        let text = self.get_ref(column)?.as_str().map_err(|_| damage(column, "no text"))?;
        serde_json::from_str(text).map_err(|error| damage(column, &error.to_string()))
    }

    fn money(&self, amount: &'static str, currency: &'static str) -> Result<Money> {
        self.money_opt(amount, currency)?.ok_or_else(|| damage(amount, "nothing"))
    }

    fn money_opt(&self, amount: &'static str, currency: &'static str) -> Result<Option<Money>> {
        let (Some(text), Some(code)) = (self.text_opt(amount)?, self.text_opt(currency)?) else {
            return Ok(None);
        };
        let currency = Currency::from_code(&code).map_err(|_| damage(currency, &code))?;
        Money::parse(&text, currency).map(Some).map_err(|_| damage(amount, &text))
    }

    fn reason(&self) -> Result<Option<Reason>> {
        let detail = self.text_opt("reason_detail")?.unwrap_or_default();
        Ok(self.text_opt("reason")?.map(|code| Reason { code, detail }))
    }
}

fn read_time(text: &str, column: &'static str) -> Result<Timestamp> {
    text.parse().map_err(|_| damage(column, text))
}

fn damage(column: &str, found: &str) -> StoreError {
    StoreError::Failed(format!("the database is damaged: column {column} holds “{found}”"))
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
}
