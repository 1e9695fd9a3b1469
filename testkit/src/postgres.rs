//! PostgreSQL servers from the system's package, in folders of their own, on ports of their own.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where a running server is that all tests may use, such as `postgres://postgres@127.0.0.1:5499`. Without it, each test
/// program starts its own.
pub const SHARED: &str = "IPND_TEST_POSTGRES";

/// PostgreSQL does not run as root; this user of the package is taken instead.
const USER: &str = "postgres";
const START_WITHIN: Duration = Duration::from_secs(30);

/// A server that ends with this value, at the latest.
pub struct Server {
    folder: TempDir,
    child: Child,
    port: u16,
}

/// An empty database on some server.
pub struct Database {
    /// `postgres://postgres@127.0.0.1:PORT/NAME`
    pub url: String,
    /// Holds the server, where it is this program's own.
    _server: Option<std::sync::Arc<Server>>,
}

/// Whether there is a PostgreSQL to start.
#[must_use]
pub fn is_installed() -> bool {
    program("initdb").is_ok()
}

/// The program that speaks to a server, without anybody's own settings.
///
/// # Errors
/// PostgreSQL is not installed.
pub fn psql() -> Result<Command> {
    let mut command = Command::new(program("psql")?);
    command.arg("--no-psqlrc");
    Ok(command)
}

/// An empty database: on the shared server, or on one that this program starts and shares among its tests.
///
/// # Errors
/// PostgreSQL is not installed, or does not start.
pub fn database() -> Result<Database> {
    static OWN: std::sync::Mutex<std::sync::Weak<Server>> = std::sync::Mutex::new(std::sync::Weak::new());
    if let Ok(base) = std::env::var(SHARED) {
        return create(&base, None);
    }
    let server = {
        let mut own = OWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match own.upgrade() {
            Some(server) => server,
            None => {
                let server = std::sync::Arc::new(Server::start(&[])?);
                *own = std::sync::Arc::downgrade(&server);
                server
            }
        }
    };
    create(&server.base_url(), Some(server))
}

fn create(base: &str, server: Option<std::sync::Arc<Server>>) -> Result<Database> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Process ids come round again within one long run.
    let now = std::time::UNIX_EPOCH.elapsed().context("the clock is before 1970")?.as_nanos();
    let name = format!("t{}_{}_{now}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let status = psql()?
        .args(["--quiet", "--command", &format!("CREATE DATABASE {name}")])
        .arg(format!("{base}/postgres"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("psql could not be started")?;
    if !status.success() {
        bail!("the database {name} could not be made");
    }
    Ok(Database { url: format!("{base}/{name}"), _server: server })
}

impl Server {
    /// Makes a cluster and starts it. `settings` are lines of its configuration, such as `max_connections = 300`.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub fn start(settings: &[&str]) -> Result<Self> {
        let folder = folder()?;
        let cluster = folder.path().join("data");
        let made = as_user(&program("initdb")?)
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--username=postgres",
                "--pgdata",
            ])
            .arg(&cluster)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .context("initdb could not be started")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        Self::over(folder, settings)
    }

    /// A standby that follows this server.
    ///
    /// # Errors
    /// The copy cannot be made, or does not start.
    pub fn standby(&self, settings: &[&str]) -> Result<Self> {
        let folder = folder()?;
        let source = format!("host=127.0.0.1 port={} user=postgres application_name=standby", self.port);
        let made = as_user(&program("pg_basebackup")?)
            .args([
                "--wal-method=stream",
                "--write-recovery-conf",
                "--no-sync",
                "--checkpoint=fast",
                "--dbname",
            ])
            .arg(source)
            .arg("--pgdata")
            .arg(folder.path().join("data"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .context("pg_basebackup could not be started")?;
        if !made.status.success() {
            bail!("pg_basebackup failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        Self::over(folder, settings)
    }

    fn over(folder: TempDir, settings: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let mut text = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 200\n\
             logging_collector = off\n"
        );
        for line in settings {
            text.push_str(line);
            text.push('\n');
        }
        // A standby's copy has these lines already; what comes last counts.
        let configuration = folder.path().join("data/postgresql.conf");
        let mut file = OpenOptions::new().append(true).open(&configuration)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        let child = spawn(folder.path())?;
        let mut server = Self { folder, child, port };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Starts it again after [`Server::kill`], on the same port.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> Result<()> {
        // What was killed leaves its lock file behind.
        let _ = std::fs::remove_file(self.folder.path().join("data/postmaster.pid"));
        self.child = spawn(self.folder.path())?;
        self.wait_until_ready()
    }

    /// `postgres://postgres@127.0.0.1:PORT`
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process that all others of the server come from.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An empty database on this server.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn database(&self) -> Result<Database> {
        create(&self.base_url(), None)
    }

    /// Makes a standby take writes.
    ///
    /// # Errors
    /// It cannot be promoted.
    pub fn promote(&self) -> Result<()> {
        let status = as_user(&program("pg_ctl")?)
            .args(["promote", "--wait", "--silent", "--pgdata"])
            .arg(self.folder.path().join("data"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { bail!("the standby could not be promoted") }
    }

    /// Kills every process of the server at once, as a power cut would.
    pub fn kill(&mut self) {
        // One that has ended and been waited for has given its number back: it may be somebody else's by now.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!("PostgreSQL ended with {status}:\n{log}");
            }
            let is_ready = TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && Command::new(program("pg_isready")?)
                    .args(["--quiet", "--host=127.0.0.1", &format!("--port={}", self.port)])
                    .status()
                    .is_ok_and(|status| status.success());
            if is_ready {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        bail!("PostgreSQL did not start within {} seconds", START_WITHIN.as_secs())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The server leads a group of processes of its own, so that all of it can be ended.
fn spawn(folder: &Path) -> Result<Child> {
    let log = File::create(folder.join("log"))?;
    let mut command = as_user(&program("postgres")?);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
        .arg("-D")
        .arg(folder.join("data"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("postgres could not be started")
}

/// A new folder that belongs to the user who runs the server.
fn folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("ipnd-postgres-").tempdir()?;
    if is_root() {
        let status = Command::new("chown").arg(format!("{USER}:")).arg(folder.path()).status()?;
        if !status.success() {
            bail!("there is no user {USER}; install PostgreSQL from the system's packages");
        }
    }
    Ok(folder)
}

/// A port that stays free while its server is down: the system gives none of these to a connection that goes out.
fn free_port() -> Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const PORTS: u32 = 12_000;
    // Programs that run side by side begin in different places.
    let begin = std::process::id().wrapping_mul(61);
    for _ in 0..PORTS {
        let place = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let port = u16::try_from(20_000 + place).expect("below 32768");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port between 20000 and 32000 is free")
}

fn is_root() -> bool {
    let owner =
        std::fs::metadata("/proc/self").map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata));
    owner.is_ok_and(|uid| uid == 0)
}

fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let user = OsStr::new(USER);
    command.arg("--reuid").arg(user).arg("--regid").arg(user).arg("--clear-groups").arg("--").arg(program);
    command
}

/// A program of the newest PostgreSQL that is installed.
fn program(name: &str) -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = folders.into_iter().rev().chain(std::env::split_paths(&path)).map(|folder| folder.join(name));
    let mut found = found.filter(|program| program.is_file());
    found.next().with_context(|| {
        format!("{name} was not found: install PostgreSQL (Debian: apt-get install postgresql)")
    })
}
