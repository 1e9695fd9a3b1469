//! What is particular to PostgreSQL: several nodes at one database, and servers that fail.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
#[expect(dead_code, unused_macros, unused_imports, reason = "only the world is used here")]
mod conformance;

use conformance::world::{LEASE, WAITING_MAX, World, eur, fine, noon, payment, refund, sent, terms};
use ipnd_core::Environment;
use ipnd_store::postgres::{Options, PostgresStore};
use ipnd_store::{Change, CheckOutcome, Durability, Journaled, OrderFilter, Settled, Store, StoreError};
use ipnd_testkit::postgres::{Server, database};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

fn open(url: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(url, Options::default()).unwrap())
}

/// Claims one after the other and settles it until nothing is due any more. Every notification's body is
/// `REFERENCE TRANSACTION`, and for a refund its number behind that.
async fn work(store: Arc<dyn Store>) {
    let mut idle = 0;
    while idle < 3 {
        let due = store.claim_checks(noon(0), 1, LEASE).await.unwrap();
        idle = if due.is_empty() { idle + 1 } else { 0 };
        for due in due {
            let body = String::from_utf8(sent(&due).body.clone()).unwrap();
            let event = match body.split(' ').collect::<Vec<_>>()[..] {
                [reference, transaction] => payment(reference, transaction, "10.00"),
                [_, transaction, number] => refund(transaction, &format!("{transaction}-{number}"), "1.00"),
                _ => panic!("{body}"),
            };
            let outcome = CheckOutcome::genuine(vec![fine(event)], None);
            let settled = store.settle_check(due.notification, due.lease, noon(1), outcome).await;
            assert_eq!(settled, Ok(Settled::Done));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn i_05_each_notification_counts_once_whichever_of_three_nodes_takes_it() {
    const ORDERS: usize = 20;
    const REFUNDS: usize = 5;
    let database = database().unwrap();
    let nodes = [open(&database.url), open(&database.url), open(&database.url)];
    let world = World::new(&nodes[0]).await;
    world.product("TEA", "10.00", Some(1_000), "").await;
    // Half of the orders are registered before their messages come, half while they are worked on.
    let register = |number: usize| {
        let new = world.new_order(Some(&format!("R{number}")), terms(&[("TEA", 1, "10.00")]));
        nodes[number % 3].register_order(new)
    };
    for number in 0..ORDERS / 2 {
        register(number).await.unwrap();
    }
    // All that is about one order comes at once, four times, to all nodes.
    for number in 0..ORDERS {
        let refunds = (0..REFUNDS).map(|refund| format!("R{number} T{number} {refund}"));
        let mut arrivals = JoinSet::new();
        for (place, text) in refunds.chain([format!("R{number} T{number}")]).enumerate() {
            for copy in 0..4 {
                let new = world.notification(text.as_bytes(), noon(0));
                let store = Arc::clone(&nodes[(place + copy) % 3]);
                arrivals.spawn(async move { store.journal(new, WAITING_MAX).await.unwrap() });
            }
        }
        let journaled = arrivals.join_all().await;
        let new = journaled.iter().filter(|one| matches!(one, Journaled::New(_))).count();
        assert_eq!((new, journaled.len()), (REFUNDS + 1, 4 * (REFUNDS + 1)));
    }
    let mut workers = JoinSet::new();
    for node in nodes.iter().cycle().take(9) {
        workers.spawn(work(Arc::clone(node)));
    }
    for number in ORDERS / 2..ORDERS {
        register(number).await.unwrap();
    }
    workers.join_all().await;
    work(Arc::clone(&nodes[1])).await;

    let filter = OrderFilter { limit: 200, ..OrderFilter::default() };
    let orders = nodes[2].orders(world.shop.id, filter).await.unwrap();
    assert_eq!(orders.len(), ORDERS);
    for line in orders {
        let order = nodes[0].order(world.shop.id, line.id).await.unwrap().unwrap();
        assert_eq!(order.state.paid, eur("10.00"), "{}", order.reference);
        assert_eq!(order.state.refunded, eur("5.00"), "{}", order.reference);
        let mails = world.mail_kinds(line.id).await;
        let of_kind = |kind: &str| mails.iter().filter(|mail| **mail == kind).count();
        assert_eq!((of_kind("customer.paid"), of_kind("owner.paid")), (1, 1), "{mails:?}");
        assert_eq!(
            (of_kind("customer.refunded"), of_kind("owner.refunded")),
            (REFUNDS, REFUNDS),
            "{mails:?}"
        );
    }
    let tea = nodes[1].product(world.shop.id, "TEA").await.unwrap().unwrap();
    assert_eq!(tea.stock, Some(1_000 - i64::try_from(ORDERS).unwrap()));
    assert!(world.open_reviews().await.is_empty(), "{:?}", world.open_reviews().await);
    for node in nodes {
        node.close().await;
    }
}

#[tokio::test]
async fn t_b07_a_transaction_that_is_being_taken_elsewhere_makes_no_order() {
    let database = database().unwrap();
    let store = open(&database.url);
    let quick = World::new(&store).await;
    let slow = World::with(&store, Environment::Live, true).await;
    let order = quick.order("Q", "10.00").await;
    slow.journal(b"slow", noon(0)).await;
    let due = slow.claim(noon(0)).await.remove(0);
    // Another node is about to commit that the transaction pays the other shop's order.
    let (url, taken) = (database.url.clone(), [order.id.0, quick.shop.id.0]);
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let elsewhere = tokio::task::spawn_blocking(move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let mut transaction = client.transaction().unwrap();
        let sql = "INSERT INTO transactions (transaction_id, family, environment, order_id, shop_id)
                   VALUES ('T', 'paypal', 'live', $1, $2)";
        transaction.execute(sql, &[&taken[0], &taken[1]]).unwrap();
        begun.send(()).unwrap();
        // Not before somebody waits for this very transaction: other tests use the same server.
        let began = Instant::now();
        let waiting = "SELECT count(*) FROM pg_locks
                       WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))";
        while transaction.query_one(waiting, &[]).unwrap().get::<_, i64>(0) == 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "nobody is in its way");
        }
        transaction.commit().unwrap();
    });
    has_begun.await.unwrap();
    let told = || CheckOutcome::genuine(vec![fine(payment("S", "T", "10.00"))], None);
    let met = store.settle_check(due.notification, due.lease, noon(1), told()).await;
    assert!(matches!(met, Err(StoreError::Failed(_))), "{met:?}");
    elsewhere.await.unwrap();
    assert!(store.order_by_reference(slow.shop.id, "S").await.unwrap().is_none());
    // The worker tries once more, and the owner is asked.
    assert_eq!(slow.settle(&due, told()).await, Settled::Done);
    assert!(store.order_by_reference(slow.shop.id, "S").await.unwrap().is_none());
    assert_eq!(slow.open_reviews().await.len(), 1);
}

#[tokio::test]
async fn nodes_hear_of_each_other_s_changes() {
    let database = database().unwrap();
    let (one, two) = (open(&database.url), open(&database.url));
    let world = World::new(&one).await;
    let mut heard = two.changes();
    // The listener may still be on its way to the server.
    let began = Instant::now();
    loop {
        let body = format!("x{}", conformance::world::unique());
        let Journaled::New(id) = world.journal(body.as_bytes(), noon(0)).await else { panic!("a copy") };
        let told = tokio::time::timeout(Duration::from_millis(500), async {
            while heard.recv().await != Ok(Change::Notification(id)) {}
        });
        if told.await.is_ok() {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nothing was heard");
    }
}

#[tokio::test]
async fn t_g12_a_server_that_forgets_is_refused_and_a_standby_is_noticed() {
    let forgetful = Server::start(&["fsync = off"]).unwrap();
    let database = forgetful.database().unwrap();
    let error = PostgresStore::open(&database.url, Options::default()).err().unwrap();
    assert!(error.to_string().contains("fsync = off"), "{error}");
    drop(forgetful);

    let primary = Server::start(&["synchronous_standby_names = ''", "synchronous_commit = off"]).unwrap();
    let database = primary.database().unwrap();
    let store = open(&database.url);
    assert_eq!(store.durability(), Durability::Local);
    store.close().await;
    drop(primary);

    let primary = Server::start(&["synchronous_standby_names = '*'", "synchronous_commit = local"]).unwrap();
    let _standby = primary.standby(&[]).unwrap();
    let database = primary.database().unwrap();
    let store = open(&database.url);
    assert_eq!(
        store.durability(),
        Durability::Replicated,
        "ipnd waits for the standby even if others do not"
    );
}

#[tokio::test]
async fn i_15_while_the_server_is_away_nothing_is_acknowledged_and_afterwards_all_goes_on() {
    let mut server = Server::start(&[]).unwrap();
    let database = server.database().unwrap();
    let store = open(&database.url);
    let world = World::new(&store).await;
    world.journal(b"before", noon(0)).await;
    server.kill();
    let away = store.journal(world.notification(b"meanwhile", noon(0)), WAITING_MAX).await;
    assert!(matches!(away, Err(StoreError::Unreachable(_))), "{away:?}");
    assert!(matches!(store.probe().await, Err(StoreError::Unreachable(_))));
    server.restart().unwrap();
    let began = Instant::now();
    while store.probe().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "it does not find its server again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        matches!(world.journal(b"before", noon(1)).await, Journaled::Copy(_)),
        "what was acknowledged is there"
    );
    assert!(matches!(world.journal(b"meanwhile", noon(1)).await, Journaled::New(_)));
    assert_eq!(world.claim(noon(2)).await.len(), 2);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_together_make_the_tables_once() {
    let database = database().unwrap();
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url.clone();
            tokio::task::spawn_blocking(move || open(&url))
        })
        .collect();
    for node in nodes {
        assert!(!node.await.unwrap().has_owner().await.unwrap());
    }
}
