//! Questions and answers.

use super::money::misdirected;
use super::world::{World, ada, eur, event, noon, payment, refund};
use ipnd_core::{Environment, Event, EventItem, EventKind, OrderStatus, QuestionKind, Verdict};
use ipnd_store::{OrderFilter, OrderSource, Store, StoreError};
use std::sync::Arc;

pub async fn an_answer_stands_whatever_comes_later(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "9.00")).await;
    let review = world.open_reviews().await.remove(0);
    let answer =
        |by: &'static str| store.answer_review(world.shop.id, review.id, Verdict::Accept, by, noon(6));
    let line = answer("ada@example.com").await.unwrap().unwrap();
    assert_eq!((line.answered_at, line.answered_by.as_deref()), (Some(noon(6)), Some("ada@example.com")));
    assert_eq!(answer("somebody else").await.unwrap(), None, "answered already");
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);
    world.tell(refund("T", "R", "1.00")).await;
    let state = world.read(order.id).await.state;
    assert_eq!((state.status, state.paid), (OrderStatus::PartlyRefunded, eur("9.00")));
    assert!(world.open_reviews().await.is_empty());
}

pub async fn a_question_that_settles_itself_needs_no_answer(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "4.00")).await;
    let review = world.open_reviews().await.remove(0);
    world.tell(payment("1001", "T2", "6.00")).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);
    assert!(world.open_reviews().await.is_empty());
    let reviews = store.reviews_of(world.shop.id, order.id).await.unwrap();
    assert!(reviews.iter().find(|line| line.id == review.id).unwrap().is_moot);
    let answer = store.answer_review(world.shop.id, review.id, Verdict::Reject, "owner", noon(9)).await;
    assert_eq!(answer.unwrap(), None);
}

pub async fn an_unknown_order_is_made_when_accepted(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let pending =
        Event { order_ref: Some("X-1".to_owned()), ..event(EventKind::PaymentPending, "T", "12.00", 0) };
    world.tell(pending).await;
    let mut paid = payment("X-1", "T", "12.00");
    paid.customer = ada();
    paid.items = [("Tea", 2, "8.00"), ("Cup", 1, "4.00")]
        .map(|(name, quantity, amount)| EventItem {
            sku: None,
            name: name.to_owned(),
            quantity,
            amount: Some(eur(amount)),
        })
        .to_vec();
    world.tell(paid).await;
    world.tell(refund("T", "R", "2.00")).await;
    let review = world.open_reviews().await;
    assert_eq!(review.len(), 1, "one question for one payment");
    assert_eq!(review[0].question.kind, QuestionKind::UnknownOrder);
    assert_eq!(review[0].question.got, "X-1, 12.00 EUR");
    let verdict = Verdict::Accept;
    let line = store.answer_review(world.shop.id, review[0].id, verdict, "owner", noon(9)).await.unwrap();
    let order = store.order_by_reference(world.shop.id, "X-1").await.unwrap().unwrap();
    assert_eq!(line.unwrap().order, Some(order.id));
    assert_eq!(order.source, OrderSource::Event);
    assert_eq!(order.customer, ada());
    assert_eq!(order.terms.items.len(), 2);
    assert_eq!(order.terms.items[0].unit_price, eur("4.00"));
    assert_eq!((order.state.status, order.state.paid), (OrderStatus::PartlyRefunded, eur("12.00")));
    assert!(world.open_reviews().await.is_empty());
}

pub async fn an_unknown_order_stays_unknown_when_rejected(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.tell(Event { order_ref: None, ..payment("", "T", "12.00") }).await;
    let review = world.open_reviews().await.remove(0);
    let verdict = Verdict::Reject;
    let line = store.answer_review(world.shop.id, review.id, verdict, "owner", noon(9)).await.unwrap();
    assert_eq!(line.unwrap().verdict, Some(Verdict::Reject));
    assert!(store.orders(world.shop.id, OrderFilter::default()).await.unwrap().is_empty());
    // The same payment moving on does not ask again.
    world.tell(event(EventKind::PaymentPending, "T", "12.00", 0)).await;
    assert!(world.open_reviews().await.is_empty());
}

pub async fn an_account_may_make_orders_by_itself(store: Arc<dyn Store>) {
    let world = World::with(&store, Environment::Live, true).await;
    world.tell(refund("T", "R", "2.00")).await;
    let failed =
        Event { order_ref: Some("X-0".to_owned()), ..event(EventKind::PaymentFailed, "F", "12.00", 0) };
    world.tell(failed).await;
    assert!(store.order_by_reference(world.shop.id, "X-0").await.unwrap().is_none(), "no money, no order");
    world.tell(payment("X-1", "T", "12.00")).await;
    let order = store.order_by_reference(world.shop.id, "X-1").await.unwrap().unwrap();
    assert_eq!(order.state.status, OrderStatus::PartlyRefunded);
    assert_eq!(order.terms.items[0].name, "X-1");
    // Without a reference it goes by its transaction.
    world.tell(Event { order_ref: None, ..payment("", "T-2", "3.00") }).await;
    let order = store.order_by_reference(world.shop.id, "T-2").await.unwrap().unwrap();
    assert_eq!(order.state.status, OrderStatus::Paid);
    assert!(world.open_reviews().await.is_empty());
    // Money that went elsewhere makes no order; it is asked about.
    world.tell_examined(vec![misdirected("X-2", "T-3")]).await;
    assert!(store.order_by_reference(world.shop.id, "X-2").await.unwrap().is_none());
    let review = world.open_reviews().await.remove(0);
    assert_eq!(review.question.kind, QuestionKind::UnknownOrder);
    store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(9)).await.unwrap();
    let order = store.order_by_reference(world.shop.id, "X-2").await.unwrap().unwrap();
    assert_eq!(order.state.status, OrderStatus::InReview, "whose account it went to is another question");
}

pub async fn a_transaction_wanted_twice_is_not_made_into_an_order(store: Arc<dyn Store>) {
    let (one, two) = (World::new(&store).await, World::with(&store, Environment::Live, true).await);
    let order = one.order("1001", "10.00").await;
    one.tell_examined(vec![misdirected("1001", "T")]).await;
    two.tell(payment("2001", "T", "10.00")).await;
    let review = one.open_reviews().await.remove(0);
    assert_eq!(review.question.kind, QuestionKind::Receiver);
    let answer = store.answer_review(one.shop.id, review.id, Verdict::Accept, "owner", noon(9)).await;
    assert!(matches!(answer, Err(StoreError::Conflict(_))), "it pays the other shop's order");
    assert_eq!(one.read(order.id).await.state.status, OrderStatus::InReview);
    assert_eq!(one.open_reviews().await.len(), 1, "nothing of the answer was kept");
    // And the other way round: an order cannot be made from a transaction that pays another shop's.
    one.tell(payment("1002", "T-9", "1.00")).await;
    one.order("1002", "1.00").await;
    two.tell(payment("2002", "T-9", "1.00")).await;
    assert!(store.order_by_reference(two.shop.id, "2002").await.unwrap().is_none());
    assert_eq!(two.open_reviews().await[0].question.kind, QuestionKind::UnknownOrder);
}
