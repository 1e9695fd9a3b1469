//! How SQLite goes about the statements of the operations: nothing that runs for each notification may take longer the
//! more there is.

use super::{Options, SqliteStore};
use rusqlite::Connection;
use std::path::Path;

/// Tables that stay small however much is sold, indexes that only hold what waits or what a limit bounds, and what is
/// there once.
const SHORT: &[&str] = &[
    "accounts",
    "api_keys",
    "codes",
    "products",
    "sessions",
    "shops",
    "users",
    "probe",
    "checks_due",
    "checks_forged",
    "mails_due",
    "reviews_open",
    "endpoints_of_shop",
    "endpoints_to_sweep",
    "endpoints_resting",
    "endpoints_pacing",
    "deliveries_due",
    "deliveries_leased",
    "vendors",
];

/// Every statement that is written down in the sources of the operations.
fn statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&path).expect("sources are text");
        // Statements contain no double quotes.
        let texts = source.split('"').filter(|text| {
            ["SELECT ", "UPDATE ", "DELETE FROM ", "INSERT INTO ", "WITH "]
                .iter()
                .any(|word| text.starts_with(word))
        });
        found.extend(
            texts.filter(|text| !text.contains("sqlite_master")).map(|text| (name.clone(), text.to_owned())),
        );
    }
    found
}

fn plan(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get::<_, String>("detail")?);
    }
    Ok(steps)
}

/// Columns with few values, each of which a good part of all rows has.
const COARSE: &[&str] =
    &["shop_id", "account_id", "family", "environment", "gateway", "kind", "state", "status"];

/// A search by nothing else.
fn is_coarse(step: &str) -> bool {
    let Some((_, by)) = step.strip_suffix(')').and_then(|step| step.rsplit_once('(')) else { return false };
    by.split(" AND ")
        .all(|condition| COARSE.contains(&condition.split(['=', '<', '>']).next().unwrap_or(condition)))
}

/// Steps that go through a whole table, or through all that one shop has of it.
fn is_long(steps: &[String]) -> bool {
    let is_short = |step: &&String| {
        // What a subquery has found.
        let inner =
            step.strip_prefix("SCAN ").is_some_and(|name| steps.contains(&format!("CO-ROUTINE {name}")));
        inner || SHORT.iter().any(|short| step.contains(short))
    };
    let is_all = |step: &&String| step.starts_with("SCAN ") || is_coarse(step);
    steps.iter().filter(is_all).any(|step| !is_short(&step))
}

#[test]
fn no_statement_goes_through_a_table_that_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ipnd.db");
    drop(SqliteStore::open_with(&path, Options::default()).expect("opens"));
    let db = super::readers::connect(&path).expect("opens");
    let statements = statements();
    let (mut planned, mut long) = (0, Vec::new());
    for (file, sql) in &statements {
        // Some are PostgreSQL's.
        let Ok(steps) = plan(&db, sql) else { continue };
        planned += 1;
        // The plan of an INSERT names the references to its table, too, which only a change of the key would follow.
        if !sql.starts_with("INSERT") && is_long(&steps) {
            long.push(format!("{file}: {sql}\n    {}", steps.join("\n    ")));
        }
    }
    assert!(planned > 100, "the sources were read: {planned} statements");
    assert!(long.is_empty(), "{}", long.join("\n\n"));
}
