//! Messages in any sequence.

use super::world::{World, eur, event, noon, payment, refund, terms, unique};
use ipnd_core::{Event, EventKind, OrderStatus, QuestionKind};
use ipnd_store::{Order, Store};
use ipnd_testkit::permutations;
use std::sync::Arc;

/// Everything that the owner sees of an order, without what differs from one order to the next.
#[derive(Debug, PartialEq)]
struct Seen {
    state: String,
    customer: String,
    questions: Vec<(String, String, bool)>,
    stock: Option<i64>,
}

/// Payment, refunds, a reversal and its cancellation, and a dispute known by its case alone.
fn history(suffix: &str) -> Vec<Event> {
    let transaction = |name: &str| format!("{name}-{suffix}");
    let reference = format!("ref-{suffix}");
    let about = |kind, name: &str, amount: &str, minute| Event {
        parent: Some(transaction("T")),
        ..event(kind, &transaction(name), amount, minute)
    };
    let mut pending = event(EventKind::PaymentPending, &transaction("T"), "20.00", 1);
    pending.order_ref = Some(reference.clone());
    let mut completed = event(EventKind::PaymentCompleted, &transaction("T"), "20.00", 2);
    completed.order_ref = Some(reference);
    completed.customer.phone = Some("+49 30 000000".to_owned());
    let mut opened = about(EventKind::DisputeOpened, "D", "20.00", 6);
    opened.case = Some(transaction("CASE"));
    let mut won = Event::new(EventKind::DisputeWon, transaction("won"), pending.environment);
    won.case = Some(transaction("CASE"));
    won.occurred_at = Some(noon(8));
    vec![
        pending,
        completed,
        refund(&transaction("T"), &transaction("R"), "5.00"),
        about(EventKind::ReversalMade, "V", "15.00", 4),
        about(EventKind::ReversalCancelled, "W", "15.00", 5),
        opened,
        won,
    ]
}

async fn play(world: &World, arrangement: &[usize], register_after: usize) -> Seen {
    // Nothing else in a state looks like this, so that it can be taken out again before states are compared.
    let suffix = format!("run-{}-", unique());
    world.product(&format!("TEA-{suffix}"), "20.00", Some(10), "").await;
    let new = || {
        let new =
            world.new_order(Some(&format!("ref-{suffix}")), terms(&[(&format!("TEA-{suffix}"), 1, "20.00")]));
        world.store.register_order(new)
    };
    let events = history(&suffix);
    let mut order: Option<Order> = None;
    for (step, index) in arrangement.iter().enumerate() {
        if step == register_after {
            order = Some(new().await.unwrap());
        }
        world.tell(events[*index].clone()).await;
    }
    let order = match order {
        Some(order) => order,
        None => new().await.unwrap(),
    };
    // The one that came first comes once more.
    world.tell(events[arrangement[0]].clone()).await;
    seen(world, &order, &suffix).await
}

async fn seen(world: &World, order: &Order, suffix: &str) -> Seen {
    let kept = world.read(order.id).await;
    let reviews = world.store.reviews_of(world.shop.id, order.id).await.unwrap();
    let product = world.store.product(world.shop.id, &format!("TEA-{suffix}")).await.unwrap();
    let plain = |text: String| text.replace(suffix, "N");
    Seen {
        state: plain(serde_json::to_string(&kept.state).unwrap()),
        customer: format!("{:?}", kept.customer),
        questions: reviews
            .into_iter()
            .map(|r| (r.question.kind.word().to_owned(), plain(r.question.subject), r.is_moot))
            .collect(),
        stock: product.unwrap().stock,
    }
}

pub async fn t_c05_out_of_order(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let count = history("").len();
    let in_sequence: Vec<usize> = (0..count).collect();
    let expected = play(&world, &in_sequence, 0).await;
    assert!(expected.state.contains(r#""status":"partly_refunded""#), "{expected:?}");
    assert!(expected.state.contains(r#""won":true"#), "{expected:?}");
    assert_eq!(expected.stock, Some(9));
    // Every arrangement of five, the order registered before, between or after; and a sample of those of seven. (The
    // fold by itself is tested with all of them.)
    let without_dispute = play(&world, &in_sequence[..5], 0).await;
    for (number, arrangement) in permutations(5).into_iter().enumerate() {
        let got = play(&world, &arrangement, number % 6).await;
        assert_eq!(got, without_dispute, "{arrangement:?} registered after {}", number % 6);
    }
    for (number, arrangement) in permutations(count).into_iter().enumerate().step_by(151) {
        let got = play(&world, &arrangement, number % (count + 1)).await;
        assert_eq!(got, expected, "{arrangement:?} registered after {}", number % (count + 1));
    }
    assert!(world.open_reviews().await.is_empty(), "nothing is left to ask");
}

pub async fn t_c05_a_refund_waits_for_its_payment(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    // It knows its payment only, which nobody has heard of yet.
    world.tell(refund("T", "R", "10.00")).await;
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Open);
    assert!(world.open_reviews().await.is_empty());
    world.tell(payment("1001", "T", "10.00")).await;
    let state = world.read(order.id).await.state;
    assert_eq!((state.status, state.refunded), (OrderStatus::Refunded, eur("10.00")));
}

pub async fn t_c05_a_payment_may_be_quicker_than_its_order(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.tell(refund("T", "R", "4.00")).await;
    world.tell(payment("1001", "T", "10.00")).await;
    assert_eq!(world.open_reviews().await[0].question.kind, QuestionKind::UnknownOrder);
    let order = world.order("1001", "10.00").await;
    assert_eq!(order.state.status, OrderStatus::PartlyRefunded, "what register gives back knows already");
    assert!(world.open_reviews().await.is_empty());
    assert_eq!(
        world.mail_kinds(order.id).await,
        ["customer.paid", "customer.refunded", "owner.paid", "owner.refunded"]
    );
}

pub async fn a_dispute_finds_its_order_by_its_case(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let mut opened = event(EventKind::DisputeOpened, "T", "10.00", 3);
    opened.case = Some("PP-1".to_owned());
    world.tell(opened).await;
    let mut lost = Event::new(EventKind::DisputeLost, "lost", world.account.environment);
    (lost.case, lost.occurred_at) = (Some("PP-1".to_owned()), Some(noon(4)));
    world.tell(lost).await;
    let state = world.read(order.id).await.state;
    assert_eq!(state.disputes[0].won, Some(false));
    assert_eq!(state.status, OrderStatus::Reversed);
}

pub async fn a_late_payment_corrects_where_a_refund_belongs(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let named = world.order("1001", "10.00").await;
    let paid = world.order("1002", "10.00").await;
    let stray = Event { order_ref: Some("1001".to_owned()), ..refund("T", "R", "10.00") };
    world.tell(stray).await;
    assert_eq!(world.read(named.id).await.state.refunds.len(), 1);
    world.tell(payment("1002", "T", "10.00")).await;
    assert_eq!(world.read(named.id).await.state.refunds.len(), 0);
    assert_eq!(world.read(paid.id).await.state.status, OrderStatus::Refunded);
}
