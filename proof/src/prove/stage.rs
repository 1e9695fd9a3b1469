//! A data folder made by ipnd's own commands, and ipnd running over it.

use crate::http::Client;
use crate::server;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a proof gives up. Far beyond any promise: those are measured on their own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(2);

/// What an owner would set for as much load; the rest is as it comes.
const SETTINGS: &[(&str, &str)] =
    &[("IPND_LIMITS_WAITING_PER_ACCOUNT_MAX", "100000"), ("IPND_LOG_FILTER", "warn")];

/// A shop with one account at Stripe, set up and stopped. It is the pattern that stages are copied from.
pub(crate) struct Pattern {
    pub(crate) ipnd: PathBuf,
    /// A database that all copies share, in place of a file.
    database: Option<String>,
    folder: tempfile::TempDir,
    /// The intake address without its host.
    path: String,
    /// Of the API.
    key: String,
}

/// A data folder of its own.
pub(crate) struct Stage {
    ipnd: PathBuf,
    shared: Option<String>,
    pub(crate) data: PathBuf,
    pub(crate) path: String,
    pub(crate) key: String,
    pub(crate) address: SocketAddr,
    /// What ipnd says goes here.
    pub(crate) log: PathBuf,
    // Removed with everything in it at the end.
    _folder: Option<tempfile::TempDir>,
}

/// Something to run ipnd under: a program with its arguments, and variables.
#[derive(Default)]
pub(crate) struct Under {
    pub(crate) program: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
}

/// A running ipnd; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    began: Instant,
}

impl Pattern {
    pub(crate) fn make(ipnd: &Path) -> Result<Self> {
        Self::make_in(ipnd, None)
    }

    /// In a database that every stage is a node of.
    pub(crate) fn make_in(ipnd: &Path, database: Option<String>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut pattern =
            Self { ipnd: ipnd.to_owned(), database, folder, path: String::new(), key: String::new() };
        let mut place = server::folder(&pattern.folder.path().join("data"));
        place.extend(pattern.database.iter().flat_map(|url| ["--database".to_owned(), url.clone()]));
        let shop = server::prepare(ipnd, place, pattern.folder.path())?;
        (pattern.path, pattern.key) = (shop.intake, shop.key);
        Ok(pattern)
    }

    /// A copy in a folder for scratch files.
    pub(crate) fn stage(&self) -> Result<Stage> {
        let folder = tempfile::tempdir()?;
        let stage = self.stage_in(folder.path().join("data"), Some(folder))?;
        self.copy_to(&stage.data)?;
        Ok(stage)
    }

    /// A copy in this folder, such as one on a disk of its own.
    pub(crate) fn stage_at(&self, data: &Path) -> Result<Stage> {
        let stage = self.stage_in(data.to_owned(), None)?;
        self.copy_to(data)?;
        Ok(stage)
    }

    fn copy_to(&self, data: &Path) -> Result<()> {
        std::fs::create_dir_all(data)?;
        if self.database.is_some() {
            return Ok(());
        }
        let to = data.join("ipnd.db");
        std::fs::copy(self.folder.path().join("data/ipnd.db"), &to)?;
        File::open(&to)?.sync_all()?;
        File::open(data)?.sync_all()?;
        Ok(())
    }

    fn stage_in(&self, data: PathBuf, folder: Option<tempfile::TempDir>) -> Result<Stage> {
        let log = self.folder.path().join("server.log");
        Ok(Stage {
            ipnd: self.ipnd.clone(),
            shared: self.database.clone(),
            data,
            path: self.path.clone(),
            key: self.key.clone(),
            address: free_address()?,
            log,
            _folder: folder,
        })
    }
}

/// A port that is free now and stays so: below those that the system gives to whoever connects somewhere.
fn free_address() -> Result<SocketAddr> {
    let mut dice = super::dice::Dice::new(super::dice::Dice::fresh_seed());
    for _ in 0..1_000 {
        let port = u16::try_from(dice.between(15_000, 31_000)).expect("within ports");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port is free")
}

impl Stage {
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("ipnd.db")
    }

    /// What the auditor reads.
    pub(crate) fn source(&self) -> String {
        let file = || self.database().display().to_string();
        self.shared.clone().unwrap_or_else(file)
    }

    fn command(&self, under: &Under, verb: &[&str]) -> Command {
        let mut words = under.program.iter().map(AsRef::as_ref).chain([self.ipnd.as_os_str()]);
        let mut command = Command::new(words.next().expect("at least ipnd itself"));
        command.args(words).args(verb);
        command.arg("--data").arg(&self.data).arg("--listen").arg(self.address.to_string());
        // Nothing around us configures anything.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IPND_")) {
            command.env_remove(name);
        }
        if let Some(database) = &self.shared {
            command.env("IPND_DATABASE", database);
        }
        command.envs(SETTINGS.iter().copied());
        command.envs(under.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Starts ipnd and returns at once.
    pub(crate) fn spawn(&self, under: &Under) -> Result<Server> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = self.command(under, &["serve"]);
        command.stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("ipnd could not be started")?;
        Ok(Server { child, address: self.address, began: Instant::now() })
    }

    /// Starts ipnd and returns when it answers, with how long that took.
    pub(crate) fn start(&self, under: &Under) -> Result<(Server, Duration)> {
        let mut server = self.spawn(under)?;
        let took = server.ready().with_context(|| self.last_words())?;
        Ok((server, took))
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        format!("the last ipnd said:\n{}", lines[lines.len().saturating_sub(8)..].join("\n"))
    }
}

impl Server {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it answers; gives the time since it was started.
    pub(crate) fn ready(&mut self) -> Result<Duration> {
        while self.began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("ipnd ended with {status} instead of starting");
            }
            if Client::new(self.address, PATIENCE).get("/healthz").is_ok_and(|answer| answer.status == 200) {
                return Ok(self.began.elapsed());
            }
            std::thread::sleep(LOOK);
        }
        bail!("ipnd does not answer after {PATIENCE:?}")
    }

    /// SIGKILL: no time for anything.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        signal(self.id(), name)
    }

    pub(crate) fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for it to end by itself.
    pub(crate) fn end(&mut self, within: Duration) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(began.elapsed() < within, "ipnd has not ended after {within:?}");
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal(process: u32, name: &str) -> Result<()> {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(process.to_string())
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "{process} could not be sent {name}");
    Ok(())
}
