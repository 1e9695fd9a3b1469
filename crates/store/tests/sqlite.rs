//! The conformance suite over SQLite. What is particular to SQLite is tested in `sqlite_file.rs`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
mod conformance;

use ipnd_store::sqlite::{self, SqliteStore};
use ipnd_store::{Clock, How, Store};
use std::sync::Arc;

macro_rules! over_sqlite {
    ($area:ident: $($name:ident,)+) => {$(
        #[tokio::test]
        async fn $name() {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("ipnd.db");
            let store = SqliteStore::open(&path).unwrap();
            let store: Arc<dyn Store> = Arc::new(store);
            conformance::$area::$name(Arc::clone(&store)).await;
            store.close().await;
            conformance::upkeep::nothing_is_found(&sqlite::examine(&path, &mut |_, _| ()).unwrap());
            let rebuilt = sqlite::rebuild(&path, How::Tell, &Clock::system(), &mut |_| ()).unwrap();
            conformance::upkeep::it_comes_to_the_same(&rebuilt, stringify!($area));
        }
    )+};
}

conformance::for_every_test!(over_sqlite);
