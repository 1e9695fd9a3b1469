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
    pub(crate) fn settle(&self, mails: u64) -> Result<()> {
        let began = Instant::now();
        loop {
            let (all, waiting): (u32, u32) = self.0.query_row(
                "SELECT count(*), count(*) FILTER (WHERE state = 'waiting') FROM mails",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if u64::from(all) >= mails && waiting == 0 {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                bail!(
                    "{BROKEN}: of {mails} mails {all} were written and {waiting} still wait, with nobody at them"
                );
            }
            std::thread::sleep(LOOK);
        }
    }
}
