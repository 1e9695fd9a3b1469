//! The loop as a customer and an owner live it.

use crate::common::{Demo, shopping};
use crate::driver::{DESK, Window};

#[tokio::test]
#[ignore = "needs chromium and chromedriver; cargo xtask test runs it"]
async fn order_pay_see_it_change_read_the_mails_write_to_the_customer() {
    let demo = Demo::start(None);
    let shop = demo.text("storefront_url");
    let mailbox = demo.text("mailbox_url");
    let base = demo.text("base_url");
    let window = Window::open(DESK).await;

    // The customer fills a cart with something physical and something digital, and orders.
    window.goto(shop).await;
    window.click("form:has(input[value='MUG']) button").await;
    window.goto(shop).await;
    window.click("form:has(input[value='EBOOK']) button").await;
    window.goto(&format!("{shop}/cart")).await;
    window.click("a[href='/shop/demo/checkout']").await;
    let fields = [
        ("#name", "Ada Example"),
        ("#email", "ada@example.com"),
        ("#street", "1 Example Street"),
        ("#postcode", "10115"),
        ("#town", "Berlin"),
    ];
    for (field, text) in fields {
        window.fill(field, text).await;
    }
    window.click("#country option[value='DE']").await;
    window.click("form[action='/shop/demo/checkout'] button.button-large").await;

    // The cart has sent the order on, and the sandbox shows its payment page.
    window.find("button[value='pay']").await;
    let address = window.client.current_url().await.unwrap();
    assert!(address.path().starts_with("/sandbox/paypal/checkout/"), "{address}");

    // A second window watches the order's page.
    let order_page = newest_order_page(&demo);
    let paying = window.client.window().await.unwrap();
    let watching = window.client.new_window(false).await.unwrap().handle;
    window.client.switch_to_window(watching.clone()).await.unwrap();
    window.goto(&order_page).await;
    window.find("[data-status='open']").await;

    window.client.switch_to_window(paying).await.unwrap();
    window.click("button[value='pay']").await;
    window.find("#live").await;
    window.client.switch_to_window(watching).await.unwrap();
    // Not one reload in this window: the page learns of it by itself.
    window.find("[data-status='paid']").await;

    window.until_page_says(mailbox, ".mails", &["ada@example.com", "owner@example.com"]).await;

    // The owner comes in by the one-time link, finds the order, writes to the customer.
    window.goto(demo.text("owner_login_url")).await;
    window.find("a[href^='/owner/orders']").await;
    window.goto(&format!("{base}/owner/orders?search=Ada")).await;
    window.click("a[href^='/owner/orders/ord_']").await;
    window.fill("form[action$='/message'] textarea", "Your parcel leaves tomorrow.").await;
    window.click("form[action$='/message'] button").await;
    window.until_page_says(mailbox, ".mails", &["Your parcel leaves tomorrow."]).await;

    // And sees the notification behind it, decoded, with its proof in a sentence.
    window.goto(&format!("{base}/owner/notifications")).await;
    window.click("a[href^='/owner/notifications/ntf_']").await;
    let page = window.text("main").await;
    assert!(
        page.contains("mc_gross") && page.contains("has confirmed that it sent exactly this message"),
        "{page}"
    );
    window.close().await;
}

fn newest_order_page(demo: &Demo) -> String {
    let order = shopping::orders(&mut shopping::api(demo)).remove(0);
    let id = order["id"].as_str().unwrap();
    let order = shopping::api(demo).get(&format!("/v1/orders/{id}")).json();
    order["page_url"].as_str().unwrap().to_owned()
}
