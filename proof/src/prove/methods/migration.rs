//! The process ends at every step of an upgrade: a database as the first release made it, with many rows, is brought
//! forward by an ipnd that is killed at its first, second, third ... call of a kind.

use crate::prove::Ground;
use crate::prove::message;
use crate::prove::run::{BROKEN, Figures, Run};
use crate::prove::stage::{PATIENCE, Stage, Under};
use crate::prove::strace::{self, Inject};
use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;

/// What the first release applied. Migrations that have been released never change, so these are read as they stand.
const OLDEST: &[(&str, &str)] = &[
    ("0001_shops", include_str!("../../../../crates/store/migrations/sqlite/0001_shops.sql")),
    ("0002_orders", include_str!("../../../../crates/store/migrations/sqlite/0002_orders.sql")),
    ("0003_notifications", include_str!("../../../../crates/store/migrations/sqlite/0003_notifications.sql")),
    ("0004_people", include_str!("../../../../crates/store/migrations/sqlite/0004_people.sql")),
];

const CALLS: &[&str] = &["pwrite64", "fdatasync", "fsync", "openat", "ftruncate", "unlink"];

pub(crate) fn i_28_the_process_ends_while_it_upgrades(ground: &Ground) -> Result<Figures> {
    strace::is_there()?;
    let rows = ground.pick(60, 50_000);
    let mut old = Old::make(ground, rows)?;
    let mut figures = Vec::new();
    let mut kills = 0;
    for call in CALLS {
        let mut places = 0;
        let mut nth = 1;
        while old.killed_at(ground, &Inject { call, what: "signal=KILL", nth, is_sticky: false })? {
            places += 1;
            // There are as many writes as there are rows, and one in the middle is like the next.
            let is_many = matches!(*call, "pwrite64" | "openat");
            nth += ground.pick(if is_many { 12 } else { 2 }, if is_many { 1 + nth / 16 } else { 1 });
        }
        kills += places;
        figures.push(format!("killed at {places} places of {call} within an upgrade"));
    }
    figures.push(format!("{kills} kills; {rows} rows complete each time, the schema old or new"));
    Ok(figures)
}

/// The pattern of an old database, and a journal that knows its rows.
struct Old {
    run: Run,
    bytes: Vec<u8>,
    newest: i64,
}

impl Old {
    fn make(ground: &Ground, rows: u64) -> Result<Self> {
        let mut run = Run::new(ground.pattern.stage()?)?;
        let new = run.stage.database();
        let newest = migrations(&new)?;
        let old = run.scratch("old.db");
        write_old(&old, &new, rows).context("an old database could not be made")?;
        let bytes = std::fs::read(&old)?;
        run.pretend_sent(rows)?;
        Ok(Self { run, bytes, newest })
    }

    /// Whether it came to the call; then everything is looked at.
    fn killed_at(&mut self, ground: &Ground, inject: &Inject) -> Result<bool> {
        let stage = &self.run.stage;
        self.lay_out(stage)?;
        let log = self.run.scratch("strace");
        let under = Under { program: inject.before_program(&log), variables: Vec::new() };
        let mut server = stage.spawn(&under)?;
        let is_killed = match server.ready() {
            Ok(_) => false,
            Err(_) => strace::seen(&log)?.was_killed,
        };
        if !is_killed {
            ensure!(server.has_ended()?.is_none(), "ipnd did not start with an old database");
            let traced = strace::traced_by(server.id()).context("nothing is traced")?;
            crate::prove::stage::signal(traced, "TERM")?;
            server.end(PATIENCE)?;
            return Ok(false);
        }
        let between = migrations(&stage.database())?;
        let oldest = OLDEST.len() as i64;
        ensure!(
            (oldest..=self.newest).contains(&between),
            "{BROKEN}: {between} migrations after {}",
            inject.text()
        );
        self.run.audit(false).with_context(|| inject.text())?;
        let (mut server, _) =
            stage.start(&Under::default()).context(format!("{BROKEN}: no start after {}", inject.text()))?;
        ensure!(migrations(&stage.database())? == self.newest, "{BROKEN}: the upgrade was not finished");
        if !ground.is_full {
            self.run.settle()?;
        }
        self.run.audit(!ground.is_full)?;
        server.signal("TERM")?;
        server.end(PATIENCE)?;
        Ok(true)
    }

    fn lay_out(&self, stage: &Stage) -> Result<()> {
        for name in ["ipnd.db-wal", "ipnd.db-shm"] {
            let _ = std::fs::remove_file(stage.data.join(name));
        }
        Ok(std::fs::write(stage.database(), &self.bytes)?)
    }
}

fn migrations(path: &Path) -> Result<i64> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(db.query_row("SELECT count(*) FROM migrations", [], |row| row.get(0))?)
}

/// The oldest tables, the new database's shop and account in them, and notifications that wait.
fn write_old(path: &Path, new: &Path, rows: u64) -> Result<()> {
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "page_size", 8_192)?;
    db.execute_batch(
        "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
             applied_at TEXT NOT NULL) STRICT;",
    )?;
    for (index, (name, text)) in OLDEST.iter().enumerate() {
        db.execute_batch(text)?;
        let values = params![index as i64 + 1, name, message::hash(text.as_bytes())];
        db.execute("INSERT INTO migrations VALUES (?1, ?2, ?3, '2026-01-01T00:00:00.000Z')", values)?;
    }
    db.execute("ATTACH ?1 AS newer", [new.display().to_string()])?;
    for table in ["shops", "users", "accounts"] {
        let columns = columns(&db, table)?.join(", ");
        db.execute_batch(&format!(
            "INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}"
        ))?;
    }
    let transaction = db.transaction()?;
    for number in 1..=rows {
        let body = message::body(number, 0);
        // As it came when its signature was fresh.
        let signed = message::signature(&body, 1_789_999_980);
        let headers = serde_json::to_string(&[["stripe-signature", signed.as_str()]])?;
        transaction.execute(
            "INSERT INTO main.notifications
                 (id, received_at, method, query, body, headers, body_sha256, account_id, shop_id)
             SELECT ?1, '2026-09-21T14:13:00.000Z', 'POST', '', ?2, ?3, ?4, id, shop_id FROM main.accounts",
            params![number.cast_signed(), body, headers, message::hash(&body)],
        )?;
    }
    transaction.execute_batch(
        "INSERT INTO main.checks (notification_id, state, due_at, account_id, shop_id)
         SELECT id, 'waiting', received_at, account_id, shop_id FROM main.notifications",
    )?;
    transaction.commit()?;
    db.execute_batch("DETACH newer")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}

fn columns(db: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1, 'main')")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}
