//! The outbox.

use super::world::{LEASE, World, event, noon, payment, reason, refund, terms};
use ipnd_core::{Customer, Event, EventKind, Language, MailKind, QuestionKind};
use ipnd_store::{DueMail, MailOutcome, MailState, NewOrder, Settled, Store, TemplateText};
use jiff::Timestamp;
use std::sync::Arc;

async fn claim(world: &World, now: Timestamp) -> Vec<DueMail> {
    let due = world.store.claim_mails(now, 1_000, LEASE).await.unwrap();
    due.into_iter().filter(|mail| mail.shop.id == world.shop.id).collect()
}

fn sent() -> MailOutcome {
    MailOutcome::Sent { to: "ada@example.com".to_owned(), subject_line: "Thank you".to_owned() }
}

async fn settle(world: &World, mail: &DueMail, outcome: MailOutcome) -> Settled {
    world.store.settle_mail(mail.id, mail.lease, noon(10), outcome).await.unwrap()
}

pub async fn nobody_is_mailed_twice(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    world.product("BOOK", "10.00", None, "https://example.com/book").await;
    let new = world.new_order(Some("1001"), terms(&[("BOOK", 1, "10.00")]));
    let order = store.register_order(new).await.unwrap();
    world.tell(payment("1001", "T", "10.00")).await;
    let due = claim(&world, noon(5)).await;
    assert_eq!(
        due.iter().map(|mail| mail.kind).collect::<Vec<_>>(),
        [MailKind::CustomerPaid, MailKind::OwnerPaid]
    );
    assert_eq!(due[0].access.len(), 1);
    assert_eq!(
        (due[0].attempts, due[0].doubts, due[0].order.as_ref().map(|order| order.id)),
        (0, 0, Some(order.id))
    );
    for mail in &due {
        assert_eq!(settle(&world, mail, sent()).await, Settled::Done);
        assert_eq!(settle(&world, mail, sent()).await, Settled::Stale);
    }
    // The money goes away and comes back: the order is paid again, the mail has been sent.
    world.tell(payment("1001", "T", "10.00")).await;
    assert!(claim(&world, noon(9_999)).await.is_empty());
    world.tell(refund("T", "R", "3.00")).await;
    let due = claim(&world, noon(9_999)).await;
    assert_eq!(due.len(), 2);
    assert_eq!(due[0].amount, Some(super::world::eur("3.00")));
    let line = &world.mails(order.id).await[0];
    assert_eq!((line.state, line.sent_at, line.attempts), (MailState::Sent, Some(noon(10)), 1));
    assert_eq!(line.subject_line.as_deref(), Some("Thank you"));
}

pub async fn an_attempt_without_an_end_is_doubtful(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let first = claim(&world, noon(5)).await.remove(0);
    assert!(!world.mails(order.id).await[0].is_doubtful, "somebody is at it");
    assert!(claim(&world, noon(5)).await.is_empty());
    let second = claim(&world, noon(6)).await.remove(0);
    assert_eq!((second.id, second.attempts, second.doubts), (first.id, 1, 1));
    assert!(world.mails(order.id).await[0].is_doubtful);
    assert_eq!(settle(&world, &first, sent()).await, Settled::Stale, "T-C09");
    let failed = MailOutcome::Failed { reason: reason() };
    assert_eq!(settle(&world, &second, failed).await, Settled::Done);
    let line = world.mails(order.id).await.remove(0);
    assert_eq!((line.state, line.last_reason, line.is_doubtful), (MailState::Failed, Some(reason()), true));
}

pub async fn mails_are_put_off_and_given_up(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let due = claim(&world, noon(5)).await;
    let later = MailOutcome::Later { reason: reason(), again_at: noon(30) };
    settle(&world, &due[0], later).await;
    settle(&world, &due[1], MailOutcome::Failed { reason: reason() }).await;
    assert_eq!(world.mails(order.id).await[0].next_at, Some(noon(30)));
    assert!(claim(&world, noon(29)).await.is_empty());
    let again = claim(&world, noon(30)).await;
    assert_eq!((again.len(), again[0].attempts, again[0].doubts), (1, 1, 0));
    let backlog = store.backlog(noon(30)).await.unwrap();
    assert!(backlog.mails_waiting >= 1);
}

pub async fn a_customer_without_an_address_is_not_forgotten(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let mut new = world.new_order(Some("1001"), terms(&[("", 1, "10.00")]));
    new.customer = Customer::default();
    let order = store.register_order(new).await.unwrap();
    assert_eq!(store.write_message(world.shop.id, order.id, "Hello", noon(0)).await.unwrap(), None);
    world.tell(payment("1001", "T", "10.00")).await;
    let mails = world.mails(order.id).await;
    assert_eq!((mails[0].kind, mails[0].state), (MailKind::CustomerPaid, MailState::Failed));
    assert_eq!(mails[0].last_reason.as_ref().unwrap().code, "no_address");
    assert_eq!(mails[1].state, MailState::Waiting, "the owner is told");
    // A later message of the gateway knows the address.
    let mut known = Event { identity: "later".to_owned(), ..payment("1001", "T", "10.00") };
    known.customer.email = Some("ada@example.com".to_owned());
    world.tell(known).await;
    assert_eq!(world.mails(order.id).await[0].state, MailState::Waiting);
}

pub async fn money_that_nobody_expected_is_mailed_to_the_owner(store: Arc<dyn Store>) {
    let (world, other) = (World::new(&store).await, World::new(&store).await);
    // Two shops may hear of the same transaction; each is told, and each once.
    for world in [&world, &other] {
        world.tell(event(EventKind::PaymentPending, "T", "12.00", 0)).await;
        world.tell(payment("X-1", "T", "12.00")).await;
        let due = claim(world, noon(5)).await;
        assert_eq!(due.len(), 1, "one question, one mail");
        assert_eq!((due[0].kind, due[0].order.as_ref()), (MailKind::OwnerReview, None));
        let question = due[0].question.as_ref().unwrap();
        assert_eq!((question.kind, question.subject.as_str()), (QuestionKind::UnknownOrder, "T"));
        assert_eq!(settle(world, &due[0], sent()).await, Settled::Done);
        assert_eq!(settle(world, &due[0], sent()).await, Settled::Stale);
    }
    // The same thing in other words is no question; another amount is one, and another mail.
    let other_words = Event { note: Some("other words".to_owned()), ..payment("X-1", "T", "12.00") };
    world.tell(other_words).await;
    assert!(claim(&world, noon(5)).await.is_empty());
    world.tell(payment("X-1", "T", "13.00")).await;
    let due = claim(&world, noon(5)).await;
    assert_eq!(due.len(), 1);
    let question = due[0].question.as_ref().unwrap();
    assert_eq!(
        (question.kind, question.got.as_str()),
        (QuestionKind::ContentChanged, r#"amount: {"amount":"13.00","currency":"EUR"}"#)
    );
    // Somebody else's transaction, for an order that does not exist.
    other.order("1001", "10.00").await;
    other.tell(payment("1001", "T-2", "10.00")).await;
    claim(&other, noon(5)).await;
    world.tell(payment("1001", "T-2", "10.00")).await;
    let late = NewOrder { created_at: noon(6), ..world.new_order(Some("1001"), terms(&[("", 1, "10.00")])) };
    store.register_order(late).await.unwrap();
    let kinds: Vec<_> =
        claim(&world, noon(6)).await.into_iter().map(|mail| mail.question.unwrap().kind).collect();
    assert!(kinds.contains(&QuestionKind::TransactionReused), "{kinds:?}");
}

pub async fn a_mail_about_a_question_carries_it(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "9.00")).await;
    let due = claim(&world, noon(5)).await;
    assert_eq!((due.len(), due[0].order.as_ref().map(|order| order.id)), (1, Some(order.id)));
    assert_eq!(due[0].question, Some(world.open_reviews().await.remove(0).question));
}

pub async fn the_owner_writes_to_the_customer(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let write = |text: &'static str| store.write_message(world.shop.id, order.id, text, noon(1));
    let first = write("Your tea is on its way.").await.unwrap().unwrap();
    let second = write("Your tea is on its way.").await.unwrap().unwrap();
    assert_ne!(first, second, "whoever writes twice is heard twice");
    let due = claim(&world, noon(1)).await;
    assert_eq!(due.len(), 2);
    assert_eq!(due[0].kind, MailKind::CustomerMessage);
    assert_eq!(due[0].message.as_deref(), Some("Your tea is on its way."));
    assert_eq!(world.mails(order.id).await[0].message.as_deref(), Some("Your tea is on its way."));
}

pub async fn templates_are_kept_and_given_back(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    let get = || store.template(world.shop.id, MailKind::CustomerPaid, Language::Uk);
    let put = |text| store.put_template(world.shop.id, MailKind::CustomerPaid, Language::Uk, text);
    assert_eq!(get().await.unwrap(), None);
    for subject in ["Дякуємо", "Щиро дякуємо"] {
        let own = TemplateText {
            subject: subject.to_owned(),
            text: "{{ order.reference }}".to_owned(),
            html: "<p>{{ order.reference }}</p>".to_owned(),
        };
        put(Some(own.clone())).await.unwrap();
        assert_eq!(get().await.unwrap(), Some(own));
    }
    let german = store.template(world.shop.id, MailKind::CustomerPaid, Language::De).await.unwrap();
    assert_eq!(german, None);
    put(None).await.unwrap();
    assert_eq!(get().await.unwrap(), None);
}

pub async fn t_e06_mail_bombing_through_us(store: Arc<dyn Store>) {
    let world = World::new(&store).await;
    for number in 0..30 {
        let reference = format!("10{number:02}");
        world.order(&reference, "10.00").await;
        world.tell(payment(&reference, &format!("T{number}"), "10.00")).await;
    }
    let mut went = 0;
    // One after the other, as the workers take them.
    loop {
        let due = store.claim_mails(noon(5), 1, LEASE).await.unwrap();
        let Some(mail) = due.first() else {
            if store.backlog(noon(5)).await.unwrap().oldest_mail_due_at.is_none() {
                break;
            }
            continue;
        };
        let is_customers = mail.kind.is_for_customer();
        went += u32::from(is_customers);
        let to = if is_customers { "Ada@example.com" } else { "owner@example.com" }.to_owned();
        settle(&world, mail, MailOutcome::Sent { to, subject_line: "Thank you".to_owned() }).await;
    }
    assert_eq!(went, 20, "and the owner's all go out");
    let order = store.order_by_reference(world.shop.id, "1029").await.unwrap().unwrap();
    let held = world.mails(order.id).await;
    let reasons: Vec<_> = held.iter().filter_map(|mail| mail.last_reason.as_ref()).collect();
    assert_eq!(reasons.iter().map(|reason| reason.code.as_str()).collect::<Vec<_>>(), ["too_many_mails"]);
    // An hour later they go on.
    let due = store.claim_mails(noon(5 + 61 + 10), 1, LEASE).await.unwrap();
    assert_eq!(due.len(), 1);
}
