//! The loop as a customer and an owner live it.

use crate::common::{Demo, shopping};
use crate::driver::{DESK, Window};

#[test]
#[ignore = "needs chromium and chromedriver; cargo xtask test runs it"]
fn order_pay_see_it_change_read_the_mails_write_to_the_customer() {
    let demo = Demo::start(None);
    let shop = demo.text("storefront_url");
    let mailbox = demo.text("mailbox_url");
    let base = demo.text("base_url");
    let window = Window::open(DESK);

    // The customer fills a cart with something physical and something digital, and orders.
    window.goto(shop);
    window.click("form:has(input[value='MUG']) button");
    // Adding leads to the cart; going on before it is there would cross the browser's own way.
    window.arrive("/cart");
    window.goto(shop);
    window.click("form:has(input[value='EBOOK']) button");
    window.click("a[href='/shop/demo/checkout']");
    let fields = [
        ("#name", "Ada Example"),
        ("#email", "ada@example.com"),
        ("#street", "1 Example Street"),
        ("#postcode", "10115"),
        ("#town", "Berlin"),
    ];
    for (field, text) in fields {
        window.fill(field, text);
    }
    window.click("#country option[value='DE']");
    window.click("form[action='/shop/demo/checkout'] button.button-large");

    // The cart has sent the order on, and the sandbox shows its payment page.
    window.find("button[value='pay']");
    let address = window.address();
    assert!(address.contains("/sandbox/paypal/checkout/"), "{address}");

    // A second window watches the order's page.
    let order_page = newest_order_page(&demo);
    let paying = window.tab();
    let watching = window.new_tab();
    window.switch_to(&watching);
    window.goto(&order_page);
    window.find("[data-status='open']");

    window.switch_to(&paying);
    window.click("button[value='pay']");
    window.find("#live");
    window.switch_to(&watching);
    // Not one reload in this window: the page learns of it by itself.
    window.find("[data-status='paid']");

    window.until_page_says(mailbox, ".mails", &["ada@example.com", "owner@example.com"]);

    // The owner comes in by the one-time link, finds the order, writes to the customer.
    window.goto(demo.text("owner_login_url"));
    window.find("a[href^='/owner/orders']");
    window.goto(&format!("{base}/owner/orders?search=Ada"));
    window.click("a[href^='/owner/orders/ord_']");
    window.fill("form[action$='/message'] textarea", "Your parcel leaves tomorrow.");
    window.click("form[action$='/message'] button");
    window.arrive("?done=");
    window.until_page_says(mailbox, ".mails", &["Your parcel leaves tomorrow."]);

    // And sees the notification behind it, decoded, with its proof in a sentence.
    window.goto(&format!("{base}/owner/notifications"));
    window.click("a[href^='/owner/notifications/ntf_']");
    window.arrive("/owner/notifications/ntf_");
    let page = window.text(&window.find("main"));
    assert!(page.contains("mc_gross") && page.contains("its answer bears out what counts here"), "{page}");
}

fn newest_order_page(demo: &Demo) -> String {
    let order = shopping::orders(&mut shopping::api(demo)).remove(0);
    let id = order["id"].as_str().unwrap();
    let order = shopping::api(demo).get(&format!("/v1/orders/{id}")).json();
    order["page_url"].as_str().unwrap().to_owned()
}
