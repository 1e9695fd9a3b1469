//! Keeping what comes in.

use super::world::{LEASE, World, noon, reason, sent};
use ipnd_core::limits::COPIES_KEPT_MAX;
use ipnd_gateways::RawRequest;
use ipnd_store::{
    Change, CheckOutcome, CheckState, Journaled, NewNotification, NotificationFilter, Store, StoreError,
};
use std::sync::Arc;

pub async fn raw_bytes_come_back_exactly(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let every_byte: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
    let new = NewNotification {
        account: world.account.id,
        received_at: noon(0),
        remote: Some("2001:db8::7".parse().unwrap()),
        request: RawRequest {
            method: "POST".to_owned(),
            query: "a=%00&b='\"".to_owned(),
            headers: vec![
                ("x-twice".to_owned(), "1".to_owned()),
                ("host".to_owned(), "shop.example.com".to_owned()),
                ("x-twice".to_owned(), "2 \u{fffd} \\ \"".to_owned()),
            ],
            body: every_byte,
        },
        repeats_are_news: false,
        proven: None,
    };
    let Journaled::New(id) = store.journal(new.clone(), 10).await.unwrap() else { panic!("new") };
    let kept = store.notification(world.shop.id, id).await.unwrap().unwrap();
    assert_eq!(kept.request, new.request);
    assert_eq!((kept.remote, kept.received_at), (new.remote, new.received_at));
    assert_eq!(kept.check.state, CheckState::Waiting);
    assert_eq!(kept.check.next_at, Some(noon(0)));
    let due = world.claim(noon(0)).await;
    assert_eq!(*sent(&due[0]), new.request);
}

pub async fn identical_bytes_are_a_copy(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let other = World::new(&store).await;
    let Journaled::New(id) = world.journal(b"same", noon(0)).await else { panic!("new") };
    assert_eq!(world.journal(b"same", noon(1)).await, Journaled::Copy(id));
    assert_eq!(world.journal(b"same", noon(2)).await, Journaled::Copy(id));
    assert!(matches!(world.journal(b"other", noon(3)).await, Journaled::New(_)));
    assert!(matches!(other.journal(b"same", noon(4)).await, Journaled::New(_)), "another account");
    let kept = store.notification(world.shop.id, id).await.unwrap().unwrap();
    assert_eq!(kept.copies, [noon(1), noon(2)]);
    assert_eq!(kept.copies_count, 2);
}

pub async fn the_latest_hundred_copies_keep_their_time(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let Journaled::New(id) = world.journal(b"again and again", noon(0)).await else { panic!("new") };
    for minute in 1..=i64::from(COPIES_KEPT_MAX) + 5 {
        world.journal(b"again and again", noon(minute)).await;
    }
    let kept = store.notification(world.shop.id, id).await.unwrap().unwrap();
    assert_eq!(kept.copies_count, COPIES_KEPT_MAX + 5);
    assert_eq!(kept.copies.len(), COPIES_KEPT_MAX as usize);
    assert_eq!(kept.copies[0], noon(6));
}

pub async fn a_copy_of_a_forged_one_is_asked_about_again_after_an_hour(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.journal(b"doubted", noon(0)).await;
    let due = world.claim(noon(0)).await.remove(0);
    // Decided at five past noon.
    world.settle(&due, CheckOutcome::forged(reason())).await;
    world.journal(b"doubted", noon(64)).await;
    assert!(world.claim(noon(64)).await.is_empty(), "too soon");
    world.journal(b"doubted", noon(65)).await;
    let due = world.claim(noon(65)).await.remove(0);
    assert_eq!(due.attempts, 1);
    world.settle(&due, CheckOutcome::genuine(vec![], None)).await;
    world.journal(b"doubted", noon(600)).await;
    assert!(world.claim(noon(600)).await.is_empty(), "genuine is final");
}

pub async fn no_more_than_so_many_wait(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let journal = |body: &'static [u8]| store.journal(world.notification(body, noon(0)), 2);
    let Journaled::New(first) = journal(b"1").await.unwrap() else { panic!("new") };
    journal(b"2").await.unwrap();
    assert_eq!(journal(b"3").await, Err(StoreError::TooManyWaiting));
    assert_eq!(journal(b"1").await, Ok(Journaled::Copy(first)), "copies cost nothing");
    let due = world.claim(noon(0)).await.remove(0);
    assert_eq!(journal(b"3").await, Err(StoreError::TooManyWaiting), "a leased one still waits");
    world.settle(&due, CheckOutcome::forged(reason())).await;
    journal(b"3").await.unwrap();
    assert_eq!(journal(b"4").await, Err(StoreError::TooManyWaiting));
}

pub async fn lists_are_paged_and_filtered(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for number in 0..5 {
        world.journal(format!("n{number}").as_bytes(), noon(number)).await;
    }
    let due = world.claim(noon(9)).await;
    world.settle(&due[0], CheckOutcome::forged(reason())).await;
    let list = |filter| store.notifications(world.shop.id, filter);
    let page = list(NotificationFilter { limit: 2, ..Default::default() }).await.unwrap();
    assert_eq!(page.iter().map(|line| line.received_at).collect::<Vec<_>>(), [noon(4), noon(3)]);
    let next = NotificationFilter { limit: 2, before: Some(page[1].id), ..Default::default() };
    let page = list(next).await.unwrap();
    assert_eq!(page.iter().map(|line| line.received_at).collect::<Vec<_>>(), [noon(2), noon(1)]);
    let forged = NotificationFilter { state: Some(CheckState::Forged), ..Default::default() };
    let forged = list(forged).await.unwrap();
    assert_eq!(forged.len(), 1);
    assert_eq!(forged[0].reason, Some(reason()));
    assert_eq!(forged[0].body_bytes, 2);
    let mine = NotificationFilter { account: Some(world.account.id), ..Default::default() };
    assert_eq!(list(mine).await.unwrap().len(), 5);
}

pub async fn changes_are_announced_after_the_commit(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let mut changes = store.changes();
    let Journaled::New(id) = world.journal(b"hear me", noon(0)).await else { panic!("new") };
    assert_eq!(changes.recv().await.unwrap(), Change::Notification(id));
    assert_eq!(changes.recv().await.unwrap(), Change::Work);
    assert_eq!(store.claim_checks(noon(0), 1_000, LEASE).await.unwrap().len(), 1);
}
