//! The live order page: what the stream tells, and when.

use super::browser::{Browser, order_path};
use super::shop::{TestShop, euro, open};
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt;
use ipnd_core::EventKind;
use ipnd_store::Order;
use std::time::Duration;
use tower::ServiceExt;

async fn connect(shop: &TestShop, order: &Order) -> Body {
    let path = format!("{}/live?lang=en", order_path(order));
    let response =
        shop.router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    response.into_body()
}

/// The next event's text. Fails when none comes.
async fn next(stream: &mut Body) -> String {
    let frame = tokio::time::timeout(Duration::from_secs(10), stream.frame()).await;
    let frame = frame.expect("an event comes").expect("the stream goes on").unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn the_page_hears_of_the_payment_as_soon_as_it_is_proved() {
    let shop = open().await;
    let order = Browser::new(&shop).order_handbook().await;
    let mut stream = connect(&shop, &order).await;
    let first = next(&mut stream).await;
    assert!(first.contains("event: status") && first.contains("data-status=\"open\""), "{first}");

    shop.happen(&order, EventKind::PaymentPending, euro("9.00")).await;
    assert!(next(&mut stream).await.contains("data-status=\"pending\""));
    shop.happen(&order, EventKind::PaymentCompleted, euro("9.00")).await;
    let paid = next(&mut stream).await;
    assert!(paid.contains("data-status=\"paid\"") && paid.contains("handbook.pdf"), "{paid}");
}

#[tokio::test]
async fn a_change_that_happened_before_connecting_is_not_missed() {
    let shop = open().await;
    let order = Browser::new(&shop).order_handbook().await;
    shop.happen(&order, EventKind::PaymentCompleted, euro("9.00")).await;
    assert!(next(&mut connect(&shop, &order).await).await.contains("data-status=\"paid\""));
}

#[tokio::test]
async fn other_orders_do_not_disturb_the_stream() {
    let shop = open().await;
    let mut browser = Browser::new(&shop);
    let (order, other) = (browser.order_handbook().await, browser.order_handbook().await);
    let mut stream = connect(&shop, &order).await;
    next(&mut stream).await;
    shop.happen(&other, EventKind::PaymentCompleted, euro("9.00")).await;
    shop.happen(&order, EventKind::PaymentFailed, euro("9.00")).await;
    assert!(next(&mut stream).await.contains("data-status=\"failed\""), "the other order's word is not told");
}
