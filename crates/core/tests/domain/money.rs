//! Amounts: exact, bounded, and read in one way only (T-B09).

use crate::story::money;
use ipnd_core::{Currency, Money, MoneyError};
use proptest::prelude::*;

/// What became of reading a text: its minor units, or the kind of refusal.
fn read(text: &str, currency: &str) -> Result<i128, &'static str> {
    Money::parse(text, Currency::from_code(currency).unwrap()).map(Money::minor).map_err(
        |error| match error {
            MoneyError::Malformed(_) => "malformed",
            MoneyError::TooPrecise { .. } => "too precise",
            MoneyError::TooLarge(_) => "too large",
            MoneyError::DifferentCurrencies(..) => "different currencies",
        },
    )
}

#[test]
fn t_b09_number_formats() {
    let malformed = Err("malformed");
    let precise = Err("too precise");
    // Currencies with 0, 2, 3, 8 and 18 decimals.
    #[rustfmt::skip]
    let table: &[(&str, [Result<i128, &str>; 5])] = &[
        // text       JPY            EUR             KWD              BTC                   ETH
        ("0",        [Ok(0),         Ok(0),          Ok(0),           Ok(0),                Ok(0)]),
        ("5",        [Ok(5),         Ok(500),        Ok(5_000),       Ok(500_000_000),      Ok(5_000_000_000_000_000_000)]),
        ("007",      [Ok(7),         Ok(700),        Ok(7_000),       Ok(700_000_000),      Ok(7_000_000_000_000_000_000)]),
        ("-4",       [Ok(-4),        Ok(-400),       Ok(-4_000),      Ok(-400_000_000),     Ok(-4_000_000_000_000_000_000)]),
        ("2.7",      [precise,       Ok(270),        Ok(2_700),       Ok(270_000_000),      Ok(2_700_000_000_000_000_000)]),
        ("1500.0",   [Ok(1500),      Ok(150_000),    Ok(1_500_000),   Ok(150_000_000_000),  Ok(1_500_000_000_000_000_000_000)]),
        ("1500.00",  [Ok(1500),      Ok(150_000),    Ok(1_500_000),   Ok(150_000_000_000),  Ok(1_500_000_000_000_000_000_000)]),
        ("1500.01",  [precise,       Ok(150_001),    Ok(1_500_010),   Ok(150_001_000_000),  Ok(1_500_010_000_000_000_000_000)]),
        ("10.000",   [precise,       precise,        Ok(10_000),      Ok(1_000_000_000),    Ok(10_000_000_000_000_000_000)]),
        ("1.005",    [precise,       precise,        Ok(1_005),       Ok(100_500_000),      Ok(1_005_000_000_000_000_000)]),
        ("0.00000001", [precise,     precise,        precise,         Ok(1),                Ok(10_000_000_000)]),
        ("0.000000000000000001", [precise, precise,  precise,         precise,              Ok(1)]),
        ("0.0000000000000000001", [precise; 5]),
        ("999999999999999999", [
            Ok(999_999_999_999_999_999),
            Ok(99_999_999_999_999_999_900),
            Ok(999_999_999_999_999_999_000),
            Ok(99_999_999_999_999_999_900_000_000),
            Ok(999_999_999_999_999_999_000_000_000_000_000_000),
        ]),
        ("1000000000000000000", [Err("too large"); 5]),
        ("1e3",      [malformed; 5]),
        ("1E3",      [malformed; 5]),
        ("0x10",     [malformed; 5]),
        ("١٠٠",      [malformed; 5]),
        ("１００",    [malformed; 5]),
        ("1,00",     [malformed; 5]),
        ("1.000,00", [malformed; 5]),
        ("1'000",    [malformed; 5]),
        ("1 000",    [malformed; 5]),
        (" 1",       [malformed; 5]),
        ("1 ",       [malformed; 5]),
        ("1\n",      [malformed; 5]),
        ("1\0",      [malformed; 5]),
        ("-0",       [malformed; 5]),
        ("-0.00",    [malformed, malformed, malformed, malformed, malformed]),
        ("--1",      [malformed; 5]),
        ("+1",       [malformed; 5]),
        ("−1",       [malformed; 5]),
        ("-",        [malformed; 5]),
        (".",        [malformed; 5]),
        (".5",       [malformed; 5]),
        ("5.",       [malformed; 5]),
        ("1.2.3",    [malformed; 5]),
        ("NaN",      [malformed; 5]),
        ("inf",      [malformed; 5]),
        ("null",     [malformed; 5]),
        ("",         [malformed; 5]),
        ("€5",       [malformed; 5]),
        ("5 EUR",    [malformed; 5]),
        ("00000000000000000000000000000000000000001", [malformed; 5]),
    ];
    for (text, expected) in table {
        for (currency, expected) in ["JPY", "EUR", "KWD", "BTC", "ETH"].into_iter().zip(expected) {
            assert_eq!(read(text, currency), *expected, "“{text}” {currency}");
        }
    }
}

#[test]
fn amounts_of_different_currencies_never_add_up() {
    let (euro, dollar) = (money("1.00", "EUR"), money("1.00", "USD"));
    assert!(matches!(euro.plus(dollar), Err(MoneyError::DifferentCurrencies(..))));
    assert!(matches!(euro.minus(dollar), Err(MoneyError::DifferentCurrencies(..))));
    assert_eq!(euro.compare(dollar), None);
    assert_ne!(euro, dollar);
}

#[test]
fn sums_stop_before_they_could_not_be_read_again() {
    let currency = Currency::from_code("ETH").unwrap();
    let largest = money("999999999999999999.999999999999999999", "ETH");
    let mut sum = largest;
    while let Ok(next) = sum.plus(largest) {
        sum = next;
    }
    assert!(sum.minor() > largest.times(50).unwrap().minor());
    let stored = serde_json::to_string(&sum).unwrap();
    assert_eq!(serde_json::from_str::<Money>(&stored).unwrap(), sum);
    assert!(largest.times(u32::MAX).is_err());
    let edge = Money::from_minor(i128::MAX, currency);
    assert!(edge.plus(edge).is_err() && edge.minus(Money::from_minor(i128::MIN, currency)).is_err());
}

#[test]
fn on_the_wire_an_amount_is_text() {
    let euro = money("19.95", "EUR");
    assert_eq!(serde_json::to_string(&euro).unwrap(), r#"{"amount":"19.95","currency":"EUR"}"#);
    for wrong in [
        r#"{"amount":19.95,"currency":"EUR"}"#,
        r#"{"amount":"19.95","currency":"eur"}"#,
        r#"{"amount":"1e3","currency":"EUR"}"#,
        r#"{"amount":"1","amount":"2000","currency":"EUR"}"#,
        r#"{"amount":true,"currency":"EUR"}"#,
        r#"{"amount":"1","currency":"EUR","more":1}"#,
    ] {
        assert!(serde_json::from_str::<Money>(wrong).is_err(), "{wrong}");
    }
}

fn currency() -> impl Strategy<Value = Currency> {
    let all: Vec<Currency> = Currency::all().map(|code| Currency::from_code(code).unwrap()).collect();
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(currency in currency(), minor in any::<i128>()) {
        let bound = 10_i128.pow(18 + u32::from(currency.exponent()));
        let amount = Money::from_minor(minor % bound, currency);
        prop_assert_eq!(Money::parse(&amount.decimal(), currency), Ok(amount));
    }

    #[test]
    fn t_b09_no_text_is_misread(currency in currency(), text in "[0-9.,eE+\\-٠١ ]{0,45}|\\PC{0,45}") {
        if let Ok(amount) = Money::parse(&text, currency) {
            // Whatever is read is the same number that was written: nothing is rounded, nothing is guessed.
            let plain = |text: &str| {
                let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
                let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
                format!("{sign}{}.{}", whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
            };
            prop_assert_eq!(plain(&amount.decimal()), plain(&text));
        }
    }

    #[test]
    fn adding_and_taking_away_are_exact(currency in currency(), a in any::<i64>(), b in any::<i64>()) {
        let (a, b) = (Money::from_minor(a.into(), currency), Money::from_minor(b.into(), currency));
        let sum = a.plus(b).unwrap();
        prop_assert_eq!(sum.minus(b).unwrap(), a);
        prop_assert_eq!(sum, b.plus(a).unwrap());
    }
}
