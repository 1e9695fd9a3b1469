//! Exact money: a whole number of the currency's smallest unit, and the currency.
//!
//! Amounts come in as decimal text and leave as decimal text; no floating point stands between. Amounts of
//! different currencies never add up: every sum says so with an error instead of a wrong number.

use crate::currency::Currency;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// Longest amount text that is looked at, in bytes. Real amounts have under 30.
const TEXT_BYTES_MAX: usize = 40;

/// Digits in front of the decimal point that an amount from outside may have.
const WHOLE_DIGITS_MAX: usize = 18;

/// The same for sums and products of such amounts. With 18 decimal places this still fits an `i128`; a sum that
/// could be written but not read again would make an order unreadable.
const SUM_DIGITS_MAX: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i128,
    currency: Currency,
}

/// Why a text is not an amount, or two amounts do not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("“{0}” is not an amount: digits, at most one point, an optional minus in front")]
    Malformed(String),
    #[error("“{text}” has more decimal places than {currency} has ({exponent})")]
    TooPrecise { text: String, currency: Currency, exponent: u8 },
    #[error("“{0}” is too large to be an amount")]
    TooLarge(String),
    #[error("{0} and {1} are different currencies and do not add up")]
    DifferentCurrencies(Currency, Currency),
}

impl Money {
    #[must_use]
    pub fn from_minor(minor: i128, currency: Currency) -> Self {
        Self { minor, currency }
    }

    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads decimal text such as `19.95`, `-4.00` or `1500`.
    ///
    /// Fewer decimal places than the currency has are fine (`5` EUR is five euro). More are refused, because
    /// `10.000` means ten thousand to half of Europe; the one exception is `.0` or `.00` after an amount of a
    /// currency without decimals, which several gateways send (`1500.00` JPY).
    ///
    /// # Errors
    /// Everything else, T-B09: exponents, commas, other scripts' digits, `-0`, `NaN`, spaces, overlong text.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        Self::read(text, currency, WHOLE_DIGITS_MAX)
    }

    fn read(text: &str, currency: Currency, whole_digits_max: usize) -> Result<Self, MoneyError> {
        let shown = || text.chars().take(TEXT_BYTES_MAX).collect::<String>();
        let malformed = || MoneyError::Malformed(shown());
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Err(malformed());
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(malformed()),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(malformed());
        }
        if whole.trim_start_matches('0').len() > whole_digits_max {
            return Err(MoneyError::TooLarge(shown()));
        }
        let exponent = currency.exponent();
        let fraction = if exponent == 0 && matches!(fraction, "0" | "00") { "" } else { fraction };
        if fraction.len() > usize::from(exponent) {
            return Err(MoneyError::TooPrecise { text: shown(), currency, exponent });
        }
        let mut minor: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            minor = minor * 10 + i128::from(byte - b'0');
        }
        minor *= 10_i128.pow(u32::from(exponent) - u32::try_from(fraction.len()).expect("at most 18"));
        if negative && minor == 0 {
            return Err(malformed());
        }
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// The amount in the currency's smallest unit (cents for EUR).
    #[must_use]
    pub fn minor(self) -> i128 {
        self.minor
    }

    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    #[must_use]
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }

    #[must_use]
    pub fn is_positive(self) -> bool {
        self.minor > 0
    }

    #[must_use]
    pub fn abs(self) -> Self {
        Self { minor: self.minor.abs(), currency: self.currency }
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Self { minor: -self.minor, currency: self.currency }
    }

    /// # Errors
    /// [`MoneyError::DifferentCurrencies`], or [`MoneyError::TooLarge`] when the sum does not fit.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.bounded(self.minor.checked_add(other.minor))
    }

    /// # Errors
    /// As [`Money::plus`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.bounded(self.minor.checked_sub(other.minor))
    }

    /// # Errors
    /// [`MoneyError::TooLarge`] when the product does not fit.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        self.bounded(self.minor.checked_mul(i128::from(quantity)))
    }

    /// A result in this currency, unless it has more digits than can be read again.
    fn bounded(self, minor: Option<i128>) -> Result<Self, MoneyError> {
        let digits = u32::try_from(SUM_DIGITS_MAX).expect("20") + u32::from(self.currency.exponent());
        minor
            .filter(|minor| minor.unsigned_abs() < 10_u128.pow(digits))
            .map(|minor| Self { minor, currency: self.currency })
            .ok_or_else(|| MoneyError::TooLarge(self.decimal()))
    }

    /// Compares two amounts of one currency; `None` when the currencies differ.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minor.cmp(&other.minor))
    }

    /// The plain decimal text, as it is stored and sent: `19.95`, `-4.00`, `1500`.
    #[must_use]
    pub fn decimal(self) -> String {
        let exponent = usize::from(self.currency.exponent());
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        let sign = if self.minor < 0 { "-" } else { "" };
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::DifferentCurrencies(self.currency, other.currency))
        }
    }
}

/// `19.95 EUR`, for logs and reasons. Pages and mails use [`crate::Language::money`].
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// On the wire: `{"amount": "19.95", "currency": "EUR"}`. The amount is text, never a JSON number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire { amount: self.decimal(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Self::read(&wire.amount, wire.currency, SUM_DIGITS_MAX).map_err(serde::de::Error::custom)
    }
}
