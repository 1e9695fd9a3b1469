//! The documented form post that sends a customer with an order to PayPal.

use super::customer;
use crate::{Checkout, CheckoutForm, Settings};
use ipnd_core::order::Item;
use ipnd_core::{Environment, Language};

const LIVE_URL: &str = "https://www.paypal.com/cgi-bin/webscr";
const SANDBOX_URL: &str = "https://www.sandbox.paypal.com/cgi-bin/webscr";

/// Longest `item_name` and `item_number` that PayPal takes, in characters.
const ITEM_TEXT_CHARS_MAX: usize = 127;

pub(super) fn checkout(checkout: &Checkout, settings: &Settings) -> CheckoutForm {
    let mut form = Form::default();
    let items = items(checkout);
    if let [item] = items.as_slice() {
        form.put("cmd", "_xclick");
        form.item(item, "");
    } else {
        form.put("cmd", "_cart");
        form.put("upload", "1");
        for (index, item) in items.iter().enumerate() {
            form.item(item, &format!("_{}", index + 1));
        }
    }
    form.put("business", receiver(settings));
    form.put("currency_code", checkout.total.currency().code());
    form.put("invoice", &checkout.reference);
    form.put_some("custom", &checkout.custom);
    form.put("notify_url", &checkout.notify_url);
    form.put("return", &checkout.return_url);
    form.put("cancel_return", &checkout.cancel_url);
    form.put("charset", "utf-8");
    form.put("lc", locale(checkout.language));
    // The customer comes back by GET and without data: what happened is told by the notification alone.
    form.put("rm", "1");
    // PayPal asks for a postal address unless the shop has done so.
    // The shop's own checkout has asked for the address where one is needed; PayPal need not ask again.
    form.put("no_shipping", "1");
    let (first, last) = customer::split_name(checkout.customer.name.as_deref().unwrap_or_default());
    form.put_some("first_name", first);
    form.put_some("last_name", last);
    form.put_some("email", checkout.customer.email.as_deref().unwrap_or_default());
    CheckoutForm { action: action(settings), fields: form.fields }
}

#[derive(Default)]
struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.fields.push((name.into(), value.into()));
    }

    fn put_some(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.put(name, value);
        }
    }

    fn item(&mut self, item: &Item, suffix: &str) {
        let short = |text: &str| text.chars().take(ITEM_TEXT_CHARS_MAX).collect::<String>();
        self.put(format!("item_name{suffix}"), short(&item.name));
        self.put_some(&format!("item_number{suffix}"), &short(&item.sku));
        self.put(format!("amount{suffix}"), item.unit_price.decimal());
        self.put(format!("quantity{suffix}"), item.quantity.to_string());
    }
}

/// The order's lines, as long as they add up to what has to be paid and PayPal can show them: it has no lines for
/// nothing. Otherwise one line for all of it, because the total is what was agreed.
fn items(checkout: &Checkout) -> Vec<Item> {
    let payable = checkout.items.iter().all(|item| item.unit_price.is_positive() && item.quantity > 0);
    let mut sum = Some(ipnd_core::Money::zero(checkout.total.currency()));
    for item in &checkout.items {
        sum = sum.and_then(|sum| sum.plus(item.total().ok()?).ok());
    }
    if payable && sum == Some(checkout.total) {
        return checkout.items.clone();
    }
    vec![Item {
        sku: String::new(),
        name: checkout.reference.clone(),
        quantity: 1,
        unit_price: checkout.total,
    }]
}

/// A mail address where there is one: it is what PayPal shows to the customer until the account's name is loaded.
fn receiver(settings: &Settings) -> &str {
    let mut receivers = settings.list("receivers");
    let first = receivers.next().unwrap_or_default();
    std::iter::once(first).chain(receivers).find(|receiver| receiver.contains('@')).unwrap_or(first)
}

fn action(settings: &Settings) -> String {
    match settings.environment {
        Environment::Live => LIVE_URL.to_owned(),
        Environment::Sandbox => settings.get("postback_url").unwrap_or(SANDBOX_URL).to_owned(),
    }
}

fn locale(language: Language) -> &'static str {
    match language {
        Language::En => "en_US",
        Language::De => "de_DE",
        Language::Es => "es_ES",
        Language::Uk => "uk_UA",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Currency, Customer, Money};
    use std::collections::BTreeMap;

    fn settings(environment: Environment, values: &[(&str, &str)]) -> Settings {
        let values: BTreeMap<String, String> =
            values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Settings::check(super::super::GATEWAY.settings, environment, values).unwrap()
    }

    fn order(lines: &[(&str, &str, u32, &str)], total: &str) -> Checkout {
        let euro = Currency::from_code("EUR").unwrap();
        let items = lines.iter().map(|(sku, name, quantity, price)| Item {
            sku: (*sku).to_owned(),
            name: (*name).to_owned(),
            quantity: *quantity,
            unit_price: Money::parse(price, euro).unwrap(),
        });
        Checkout {
            reference: "A-17".into(),
            items: items.collect(),
            total: Money::parse(total, euro).unwrap(),
            customer: Customer {
                name: Some("Mia Nina Muster".into()),
                email: Some("mia@example.com".into()),
                ..Customer::default()
            },
            language: Language::De,
            custom: "ord_17".into(),
            notify_url: "https://shop.example/in/token".into(),
            return_url: "https://shop.example/done".into(),
            cancel_url: "https://shop.example/cancelled".into(),
        }
    }

    fn text(form: &CheckoutForm) -> String {
        form.fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    #[test]
    fn one_line_is_a_buy_now_form() {
        let settings = settings(Environment::Live, &[("receivers", "MERCHANT\nshop@example.com")]);
        let form = checkout(&order(&[("TEA-1", "Tee", 2, "5.00")], "10.00"), &settings);
        assert_eq!(form.action, "https://www.paypal.com/cgi-bin/webscr");
        assert_eq!(
            text(&form),
            "cmd=_xclick\nitem_name=Tee\nitem_number=TEA-1\namount=5.00\nquantity=2\nbusiness=shop@example.com\n\
             currency_code=EUR\ninvoice=A-17\ncustom=ord_17\nnotify_url=https://shop.example/in/token\n\
             return=https://shop.example/done\ncancel_return=https://shop.example/cancelled\ncharset=utf-8\n\
             lc=de_DE\nrm=1\nno_shipping=1\nfirst_name=Mia Nina\nlast_name=Muster\nemail=mia@example.com\n"
        );
    }

    #[test]
    fn several_lines_are_an_uploaded_cart_and_shipping_is_a_line_too() {
        let settings = settings(Environment::Sandbox, &[("receivers", "MERCHANT")]);
        let order = order(&[("TEA-1", "Tee", 2, "5.00"), ("", "Versand", 1, "3.90")], "13.90");
        let form = checkout(&order, &settings);
        assert_eq!(form.action, "https://www.sandbox.paypal.com/cgi-bin/webscr");
        assert!(text(&form).starts_with(
            "cmd=_cart\nupload=1\nitem_name_1=Tee\nitem_number_1=TEA-1\namount_1=5.00\nquantity_1=2\n\
             item_name_2=Versand\namount_2=3.90\nquantity_2=1\nbusiness=MERCHANT\n"
        ));
    }

    #[test]
    fn lines_that_do_not_add_up_become_one_line_over_what_was_agreed() {
        let settings = settings(Environment::Live, &[("receivers", "MERCHANT")]);
        for lines in [&[("A", "Tea", 1, "5.00")][..], &[("A", "Tea", 1, "9.00"), ("B", "Gift", 1, "0.00")]] {
            let form = checkout(&order(lines, "9.00"), &settings);
            assert!(text(&form).starts_with("cmd=_xclick\nitem_name=A-17\namount=9.00\nquantity=1\n"));
        }
    }

    #[test]
    fn customers_go_where_the_sandbox_is() {
        let url = "http://127.0.0.1:8787/sandbox/paypal/cgi-bin/webscr";
        let settings = settings(Environment::Sandbox, &[("receivers", "M"), ("postback_url", url)]);
        assert_eq!(checkout(&order(&[("A", "Tea", 1, "9.00")], "9.00"), &settings).action, url);
    }
}
