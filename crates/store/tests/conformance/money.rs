//! Whether it is the right payment.

use super::world::{World, eur, event, fine, new_shop, noon, payment, refund, terms};
use ipnd_core::{
    Concern, Environment, Event, EventItem, EventKind, ExaminedEvent, OrderStatus, QuestionKind, Verdict,
};
use ipnd_store::{NewShop, OrderId, Shop, Store, StoreError};
use std::sync::Arc;

async fn kinds_asked(world: &World) -> Vec<QuestionKind> {
    world.open_reviews().await.into_iter().map(|review| review.question.kind).collect()
}

async fn status(world: &World, order: OrderId) -> OrderStatus {
    world.read(order).await.state.status
}

pub async fn t_b01_amount_not_compared(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for (number, wrong) in ["9.99", "10.01", "0.01", "1000.00"].into_iter().enumerate() {
        let order = world.order(&format!("A{number}"), "10.00").await;
        world.tell(payment(&order.reference, &format!("T{number}"), wrong)).await;
        let kept = world.read(order.id).await;
        assert_eq!(kept.state.status, OrderStatus::InReview, "{wrong}");
        let asked = store.reviews_of(world.shop.id, order.id).await.unwrap();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].question.kind, QuestionKind::Amount);
        assert_eq!(world.mail_kinds(order.id).await, ["owner.review"]);
    }
}

pub async fn t_b01_a_payer_cannot_name_articles_at_prices_of_his_own(store: Arc<dyn Store>) {
    let world = World::with(&store, Environment::Live, true).await;
    world.product("BOOK", "49.00", None, "https://example.com/the-book").await;
    let buy = |transaction: &str, amount: &str| {
        let mut event = payment(transaction, transaction, amount);
        event.items = vec![EventItem {
            sku: Some("BOOK".to_owned()),
            name: "The book".to_owned(),
            quantity: 1,
            amount: Some(eur(amount)),
        }];
        event
    };
    world.tell(buy("CHEAP", "0.01")).await;
    world.tell(buy("HONEST", "49.00")).await;
    let order = |reference: &'static str| {
        let found = store.order_by_reference(world.shop.id, reference);
        async { found.await.unwrap().unwrap() }
    };
    let (cheap, honest) = (order("CHEAP").await, order("HONEST").await);
    assert_eq!(cheap.state.status, OrderStatus::Paid, "it is a payment of one cent for something");
    assert_eq!(store.access_of(world.shop.id, cheap.id).await.unwrap(), []);
    assert_eq!(cheap.terms.items[0].sku, "");
    let access = store.access_of(world.shop.id, honest.id).await.unwrap();
    assert_eq!(access, [("The book".to_owned(), "https://example.com/the-book".to_owned())]);
}

pub async fn t_b04_order_changed_after_payment_started(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let dearer = world.new_order(Some("1001"), terms(&[("", 1, "99.00")]));
    assert!(matches!(store.register_order(dearer).await, Err(StoreError::Conflict(_))));
    world.product("TEA", "10.00", None, "").await;
    world.product("TEA", "99.00", None, "").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let kept = world.read(order.id).await;
    assert_eq!((kept.terms, kept.state.status), (order.terms, OrderStatus::Paid));
}

pub async fn t_b07_one_transaction_pays_two_orders(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let first = world.order("1001", "10.00").await;
    let second = world.order("1002", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let before = world.read(second.id).await.state;
    // The gateway's own id differs, and so does the reference: only the transaction gives it away.
    let again = Event { identity: "T/again".to_owned(), ..payment("1002", "T", "10.00") };
    world.tell(again).await;
    assert_eq!(status(&world, first.id).await, OrderStatus::Paid);
    assert_eq!(world.read(second.id).await.state, before);
    let asked = world.open_reviews().await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].question.kind, QuestionKind::TransactionReused);
    assert_eq!((asked[0].question.expected.as_str(), asked[0].question.got.as_str()), ("1001", "1002"));
    assert_eq!(asked[0].order, Some(second.id));
    assert_eq!(world.mail_kinds(second.id).await, ["owner.review"]);
    // Nor with a reference that nobody knows, to bend the order that was paid.
    let bent = Event { identity: "T/bent".to_owned(), ..payment("9999", "T", "99.00") };
    world.tell(bent).await;
    assert_eq!(world.read(first.id).await.state.paid, eur("10.00"));
    // Taking note of it changes nothing.
    for review in world.open_reviews().await {
        let answer = store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(9)).await;
        assert!(answer.unwrap().is_some());
    }
    assert_eq!(world.read(second.id).await.state, before);
    // An order registered later for the bent reference gets nothing either.
    let late = world.order("9999", "99.00").await;
    assert_eq!(status(&world, late.id).await, OrderStatus::Open);
}

pub async fn t_b07_not_even_orders_of_two_shops(store: Arc<dyn Store>) {
    let (one, two) = (World::new(&store).await, World::new(&store).await);
    let mine = one.order("1001", "10.00").await;
    let theirs = two.order("1001", "10.00").await;
    one.tell(payment("1001", "SHARED", "10.00")).await;
    two.tell(payment("1001", "SHARED", "10.00")).await;
    assert_eq!(status(&one, mine.id).await, OrderStatus::Paid);
    assert_eq!(status(&two, theirs.id).await, OrderStatus::Open);
    let asked = two.open_reviews().await;
    assert_eq!(asked[0].question.kind, QuestionKind::TransactionReused);
    assert_eq!(asked[0].question.expected, "", "nothing of another shop is shown");
    assert!(one.open_reviews().await.is_empty());
}

pub async fn t_b07_play_money_is_each_shops_own(store: Arc<dyn Store>) {
    let one = World::with(&store, Environment::Sandbox, false).await;
    let two = World::with(&store, Environment::Sandbox, false).await;
    let mine = one.order("1001", "10.00").await;
    let theirs = two.order("1001", "10.00").await;
    one.tell(payment("1001", "PLAYED", "10.00")).await;
    two.tell(payment("1001", "PLAYED", "10.00")).await;
    assert_eq!(status(&one, mine.id).await, OrderStatus::Paid);
    assert_eq!(status(&two, theirs.id).await, OrderStatus::Paid, "nobody can block another's sandbox");
    let again = Event { identity: "again".to_owned(), ..payment("1002", "PLAYED", "10.00") };
    let second = one.order("1002", "10.00").await;
    one.tell(again).await;
    assert_eq!(status(&one, second.id).await, OrderStatus::Open);
}

pub async fn t_b08_refunded_is_never_more_than_paid(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    for (number, amount) in ["4.00", "4.00", "4.00", "1000.00"].into_iter().enumerate() {
        let mut back = refund("T", &format!("R{number}"), amount);
        back.occurred_at = Some(noon(10 + i64::try_from(number).unwrap()));
        world.tell(back).await;
        let state = world.read(order.id).await.state;
        assert!(!state.refunded.is_negative() && state.refunded.minor() <= state.paid.minor());
    }
    let state = world.read(order.id).await.state;
    assert_eq!((state.status, state.refunded), (OrderStatus::Refunded, eur("10.00")));
    assert_eq!(kinds_asked(&world).await, [QuestionKind::RefundTooLarge; 2]);
    // A refund for somebody else's payment does not reach this order by naming it.
    let stranger = Event { order_ref: Some("1001".to_owned()), ..refund("OTHER", "RX", "1.00") };
    world.tell(stranger).await;
    assert_eq!(world.read(order.id).await.state.refunded, eur("10.00"));
}

pub async fn t_a18_play_money_does_not_pay_where_live_money_is_taken(store: Arc<dyn Store>) {
    let live = World::new(&store).await;
    let account = World::open_account(&store, &live.shop, Environment::Sandbox, false).await;
    let sandbox = World { store: Arc::clone(&store), shop: live.shop.clone(), account };
    let order = live.order("1001", "10.00").await;
    let mut played = payment("1001", "PLAYED", "10.00");
    played.environment = Environment::Sandbox;
    sandbox.tell(played).await;
    assert_eq!(status(&live, order.id).await, OrderStatus::InReview);
    assert_eq!(kinds_asked(&live).await, [QuestionKind::Environment]);
    // The real money still finds the order.
    live.tell(payment("1001", "REAL", "10.00")).await;
    assert_eq!(status(&live, order.id).await, OrderStatus::Paid);
}

pub async fn play_money_always_pays_in_the_sample_shop(store: Arc<dyn Store>) {
    let shop = store.create_shop(NewShop { is_sample: true, ..new_shop() }, noon(0)).await.unwrap();
    let renamed = Shop { name: "Renamed".to_owned(), is_sample: false, ..shop.clone() };
    store.update_shop(renamed).await.unwrap();
    let shop = store.shop(shop.id).await.unwrap().unwrap();
    assert!(shop.is_sample, "it stays what it was created as");
    let account = World::open_account(&store, &shop, Environment::Sandbox, false).await;
    World::open_account(&store, &shop, Environment::Live, false).await;
    let world = World { store: Arc::clone(&store), shop, account };
    let order = world.order("1001", "10.00").await;
    let mut played = payment("1001", "PLAYED", "10.00");
    played.environment = Environment::Sandbox;
    world.tell(played).await;
    assert_eq!(status(&world, order.id).await, OrderStatus::Paid);
    assert!(world.open_reviews().await.is_empty());
}

pub async fn stock_moves_once(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.product("TEA", "5.00", Some(10), "").await;
    world.product("CUP", "5.00", None, "").await;
    let lines = terms(&[("TEA", 2, "5.00"), ("CUP", 1, "5.00"), ("TEA", 1, "5.00"), ("GONE", 1, "5.00")]);
    let order = store.register_order(world.new_order(Some("1001"), lines)).await.unwrap();
    let stock = || async { store.product(world.shop.id, "TEA").await.unwrap().unwrap().stock };
    assert_eq!(stock().await, Some(10), "ordering alone moves nothing");
    world.tell(payment("1001", "T", "25.00")).await;
    assert_eq!(stock().await, Some(7));
    // Taken back and returned: still sold once.
    let reversed = Event { parent: Some("T".to_owned()), ..event(EventKind::ReversalMade, "V", "25.00", 3) };
    let returned =
        Event { parent: Some("T".to_owned()), ..event(EventKind::ReversalCancelled, "W", "25.00", 4) };
    world.tell(reversed).await;
    assert_eq!(status(&world, order.id).await, OrderStatus::Reversed);
    world.tell(returned).await;
    assert_eq!(status(&world, order.id).await, OrderStatus::Paid);
    assert_eq!(stock().await, Some(7));
    assert_eq!(store.product(world.shop.id, "CUP").await.unwrap().unwrap().stock, None);
}

pub async fn access_opens_when_settled_and_closes_when_refunded(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.product("BOOK", "10.00", None, "https://example.com/book").await;
    let new = world.new_order(Some("1001"), terms(&[("BOOK", 1, "10.00")]));
    let order = store.register_order(new).await.unwrap();
    let access = || async { store.access_of(world.shop.id, order.id).await.unwrap().len() };
    assert_eq!(access().await, 0);
    let mut announced = event(EventKind::PaymentPending, "T", "10.00", 0);
    announced.order_ref = Some("1001".to_owned());
    world.tell(announced).await;
    assert_eq!(access().await, 0, "announced is not paid");
    world.tell(payment("1001", "T", "10.00")).await;
    assert_eq!(access().await, 1);
    world.tell(refund("T", "R", "10.00")).await;
    assert_eq!(access().await, 0);
}

/// A payment to somebody else's account names our order.
pub fn misdirected(reference: &str, transaction: &str) -> ExaminedEvent {
    let concern = Concern {
        kind: QuestionKind::Receiver,
        expected: "seller@example.com".to_owned(),
        got: "other@example.com".to_owned(),
    };
    ExaminedEvent { concerns: vec![concern], ..fine(payment(reference, transaction, "10.00")) }
}
