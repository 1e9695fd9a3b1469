//! The customer's way: shelf, cart, checkout, payment, order page.

use super::browser::{Browser, order_path};
use super::shop::{euro, open};
use http::{StatusCode, header};
use ipnd_core::{EventKind, Language, OrderStatus};
use ipnd_store::{OrderSource, ProductKind};

#[tokio::test]
async fn a_customer_fills_a_cart_orders_and_is_sent_to_the_gateway() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let shelf = browser.get("/shop/demo").await;
    assert_eq!(shelf.status, StatusCode::OK);
    for text in ["Paper &#38; Pixel", "€12.50", "Only 3 left", "Sold out", "Available at once"] {
        assert!(shelf.text.contains(text), "{text} in {}", shelf.text);
    }

    let added = browser.add("NOTEBOOK-A5", "2").await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, "/shop/demo/cart"));
    browser.add("EBOOK-1", "1").await;
    let cart = browser.get("/shop/demo/cart").await;
    assert!(cart.text.contains("€25.00") && cart.text.contains("€34.00"), "{}", cart.text);
    assert!(browser.get("/shop/demo/checkout").await.text.contains("Where may we send it?"));

    let placed = browser.order("34.00").await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text);
    assert!(!browser.cookies.contains_key("cart"), "the cart is empty once the order exists");
    let token = placed.location().split('/').nth(4).unwrap();
    let order = shop.store().order_by_token(token).await.unwrap().unwrap();
    assert_eq!(order.terms.total, euro("34.00"));
    assert_eq!((order.source, order.language), (OrderSource::Storefront, Some(Language::De)));
    assert_eq!(order.customer.address, ["Harbour Lane 7", "20457 Hamburg"]);
    assert_eq!(order.customer.country.as_deref(), Some("DE"));

    let pay = browser.get(placed.location()).await;
    assert_eq!(pay.status, StatusCode::OK);
    let notify = format!("http://shop.test/in/{}", shop.account.token);
    let back = format!("http://shop.test{}", order_path(&order));
    for value in [notify, format!("{back}?returned"), format!("{back}/cancelled"), order.id.to_string()] {
        assert!(pay.text.contains(&format!("value=\"{value}\"")), "{value} in {}", pay.text);
    }
    assert!(pay.text.contains("Weiter zu Test gateway"), "the customer chose German");
    let policy = pay.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let action = pay.text.split("action=\"https://").nth(1).unwrap().split('/').next().unwrap();
    assert!(policy.contains(&format!("form-action https://{action}")), "{policy}");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
}

#[tokio::test]
async fn mistakes_are_shown_beside_their_fields_and_nothing_typed_is_lost() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    browser.add("NOTEBOOK-A5", "1").await;
    let fields =
        [("name", "Ann \"A\" Example"), ("email", "ann@"), ("country", "XX"), ("shown_total", "12.50")];
    let answer = browser.post("/shop/demo/checkout", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("value=\"Ann &#34;A&#34; Example\""), "{}", answer.text);
    for id in ["email-problem", "street-problem", "town-problem", "country-problem"] {
        assert!(answer.text.contains(&format!("id=\"{id}\"")), "{id} in {}", answer.text);
    }
    assert!(!answer.text.contains("name-problem"));
    assert_eq!(shop.orders().await, 0);
    assert!(browser.cookies.contains_key("cart"), "the cart is kept");
}

#[tokio::test]
async fn prices_come_from_the_shop_whatever_the_browser_sends() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    browser.cookies.insert("cart".into(), "EBOOK-1:1:0.01.NOTEBOOK-A5:-3.UNKNOWN:2".into());
    let cart = browser.get("/shop/demo/cart").await;
    assert!(cart.text.contains("Your cart is empty") || !cart.text.contains("0.01"), "{}", cart.text);
    browser.cookies.insert("cart".into(), "EBOOK-1:1".into());
    let fields = [
        ("name", "Ann"),
        ("email", "ann@example.com"),
        ("price", "0.01"),
        ("total", "0.01"),
        ("shown_total", "0.01"),
    ];
    let answer = browser.post("/shop/demo/checkout", &fields).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "the customer would be surprised by the price");
    assert_eq!(shop.orders().await, 0);
    assert_eq!(browser.order_handbook_total().await, euro("9.00"));
}

impl Browser<'_> {
    async fn order_handbook_total(&mut self) -> ipnd_core::Money {
        self.cookies.remove("cart");
        self.order_handbook().await.terms.total
    }
}

#[tokio::test]
async fn nobody_orders_more_than_there_is() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    browser.add("NOTEBOOK-A5", "2").await;
    browser.add("NOTEBOOK-A5", "2").await;
    browser.add("MUG-1", "1").await;
    assert_eq!(browser.cookies["cart"], "NOTEBOOK-A5:3", "three are there, and no mug");

    browser.cookies.insert("cart".into(), "NOTEBOOK-A5:50.MUG-1:1".into());
    let cart = browser.get("/shop/demo/cart").await;
    assert!(cart.text.contains("Only 3 left; we have adjusted your cart."), "{}", cart.text);
    assert!(cart.text.contains("sold out or no longer offered"), "{}", cart.text);
    let placed = browser.order("625.00").await;
    assert_eq!(placed.location(), "/shop/demo/cart", "the customer sees what changed before ordering");
    assert_eq!(shop.orders().await, 0);
}

#[tokio::test]
async fn a_paid_order_gives_access_and_cannot_be_paid_or_cancelled_again() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let order = browser.order_handbook().await;
    let open_page = browser.get(&format!("{}?lang=en", order_path(&order))).await;
    assert!(open_page.text.contains("Waiting for your payment") && open_page.text.contains("Pay now"));
    assert!(!open_page.text.contains("files.example.com"), "access comes with the money");

    shop.happen(&order, EventKind::PaymentCompleted, euro("9.00")).await;
    let paid = browser.get(&order_path(&order)).await;
    assert!(paid.text.contains("Payment received"), "{}", paid.text);
    assert!(paid.text.contains("href=\"https://files.example.com/handbook.pdf\""), "{}", paid.text);
    assert!(paid.text.contains("Licence: AB-12") && !paid.text.contains("Pay now"));
    assert_eq!(browser.get(&format!("{}/pay", order_path(&order))).await.status, StatusCode::SEE_OTHER);
    browser.post(&format!("{}/cancel", order_path(&order)), &[]).await;
    let order = shop.store().order(shop.shop.id, order.id).await.unwrap().unwrap();
    assert_eq!((order.state.status, order.cancelled_at), (OrderStatus::Paid, None));
}

#[tokio::test]
async fn whoever_turns_back_at_the_gateway_may_try_again_or_cancel() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let order = browser.order_handbook().await;
    let page = browser.get(&format!("{}/cancelled?lang=en", order_path(&order))).await;
    assert!(page.text.contains("You have not paid yet") && page.text.contains("Cancel this order"));
    let looked = shop.store().order(shop.shop.id, order.id).await.unwrap().unwrap();
    assert_eq!(looked.state.status, OrderStatus::Open, "looking at the page cancels nothing");

    let cancelled = browser.post(&format!("{}/cancel", order_path(&order)), &[]).await;
    assert_eq!(cancelled.location(), order_path(&order));
    assert!(browser.get(&order_path(&order)).await.text.contains("Order cancelled"));
    assert_eq!(browser.get(&format!("{}/cancelled", order_path(&order))).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_empty_cart_leads_to_the_latest_order_of_this_browser_and_of_no_other() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let order = browser.order_handbook().await;
    let link = format!("href=\"{}\"", order_path(&order));
    assert!(browser.get("/shop/demo/cart").await.text.contains(&link));
    assert!(!Browser::new(&shop).get("/shop/demo/cart").await.text.contains("/order/"));
    browser.cookies.insert("latest_order".into(), "\"><script>".into());
    assert!(!browser.get("/shop/demo/cart").await.text.contains("/order/"));
}

#[tokio::test]
async fn an_unlikely_article_number_finds_its_picture_and_its_cart() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let sku = "a/b c.d?e#f%2F+ü";
    shop.put(sku, "Odd", "1.00", ProductKind::Physical, None, "").await;
    let shelf = browser.get("/shop/demo").await.text;
    let start = shelf.find("/pictures/a").unwrap();
    let path: String = shelf[start..].chars().take_while(|c| *c != '"').collect();
    let picture = browser.get(&format!("/shop/demo{path}")).await;
    assert_eq!(picture.status, StatusCode::OK, "{path}");
    assert_eq!(picture.headers[header::CONTENT_TYPE], "image/svg+xml");
    browser.add(sku, "2").await;
    assert!(browser.get("/shop/demo/cart").await.text.contains("€2.00"));
}
