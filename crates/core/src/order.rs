//! Orders: what a customer wants to buy, with terms that never change once a payment has been asked for.

use crate::{Currency, Money, MoneyError};
use serde::{Deserialize, Serialize};

/// Lines an order may have.
pub const ITEMS_MAX: usize = 200;

/// What was agreed: items, amount, currency. Immutable; a changed cart is a new order (T-B04).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub items: Vec<Item>,
    /// What has to be paid, shipping and tax included. The only amount a payment is compared with.
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The shop's own article number; empty for free lines such as shipping.
    pub sku: String,
    pub name: String,
    pub quantity: u32,
    /// Price of one piece.
    pub unit_price: Money,
}

/// Why terms are not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    #[error("an order needs at least one item")]
    Empty,
    #[error("an order may have at most {ITEMS_MAX} items")]
    TooMany,
    #[error("item {0}: the quantity must be between 1 and 10000")]
    Quantity(usize),
    #[error("item {0}: a price cannot be negative")]
    NegativePrice(usize),
    #[error("the total must be more than nothing")]
    NothingToPay,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Terms {
    /// Terms whose total is the sum of their items.
    ///
    /// # Errors
    /// [`TermsError`] when there is nothing to pay, a line makes no sense, or currencies are mixed.
    pub fn from_items(items: Vec<Item>, currency: Currency) -> Result<Self, TermsError> {
        if items.is_empty() {
            return Err(TermsError::Empty);
        }
        if items.len() > ITEMS_MAX {
            return Err(TermsError::TooMany);
        }
        let mut total = Money::zero(currency);
        for (index, item) in items.iter().enumerate() {
            if !(1..=10_000).contains(&item.quantity) {
                return Err(TermsError::Quantity(index + 1));
            }
            if item.unit_price.is_negative() {
                return Err(TermsError::NegativePrice(index + 1));
            }
            total = total.plus(item.total()?)?;
        }
        if total.is_zero() {
            return Err(TermsError::NothingToPay);
        }
        Ok(Self { items, total })
    }
}

impl Item {
    /// # Errors
    /// [`MoneyError::TooLarge`] when the product does not fit.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.unit_price.times(self.quantity)
    }
}
