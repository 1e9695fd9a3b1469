//! The files of a store, and what a crash leaves of them.

use crate::dice::Dice;
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

    /// How long the log is: what is behind that was not synced when it was asked.
    pub(crate) fn synced(&self) -> u64 {
        std::fs::metadata(self.log()).map_or(0, |log| log.len())
    }

    /// What is found after the power went: everything that was synced, and a part of what came after, torn anywhere.
    pub(crate) fn after_a_crash(&self, synced: Option<u64>, dice: &mut Dice) -> Self {
        let left = Self::new();
        std::fs::copy(self.database(), left.database()).unwrap();
        let mut log = std::fs::read(self.log()).unwrap_or_default();
        let from = synced.and_then(|synced| usize::try_from(synced).ok());
        if let Some(from) = from.filter(|from| *from > 0 && *from < log.len()) {
            let torn = from + dice.below(log.len() - from + 1);
            if dice.one_in(2) {
                log.truncate(torn);
            } else {
                // The file was made longer, and the rest never came.
                log[torn..].fill(0);
            }
        }
        std::fs::write(left.log(), log).unwrap();
        left
    }
}
