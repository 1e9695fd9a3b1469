//! Rows of the threat model that the storefront answers for.

use super::browser::{Browser, order_path};
use super::shop::{TestShop, euro, new_shop, open};
use http::StatusCode;
use ipnd_core::{Customer, EventKind, OrderStatus};
use ipnd_store::{NewOrder, OrderSource, ProductKind};
use std::fs;

/// The store's log: whatever is written goes through it first. The database itself takes over at its own times.
fn written(shop: &TestShop) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(shop.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name.ends_with("-wal"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there is a log");
    files
}

#[tokio::test]
async fn t_b06_browser_return_believed() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let order = browser.order_handbook().await;
    let path = order_path(&order);
    let before = written(&shop);
    let claims = [
        "status=success",
        "st=Completed&amt=9.00&cc=EUR&tx=61E67681CH3238416",
        "payment_status=Completed&mc_gross=9.00&txn_id=1&receiver_email=owner%40example.com",
        "returned&returned=1&paid=true",
        "PayerID=ABC&token=EC-1",
        "lang=de&status=%00%ff",
        "cancel=1",
        "_method=POST",
    ];
    for claim in claims {
        for page in ["", "/cancelled", "/pay"] {
            let answer = browser.get(&format!("{path}{page}?{claim}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{page}?{claim}");
            assert!(!answer.text.contains("files.example.com"));
        }
        let fields: Vec<(String, String)> = form_urlencoded::parse(claim.as_bytes()).into_owned().collect();
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.origin = "https://gateway.example";
        for page in ["", "/cancelled"] {
            let posted = browser.post(&format!("{path}{page}?{claim}"), &fields).await;
            assert_eq!(posted.location(), format!("{path}?returned"));
        }
    }
    assert_eq!(written(&shop), before, "nothing was written");
    let order = shop.store().order(shop.shop.id, order.id).await.unwrap().unwrap();
    assert_eq!(order.state.status, OrderStatus::Open);
}

/// The links to other languages repeat the address that was asked for; that is no difference.
fn without_own_address(page: &str) -> String {
    let mut parts = page.split("/shop/demo/order/");
    let start = parts.next().unwrap().to_owned();
    parts.fold(start, |text, part| text + part.split_once("?lang=").unwrap().1)
}

#[tokio::test]
async fn t_f12_guessable_order_pages() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let order = browser.order_handbook().await;
    let other = new_shop(shop.store(), "other", "Other").await;
    let foreign = NewOrder {
        shop: other.id,
        reference: None,
        terms: order.terms.clone(),
        customer: Customer::default(),
        language: None,
        source: OrderSource::Api,
        created_at: order.created_at,
    };
    let foreign = shop.store().register_order(foreign).await.unwrap();

    let mut guesses = vec![order.id.to_string(), order.reference.clone(), foreign.token.clone()];
    guesses.extend((0..50).map(|n| n.to_string()));
    guesses.push(order.token.to_uppercase());
    guesses.push(order.token[..25].to_owned());
    guesses.push(format!("{}x", order.token));
    guesses.push("'%20OR%201=1--".to_owned());
    let mut answers = Vec::new();
    for guess in &guesses {
        for page in ["", "/live", "/pay", "/cancelled"] {
            let answer = browser.get(&format!("/shop/demo/order/{guess}{page}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{guess}{page}");
            answers.push(without_own_address(&answer.text));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "all unknown orders look the same");

    shop.happen(&order, EventKind::PaymentCompleted, euro("9.00")).await;
    let second = browser.order_handbook().await;
    for order in [&order, &second] {
        for page in ["", "?returned", "/pay", "/cancelled"] {
            let text = browser.get(&format!("{}{page}", order_path(order))).await.text;
            for personal in ["Ann", "ann@", "Harbour", "Hamburg", "20457"] {
                assert!(!text.contains(personal), "{personal} on {page}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn t_f07_stored_script() {
    const NAUGHTY: [&str; 6] = [
        "<svg onload=alert(1)>",
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus='alert(1)",
        "javascript:alert(1)",
        "{{7*7}}${7*7}\u{202e}\r\n\r\n",
    ];
    let shop = open().await;
    for (index, text) in NAUGHTY.iter().enumerate() {
        shop.put(&format!("N{index}{text}"), text, "1.00", ProductKind::Digital, None, text).await;
    }
    let mut browser = Browser::new(&shop);
    let mut pages = vec![browser.get("/shop/demo").await.text];
    for (index, text) in NAUGHTY.iter().enumerate() {
        browser.add(&format!("N{index}{text}"), "1").await;
    }
    pages.push(browser.get("/shop/demo/cart").await.text);
    pages.push(browser.get("/shop/demo/checkout").await.text);
    for text in NAUGHTY {
        let fields =
            ["name", "email", "street", "town", "country", "language", "account", "shown_total", "sku"];
        let fields = fields.map(|field| (field, text));
        pages.push(browser.post("/shop/demo/checkout", &fields).await.text);
    }
    let count = browser.cookies["cart"].split('.').count();
    let placed = browser.order(&format!("{count}.00")).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    let token = placed.location().split('/').nth(4).unwrap();
    let order = shop.store().order_by_token(token).await.unwrap().unwrap();
    pages.push(browser.get(&format!("{}/pay", order_path(&order))).await.text);
    shop.happen(&order, EventKind::PaymentCompleted, order.terms.total).await;
    pages.push(browser.get(&order_path(&order)).await.text);

    for page in pages {
        let plain = page.replace("<script src=\"/assets/", "");
        for bad in ["<script", "<svg onload", "<img src=x", "' autofocus", "href=\"javascript", " style="] {
            assert!(!plain.contains(bad), "{bad} in {page}");
        }
    }
}

#[tokio::test]
async fn t_f05_csrf_forms_of_other_sites_change_nothing() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let order = browser.order_handbook().await;
    browser.origin = "https://evil.example";
    assert_eq!(browser.add("EBOOK-1", "1").await.status, StatusCode::FORBIDDEN);
    assert!(!browser.cookies.contains_key("cart"));
    browser.cookies.insert("cart".into(), "EBOOK-1:1".into());
    assert_eq!(browser.order("9.00").await.status, StatusCode::FORBIDDEN);
    let cancel = browser.post(&format!("{}/cancel", order_path(&order)), &[]).await;
    assert_eq!(cancel.status, StatusCode::FORBIDDEN);
    assert_eq!(shop.orders().await, 1);
    let order = shop.store().order(shop.shop.id, order.id).await.unwrap().unwrap();
    assert_eq!(order.cancelled_at, None);
}
