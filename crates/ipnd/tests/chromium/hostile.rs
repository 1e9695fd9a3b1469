//! Hostile text in every field that a customer controls.

use crate::common::Demo;
use crate::driver::{DESK, Window};
use serde_json::Value;

const HOSTILE: &str =
    "\"'><svg onload=document.body.dataset.owned=1></script><script>document.body.dataset.owned=1</script>";

/// No script runs and the browser has no violation of the content security policy to report, on any page that shows
/// what the customer wrote: the customer's own, the owner's, the sandbox's, the mails.
#[test]
#[ignore = "needs chromium and chromedriver; cargo xtask test runs it"]
fn t_f07_stored_script_from_a_notification_runs_nowhere() {
    let demo = Demo::start(None);
    let window = Window::open(DESK);
    let shop = demo.text("storefront_url");
    window.goto(shop);
    window.click("form:has(input[value='EBOOK']) button");
    window.click("a[href='/shop/demo/checkout']");
    window.fill("#name", HOSTILE);
    window.fill("#email", "ada@example.com");
    window.click("form[action='/shop/demo/checkout'] button.button-large");
    window.find("button[value='pay']");
    window.fill("#name", HOSTILE);
    window.click("button[value='pay']");
    window.find("[data-status='paid']");
    let order_page = window.address();

    let base = demo.text("base_url");
    window.goto(demo.text("owner_login_url"));
    let mut pages: Vec<String> = ["/owner/orders", "/owner/orders/ord_1", "/owner/notifications"]
        .into_iter()
        .chain(["/owner/notifications/ntf_1", "/owner/notifications/ntf_1?view=hex", "/sandbox/paypal"])
        .map(|path| format!("{base}{path}"))
        .chain([order_page])
        .collect();
    window.until_page_says(demo.text("mailbox_url"), ".mails", &["owner@example.com"]);
    for link in window.all(".mails a") {
        pages.push(format!("{base}{}", window.attribute(&link, "href")));
    }
    let mut shown = 0;
    for page in &pages {
        window.goto(page);
        let script =
            "return [document.body.dataset.owned ?? null, document.body.innerText.includes('svg onload')]";
        let seen = window.run(script);
        assert_eq!(seen[0], Value::Null, "a script ran on {page}");
        shown += usize::from(seen[1] == true);
        for entry in window.console() {
            assert!(!entry.contains("Content Security Policy"), "{page}: {entry}");
        }
    }
    assert!(shown >= 4, "the hostile name was hardly shown anywhere, so nothing was tried ({shown} pages)");
}
