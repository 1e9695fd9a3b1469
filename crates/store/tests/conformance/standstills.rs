//! Queues that stand still, and who is told of it.

use super::world::{LEASE, World, new_shop, noon, payment, reason, unique};
use ipnd_core::MailKind;
use ipnd_store::{
    Attempt, CheckOutcome, DeliveryOutcome, DueMail, Endpoint, EndpointFilter, EndpointPlan, EndpointState,
    Leases, MailOutcome, Queue, Settled, ShopId, Store,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Mails about standstills that wait for somebody to send them, by whom they are for.
async fn told(store: &Arc<dyn Store>, now: Timestamp) -> Vec<(ShopId, DueMail)> {
    let due = store.claim_mails(now, 100, LEASE).await.unwrap();
    let mut told = Vec::new();
    for mail in due {
        let sent = MailOutcome::Sent { to: "owner@example.com".into(), subject_line: "Stuck".into() };
        store.settle_mail(mail.id, mail.lease, now, sent).await.unwrap();
        if mail.kind == MailKind::OwnerStandstill {
            told.push((mail.shop.id, mail));
        }
    }
    told.sort_by_key(|(shop, _)| *shop);
    told
}

async fn told_shops(store: &Arc<dyn Store>, now: Timestamp) -> Vec<ShopId> {
    told(store, now).await.into_iter().map(|(shop, _)| shop).collect()
}

async fn since(store: &Arc<dyn Store>, queue: Queue, now: Timestamp) -> Option<Timestamp> {
    let lines = store.queues(now).await.unwrap();
    let first = lines.into_iter().find(|line| line.queue == queue).unwrap().first;
    first.map(|first| first.since)
}

async fn journal(world: &World, received_at: Timestamp) {
    world.journal(format!("n={}", unique()).as_bytes(), received_at).await;
}

pub async fn i_21_owners_are_told_once_of_a_standstill(store: Arc<dyn Store>) {
    let (one, other) = (World::new(&store).await, World::new(&store).await);
    journal(&one, noon(0)).await;
    let note = |now| store.note_standstill(Queue::Checks, noon(0), now);
    assert_eq!(since(&store, Queue::Checks, noon(2)).await, Some(noon(0)));
    // Several nodes look at the same time.
    let noting: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.note_standstill(Queue::Checks, noon(0), noon(2)).await })
        })
        .collect();
    let mut noted = 0;
    for one in noting {
        noted += u32::from(one.await.unwrap().unwrap());
    }
    assert_eq!(noted, 1);
    assert!(!note(noon(3)).await.unwrap(), "nor later");
    let mut mails = told(&store, noon(3)).await;
    assert_eq!(mails.iter().map(|(shop, _)| *shop).collect::<Vec<_>>(), [one.shop.id]);
    let (_, mail) = mails.remove(0);
    let about = mail.standstill.unwrap();
    assert_eq!((about.queue, about.since, about.ended_at), (Queue::Checks, noon(0), None));
    assert!(mail.order.is_none());
    assert_eq!(store.standstills().await.unwrap(), [about]);
    // Whoever gets into it later is told later, and nobody twice.
    journal(&other, noon(3)).await;
    note(noon(3)).await.unwrap();
    assert_eq!(told_shops(&store, noon(3)).await, [], "that is not overdue");
    note(noon(5)).await.unwrap();
    assert_eq!(told_shops(&store, noon(5)).await, [other.shop.id]);
    note(noon(6)).await.unwrap();
    assert_eq!(told_shops(&store, noon(6)).await, []);
    // It goes on, and stands still anew.
    assert!(store.end_standstill(Queue::Checks, noon(6)).await.unwrap());
    assert!(!store.end_standstill(Queue::Checks, noon(6)).await.unwrap());
    assert_eq!(store.standstills().await.unwrap(), []);
    assert!(note(noon(8)).await.unwrap());
    assert_eq!(told_shops(&store, noon(8)).await, [one.shop.id, other.shop.id]);
}

pub async fn a_standstill_that_is_over_is_told_as_one(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let due = since(&store, Queue::Mails, noon(9)).await.unwrap();
    assert!(store.note_standstill(Queue::Mails, due, noon(9)).await.unwrap());
    // The other queues have standstills of their own.
    assert!(!store.end_standstill(Queue::Checks, noon(9)).await.unwrap());
    assert!(store.end_standstill(Queue::Mails, noon(10)).await.unwrap());
    let (_, mail) = told(&store, noon(11)).await.remove(0);
    assert_eq!(mail.standstill.unwrap().ended_at, Some(noon(10)));
}

pub async fn a_vendors_platform_is_told(store: Arc<dyn Store>) {
    let platform = World::new(&store).await;
    let page = format!("page-{}", unique());
    let vendor = store.create_vendor(platform.shop.id, "v", &page, new_shop()).await.unwrap();
    let account = World::open_account(&store, &vendor.shop, platform.account.environment, false).await;
    let vendor = World { store: Arc::clone(&store), shop: vendor.shop, account };
    journal(&vendor, noon(0)).await;
    journal(&platform, noon(0)).await;
    store.note_standstill(Queue::Checks, noon(0), noon(2)).await.unwrap();
    assert_eq!(told_shops(&store, noon(2)).await, [platform.shop.id], "it can look at the server");
}

async fn endpoint(world: &World, rate: u32) -> Endpoint {
    let plan = EndpointPlan {
        name: format!("Endpoint {}", unique()),
        url: Some("https://shop.example.com/ipn".to_owned()),
        dialect: "standard".to_owned(),
        filter: EndpointFilter::default(),
        headers: Vec::new(),
        settings: BTreeMap::new(),
        concurrency: 1,
        rate,
        is_ordered: false,
    };
    let key = Some("whsec_c2VjcmV0".to_owned());
    world.store.create_endpoint(world.shop.id, plan, key, None, "owner").await.unwrap()
}

/// Two payments that are to be told to one endpoint, at five past noon.
async fn two_to_tell(world: &World, rate: u32) -> Endpoint {
    let endpoint = endpoint(world, rate).await;
    for reference in ["1001", "1002"] {
        world.order(reference, "10.00").await;
        world.tell(payment(reference, &format!("T{reference}"), "10.00")).await;
    }
    endpoint
}

pub async fn i_21_what_may_not_be_told_now_is_not_late(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let endpoint = two_to_tell(&world, 0).await;
    let late = |now| since(&store, Queue::Deliveries, now);
    let seconds = |count| noon(20) + SignedDuration::from_secs(count);
    assert_eq!(late(noon(20)).await, Some(noon(5)));
    let set = |state| store.set_endpoint_state(world.shop.id, endpoint.id, state, "owner");
    assert!(set(EndpointState::Paused).await.unwrap());
    assert_eq!(late(noon(20)).await, None);
    assert!(set(EndpointState::Active).await.unwrap());
    // While it is told one thing, the other one has to wait.
    let due = store.claim_deliveries(noon(20), 10, LEASE).await.unwrap();
    assert_eq!((due.len(), late(seconds(59)).await), (1, None));
    // Whoever told it something is gone.
    assert_eq!(late(seconds(61)).await, Some(noon(5)));
    let due = store.claim_deliveries(seconds(61), 10, LEASE).await.unwrap();
    let attempt = Attempt { started_at: seconds(61), duration: 7, status: None, reply: None };
    let down = DeliveryOutcome::Later { reason: reason(), again_at: seconds(90), is_down: true };
    let settled = store.settle_delivery(due[0].id, due[0].lease, seconds(62), attempt, down).await;
    assert_eq!(settled.unwrap(), Settled::Done);
    assert_eq!(late(seconds(89)).await, None, "it rests");
    assert_eq!(late(seconds(300)).await, Some(seconds(90)), "its rest is over, and nobody tells it anything");
    store.note_standstill(Queue::Deliveries, seconds(90), seconds(300)).await.unwrap();
    assert_eq!(told_shops(&store, seconds(300)).await, [world.shop.id]);
}

pub async fn i_21_an_endpoint_that_is_told_slowly_is_not_late(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    two_to_tell(&world, 1).await;
    let due = store.claim_deliveries(noon(20), 10, LEASE).await.unwrap().remove(0);
    let attempt = Attempt { started_at: noon(20), duration: 7, status: Some(200), reply: None };
    let told = DeliveryOutcome::Delivered;
    store.settle_delivery(due.id, due.lease, noon(20), attempt, told).await.unwrap();
    let paced = noon(20) + SignedDuration::from_secs(1);
    assert_eq!(since(&store, Queue::Deliveries, noon(20)).await, None, "it has had its one of this second");
    assert_eq!(since(&store, Queue::Deliveries, noon(30)).await, Some(paced));
    assert_eq!(store.backlog(noon(30)).await.unwrap().oldest_delivery_due_at, Some(paced));
}

pub async fn i_18_a_lease_that_is_kept_does_not_run_out(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    two_to_tell(&world, 0).await;
    journal(&world, noon(20)).await;
    let check = world.claim(noon(20)).await.remove(0);
    let mail = store.claim_mails(noon(20), 1, LEASE).await.unwrap().remove(0);
    let delivery = store.claim_deliveries(noon(20), 1, LEASE).await.unwrap().remove(0);
    let all = || {
        [
            Leases::Checks(vec![(check.notification, check.lease)]),
            Leases::Mails(vec![(mail.id, mail.lease)]),
            Leases::Deliveries(vec![(delivery.id, delivery.lease)]),
        ]
    };
    // The clock has jumped: they have run out, and nobody has taken them yet.
    for held in all() {
        store.keep_leases(held, noon(90), LEASE).await.unwrap();
    }
    assert!(world.claim(noon(90)).await.is_empty());
    let mails = store.claim_mails(noon(90), 100, LEASE).await.unwrap();
    assert!(mails.iter().all(|other| other.id != mail.id));
    assert!(store.claim_deliveries(noon(90), 10, LEASE).await.unwrap().is_empty());
    // After that they run out like any other, and whoever has lost one does not get it back.
    assert_eq!(world.claim(noon(91)).await[0].notification, check.notification);
    let mails = store.claim_mails(noon(91), 100, LEASE).await.unwrap();
    assert!(mails.iter().any(|other| other.id == mail.id));
    let next = store.claim_deliveries(noon(91), 10, LEASE).await.unwrap().remove(0);
    for held in all() {
        store.keep_leases(held, noon(200), LEASE).await.unwrap();
    }
    assert_eq!(
        world.claim(noon(92)).await[0].notification,
        check.notification,
        "by the later holder's lease"
    );
    let genuine = CheckOutcome::genuine(Vec::new(), None);
    assert_eq!(world.settle(&check, genuine).await, Settled::Stale);
    let attempt = Attempt { started_at: noon(91), duration: 7, status: Some(200), reply: None };
    let settled =
        store.settle_delivery(next.id, next.lease, noon(91), attempt.clone(), DeliveryOutcome::Delivered);
    assert_eq!(settled.await.unwrap(), Settled::Done);
    // What is done stays done.
    let held = Leases::Deliveries(vec![(next.id, next.lease)]);
    store.keep_leases(held, noon(92), LEASE).await.unwrap();
    let again = store.settle_delivery(next.id, next.lease, noon(92), attempt, DeliveryOutcome::Delivered);
    assert_eq!(again.await.unwrap(), Settled::Stale);
}
