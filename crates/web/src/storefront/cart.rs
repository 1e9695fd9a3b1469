//! The cart: article numbers and quantities in a cookie, and nothing else. What things cost is looked up each time.

use crate::i18n::cookie;
use http::{HeaderMap, HeaderValue};
use ipnd_core::{Currency, Item, Money, Terms, TermsError};
use ipnd_store::{Product, ProductKind};

const COOKIE: &str = "cart";
/// Different products in a cart.
const LINES_MAX: usize = 30;
/// Pieces of one product in a cart.
pub(super) const QUANTITY_MAX: u32 = 99;
/// Browsers keep cookies of about 4096 bytes, name and attributes included.
const COOKIE_BYTES_MAX: usize = 3_500;

/// What the customer wants: unchecked, as the browser says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cart {
    lines: Vec<(String, u32)>,
}

impl Cart {
    /// Reads the cookie. What makes no sense in it is left out.
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let mut cart = Self::default();
        let text = cookie(headers, COOKIE).unwrap_or_default();
        for part in text.split('.').take(LINES_MAX) {
            let Some((sku, quantity)) = part.split_once(':') else { continue };
            let Some((sku, _)) = form_urlencoded::parse(sku.as_bytes()).next() else { continue };
            let quantity = quantity.parse().unwrap_or(0);
            cart.set(&sku, cart.quantity(&sku).saturating_add(quantity));
        }
        cart
    }

    /// The cookie to send. It belongs to this shop's pages alone and can only be read by the server.
    pub(super) fn cookie(&self, slug: &str, secure: bool) -> HeaderValue {
        let days = if self.lines.is_empty() { 0 } else { 30 };
        let text = format!(
            "{COOKIE}={}; Path=/shop/{slug}; Max-Age={}; SameSite=Lax; HttpOnly{}",
            self.encoded(),
            days * 24 * 60 * 60,
            if secure { "; Secure" } else { "" }
        );
        HeaderValue::from_str(&text).expect("article numbers are percent-encoded, slugs are ASCII")
    }

    fn encoded(&self) -> String {
        let encode = |sku: &str| {
            // A point separates lines, and is the one separator that percent-encoding leaves alone.
            form_urlencoded::byte_serialize(sku.as_bytes()).collect::<String>().replace('.', "%2E")
        };
        let parts: Vec<String> =
            self.lines.iter().map(|(sku, quantity)| format!("{}:{quantity}", encode(sku))).collect();
        parts.join(".")
    }

    /// Pieces in the cart.
    pub(super) fn count(&self) -> u32 {
        self.lines.iter().map(|(_, quantity)| quantity).sum()
    }

    pub(super) fn quantity(&self, sku: &str) -> u32 {
        self.lines.iter().find(|(own, _)| own == sku).map_or(0, |(_, quantity)| *quantity)
    }

    /// Sets a product's quantity; zero takes it out. A new product that does not fit any more is left out.
    pub(super) fn set(&mut self, sku: &str, quantity: u32) {
        let quantity = quantity.min(QUANTITY_MAX);
        match self.lines.iter().position(|(own, _)| own == sku) {
            Some(index) if quantity == 0 => drop(self.lines.remove(index)),
            Some(index) => self.lines[index].1 = quantity,
            None if quantity == 0 || sku.is_empty() || self.lines.len() >= LINES_MAX => {}
            None => {
                self.lines.push((sku.to_owned(), quantity));
                if self.encoded().len() > COOKIE_BYTES_MAX {
                    self.lines.pop();
                }
            }
        }
    }
}

/// A cart as the shop sees it: known products, present prices, quantities that are there.
pub(super) struct Priced {
    pub(super) lines: Vec<PricedLine>,
    /// The cart had to be changed: something is no longer offered.
    pub(super) has_lost_lines: bool,
    currency: Currency,
}

pub(super) struct PricedLine {
    pub(super) product: Product,
    pub(super) quantity: u32,
    /// Fewer are there than were wanted.
    pub(super) is_reduced: bool,
}

impl Priced {
    /// Looks every line up among the shop's products.
    pub(super) fn of(cart: &Cart, products: Vec<Product>, currency: Currency) -> Self {
        let mut products: Vec<Product> = offered(products, currency).collect();
        let mut lines = Vec::new();
        for (sku, wanted) in &cart.lines {
            let Some(index) = products.iter().position(|product| product.sku == *sku) else { continue };
            let product = products.swap_remove(index);
            let quantity = (*wanted).min(in_stock(&product));
            if quantity > 0 {
                lines.push(PricedLine { is_reduced: quantity < *wanted, product, quantity });
            }
        }
        Self { has_lost_lines: lines.len() < cart.lines.len(), lines, currency }
    }

    /// Whether the customer should look at the cart again before ordering.
    pub(super) fn was_changed(&self) -> bool {
        self.has_lost_lines || self.lines.iter().any(|line| line.is_reduced)
    }

    pub(super) fn has_physical(&self) -> bool {
        self.lines.iter().any(|line| line.product.kind == ProductKind::Physical)
    }

    /// What an order of this cart would say.
    pub(super) fn terms(&self) -> Result<Terms, TermsError> {
        let items = self.lines.iter().map(|line| Item {
            sku: line.product.sku.clone(),
            name: line.product.name.clone(),
            quantity: line.quantity,
            unit_price: line.product.price,
        });
        Terms::from_items(items.collect(), self.currency)
    }

    /// The cart without what is not there.
    pub(super) fn cart(&self) -> Cart {
        Cart { lines: self.lines.iter().map(|line| (line.product.sku.clone(), line.quantity)).collect() }
    }
}

impl PricedLine {
    /// `None` only when the product of price and quantity is beyond all amounts.
    pub(super) fn total(&self) -> Option<Money> {
        self.product.price.times(self.quantity).ok()
    }
}

/// Products a customer may order: offered, and priced in the shop's currency, because amounts of different
/// currencies do not add up.
pub(super) fn offered(products: Vec<Product>, currency: Currency) -> impl Iterator<Item = Product> {
    products.into_iter().filter(move |product| {
        product.is_offered && product.price.currency() == currency && !product.sku.is_empty()
    })
}

/// How many pieces a customer may order.
pub(super) fn in_stock(product: &Product) -> u32 {
    product
        .stock
        .map_or(QUANTITY_MAX, |stock| u32::try_from(stock.max(0)).unwrap_or(QUANTITY_MAX).min(QUANTITY_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;

    fn cart(cookie: &str) -> Cart {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        Cart::from_headers(&headers)
    }

    #[test]
    fn a_cart_survives_its_cookie() {
        let mut filled = Cart::default();
        for sku in ["A-1", "ä b:c.d,e;f=g%", "javascript:alert(1)", "\u{202e}"] {
            filled.set(sku, 3);
        }
        let sent = filled.cookie("demo", true);
        let text = sent.to_str().unwrap();
        assert!(text.contains("; Path=/shop/demo; ") && text.ends_with("; HttpOnly; Secure"), "{text}");
        assert_eq!(cart(text.split(';').next().unwrap()), filled);
    }

    #[test]
    fn a_forged_cookie_is_read_as_far_as_it_makes_sense() {
        assert_eq!(cart("cart=A:-1"), Cart::default());
        assert_eq!(cart("cart=A:99999999999999999999"), Cart::default());
        assert_eq!(cart("cart=A:4000000000").quantity("A"), QUANTITY_MAX);
        assert_eq!(cart("cart=A:1.A:2").quantity("A"), 3);
        assert_eq!(cart("cart=:5.::.A.B:1:2").count(), 0);
        let many: String = (0..1_000).map(|n| format!("S{n}:1.")).collect();
        assert_eq!(cart(&format!("cart={many}")).lines.len(), LINES_MAX);
        let mut long = Cart::default();
        for n in 0..LINES_MAX {
            long.set(&format!("{n}{}", "x".repeat(200)), 1);
        }
        assert!(long.encoded().len() <= COOKIE_BYTES_MAX);
    }
}
