//! The auditor: a program of its own that holds a load generator's journal against the database and counts what does
//! not fit. It has its own SQL and shares nothing with ipnd but the data.

mod postgres;
mod sqlite;

use super::journal::{self, Record};
use super::message;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The load generator's journal
    #[arg(long)]
    journal: PathBuf,
    /// The database: a file, or postgres://...
    #[arg(long)]
    database: String,
    /// Everything that is stored must have had its whole effect, too
    #[arg(long)]
    settled: bool,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// What was found. The first four, `altered` and `damage` are never anything but zero when ipnd keeps its promises.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// Acknowledged, and not in the database.
    pub(crate) lost: u64,
    /// In the database, and never sent.
    pub(crate) phantom: u64,
    /// Stored, recorded, ordered, paid or mailed about more than once.
    pub(crate) double: u64,
    /// In the database with other bytes than were sent.
    pub(crate) altered: u64,
    /// Stored and settled without its whole effect.
    pub(crate) missing: u64,
    /// Complaints of the database about itself.
    pub(crate) damage: u64,
    /// In the database, and not acknowledged: allowed.
    pub(crate) unacknowledged: u64,
    /// In the database although a request for it got no answer, and none for it was acknowledged.
    pub(crate) unanswered: u64,
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) stored: u64,
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        self.lost + self.phantom + self.double + self.altered + self.missing + self.damage == 0
    }

    pub(crate) fn text(&self) -> String {
        format!(
            "lost {}, phantom {}, double {}, unacknowledged {}; altered {}, missing {}, damage {}; of {} sent, {} \
             acknowledged, {} stored",
            self.lost,
            self.phantom,
            self.double,
            self.unacknowledged,
            self.altered,
            self.missing,
            self.damage,
            self.sent,
            self.acknowledged,
            self.stored
        )
    }
}

/// A stored notification, as far as it matters.
struct Stored {
    body: Vec<u8>,
    /// What the database itself calls the SHA-256 of the body.
    body_sha256: String,
}

/// A database that can be read.
trait Source {
    /// Hands over every notification.
    fn notifications(&mut self, each: &mut dyn FnMut(Stored)) -> Result<()>;
    /// The number that a query gives.
    fn count(&mut self, sql: &'static str) -> Result<u64>;
    /// What the engine finds wrong with its own files.
    fn damage(&mut self) -> Result<Vec<String>>;
}

/// Each counts what there is more than once of, in words that every engine understands.
const DOUBLE: &[(&str, &str)] = &[
    (
        "events of one notification",
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM events GROUP BY notification_id) AS g",
    ),
    (
        "events for one reference",
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM events GROUP BY order_ref) AS g",
    ),
    (
        "orders with one reference",
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM orders GROUP BY reference) AS g",
    ),
    (
        "payments by one transaction",
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM payments GROUP BY transaction_id) AS g",
    ),
    (
        "payments of one order",
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM payments GROUP BY order_id) AS g",
    ),
    (
        "mails of one kind about one order",
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM mails WHERE order_id IS NOT NULL
             GROUP BY order_id, kind) AS g",
    ),
];

/// Each counts what ought to have come of what is stored and did not.
const MISSING: &[(&str, &str)] = &[
    ("notifications that are not genuine", "SELECT count(*) FROM checks WHERE state <> 'genuine'"),
    (
        "notifications without a check",
        "SELECT count(*) FROM notifications WHERE id NOT IN (SELECT notification_id FROM checks)",
    ),
    (
        "notifications without an event",
        "SELECT count(*) FROM notifications WHERE id NOT IN (SELECT notification_id FROM events)",
    ),
    ("events without an order", "SELECT count(*) FROM events WHERE order_id IS NULL"),
    ("orders that are not paid", "SELECT count(*) FROM orders WHERE status <> 'paid'"),
    (
        "orders without a payment",
        "SELECT count(*) FROM orders WHERE id NOT IN (SELECT order_id FROM payments)",
    ),
    (
        "orders whose customer is not told",
        "SELECT count(*) FROM orders WHERE id NOT IN
             (SELECT order_id FROM mails WHERE kind = 'customer.paid' AND order_id IS NOT NULL)",
    ),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let record = journal::read(&options.journal)?;
    let mut source = open(&options.database)?;
    let verdict = compare(&record, source.as_mut(), options.settled)?;
    if options.json {
        println!("{}", serde_json::to_string(&verdict)?);
    } else {
        println!("{}", verdict.text());
    }
    if !verdict.is_clean() {
        bail!("the journal and the database do not fit together");
    }
    Ok(())
}

fn open(database: &str) -> Result<Box<dyn Source>> {
    let source = if database.starts_with("postgres://") {
        postgres::open(database)
    } else {
        sqlite::open(database.as_ref())
    };
    source.context("the database cannot be read")
}

/// A look at how many notifications are not settled yet.
pub(crate) struct Unsettled(Box<dyn Source>);

impl Unsettled {
    pub(crate) fn of(database: &str) -> Result<Self> {
        open(database).map(Self)
    }

    pub(crate) fn count(&mut self) -> Result<u64> {
        self.0.count("SELECT count(*) FROM checks WHERE state = 'waiting'")
    }
}

fn compare(record: &Record, source: &mut dyn Source, is_settled: bool) -> Result<Verdict> {
    let mut verdict = Verdict {
        sent: record.numbers.len() as u64,
        acknowledged: record.acknowledged(),
        ..Verdict::default()
    };
    let mut found: HashMap<u64, u64> = HashMap::with_capacity(record.numbers.len());
    source.notifications(&mut |stored| {
        verdict.stored += 1;
        let number = message::number(&stored.body);
        let Some((number, told)) =
            number.and_then(|number| record.numbers.get(&number).map(|told| (number, told)))
        else {
            verdict.phantom += 1;
            return;
        };
        *found.entry(number).or_default() += 1;
        let hash = message::hash(&stored.body);
        verdict.altered += u64::from(hash != told.hash || hash != stored.body_sha256);
        verdict.unacknowledged += u64::from(!told.is_acknowledged);
        verdict.unanswered += u64::from(!told.is_acknowledged && told.unanswered > 0);
    })?;
    for (number, told) in &record.numbers {
        let times = found.get(number).copied().unwrap_or(0);
        verdict.lost += u64::from(told.is_acknowledged && times == 0);
        verdict.double += times.saturating_sub(1);
    }
    for (what, sql) in DOUBLE {
        verdict.double += say(what, source.count(sql)?);
    }
    for (what, sql) in MISSING.iter().filter(|_| is_settled) {
        verdict.missing += say(what, source.count(sql)?);
    }
    for complaint in source.damage()? {
        eprintln!("the database says: {complaint}");
        verdict.damage += 1;
    }
    Ok(verdict)
}

fn say(what: &str, count: u64) -> u64 {
    if count > 0 {
        eprintln!("{what}: {count}");
    }
    count
}

#[cfg(test)]
mod tests;
