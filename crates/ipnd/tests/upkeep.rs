//! `ipnd check` and `ipnd rebuild`: silent about a shop with a history, loud about every damage that is planted into a
//! copy of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::Browser;
use common::shopping::{api, rows};
use common::{Demo, ipnd, until};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// Gateways that prove themselves, that are asked back, and that name only what has changed.
const PLAYED: [(&str, &str); 5] = [
    ("stripe", "partial-refund"),
    ("stripe", "chargeback-won"),
    ("paypal-ipn", "sale-and-refund"),
    ("mollie", "sale-and-refund"),
    ("adyen", "authorised-then-captured"),
];

struct Shop {
    demo: Demo,
    data: TempDir,
}

/// A shop to which many things have happened: paid, refunded, cancelled, unknown orders, answers of the owner.
fn shop_with_a_history() -> Shop {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(Some(data.path()));
    let mut api = api(&demo);
    for (gateway, scenario) in PLAYED {
        let reference = format!("{gateway}-{scenario}");
        register(&mut api, &reference);
        trigger(&demo, &[gateway, "--scenario", scenario, "--order", &reference, "--amount", "14.90"]);
    }
    register(&mut api, "cancelled");
    let cancelled = api.post_json("/v1/orders/ref:cancelled/cancel", &json!({}));
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    for reference in ["unknown-1", "unknown-2"] {
        trigger(&demo, &["stripe", "payment.completed", "--order", reference, "--amount", "9.00"]);
    }
    register(&mut api, "short");
    trigger(&demo, &["stripe", "payment.completed", "--order", "short", "--amount", "14.00"]);
    let reviews = until("questions", || {
        let open = rows(&api.get("/v1/reviews"));
        (open.len() == 3).then_some(open)
    });
    for (number, review) in reviews.iter().enumerate() {
        let answer = if number == 0 { "reject" } else { "accept" };
        let path = format!("/v1/reviews/{}", review["id"].as_str().unwrap());
        let answered = api.post_json(&path, &json!({ "answer": answer }));
        assert_eq!(answered.status, 200, "{}", answered.body);
    }
    until("the end of all checks", || {
        let waiting = rows(&api.get("/v1/notifications?state=waiting&limit=100"));
        waiting.is_empty().then_some(())
    });
    Shop { demo, data }
}

fn register(api: &mut Browser, reference: &str) {
    let order = json!({
        "reference": reference,
        "currency": "EUR",
        "items": [{ "name": "Enamel mug", "sku": "MUG", "quantity": 1, "unit_price": "14.90" }],
        "customer": { "name": "Ada Example", "email": "ada@example.com" },
    });
    let answer = api.post_json("/v1/orders", &order);
    assert_eq!(answer.status, 201, "{}", answer.body);
}

fn trigger(demo: &Demo, arguments: &[&str]) {
    let mut command = ipnd();
    command.arg("trigger").args(arguments).args(["--currency", "EUR", "--demo", demo.text("base_url")]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a command on a data folder; gives whether it was content, and its JSON.
fn run(data: &Path, arguments: &[&str]) -> (bool, Value) {
    let output = ipnd().args(arguments).arg("--json").arg("--data").arg(data).output().unwrap();
    let json = serde_json::from_slice(&output.stdout);
    let said = json.unwrap_or_else(|_| panic!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), said)
}

/// The rules that do not hold.
fn broken(data: &Path) -> Vec<String> {
    let (is_fine, said) = run(data, &["check"]);
    let rules = said["rules"].as_array().unwrap().iter().filter(|rule| rule["holds"] == false);
    let names: Vec<String> = rules.map(|rule| rule["rule"].as_str().unwrap().to_owned()).collect();
    assert_eq!(is_fine, names.is_empty(), "{said}");
    names
}

/// Copies the database of a program that has ended, and damages the copy.
fn damaged(shop: &Path, damage: impl FnOnce(&Connection)) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(shop.join("ipnd.db"), copy.path().join("ipnd.db")).unwrap();
    let db = Connection::open(copy.path().join("ipnd.db")).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    damage(&db);
    db.close().unwrap();
    copy
}

#[test]
fn i_24_damage_is_found_and_what_follows_from_notifications_is_put_right() {
    let shop = shop_with_a_history();
    // Beside the running program.
    assert_eq!(broken(shop.data.path()), Vec::<String>::new());
    let (is_the_same, said) = run(shop.data.path(), &["rebuild"]);
    assert!(is_the_same && said["is_the_same"] == true, "{said}");
    assert!(said["read_again"].as_u64().unwrap() >= 10, "{said}");
    let output = ipnd().args(["rebuild", "--apply", "--data"]).arg(shop.data.path()).output().unwrap();
    assert!(!output.status.success(), "not while ipnd runs");
    let Shop { mut demo, data } = shop;
    demo.program.signal("TERM");
    assert!(demo.program.end().success());

    // What was received is the truth: damage to it can only be found.
    for (damage, rule) in [
        (
            "DROP TRIGGER notifications_never_change; UPDATE notifications SET body = CAST(body || ' ' AS BLOB) WHERE id = 2",
            "notifications",
        ),
        ("DELETE FROM checks WHERE notification_id = 2", "checks"),
        ("UPDATE checks SET state = 'forged', proved_by = NULL WHERE notification_id = 1", "checks"),
        ("UPDATE checks SET state = 'waiting', proved_by = NULL WHERE notification_id = 1", "events"),
        ("UPDATE orders SET total = '1.00' WHERE reference = 'short'", "orders"),
        ("DELETE FROM order_details WHERE order_id = 1", "orders"),
        ("DROP INDEX mails_of_order", "tables"),
        ("DROP TRIGGER notifications_never_change", "tables"),
        ("CREATE TRIGGER mine AFTER INSERT ON mails BEGIN DELETE FROM mails; END", "tables"),
        ("DELETE FROM notifications WHERE id = 1", "references"),
        ("UPDATE mails SET effect_key = 'x' WHERE id = 1", "mails"),
        (
            "UPDATE stock_movements SET quantity = -7 WHERE id = (SELECT min(id) FROM stock_movements)",
            "stock",
        ),
    ] {
        let copy = damaged(data.path(), |db| db.execute_batch(damage).unwrap());
        let found = broken(copy.path());
        assert!(found.iter().any(|name| name == rule), "{damage}: {found:?}");
    }

    // What follows from it is worked out again.
    for (damage, rule) in [
        ("UPDATE orders SET status = 'open' WHERE status = 'paid'", Some("orders")),
        ("UPDATE orders SET paid = '99.00' WHERE reference = 'short'", Some("orders")),
        ("UPDATE orders SET customer_email = 'eve@example.com' WHERE reference = 'short'", Some("orders")),
        ("UPDATE order_details SET state = replace(state, '\"paid\"', '\"open\"')", Some("orders")),
        ("DELETE FROM payments WHERE order_id = 1", Some("orders")),
        ("DELETE FROM transactions", Some("transactions")),
        ("UPDATE transactions SET order_id = 6 WHERE order_id = 1", Some("transactions")),
        ("UPDATE events SET order_id = NULL WHERE order_id = 2", Some("events")),
        ("UPDATE events SET amount = '1.00' WHERE id = 1", Some("events")),
        (
            "DELETE FROM notification_events WHERE event_id = 1; UPDATE reviews SET event_id = NULL WHERE event_id = 1;
             DELETE FROM events WHERE id = 1",
            Some("orders"),
        ),
        ("UPDATE events SET event = replace(event, '14.90', '9.90'), amount = '9.90' WHERE amount = '14.90'", Some("orders")),
        ("DELETE FROM reviews WHERE verdict IS NULL", None),
    ] {
        let copy = damaged(data.path(), |db| db.execute_batch(damage).unwrap());
        let found = broken(copy.path());
        assert!(rule.is_none_or(|rule| found.iter().any(|name| name == rule)), "{damage}: {found:?}");
        let (is_the_same, said) = run(copy.path(), &["rebuild"]);
        let is_seen = !said["differences"].as_array().unwrap().is_empty();
        assert_eq!((is_the_same, is_seen), (rule.is_none(), rule.is_some()), "{damage}: {said}");
        let (is_done, said) = run(copy.path(), &["rebuild", "--apply"]);
        assert!(is_done && said["is_applied"] == rule.is_some(), "{damage}: {said}");
        assert_eq!(broken(copy.path()), Vec::<String>::new(), "{damage}: after it was put right");
        let (is_the_same, said) = run(copy.path(), &["rebuild"]);
        assert!(is_the_same, "{damage}: after it was put right: {said}");
        assert!(!copy.path().join("ipnd.db.rebuild").exists());
    }
    a_flipped_bit_is_found(data.path());
    mails_that_turn_out_to_be_due_wait_for_a_word(data.path());
}

/// In the file itself, behind SQLite's back: in what was received, and in what holds the file together.
fn a_flipped_bit_is_found(data: &Path) {
    let file = data.join("ipnd.db");
    let bytes = std::fs::read(&file).unwrap();
    let body: Vec<u8> = Connection::open(&file)
        .unwrap()
        .query_row("SELECT substr(body, 1, 40) FROM notifications WHERE id = 1", [], |row| row.get(0))
        .unwrap();
    // Pages that are no longer used may hold it, too.
    let in_bodies = bytes.windows(body.len()).enumerate().filter(|(_, window)| *window == body);
    let in_bodies: Vec<usize> = in_bodies.map(|(place, _)| place + 20).collect();
    // Of a page that is a leaf of a table, the number of cells.
    let in_a_page = 3 + 8_192 * (1..).find(|page| bytes[8_192 * page] == 0x0d).unwrap();
    for (places, rule) in [(in_bodies, "notifications"), (vec![in_a_page], "file")] {
        let copy = tempfile::tempdir().unwrap();
        let mut flipped = bytes.clone();
        places.iter().for_each(|place| flipped[*place] ^= 0x04);
        std::fs::write(copy.path().join("ipnd.db"), flipped).unwrap();
        let found = broken(copy.path());
        assert!(found.iter().any(|name| name == rule), "bytes {places:?}: {found:?}");
    }
}

/// Nobody is mailed by a repair unless the owner says so.
fn mails_that_turn_out_to_be_due_wait_for_a_word(data: &Path) {
    let damage = "DELETE FROM mail_attempts; DELETE FROM mails WHERE kind = 'owner.paid'";
    for (flags, state) in
        [(&["rebuild", "--apply"][..], "failed"), (&["rebuild", "--apply", "--send"], "waiting")]
    {
        let copy = damaged(data, |db| db.execute_batch(damage).unwrap());
        assert_eq!(broken(copy.path()), ["mails"]);
        let (is_done, said) = run(copy.path(), flags);
        assert!(is_done, "{said}");
        assert!(said["new_mails"].as_array().unwrap().len() >= 4, "{said}");
        let db = Connection::open(copy.path().join("ipnd.db")).unwrap();
        let states = "SELECT group_concat(DISTINCT state) FROM mails WHERE kind = 'owner.paid'";
        let found: String = db.query_row(states, [], |row| row.get(0)).unwrap();
        assert_eq!(found, state);
        let others = "SELECT count(*) FROM mails WHERE kind <> 'owner.paid' AND state <> 'sent'";
        let touched: i64 = db.query_row(others, [], |row| row.get(0)).unwrap();
        assert_eq!(touched, 0, "what had been sent stays sent");
        assert_eq!(broken(copy.path()), Vec::<String>::new());
    }
}
