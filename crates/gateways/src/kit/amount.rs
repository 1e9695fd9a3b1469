//! Amounts and currencies as gateways write them. Each gateway says which of these it uses.

use ipnd_core::{Currency, Money, Reason};

/// A currency from its code in either case.
///
/// # Errors
/// `currency_unknown`.
pub fn currency(code: &str) -> Result<Currency, Reason> {
    Currency::from_code(&code.to_ascii_uppercase()).map_err(|_| Reason::new("currency_unknown", code))
}

/// An amount in whole units, written in decimals: `25.99`, `5000`. Zeros behind the currency's own places are
/// passed over (`25.9900`), as programs write them; other digits there are refused.
///
/// # Errors
/// `amount_unreadable`.
pub fn decimal(text: &str, currency: Currency) -> Result<Money, Reason> {
    let trimmed = match text.split_once('.') {
        Some((whole, fraction)) if fraction.len() > usize::from(currency.exponent()) => {
            let own = usize::from(currency.exponent());
            let is_exact = fraction.is_char_boundary(own) && fraction[own..].bytes().all(|byte| byte == b'0');
            let kept = if is_exact { &text[..whole.len() + 1 + own] } else { text };
            kept.trim_end_matches('.')
        }
        _ => text,
    };
    Money::parse(trimmed, currency).map_err(|_| Reason::new("amount_unreadable", text))
}

/// An amount in the currency's smallest unit by ISO 4217: `2599` for 25.99 EUR, `5000` for 5000 JPY.
///
/// # Errors
/// `amount_unreadable`.
pub fn minor(text: &str, currency: Currency) -> Result<Money, Reason> {
    scaled(text, currency, currency.exponent())
}

/// An amount in a gateway's own smallest unit, with `places` decimal places: gateways disagree with ISO 4217 about a
/// few currencies. What cannot be said in the currency's own unit is refused.
///
/// # Errors
/// `amount_unreadable`.
pub fn scaled(text: &str, currency: Currency, places: u8) -> Result<Money, Reason> {
    let unreadable = || Reason::new("amount_unreadable", text);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number =
        !digits.is_empty() && digits.len() <= 30 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(unreadable());
    }
    let places = usize::from(places);
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let money = if places == 0 {
        decimal(whole, currency)
    } else {
        decimal(&format!("{whole}.{fraction}"), currency)
    };
    let money = money.map_err(|_| unreadable())?;
    Ok(if text.starts_with('-') { money.negated() } else { money })
}

/// The amount as a whole number of a unit with `places` decimal places; `None` where that would lose something.
#[must_use]
pub fn in_places(money: Money, places: u8) -> Option<i128> {
    let own = money.currency().exponent();
    if places >= own {
        return money.minor().checked_mul(10_i128.checked_pow(u32::from(places - own))?);
    }
    let step = 10_i128.checked_pow(u32::from(own - places))?;
    (money.minor() % step == 0).then(|| money.minor() / step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str, code: &str) -> Money {
        Money::parse(text, Currency::from_code(code).unwrap()).unwrap()
    }

    #[test]
    fn whole_units_in_decimals() {
        let read = |text: &str, code: &str| decimal(text, currency(code).unwrap());
        assert_eq!(read("25.99", "eur"), Ok(money("25.99", "EUR")));
        assert_eq!(read("25.9900", "EUR"), Ok(money("25.99", "EUR")));
        assert_eq!(read("119.0", "EUR"), Ok(money("119.00", "EUR")));
        assert_eq!(read("5000.00", "JPY"), Ok(money("5000", "JPY")));
        assert_eq!(read("5000.000", "JPY"), Ok(money("5000", "JPY")));
        assert_eq!(read("-4.00", "USD"), Ok(money("-4.00", "USD")));
        for text in
            ["", "1,00", "25.991", "25.9910", "1e2", "0x1", " 1", "1.", ".5", "--1", "٣", "1.é", "NaN"]
        {
            assert_eq!(read(text, "EUR").unwrap_err().code, "amount_unreadable", "{text}");
        }
    }

    #[test]
    fn smallest_units_by_iso_and_by_the_gateways_own_rule() {
        let euro = currency("EUR").unwrap();
        assert_eq!(minor("2599", euro), Ok(money("25.99", "EUR")));
        assert_eq!(minor("5", euro), Ok(money("0.05", "EUR")));
        assert_eq!(minor("-250", euro), Ok(money("-2.50", "EUR")));
        assert_eq!(minor("12340", currency("KWD").unwrap()), Ok(money("12.340", "KWD")));
        assert_eq!(minor("5000", currency("JPY").unwrap()), Ok(money("5000", "JPY")));
        assert_eq!(scaled("150000", currency("ISK").unwrap(), 2), Ok(money("1500", "ISK")));
        assert_eq!(scaled("10000", currency("IDR").unwrap(), 0), Ok(money("10000", "IDR")));
        assert!(
            scaled("150001", currency("ISK").unwrap(), 2).is_err(),
            "a hundredth of a króna is no amount"
        );
        for text in ["", "25.99", "-", "1e3", "+1", " 1", &"9".repeat(31)] {
            assert!(minor(text, euro).is_err(), "{text}");
        }
    }

    #[test]
    fn smallest_units_go_out_as_they_come_in() {
        assert_eq!(in_places(money("1500", "ISK"), 2), Some(150_000));
        assert_eq!(in_places(money("25.99", "EUR"), 2), Some(2599));
        assert_eq!(in_places(money("12.341", "KWD"), 2), None);
        assert_eq!(in_places(money("12.340", "KWD"), 2), Some(1234));
    }
}
