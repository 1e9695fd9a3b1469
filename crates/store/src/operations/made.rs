//! Orders made from a payment that named an unknown reference.

use super::Desk;
use super::adopt;
use super::bind::Loose;
use super::orders::{self, Registration};
use super::record::Told;
use crate::sql::{self, Columns as _, params};
use crate::{Order, OrderSource, Result, ShopId, StoreError, token};
use ipnd_core::{Customer, Event, EventItem, EventKind, Item, Money, Terms};
use jiff::Timestamp;

/// Characters of a name made of several.
const NAME_CHARS_MAX: usize = 200;

/// Makes an order where the account allows it: from a payment that is real money or its announcement, names an amount,
/// and has nothing wrong with it.
pub(crate) fn when_allowed(desk: &mut Desk<'_>, told: &Told, payment: &Loose) -> Result<Option<Order>> {
    use EventKind::{PaymentAuthorized, PaymentCompleted, PaymentPending};
    let fits = matches!(payment.kind(), PaymentAuthorized | PaymentCompleted | PaymentPending)
        && payment.examined.concerns.is_empty()
        && payment.examined.event.amount.is_some_and(Money::is_positive);
    if !told.creates_orders || !fits {
        return Ok(None);
    }
    match from_payment(desk, payment, told.now) {
        // Something else has this reference, or the transaction pays another shop's order: the owner has to look.
        Err(StoreError::Conflict(_)) => Ok(None),
        made => made.map(Some),
    }
}

/// Makes the order and claims the transaction for it.
///
/// # Errors
/// [`StoreError::Conflict`] when the payment names no amount, its reference is taken, or its transaction pays another
/// order already.
pub(crate) fn from_payment(desk: &mut Desk<'_>, payment: &Loose, now: Timestamp) -> Result<Order> {
    let event = &payment.examined.event;
    let reference = payment.reference().unwrap_or_else(|| payment.transaction()).to_owned();
    let amount = event.amount.filter(|amount| amount.is_positive());
    let amount = amount
        .ok_or_else(|| StoreError::Conflict("the payment does not say how much was paid".to_owned()))?;
    if adopt::owner(desk, payment)?.is_some() {
        return Err(StoreError::Conflict("the transaction pays another order already".to_owned()));
    }
    let terms = terms(desk, payment.shop, event, amount, &reference)?;
    let registration = Registration {
        shop: payment.shop,
        reference,
        token: token::random_at(now),
        terms: &terms,
        // Filled in from the payment, like everything that an order leaves open.
        customer: &Customer::default(),
        language: None,
        source: OrderSource::Event,
        created_at: now,
    };
    let order = orders::insert(desk, &registration)?;
    if !adopt::take(desk, payment, order.id.0)? {
        // On another node, for another shop. The next try finds it.
        return Err(StoreError::Failed("the transaction has just come to pay another order".to_owned()));
    }
    Ok(order)
}

/// The payment's own lines where they add up to what was paid; else one line for all of it.
fn terms(desk: &Desk<'_>, shop: ShopId, event: &Event, amount: Money, reference: &str) -> Result<Terms> {
    let items = event.items.iter().map(|line| item(desk, shop, line, amount)).collect::<Result<Vec<_>>>()?;
    let lines: Option<Vec<Item>> = items.into_iter().collect();
    if let Some(items) = lines
        && let Ok(terms) = Terms::from_items(items, amount.currency())
        && terms.total == amount
    {
        return Ok(terms);
    }
    let names: Vec<&str> = event.items.iter().map(|line| line.name.as_str()).collect();
    let name = if names.is_empty() { reference.to_owned() } else { names.join(", ") };
    let name = name.chars().take(NAME_CHARS_MAX).collect();
    let only = Item { sku: String::new(), name, quantity: 1, unit_price: amount };
    Ok(Terms { items: vec![only], total: amount })
}

/// A line of the payment as an item of an order; `None` when its amount does not divide.
///
/// The payer could name any article at any price here. So the article number is only taken over where the price is
/// the shop's own: nobody gets a product's access for less by naming it (T-B01).
fn item(desk: &Desk<'_>, shop: ShopId, line: &EventItem, paid: Money) -> Result<Option<Item>> {
    let quantity = i128::from(line.quantity.max(1));
    let Some(amount) = line.amount.filter(|amount| amount.currency() == paid.currency()) else {
        return Ok(None);
    };
    if amount.minor() % quantity != 0 {
        return Ok(None);
    }
    let unit_price = Money::from_minor(amount.minor() / quantity, amount.currency());
    let price = match &line.sku {
        Some(sku) => sql::one(
            desk,
            "SELECT price, currency FROM products WHERE shop_id = ?1 AND sku = ?2",
            params![shop.0, sku],
            |row| row.money("price", "currency"),
        )?,
        None => None,
    };
    let sku = line.sku.clone().filter(|_| price == Some(unit_price)).unwrap_or_default();
    Ok(Some(Item { sku, name: line.name.clone(), quantity: line.quantity.max(1), unit_price }))
}
