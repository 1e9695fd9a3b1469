//! Notifications that only say that something has changed: each copy is news, and the gateway is asked again.

use super::world::{World, fine, noon, payment, reason, refund, unique};
use ipnd_core::limits::{ANSWERED_LOOKS_KEPT_MAX, NEWS_ASKED_EVERY_SECONDS};
use ipnd_core::{Event, OrderStatus};
use ipnd_store::{
    CheckOutcome, CheckState, DueCheck, Journaled, KeptAnswer, NewNotification, Notification, ProvedBy,
    Settled, Store, StoreError,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Seconds after noon.
fn second(seconds: i64) -> Timestamp {
    millisecond(seconds * 1_000)
}

fn millisecond(milliseconds: i64) -> Timestamp {
    noon(0).checked_add(SignedDuration::from_millis(milliseconds)).unwrap()
}

/// Tells that something about one payment has changed, always in the same bytes.
struct Thin {
    world: World,
    body: String,
}

impl Thin {
    async fn new(store: &Arc<dyn Store>) -> Self {
        Self { world: World::new(store).await, body: format!("id=tr_{}", unique()) }
    }

    fn notification(&self, at: Timestamp) -> NewNotification {
        NewNotification { repeats_are_news: true, ..self.world.notification(self.body.as_bytes(), at) }
    }

    async fn comes(&self, at: Timestamp) -> Journaled {
        self.world.store.journal(self.notification(at), super::world::WAITING_MAX).await.unwrap()
    }

    /// Leases the check, if it is due.
    async fn claim(&self, at: Timestamp) -> Option<DueCheck> {
        let mut due = self.world.claim(at).await;
        assert!(due.len() <= 1, "leased twice");
        due.pop()
    }

    async fn settle(&self, due: &DueCheck, at: Timestamp, outcome: CheckOutcome) -> Settled {
        self.world.store.settle_check(due.notification, due.lease, at, outcome).await.unwrap()
    }

    async fn tells(&self, due: &DueCheck, at: Timestamp, events: &[Event]) {
        let events = events.iter().cloned().map(fine).collect();
        assert_eq!(self.settle(due, at, CheckOutcome::genuine(events, None)).await, Settled::Done);
    }

    async fn kept(&self, due: &DueCheck) -> Notification {
        self.world.store.notification(self.world.shop.id, due.notification).await.unwrap().unwrap()
    }
}

pub async fn a_copy_that_is_news_is_asked_about_again(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    let order = thin.world.order("1001", "10.00").await;
    thin.comes(second(0)).await;
    let due = thin.claim(second(0)).await.unwrap();
    thin.tells(&due, second(1), &[payment("1001", "T", "10.00")]).await;
    assert!(thin.claim(second(1_000)).await.is_none(), "nothing is new");
    assert!(matches!(thin.comes(second(2_000)).await, Journaled::Copy(_)));
    assert_eq!(thin.kept(&due).await.check.state, CheckState::Waiting);
    let again = thin.claim(second(2_000)).await.unwrap();
    assert_eq!((again.news_at, again.attempts), (second(2_000), 0), "patience is fresh");
    assert_eq!(again.received_at, due.received_at);
    // The record tells the payment once more, and a refund.
    let both = [payment("1001", "T", "10.00"), refund("T", "R", "10.00")];
    thin.tells(&again, second(2_001), &both).await;
    let kept = thin.kept(&due).await;
    assert_eq!(kept.check.state, CheckState::Genuine);
    assert_eq!(kept.check.attempts.iter().map(|a| a.outcome.as_str()).collect::<Vec<_>>(), ["genuine"; 2]);
    let told: Vec<_> = kept.events.iter().map(|told| told.examined.event.transaction.as_deref()).collect();
    assert_eq!(told, [Some("T"), Some("R")], "each stands there once");
    assert_eq!(thin.world.read(order.id).await.state.status, OrderStatus::Refunded);
    assert!(thin.world.open_reviews().await.is_empty());
    assert_eq!(kept.copies_count, 1);
}

pub async fn news_while_somebody_asks_is_asked_about_afterwards(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    let order = thin.world.order("1001", "10.00").await;
    thin.comes(second(0)).await;
    let due = thin.claim(second(0)).await.unwrap();
    thin.comes(second(1)).await;
    assert!(thin.claim(second(2)).await.is_none(), "the lease holds");
    // The answer is used, although it may be older than the news.
    thin.tells(&due, second(3), &[payment("1001", "T", "10.00")]).await;
    assert_eq!(thin.world.read(order.id).await.state.status, OrderStatus::Paid);
    let kept = thin.kept(&due).await;
    assert_eq!(kept.check.state, CheckState::Waiting);
    assert_eq!(kept.check.next_at, Some(second(NEWS_ASKED_EVERY_SECONDS)));
    assert!(thin.claim(second(NEWS_ASKED_EVERY_SECONDS - 1)).await.is_none(), "asked only just now");
    let again = thin.claim(second(NEWS_ASKED_EVERY_SECONDS)).await.unwrap();
    assert_eq!((again.attempts, again.news_at), (0, second(1)));
    // One news, one further question.
    let both = [payment("1001", "T", "10.00"), refund("T", "R", "4.00")];
    thin.tells(&again, second(6), &both).await;
    assert_eq!(thin.kept(&due).await.check.state, CheckState::Genuine);
    assert!(thin.claim(second(10_000)).await.is_none());
    // Whatever the outcome is, it is no last word while there is news.
    let forged = || CheckOutcome::forged(reason());
    let given_up = || CheckOutcome::NotYetKnown { reason: reason(), again_at: None };
    for (round, outcome) in [forged(), given_up()].into_iter().enumerate() {
        let at = 20_000 + 100 * i64::try_from(round).unwrap();
        thin.comes(second(at)).await;
        let due = thin.claim(second(at)).await.unwrap();
        thin.comes(second(at + 1)).await;
        assert_eq!(thin.settle(&due, second(at + 20), outcome).await, Settled::Done);
        let due = thin.claim(second(at + 20)).await.unwrap();
        thin.tells(&due, second(at + 21), &[]).await;
    }
}

pub async fn t_g07_a_flood_of_news_starves_nothing_and_hammers_nobody(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    let order = thin.world.order("1001", "10.00").await;
    let (mut asked, mut done) = (Vec::new(), 0);
    let mut held: Option<(i64, DueCheck)> = None;
    // Ten copies a second for a minute; each question takes one and a half.
    for tick in 0..600 {
        let now = tick * 100;
        thin.comes(millisecond(now)).await;
        if let Some((_, due)) = held.take_if(|(since, _)| now - *since >= 1_500) {
            thin.tells(&due, millisecond(now), &[payment("1001", "T", "10.00")]).await;
            done += 1;
        }
        if let Some(due) = thin.claim(millisecond(now)).await {
            assert!(held.is_none(), "leased twice");
            asked.push(now);
            held = Some((now, due));
        }
    }
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= NEWS_ASKED_EVERY_SECONDS * 1_000), "{asked:?}");
    assert_eq!((asked.len(), done), (12, 12), "{asked:?}");
    assert_eq!(thin.world.read(order.id).await.state.status, OrderStatus::Paid);
    assert_eq!(thin.world.mail_kinds(order.id).await, ["customer.paid", "owner.paid"]);
}

pub async fn news_does_not_wait_for_a_long_pause(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    thin.comes(second(0)).await;
    let due = thin.claim(second(0)).await.unwrap();
    let unknown = CheckOutcome::NotYetKnown { reason: reason(), again_at: Some(second(3_600)) };
    thin.settle(&due, second(1), unknown).await;
    thin.comes(second(2)).await;
    assert_eq!(thin.kept(&due).await.check.next_at, Some(second(NEWS_ASKED_EVERY_SECONDS)));
    thin.comes(second(4_000)).await;
    assert_eq!(thin.kept(&due).await.check.next_at, Some(second(NEWS_ASKED_EVERY_SECONDS)), "never later");
    let again = thin.claim(second(4_000)).await.unwrap();
    assert_eq!((again.attempts, again.news_at), (0, second(4_000)));
    // Without further news the attempts add up.
    let unknown = CheckOutcome::NotYetKnown { reason: reason(), again_at: Some(second(4_010)) };
    thin.settle(&again, second(4_001), unknown).await;
    assert_eq!(thin.claim(second(4_010)).await.unwrap().attempts, 1);
}

pub async fn what_has_told_of_something_is_not_called_forged_later(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    let order = thin.world.order("1001", "10.00").await;
    thin.comes(second(0)).await;
    let due = thin.claim(second(0)).await.unwrap();
    thin.tells(&due, second(1), &[payment("1001", "T", "10.00")]).await;
    thin.comes(second(100)).await;
    let again = thin.claim(second(100)).await.unwrap();
    thin.settle(&again, second(101), CheckOutcome::forged(reason())).await;
    let kept = thin.kept(&due).await;
    assert_eq!((kept.check.state, kept.check.reason), (CheckState::Genuine, Some(reason())));
    assert_eq!(kept.check.attempts.last().unwrap().outcome, "forged", "it can be seen");
    assert_eq!(thin.world.read(order.id).await.state.status, OrderStatus::Paid);
}

pub async fn news_is_not_acknowledged_when_too_many_wait(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    thin.comes(second(0)).await;
    let due = thin.claim(second(0)).await.unwrap();
    thin.tells(&due, second(1), &[]).await;
    thin.world.journal(b"another", second(2)).await;
    let refused = store.journal(thin.notification(second(3)), 1).await;
    assert_eq!(refused, Err(StoreError::TooManyWaiting), "or the news would be lost");
    assert_eq!(thin.kept(&due).await.copies_count, 0);
    assert!(matches!(store.journal(thin.notification(second(4)), 2).await, Ok(Journaled::Copy(_))));
    // It waits already, so a further copy costs nothing.
    assert!(matches!(store.journal(thin.notification(second(5)), 1).await, Ok(Journaled::Copy(_))));
    let refused = store.journal(thin.world.notification(b"one more", second(6)), 2).await;
    assert_eq!(refused, Err(StoreError::TooManyWaiting), "it is counted");
}

fn answer(position: u32, at: Timestamp, body: &str) -> KeptAnswer {
    KeptAnswer {
        position,
        at,
        address: "https://api.example/v2/payments/tr_1".to_owned(),
        status: 200,
        body: body.as_bytes().to_vec(),
        is_complete: true,
    }
}

pub async fn the_answers_that_decided_are_kept(store: Arc<dyn Store>) {
    let thin = Thin::new(&store).await;
    let other = World::new(&store).await;
    let mut at = 0;
    let mut look = async |answers: Vec<KeptAnswer>, is_forged: bool| {
        at += 100;
        thin.comes(second(at)).await;
        let due = thin.claim(second(at)).await.unwrap();
        let genuine = CheckOutcome::Genuine {
            events: vec![],
            remark: None,
            proved_by: ProvedBy::Gateway,
            answers: answers.clone(),
        };
        let forged = CheckOutcome::Forged { reason: reason(), answers };
        thin.settle(&due, second(at + 1), if is_forged { forged } else { genuine }).await;
        due.notification
    };
    // The first question's answer held a secret.
    let partial = KeptAnswer { is_complete: false, status: 503, ..answer(2, second(7), "\0") };
    let first = vec![answer(1, second(6), "open"), partial];
    let id = look(first.clone(), false).await;
    look(vec![answer(1, second(200), "paid")], false).await;
    look(vec![answer(1, second(300), "paid")], false).await;
    look(vec![], true).await;
    look(vec![answer(0, second(500), "gone")], true).await;
    let kept = store.answers(thin.world.shop.id, id).await.unwrap();
    let first = first.into_iter().map(|answer| (1, answer));
    let expected: Vec<_> =
        first.chain([(2, answer(1, second(200), "paid")), (5, answer(0, second(500), "gone"))]).collect();
    assert_eq!(kept, expected);
    assert!(store.answers(other.shop.id, id).await.unwrap().is_empty(), "another shop sees nothing");
    for number in 0..ANSWERED_LOOKS_KEPT_MAX {
        look(vec![answer(0, second(1_000), &number.to_string())], false).await;
    }
    let kept = store.answers(thin.world.shop.id, id).await.unwrap();
    assert_eq!(kept.len(), ANSWERED_LOOKS_KEPT_MAX as usize);
    assert_eq!(kept[0].1.body, b"0");
}
