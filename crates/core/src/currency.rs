//! Currencies and how many decimal places their smallest unit has.
//!
//! Source of the exponents: ISO 4217 for the three-letter codes; for crypto currencies the unit their own
//! protocol counts in (satoshi, wei, lamport ...). A gateway that uses other exponents converts in its own file.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One known currency. Comparing two is comparing two small numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u16);

/// Tab-separated: code, exponent. Sorted by code, which a test checks, because look-up is a binary search.
const TABLE_TEXT: &str = include_str!("currency.tsv");

struct Row {
    code: &'static str,
    exponent: u8,
}

static TABLE: std::sync::LazyLock<Vec<Row>> = std::sync::LazyLock::new(|| {
    TABLE_TEXT
        .lines()
        .map(|line| {
            let (code, exponent) = line.split_once('\t').expect("every line of currency.tsv has a tab");
            Row { code, exponent: exponent.parse().expect("exponents in currency.tsv are small numbers") }
        })
        .collect()
});

/// The text is not the code of a currency that ipnd knows. Codes are compared exactly: `eur` is not `EUR`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a currency code that ipnd knows (codes are upper-case ISO 4217, such as EUR)")]
pub struct UnknownCurrency(pub String);

impl Currency {
    /// Finds a currency by its exact code.
    ///
    /// # Errors
    /// [`UnknownCurrency`] for anything that is not in the table, lower-case codes included (T-B02).
    pub fn from_code(code: &str) -> Result<Self, UnknownCurrency> {
        TABLE
            .binary_search_by(|row| row.code.cmp(code))
            .map(|index| Self(u16::try_from(index).expect("the table is far smaller than 65536")))
            .map_err(|_| UnknownCurrency(code.chars().take(16).collect()))
    }

    #[must_use]
    pub fn code(self) -> &'static str {
        TABLE[usize::from(self.0)].code
    }

    /// Decimal places of the smallest unit: 2 for EUR, 0 for JPY, 3 for KWD, 8 for BTC.
    #[must_use]
    pub fn exponent(self) -> u8 {
        TABLE[usize::from(self.0)].exponent
    }

    /// Every known code, sorted.
    pub fn all() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Currency {
    type Err = UnknownCurrency;
    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::from_code(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::from_code(&code).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_code_is_found() {
        for code in Currency::all() {
            assert_eq!(Currency::from_code(code).unwrap().code(), code);
        }
    }

    #[test]
    fn exponents_follow_iso_4217() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("BTC", 8), ("HUF", 2)] {
            assert_eq!(Currency::from_code(code).unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn t_b02_currency_not_compared_lower_case_is_not_a_currency() {
        assert!(Currency::from_code("eur").is_err());
        assert!(Currency::from_code("").is_err());
        assert!(Currency::from_code("XYZ9").is_err());
    }
}
