//! `ipnd backup` beside a program that takes in notifications as fast as it can.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::{Demo, Program, ipnd, until};
use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use ipnd_gateways::{RawRequest, Settings};
use ipnd_store::Clock;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const SENDERS: u32 = 4;

fn backup(data: &Path, file: &Path, more: &[&str]) -> Output {
    ipnd().arg("backup").arg(file).arg("--data").arg(data).args(more).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Sends notifications of its own and writes down which of them were acknowledged.
struct Load {
    acknowledged: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(address: SocketAddr, intake: &str) -> Self {
        let (acknowledged, is_over) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let next = Arc::new(AtomicU32::new(0));
        let sender = |_| {
            let (acknowledged, is_over, next) =
                (Arc::clone(&acknowledged), Arc::clone(&is_over), Arc::clone(&next));
            let intake = intake.to_owned();
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let message = message(&format!("LOAD{}", next.fetch_add(1, Ordering::Relaxed)));
                    if send(address, &intake, &message) == 200 {
                        acknowledged.lock().unwrap().push(String::from_utf8(message.body).unwrap());
                    }
                }
            })
        };
        let senders = (0..SENDERS).map(sender).collect();
        Self { acknowledged, is_over, senders }
    }

    fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    fn end(self) -> Vec<String> {
        self.is_over.store(true, Ordering::Relaxed);
        self.senders.into_iter().for_each(|sender| sender.join().unwrap());
        Arc::try_unwrap(self.acknowledged).unwrap().into_inner().unwrap()
    }
}

/// A payment as Stripe would tell it to the demo's account.
fn message(transaction: &str) -> RawRequest {
    let stripe = ipnd_gateways::find("stripe").unwrap();
    let mut event = Event::new(EventKind::PaymentCompleted, transaction, Environment::Sandbox);
    event.transaction = Some(transaction.to_owned());
    event.order_ref = Some(transaction.to_owned());
    event.amount = Some(Money::parse("1.00", Currency::from_code("EUR").unwrap()).unwrap());
    (stripe.compose)(&event, &Settings::sample(stripe.settings), Clock::system().now()).unwrap()
}

fn send(address: SocketAddr, intake: &str, message: &RawRequest) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut bytes = format!("POST {intake} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in &message.headers {
        bytes += &format!("{name}: {value}\r\n");
    }
    bytes += &format!("content-length: {}\r\n\r\n", message.body.len());
    stream.write_all(bytes.as_bytes()).and_then(|()| stream.write_all(&message.body)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

fn bodies(database: &Path) -> BTreeSet<String> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = db.prepare("SELECT CAST(body AS TEXT) FROM notifications").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn check(data: &Path) -> Output {
    ipnd().arg("check").arg("--data").arg(data).output().unwrap()
}

/// So many backups are made one after the other under load. Each holds everything that had been acknowledged before it
/// began, nothing that was never sent, and is in order; put in the place of a database, ipnd goes on from it.
fn backups_under_load(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let demo = Demo::start(Some(&data));
    let intake: String = Connection::open(data.join("ipnd.db"))
        .unwrap()
        .query_row("SELECT '/in/' || token FROM accounts WHERE gateway = 'stripe'", [], |row| row.get(0))
        .unwrap();
    let load = Load::start(demo.address, &intake);
    let mut backups = Vec::new();
    for number in 0..count {
        // Something new since the last one.
        let before = backups.last().map_or(0, |(_, acknowledged): &(_, Vec<String>)| acknowledged.len());
        let acknowledged = until("new notifications", || {
            let acknowledged = load.acknowledged();
            (acknowledged.len() >= before + 10).then_some(acknowledged)
        });
        let file = folder.path().join(format!("backup-{number}.db"));
        let output = backup(&data, &file, &[]);
        assert!(output.status.success(), "{}", said(&output));
        backups.push((file, acknowledged));
    }
    let sent = load.end();
    for (file, acknowledged) in &backups {
        let kept = bodies(file);
        let missing: Vec<&String> = acknowledged.iter().filter(|body| !kept.contains(*body)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", file.display());
        assert!(kept.len() <= sent.len() + SENDERS as usize, "nothing that was never sent");
        let restored = tempfile::tempdir().unwrap();
        std::fs::copy(file, restored.path().join("ipnd.db")).unwrap();
        let output = check(restored.path());
        assert!(output.status.success(), "{}", said(&output));
    }
    let (last, acknowledged) = backups.pop().unwrap();
    let restored = tempfile::tempdir().unwrap();
    std::fs::copy(last, restored.path().join("ipnd.db")).unwrap();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut serve = ipnd();
    serve.args(["serve", "--listen", &address.to_string(), "--data"]).arg(restored.path());
    let _again = Program::start(&mut serve);
    until("the restored shop", || TcpStream::connect(address).ok());
    let after = message("AFTER");
    assert_eq!(send(address, &intake, &after), 200);
    let kept = bodies(&restored.path().join("ipnd.db"));
    assert!(kept.contains(std::str::from_utf8(&after.body).unwrap()) && kept.len() > acknowledged.len());
}

#[test]
fn i_29_a_backup_under_load_holds_everything_that_was_acknowledged() {
    backups_under_load(3);
}

#[test]
#[ignore = "the full form: twenty backups"]
fn i_29_twenty_backups_under_load() {
    backups_under_load(20);
}

#[test]
fn a_backup_replaces_nothing_unasked_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("backup.db");
    let refused = |output: &Output, expected: &str| {
        assert!(!output.status.success() && said(output).contains(expected), "{expected}: {}", said(output));
    };
    refused(&backup(&data, &file, &[]), "there is no database at");
    let demo = Demo::start(Some(&data));
    let output = backup(&data, &file, &[]);
    let text = said(&output);
    assert!(output.status.success() && text.contains("0 notifications"), "{text}");
    assert!(text.contains("everything that was acknowledged before it began"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it holds personal data");
    }
    std::fs::write(&file, "something else").unwrap();
    refused(&backup(&data, &file, &[]), "exists already; it is left as it is");
    assert_eq!(std::fs::read(&file).unwrap(), b"something else");
    assert!(backup(&data, &file, &["--force"]).status.success());
    assert!(bodies(&file).is_empty());
    // Whatever it is called.
    for own in ["ipnd.db", "ipnd.db-wal", "../data/ipnd.db.lock"] {
        refused(&backup(&data, &data.join(own), &["--force"]), "is the database itself");
    }
    refused(&backup(&data, folder.path(), &["--force"]), "is a folder");
    refused(&backup(&data, &folder.path().join("missing/b.db"), &[]), "cannot be written");
    // One that was interrupted is begun anew; one that runs is not disturbed.
    let partial = folder.path().join("backup.db.partial");
    std::fs::write(&partial, "half a copy").unwrap();
    assert!(backup(&data, &file, &["--force"]).status.success());
    assert!(!partial.exists());
    let running = std::fs::File::create(&partial).unwrap();
    running.lock().unwrap();
    refused(&backup(&data, &file, &["--force"]), "another backup is writing");
    assert!(partial.exists());
    drop(demo);
}
