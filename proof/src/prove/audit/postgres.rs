//! A PostgreSQL database, read by a connection of its own.

use super::{Source, Stored};
use anyhow::Result;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::{Client, NoTls};

pub(super) fn open(url: &str) -> Result<Box<dyn Source>> {
    Ok(Box::new(Postgres(Client::connect(url, NoTls)?)))
}

struct Postgres(Client);

impl Source for Postgres {
    fn notifications(&mut self, each: &mut dyn FnMut(Stored)) -> Result<()> {
        let none: [&str; 0] = [];
        let mut rows =
            self.0.query_raw("SELECT body, encode(body_sha256, 'hex') FROM notifications", none)?;
        while let Some(row) = rows.next()? {
            each(Stored { body: row.try_get(0)?, body_sha256: row.try_get(1)? });
        }
        Ok(())
    }

    fn count(&mut self, sql: &'static str) -> Result<u64> {
        let row = self.0.query_one(&format!("SELECT CAST(({sql}) AS bigint)"), &[])?;
        Ok(row.try_get::<_, i64>(0)?.cast_unsigned())
    }

    /// Foreign keys and unique keys are never anything but kept here, and there is no check of the files that a
    /// running server makes.
    fn damage(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
