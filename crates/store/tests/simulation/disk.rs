//! The files of a store, and what a crash leaves of them.

use ipnd_store::sqlite::{Options, SqliteStore};
use ipnd_store::{Clock, Store};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) struct Disk {
    directory: TempDir,
}

impl Disk {
    /// In memory where the system has such a place: syncs are counted on here, and not waited for.
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { directory: directory.unwrap() }
    }

    /// A disk on which a store has been made already.
    pub(crate) fn like(pattern: &Path) -> Self {
        let disk = Self::new();
        std::fs::copy(pattern, disk.database()).unwrap();
        disk
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("ipnd.db")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("ipnd.db-wal")
    }

    pub(crate) fn open(&self, clock: &Clock) -> Arc<dyn Store> {
        let options = Options { clock: clock.clone(), ..Options::default() };
        Arc::new(SqliteStore::open_with(&self.database(), options).unwrap())
    }

    /// What is found after a crash: all that is there now, and behind it the beginning of a write that did not get
    /// through, if there is one.
    pub(crate) fn after_a_crash(&self, torn: &[u8]) -> Self {
        let left = Self::new();
        // The log comes first: what is brought from it into the database meanwhile is then in both.
        let mut log = std::fs::read(self.log()).unwrap_or_default();
        std::fs::copy(self.database(), left.database()).unwrap();
        if !log.is_empty() {
            log.extend_from_slice(torn);
        }
        std::fs::write(left.log(), log).unwrap();
        left
    }
}
