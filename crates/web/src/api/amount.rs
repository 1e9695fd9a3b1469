//! Amounts as the API takes them: decimal text, or text with its currency. A JSON number is refused, because many
//! programs turn `19.95` into something else on the way.

use crate::problem::FieldProblem;
use ipnd_core::{Currency, Money};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor, value::MapAccessDeserializer};
use std::fmt;

/// An amount that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Amount {
    /// `"19.95"`, in the currency that stands elsewhere in the request.
    Text(String),
    /// `{"amount": "19.95", "currency": "EUR"}`
    Money(Money),
}

impl Amount {
    /// The amount in `currency`, or what is wrong with it.
    pub(super) fn in_currency(&self, field: &str, currency: Currency) -> Result<Money, FieldProblem> {
        match self {
            Self::Text(text) => {
                Money::parse(text, currency).map_err(|error| FieldProblem::new(field, error.to_string()))
            }
            Self::Money(money) if money.currency() == currency => Ok(*money),
            Self::Money(money) => {
                Err(FieldProblem::new(field, format!("it is in {}, not in {currency}", money.currency())))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

const NO_NUMBERS: &str = "an amount is text such as \"19.95\", never a JSON number";

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount as text such as \"19.95\", or an object with amount and currency")
    }

    fn visit_str<E>(self, text: &str) -> Result<Amount, E> {
        Ok(Amount::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Amount, A::Error> {
        Money::deserialize(MapAccessDeserializer::new(map)).map(Amount::Money)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Amount, E> {
        Err(E::custom(NO_NUMBERS))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Amount, E> {
        Err(E::custom(NO_NUMBERS))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Amount, E> {
        Err(E::custom(NO_NUMBERS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_b09_amounts_are_text_and_never_json_numbers() {
        let euro = Currency::from_code("EUR").unwrap();
        let read = |text: &str| serde_json::from_str::<Amount>(text).map_err(|error| error.to_string());
        let money = Money::parse("19.95", euro).unwrap();
        assert_eq!(read("\"19.95\"").unwrap().in_currency("price", euro), Ok(money));
        let object = read(r#"{"amount":"19.95","currency":"EUR"}"#).unwrap();
        assert_eq!(object.in_currency("price", euro), Ok(money));
        assert!(object.in_currency("price", Currency::from_code("USD").unwrap()).is_err());
        for number in ["19.95", "20", "-1", "1e3", r#"{"amount":19.95,"currency":"EUR"}"#] {
            assert!(read(number).is_err(), "{number}");
        }
        assert!(read("19.95").unwrap_err().starts_with(NO_NUMBERS));
        for text in ["1,5", "1e3", "", "19.955", "NaN", "-0"] {
            assert!(Amount::Text(text.into()).in_currency("price", euro).is_err(), "{text}");
        }
    }
}
