//! What is deleted when it has been kept long enough, and what never is.

use super::world::{LEASE, WAITING_MAX, World, fine, noon, payment, reason, sent, unique};
use ipnd_core::{Language, OrderStatus};
use ipnd_store::{
    CheckOutcome, CheckState, Journaled, KeptAnswer, NewOwner, NotificationId, ProvedBy, Retained, Store,
    token,
};
use jiff::Timestamp;
use std::sync::Arc;

/// Goes through a class as the worker does; gives how many rows went.
async fn sweep(world: &World, what: Retained, before: Timestamp) -> u64 {
    let (mut after, mut count) = (i64::MIN, 0);
    loop {
        let forgotten = world.store.forget(what, before, after, noon(10_000)).await.unwrap();
        count += forgotten.count;
        match forgotten.next {
            Some(next) => after = next,
            None => return count,
        }
    }
}

async fn exists(world: &World, id: NotificationId) -> bool {
    world.store.notification(world.shop.id, id).await.unwrap().is_some()
}

pub async fn what_was_never_proved_goes_as_a_whole(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.order("1001", "19.95").await;
    let mut ids = Vec::new();
    for outcome in [
        CheckOutcome::forged(reason()),
        CheckOutcome::NotYetKnown { reason: reason(), again_at: None },
        CheckOutcome::NotYetKnown { reason: reason(), again_at: Some(noon(9_000)) },
        CheckOutcome::genuine(vec![fine(payment("1001", "T", "19.95"))], None),
    ] {
        let due = world.receive().await;
        world.settle(&due, outcome).await;
        ids.push(due.notification);
    }
    // They were decided five minutes after noon.
    for what in [Retained::Forged, Retained::GivenUp] {
        assert_eq!(sweep(&world, what, noon(5)).await, 0, "{what:?} is not old enough");
    }
    assert_eq!(sweep(&world, Retained::Forged, noon(6)).await, 1);
    assert_eq!(sweep(&world, Retained::GivenUp, noon(6)).await, 1);
    let mut there = Vec::new();
    for id in &ids {
        there.push(exists(&world, *id).await);
    }
    assert_eq!(there, [false, false, true, true]);
    // What may yet be proved is not affected, and neither is what was.
    let order = store.order_by_reference(world.shop.id, "1001").await.unwrap().unwrap();
    assert_eq!(order.state.status, OrderStatus::Paid);
}

pub async fn a_proved_request_goes_and_what_it_told_stays(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "19.95").await;
    let body = format!("paid={}", unique());
    let Journaled::New(id) = world.journal(body.as_bytes(), noon(0)).await else { panic!("a copy") };
    let due = world.claim(noon(0)).await.remove(0);
    let answer = KeptAnswer {
        position: 0,
        at: noon(1),
        address: "https://api.example/payments".to_owned(),
        status: 200,
        body: b"personal".to_vec(),
        is_complete: true,
    };
    let events = vec![fine(payment("1001", "T", "19.95"))];
    let (proved_by, answers) = (ProvedBy::Gateway, vec![answer]);
    world.settle(&due, CheckOutcome::Genuine { events, remark: None, proved_by, answers }).await;

    assert_eq!(sweep(&world, Retained::Proved, noon(0)).await, 0, "it came at noon");
    assert_eq!(sweep(&world, Retained::Proved, noon(1)).await, 1);
    assert_eq!(sweep(&world, Retained::Proved, noon(1)).await, 0, "once");
    let left = store.notification(world.shop.id, id).await.unwrap().unwrap();
    assert!(left.request.body.is_empty() && left.request.headers.is_empty() && left.remote.is_none());
    assert_eq!(left.deleted_at, Some(noon(10_000)));
    assert_eq!((left.check.state, left.events.len()), (CheckState::Genuine, 1));
    assert!(store.answers(world.shop.id, id).await.unwrap().is_empty());
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);

    // The same bytes are a copy still, and pay nothing twice.
    assert_eq!(world.journal(body.as_bytes(), noon(20)).await, Journaled::Copy(id));
    assert!(world.claim(noon(20)).await.is_empty());
    // Where a copy is news, the request is needed once more, and the copy has it.
    let mut news = world.notification(body.as_bytes(), noon(30));
    news.repeats_are_news = true;
    assert_eq!(store.journal(news, WAITING_MAX).await.unwrap(), Journaled::Copy(id));
    let due = store.claim_checks(noon(40), 10, LEASE).await.unwrap().remove(0);
    assert_eq!(sent(&due).body, body.as_bytes());
    let back = store.notification(world.shop.id, id).await.unwrap().unwrap();
    assert_eq!((back.deleted_at, back.request.body.as_slice()), (None, body.as_bytes()));
    world.settle(&due, CheckOutcome::genuine(Vec::new(), None)).await;
}

pub async fn details_go_and_outcomes_stay(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.order("1001", "19.95").await;
    let due = world.receive().await;
    let body = sent(&due).body.clone();
    world.settle(&due, CheckOutcome::genuine(vec![fine(payment("1001", "T", "19.95"))], None)).await;
    world.journal(&body, noon(7)).await;
    world.journal(&body, noon(9)).await;
    let waiting = world.receive().await;
    world.settle(&waiting, CheckOutcome::NotYetKnown { reason: reason(), again_at: Some(noon(9_000)) }).await;

    assert_eq!(sweep(&world, Retained::Copies, noon(8)).await, 1);
    assert_eq!(sweep(&world, Retained::CheckAttempts, noon(8)).await, 1, "not those of one that waits");
    let left = store.notification(world.shop.id, due.notification).await.unwrap().unwrap();
    assert_eq!((left.copies.as_slice(), left.copies_count), (&[noon(9)][..], 2), "all are counted still");
    assert!(left.check.attempts.is_empty() && left.check.state == CheckState::Genuine);
    let open = store.notification(world.shop.id, waiting.notification).await.unwrap().unwrap();
    assert_eq!(open.check.attempts.len(), 1);

    let mails = store.claim_mails(noon(10), 1, LEASE).await.unwrap();
    assert_eq!(
        sweep(&world, Retained::MailAttempts, noon(5_000)).await,
        0,
        "a mail under way keeps its attempts"
    );
    let sent = ipnd_store::MailOutcome::Sent { to: "a@example.com".to_owned(), subject_line: "x".to_owned() };
    store.settle_mail(mails[0].id, mails[0].lease, noon(11), sent).await.unwrap();
    assert_eq!(sweep(&world, Retained::MailAttempts, noon(5_000)).await, 1);

    let email = format!("owner{}@example.com", unique());
    let owner = NewOwner { shop: world.shop.id, email, password_hash: None, language: Language::En };
    let user = store.create_owner(owner, noon(0)).await.unwrap();
    let (old, new) = (token::fingerprint(&token::random()), token::fingerprint(&token::random()));
    store.start_session(&old, user.id, noon(0)).await.unwrap();
    store.start_session(&new, user.id, noon(100)).await.unwrap();
    assert_eq!(sweep(&world, Retained::Sessions, noon(50)).await, 1);
    let long = jiff::SignedDuration::from_hours(10_000);
    assert!(store.session_user(&old, noon(101), long, long).await.unwrap().is_none());
    assert!(store.session_user(&new, noon(101), long, long).await.unwrap().is_some());
}

pub async fn more_than_a_handful_goes_a_handful_at_a_time(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let due = world.receive().await;
    world.settle(&due, CheckOutcome::genuine(Vec::new(), None)).await;
    let mut ids = vec![due.notification];
    for _ in 0..600 {
        let Journaled::New(id) = world.journal(unique().to_string().as_bytes(), noon(2)).await else {
            panic!("a copy")
        };
        ids.push(id);
    }
    for due in world.claim(noon(3)).await {
        world.settle(&due, CheckOutcome::genuine(Vec::new(), None)).await;
    }
    let first = store.forget(Retained::CheckAttempts, noon(6), i64::MIN, noon(7)).await.unwrap();
    assert!(first.count > 0 && first.count < 601 && first.next.is_some(), "{first:?}");
    assert_eq!(first.count + sweep(&world, Retained::CheckAttempts, noon(6)).await, 601);
    assert!(exists(&world, ids[0]).await);
}
