//! Hostile text in every field that a customer controls.

use crate::common::Demo;
use crate::driver::{DESK, Window, console};
use serde_json::Value;

const HOSTILE: &str =
    "\"'><svg onload=document.body.dataset.owned=1></script><script>document.body.dataset.owned=1</script>";

/// No script runs and the browser has no violation of the content security policy to report, on any page that shows
/// what the customer wrote: the customer's own, the owner's, the sandbox's, the mails.
#[tokio::test]
#[ignore = "needs chromium and chromedriver; cargo xtask test runs it"]
async fn t_f07_stored_script_from_a_notification_runs_nowhere() {
    let demo = Demo::start(None);
    let window = Window::open(DESK).await;
    let shop = demo.text("storefront_url");
    window.goto(shop).await;
    window.click("form:has(input[value='EBOOK']) button").await;
    window.goto(&format!("{shop}/checkout")).await;
    window.fill("#name", HOSTILE).await;
    window.fill("#email", "ada@example.com").await;
    window.click("form[action='/shop/demo/checkout'] button.button-large").await;
    window.find("button[value='pay']").await;
    window.fill("#name", HOSTILE).await;
    window.click("button[value='pay']").await;
    window.find("[data-status='paid']").await;
    let order_page = window.client.current_url().await.unwrap().to_string();

    let base = demo.text("base_url");
    window.goto(demo.text("owner_login_url")).await;
    let mut pages: Vec<String> = ["/owner/orders", "/owner/orders/ord_1", "/owner/notifications"]
        .into_iter()
        .chain(["/owner/notifications/ntf_1", "/owner/notifications/ntf_1?view=hex", "/sandbox/paypal"])
        .map(|path| format!("{base}{path}"))
        .chain([order_page])
        .collect();
    window.until_page_says(demo.text("mailbox_url"), ".mails", &["owner@example.com"]).await;
    for link in window.all(".mails a").await {
        pages.push(format!("{base}{}", link.attr("href").await.unwrap().unwrap()));
    }
    let mut shown = 0;
    for page in &pages {
        window.goto(page).await;
        let script =
            "return [document.body.dataset.owned ?? null, document.body.innerText.includes('svg onload')]";
        let seen = window.client.execute(script, Vec::new()).await.unwrap();
        assert_eq!(seen[0], Value::Null, "a script ran on {page}");
        shown += usize::from(seen[1] == true);
        for entry in console(&window).await {
            assert!(!entry.contains("Content Security Policy"), "{page}: {entry}");
        }
    }
    assert!(shown >= 4, "the hostile name was hardly shown anywhere, so nothing was tried ({shown} pages)");
    window.close().await;
}
