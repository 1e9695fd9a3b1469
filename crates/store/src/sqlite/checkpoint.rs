//! Bringing what is in the log into the database, beside the writer instead of in its way.
//!
//! SQLite by itself would do that within commits, for whose answers senders wait. So a thread of its own does nearly all
//! of it, on its own connection. But while commits follow one another without a pause, that thread never reaches the end
//! of the log, so the log would never begin again at its start, and would grow without end. Therefore the writer does
//! the rest between two batches, whenever the log has become long.
//!
//! SQLite syncs the database only when all of the log is in it, which here would be in the writer's way. So the thread
//! does that by itself after each pass, and hardly anything is left to be synced there.

use super::error::is_lost_write;
use crate::{Result, StoreError};
use rusqlite::{Connection, ffi};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

/// Pages that the thread lets gather for a pass. The same pages change again and again (keys of notifications lie
/// anywhere in their index), and within one pass each is written to the database only once. But a commit that comes
/// while they are synced has to wait for all of them.
const PASS_PAGES: i64 = 2_000;
/// How long it waits for that many.
const PAUSE: Duration = Duration::from_secs(1);
/// Pages in the log from which the thread makes no pause: each pass then leaves less than the one before. When it leaves
/// little, it leaves that to the writer.
const LOG_PAGES_LONG: i64 = 23_000;
/// What little is: about as many pages as a few batches write. More and more of them count as little, the longer the
/// log is.
const REST_PAGES: i64 = 400;
/// Pages in the log from which the writer waits for the thread, rather than let the log become longer.
const LOG_PAGES_MAX: i64 = 31_000;

/// How long the log is, and how much of it is in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) pages: i64,
    pub(super) done: i64,
}

impl Log {
    fn is_long(&self) -> bool {
        self.pages >= LOG_PAGES_LONG
    }

    fn is_nearly_done(&self) -> bool {
        self.rest() <= REST_PAGES.max((self.pages - LOG_PAGES_LONG) / 4)
    }

    /// Pages that are not in the database yet.
    fn rest(&self) -> i64 {
        self.pages - self.done
    }
}

pub(super) type Fatal = Arc<dyn Fn(&str) + Send + Sync>;

/// The thread, stopped and waited for when this is dropped.
pub(super) struct Checkpoints {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// The database, to be synced.
    file: Arc<File>,
    /// Called when a sync has failed, as in the writer.
    fatal: Fatal,
    /// Something was committed since the last pass began.
    is_stale: AtomicBool,
    /// There are pages enough for a pass.
    is_due: AtomicBool,
    /// The thread has left the rest of a long log to the writer, and keeps out of its way.
    is_left: AtomicBool,
    /// Whoever moves pages holds this: a second one at the same time would be turned away by SQLite.
    turn: Mutex<()>,
    stops: Mutex<bool>,
    woken: Condvar,
}

impl Checkpoints {
    /// `file` is the database at `path`. It must not be closed while any connection is open: the system then forgets
    /// the locks of all of them.
    ///
    /// # Errors
    /// When no further connection, or no thread can be had.
    pub(super) fn start(path: &Path, file: Arc<File>, fatal: Fatal) -> Result<Self> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(5))?;
        db.pragma_update(None, "synchronous", "FULL")?;
        let shared = Arc::new(Shared {
            file,
            fatal,
            is_stale: AtomicBool::new(false),
            is_due: AtomicBool::new(false),
            is_left: AtomicBool::new(false),
            turn: Mutex::default(),
            stops: Mutex::default(),
            woken: Condvar::new(),
        });
        let thread = std::thread::Builder::new()
            .name("store-log".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run(&db)
            })
            .map_err(|error| StoreError::Failed(format!("no thread for the log: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The writer has committed on `db`. It finishes a long log right here, between two batches.
    pub(super) fn committed(&self, db: &Connection) {
        if !self.shared.is_stale.swap(true, Ordering::AcqRel) {
            self.shared.wake();
        }
        if let Err(error) = self.shared.bound(db) {
            self.shared.trouble(&error);
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        *lock(&self.shared.stops) = true;
        self.shared.woken.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, db: &Connection) {
        let mut pause = PAUSE;
        while self.waits(pause) {
            self.is_stale.store(false, Ordering::Release);
            self.is_due.store(false, Ordering::Release);
            let passed = self.pass(db);
            // Until it had ended, what it brought over still counted as waiting.
            self.is_due.store(false, Ordering::Release);
            pause = match passed {
                Ok(log) if log.is_long() && !log.is_nearly_done() => Duration::ZERO,
                Ok(log) => {
                    self.is_left.store(log.is_long(), Ordering::Release);
                    PAUSE
                }
                Err(error) => {
                    self.trouble(&error);
                    PAUSE
                }
            };
        }
    }

    /// Brings over what is in the log by now. Ready with what the log has become meanwhile.
    fn pass(&self, db: &Connection) -> rusqlite::Result<Log> {
        let turn = lock(&self.turn);
        checkpoint(db)?;
        drop(turn);
        self.sync()?;
        length(db)
    }

    fn sync(&self) -> rusqlite::Result<()> {
        self.file.sync_data().map_err(|error| {
            rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), Some(error.to_string()))
        })
    }

    fn wake(&self) {
        // Taken so that the thread cannot miss it between looking and waiting.
        drop(lock(&self.stops));
        self.woken.notify_one();
    }

    /// Waits until there is something to do, and `pause` longer or until there is enough. Ready at once, with `false`,
    /// when it is time to stop.
    fn waits(&self, pause: Duration) -> bool {
        let stops = lock(&self.stops);
        let is_idle = |stops: &mut bool| !*stops && !self.is_stale.load(Ordering::Acquire);
        let is_little = |stops: &mut bool| !*stops && !self.is_due.load(Ordering::Acquire);
        let stops = self.woken.wait_while(stops, is_idle).expect(NO_PANIC);
        let (stops, _) = self.woken.wait_timeout_while(stops, pause, is_little).expect(NO_PANIC);
        !*stops
    }

    fn trouble(&self, error: &rusqlite::Error) {
        tracing::error!(%error, "the log could not be brought into the database; it is tried again");
        if is_lost_write(error) {
            (self.fatal)(&error.to_string());
        }
    }

    fn bound(&self, db: &Connection) -> rusqlite::Result<()> {
        let log = length(db)?;
        if log.rest() >= PASS_PAGES && !self.is_due.swap(true, Ordering::AcqRel) {
            self.wake();
        }
        if self.is_left.swap(false, Ordering::AcqRel) || log.pages >= LOG_PAGES_MAX {
            let _turn = lock(&self.turn);
            checkpoint(db)?;
        }
        Ok(())
    }
}

const NO_PANIC: &str = "nothing panics while holding this lock";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect(NO_PANIC)
}

fn checkpoint(db: &Connection) -> rusqlite::Result<Log> {
    pages(db, "PRAGMA wal_checkpoint(PASSIVE)")
}

/// Moves nothing.
fn length(db: &Connection) -> rusqlite::Result<Log> {
    pages(db, "PRAGMA wal_checkpoint(NOOP)")
}

fn pages(db: &Connection, sql: &'static str) -> rusqlite::Result<Log> {
    let mut statement = db.prepare_cached(sql)?;
    statement.query_row([], |row| Ok(Log { pages: row.get(1)?, done: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::params;
    use std::time::Instant;

    /// What a commit adds to the log.
    const PAGES: i64 = 64;

    fn open(path: &Path) -> Connection {
        let db = Connection::open(path).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        db.execute_batch("CREATE TABLE t (x BLOB)").unwrap();
        db
    }

    fn commit(db: &Connection) {
        db.execute("INSERT INTO t VALUES (zeroblob(?1))", params![4_096 * PAGES]).unwrap();
    }

    fn start(path: &Path) -> Checkpoints {
        let file = Arc::new(File::open(path).unwrap());
        Checkpoints::start(path, file, Arc::new(|error| panic!("{error}"))).unwrap()
    }

    #[test]
    fn the_log_stays_short_while_commits_follow_without_a_pause() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let db = open(&path);
        let checkpoints = start(&path);
        let mut longest = 0;
        for _ in 0..4 * LOG_PAGES_MAX / PAGES {
            commit(&db);
            checkpoints.committed(&db);
            longest = longest.max(length(&db).unwrap().pages);
        }
        assert!(longest < LOG_PAGES_MAX + 3 * PAGES, "{longest} pages");
    }

    #[test]
    fn what_was_committed_comes_into_the_database_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let db = open(&path);
        let checkpoints = start(&path);
        commit(&db);
        checkpoints.committed(&db);
        let deadline = Instant::now() + Duration::from_secs(30);
        while length(&db).is_ok_and(|log| log.done < log.pages) {
            assert!(Instant::now() < deadline, "nobody does it");
            std::thread::yield_now();
        }
    }
}
