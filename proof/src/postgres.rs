//! A PostgreSQL server of our own, from the machine's packages, that ends with us.

use crate::server::{Running, free_address};
use anyhow::{Context as _, Result, bail, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Postgres {
    pub(crate) running: Running,
    address: SocketAddr,
    programs: PathBuf,
}

/// Where Debian and its relatives keep the programs.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// Who runs it when we are root, as whom it refuses to run.
const SOMEBODY: &str = "postgres";
/// As many servers are set up, so that it does not wait for its own small buffers.
const SETTINGS: [&str; 6] = [
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "max_connections=200",
    "fsync=on",
    "synchronous_commit=on",
    "unix_socket_directories=",
];

impl Postgres {
    /// Makes a cluster in `folder` and starts it.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let programs = programs()?;
        let data = folder.join("postgres");
        std::fs::create_dir_all(&data)?;
        if is_root()? {
            let chown = Command::new("chown").arg(SOMEBODY).arg(&data).status()?;
            ensure!(chown.success(), "there is no user {SOMEBODY}");
        }
        let mut initdb = as_somebody(&programs.join("initdb"))?;
        initdb
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data);
        let made = initdb.current_dir("/").output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let address = free_address()?;
        let mut server = as_somebody(&programs.join("postgres"))?;
        server.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &address.port().to_string()]);
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        let mut running = Running::start(server.current_dir("/"), &folder.join("postgres.log"))?;
        running.listens(address)?;
        let postgres = Self { running, address, programs };
        // It listens a little before it lets anybody in.
        for _ in 0..100 {
            if postgres.ask("postgres", "SELECT 1").is_ok() {
                return Ok(postgres);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        bail!("PostgreSQL lets nobody in; see {}", folder.join("postgres.log").display())
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }

    /// Runs SQL and gives what comes back as text.
    pub(crate) fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        let output = psql.arg(self.url(database)).current_dir("/").output()?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).with_context(|| format!("no PostgreSQL in {PROGRAMS}"))?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    found.retain(|programs| programs.join("initdb").exists());
    found.sort();
    found.pop().with_context(|| format!("no PostgreSQL server in {PROGRAMS}"))
}

fn is_root() -> Result<bool> {
    Ok(Command::new("id").arg("-u").output()?.stdout == b"0\n")
}

fn as_somebody(program: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    // Unlike runuser, this becomes the program instead of staying above it.
    let mut command = Command::new("setpriv");
    command.args(["--reuid", SOMEBODY, "--regid", SOMEBODY, "--init-groups", "--"]).arg(program);
    Ok(command)
}
