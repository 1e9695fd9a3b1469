//! A SQLite file, read as an owner's tool would read it.

use super::{Source, Stored};
use anyhow::Result;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

pub(super) fn open(path: &Path) -> Result<Box<dyn Source>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(Box::new(Sqlite(db)))
}

struct Sqlite(Connection);

impl Source for Sqlite {
    fn notifications(&mut self, each: &mut dyn FnMut(Stored)) -> Result<()> {
        // Column by column from the table itself: an index that disagrees with it is damage, and found below.
        // Text is what it was before a migration that may have been cut short.
        let sql = "SELECT body, CASE typeof(body_sha256) WHEN 'blob' THEN lower(hex(body_sha256)) ELSE body_sha256 END
                   FROM notifications NOT INDEXED";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(Stored { body: row.get(0)?, body_sha256: row.get(1)? });
        }
        Ok(())
    }

    fn count(&mut self, sql: &'static str) -> Result<u64> {
        let count: i64 = self.0.query_row(sql, [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    fn damage(&mut self) -> Result<Vec<String>> {
        let mut complaints = Vec::new();
        let mut check = self.0.prepare("PRAGMA integrity_check")?;
        let mut rows = check.query([])?;
        while let Some(row) = rows.next()? {
            let said: String = row.get(0)?;
            if said != "ok" {
                complaints.push(said);
            }
        }
        let mut check = self.0.prepare("PRAGMA foreign_key_check")?;
        let mut rows = check.query([])?;
        while let Some(row) = rows.next()? {
            complaints.push(format!("a row of {} refers to nothing", row.get::<_, String>(0)?));
        }
        Ok(complaints)
    }
}
