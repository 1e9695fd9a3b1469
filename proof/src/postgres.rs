//! A PostgreSQL server to measure with: set up as many are, so that it does not wait for its own small buffers.

use anyhow::{Result, ensure};
use ipnd_testkit::postgres::{Server, psql};

const SETTINGS: [&str; 4] =
    ["shared_buffers = '512MB'", "max_wal_size = '4GB'", "fsync = on", "synchronous_commit = on"];

pub(crate) struct Postgres(Server);

impl Postgres {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self(Server::start(&SETTINGS)?))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.pid()
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.0.base_url())
    }

    /// Runs SQL and gives what comes back as text.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let url = self.url(database);
        let options = ["--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1", "-c", sql, &url];
        let output = psql()?.args(options).current_dir("/").output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}
