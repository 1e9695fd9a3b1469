//! Every word on every page, in every language.

use super::browser::{Browser, order_path};
use super::shop::{euro, open};
use crate::i18n::words;
use http::StatusCode;
use ipnd_core::{Language, OrderStatus};
use std::path::Path;

#[tokio::test]
async fn every_page_speaks_every_language() {
    let shop = open().await;
    for language in Language::ALL {
        let code = language.code();
        let mut browser = Browser::new(&shop);
        browser.get(&format!("/shop/demo?lang={code}")).await;
        browser.add("NOTEBOOK-A5", "1").await;
        let order = Browser::new(&shop).order_handbook().await;
        let paths = [
            "/shop/demo".to_owned(),
            "/shop/demo/cart".to_owned(),
            "/shop/demo/checkout".to_owned(),
            order_path(&order),
            format!("{}?returned", order_path(&order)),
            format!("{}/pay", order_path(&order)),
            format!("{}/cancelled", order_path(&order)),
            "/shop/demo/order/unknown".to_owned(),
        ];
        for path in paths {
            let answer = browser.get(&path).await;
            assert_ne!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert!(answer.text.contains(&format!("<html lang=\"{code}\">")), "{code} {path}");
            for key in ["common.", "shop.", "landing.", "explain_customer."] {
                let shown = answer.text.replace("shop.css", "").replace("http://shop.test", "");
                assert!(!shown.contains(key), "a key without words on {path} in {code}: {shown}");
            }
        }
        let amount = language.money(euro("12.50"));
        let cart = browser.get("/shop/demo/cart").await;
        assert!(cart.text.contains(&amount), "{amount} in {}", cart.text);
    }
}

#[tokio::test]
async fn the_first_page_shows_the_way_in_the_demo_and_leads_home_in_earnest() {
    let mut shop = open().await;
    let home = Browser::new(&shop).get("/").await;
    assert_eq!((home.status, home.location()), (StatusCode::SEE_OTHER, "/owner"));
    shop.play();
    for language in Language::ALL {
        let page = Browser::new(&shop).get(&format!("/?lang={}", language.code())).await;
        assert_eq!(page.status, StatusCode::OK);
        for link in
            ["http://shop.test/mailbox", "http://shop.test/sandbox", "http://shop.test/shop/demo", "/owner"]
        {
            assert!(page.text.contains(&format!("href=\"{link}\"")), "{link}");
        }
        assert!(!page.text.contains("landing."), "a key without words: {}", page.text);
    }
}

#[test]
fn every_word_that_templates_and_code_ask_for_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = Vec::new();
    for place in ["templates/layout.html", "templates/landing.html", "templates/storefront", "src/storefront"]
    {
        collect(&root.join(place), &mut asked);
    }
    assert!(asked.len() > 80, "the search itself works: {}", asked.len());
    let missing: Vec<&String> = asked.iter().filter(|key| !words().has(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for status in OrderStatus::ALL {
        assert!(words().has(&format!("shop.status.{}", status.word())), "{status:?}");
    }
}

/// Keys in quotation marks, in a file or in all files of a folder.
fn collect(path: &Path, keys: &mut Vec<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), keys);
        }
        return;
    }
    let text = std::fs::read_to_string(path).unwrap();
    for quoted in text.split('"').skip(1) {
        let is_key = ["common.", "shop.", "landing."].iter().any(|start| quoted.starts_with(start))
            && quoted.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b))
            && !quoted.ends_with('.')
            && !quoted.ends_with(".css");
        if is_key {
            keys.push(quoted.to_owned());
        }
    }
}
