//! Queues that stand still because their workers have stopped.

use crate::peer_http::{HttpPeer, says};
use crate::peer_smtp::SmtpPeer;
use crate::world::{World, policy, until};
use ipnd_deliver::StandstillWatch;
use ipnd_gateways::RawRequest;
use ipnd_store::{NewNotification, Queue};
use jiff::SignedDuration;
use mailparse::MailHeaderMap as _;
use std::sync::Arc;

impl World {
    /// A notification about which its gateway has to be asked.
    async fn notified(&self) {
        let account = self.account("https://127.0.0.1:1/").await;
        let request = RawRequest {
            method: "POST".into(),
            query: String::new(),
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: b"payment_status=Completed".to_vec(),
        };
        let new = NewNotification {
            account: account.id,
            received_at: self.clock.now(),
            remote: None,
            request,
            repeats_are_news: false,
            proven: None,
        };
        self.store.journal(new, 10).await.unwrap();
    }

    fn watch(&self) -> StandstillWatch {
        StandstillWatch::new(Arc::clone(&self.store), self.clock.clone())
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    async fn standing(&self) -> Vec<Queue> {
        self.store.standstills().await.unwrap().iter().map(|standstill| standstill.queue).collect()
    }

    async fn outbox(&self) -> u64 {
        self.store.backlog(self.clock.now()).await.unwrap().mails_waiting
    }
}

async fn look(watch: &mut StandstillWatch, times: u32) {
    for _ in 0..times {
        watch.look().await;
    }
}

fn texts(peer: &SmtpPeer) -> Vec<(String, String)> {
    let read = |raw: &Vec<u8>| {
        let mail = mailparse::parse_mail(raw).unwrap();
        let header = |name: &str| mail.headers.get_first_value(name).unwrap();
        assert_eq!(header("To"), "owner@example.com");
        (header("Subject"), mail.subparts[0].get_body().unwrap())
    };
    peer.messages().iter().map(read).collect()
}

#[tokio::test]
async fn i_21_the_owner_is_told_once_of_each_standstill() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    world.mailing(&peer).stop().await;
    // The workers have stopped.
    world.notified().await;
    let (mut watch, mut other_node) = (world.watch(), world.watch());
    world.pass(60);
    look(&mut watch, 10).await;
    assert_eq!((world.outbox().await, world.standing().await), (0, vec![]), "a minute is not too long");
    world.pass(1);
    look(&mut watch, 3).await;
    assert_eq!((world.outbox().await, world.standing().await), (0, vec![]), "it may pass");
    watch.look().await;
    assert_eq!((world.outbox().await, world.standing().await), (1, vec![Queue::Checks]));
    look(&mut watch, 20).await;
    look(&mut other_node, 20).await;
    look(&mut world.watch(), 20).await;
    assert_eq!(world.outbox().await, 1, "neither again, nor by another node, nor after a new start");

    let workers = world.mailing(&peer);
    let (subject, text) = until("the owner is told", async || texts(&peer).pop()).await;
    assert_eq!(subject, "Corner shop: Notifications of the gateways are not being checked");
    for words in [
        "due since 1 May 2024, 12:00 (UTC)",
        "It may have gone on",
        "https://shop.example.com/owner/notifications?state=waiting",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    until("it goes on", async || {
        watch.look().await;
        other_node.look().await;
        world.standing().await.is_empty().then_some(())
    })
    .await;
    workers.stop().await;

    // The gateway is to be asked again later, and nobody does.
    world.pass(3_600);
    look(&mut watch, 3).await;
    look(&mut other_node, 3).await;
    assert_eq!((world.outbox().await, world.standing().await), (0, vec![]));
    watch.look().await;
    other_node.look().await;
    assert_eq!((world.outbox().await, world.standing().await), (1, vec![Queue::Checks]), "told anew");
    let workers = world.mailing(&peer);
    until("the owner is told anew", async || (texts(&peer).len() == 2).then_some(())).await;
    workers.stop().await;
}

#[tokio::test]
async fn i_21_mails_and_deliveries_that_stand_still_are_noticed_as_well() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    let shop = HttpPeer::start(|_, _| says("ok")).await;
    world.endpoint(shop.address, |_| {}).await;
    world.paid("T1").await;
    assert_eq!(world.outbox().await, 2, "that the order is paid");
    let mut watch = world.watch();
    world.pass(61);
    look(&mut watch, 4).await;
    assert_eq!(world.standing().await, [Queue::Mails, Queue::Deliveries]);
    assert_eq!(world.outbox().await, 4);
    // The mail about the mails had to wait with them. By then they go on.
    world.store.end_standstill(Queue::Mails, world.clock.now()).await.unwrap();
    let workers = world.workers(Some(crate::world::config(peer.address)), policy(&[shop.address]));
    let all = until("all mails have gone", async || (peer.messages().len() == 4).then(|| peer.messages()));
    let owners: Vec<String> = all
        .await
        .iter()
        .map(|raw| mailparse::parse_mail(raw).unwrap().subparts[0].get_body().unwrap())
        .filter(|text| text.contains("for more than a minute"))
        .collect();
    assert_eq!(owners.len(), 2);
    assert!(owners.iter().any(|text| text.contains("E-mails are not going out")
        && text.contains("going on again since 1 May 2024, 12:01 (UTC)")));
    assert!(owners.iter().any(|text| text.contains("not being told what happens to payments")
        && text.contains("https://shop.example.com/owner/deliveries?state=waiting")));
    until("all of it goes on", async || {
        watch.look().await;
        world.standing().await.is_empty().then_some(())
    })
    .await;
    workers.stop().await;
}

#[tokio::test]
async fn i_21_mails_that_nobody_can_send_are_no_standstill() {
    let world = World::new().await;
    let order = world.order_with_mail("x").await;
    let workers = world.workers(None, policy(&[]));
    let mut watch = world.watch();
    for _ in 0..2 {
        until("it was put off", async || {
            world.mail(&order).await.next_at.filter(|next_at| *next_at > world.clock.now())
        })
        .await;
        look(&mut watch, 10).await;
        world.pass(3_600);
    }
    assert_eq!(world.standing().await, []);
    workers.stop().await;
}
