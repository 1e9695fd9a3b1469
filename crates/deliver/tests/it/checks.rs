//! Proving notifications: the way there and everything that can go wrong on it.

use crate::peer_http::{HttpPeer, says};
use crate::peer_smtp::SmtpPeer;
use crate::world::{World, config, policy, until};
use ipnd_core::OrderStatus;
use ipnd_gateways::{RawRequest, Repeats};
use ipnd_store::{
    Account, CheckState, Journaled, MailState, NewNotification, Notification, NotificationId, Order, ProvedBy,
};
use jiff::SignedDuration;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl World {
    async fn comes_in(&self, account: &Account, body: String) -> NotificationId {
        let request = RawRequest {
            method: "POST".into(),
            query: String::new(),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: body.into_bytes(),
        };
        let (received_at, remote) = (self.clock.now(), None);
        let gateway = ipnd_gateways::find(&account.gateway).unwrap();
        let repeats_are_news = gateway.repeats == Repeats::AreNews;
        let notification = NewNotification {
            account: account.id,
            received_at,
            remote,
            request,
            repeats_are_news,
            proven: None,
        };
        match self.store.journal(notification, 1_000).await.unwrap() {
            Journaled::New(id) | Journaled::Copy(id) => id,
        }
    }

    async fn notification_is(
        &self,
        id: NotificationId,
        wanted: impl Fn(&Notification) -> bool,
    ) -> Notification {
        until("the notification is as wanted", async || {
            let found = self.store.notification(self.shop.id, id).await.unwrap().unwrap();
            wanted(&found).then_some(found)
        })
        .await
    }

    async fn attempted(&self, id: NotificationId, times: usize) -> Notification {
        self.notification_is(id, |notification| notification.check.attempts.len() >= times).await
    }
}

/// A payment of this order in full, as PayPal would tell of it.
fn paid(order: &Order, transaction: &str) -> String {
    format!(
        "mc_gross=19.95&invoice={}&payment_status=Completed&charset=windows-1252&first_name=J%FCrgen\
         &receiver_email=seller%40example.com&txn_id={transaction}&txn_type=web_accept&mc_currency=EUR&test_ipn=1\
         &payment_date=05%3A00%3A00+May+01%2C+2024+PDT",
        order.reference
    )
}

#[tokio::test]
async fn the_loop_from_notification_to_both_mails() {
    let (world, smtp) = (World::new().await, SmtpPeer::good().await);
    let paypal = HttpPeer::start(|_, _| says("VERIFIED")).await;
    let account = world.account(&paypal.url()).await;
    let order = world.order("Alex Example", Some("alex@example.com"), "Tea").await;
    let workers = world.workers(Some(config(smtp.address)), policy(&[paypal.address]));
    let id = world.comes_in(&account, paid(&order, "8XY123")).await;
    let kept =
        world.notification_is(id, |notification| notification.check.state == CheckState::Genuine).await;
    assert_eq!(kept.check.proved_by, Some(ProvedBy::Gateway));
    let mails = until("both mails are sent", async || {
        let mails = world.store.mails(world.shop.id, order.id).await.unwrap();
        (mails.len() == 2 && mails.iter().all(|mail| mail.state == MailState::Sent)).then_some(mails)
    })
    .await;
    workers.stop().await;
    assert_eq!(paypal.asked(), [format!("cmd=_notify-validate&{}", paid(&order, "8XY123")).into_bytes()]);
    let now = world.store.order(world.shop.id, order.id).await.unwrap().unwrap();
    assert_eq!(now.state.status, OrderStatus::Paid);
    let mut to: Vec<_> = mails.into_iter().filter_map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["alex@example.com", "owner@example.com"]);
    assert_eq!(smtp.messages().len(), 2);
}

#[tokio::test]
async fn a_forged_message_changes_nothing() {
    let (world, smtp) = (World::new().await, SmtpPeer::good().await);
    let paypal = HttpPeer::start(|_, _| says("INVALID")).await;
    let account = world.account(&paypal.url()).await;
    let order = world.order("Alex Example", Some("alex@example.com"), "Tea").await;
    let workers = world.workers(Some(config(smtp.address)), policy(&[paypal.address]));
    let id = world.comes_in(&account, paid(&order, "8XY123")).await;
    world.notification_is(id, |notification| notification.check.state == CheckState::Forged).await;
    workers.stop().await;
    assert_eq!(world.store.order(world.shop.id, order.id).await.unwrap(), Some(order));
    assert!(smtp.sessions().is_empty());
}

/// The same bytes, first for a payment and then for its refund: each time the gateway's own record tells.
#[tokio::test]
async fn a_thin_notification_is_fetched_at_every_copy_and_the_answers_are_kept() {
    let world = World::new().await;
    let order = world.order("Alex Example", None, "Tea").await;
    let payment = |refunds: &str| {
        format!(
            r#"{{"id":"tr_8XY123","mode":"test","status":"paid","amount":{{"value":"19.95","currency":"EUR"}},
            "metadata":{{"order_id":"{}"}},"_embedded":{{"refunds":[{refunds}]}}}}"#,
            order.reference
        )
    };
    let refund = r#"{"id":"re_1","status":"refunded","amount":{"value":"19.95","currency":"EUR"}}"#;
    let records = [payment(""), payment(refund)];
    let told = records.clone();
    let mollie = HttpPeer::start(move |number, _| told.get(number).and_then(|record| says(record))).await;
    let account = world.thin_account(&mollie.url()).await;
    let workers = world.workers(None, policy(&[mollie.address]));
    let status = async |wanted: OrderStatus| {
        until("the order is as wanted", async || {
            let now = world.store.order(world.shop.id, order.id).await.unwrap().unwrap();
            (now.state.status == wanted).then_some(())
        })
        .await;
    };
    let id = world.comes_in(&account, "id=tr_8XY123".to_owned()).await;
    status(OrderStatus::Paid).await;
    assert_eq!(world.comes_in(&account, "id=tr_8XY123".to_owned()).await, id, "a copy");
    world.clock.advance(SignedDuration::from_secs(5));
    status(OrderStatus::Refunded).await;
    workers.stop().await;
    let answers = world.store.answers(world.shop.id, id).await.unwrap();
    let bodies: Vec<_> = answers.iter().map(|(_, answer)| String::from_utf8_lossy(&answer.body)).collect();
    assert_eq!(bodies, records);
    assert!(answers.iter().all(|(_, answer)| answer.address.ends_with("/v2/payments/tr_8XY123")));
}

/// Neither yes nor no: asked again with growing pauses, visible, never guessed; proved in the end.
#[tokio::test]
async fn t_a08_trouble_on_the_way_never_proves_anything() {
    let world = World::new().await;
    let answers = [
        None,
        Some("HTTP/1.1 500 Oops\r\ncontent-length: 8\r\n\r\nVERIFIED".to_owned()),
        Some("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERI".to_owned()),
        Some("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 8\r\n\r\nVERIFIED".to_owned()),
        says("VERIFIED\nINVALID"),
        says(&"VERIFIED".repeat(20_000)),
    ];
    let count = answers.len();
    let paypal =
        HttpPeer::start(move |number, _| answers.get(number).cloned().unwrap_or_else(|| says("VERIFIED")));
    let paypal = paypal.await;
    let account = world.account(&paypal.url()).await;
    let order = world.order("Alex Example", None, "Tea").await;
    let workers = world.workers(None, policy(&[paypal.address]));
    let id = world.comes_in(&account, paid(&order, "8XY123")).await;
    let mut pause = 10;
    for attempt in 1..=count {
        let notification = world.attempted(id, attempt).await;
        assert_eq!(notification.check.state, CheckState::Waiting, "attempt {attempt}");
        let wait = notification.check.next_at.unwrap().duration_since(world.clock.now()).as_secs();
        assert!((pause * 4 / 5 - 1..=pause * 6 / 5 + 1).contains(&wait), "about {pause} s, not {wait} s");
        let untouched = world.store.order(world.shop.id, order.id).await.unwrap().unwrap();
        assert_eq!(untouched.state.status, OrderStatus::Open);
        world.clock.advance(SignedDuration::from_secs(wait + 1));
        pause *= 2;
    }
    world.notification_is(id, |notification| notification.check.state == CheckState::Genuine).await;
    workers.stop().await;
    let asked = paypal.asked();
    assert_eq!(asked.len(), count + 1);
    assert!(asked.iter().all(|body| *body == asked[0]), "the same bytes every time");
}

#[tokio::test]
async fn after_four_days_it_is_given_up_and_the_owner_can_ask_again() {
    let world = World::new().await;
    let answers = Arc::new(AtomicBool::new(false));
    let verified = Arc::clone(&answers);
    let paypal =
        HttpPeer::start(move |_, _| verified.load(Ordering::SeqCst).then(|| says("VERIFIED")).flatten())
            .await;
    let account = world.account(&paypal.url()).await;
    let order = world.order("Alex Example", None, "Tea").await;
    let workers = world.workers(None, policy(&[paypal.address]));
    let id = world.comes_in(&account, paid(&order, "8XY123")).await;
    world.attempted(id, 1).await;
    world.clock.advance(SignedDuration::from_hours(95));
    let before = world.attempted(id, 2).await;
    assert_eq!(before.check.state, CheckState::Waiting, "not a moment too early");
    world.clock.advance(SignedDuration::from_hours(2));
    let given_up =
        world.notification_is(id, |notification| notification.check.state == CheckState::GivenUp).await;
    assert_eq!(given_up.check.reason.unwrap().code, "still_unknown_given_up");
    assert_eq!(given_up.check.next_at, None);
    answers.store(true, Ordering::SeqCst);
    // It failed several times in a row, so it is left alone for a moment: that is no reason to give up again.
    assert!(world.store.check_again(world.shop.id, id, world.clock.now()).await.unwrap());
    let resting = world.attempted(id, 4).await;
    assert_eq!(
        (resting.check.state, paypal.asked().len()),
        (CheckState::Waiting, 3),
        "not asked, not given up"
    );
    world.clock.advance(SignedDuration::from_mins(1));
    world.notification_is(id, |notification| notification.check.state == CheckState::Genuine).await;
    workers.stop().await;
}

#[tokio::test]
async fn t_d10_the_post_back_is_under_the_guard() {
    let world = World::new().await;
    let paypal = HttpPeer::start(|_, _| says("VERIFIED")).await;
    let account = world.account(&paypal.url()).await;
    let order = world.order("Alex Example", None, "Tea").await;
    // The neighbour is allowed, the one in the settings is not.
    let neighbour = SocketAddr::new(paypal.address.ip(), paypal.address.port() ^ 1);
    let workers = world.workers(None, policy(&[neighbour]));
    let id = world.comes_in(&account, paid(&order, "8XY123")).await;
    let notification = world.attempted(id, 1).await;
    workers.stop().await;
    let reason = notification.check.reason.unwrap();
    assert_eq!((notification.check.state, reason.code.as_str()), (CheckState::Waiting, "exchange_refused"));
    let host = paypal.address.ip().to_string();
    assert!(reason.detail.starts_with(&host), "{}", reason.detail);
    assert!(paypal.asked().is_empty());
}

/// One account's gateway hangs; another account's message is proved all the same.
#[tokio::test]
async fn t_g07_a_gateway_that_hangs_does_not_hold_up_the_others() {
    let world = World::new().await;
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hangs = hanging.local_addr().unwrap();
    let paypal = HttpPeer::start(|_, _| says("VERIFIED")).await;
    let (slow, quick) =
        (world.account(&format!("http://{hangs}/")).await, world.account(&paypal.url()).await);
    let order = world.order("Alex Example", None, "Tea").await;
    for number in 0..12 {
        world.comes_in(&slow, paid(&order, &format!("SLOW{number}"))).await;
    }
    let id = world.comes_in(&quick, paid(&order, "QUICK")).await;
    let workers = world.workers(None, policy(&[hangs, paypal.address]));
    world.notification_is(id, |notification| notification.check.state == CheckState::Genuine).await;
    drop(hanging);
    drop(workers);
}
