//! The conformance suite over PostgreSQL, on a server of our own.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
mod conformance;

use ipnd_store::postgres::{self, Options, PostgresStore};
use ipnd_store::{Clock, How, Store};
use std::sync::Arc;

macro_rules! over_postgres {
    ($area:ident: $($name:ident,)+) => {$(
        #[tokio::test]
        async fn $name() {
            let database = ipnd_testkit::postgres::database().unwrap();
            let store = PostgresStore::open(&database.url, Options::default()).unwrap();
            let store: Arc<dyn Store> = Arc::new(store);
            conformance::$area::$name(Arc::clone(&store)).await;
            store.close().await;
            // The client waits by itself, which it must not do within a runtime.
            std::thread::spawn(move || looked_through(&database.url, stringify!($area))).join().unwrap();
        }
    )+};
}

conformance::for_every_test!(over_postgres);

fn looked_through(url: &str, area: &str) {
    conformance::upkeep::nothing_is_found(&postgres::examine(url, &[], &mut |_, _| ()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let scratch = folder.path().join("scratch.db");
    let rebuilt = postgres::rebuild((url, &[]), &scratch, How::Tell, &Clock::system(), &mut |_| ()).unwrap();
    conformance::upkeep::it_comes_to_the_same(&rebuilt, area);
}

/// Damage by hand is found and put right, with a node at the same database.
#[tokio::test]
async fn what_differs_is_put_right_beside_running_nodes() {
    use conformance::world::{World, payment};
    let database = ipnd_testkit::postgres::database().unwrap();
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open(&database.url, Options::default()).unwrap());
    let world = World::with(&store, ipnd_core::Environment::Live, true).await;
    let order = world.order("1001", "19.95").await;
    world.tell(payment("1001", "T", "19.95")).await;
    world.tell(payment("2002", "U", "5.00")).await;
    let url = database.url.clone();
    let work = move || {
        let mut client = postgres_client(&url);
        let damages = [
            "UPDATE orders SET status = 'open', paid = '0.00' WHERE reference = '1001'",
            "DELETE FROM payments",
            "DELETE FROM transactions",
            "UPDATE events SET order_id = NULL",
        ];
        for damage in damages {
            client.batch_execute(damage).unwrap();
            let broken = postgres::examine(&url, &[], &mut |_, _| ()).unwrap();
            assert!(broken.iter().any(|rule| !rule.is_fine()), "{damage}");
            let folder = tempfile::tempdir().unwrap();
            let scratch = folder.path().join("scratch.db");
            let rebuild =
                |how| postgres::rebuild((&url, &[]), &scratch, how, &Clock::system(), &mut |_| ()).unwrap();
            assert!(!rebuild(How::Tell).is_the_same(), "{damage}");
            assert!(rebuild(How::Apply { sends: false }).is_applied, "{damage}");
            conformance::upkeep::nothing_is_found(&postgres::examine(&url, &[], &mut |_, _| ()).unwrap());
            conformance::upkeep::it_comes_to_the_same(&rebuild(How::Tell), "");
            assert!(!scratch.exists());
        }
    };
    std::thread::spawn(work).join().unwrap();
    // The node goes on from there, and new rows get ids of their own.
    assert_eq!(world.read(order.id).await.state.status, ipnd_core::OrderStatus::Paid);
    world.tell(payment("3003", "V", "7.00")).await;
    assert!(store.order_by_reference(world.shop.id, "3003").await.unwrap().is_some());
    store.close().await;
}

fn postgres_client(url: &str) -> ::postgres::Client {
    ::postgres::Client::connect(url, ::postgres::NoTls).unwrap()
}
