//! What a shop's form asks to be paid: the documented fields of `_xclick` (one item) and `_cart` with `upload=1`.
//!
//! Like the real thing this believes the form: whoever can edit it can pay less than the shop meant, which is just
//! what a receiver of notifications has to notice.

use ipnd_core::{Currency, Customer, EventItem, Language, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

/// Lines a cart may have.
const LINES_MAX: usize = 200;
/// Characters of any pass-through or shown field.
const TEXT_CHARS_MAX: usize = 255;
const QUANTITY_MAX: u32 = 100_000;

/// One payment asked for by a shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The address or id of the receiving account, as the form names it.
    pub(crate) business: String,
    pub(crate) invoice: Option<String>,
    pub(crate) custom: Option<String>,
    pub(crate) items: Vec<EventItem>,
    /// Shipping, handling, tax, and discounts as negative amounts, each with its word in the catalogue.
    pub(crate) extras: Vec<(String, Money)>,
    pub(crate) total: Money,
    pub(crate) language: Option<Language>,
    pub(crate) notify_url: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    pub(crate) buyer: Customer,
}

/// Why a form cannot be paid, in a sentence for whoever builds the shop.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub(crate) struct FormProblem {
    pub(crate) field: String,
    pub(crate) problem: String,
}

fn problem(field: impl Into<String>, problem: impl Into<String>) -> FormProblem {
    FormProblem { field: field.into(), problem: problem.into() }
}

/// The fields of a form; of a doubled one the last counts, as it does with the real thing's own parser.
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    pub(crate) fn read(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    /// The value without surrounding blanks; `None` when it is missing or blank.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.chars().take(TEXT_CHARS_MAX).collect())
    }
}

impl Order {
    /// Reads the form of a single item or of a whole cart.
    pub(crate) fn read(fields: &Fields) -> Result<Self, FormProblem> {
        let business = fields.text("business").ok_or_else(|| problem("business", "this field is needed"))?;
        let code = fields.get("currency_code").unwrap_or("USD");
        let currency =
            Currency::from_code(code).map_err(|error| problem("currency_code", error.to_string()))?;
        let items = match fields.get("cmd") {
            Some("_xclick") => vec![line(fields, "", currency)?],
            Some("_cart") if fields.get("upload") == Some("1") => cart(fields, currency)?,
            Some("_cart") => return Err(problem("upload", "only carts with upload=1 are understood")),
            _ => return Err(problem("cmd", "must be _xclick, _cart or _notify-validate")),
        };
        let extras = extras(fields, currency)?;
        let mut total = Money::zero(currency);
        let amounts = items.iter().filter_map(|item| item.amount).chain(extras.iter().map(|(_, sum)| *sum));
        for amount in amounts {
            total = total.plus(amount).map_err(|error| problem("amount", error.to_string()))?;
        }
        if !total.is_positive() {
            return Err(problem("amount", "there is nothing to pay"));
        }
        Ok(Self {
            business,
            invoice: fields.text("invoice"),
            custom: fields.text("custom"),
            items,
            extras,
            total,
            language: fields.get("lc").and_then(Language::from_tag),
            notify_url: address(fields, "notify_url")?,
            return_url: address(fields, "return")?,
            cancel_url: address(fields, "cancel_return")?,
            buyer: buyer(fields),
        })
    }
}

fn cart(fields: &Fields, currency: Currency) -> Result<Vec<EventItem>, FormProblem> {
    let mut items = Vec::new();
    for number in 1..=LINES_MAX + 1 {
        let suffix = format!("_{number}");
        if fields.get(&format!("item_name{suffix}")).is_none()
            && fields.get(&format!("amount{suffix}")).is_none()
        {
            break;
        }
        if number > LINES_MAX {
            return Err(problem("item_name", format!("a cart may have at most {LINES_MAX} lines")));
        }
        items.push(line(fields, &suffix, currency)?);
    }
    if items.is_empty() {
        return Err(problem("item_name_1", "the cart is empty"));
    }
    Ok(items)
}

fn line(fields: &Fields, suffix: &str, currency: Currency) -> Result<EventItem, FormProblem> {
    let amount_field = format!("amount{suffix}");
    let price = money(fields, &amount_field, currency)?
        .ok_or_else(|| problem(&amount_field, "this field is needed"))?;
    let quantity_field = format!("quantity{suffix}");
    let quantity: u32 = match fields.get(&quantity_field) {
        None => 1,
        Some(text) => {
            text.parse().ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity)).ok_or_else(|| {
                problem(&quantity_field, format!("must be a whole number from 1 to {QUANTITY_MAX}"))
            })?
        }
    };
    let amount = price.times(quantity).map_err(|error| problem(&amount_field, error.to_string()))?;
    Ok(EventItem {
        sku: fields.text(&format!("item_number{suffix}")),
        name: fields.text(&format!("item_name{suffix}")).unwrap_or_default(),
        quantity,
        amount: Some(amount),
    })
}

/// What is added to or taken off the lines; single items and carts name these fields differently.
fn extras(fields: &Fields, currency: Currency) -> Result<Vec<(String, Money)>, FormProblem> {
    const NAMES: [(&str, &str); 8] = [
        ("shipping", "extra.shipping"),
        ("shipping_1", "extra.shipping"),
        ("handling", "extra.handling"),
        ("handling_cart", "extra.handling"),
        ("tax", "extra.tax"),
        ("tax_cart", "extra.tax"),
        ("discount_amount", "extra.discount"),
        ("discount_amount_cart", "extra.discount"),
    ];
    let mut extras = Vec::new();
    for (field, word) in NAMES {
        let Some(amount) = money(fields, field, currency)?.filter(|amount| !amount.is_zero()) else {
            continue;
        };
        let amount = if word == "extra.discount" { amount.negated() } else { amount };
        extras.push((word.to_owned(), amount));
    }
    Ok(extras)
}

fn money(fields: &Fields, field: &str, currency: Currency) -> Result<Option<Money>, FormProblem> {
    let Some(text) = fields.get(field) else { return Ok(None) };
    let money = Money::parse(text, currency).map_err(|error| problem(field, error.to_string()))?;
    if money.is_negative() {
        return Err(problem(field, "cannot be negative"));
    }
    Ok(Some(money))
}

/// An address that a browser may be sent to: nothing but http and https (a `javascript:` address is a trap).
fn address(fields: &Fields, field: &str) -> Result<Option<String>, FormProblem> {
    let Some(text) = fields.get(field) else { return Ok(None) };
    let url = Url::parse(text).map_err(|error| problem(field, format!("is not an address ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(problem(field, "must be an http or https address"));
    }
    Ok(Some(url.into()))
}

fn buyer(fields: &Fields) -> Customer {
    let name: Vec<String> =
        ["first_name", "last_name"].iter().filter_map(|field| fields.text(field)).collect();
    let town: Vec<String> = ["zip", "city", "state"].iter().filter_map(|field| fields.text(field)).collect();
    let town = Some(town.join(" ")).filter(|town| !town.is_empty());
    Customer {
        name: Some(name.join(" ")).filter(|name| !name.is_empty()),
        email: fields.text("email"),
        phone: fields.text("night_phone_b"),
        address: ["address1", "address2"].iter().filter_map(|field| fields.text(field)).chain(town).collect(),
        country: fields.text("country"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn cart_form() -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("cmd", "_cart"),
                ("upload", "1"),
                ("business", "seller@example.com"),
                ("currency_code", "EUR"),
                ("invoice", "A-17"),
                ("custom", "x=1&y"),
                ("item_name_1", "Mug"),
                ("item_number_1", "MUG"),
                ("amount_1", "12.50"),
                ("quantity_1", "2"),
                ("item_name_2", "Brief an Käthe"),
                ("amount_2", "3.00"),
                ("discount_amount_cart", "1.00"),
                ("notify_url", "http://127.0.0.1:1/in/x"),
                ("return", "http://127.0.0.1:1/back?a=1"),
                ("cancel_return", "http://127.0.0.1:1/cancelled"),
                ("first_name", "Käthe"),
                ("last_name", "O'Hara"),
                ("email", "kaethe@example.com"),
                ("lc", "de_DE"),
            ])
            .finish()
    }

    fn read(form: &str) -> Result<Order, String> {
        Order::read(&Fields::read(form.as_bytes())).map_err(|problem| problem.field)
    }

    #[test]
    fn a_cart_is_read_with_its_lines_and_its_sum() {
        let order = read(&cart_form()).unwrap();
        assert_eq!(order.total.to_string(), "27.00 EUR");
        assert_eq!(order.items.len(), 2);
        assert_eq!(order.items[0].amount.unwrap().decimal(), "25.00");
        assert_eq!(order.buyer.name.as_deref(), Some("Käthe O'Hara"));
        assert_eq!(order.language, Some(Language::De));
        assert_eq!(order.custom.as_deref(), Some("x=1&y"));
    }

    #[test]
    fn a_single_item_is_read() {
        let order = read(
            "cmd=_xclick&business=s%40example.com&item_name=Book&amount=1500&currency_code=JPY&shipping=300",
        )
        .unwrap();
        assert_eq!(order.total.to_string(), "1800 JPY");
        assert_eq!(order.extras.len(), 1);
    }

    #[test]
    fn what_cannot_be_paid_is_refused_with_the_field_named() {
        let cases = [
            ("cmd=_xclick&amount=1", "business"),
            ("cmd=_xclick&business=s", "amount"),
            ("cmd=_xclick&business=s&amount=1,00", "amount"),
            ("cmd=_xclick&business=s&amount=-1", "amount"),
            ("cmd=_xclick&business=s&amount=0", "amount"),
            ("cmd=_xclick&business=s&amount=1&currency_code=eur", "currency_code"),
            ("cmd=_xclick&business=s&amount=1&quantity=0", "quantity"),
            ("cmd=_xclick&business=s&amount=1&return=javascript:alert(1)", "return"),
            ("cmd=_xclick&business=s&amount=1&notify_url=nonsense", "notify_url"),
            ("cmd=_cart&business=s&amount_1=1", "upload"),
            ("cmd=_cart&upload=1&business=s", "item_name_1"),
            ("cmd=_donations&business=s&amount=1", "cmd"),
        ];
        for (form, field) in cases {
            assert_eq!(read(form), Err(field.to_owned()), "{form}");
        }
    }
}
