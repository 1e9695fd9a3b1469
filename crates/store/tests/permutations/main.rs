//! M-PERM: what gateways tell of an order, in every sequence in which it can arrive, through the real store. In the end
//! the order, its books and its questions are the same.
//!
//! All sequences of all histories: `IPND_PERMUTATIONS=all cargo test --release --package ipnd-store --test permutations`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../conformance/mod.rs"]
#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
#[expect(dead_code, unused_macros, unused_imports, reason = "only the world is used here")]
mod conformance;

mod histories;

use conformance::world::{World, terms, unique};
use histories::HISTORIES;
use ipnd_store::sqlite::SqliteStore;
use ipnd_store::{Order, Store};
use ipnd_testkit::permutations;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sequences of one history that the short form plays.
const SHORT: usize = 12;

/// What begins the message of every finding.
const BROKEN: &str = "BROKEN PROMISE";

/// What the owner has in the end, without what differs from one order to the next.
#[derive(Debug, PartialEq)]
struct Books {
    state: String,
    customer: String,
    questions: Vec<(String, String, bool)>,
    payments: Vec<String>,
    /// Units on the shelf, and how many were told that it is paid. Nothing where the money is gone again: whether goods
    /// had left by then depends on when the payment came.
    effects: Option<(Option<i64>, usize)>,
}

struct Theatre {
    world: World,
    db: Connection,
}

impl Theatre {
    async fn open(path: &Path) -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path).unwrap());
        let world = World::new(&store).await;
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        Self { world, db }
    }

    /// Plays one sequence; the order is registered after so many messages, and the first comes once more at the end.
    async fn play(&self, history: &str, arrangement: &[usize], register_after: usize) -> Books {
        let suffix = format!("run-{}-", unique());
        let reference = format!("ref-{suffix}");
        self.world.product(&format!("TEA-{suffix}"), "20.00", Some(10), "").await;
        let events = histories::read(history, &reference, &suffix);
        let mut order = None;
        for (step, index) in arrangement.iter().enumerate() {
            if step == register_after {
                order = Some(self.register(&reference, &suffix).await);
            }
            self.world.tell(events[*index].clone()).await;
        }
        let order = match order {
            Some(order) => order,
            None => self.register(&reference, &suffix).await,
        };
        self.world.tell(events[arrangement[0]].clone()).await;
        self.books(&order, &suffix).await
    }

    async fn register(&self, reference: &str, suffix: &str) -> Order {
        let new = self.world.new_order(Some(reference), terms(&[(&format!("TEA-{suffix}"), 1, "20.00")]));
        self.world.store.register_order(new).await.unwrap()
    }

    async fn books(&self, order: &Order, suffix: &str) -> Books {
        let world = &self.world;
        let kept = world.read(order.id).await;
        let reviews = world.store.reviews_of(world.shop.id, order.id).await.unwrap();
        let product = world.store.product(world.shop.id, &format!("TEA-{suffix}")).await.unwrap();
        let plain = |text: String| text.replace(suffix, "N");
        let mut questions: Vec<_> = reviews
            .into_iter()
            // A question that has settled itself was asked in passing; the others are open, whatever came first.
            .filter(|review| !review.is_moot)
            .map(|review| {
                (review.question.kind.word().to_owned(), plain(review.question.subject), review.is_moot)
            })
            .collect();
        questions.sort();
        let stock = product.unwrap().stock;
        let kinds = world.mail_kinds(order.id).await;
        let told = kinds.iter().filter(|kind| kind.ends_with(".paid")).count();
        assert!(stock >= Some(9) && told <= 2, "{BROKEN}: sent or told twice: {stock:?} {kinds:?}");
        Books {
            state: plain(serde_json::to_string(&kept.state).unwrap()),
            customer: format!("{:?}", kept.customer),
            questions,
            payments: self.payments(order).into_iter().map(plain).collect(),
            effects: kept.state.is_settled().then_some((stock, told)),
        }
    }

    fn payments(&self, order: &Order) -> Vec<String> {
        let sql = "SELECT kind || ' ' || status || ' ' || coalesce(amount, '') || ' ' || counts || ' ' ||
                       transaction_id || ' ' || coalesce(parent_transaction_id, '') AS line
                   FROM payments WHERE order_id = ?1 ORDER BY line";
        let mut statement = self.db.prepare_cached(sql).unwrap();
        let lines = statement.query_map([order.id.0], |row| row.get(0)).unwrap();
        lines.collect::<rusqlite::Result<_>>().unwrap()
    }
}

/// Plays a history in all its sequences, or some of them. Gives how many those were.
async fn every_sequence(number: usize, path: &Path, is_full: bool) -> usize {
    let history = HISTORIES[number];
    let theatre = Theatre::open(path).await;
    let all = permutations(history.split(';').count());
    let count = all[0].len();
    let expected = theatre.play(history, &(0..count).collect::<Vec<_>>(), 0).await;
    let step = if is_full { 1 } else { all.len().div_ceil(SHORT) };
    let mut played = 0;
    for (place, arrangement) in all.iter().enumerate().step_by(step) {
        let register_after = place % (count + 1);
        let got = theatre.play(history, arrangement, register_after).await;
        assert_eq!(
            got, expected,
            "{BROKEN}: {history}\nas {arrangement:?}, registered after {register_after}"
        );
        played += 1;
    }
    theatre.world.store.close().await;
    played
}

#[test]
fn i_06_the_sequence_of_arrival_changes_nothing() {
    let is_full = std::env::var("IPND_PERMUTATIONS").is_ok_and(|much| much == "all");
    let memory = Path::new("/dev/shm");
    let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let directory = directory.unwrap();
    let (next, played) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..workers {
            threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                loop {
                    // The longest first, so that nobody waits for one at the end.
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    let Some(number) = HISTORIES.len().checked_sub(turn + 1) else { return };
                    let path = directory.path().join(format!("{number}.db"));
                    let count = runtime.block_on(every_sequence(number, &path, is_full));
                    played.fetch_add(count, Ordering::Relaxed);
                    let _ = std::fs::remove_file(path);
                }
            });
        }
    });
    println!("{} histories in {} sequences, 0 differences", HISTORIES.len(), played.into_inner());
}
