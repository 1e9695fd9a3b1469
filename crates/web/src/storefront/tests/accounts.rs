//! Which accounts a customer is offered.

use super::browser::{Browser, order_path};
use super::shop::{TestShop, new_account, open_with};
use http::StatusCode;
use ipnd_core::Environment::{self, Live, Sandbox};

/// A shop with two accounts; the older one, its `account`, has the first environment.
async fn shop(is_sample: bool, first: Environment, second: Environment) -> TestShop {
    let shop = open_with(is_sample, first).await;
    new_account(shop.store(), &shop.shop, second, "Second gateway").await;
    shop
}

/// Orders something and gives the address of the page that pays.
async fn pay_page(browser: &mut Browser<'_>) -> String {
    format!("{}/pay", order_path(&browser.order_handbook().await))
}

#[tokio::test]
async fn t_a18_a_shop_with_a_live_account_offers_no_play_money() {
    let shop = shop(false, Sandbox, Live).await;
    let mut browser = Browser::new(&shop);
    let pay = pay_page(&mut browser).await;
    // Not even to somebody who asks for it.
    for address in [pay.clone(), format!("{pay}?account={}", shop.account.id)] {
        let page = browser.get(&address).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("Second gateway"), "{}", page.text);
        assert!(!page.text.contains("Test gateway") && !page.text.contains(&shop.account.token));
    }
    browser.add("EBOOK-1", "1").await;
    let checkout = browser.get("/shop/demo/checkout").await;
    assert!(!checkout.text.contains("Test gateway"), "{}", checkout.text);
}

#[tokio::test]
async fn a_shop_without_a_live_account_is_still_trying_things_out() {
    let shop = shop(false, Sandbox, Sandbox).await;
    let mut browser = Browser::new(&shop);
    let pay = pay_page(&mut browser).await;
    let page = browser.get(&pay).await;
    assert!(page.text.contains(&shop.account.token) && page.text.contains("Second gateway"), "{}", page.text);
}

#[tokio::test]
async fn a_sample_shop_offers_play_money_first() {
    let shop = shop(true, Live, Sandbox).await;
    let mut browser = Browser::new(&shop);
    let pay = pay_page(&mut browser).await;
    let page = browser.get(&pay).await;
    assert!(!page.text.contains(&shop.account.token), "the older, live account comes second");
    let live = browser.get(&format!("{pay}?account={}", shop.account.id)).await;
    assert!(live.text.contains(&shop.account.token), "{}", live.text);
}
