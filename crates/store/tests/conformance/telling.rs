//! Telling the shop.

use super::world::{LEASE, World, eur, event, fine, noon, payment, reason, refund, unique};
use ipnd_core::{Concern, EventKind, ExaminedEvent, QuestionKind, Verdict};
use ipnd_store::{
    Attempt, DeliveryFilter, DeliveryLine, DeliveryOutcome, DeliveryState, DueDelivery, Endpoint,
    EndpointFilter, EndpointPlan, EndpointState, Resend, Settled, Store,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

fn plan(dialect: &str) -> EndpointPlan {
    EndpointPlan {
        name: format!("Endpoint {}", unique()),
        url: Some("https://shop.example.com/ipn".to_owned()),
        dialect: dialect.to_owned(),
        filter: EndpointFilter::default(),
        headers: Vec::new(),
        settings: BTreeMap::new(),
        concurrency: 8,
        rate: 0,
        is_ordered: false,
    }
}

async fn endpoint(world: &World, plan: EndpointPlan) -> Endpoint {
    let key = Some("whsec_c2VjcmV0".to_owned());
    world.store.create_endpoint(world.shop.id, plan, key, None, "owner").await.unwrap()
}

async fn claim(world: &World, now: Timestamp) -> Vec<DueDelivery> {
    world.store.claim_deliveries(now, 100, LEASE).await.unwrap()
}

async fn settle(world: &World, due: &DueDelivery, now: Timestamp, outcome: DeliveryOutcome) -> Settled {
    let attempt = Attempt { started_at: now, duration: 7, status: Some(200), reply: Some("ok".to_owned()) };
    world.store.settle_delivery(due.id, due.lease, now, attempt, outcome).await.unwrap()
}

fn later(again_at: Timestamp, is_down: bool) -> DeliveryOutcome {
    DeliveryOutcome::Later { reason: reason(), again_at, is_down }
}

async fn lines(world: &World) -> Vec<DeliveryLine> {
    let mut lines = world.store.deliveries(world.shop.id, DeliveryFilter::default()).await.unwrap();
    lines.reverse();
    lines
}

/// Claims and delivers until nothing is due; gives what was told as order, sequence and kind.
async fn drain(world: &World, now: Timestamp) -> Vec<(String, u32, &'static str)> {
    let mut told = Vec::new();
    loop {
        let due = claim(world, now).await;
        if due.is_empty() {
            return told;
        }
        for due in due {
            let order = due.notice.order.as_ref();
            let reference = order.map(|order| order.reference.clone()).unwrap_or_default();
            told.push((reference, order.map_or(0, |order| order.sequence), due.notice.word()));
            assert_eq!(settle(world, &due, now, DeliveryOutcome::Delivered).await, Settled::Done);
        }
    }
}

pub async fn i_10_every_event_is_told_once_and_numbered_without_a_gap(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let endpoint = endpoint(&world, plan("standard")).await;
    world.order("1001", "10.00").await;
    world.order("1002", "10.00").await;
    let mut pending = event(EventKind::PaymentPending, "T1", "10.00", 0);
    pending.order_ref = Some("1001".to_owned());
    world.tell(pending).await;
    world.tell(payment("1001", "T1", "10.00")).await;
    world.tell(payment("1002", "T2", "10.00")).await;
    world.tell(payment("1001", "T1", "10.00")).await;
    world.tell(refund("T1", "R1", "3.00")).await;
    let told = drain(&world, noon(60)).await;
    let expected = [
        ("1001", 1, "payment.pending"),
        ("1001", 2, "payment.completed"),
        ("1002", 1, "payment.completed"),
        ("1001", 3, "refund.completed"),
    ];
    assert_eq!(told, expected.map(|(order, number, kind)| (order.to_owned(), number, kind)));
    let lines = lines(&world).await;
    assert!(lines.iter().all(|line| line.state == DeliveryState::Delivered && line.attempts == 1));
    assert!(lines.iter().all(|line| line.endpoint == endpoint.id && line.message_id.starts_with("msg_")));
    let delivery = store.delivery(world.shop.id, lines[3].id).await.unwrap().unwrap();
    let order = delivery.notice.order.unwrap();
    assert_eq!(
        (order.paid, order.refunded, order.status.word()),
        (eur("10.00"), eur("3.00"), "partly_refunded")
    );
    assert_eq!((delivery.attempts.len(), delivery.attempts[0].attempt.reply.as_deref()), (1, Some("ok")));
    // How it stood then, not how it stands now.
    let first = store.delivery(world.shop.id, lines[0].id).await.unwrap().unwrap().notice.order.unwrap();
    assert_eq!((first.paid, first.status.word()), (eur("0"), "pending"));
    let other = World::new(&store).await;
    assert_eq!(store.delivery(other.shop.id, lines[0].id).await.unwrap(), None, "another shop sees nothing");
}

pub async fn i_08_what_waits_for_the_owner_is_not_told(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    endpoint(&world, plan("standard")).await;
    let order = world.order("1001", "10.00").await;
    let concern = Concern { kind: QuestionKind::Receiver, expected: "us".into(), got: "them".into() };
    let examined = ExaminedEvent { concerns: vec![concern], ..fine(payment("1001", "T1", "10.00")) };
    world.tell_examined(vec![examined]).await;
    world.tell(payment("9999", "T9", "5.00")).await;
    assert!(claim(&world, noon(60)).await.is_empty());
    let held = store.held_back(world.shop.id).await.unwrap();
    let shown: Vec<_> = held.iter().map(|held| (held.kind.as_str(), held.question)).collect();
    let kind = "payment.completed";
    assert_eq!(shown, [(kind, QuestionKind::Receiver), (kind, QuestionKind::UnknownOrder)]);
    let review = store.reviews_of(world.shop.id, order.id).await.unwrap().remove(0);
    store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(5)).await.unwrap();
    assert_eq!(drain(&world, noon(60)).await, [("1001".to_owned(), 1, "payment.completed")]);
    assert_eq!(store.held_back(world.shop.id).await.unwrap().len(), 1);
}

/// An owner accepts what nobody could prove, and the shop is told. Then the proof comes, and says another time.
pub async fn what_is_proved_later_is_known_by_the_same_id(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let told = endpoint(&world, plan("standard")).await;
    let order = world.order("1001", "10.00").await;
    let event = payment("1001", "T1", "10.00");
    let concern = Concern { kind: QuestionKind::Unproven, expected: "proof".into(), got: "none".into() };
    world.tell_examined(vec![ExaminedEvent { concerns: vec![concern], ..fine(event.clone()) }]).await;
    let review = store.reviews_of(world.shop.id, order.id).await.unwrap().remove(0);
    store.answer_review(world.shop.id, review.id, Verdict::Accept, "owner", noon(5)).await.unwrap();
    assert_eq!(drain(&world, noon(6)).await.len(), 1);
    let proved = ipnd_core::Event { occurred_at: Some(noon(3)), ..event };
    world.tell(proved).await;
    let filter =
        DeliveryFilter { endpoint: Some(told.id), since: Some(noon(-60)), ..DeliveryFilter::default() };
    for is_dry in [true, false] {
        let all = Resend { filter: filter.clone(), fills_in: true, is_dry, ..Resend::default() };
        assert_eq!(store.resend(world.shop.id, all, noon(7)).await.unwrap().new, 0);
    }
    assert_eq!(lines(&world).await.len(), 1);
}

pub async fn an_endpoint_gets_what_its_filter_wants(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let filter = |change: fn(&mut EndpointFilter)| {
        let mut plan = plan("standard");
        change(&mut plan.filter);
        plan
    };
    let refunds = endpoint(&world, filter(|f| f.kinds = vec!["refund.*".into()])).await;
    let sandbox = endpoint(&world, filter(|f| f.environment = Some(ipnd_core::Environment::Sandbox))).await;
    let product = endpoint(&world, filter(|f| f.products = vec!["TEA".into()])).await;
    let strange = endpoint(&world, filter(|f| f.accounts = vec![ipnd_store::AccountId(987_654)])).await;
    let own = world.account.id;
    let mut mine = plan("standard");
    mine.filter.accounts = vec![own];
    let mine = endpoint(&world, mine).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    world.tell(refund("T1", "R1", "3.00")).await;
    let got = |id| {
        let lines = lines(&world);
        async move {
            lines
                .await
                .into_iter()
                .filter(|line| line.endpoint == id)
                .map(|line| line.kind)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(got(refunds.id).await, ["refund.completed"]);
    assert_eq!(got(mine.id).await, ["payment.completed", "refund.completed"]);
    for nothing in [sandbox, product, strange] {
        assert_eq!(got(nothing.id).await, Vec::<String>::new());
    }
}

pub async fn i_20_an_endpoint_that_fails_is_left_alone_and_keeps_nobody_waiting(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let bad = endpoint(&world, plan("standard")).await;
    let good = endpoint(&world, plan("standard")).await;
    for number in 0..3 {
        let reference = format!("100{number}");
        world.order(&reference, "10.00").await;
        world.tell(payment(&reference, &format!("T{number}"), "10.00")).await;
    }
    let of = |due: &[DueDelivery], id| due.iter().filter(|due| due.endpoint.id == id).count();
    let due = claim(&world, noon(5)).await;
    // Nobody knows either of them yet: one at a time.
    assert_eq!((of(&due, bad.id), of(&due, good.id)), (1, 1));
    let now = noon(5);
    for due in &due {
        let outcome = if due.endpoint.id == bad.id { later(now, true) } else { DeliveryOutcome::Delivered };
        settle(&world, due, now, outcome).await;
    }
    assert_eq!(drain(&world, now).await.len(), 2, "the good one gets the rest; the bad one rests");
    let state = store.endpoint(world.shop.id, bad.id).await.unwrap().unwrap();
    assert_eq!((state.health.failures, state.health.waiting), (1, 3));
    assert!(state.health.rests_until.is_some_and(|until| until > now));
    // It comes back: the one that was tried first goes first, then all others, each once and in their sequence.
    let told = drain(&world, noon(6)).await;
    assert_eq!(told.iter().map(|(order, ..)| order.as_str()).collect::<Vec<_>>(), ["1000", "1001", "1002"]);
    let state = store.endpoint(world.shop.id, bad.id).await.unwrap().unwrap();
    assert_eq!((state.health.failures, state.health.failing_since, state.health.waiting), (0, None, 0));
}

pub async fn an_endpoint_that_fails_for_days_is_paused_and_its_owner_told(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let endpoint = endpoint(&world, plan("standard")).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    let mut at = noon(10);
    let mut tries = 0;
    while let Some(due) = claim(&world, at).await.pop() {
        assert_eq!(due.tries, 0, "what reached nobody does not count");
        settle(&world, &due, at, later(at, true)).await;
        at = at.checked_add(SignedDuration::from_hours(7)).unwrap();
        tries += 1;
    }
    assert!((11..=12).contains(&tries), "{tries} times in three days");
    let state = store.endpoint(world.shop.id, endpoint.id).await.unwrap().unwrap();
    assert_eq!(state.state, EndpointState::Paused);
    assert_eq!(state.reason.map(|reason| reason.code).as_deref(), Some("endpoint_failing"));
    let mails = store.claim_mails(at, 100, LEASE).await.unwrap();
    let mail = mails.iter().find(|mail| mail.kind.word() == "owner.endpoint").expect("a mail");
    assert_eq!(
        mail.endpoint.as_ref().map(|endpoint| endpoint.url.as_str()),
        Some("https://shop.example.com/ipn")
    );
    assert!(
        store.set_endpoint_state(world.shop.id, endpoint.id, EndpointState::Active, "owner").await.unwrap()
    );
    assert_eq!(drain(&world, at).await.len(), 1, "nothing was lost");
}

pub async fn one_that_fetches_is_never_left_alone(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let desk = endpoint(&world, EndpointPlan { url: None, ..plan("standard") }).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    // Twenty failures, six hours apart: longer than any other may fail.
    for number in 0..20 {
        let now = noon(5 + 360 * number);
        let due = store.fetch_deliveries(world.shop.id, desk.id, now, 10, LEASE).await.unwrap();
        assert_eq!(due.len(), 1, "{number}");
        settle(&world, &due[0], now, later(now, false)).await;
    }
    let desk = store.endpoint(world.shop.id, desk.id).await.unwrap().unwrap();
    assert_eq!((desk.health.failures, desk.health.rests_until), (20, None), "it shows, and that is all");
    assert_eq!(desk.state, EndpointState::Active);
}

pub async fn a_receiver_that_is_gone_is_told_nothing_more(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let endpoint = endpoint(&world, plan("standard")).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    let due = claim(&world, noon(5)).await.remove(0);
    settle(&world, &due, noon(5), DeliveryOutcome::Failed { reason: reason(), is_gone: true }).await;
    world.tell(refund("T1", "R1", "3.00")).await;
    assert!(claim(&world, noon(999)).await.is_empty());
    let removed = store.set_endpoint_state(world.shop.id, endpoint.id, EndpointState::Removed, "owner").await;
    assert!(removed.unwrap());
    claim(&world, noon(999)).await;
    let states: Vec<_> = lines(&world).await.iter().map(|line| line.state).collect();
    assert_eq!(states, [DeliveryState::Failed, DeliveryState::Cancelled]);
    assert_eq!(store.endpoint(world.shop.id, endpoint.id).await.unwrap(), None);
}

pub async fn strict_order_waits_within_an_order_and_not_for_others(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let strict = endpoint(&world, EndpointPlan { is_ordered: true, ..plan("standard") }).await;
    // Known to work, so that more than one may be on its way.
    for number in 0..20 {
        let reference = format!("9{number:03}");
        world.order(&reference, "10.00").await;
        world.tell(payment(&reference, &format!("X{number}"), "10.00")).await;
    }
    drain(&world, noon(5)).await;
    for reference in ["1001", "1002"] {
        world.order(reference, "10.00").await;
        world.tell(payment(reference, &format!("T{reference}"), "10.00")).await;
        world.tell(refund(&format!("T{reference}"), &format!("R{reference}"), "3.00")).await;
    }
    let due = claim(&world, noon(6)).await;
    let shown = |due: &[DueDelivery]| -> Vec<(String, u32)> {
        let orders = due.iter().filter_map(|due| due.notice.order.as_ref());
        orders.map(|order| (order.reference.clone(), order.sequence)).collect()
    };
    assert_eq!(shown(&due), [("1001".to_owned(), 1), ("1002".to_owned(), 1)]);
    settle(&world, &due[0], noon(6), later(noon(30), false)).await;
    settle(&world, &due[1], noon(6), DeliveryOutcome::Delivered).await;
    assert_eq!(shown(&claim(&world, noon(7)).await), [("1002".to_owned(), 2)], "{}", strict.id);
}

pub async fn what_was_told_is_sent_anew(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let first = endpoint(&world, plan("standard")).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    drain(&world, noon(5)).await;
    let before = lines(&world).await.remove(0);
    let ids = Resend { ids: vec![before.id], ..Resend::default() };
    let resend = |what: Resend| store.resend(world.shop.id, what, noon(7));
    assert_eq!(resend(Resend { is_dry: true, ..ids.clone() }).await.unwrap().again, 1);
    assert!(claim(&world, noon(8)).await.is_empty(), "that only counted");
    assert_eq!(resend(ids).await.unwrap().again, 1);
    let due = claim(&world, noon(8)).await.remove(0);
    assert_eq!(due.message_id, before.message_id, "the receiver can tell that it knows it");
    settle(&world, &due, noon(8), DeliveryOutcome::Delivered).await;
    // One that came later is told what it never was told, once.
    let second = endpoint(&world, plan("standard")).await;
    let filter =
        DeliveryFilter { endpoint: Some(second.id), since: Some(noon(-60)), ..DeliveryFilter::default() };
    let all = Resend { filter, fills_in: true, ..Resend::default() };
    let dry = resend(Resend { is_dry: true, ..all.clone() }).await.unwrap();
    assert_eq!((dry.again, dry.new), (0, 1));
    assert_eq!(resend(all.clone()).await.unwrap().new, 1);
    let due = claim(&world, noon(8)).await.remove(0);
    assert_eq!(due.endpoint.id, second.id);
    assert_ne!(due.message_id, before.message_id, "T-D15: another receiver, another id");
    settle(&world, &due, noon(8), DeliveryOutcome::Delivered).await;
    let again = resend(all).await.unwrap();
    assert_eq!((again.again, again.new), (1, 0));
    let other = World::new(&store).await;
    let foreign = Resend { ids: vec![before.id], ..Resend::default() };
    assert_eq!(store.resend(other.shop.id, foreign, noon(9)).await.unwrap().again, 0);
    let _ = first;
}

pub async fn t_c09_a_stale_lease_on_a_delivery_changes_nothing(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    endpoint(&world, plan("standard")).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    let first = claim(&world, noon(5)).await.remove(0);
    assert!(claim(&world, noon(5)).await.is_empty());
    let second = claim(&world, noon(6)).await.remove(0);
    assert_eq!(second.id, first.id);
    assert_eq!(settle(&world, &first, noon(6), DeliveryOutcome::Delivered).await, Settled::Stale);
    assert_eq!(settle(&world, &second, noon(6), DeliveryOutcome::Delivered).await, Settled::Done);
    assert_eq!(settle(&world, &second, noon(6), DeliveryOutcome::Delivered).await, Settled::Stale);
    assert_eq!(lines(&world).await[0].attempts, 2, "one of which nobody knows the end");
}

pub async fn keys_are_rotated_with_overlap_and_never_lost_by_an_edit(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let made = endpoint(&world, plan("standard")).await;
    let edited =
        store.update_endpoint(world.shop.id, made.id, plan("standard"), "owner").await.unwrap().unwrap();
    assert_eq!(edited.keys, made.keys, "T-D14");
    let overlap = SignedDuration::from_hours(24);
    let rotated = store.rotate_endpoint_key(world.shop.id, made.id, "whsec_bmV3", overlap, "owner").await;
    let rotated = rotated.unwrap().unwrap();
    let now = rotated.keys[1].until.unwrap().checked_sub(SignedDuration::from_hours(1)).unwrap();
    assert_eq!(rotated.keys_at(now), ["whsec_bmV3", "whsec_c2VjcmV0"]);
    let after = now.checked_add(SignedDuration::from_hours(2)).unwrap();
    assert_eq!(rotated.keys_at(after), ["whsec_bmV3"]);
    assert!(!format!("{rotated:?}").contains("bmV3"), "T-D13");
}

pub async fn bytes_are_known_to_the_endpoint_they_were_sent_to(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let mut paypal = plan("paypal-ipn");
    paypal.settings = BTreeMap::from([("receivers".to_owned(), "seller@example.com".to_owned())]);
    let endpoint = endpoint(&world, paypal).await;
    world.order("1001", "10.00").await;
    world.tell(payment("1001", "T1", "10.00")).await;
    let due = claim(&world, noon(5)).await.remove(0);
    let digest = vec![unique().to_le_bytes().to_vec(); 4].concat();
    let is_sent = |token: Option<&str>| store.is_sent_body(digest.clone(), token.map(str::to_owned));
    assert!(!is_sent(None).await.unwrap());
    store.note_sent_body(due.id, digest.clone()).await.unwrap();
    store.note_sent_body(due.id, digest.clone()).await.unwrap();
    assert!(is_sent(None).await.unwrap() && is_sent(Some(&endpoint.token)).await.unwrap());
    assert!(!is_sent(Some("another")).await.unwrap());
}

pub async fn an_order_with_a_url_of_its_own_is_told_there_only(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let usual = endpoint(&world, plan("standard")).await;
    let order = world.order("1001", "10.00").await;
    world.order("1002", "10.00").await;
    let own = store
        .create_endpoint(world.shop.id, plan("standard"), Some("whsec_b3du".into()), Some(order.id), "owner")
        .await
        .unwrap();
    world.tell(payment("1001", "T1", "10.00")).await;
    world.tell(payment("1002", "T2", "10.00")).await;
    let told: Vec<_> =
        lines(&world).await.into_iter().map(|line| (line.endpoint, line.order.unwrap().1)).collect();
    assert_eq!(told, [(own.id, "1001".to_owned()), (usual.id, "1002".to_owned())]);
    assert_eq!(store.endpoints(world.shop.id).await.unwrap().len(), 1, "the list has those for all orders");
}

pub async fn deliveries_go_when_they_were_kept_long_enough(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    endpoint(&world, plan("standard")).await;
    for number in 0..2 {
        let reference = format!("100{number}");
        world.order(&reference, "10.00").await;
        world.tell(payment(&reference, &format!("T{number}"), "10.00")).await;
    }
    let due = claim(&world, noon(5)).await.remove(0);
    settle(&world, &due, noon(5), DeliveryOutcome::Delivered).await;
    let sweep = |before| store.forget(ipnd_store::Retained::Deliveries, before, 0, noon(99_999));
    assert_eq!(sweep(noon(4)).await.unwrap().count, 0);
    assert_eq!(sweep(noon(99_999)).await.unwrap().count, 1, "what waits stays, however old it is");
    assert_eq!(store.delivery(world.shop.id, due.id).await.unwrap(), None);
    world.tell(refund("T0", "R0", "3.00")).await;
    let told = drain(&world, noon(100)).await;
    assert!(told.contains(&("1000".to_owned(), 2, "refund.completed")), "the numbers go on: {told:?}");
}
