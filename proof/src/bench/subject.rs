//! What is measured: programs that listen, each with whatever it needs.

use super::requests::{Maker, Requests};
use crate::server::{self, Running, SIGNING_SECRET, Shop};
use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// More connections from one address, and more waiting, than anybody should have by default.
const ENVIRONMENT: [(&str, &str); 2] =
    [("IPND_LIMITS_CONNECTIONS_PER_ADDRESS_MAX", "10000"), ("IPND_LOG_FILTER", "warn")];

/// Payments that a server which keeps nothing hears again and again.
const REPEATED: usize = 20_000;

/// How long the work behind a window may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// One server, running.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    path: String,
    pub(crate) running: Running,
    /// A second node of the same shop.
    pub(crate) other: Option<(SocketAddr, Running)>,
    /// A database server that works for it, whose time counts as well.
    pub(crate) database: Option<u32>,
    /// What it has answered with 2xx, warm-ups included.
    pub(crate) acknowledged: Cell<u64>,
    /// It keeps nothing, so it may hear the same again and again.
    pub(crate) repeats: bool,
    /// The file in which work waits that belongs to what was accepted, and is measured with it.
    pub(crate) works_on: Option<PathBuf>,
}

impl Subject {
    pub(crate) fn new(name: &'static str, address: SocketAddr, path: &str, running: Running) -> Self {
        Self {
            name,
            address,
            path: path.to_owned(),
            running,
            other: None,
            database: None,
            acknowledged: Cell::new(0),
            repeats: false,
            works_on: None,
        }
    }

    pub(crate) fn requests(&self, maker: &mut Maker, count: usize) -> Rc<Requests> {
        let count = if self.repeats { REPEATED } else { count };
        Rc::new(maker.make(self.address, &self.path, count))
    }

    /// Waits until nothing waits any more.
    pub(crate) fn finish(&self) -> Result<()> {
        let Some(file) = &self.works_on else { return Ok(()) };
        let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut waits = db.prepare("SELECT EXISTS (SELECT 1 FROM checks WHERE state = 'waiting')")?;
        let deadline = Instant::now() + PATIENCE;
        while waits.query_row([], |row| row.get(0))? {
            ensure!(Instant::now() < deadline, "{}: the work behind it is not done in time", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Every process whose time counts.
    pub(crate) fn pids(&self) -> Vec<u32> {
        let mut pids = crate::proc::tree(self.running.pid());
        pids.extend(self.other.iter().flat_map(|(_, running)| crate::proc::tree(running.pid())));
        pids.extend(self.database.iter().flat_map(|database| crate::proc::tree(*database)));
        pids
    }
}

/// Starts programs, each with a folder of its own.
pub(crate) struct Stage {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Stage {
    pub(crate) fn new(program: &Path, folder: &Path) -> Result<Self> {
        let _ = std::fs::remove_dir_all(folder);
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // Programs are started in there, where a relative path would mean something else.
        Ok(Self { program: program.to_owned(), folder: folder.canonicalize()? })
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.join(name.replace(' ', "-"))
    }

    /// A server that keeps nothing: `nothing`, `verify` or `hand-over`.
    pub(crate) fn yardstick(&self, name: &'static str, work: &str) -> Result<Subject> {
        let address = server::free_address()?;
        let mut command = server::ipnd(&self.program);
        command.args([
            "bench-server",
            work,
            "--listen",
            &address.to_string(),
            "--signing-secret",
            SIGNING_SECRET,
        ]);
        let mut running = Running::start(&mut command, &self.folder.join(format!("{work}.log")))?;
        running.listens(address)?;
        let mut subject = Subject::new(name, address, "/", running);
        subject.repeats = true;
        Ok(subject)
    }

    /// A shop in a file of its own, which is not running yet.
    pub(crate) fn shop(&self, name: &str) -> Result<Shop> {
        let data = self.data(name);
        std::fs::create_dir_all(&data)?;
        self.shop_at(server::folder(&data))
    }

    /// A shop wherever these options say.
    pub(crate) fn shop_at(&self, place: Vec<String>) -> Result<Shop> {
        server::prepare(&self.program, place, &self.folder)
    }

    /// `ipnd serve` for a prepared shop.
    pub(crate) fn serve(
        &self,
        name: &'static str,
        shop: &Shop,
        works: bool,
        wrap: impl FnOnce(&mut Command),
    ) -> Result<Subject> {
        self.serve_with(name, shop, works, server::free_address()?, wrap)
    }

    /// With all its work, at an address that was chosen before.
    pub(crate) fn serve_at(&self, name: &'static str, shop: &Shop, address: SocketAddr) -> Result<Subject> {
        self.serve_with(name, shop, true, address, |_| {})
    }

    fn serve_with(
        &self,
        name: &'static str,
        shop: &Shop,
        works: bool,
        address: SocketAddr,
        wrap: impl FnOnce(&mut Command),
    ) -> Result<Subject> {
        let mut command = server::ipnd(&self.program);
        command.arg("serve").args(&shop.place).args(["--listen", &address.to_string()]);
        command.args((!works).then_some("--no-workers")).envs(ENVIRONMENT).current_dir(&self.folder);
        wrap(&mut command);
        let mut running =
            Running::start(&mut command, &self.folder.join(format!("{}.log", name.replace(' ', "-"))))?;
        running.listens(address)?;
        Ok(Subject::new(name, address, &shop.intake, running))
    }
}
