//! Reading columns by name, with our own types.

use super::{Row, Value};
use crate::{Result, StoreError};
use ipnd_core::{Currency, Money, Reason};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

pub(crate) trait Columns {
    fn text(&self, column: &'static str) -> Result<String>;
    fn text_opt(&self, column: &'static str) -> Result<Option<String>>;
    fn number(&self, column: &'static str) -> Result<i64>;
    fn number_opt(&self, column: &'static str) -> Result<Option<i64>>;
    fn small(&self, column: &'static str) -> Result<u32>;
    fn flag(&self, column: &'static str) -> Result<bool>;
    fn bytes(&self, column: &'static str) -> Result<Vec<u8>>;
    fn time(&self, column: &'static str) -> Result<Timestamp>;
    fn time_opt(&self, column: &'static str) -> Result<Option<Timestamp>>;
    fn word<T>(&self, column: &'static str, from_word: fn(&str) -> Option<T>) -> Result<T>;
    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T>;
    fn money(&self, amount: &'static str, currency: &'static str) -> Result<Money>;
    fn money_opt(&self, amount: &'static str, currency: &'static str) -> Result<Option<Money>>;
    /// From the columns `reason` and `reason_detail`.
    fn reason(&self) -> Result<Option<Reason>>;
}

impl Columns for dyn Row + '_ {
    fn text(&self, column: &'static str) -> Result<String> {
        str_of(self, column).map(str::to_owned)
    }

    fn text_opt(&self, column: &'static str) -> Result<Option<String>> {
        str_opt(self, column).map(|text| text.map(str::to_owned))
    }

    fn number(&self, column: &'static str) -> Result<i64> {
        self.number_opt(column)?.ok_or_else(|| damage(column, "nothing"))
    }

    fn number_opt(&self, column: &'static str) -> Result<Option<i64>> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Number(number) => Ok(Some(number)),
            other => Err(damage(column, &format!("{other:?}"))),
        }
    }

    fn small(&self, column: &'static str) -> Result<u32> {
        let number = self.number(column)?;
        u32::try_from(number).map_err(|_| damage(column, &number.to_string()))
    }

    fn flag(&self, column: &'static str) -> Result<bool> {
        Ok(self.number(column)? != 0)
    }

    fn bytes(&self, column: &'static str) -> Result<Vec<u8>> {
        match self.value(column)? {
            Value::Bytes(bytes) => Ok(bytes.to_vec()),
            other => Err(damage(column, &format!("{other:?}"))),
        }
    }

    fn time(&self, column: &'static str) -> Result<Timestamp> {
        read_time(str_of(self, column)?, column)
    }

    fn time_opt(&self, column: &'static str) -> Result<Option<Timestamp>> {
        str_opt(self, column)?.map(|text| read_time(text, column)).transpose()
    }

    fn word<T>(&self, column: &'static str, from_word: fn(&str) -> Option<T>) -> Result<T> {
        let word = str_of(self, column)?;
        from_word(word).ok_or_else(|| damage(column, word))
    }

    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(str_of(self, column)?).map_err(|error| damage(column, &error.to_string()))
    }

    fn money(&self, amount: &'static str, currency: &'static str) -> Result<Money> {
        self.money_opt(amount, currency)?.ok_or_else(|| damage(amount, "nothing"))
    }

    fn money_opt(&self, amount: &'static str, currency: &'static str) -> Result<Option<Money>> {
        let (Some(text), Some(code)) = (str_opt(self, amount)?, str_opt(self, currency)?) else {
            return Ok(None);
        };
        let currency = Currency::from_code(code).map_err(|_| damage(currency, code))?;
        Money::parse(text, currency).map(Some).map_err(|_| damage(amount, text))
    }

    fn reason(&self) -> Result<Option<Reason>> {
        let detail = self.text_opt("reason_detail")?.unwrap_or_default();
        Ok(self.text_opt("reason")?.map(|code| Reason { code, detail }))
    }
}

fn str_of<'a>(row: &'a (dyn Row + '_), column: &'static str) -> Result<&'a str> {
    str_opt(row, column)?.ok_or_else(|| damage(column, "nothing"))
}

fn str_opt<'a>(row: &'a (dyn Row + '_), column: &'static str) -> Result<Option<&'a str>> {
    match row.value(column)? {
        Value::Null => Ok(None),
        Value::Text(text) => Ok(Some(text)),
        other => Err(damage(column, &format!("{other:?}"))),
    }
}

fn read_time(text: &str, column: &'static str) -> Result<Timestamp> {
    text.parse().map_err(|_| damage(column, text))
}

fn damage(column: &str, found: &str) -> StoreError {
    StoreError::Failed(format!("the database is damaged: column {column} holds “{found}”"))
}
