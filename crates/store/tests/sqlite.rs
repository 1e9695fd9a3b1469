//! The conformance suite over SQLite. What is particular to SQLite is tested in `sqlite_file.rs`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
mod conformance;

use ipnd_store::Store;
use ipnd_store::sqlite::SqliteStore;
use std::sync::Arc;

macro_rules! over_sqlite {
    ($area:ident: $($name:ident,)+) => {$(
        #[tokio::test]
        async fn $name() {
            let directory = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(&directory.path().join("ipnd.db")).unwrap();
            let store: Arc<dyn Store> = Arc::new(store);
            conformance::$area::$name(Arc::clone(&store)).await;
            store.close().await;
        }
    )+};
}

conformance::for_every_test!(over_sqlite);
