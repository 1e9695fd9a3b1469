//! Opening the file, and the handle that everything else goes through.

use super::checkpoint::Checkpoints;
use super::command::{Guard, Typed};
use super::migrate;
use super::readers::Readers;
use super::writer::{self, Commit, Start, Writer};
use crate::engine::Engine;
use crate::operations::journal::{self, Prepared};
use crate::operations::{Desk, health};
use crate::proofs::Proofs;
use crate::sql::{self, Db, params};
use crate::{Change, Clock, Durability, Journaled, Result, StoreError};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// SQLite before this could lose a checkpoint that raced with a reset of its log (T-G11).
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// Small, because each notification changes a page of the index by which copies are known, and no two the same.
const PAGE_BYTES: i64 = 4_096;
const CACHE_KIB: i64 = 16 * 1024;
pub(super) const STATEMENTS_KEPT: usize = 256;
/// Changes that a listener may be behind before it misses some.
const CHANGES_KEPT: usize = 1_024;

/// What can be chosen when opening. The default is right for everything but tests.
#[derive(Clone)]
pub struct Options {
    pub clock: Clock,
    /// Called when a write that may already lie in the system's cache could not be brought to the disk. The process
    /// must not go on; the default ends it, so that whoever watches over it starts it again.
    pub fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Clock::system(), fatal: Arc::new(|_| std::process::exit(70)) }
    }
}

/// A store in one SQLite file. Dropping it finishes what is queued.
pub struct SqliteStore {
    // Readers go first, so that the writer is the last to close and leaves no log beside the file.
    readers: Readers,
    writer: Writer,
    changes: broadcast::Sender<Change>,
    clock: Clock,
    proofs: Arc<Proofs>,
}

impl SqliteStore {
    /// Opens the file, or makes it, and brings it up to date.
    ///
    /// # Errors
    /// In a sentence for the operator: the file cannot be written, is in use by another ipnd, or is from a newer one.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    /// As [`SqliteStore::open`].
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: &Path, options: Options) -> Result<Self> {
        Self::open_committing(path, options, writer::commit)
    }

    /// With a way to commit that a test may have broken.
    pub(super) fn open_committing(path: &Path, options: Options, commit: Commit) -> Result<Self> {
        check_version(rusqlite::version_number(), rusqlite::version())?;
        let lock = lock(path)?;
        let db = connect(path, &options.clock)?;
        let file = Arc::new(File::open(path).map_err(|error| cannot(path, &error))?);
        let checkpoints = Checkpoints::start(path, Arc::clone(&file), Arc::clone(&options.fatal))?;
        let (changes, _) = broadcast::channel(CHANGES_KEPT);
        let start =
            Start { db, lock, file, changes: changes.clone(), fatal: options.fatal, commit, checkpoints };
        let writer = Writer::start(start)?;
        Ok(Self {
            readers: Readers::new(path),
            writer,
            changes,
            clock: options.clock,
            proofs: Arc::default(),
        })
    }

    /// How many transactions were committed: far fewer than writes, when there are many at once.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }

    /// Limits how large the file may grow, in pages of 4 KiB; `None` lifts the limit. A full file is the same to
    /// everybody as a full disk.
    ///
    /// # Errors
    /// When the writer cannot be reached.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        let pages = pages.map_or(i64::from(u32::MAX - 1), i64::from);
        self.writer
            .queue(Guard::Savepoint, move |_, db| Ok(db.pragma_update(None, "max_page_count", pages)?))
            .await
    }
}

impl Engine for SqliteStore {
    const HAS_ONE_WRITER: bool = true;

    async fn keep(&self, new: Prepared, waiting_max: u32) -> Result<Journaled> {
        let (answer, answered) = self.proofs.answer(&new);
        let work = move |desk: &mut Desk<'_>, _: &Connection| journal::journal(desk, &new, waiting_max);
        self.writer.submit(Typed::new(Guard::Batch, work, |kept| answer.send(kept)))?;
        answered.await.map_err(|_| writer::closed())?
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.write(Guard::Savepoint, work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.read(work).await
    }

    fn proofs(&self) -> &Arc<Proofs> {
        &self.proofs
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn durability(&self) -> Durability {
        Durability::Local
    }

    fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn shut(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn check_version(number: i32, text: &str) -> Result<()> {
    if number >= SQLITE_VERSION_MIN {
        return Ok(());
    }
    Err(StoreError::Failed(format!(
        "SQLite {text} has a defect that can damage the database; ipnd needs 3.51.3 or newer"
    )))
}

/// Only one ipnd may write. The lock lies beside the database, so that the `sqlite3` tool can read meanwhile; it goes
/// away with the process, however that ends.
pub(super) fn lock(path: &Path) -> Result<File> {
    let beside = lock_path(path);
    let file = private(&beside).map_err(|error| cannot(&beside, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Failed(format!(
            "{} is in use by another ipnd; stop that one first, or choose another place for the data",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(&beside, &error)),
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

/// Opens a file for writing, made readable for its owner alone where it is new.
pub(super) fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A name is on the disk when its folder is.
pub(super) fn sync_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::Failed(format!("{} cannot be synced: {error}", folder.display())))
}

fn cannot(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("{} cannot be opened for writing: {error}", path.display()))
}

pub(super) fn connect(path: &Path, clock: &Clock) -> Result<Connection> {
    // The log and its index take their permissions from the database.
    private(path).map_err(|error| cannot(path, &error))?;
    let mut db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    // Only has an effect on a new file, and only before anything is in it.
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Failed(format!("{} cannot have a write-ahead log", path.display())));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    // See checkpoint.rs.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    keep_statements(&db, STATEMENTS_KEPT)?;
    migrate::migrate(&mut db, clock.now())?;
    free_leases(&db, clock)?;
    make_log(&db, path)?;
    Ok(db)
}

/// The log is made when something is first written, and what is in it is only safe when its name is, too. SQLite syncs
/// the folder then, but passes over an error.
fn make_log(db: &Connection, path: &Path) -> Result<()> {
    match health::probe(db) {
        // Reading goes on without room.
        Ok(()) | Err(StoreError::NoRoom(_)) => sync_folder(path),
        Err(error) => Err(error),
    }
}

/// Statements are prepared once and stay prepared: otherwise many would be planned anew for each value that is bound.
pub(super) fn keep_statements(db: &Connection, count: usize) -> Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(count);
    Ok(())
}

/// Nobody else uses this file, so whoever held a lease is gone: what they had begun is due at once.
fn free_leases(db: &Connection, clock: &Clock) -> Result<()> {
    let now = sql::time(clock.now());
    sql::run(
        db,
        "UPDATE checks SET due_at = CASE WHEN due_at < ?1 THEN due_at ELSE ?1 END, lease_until = NULL
         WHERE state = 'waiting' AND lease_until IS NOT NULL",
        params![now],
    )?;
    sql::run(
        db,
        "UPDATE mails SET due_at = CASE WHEN due_at < ?1 THEN due_at ELSE ?1 END, lease_until = NULL
         WHERE state = 'waiting' AND lease_until IS NOT NULL",
        params![now],
    )?;
    sql::run(
        db,
        "UPDATE deliveries SET due_at = CASE WHEN due_at < ?1 THEN due_at ELSE ?1 END, lease_until = NULL
         WHERE state = 'waiting' AND lease_until IS NOT NULL",
        params![now],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_g11_corrupting_storage_engine_bug() {
        assert!(check_version(3_051_002, "3.51.2").is_err());
        assert!(check_version(3_051_003, "3.51.3").is_ok());
        assert!(check_version(rusqlite::version_number(), rusqlite::version()).is_ok());
    }

    #[test]
    fn the_lock_lies_beside_the_file() {
        assert_eq!(lock_path(Path::new("/data/ipnd.db")), Path::new("/data/ipnd.db.lock"));
    }
}
