//! The same story told to both engines leaves the same behind, byte for byte, and can be carried from one to the other
//! (I-31).

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
#[expect(dead_code, unused_macros, unused_imports, reason = "only the world is used here")]
mod conformance;

use conformance::world::{LEASE, World, event, fine, new_shop, noon, payment, reason, refund, terms};
use ipnd_core::{Concern, Environment, EventKind, ExaminedEvent, Language, MailKind, QuestionKind, Verdict};
use ipnd_store::postgres::{self, PostgresStore};
use ipnd_store::sqlite::{self, SqliteStore};
use ipnd_store::{
    CheckOutcome, Clock, MailOutcome, NewOwner, NewShop, Queue, Settled, Store, StoreError, TemplateText,
};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

fn in_sqlite(folder: &Path) -> Arc<dyn Store> {
    let options = sqlite::Options { clock: Clock::manual(noon(0)), ..sqlite::Options::default() };
    Arc::new(SqliteStore::open_with(&folder.join("ipnd.db"), options).unwrap())
}

fn in_postgres(url: &str) -> Arc<dyn Store> {
    let options = postgres::Options { clock: Clock::manual(noon(0)), ..postgres::Options::default() };
    Arc::new(PostgresStore::open(url, options).unwrap())
}

async fn export(store: &Arc<dyn Store>) -> Vec<String> {
    let (lines, mut taken) = tokio::sync::mpsc::channel(16);
    let exporting = store.export(lines);
    let taking = async {
        let mut all = Vec::new();
        while let Some(line) = taken.recv().await {
            all.push(line);
        }
        all
    };
    let (exported, all) = tokio::join!(exporting, taking);
    exported.unwrap();
    all
}

async fn import(store: &Arc<dyn Store>, all: Vec<String>) -> Result<u64, StoreError> {
    let (lines, taken) = tokio::sync::mpsc::channel(16);
    let giving = async move {
        for line in all {
            if lines.send(line).await.is_err() {
                break;
            }
        }
    };
    tokio::join!(store.import(taken), giving).0
}

/// Random tokens, numbered as they come up: all that may differ between two runs.
fn without_chance(lines: &[String]) -> Vec<String> {
    let mut known = HashMap::new();
    let is_random = |text: &str| {
        matches!(text.len(), 26 | 34) && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
    };
    let parts = |line: &String| -> String {
        let pieces = line.split('"').map(|piece| {
            if !is_random(piece) {
                return piece.to_owned();
            }
            let next = known.len();
            format!("token {}", known.entry(piece.to_owned()).or_insert(next))
        });
        pieces.collect::<Vec<_>>().join("\"")
    };
    lines.iter().map(parts).collect()
}

/// A shop's life with something of everything.
async fn story(store: &Arc<dyn Store>) {
    let shop = NewShop { slug: "tea".to_owned(), ..new_shop() };
    let shop = store.create_shop(shop, noon(0)).await.unwrap();
    let account = World::open_account(store, &shop, Environment::Live, false).await;
    let world = World { store: Arc::clone(store), shop, account };
    let owner = NewOwner {
        shop: world.shop.id,
        email: "Owner@example.com".to_owned(),
        password_hash: None,
        language: Language::En,
    };
    let user = store.create_owner(owner, noon(0)).await.unwrap();
    assert_eq!(store.user_by_email("owner@EXAMPLE.com").await.unwrap().unwrap().id, user.id);
    store.create_api_key(world.shop.id, "cart", "ipnd_", "print", noon(0)).await.unwrap();
    world.product("TEA", "10.00", Some(5), "").await;
    let text = TemplateText { subject: "s".to_owned(), text: "t\n“ü”".to_owned(), html: "h".to_owned() };
    store.put_template(world.shop.id, MailKind::CustomerPaid, Language::De, Some(text)).await.unwrap();

    let order = world.new_order(Some("1"), terms(&[("TEA", 2, "10.00")]));
    let order = store.register_order(order).await.unwrap();
    let numbers = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tell = async |place: usize, events: Vec<ExaminedEvent>| {
        world.journal(format!("n={}", numbers[place]).as_bytes(), noon(0)).await;
        let due = world.claim(noon(0)).await.remove(0);
        assert_eq!(world.settle(&due, CheckOutcome::genuine(events, None)).await, Settled::Done);
    };
    // A refund that is quicker than its payment, a copy, a wrong amount, a payment that nobody expected.
    tell(0, vec![fine(refund("T1", "R1", "4.00"))]).await;
    tell(1, vec![fine(payment("1", "T1", "20.00"))]).await;
    world.journal(b"n=b", noon(3)).await;
    let second = world.order("2", "7.00").await;
    tell(2, vec![fine(payment("2", "T2", "6.00"))]).await;
    tell(3, vec![fine(payment("unknown", "T3", "5.00"))]).await;
    let unproven = Concern {
        kind: QuestionKind::Receiver,
        expected: "seller@example.com".to_owned(),
        got: "somebody@example.com".to_owned(),
    };
    let wrong = ExaminedEvent { event: payment("2", "T4", "7.00"), concerns: vec![unproven] };
    tell(4, vec![wrong, fine(event(EventKind::DisputeOpened, "T1", "20.00", 9))]).await;
    world.journal(b"n=f", noon(0)).await;
    let due = world.claim(noon(0)).await.remove(0);
    world.settle(&due, CheckOutcome::forged(reason())).await;
    world.journal(b"n=g", noon(0)).await;
    let due = world.claim(noon(0)).await.remove(0);
    world.settle(&due, CheckOutcome::NotYetKnown { reason: reason(), again_at: Some(noon(60)) }).await;
    assert!(store.note_standstill(Queue::Checks, noon(60), noon(62)).await.unwrap());
    assert!(store.end_standstill(Queue::Checks, noon(63)).await.unwrap());

    for review in world.open_reviews().await {
        let verdict =
            if review.question.kind == QuestionKind::Amount { Verdict::Reject } else { Verdict::Accept };
        store.answer_review(world.shop.id, review.id, verdict, "owner@example.com", noon(6)).await.unwrap();
    }
    store.write_message(world.shop.id, order.id, "Thank you", noon(7)).await.unwrap();
    let third = world.order("3", "1.00").await;
    assert!(store.cancel_order(world.shop.id, third.id, noon(8)).await.unwrap());
    for (place, mail) in store.claim_mails(noon(9), 4, LEASE).await.unwrap().into_iter().enumerate() {
        let outcome = match place {
            0 => MailOutcome::Sent { to: "a@example.com".to_owned(), subject_line: "s".to_owned() },
            1 => MailOutcome::Later { reason: reason(), again_at: noon(20) },
            2 => MailOutcome::Failed { reason: reason() },
            _ => continue,
        };
        store.settle_mail(mail.id, mail.lease, noon(9), outcome).await.unwrap();
    }
    assert!(world.read(second.id).await.state.paid.is_positive());
}

#[tokio::test]
async fn i_31_the_same_story_leaves_the_same_in_both_and_can_be_carried_over() {
    let folder = tempfile::tempdir().unwrap();
    let database = ipnd_testkit::postgres::database().unwrap();
    let (sqlite, postgres) = (in_sqlite(folder.path()), in_postgres(&database.url));
    story(&sqlite).await;
    story(&postgres).await;
    let (ours, theirs) = (export(&sqlite).await, export(&postgres).await);
    assert!(ours.len() > 60, "{} lines", ours.len());
    for (ours, theirs) in without_chance(&ours).iter().zip(&without_chance(&theirs)) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());

    // From one to the other and back.
    let second = ipnd_testkit::postgres::database().unwrap();
    let moved = in_postgres(&second.url);
    import(&moved, ours.clone()).await.unwrap();
    assert_eq!(export(&moved).await, ours);
    let folder = tempfile::tempdir().unwrap();
    let back = in_sqlite(folder.path());
    import(&back, theirs.clone()).await.unwrap();
    assert_eq!(export(&back).await, theirs);
    // Life goes on there: what is new gets numbers of its own.
    for store in [&moved, &back] {
        let shop = store.shop_by_slug("tea").await.unwrap().unwrap();
        let account = store.accounts(shop.id).await.unwrap().remove(0);
        let world = World { store: Arc::clone(store), shop, account };
        let order = world.order("4", "3.00").await;
        world.tell(payment("4", "T9", "3.00")).await;
        assert_eq!(world.read(order.id).await.state.status.word(), "paid");
    }
    // And nothing is written over.
    let refused = import(&moved, ours).await;
    assert!(matches!(&refused, Err(StoreError::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_export_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_sqlite(folder.path());
    let heading = r#"["ipnd export",11]"#;
    for lines in [
        vec![],
        vec!["hello"],
        vec![r#"["ipnd export",10]"#],
        vec![heading, "no json"],
        vec![heading, r#"["nothing",1]"#],
        vec![heading, r#"["shops",1]"#],
        vec![heading, r#"["shops","a","b","en","EUR","x@example.com",1001,"2026",0,1]"#, "x"],
    ] {
        let refused = import(&store, lines.iter().map(|line| (*line).to_owned()).collect()).await;
        assert!(refused.is_err(), "{lines:?}");
        assert_eq!(export(&store).await, [heading], "{lines:?}");
    }
}
