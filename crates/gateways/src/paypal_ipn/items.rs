//! The lines of a purchase in PayPal's variables, both ways.
//!
//! A cart numbers its lines (`item_name1`, `mc_gross_1`); a single purchase does not (`item_name`), and has no amount
//! of its own for the line: it is what the payment is without shipping, tax and the like.

use super::message::Message;
use ipnd_core::{Event, EventItem, EventKind, Money};

pub(super) fn read(message: &Message, kind: EventKind, gross: Option<Money>) -> Vec<EventItem> {
    let numbered: Vec<EventItem> = (1..).map_while(|number| numbered(message, number)).collect();
    if !numbered.is_empty() {
        return numbered;
    }
    let name = message.first(&["item_name", "product_name"]);
    let sku = message.text("item_number");
    if name.is_none() && sku.is_none() {
        return Vec::new();
    }
    // The gross of a refund says what went back, not what the line had cost.
    let amount = gross.filter(|_| kind.is_payment()).and_then(|gross| without_extras(message, gross));
    vec![EventItem { sku, name: name.unwrap_or_default(), quantity: quantity(message, "quantity"), amount }]
}

fn numbered(message: &Message, number: usize) -> Option<EventItem> {
    let name = message.text(&format!("item_name{number}"));
    let sku = message.text(&format!("item_number{number}"));
    if name.is_none() && sku.is_none() {
        return None;
    }
    Some(EventItem {
        sku,
        name: name.unwrap_or_default(),
        quantity: quantity(message, &format!("quantity{number}")),
        amount: message.money_if_readable(&format!("mc_gross_{number}"), "mc_currency"),
    })
}

fn quantity(message: &Message, field: &str) -> u32 {
    message.get(field).and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn without_extras(message: &Message, gross: Money) -> Option<Money> {
    let extra = |names: &[&str]| names.iter().find_map(|name| message.money_if_readable(name, "mc_currency"));
    let mut rest = gross;
    for names in [
        &["mc_shipping", "shipping"][..],
        &["mc_handling", "handling_amount"],
        &["insurance_amount"],
        &["tax"],
    ] {
        if let Some(extra) = extra(names) {
            rest = rest.minus(extra).ok()?;
        }
    }
    for names in [&["discount"][..], &["shipping_discount"]] {
        if let Some(discount) = extra(names) {
            rest = rest.plus(discount).ok()?;
        }
    }
    (!rest.is_negative()).then_some(rest)
}

/// Whether an event's lines can be told without numbers. The article number of such a line is also the reference of
/// last resort, so where there is no other reference it has to be told with numbers.
pub(super) fn is_single(event: &Event) -> bool {
    let [item] = event.items.as_slice() else { return false };
    let has_reference = event.order_ref.is_some() || event.custom.is_some();
    item.amount == event.amount.map(Money::abs).filter(|_| event.kind.is_payment())
        && (has_reference || item.sku.is_none())
}

/// Lines have amounts only beside the amount of the whole, and in its currency: there is one variable for both.
pub(super) fn write(event: &Event, gross: Option<Money>) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let single = is_single(event);
    let currency = gross.map(Money::currency);
    // A line without any name would end the cart for whoever reads it.
    let named =
        |item: &&EventItem| !item.name.is_empty() || item.sku.as_ref().is_some_and(|sku| !sku.is_empty());
    let items: Vec<&EventItem> = event.items.iter().filter(named).collect();
    if !single && !items.is_empty() {
        fields.push(("num_cart_items".to_owned(), items.len().to_string()));
    }
    for (index, item) in items.iter().enumerate() {
        let number = if single { String::new() } else { (index + 1).to_string() };
        fields.push((format!("item_name{number}"), item.name.clone()));
        fields.push((format!("item_number{number}"), item.sku.clone().unwrap_or_default()));
        fields.push((format!("quantity{number}"), item.quantity.to_string()));
        if let Some(amount) = item.amount.filter(|amount| !single && currency == Some(amount.currency())) {
            fields.push((format!("mc_gross_{number}"), amount.decimal()));
        }
    }
    fields
}
