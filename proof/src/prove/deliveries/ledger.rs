//! What ipnd itself says it has told, by its API.

use crate::api::Api;
use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Rows of one page; the API gives no more.
const ROWS: u32 = 199;

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    /// The endpoint's name.
    pub(crate) endpoint: String,
    pub(crate) order: String,
    pub(crate) sequence: u32,
    pub(crate) state: String,
}

/// All of `GET /v1/deliveries`.
pub(crate) fn read(api: &mut Api) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut before = String::new();
    loop {
        let page = api.get(&format!("/v1/deliveries?limit={ROWS}{before}"))?;
        for row in page["data"].as_array().context("a list has rows")? {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            entries.push(Entry {
                id: text(&row["message_id"]),
                endpoint: text(&row["endpoint_name"]),
                order: text(&row["order"]["reference"]),
                sequence: row["sequence"].as_u64().and_then(|number| number.try_into().ok()).unwrap_or(0),
                state: text(&row["state"]),
            });
        }
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return Ok(entries),
        }
    }
}

/// Attempts at one delivery of which ipnd says that no answer came.
pub(crate) fn unanswered(api: &mut Api, id: &str) -> Result<usize> {
    let delivery = api.get(&format!("/v1/deliveries/{id}"))?;
    let tries = delivery["tries"].as_array().context("a delivery has attempts")?;
    Ok(tries.iter().filter(|attempt| attempt["status"].is_null()).count())
}

/// Deliveries that have still to be made, read as an owner's tool would read them.
pub(crate) fn waiting(database: &Path) -> Result<u64> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(Duration::from_secs(5))?;
    let sql = "SELECT count(*) FROM deliveries WHERE state = 'waiting'";
    let count: i64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
