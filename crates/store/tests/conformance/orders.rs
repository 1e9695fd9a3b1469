//! Orders, and what they are made of.

use super::world::{World, ada, eur, event, noon, payment, refund, terms};
use ipnd_core::{Customer, Event, EventKind, OrderStatus, QuestionKind, Verdict};
use ipnd_store::{
    EventFilter, Happening, NotificationFilter, OrderFilter, OrderId, OrderSource, Store, StoreError,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub async fn numbers_are_taken_from_1001_and_never_twice(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let other = World::new(&store).await;
    world.order("1002", "1.00").await;
    let next = |world: &World| store.register_order(world.new_order(None, terms(&[("", 1, "1.00")])));
    assert_eq!(next(&world).await.unwrap().reference, "1001");
    assert_eq!(next(&world).await.unwrap().reference, "1003");
    assert_eq!(next(&other).await.unwrap().reference, "1001", "every shop counts for itself");
}

pub async fn a_reference_is_used_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let first = world.order("A", "1.00").await;
    let again = world.new_order(Some("A"), terms(&[("", 1, "2.00")]));
    assert!(matches!(store.register_order(again).await, Err(StoreError::Conflict(_))));
    assert_eq!(world.read(first.id).await, first);
}

pub async fn orders_are_found(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let mut olena = world.new_order(Some("7001"), terms(&[("", 1, "10.00")]));
    olena.customer = Customer { name: Some("Олена Приклад".to_owned()), ..Customer::default() };
    let olena = store.register_order(olena).await.unwrap();
    let plain = world.order("7002", "10.00").await;
    world.tell(payment("7002", "TXN-9", "3.00")).await;
    let find = |search: &str| {
        let filter = OrderFilter { search: Some(search.to_owned()), ..Default::default() };
        let list = store.orders(world.shop.id, filter);
        async { list.await.unwrap().into_iter().map(|line| line.id).collect::<Vec<_>>() }
    };
    assert_eq!(find("олена").await, [olena.id], "in any case, in any script");
    assert_eq!(find("ADA@example").await, [plain.id]);
    assert_eq!(find("txn-9").await, [plain.id]);
    assert_eq!(find("example street").await, [plain.id]);
    assert_eq!(find("700").await, [plain.id, olena.id]);
    assert!(find("%").await.is_empty(), "no wildcards");
    assert_eq!(find(" ").await.len(), 2);
    let list = |filter| store.orders(world.shop.id, filter);
    let one = list(OrderFilter { reference: Some("7001".to_owned()), ..Default::default() }).await.unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!((one[0].id, one[0].total), (olena.id, eur("10.00")));
    let review = OrderFilter { status: Some(OrderStatus::InReview), ..Default::default() };
    assert_eq!(list(review).await.unwrap()[0].id, plain.id);
    let asked = list(OrderFilter { only_with_open_reviews: true, ..Default::default() }).await.unwrap();
    assert_eq!((asked.len(), asked[0].id, asked[0].open_reviews), (1, plain.id, 1));
    let page = OrderFilter { before: Some(plain.id), limit: 1, ..Default::default() };
    assert_eq!(list(page).await.unwrap()[0].id, olena.id);
    let by_token = store.order_by_token(&olena.token).await.unwrap().unwrap();
    assert_eq!(by_token, olena);
    assert_eq!(store.order_by_token("").await.unwrap(), None);
}

pub async fn another_shop_sees_nothing(store: Arc<dyn Store>) {
    let (one, two) = (World::new(&store).await, World::new(&store).await);
    let order = one.order("1001", "10.00").await;
    let notification = one.tell(payment("1001", "T", "9.00")).await;
    let review = one.open_reviews().await[0].id;
    let shop = two.shop.id;
    assert!(store.order(shop, order.id).await.unwrap().is_none());
    assert!(store.order_by_reference(shop, "1001").await.unwrap().is_none());
    assert!(store.orders(shop, OrderFilter::default()).await.unwrap().is_empty());
    assert!(store.happenings(shop, order.id).await.unwrap().is_empty());
    assert!(store.reviews_of(shop, order.id).await.unwrap().is_empty());
    assert!(store.open_reviews(shop).await.unwrap().is_empty());
    assert!(store.mails(shop, order.id).await.unwrap().is_empty());
    assert!(store.notification(shop, notification).await.unwrap().is_none());
    assert!(store.notifications(shop, NotificationFilter::default()).await.unwrap().is_empty());
    assert!(store.events(shop, EventFilter::default()).await.unwrap().is_empty());
    assert!(store.account(shop, one.account.id).await.unwrap().is_none());
    assert!(!store.cancel_order(shop, order.id, noon(1)).await.unwrap());
    assert!(!store.check_again(shop, notification, noon(1)).await.unwrap());
    assert!(store.write_message(shop, order.id, "Hello", noon(1)).await.unwrap().is_none());
    let answer = store.answer_review(shop, review, Verdict::Accept, "stranger", noon(1)).await;
    assert!(answer.unwrap().is_none());
    let changed = store.update_account(shop, one.account.id, "Mine", BTreeMap::new(), true, "me").await;
    assert!(changed.unwrap().is_none());
    assert_eq!(one.open_reviews().await.len(), 1);
}

pub async fn cancelling_happens_once_and_is_asked_about_when_money_comes(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    assert!(store.cancel_order(world.shop.id, order.id, noon(0)).await.unwrap());
    assert!(!store.cancel_order(world.shop.id, order.id, noon(1)).await.unwrap());
    let kept = world.read(order.id).await;
    assert_eq!((kept.state.status, kept.cancelled_at), (OrderStatus::Cancelled, Some(noon(0))));
    world.tell(payment("1001", "T", "10.00")).await;
    let review = world.open_reviews().await.remove(0);
    assert_eq!(review.question.kind, QuestionKind::PaidAfterCancellation);
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::InReview);
    let answered = store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(9)).await;
    assert_eq!(answered.unwrap().unwrap().verdict, Some(Verdict::Accept));
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);
}

pub async fn what_is_paid_is_not_cancelled(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let cancel = |minute| store.cancel_order(world.shop.id, order.id, noon(minute));
    // Even part of the money is too much; how it went on does not matter.
    let steps = [payment("1001", "T1", "4.00"), payment("1001", "T2", "6.00"), refund("T1", "R", "4.00")];
    for (minute, told) in (1..).zip(steps) {
        world.tell(told).await;
        for review in world.open_reviews().await {
            store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(6)).await.unwrap();
        }
        let before = world.read(order.id).await;
        assert!(!cancel(minute).await.unwrap(), "{:?}", before.state.status);
        assert_eq!(world.read(order.id).await, before);
    }
    // An announcement is no money yet.
    let announced = world.order("1002", "10.00").await;
    let pending =
        Event { order_ref: Some("1002".to_owned()), ..event(EventKind::PaymentPending, "P", "10.00", 1) };
    world.tell(pending).await;
    assert!(store.cancel_order(world.shop.id, announced.id, noon(2)).await.unwrap());
    assert!(
        !store.cancel_order(world.shop.id, OrderId(9_999), noon(2)).await.unwrap(),
        "nor what is not there"
    );
}

pub async fn the_time_line_tells_everything_in_sequence(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    assert!(store.cancel_order(world.shop.id, order.id, noon(0)).await.unwrap());
    world.tell(payment("1001", "T", "10.00")).await;
    let review = world.open_reviews().await.remove(0);
    store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(6)).await.unwrap();
    let words: Vec<String> = store
        .happenings(world.shop.id, order.id)
        .await
        .unwrap()
        .into_iter()
        .map(|happening| match happening {
            Happening::Registered { .. } => "registered".to_owned(),
            Happening::Cancelled { .. } => "cancelled".to_owned(),
            Happening::Event { event, .. } => event.kind.word().to_owned(),
            Happening::Answered { question, by, .. } => format!("{} by {by}", question.kind.word()),
            Happening::Mail { mail, .. } => mail.kind.word().to_owned(),
        })
        .collect();
    assert_eq!(
        words,
        [
            "registered",
            "cancelled",
            "payment.completed",
            "owner.review",
            "paid_after_cancellation by owner",
            "customer.paid",
            "owner.paid"
        ]
    );
}

pub async fn products_are_replaced_by_article_number(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let first = world.product("TEA", "1.00", Some(3), "").await;
    let second = world.product("TEA", "2.00", None, "secret").await;
    assert_eq!(first.id, second.id);
    assert_eq!(store.products(world.shop.id).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.product(world.shop.id, "TEA").await.unwrap(), Some(second));
    assert_eq!(store.product(world.shop.id, "tea").await.unwrap(), None);
}

pub async fn accounts_are_changed_but_not_moved(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let settings = BTreeMap::from([("receivers".to_owned(), "new@example.com".to_owned())]);
    let changed =
        store.update_account(world.shop.id, world.account.id, "New", settings.clone(), true, "me").await;
    let changed = changed.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), &changed.settings, changed.creates_orders), ("New", &settings, true));
    assert_eq!(changed.token, world.account.token);
    assert_eq!(changed.environment, world.account.environment);
    assert_eq!(store.account_by_token(&changed.token).await.unwrap(), Some(changed.clone()));
    assert_eq!(store.accounts(world.shop.id).await.unwrap(), [changed]);
    let mut shop = world.shop.clone();
    shop.name = "Another name".to_owned();
    store.update_shop(shop.clone()).await.unwrap();
    assert_eq!(store.shop_by_slug(&shop.slug).await.unwrap(), Some(shop.clone()));
    let other = World::new(&store).await;
    shop.slug = other.shop.slug.clone();
    assert!(matches!(store.update_shop(shop).await, Err(StoreError::Conflict(_))));
    assert!(store.shops().await.unwrap().contains(&other.shop));
}

pub async fn the_customer_is_completed_from_the_payment(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let mut new = world.new_order(Some("1001"), terms(&[("", 1, "10.00")]));
    new.customer = Customer { name: Some("Registered Name".to_owned()), ..Customer::default() };
    new.source = OrderSource::Storefront;
    let order = store.register_order(new).await.unwrap();
    let mut paid = payment("1001", "T", "10.00");
    paid.customer = ada();
    world.tell(paid).await;
    let kept = world.read(order.id).await;
    assert_eq!(kept.customer, Customer { name: Some("Registered Name".to_owned()), ..ada() });
    assert_eq!(kept.source, OrderSource::Storefront);
}
