//! The database in the ordinary `sqlite3` program, while ipnd runs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::Browser;
use common::{Demo, shopping};
use std::process::Command;

#[test]
#[ignore = "needs sqlite3; cargo xtask test runs it"]
fn an_owner_reads_the_orders_with_sqlite3() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(Some(data.path()));
    let mut browser = Browser::new(demo.address);
    let (_, checkout) = shopping::order(&mut browser, "MUG");
    browser.post(&checkout, &shopping::outcome("pay"));
    shopping::until_all(&mut shopping::api(&demo), 1, "paid");

    let shown = sqlite3(data.path(), "SELECT * FROM orders");
    for word in ["reference", "1001", "status", "paid", "total", "14.90", "EUR", "customer_email"] {
        assert!(shown.contains(word), "{word} is missing:\n{shown}");
    }
    // One line of headings, one of dashes, one an order: nothing breaks the table apart.
    assert_eq!(shown.trim_end().lines().count(), 3, "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() < 400), "{shown}");
    assert_eq!(sqlite3(data.path(), "PRAGMA integrity_check").lines().last().map(str::trim), Some("ok"));
}

fn sqlite3(data: &std::path::Path, sql: &str) -> String {
    let output = Command::new("sqlite3")
        .args(["-readonly", "-header", "-column"])
        .arg(data.join("ipnd.db"))
        .arg(sql)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
