//! The auditor against small databases with one thing wrong in each.

use super::{Verdict, compare, message, sqlite};
use crate::prove::journal::{Record, Told};
use rusqlite::{Connection, params};

const TABLES: &str = "
    CREATE TABLE notifications (body BLOB, body_sha256 BLOB, id INTEGER PRIMARY KEY);
    CREATE TABLE checks (notification_id INTEGER REFERENCES notifications (id), state TEXT);
    CREATE TABLE events (notification_id INTEGER, order_ref TEXT, order_id INTEGER);
    CREATE TABLE orders (reference TEXT, status TEXT, id INTEGER PRIMARY KEY);
    CREATE TABLE payments (transaction_id TEXT, order_id INTEGER);
    CREATE TABLE mails (order_id INTEGER, kind TEXT);";

/// A journal with three acknowledged numbers and one that was never answered, a database with what became of them,
/// and what the auditor says when `spoil` is done to the database.
fn after(spoil: &str) -> Verdict {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ipnd.db");
    let db = Connection::open(&path).expect("opens");
    db.execute_batch(TABLES).expect("tables");
    let mut record = Record::default();
    for number in 1..=4_u64 {
        let body = message::body(number, 0);
        let hash = message::hash(&body);
        let is_acknowledged = number < 4;
        let told = Told { hash: hash.clone(), is_acknowledged, unanswered: u32::from(!is_acknowledged) };
        record.numbers.insert(number, told);
        let id = number.cast_signed();
        let insert = |sql: &str| db.execute(sql, params![id]).expect("a row");
        db.execute("INSERT INTO notifications VALUES (?1, unhex(?2), ?3)", params![body, hash, id])
            .expect("a row");
        insert("INSERT INTO checks VALUES (?1, 'genuine')");
        insert("INSERT INTO events VALUES (?1, 'P-' || ?1, ?1)");
        insert("INSERT INTO orders VALUES ('P-' || ?1, 'paid', ?1)");
        insert("INSERT INTO payments VALUES ('T-' || ?1, ?1)");
        insert("INSERT INTO mails VALUES (?1, 'customer.paid')");
    }
    // What no database would do to itself.
    db.pragma_update(None, "foreign_keys", false).expect("a setting");
    db.execute_batch(spoil).expect("is spoilt");
    drop(db);
    compare(&record, sqlite::open(&path).expect("opens").as_mut(), true).expect("compares")
}

#[test]
fn what_fits_together_is_clean() {
    let verdict = after("");
    assert!(verdict.is_clean(), "{verdict:?}");
    let counts = (verdict.sent, verdict.acknowledged, verdict.stored, verdict.unacknowledged);
    assert_eq!((counts, verdict.unanswered), ((4, 3, 4, 1), 1));
}

#[test]
fn every_kind_of_breach_is_counted_as_what_it_is() {
    type Number = fn(&Verdict) -> u64;
    let cases: &[(&str, Number)] = &[
        ("DELETE FROM notifications WHERE id = 2", |v| v.lost),
        ("INSERT INTO notifications VALUES (CAST('{\"id\":\"evt_proof_9\"}' AS BLOB), '', 9)", |v| v.phantom),
        ("INSERT INTO notifications SELECT body, body_sha256, 9 FROM notifications WHERE id = 1", |v| {
            v.double
        }),
        ("INSERT INTO events VALUES (1, 'other', 1)", |v| v.double),
        ("INSERT INTO events VALUES (9, 'P-1', 1)", |v| v.double),
        ("INSERT INTO orders VALUES ('P-1', 'paid', 9)", |v| v.double),
        ("INSERT INTO payments VALUES ('T-1', 9)", |v| v.double),
        ("INSERT INTO payments VALUES ('T-9', 1)", |v| v.double),
        ("INSERT INTO mails VALUES (1, 'customer.paid')", |v| v.double),
        ("UPDATE notifications SET body = CAST(body || ' ' AS BLOB) WHERE id = 1", |v| v.altered),
        ("UPDATE notifications SET body_sha256 = x'00' WHERE id = 1", |v| v.altered),
        ("UPDATE checks SET state = 'waiting' WHERE notification_id = 1", |v| v.missing),
        ("DELETE FROM events WHERE order_id = 1", |v| v.missing),
        ("UPDATE orders SET status = 'open' WHERE id = 1", |v| v.missing),
        ("DELETE FROM mails WHERE order_id = 1", |v| v.missing),
        ("INSERT INTO checks VALUES (77, 'genuine')", |v| v.damage),
    ];
    for (spoil, number) in cases {
        let verdict = after(spoil);
        assert!(number(&verdict) > 0 && !verdict.is_clean(), "{spoil}: {verdict:?}");
    }
}
