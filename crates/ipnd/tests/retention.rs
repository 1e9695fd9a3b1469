//! What `ipnd serve` deletes by itself, and that `ipnd check` and `ipnd rebuild` say so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::Browser;
use common::shopping::{api, order, outcome, until_all};
use common::{Demo, Program, ipnd, until};
use rusqlite::Connection;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

/// A folder with a paid order, as a real shop has it.
fn shop(folder: &Path) {
    let mut demo = Demo::start(Some(folder));
    let mut customer = Browser::new(demo.address);
    let (_, payment) = order(&mut customer, "MUG");
    customer.post(&payment, &outcome("pay"));
    until_all(&mut api(&demo), 1, "paid");
    demo.program.signal("TERM");
    assert!(demo.program.end().success());
    // What makes it a demo.
    std::fs::remove_file(folder.join("sandbox.db")).unwrap();
}

fn count(folder: &Path, sql: &str) -> i64 {
    let db = Connection::open(folder.join("ipnd.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn serve(folder: &Path) -> (Program, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = ipnd();
    command.args(["serve", "--listen", &address.to_string(), "--data"]).arg(folder);
    command.env("IPND_RETENTION_PROVED_DAYS", "3650");
    let program = Program::start(&mut command);
    until("the start", || std::net::TcpStream::connect(address).ok());
    (program, address)
}

fn run(folder: &Path, command: &str) -> String {
    let output = ipnd().args([command, "--data"]).arg(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn what_is_old_goes_by_itself_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let attempts = "SELECT count(*) FROM check_attempts";
    let requests = "SELECT count(*) FROM notifications WHERE length(body) > 0";
    assert_eq!((count(folder.path(), attempts) > 0, count(folder.path(), requests)), (true, 1));
    let (mut program, address) = serve(folder.path());
    let mut browser = Browser::new(address);
    assert!(!browser.get("/metrics").body.contains("ipnd_retention_deleted_total{"), "nothing is old");
    program.signal("TERM");
    assert!(program.end().success());
    assert_eq!(count(folder.path(), requests), 1);

    // Twelve years pass.
    let db = Connection::open(folder.path().join("ipnd.db")).unwrap();
    let guard = "SELECT sql FROM sqlite_schema WHERE name = 'notifications_never_change'";
    let guard: String = db.query_row(guard, [], |row| row.get(0)).unwrap();
    db.execute_batch(
        "DROP TRIGGER notifications_never_change;
         UPDATE notifications SET received_at = '2012' || substr(received_at, 5);
         UPDATE check_attempts SET at = '2012' || substr(at, 5);
         UPDATE mail_attempts SET started_at = '2012' || substr(started_at, 5)",
    )
    .unwrap();
    db.execute_batch(&guard).unwrap();
    drop(db);
    let (mut program, address) = serve(folder.path());
    let mut browser = Browser::new(address);
    let shown = until("the first round", || {
        let shown = browser.get("/metrics").body;
        let classes = ["proved", "check_attempts", "mail_attempts"];
        let is_told = |class| shown.contains(&format!("ipnd_retention_deleted_total{{class=\"{class}\"}}"));
        classes.into_iter().all(is_told).then_some(shown)
    });
    assert!(!shown.contains("class=\"copies\""), "{shown}");
    assert_eq!((count(folder.path(), attempts), count(folder.path(), requests)), (0, 0));
    assert_eq!(count(folder.path(), "SELECT count(*) FROM answers"), 0);
    assert_eq!(count(folder.path(), "SELECT count(*) FROM mails WHERE state = 'sent'"), 2);

    let said = run(folder.path(), "check");
    assert!(said.contains("1 of them were deleted, because they had been kept long enough"), "{said}");
    let said = run(folder.path(), "rebuild");
    assert!(said.contains("1 could not be: their requests were deleted"), "{said}");
    assert!(said.contains("Nothing differs"), "{said}");
    program.signal("TERM");
    assert!(program.end().success());
}
