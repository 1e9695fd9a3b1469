//! Currencies by their ISO 4217 numbers, as banks write them: 980 is UAH.

use ipnd_core::{Currency, Reason};
use std::sync::LazyLock;

/// Tab-separated: number, code. Every currency of ISO 4217 that ipnd knows, but for ANG: its 532 is XCG's now.
const TABLE_TEXT: &str = include_str!("currency_numbers.tsv");

static TABLE: LazyLock<Vec<(u16, Currency)>> = LazyLock::new(|| {
    let rows = TABLE_TEXT.lines().filter_map(|line| line.split_once('\t'));
    let row = |(number, code): (&str, &str)| {
        let number = number.parse().expect("numbers of currencies have three digits");
        (number, Currency::from_code(code).expect("every currency in the table is known"))
    };
    rows.map(row).collect()
});

/// The currency of a number of up to three digits, with or without zeros in front.
///
/// # Errors
/// `currency_unknown`.
pub fn currency(digits: &str) -> Result<Currency, Reason> {
    let unknown = || Reason::new("currency_unknown", digits);
    if !(1..=3).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unknown());
    }
    let number: u16 = digits.parse().map_err(|_| unknown())?;
    TABLE.iter().find(|row| row.0 == number).map(|row| row.1).ok_or_else(unknown)
}

/// The number of a currency; `None` for those that ISO 4217 does not list.
#[must_use]
pub fn number(currency: Currency) -> Option<u16> {
    TABLE.iter().find(|row| row.1 == currency).map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_number_and_every_code_stands_once() {
        let numbers: BTreeSet<u16> = TABLE.iter().map(|row| row.0).collect();
        let codes: BTreeSet<&str> = TABLE.iter().map(|row| row.1.code()).collect();
        assert_eq!((numbers.len(), codes.len()), (TABLE.len(), TABLE.len()));
    }

    #[test]
    fn what_has_no_number_is_crypto_or_withdrawn() {
        let without: Vec<&str> =
            Currency::all().filter(|code| number(Currency::from_code(code).unwrap()).is_none()).collect();
        let known = [
            "ADA", "ANG", "BCH", "BNB", "BTC", "DAI", "DASH", "DOGE", "ETH", "LTC", "MATIC", "SOL", "TON",
            "TRX", "USDC", "USDT", "XLM", "XMR", "XRP", "ZEC",
        ];
        assert_eq!(without, known);
    }

    #[test]
    fn numbers_are_read_with_and_without_their_zeros() {
        let code =
            |digits: &str| currency(digits).map(|currency| currency.code()).map_err(|reason| reason.code);
        for (digits, expected) in
            [("980", "UAH"), ("978", "EUR"), ("840", "USD"), ("8", "ALL"), ("008", "ALL")]
        {
            assert_eq!(code(digits), Ok(expected));
            let back = number(Currency::from_code(expected).unwrap()).unwrap();
            assert_eq!(back.to_string(), digits.trim_start_matches('0'));
        }
        for digits in ["", "0", "000", "532", "1000", "0980", "+98", "98 ", "UAH", "९८०"] {
            assert_eq!(code(digits), Err("currency_unknown".to_owned()), "{digits}");
        }
    }
}
