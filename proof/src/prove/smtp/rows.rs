//! The mails as they stand in the database, read as an owner's tool would read them.

use anyhow::{Result, bail};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::prove::run::BROKEN;
use crate::prove::stage::PATIENCE;

const LOOK: Duration = Duration::from_millis(5);

/// One mail of one order.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) order: String,
    pub(crate) is_for_customer: bool,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    /// Attempts whose end is not known: what the owner is shown as doubtful.
    pub(crate) doubts: u32,
}

pub(crate) struct Outbox(Connection);

impl Outbox {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        db.busy_timeout(Duration::from_secs(5))?;
        Ok(Self(db))
    }

    pub(crate) fn mails(&self) -> Result<Vec<Mail>> {
        let mut statement = self.0.prepare(
            "SELECT o.reference, m.kind LIKE 'customer.%', m.state, m.reason,
                 (SELECT count(*) FROM mail_attempts a WHERE a.mail_id = m.id AND a.ended_at IS NULL)
             FROM mails m JOIN orders o ON o.id = m.order_id ORDER BY m.id",
        )?;
        let mails = statement.query_map([], |row| {
            Ok(Mail {
                order: row.get(0)?,
                is_for_customer: row.get(1)?,
                state: row.get(2)?,
                reason: row.get(3)?,
                doubts: row.get(4)?,
            })
        })?;
        Ok(mails.collect::<rusqlite::Result<_>>()?)
    }

    /// Waits until there are so many mails and none of them waits any more.
    pub(crate) fn settle(&self, mails: u32) -> Result<()> {
        self.wait(&format!("{mails} mails are done"), |now| now.all >= mails && now.waiting == 0)
    }

    /// Waits until there are so many mails, and all were tried whose end can be known; of so many it cannot.
    pub(crate) fn pause(&self, mails: u32, doubtful: u32) -> Result<()> {
        self.wait(&format!("{mails} mails were tried, no more than {doubtful} of them with a doubt"), |now| {
            now.all >= mails && now.untried == 0 && now.held <= doubtful
        })
    }

    fn wait(&self, what: &str, is_so: impl Fn(&Counts) -> bool) -> Result<()> {
        let began = Instant::now();
        loop {
            let now = self.counts()?;
            if is_so(&now) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                bail!("{BROKEN}: it never comes to this: {what}, but {now:?}");
            }
            std::thread::sleep(LOOK);
        }
    }

    fn counts(&self) -> Result<Counts> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE state = 'waiting'),
                       count(*) FILTER (WHERE state = 'waiting' AND attempts = 0),
                       count(*) FILTER (WHERE state = 'waiting' AND lease_until IS NOT NULL) FROM mails";
        Ok(self.0.query_row(sql, [], |row| {
            Ok(Counts { all: row.get(0)?, waiting: row.get(1)?, untried: row.get(2)?, held: row.get(3)? })
        })?)
    }
}

#[derive(Debug)]
struct Counts {
    all: u32,
    waiting: u32,
    untried: u32,
    /// Under a lease: somebody is at it, or was and cannot tell how it ended.
    held: u32,
}
