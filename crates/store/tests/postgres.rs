//! The conformance suite over PostgreSQL, on a server of our own.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
mod conformance;

use ipnd_store::Store;
use ipnd_store::postgres::{Options, PostgresStore};
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
        }
    )+};
}

conformance::for_every_test!(over_postgres);
