//! Telling the shop: real receivers that behave in one chosen way each.

use crate::peer_http::{HttpPeer, says};
use crate::world::{World, policy, until};
use ipnd_store::{
    Delivery, DeliveryFilter, DeliveryState, Endpoint, EndpointFilter, EndpointPlan, EndpointState,
};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl World {
    pub(crate) async fn endpoint(
        &self,
        address: SocketAddr,
        change: impl FnOnce(&mut EndpointPlan),
    ) -> Endpoint {
        let mut plan = EndpointPlan {
            name: "Shop".into(),
            url: Some(format!("http://{address}/ipn")),
            dialect: "standard".into(),
            filter: EndpointFilter::default(),
            headers: vec![("x-own".into(), "yes".into())],
            settings: BTreeMap::new(),
            concurrency: 8,
            rate: 0,
            is_ordered: false,
        };
        change(&mut plan);
        self.store.create_endpoint(self.shop.id, plan, Some(KEY.into()), None, "owner").await.unwrap()
    }

    /// A paid order; gives its reference. Before the workers run, who would look at the payment themselves.
    pub(crate) async fn paid(&self, transaction: &str) -> String {
        let order = self.order("Alex Example", Some("alex@example.com"), "Tea").await;
        self.payment_without_an_order(&order.reference, transaction).await;
        order.reference
    }

    /// Waits until the newest delivery is as wanted.
    async fn told(&self, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
        until("the delivery is as wanted", async || {
            let lines = self.store.deliveries(self.shop.id, DeliveryFilter::default()).await.unwrap();
            let delivery = self.store.delivery(self.shop.id, lines.first()?.id).await.unwrap()?;
            wanted(&delivery).then_some(delivery)
        })
        .await
    }

    async fn tried(&self, times: usize) -> Delivery {
        self.told(|delivery| delivery.attempts.len() >= times && delivery.line.status.is_some()).await
    }
}

fn code(delivery: &Delivery) -> &str {
    delivery.line.reason.as_ref().map_or("", |reason| reason.code.as_str())
}

fn status(line: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"))
}

#[tokio::test]
async fn a_payment_arrives_signed_and_the_reply_is_kept() {
    let world = World::new().await;
    let shop = HttpPeer::start(|_, _| says("thank you \u{7}")).await;
    world.endpoint(shop.address, |_| {}).await;
    let reference = world.paid("T1").await;
    let workers = world.workers(None, policy(&[shop.address]));
    let delivery = world.told(|delivery| delivery.line.state == DeliveryState::Delivered).await;
    let body = shop.asked().remove(0);
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["data"]["order"]["reference"], reference.as_str());
    assert_eq!((&json["type"], &json["data"]["order"]["sequence"]), (&"payment.completed".into(), &1.into()));
    assert_eq!(delivery.attempts[0].attempt.reply.as_deref(), Some("thank you \u{fffd}"));
    assert_eq!((delivery.line.attempts, delivery.line.status), (1, Some(200)));
    workers.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_tried_again_by_the_schedule_and_as_retry_after_asks() {
    let world = World::new().await;
    let shop = HttpPeer::start(|number, _| match number {
        0 => status("500 Internal Server Error"),
        1 => status("404 Not Found\r\nretry-after: 7200"),
        _ => says("ok"),
    })
    .await;
    world.endpoint(shop.address, |_| {}).await;
    world.paid("T1").await;
    let workers = world.workers(None, policy(&[shop.address]));
    let after =
        |delivery: &Delivery| delivery.line.next_at.unwrap().duration_since(world.clock.now()).as_secs();
    let first = world.tried(1).await;
    assert_eq!((code(&first), first.line.state), ("endpoint_status", DeliveryState::Waiting));
    assert!((4..=6).contains(&after(&first)), "{}", after(&first));
    world.clock.advance(SignedDuration::from_secs(6));
    let second = world.tried(2).await;
    assert_eq!(after(&second), 7_200, "later than the schedule's five minutes");
    world.clock.advance(SignedDuration::from_secs(7_200));
    let third = world.told(|delivery| delivery.line.state == DeliveryState::Delivered).await;
    assert_eq!(third.attempts.len(), 3);
    assert!(shop.asked().windows(2).all(|pair| pair[0] == pair[1]), "the same bytes each time");
    workers.stop().await;
}

#[tokio::test]
async fn t_d08_a_redirect_is_a_failure_and_not_followed() {
    let world = World::new().await;
    let trap = HttpPeer::start(|_, _| says("ok")).await;
    let location = trap.url();
    let shop =
        HttpPeer::start(move |_, _| status(&format!("307 Temporary Redirect\r\nlocation: {location}"))).await;
    world.endpoint(shop.address, |_| {}).await;
    world.paid("T1").await;
    let workers = world.workers(None, policy(&[shop.address, trap.address]));
    let delivery = world.tried(1).await;
    assert_eq!(code(&delivery), "endpoint_redirects");
    assert!(
        delivery.line.reason.unwrap().detail.contains(&trap.address.to_string()),
        "where it would have led"
    );
    assert!(trap.asked().is_empty());
    workers.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more() {
    let world = World::new().await;
    let shop = HttpPeer::start(|_, _| status("410 Gone")).await;
    let endpoint = world.endpoint(shop.address, |_| {}).await;
    world.paid("T1").await;
    let workers = world.workers(None, policy(&[shop.address]));
    let delivery = world.told(|delivery| delivery.line.state == DeliveryState::Failed).await;
    assert_eq!(code(&delivery), "endpoint_gone");
    let state = world.store.endpoint(world.shop.id, endpoint.id).await.unwrap().unwrap().state;
    assert_eq!(state, EndpointState::Paused);
    workers.stop().await;
}

#[tokio::test]
async fn t_d01_a_receiver_inside_is_not_called() {
    let world = World::new().await;
    let inside = HttpPeer::start(|_, _| says("ok")).await;
    world.endpoint(inside.address, |_| {}).await;
    world.paid("T1").await;
    let workers = world.workers(None, policy(&[]));
    let delivery = world.told(|delivery| !delivery.attempts.is_empty()).await;
    assert_eq!(code(&delivery), "exchange_refused");
    assert!(inside.asked().is_empty());
    workers.stop().await;
}

#[tokio::test]
async fn an_expression_decides_and_what_is_not_wanted_is_not_sent() {
    let world = World::new().await;
    let shop = HttpPeer::start(|_, _| says("ok")).await;
    let wants = |plan: &mut EndpointPlan, expression: &str| plan.filter.expression = expression.to_owned();
    world
        .endpoint(shop.address, |plan| wants(plan, r#"data.order.customer.email == "bo@example.com""#))
        .await;
    world.paid("T1").await;
    let workers = world.workers(None, policy(&[shop.address]));
    let delivery = world.told(|delivery| delivery.line.state == DeliveryState::Skipped).await;
    assert_eq!((code(&delivery), shop.asked().len()), ("endpoint_filter", 0));
    workers.stop().await;
    let other = World::new().await;
    other
        .endpoint(shop.address, |plan| wants(plan, r#"data.order.customer.email == "alex@example.com""#))
        .await;
    other.paid("T2").await;
    let workers = other.workers(None, policy(&[shop.address]));
    other.told(|delivery| delivery.line.state == DeliveryState::Delivered).await;
    workers.stop().await;
}

/// The receiver asks back before it answers, as many carts do.
#[tokio::test]
async fn a_receiver_of_paypals_form_can_ask_back_while_it_is_told() {
    let world = World::new().await;
    let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
    let shop = HttpPeer::start(move |_, body| {
        ask.send(body.to_vec()).unwrap();
        says("")
    })
    .await;
    let endpoint = world
        .endpoint(shop.address, |plan| {
            plan.dialect = "paypal-ipn".into();
            plan.settings = BTreeMap::from([("receivers".to_owned(), "seller@example.com".to_owned())]);
        })
        .await;
    let reference = world.paid("T1").await;
    let workers = world.workers(None, policy(&[shop.address]));
    let body = asked.recv().await.unwrap();
    let text = String::from_utf8(body.clone()).unwrap();
    assert!(
        text.contains(&format!("invoice={reference}")) && text.contains("payment_status=Completed"),
        "{text}"
    );
    let digest = |bytes: &[u8]| <sha2::Sha256 as sha2::Digest>::digest(bytes).to_vec();
    let is_ours = |bytes: Vec<u8>| world.store.is_sent_body(digest(&bytes), Some(endpoint.token.clone()));
    assert!(is_ours(body.clone()).await.unwrap(), "it was written down before it was sent");
    assert!(!is_ours([&body[..], b"&x=1"].concat()).await.unwrap());
    workers.stop().await;
}

#[tokio::test]
async fn i_18_what_is_being_told_is_not_told_again_when_the_clock_jumps_ahead() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = listener.local_addr().unwrap();
    let slow_one = world.endpoint(slow, |_| {}).await;
    let quick = HttpPeer::start(|_, _| says("ok")).await;
    world.paid("T1").await;
    let quick_one = world.endpoint(quick.address, |_| {}).await;
    let workers = world.workers(None, policy(&[slow, quick.address]));
    let (mut stream, _) = listener.accept().await.unwrap();
    for round in 1..=3 {
        let beyond_the_lease = SignedDuration::from_mins(2);
        world.clock.advance(beyond_the_lease);
        // Whatever is due is claimed together with this one.
        world.store.test_endpoint(world.shop.id, quick_one.id, world.clock.now()).await.unwrap().unwrap();
        until("the quick one is told", async || (quick.asked().len() == round).then_some(())).await;
    }
    stream.write_all(says("ok").unwrap().as_bytes()).await.unwrap();
    let filter = DeliveryFilter { endpoint: Some(slow_one.id), ..DeliveryFilter::default() };
    let line = until("the slow one has been told", async || {
        let line = world.store.deliveries(world.shop.id, filter.clone()).await.unwrap().remove(0);
        (line.state != DeliveryState::Waiting).then_some(line)
    })
    .await;
    workers.stop().await;
    assert_eq!((line.state, line.attempts), (DeliveryState::Delivered, 1));
}
