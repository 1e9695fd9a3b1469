//! What is particular to SQLite: one file, one writer, and what happens to both.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
#[expect(dead_code, unused_macros, unused_imports, reason = "only the world is used here")]
mod conformance;

use conformance::world::{LEASE, WAITING_MAX, World, fine, noon, payment, terms, unique};
use ipnd_core::{Language, OrderStatus};
use ipnd_store::sqlite::{Options, SqliteStore};
use ipnd_store::{
    CheckOutcome, Clock, Journaled, NewNotification, NewOwner, Settled, Store, StoreError, token,
};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinSet;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ipnd.db");
    (directory, path)
}

/// Opens the file as an owner's tool would.
fn look(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

#[tokio::test]
async fn many_at_once_share_a_sync() {
    let (_directory, path) = place();
    let sqlite = Arc::new(SqliteStore::open(&path).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as Arc<dyn Store>;
    let world = Arc::new(World::new(&store).await);
    let before = sqlite.commits();
    let mut journals = JoinSet::new();
    for number in 0..2_000 {
        let world = Arc::clone(&world);
        journals.spawn(async move { world.journal(format!("n{number}").as_bytes(), noon(0)).await });
    }
    let journaled = journals.join_all().await;
    assert!(journaled.iter().all(|one| matches!(one, Journaled::New(_))));
    let commits = sqlite.commits() - before;
    assert!(commits < 500, "2000 writes took {commits} commits");
}

#[tokio::test]
async fn the_owner_reads_the_file_while_the_store_runs() {
    let (_directory, path) = place();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).unwrap());
    let world = World::new(&store).await;
    world.order("1001", "19.95").await;
    world.tell(payment("1001", "T", "19.95")).await;
    let db = look(&path);
    let row = db
        .query_row(
            "SELECT reference, status, total, currency, customer_name, created_at FROM orders",
            [],
            |row| {
                (0..6).map(|column| row.get::<_, String>(column)).collect::<rusqlite::Result<Vec<String>>>()
            },
        )
        .unwrap();
    assert_eq!(row, ["1001", "paid", "19.95", "EUR", "Ada Byron", "2026-03-01T12:00:00.000Z"]);
    // The columns that people look for come first.
    let columns: Vec<String> =
        db.prepare("SELECT * FROM orders").unwrap().column_names().map(str::to_owned).collect();
    assert_eq!(columns[..6], ["reference", "status", "total", "currency", "paid", "refunded"]);
    let notification = db
        .query_row("SELECT CAST(body AS TEXT), method FROM notifications", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .unwrap();
    assert!(notification.0.starts_with("n="));
    assert!(db.execute("UPDATE notifications SET method = 'GET'", []).is_err(), "read only");
    // Writing goes on while somebody looks.
    world.tell(payment("1002", "T2", "1.00")).await;
}

#[tokio::test]
async fn a_row_of_orders_is_one_short_line() {
    let (_directory, path) = place();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).unwrap());
    let world = World::new(&store).await;
    let mut new = world.new_order(Some("1001"), terms(&[("", 1, "19.95")]));
    new.customer.name = Some("Ada\r\nByron".to_owned());
    let order = store.register_order(new).await.unwrap();
    world.tell(payment("1001", "T", "19.95")).await;
    let db = look(&path);
    let row: Vec<String> = db
        .query_row("SELECT * FROM orders", [], |row| {
            let columns = 0..row.as_ref().column_count();
            Ok(columns
                .filter_map(|column| row.get_ref(column).unwrap().as_str().ok().map(str::to_owned))
                .collect())
        })
        .unwrap();
    assert!(row.contains(&"ada@example.com".to_owned()), "{row:?}");
    assert!(row.iter().all(|text| text.len() < 60 && !text.contains(char::is_control)), "{row:?}");
    // What is long stands beside it, and nothing of it is lost.
    let details: i64 = db
        .query_row(
            "SELECT count(*) FROM order_details JOIN orders ON id = order_id WHERE state <> ''",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(details, 1);
    assert_eq!(world.read(order.id).await.customer.address, ["1 Example Street", "Exampleton"]);
}

#[tokio::test]
async fn a_notification_never_changes() {
    let (_directory, path) = place();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).unwrap());
    let world = World::new(&store).await;
    world.journal(b"n", noon(0)).await;
    store.close().await;
    let db = Connection::open(&path).unwrap();
    let error = db.execute("UPDATE notifications SET body = x'00'", []).unwrap_err();
    assert!(error.to_string().contains("a notification never changes"), "{error}");
}

#[tokio::test]
async fn the_audit_names_the_settings_that_changed_and_never_their_values() {
    let (_directory, path) = place();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).unwrap());
    let world = World::new(&store).await;
    let settings = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    for (name, values, creates_orders) in [
        ("PayPal", settings(&[("receivers", "seller@example.com"), ("secret", "hunter2")]), false),
        ("PayPal", settings(&[("receivers", "seller@example.com"), ("secret", "hunter3")]), false),
        ("Mine", settings(&[("accept_unconfirmed", "yes"), ("secret", "hunter3")]), true),
        ("Mine", settings(&[("accept_unconfirmed", "yes"), ("secret", "hunter3")]), true),
        ("Mine", settings(&[("secret", "hunter3")]), true),
    ] {
        let (shop, account) = (world.shop.id, world.account.id);
        let by = "owner@example.com";
        store.update_account(shop, account, name, values, creates_orders, by).await.unwrap().unwrap();
    }
    let db = look(&path);
    let made = "SELECT who || ' ' || about || ' ' || detail FROM audit WHERE what = 'account.created'";
    let made: String = db.query_row(made, [], |row| row.get(0)).unwrap();
    assert_eq!(made, format!("owner {} paypal-ipn", world.account.id));
    let mut rows =
        db.prepare("SELECT who, detail FROM audit WHERE what = 'account.changed' ORDER BY id").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    assert!(rows.iter().all(|(who, _)| who == "owner@example.com"));
    let details: Vec<&str> = rows.iter().map(|(_, detail)| detail.as_str()).collect();
    assert_eq!(
        details,
        [
            "secret set",
            "secret changed",
            "receivers removed, accept_unconfirmed set, name changed, creates_orders set",
            "accept_unconfirmed removed",
        ]
    );
}

#[tokio::test]
async fn only_one_ipnd_uses_the_file() {
    let (_directory, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    let Err(error) = SqliteStore::open(&path) else { panic!("two at once") };
    assert!(error.to_string().contains("is in use by another ipnd"), "{error}");
    store.close().await;
    assert!(store.probe().await.is_err(), "closed");
    assert!(store.has_owner().await.is_err(), "closed");
    drop(SqliteStore::open(&path).unwrap());
    SqliteStore::open(&path).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    store.probe().await.unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn a_newer_or_foreign_database_is_refused() {
    let (_directory, path) = place();
    SqliteStore::open(&path).unwrap().close().await;
    let db = Connection::open(&path).unwrap();
    db.execute("INSERT INTO migrations VALUES (9999, '9999_future', 'x', '2030-01-01T00:00:00.000Z')", [])
        .unwrap();
    let Err(error) = SqliteStore::open(&path) else { panic!("a newer database was opened") };
    assert!(error.to_string().contains("written by a newer ipnd"), "{error}");
    db.execute("DELETE FROM migrations WHERE number = 9999", []).unwrap();
    SqliteStore::open(&path).unwrap().close().await;
    db.execute("UPDATE migrations SET checksum = 'x' WHERE number = 2", []).unwrap();
    let Err(error) = SqliteStore::open(&path) else { panic!("a foreign database was opened") };
    assert!(error.to_string().contains("made by other migrations"), "{error}");
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let (_directory, path) = place();
    let clock = Clock::manual(noon(0));
    let open = || {
        let options = Options { clock: clock.clone(), ..Options::default() };
        Arc::new(SqliteStore::open_with(&path, options).unwrap()) as Arc<dyn Store>
    };
    let mut world = World::new(&open()).await;
    let order = world.order("1001", "10.00").await;
    world.tell(payment("1001", "T", "10.00")).await;
    let due = world.receive().await;
    let mails = world.store.claim_mails(noon(5), 10, LEASE).await.unwrap();
    assert_eq!(mails.len(), 2);
    let before = world.read(order.id).await;
    // The process ends without handing anything back.
    world.store.close().await;
    world.store = open();
    assert_eq!(world.read(order.id).await, before);
    let again = world.claim(noon(0)).await.remove(0);
    assert_eq!((again.notification, again.lease), (due.notification, due.lease + 1), "due at once (T-C08)");
    assert_eq!(world.settle(&due, CheckOutcome::genuine(vec![], None)).await, Settled::Stale);
    assert!(world.mails(order.id).await.iter().all(|mail| mail.is_doubtful));
    assert_eq!(world.store.claim_mails(noon(0), 10, LEASE).await.unwrap().len(), 2);
    // Replay after a restart (T-C01), and what waits is still counted.
    world.tell(payment("1001", "T", "10.00")).await;
    assert_eq!(world.mails(order.id).await.len(), 2);
    let refused = world.store.journal(world.notification(b"one more", noon(9)), 1).await;
    assert_eq!(refused, Err(StoreError::TooManyWaiting));
}

#[tokio::test]
async fn news_survives_a_restart() {
    let (_directory, path) = place();
    let clock = Clock::manual(noon(0));
    let open = || {
        let options = Options { clock: clock.clone(), ..Options::default() };
        Arc::new(SqliteStore::open_with(&path, options).unwrap()) as Arc<dyn Store>
    };
    let mut world = World::new(&open()).await;
    let thin =
        |world: &World, at| NewNotification { repeats_are_news: true, ..world.notification(b"id=tr_1", at) };
    world.store.journal(thin(&world, noon(0)), WAITING_MAX).await.unwrap();
    let lost = world.claim(noon(0)).await.remove(0);
    world.store.journal(thin(&world, noon(0)), WAITING_MAX).await.unwrap();
    // The process ends while somebody asks. Whoever asks next knows of the news.
    world.store.close().await;
    world.store = open();
    let due = world.claim(noon(0)).await.remove(0);
    let genuine = || CheckOutcome::genuine(vec![], None);
    assert_eq!(world.settle(&lost, genuine()).await, Settled::Stale);
    assert_eq!(world.settle(&due, genuine()).await, Settled::Done);
    assert!(world.claim(noon(60)).await.is_empty(), "it was asked after the news");
    // The process ends between the answer and the next question.
    world.store.journal(thin(&world, noon(70)), WAITING_MAX).await.unwrap();
    let due = world.claim(noon(70)).await.remove(0);
    world.store.journal(thin(&world, noon(70)), WAITING_MAX).await.unwrap();
    world.store.settle_check(due.notification, due.lease, noon(70), genuine()).await.unwrap();
    world.store.close().await;
    world.store = open();
    let due = world.claim(noon(71)).await.remove(0);
    world.store.settle_check(due.notification, due.lease, noon(71), genuine()).await.unwrap();
    assert!(world.claim(noon(99)).await.is_empty());
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let (_directory, path) = place();
    let sqlite = Arc::new(SqliteStore::open(&path).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as Arc<dyn Store>;
    let world = World::new(&store).await;
    let order = world.order("1001", "10.00").await;
    let due = world.receive().await;
    let pages: u32 = look(&path).pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    for _cycle in 0..3 {
        sqlite.limit_pages(Some(pages + 20)).await.unwrap();
        let mut kept = Vec::new();
        let error = loop {
            let mut body = vec![b'x'; 6_000];
            body.extend(unique().to_string().bytes());
            match store.journal(world.notification(&body, noon(0)), WAITING_MAX).await {
                Ok(Journaled::New(id)) => kept.push(id),
                Ok(Journaled::Copy(_)) => panic!("a copy"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::NoRoom(_)), "{error:?}");
        // Reading goes on, and nothing that was acknowledged is lost.
        assert_eq!(world.read(order.id).await.state.status, OrderStatus::Open);
        for id in &kept {
            assert!(store.notification(world.shop.id, *id).await.unwrap().is_some());
        }
        // Room again, without a restart.
        sqlite.limit_pages(None).await.unwrap();
        store.probe().await.unwrap();
        world.journal(format!("after {}", unique()).as_bytes(), noon(0)).await;
    }
    let outcome = CheckOutcome::genuine(vec![fine(payment("1001", "T", "10.00"))], None);
    assert_eq!(world.settle(&due, outcome).await, Settled::Done);
    assert_eq!(world.read(order.id).await.state.status, OrderStatus::Paid);
}

#[tokio::test]
async fn t_f11_api_keys_readable_at_rest() {
    let (directory, path) = place();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).unwrap());
    let world = World::new(&store).await;
    let owner = NewOwner {
        shop: world.shop.id,
        email: "owner@example.com".to_owned(),
        password_hash: None,
        language: Language::En,
    };
    let user = store.create_owner(owner, noon(0)).await.unwrap();
    let secrets: Vec<String> = (0..4).map(|_| token::random()).collect();
    let prints: Vec<String> = secrets.iter().map(|secret| token::fingerprint(secret)).collect();
    let key = format!("ipnd_key_{}", secrets[0]);
    let shown = &key[..14];
    store.create_api_key(world.shop.id, "Till", shown, &token::fingerprint(&key), noon(0)).await.unwrap();
    store.start_session(&prints[1], user.id, noon(0)).await.unwrap();
    store.put_code(&prints[2], Some(user.id), noon(60)).await.unwrap();
    store.put_code(&prints[3], None, noon(60)).await.unwrap();
    let hits = |needle: &str| {
        let files = std::fs::read_dir(directory.path()).unwrap();
        let contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        contents.filter(|bytes| bytes.windows(needle.len()).any(|part| part == needle.as_bytes())).count()
    };
    assert!(hits(&prints[1]) > 0, "the search would find them");
    for secret in &secrets {
        assert_eq!(hits(secret), 0);
    }
}

/// Not a test of its own: what [`t_c07_acknowledged_before_durable`] starts and kills.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Ok(path) = std::env::var("IPND_TEST_WRITES_TO") else { return };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(&path)).unwrap());
    let world = Arc::new(World::new(&store).await);
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let world = Arc::clone(&world);
        writers.spawn(async move {
            for number in 0_u64.. {
                let body = format!("writer={writer}&n={number}&process={}", std::process::id());
                let journaled = world.journal(body.as_bytes(), noon(0)).await;
                let Journaled::New(id) = journaled else { panic!("a copy") };
                // One write call for each line, so that a kill cannot leave half a line that looks whole.
                println!("acknowledged {} {} {body}.", world.shop.id, id);
            }
        });
    }
    writers.join_all().await;
}

#[tokio::test]
async fn t_c07_acknowledged_before_durable() {
    use std::io::BufRead as _;
    let (_directory, path) = place();
    for round in 1..=5 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env("IPND_TEST_WRITES_TO", &path)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = Vec::new();
        while acknowledged.len() < 100 * round {
            let line = lines.next().expect("the child lives until it is killed").unwrap();
            acknowledged.extend(line.contains("acknowledged ").then_some(line));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died counts as well.
        acknowledged.extend(lines.map_while(Result::ok).filter(|line| line.contains("acknowledged ")));
        let store = SqliteStore::open(&path).unwrap();
        for line in acknowledged.iter().filter(|line| line.ends_with('.')) {
            let words: Vec<&str> = line.split("acknowledged ").last().unwrap().split(' ').collect();
            let (shop, id) = (words[0].parse().unwrap(), words[1].parse().unwrap());
            let kept = store.notification(shop, id).await.unwrap().expect("acknowledged, so it is there");
            assert_eq!(String::from_utf8(kept.request.body).unwrap() + ".", words[2]);
        }
        let check: String =
            look(&path).pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        store.close().await;
    }
}
