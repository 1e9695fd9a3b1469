//! Leases, and what comes of checks.

use super::world::{LEASE, WAITING_MAX, World, event, fine, noon, payment, reason, refund, sent, unique};
use ipnd_core::limits::FORGED_KEPT_PER_ACCOUNT_MAX;
use ipnd_core::{EventKind, OrderStatus, QuestionKind, Verdict};
use ipnd_gateways::Interpretation;
use ipnd_store::{
    CheckOutcome, CheckState, EventFilter, Evidence, Journaled, NewAccount, NotificationFilter, ProvedBy,
    Settled, Store,
};
use std::sync::Arc;
use tokio::task::JoinSet;

pub async fn t_c09_a_stale_lease_changes_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.journal(b"n", noon(0)).await;
    let sleeper = world.claim(noon(0)).await.remove(0);
    // The lease runs out, and somebody else takes over.
    let other = world.claim(noon(2)).await.remove(0);
    assert!(other.lease > sleeper.lease);
    let genuine = || CheckOutcome::genuine(vec![fine(payment("1001", "T", "10.00"))], None);
    assert_eq!(world.settle(&sleeper, genuine()).await, Settled::Stale);
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Open);
    assert_eq!(world.settle(&other, CheckOutcome::forged(reason())).await, Settled::Done);
    assert_eq!(world.settle(&sleeper, genuine()).await, Settled::Stale);
    assert_eq!(world.settle(&other, genuine()).await, Settled::Stale, "handed back already");
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Open);
    let kept = store.notification(world.shop.id, other.notification).await.unwrap().unwrap();
    assert_eq!(kept.check.attempts.len(), 1);
    assert!(kept.events.is_empty());
}

pub async fn what_was_proved_on_its_way_in_is_not_proved_again(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let said = Arc::new(Interpretation::event(payment("1001", "T", "10.00")));
    let mut new = world.notification(b"n", noon(0));
    new.proven = Some(Arc::clone(&said));
    store.journal(new, WAITING_MAX).await.unwrap();
    let due = world.claim(noon(0)).await.remove(0);
    assert!(matches!(&due.evidence, Evidence::Proven(interpretation) if *interpretation == said));
    assert_eq!((due.received_at, due.news_at), (noon(0), noon(0)));
    // It is remembered for one worker only. The next one has what was sent.
    let due = world.claim(noon(1)).await.remove(0);
    assert_eq!(sent(&due).body, b"n");
}

pub async fn t_c08_a_lease_that_is_not_handed_back_runs_out(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.journal(b"n", noon(0)).await;
    assert_eq!(world.claim(noon(0)).await.len(), 1);
    assert!(world.claim(noon(0)).await.is_empty(), "leased");
    assert_eq!(world.claim(noon(1)).await.len(), 1, "ran out after a minute");
}

pub async fn not_yet_known_is_asked_again_and_at_last_given_up(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let unknown = |again_at| CheckOutcome::NotYetKnown { reason: reason(), again_at };
    let due = world.receive().await;
    world.settle(&due, unknown(Some(noon(30)))).await;
    assert!(world.claim(noon(29)).await.is_empty());
    let due = world.claim(noon(30)).await.remove(0);
    assert_eq!(due.attempts, 1);
    world.settle(&due, unknown(None)).await;
    let read = || async { store.notification(world.shop.id, due.notification).await.unwrap().unwrap() };
    let kept = read().await;
    assert_eq!(kept.check.state, CheckState::GivenUp);
    assert_eq!((kept.check.reason, kept.check.proved_by), (Some(reason()), None));
    assert_eq!(kept.check.attempts.iter().map(|a| a.outcome.as_str()).collect::<Vec<_>>(), ["unknown"; 2]);
    assert_eq!(kept.check.next_at, None);
    assert!(world.claim(noon(9_999)).await.is_empty());
    assert!(store.check_again(world.shop.id, due.notification, noon(9_999)).await.unwrap());
    assert_eq!(read().await.check.state, CheckState::Waiting);
    let due = world.claim(noon(9_999)).await.remove(0);
    world.settle(&due, CheckOutcome::forged(reason())).await;
    assert!(!store.check_again(world.shop.id, due.notification, noon(9_999)).await.unwrap());
}

pub async fn t_g08_growth_is_capped(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.journal(b"genuine", noon(0)).await;
    let genuine = world.claim(noon(0)).await.remove(0);
    world.settle(&genuine, CheckOutcome::genuine(vec![], None)).await;
    let forgeries = FORGED_KEPT_PER_ACCOUNT_MAX + 20;
    for number in 0..forgeries {
        world.journal(format!("forged {number}").as_bytes(), noon(1)).await;
    }
    for due in world.claim(noon(1)).await {
        world.settle(&due, CheckOutcome::forged(reason())).await;
    }
    let mut kept = Vec::new();
    loop {
        let before = kept.last().map(|line: &ipnd_store::NotificationLine| line.id);
        let filter = NotificationFilter { state: Some(CheckState::Forged), before, ..Default::default() };
        let page = store.notifications(world.shop.id, filter).await.unwrap();
        if page.is_empty() {
            break;
        }
        kept.extend(page);
    }
    assert_eq!(kept.len(), FORGED_KEPT_PER_ACCOUNT_MAX as usize);
    assert!(store.notification(world.shop.id, genuine.notification).await.unwrap().is_some());
}

pub async fn t_c01_replay_of_a_genuine_message(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.product("TEA", "10.00", Some(5), "").await;
    let new = world.new_order(Some("1001"), super::world::terms(&[("TEA", 1, "10.00")]));
    let order = store.register_order(new).await.unwrap();
    let first = world.tell(payment("1001", "T", "10.00")).await;
    let (paid, mails) = (world.read(order.id).await, world.mail_kinds(order.id).await);
    assert_eq!(paid.state.status, OrderStatus::Paid);
    // The same event in other bytes.
    for _ in 0..3 {
        let repeat = world.tell(payment("1001", "T", "10.00")).await;
        let told = store.notification(world.shop.id, repeat).await.unwrap().unwrap();
        assert!(told.events[0].is_repeat);
        assert_eq!(told.events[0].order.as_ref().unwrap().0, order.id);
    }
    assert_eq!(world.read(order.id).await, paid);
    assert_eq!(world.mail_kinds(order.id).await, mails);
    assert_eq!(store.product(world.shop.id, "TEA").await.unwrap().unwrap().stock, Some(4));
    let events = store.events(world.shop.id, EventFilter::default()).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].notification, first);
    assert!(world.open_reviews().await.is_empty());
}

pub async fn t_c02_two_copies_at_the_same_instant(store: Arc<dyn Store>) {
    let world = Arc::new(World::new(&store).await);
    world.product("TEA", "10.00", Some(5), "").await;
    let new = world.new_order(Some("1001"), super::world::terms(&[("TEA", 1, "10.00")]));
    let order = store.register_order(new).await.unwrap();

    let mut journals = JoinSet::new();
    for _ in 0..64 {
        let world = Arc::clone(&world);
        journals.spawn(async move { world.journal(b"the same bytes", noon(0)).await });
    }
    let journaled = journals.join_all().await;
    assert_eq!(journaled.iter().filter(|one| matches!(one, Journaled::New(_))).count(), 1);

    // 64 different notifications that say the same, and one lease handed back 64 times.
    let first = world.claim(noon(0)).await.remove(0);
    let mut leases = vec![first; 64];
    for _ in 0..64 {
        leases.push(world.receive().await);
    }
    let mut settled = JoinSet::new();
    for due in leases {
        let world = Arc::clone(&world);
        settled.spawn(async move {
            let events = vec![fine(payment("1001", "T", "10.00"))];
            world.settle(&due, CheckOutcome::genuine(events, None)).await
        });
    }
    let done = settled.join_all().await.into_iter().filter(|one| *one == Settled::Done).count();
    assert_eq!(done, 64 + 1);
    assert_eq!(world.read(order.id).await.state.paid, super::world::eur("10.00"));
    assert_eq!(store.product(world.shop.id, "TEA").await.unwrap().unwrap().stock, Some(4));
    assert_eq!(world.mail_kinds(order.id).await, ["customer.paid", "owner.paid"]);
    assert_eq!(store.events(world.shop.id, EventFilter::default()).await.unwrap().len(), 1);
}

pub async fn t_c03_same_id_other_content(store: Arc<dyn Store>) {
    for (first, second, status) in
        [("10.00", "99.00", OrderStatus::Paid), ("99.00", "10.00", OrderStatus::InReview)]
    {
        let world = World::new(&store).await;
        let order = world.order("1001", "10.00").await;
        let transaction = format!("T{}", unique());
        world.tell(payment("1001", &transaction, first)).await;
        let before = world.read(order.id).await;
        assert_eq!(before.state.status, status);
        let odd = world.tell(payment("1001", &transaction, second)).await;
        assert_eq!(world.read(order.id).await.state, before.state, "the first one stands");
        let reviews = world.open_reviews().await;
        let review = reviews.iter().find(|r| r.question.kind == QuestionKind::ContentChanged).unwrap();
        assert_eq!((review.order, review.notification), (Some(order.id), Some(odd)));
        assert!(review.question.expected.contains(first), "{:?}", review.question);
        assert!(review.question.got.contains(second), "{:?}", review.question);
        // What it said instead can be looked at.
        let told = store.notification(world.shop.id, odd).await.unwrap().unwrap();
        assert_eq!(told.events[0].examined.event.amount, Some(super::world::eur(second)));
        assert!(told.events[0].is_repeat);
        let verdict = Verdict::Accept;
        let answered = store.answer_review(world.shop.id, review.id, verdict, "owner@example.com", noon(9));
        assert!(answered.await.unwrap().is_some());
        assert_eq!(world.read(order.id).await.state, before.state, "noted, not taken over");
    }
}

/// A sender that a shop describes itself counts from one, and so does the next one.
pub async fn senders_of_a_generic_gateway_are_strangers_to_each_other(store: Arc<dyn Store>) {
    let base = World::new(&store).await;
    let first = base.with_account("standard-webhooks").await;
    let second = base.with_account("standard-webhooks").await;
    let (one, other) = (first.order("1001", "10.00").await, first.order("1002", "10.00").await);
    first.tell(payment("1001", "1", "10.00")).await;
    second.tell(payment("1002", "1", "10.00")).await;
    assert_eq!(first.read(one.id).await.state.status, OrderStatus::Paid);
    assert_eq!(first.read(other.id).await.state.status, OrderStatus::Paid);
    assert!(first.open_reviews().await.is_empty());
}

/// Gateways send several messages about one thing, and only one of them may name the order.
pub async fn a_later_telling_may_name_the_order(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let transaction = format!("T{}", unique());
    let mut nameless = payment("1001", &transaction, "10.00");
    nameless.order_ref = None;
    world.tell(nameless).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Open);
    world.tell(payment("1001", &transaction, "10.00")).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);
    assert!(world.open_reviews().await.is_empty());
}

/// Whoever can copy a message with a weak proof must not keep the proved one from counting, whichever comes first.
pub async fn what_is_proved_takes_the_place_of_what_is_not(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let transaction = format!("T{}", unique());
    let unproven = || ipnd_core::ExaminedEvent {
        event: payment("1001", &transaction, "99.00"),
        concerns: vec![ipnd_core::Concern {
            kind: QuestionKind::Unproven,
            expected: "a confirmation by the gateway".to_owned(),
            got: String::new(),
        }],
    };
    world.tell_examined(vec![unproven()]).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::InReview);
    world.tell(payment("1001", &transaction, "10.00")).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);
    world.tell_examined(vec![unproven()]).await;
    assert_eq!(world.read(order.id).await.state.paid, super::world::eur("10.00"));
}

pub async fn another_gateway_of_the_family_is_no_contradiction(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let webhook = NewAccount {
        shop: world.shop.id,
        gateway: "paypal".to_owned(),
        name: "Webhook".to_owned(),
        environment: world.account.environment,
        settings: Default::default(),
        creates_orders: false,
        by: "owner".to_owned(),
    };
    let account = store.create_account(webhook, noon(0)).await.unwrap();
    let second = World { store: Arc::clone(&store), shop: world.shop.clone(), account };
    world.tell(payment("1001", "T", "10.00")).await;
    let mut other_words = payment("1001", "T", "10.00");
    other_words.note = Some("said otherwise".to_owned());
    second.tell(other_words).await;
    assert!(world.open_reviews().await.is_empty());
    assert_eq!(world.read(order.id).await.state.paid, super::world::eur("10.00"));
    // And what only one of the two tells finds its way all the same.
    second.tell(refund("T", "R", "10.00")).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Refunded);
}

pub async fn the_backlog_tells_the_oldest_due_item(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let early = noon(-100_000);
    world.journal(b"old", early).await;
    let backlog = store.backlog(noon(0)).await.unwrap();
    assert!(backlog.checks_waiting >= 1);
    assert_eq!(backlog.oldest_check_due_at, Some(early));
    let due = world.claim(noon(0)).await.remove(0);
    let outcome =
        CheckOutcome::genuine(vec![fine(event(EventKind::PayoutCompleted, "P", "1.00", 0))], Some(reason()));
    world.settle(&due, outcome).await;
    let kept = store.notification(world.shop.id, due.notification).await.unwrap().unwrap();
    assert_eq!((kept.check.reason, kept.check.proved_by), (Some(reason()), Some(ProvedBy::Message)));
    assert_eq!(kept.events[0].order, None);
    assert_ne!(store.backlog(noon(0)).await.unwrap().oldest_check_due_at, Some(early));
    store.probe().await.unwrap();
}

pub async fn i_18_what_a_wrong_clock_has_put_off_is_brought_forward(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let day = 24 * 60;
    world.journal(b"held", noon(day)).await;
    let held = world.claim(noon(day)).await.remove(0);
    world.journal(b"told while the clock was a day ahead", noon(day)).await;
    assert!(world.claim(noon(0)).await.is_empty(), "the clock is right again, and nothing is due");
    // Only what waits beyond the time that is given.
    store.bring_forward(noon(0), noon(day), LEASE).await.unwrap();
    assert!(world.claim(noon(0)).await.is_empty());
    store.bring_forward(noon(0), noon(0), LEASE).await.unwrap();
    let due = world.claim(noon(0)).await;
    assert_eq!(due.len(), 1, "the other one is held, as it was");
    assert_ne!(due[0].notification, held.notification);
    // Whoever holds it may still hand in, and when nobody does, the lease runs out by the right clock.
    let again = world.claim(noon(2)).await;
    assert!(again.iter().any(|due| due.notification == held.notification), "{again:?}");
}
