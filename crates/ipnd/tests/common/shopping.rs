//! The customer's way through the shop, and what to look at afterwards.

use super::browser::{Browser, Page, path};
use super::{Demo, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Orders one piece and goes to the payment page. Gives the order's page and the payment page.
pub(crate) fn order(browser: &mut Browser, sku: &str) -> (String, String) {
    let cart = browser.post("/shop/demo/cart", &[("do", "add"), ("sku", sku), ("quantity", "1")]);
    assert_eq!(cart.status, 303, "{}", cart.body);
    let checkout = browser.get("/shop/demo/checkout");
    let mut fields = checkout.hidden_fields();
    for (name, value) in [
        ("name", "Олена Müller"),
        ("email", "customer@example.com"),
        ("street", "Harbour Street 1"),
        ("postcode", "12345"),
        ("town", "Port Example"),
        ("country", "DE"),
        ("language", "en"),
    ] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let placed = browser.post("/shop/demo/checkout", &borrowed(&fields));
    assert_eq!(placed.status, 303, "{}", placed.body);
    let to_pay = placed.location();
    let form = browser.get(&to_pay);
    let payment = browser.post(&form.form_action(), &borrowed(&form.hidden_fields()));
    assert_eq!(payment.status, 303, "{}", payment.body);
    let order_page = to_pay.split("/pay").next().unwrap_or_default().to_owned();
    (order_page, payment.location())
}

/// How the payment page ends.
pub(crate) fn outcome(word: &str) -> [(&str, &str); 3] {
    [("name", "Олена Müller"), ("email", "customer@example.com"), ("outcome", word)]
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A client of the API.
pub(crate) fn api(demo: &Demo) -> Browser {
    let mut api = Browser::new(demo.address);
    api.bearer = Some(demo.text("api_key").to_owned());
    api
}

/// All orders as the API lists them.
pub(crate) fn orders(api: &mut Browser) -> Vec<Value> {
    rows(&api.get("/v1/orders?limit=100"))
}

pub(crate) fn rows(page: &Page) -> Vec<Value> {
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()["data"].as_array().cloned().unwrap_or_else(|| panic!("{}", page.body))
}

/// Waits until every order has this status.
pub(crate) fn until_all(api: &mut Browser, count: usize, status: &str) {
    until(&format!("{count} orders that are {status}"), || {
        let orders = orders(api);
        (orders.len() == count && orders.iter().all(|order| order["status"] == status)).then_some(())
    });
}

/// How often each Message-ID arrived in the mailbox, with the subject.
pub(crate) fn mails(data: &Path) -> BTreeMap<String, (String, usize)> {
    let mut mails: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let Ok(files) = std::fs::read_dir(data.join("mailbox")) else { return mails };
    for file in
        files.filter_map(Result::ok).filter(|file| file.path().extension().is_some_and(|e| e == "eml"))
    {
        let text = String::from_utf8_lossy(&std::fs::read(file.path()).unwrap_or_default()).into_owned();
        let header = |name: &str| {
            let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with(name));
            line.map(|line| line[name.len()..].trim().to_owned()).unwrap_or_default()
        };
        mails.entry(header("message-id:")).or_insert_with(|| (header("subject:"), 0)).1 += 1;
    }
    mails
}

/// The path of an address that the demo printed.
pub(crate) fn path_of(demo: &Demo, key: &str) -> String {
    path(demo.text(key)).to_owned()
}
