//! The one thread that writes.
//!
//! It takes whatever is queued, at most [`BATCH_COMMANDS_MAX`], as one transaction, commits it with one sync, and only
//! then answers: the sync that runs is the window in which the next batch gathers. An error of one command undoes that
//! command alone, for which the batch is run once more; a commit that fails fails all of them.

use super::checkpoint::Checkpoints;
use super::command::{Command, Guard, Typed};
use super::error::is_lost_write;
use super::session::Session;
use crate::operations::{Desk, Waiting};
use crate::sql;
use crate::{Change, Result, StoreError};
use rusqlite::Connection;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, mpsc, oneshot};

/// Commands that may wait for the writer; beyond, callers hear [`StoreError::Busy`].
const QUEUE_COMMANDS_MAX: usize = 8_192;
const BATCH_COMMANDS_MAX: usize = 1_024;
/// A batch of heavy commands is closed after this long, so that light ones behind it do not wait for ever.
const BATCH_TIME_MAX: Duration = Duration::from_millis(50);

/// What both sides of the queue know.
#[derive(Default)]
struct Shared {
    commits: AtomicU64,
    /// A sync has failed: nothing is acknowledged any more.
    is_poisoned: AtomicBool,
}

/// The other end of the queue.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Command>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    shared: Arc<Shared>,
}

/// How a transaction is committed.
pub(super) type Commit = fn(&Connection) -> rusqlite::Result<()>;

/// What the writer needs to start.
pub(super) struct Start {
    pub(super) db: Connection,
    /// Says that the database is in use. Held for as long as the connection is open, like `file`.
    pub(super) lock: File,
    /// The database itself, as the checkpoints sync it.
    pub(super) file: Arc<File>,
    pub(super) changes: broadcast::Sender<Change>,
    /// Called when a sync has failed. Must not return to business as usual.
    pub(super) fatal: Arc<dyn Fn(&str) + Send + Sync>,
    pub(super) commit: Commit,
    pub(super) checkpoints: Checkpoints,
}

impl Writer {
    pub(super) fn start(start: Start) -> Result<Self> {
        let (queue, commands) = mpsc::channel(QUEUE_COMMANDS_MAX);
        let shared = Arc::new(Shared::default());
        let waiting = Waiting::kept(&start.db)?;
        let known = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let session = Session::new(&start.db);
                Thread { start: &start, session, waiting, commands, shared: known }.run();
                close(start);
            })
            .map_err(|error| StoreError::Failed(format!("no thread for the writer: {error}")))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)), shared })
    }

    /// Queues a command and waits until it is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        guard: Guard,
        work: impl Fn(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.queue(guard, move |desk, _| work(desk)).await
    }

    /// As [`Writer::write`], for what only SQLite knows.
    pub(super) async fn queue<T: Send + 'static>(
        &self,
        guard: Guard,
        work: impl Fn(&mut Desk<'_>, &Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, answered) = oneshot::channel();
        // Somebody who no longer listens does not change what happened.
        let answer = |done| drop(sender.send(done));
        self.submit(Typed::new(guard, work, answer))?;
        answered.await.map_err(|_| closed())?
    }

    /// Queues a command that tells by itself what came of it.
    pub(super) fn submit(&self, command: impl Command + 'static) -> Result<()> {
        let queue = self.queue.lock().expect("nothing panics while holding this lock");
        let queue = queue.as_ref().ok_or_else(closed)?;
        queue.try_send(Box::new(command)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })
    }

    pub(super) fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }

    /// Takes nothing more in; what is queued is still written.
    fn hang_up(&self) -> Option<JoinHandle<()>> {
        self.queue.lock().expect("nothing panics while holding this lock").take();
        self.thread.lock().expect("nothing panics while holding this lock").take()
    }

    pub(super) async fn close(&self) {
        if let Some(thread) = self.hang_up() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the writer did not end well");
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.hang_up() {
            let _ = thread.join();
        }
    }
}

pub(super) fn closed() -> StoreError {
    StoreError::Failed("the store is closed".to_owned())
}

fn poisoned() -> StoreError {
    StoreError::Failed(
        "an earlier write was lost; nothing more is acknowledged until ipnd has restarted".to_owned(),
    )
}

/// How a batch is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Without savepoints, for each of which SQLite would copy all pages that its command touches. Nearly always no
    /// command fails, and none was needed.
    Quick,
    /// Once more, after a command has failed: now each can be undone alone.
    Savepoints,
}

/// Why a batch was not committed.
enum Broken {
    /// A command has failed that may have written something before. The batch has to be run with more care.
    Command,
    Batch(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Batch(error)
    }
}

impl From<Broken> for StoreError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Batch(error) => error,
            Broken::Command => Self::Failed("a command was not undone".to_owned()),
        }
    }
}

fn close(start: Start) {
    let Start { db, lock, file, checkpoints, .. } = start;
    // The last connection to be closed takes the log away.
    drop(checkpoints);
    if let Err((_, error)) = db.close() {
        tracing::warn!(%error, "the database was not closed cleanly; the next start repairs that");
    }
    drop((file, lock));
}

/// The thread's own side.
struct Thread<'a> {
    start: &'a Start,
    session: Session<'a>,
    waiting: Waiting,
    commands: mpsc::Receiver<Box<dyn Command>>,
    shared: Arc<Shared>,
}

impl Thread<'_> {
    fn run(mut self) {
        while let Some(first) = self.commands.blocking_recv() {
            self.batch(first);
        }
    }

    /// One transaction: `first` and whatever is queued behind it.
    fn batch(&mut self, first: Box<dyn Command>) {
        let mut batch = vec![first];
        let mut changes = Vec::new();
        let mut committed = self.write(&mut batch, &mut changes, Care::Quick);
        if matches!(committed, Err(Broken::Command)) {
            self.undo(&mut changes);
            committed = self.write(&mut batch, &mut changes, Care::Savepoints);
        }
        if committed.is_err() {
            self.undo(&mut changes);
        }
        let committed = committed.map_err(StoreError::from);
        for command in batch {
            command.answer(committed.clone());
        }
        // Once is enough for the workers, and last, so that they find everything.
        let is_work = |change: &Change| *change == Change::Work;
        let work = changes.iter().any(is_work).then_some(Change::Work);
        for change in changes.into_iter().filter(|change| !is_work(change)).chain(work) {
            // Nobody listening is fine.
            let _ = self.start.changes.send(change);
        }
        if committed.is_ok() {
            self.start.checkpoints.committed(&self.start.db);
        }
    }

    fn undo(&mut self, changes: &mut Vec<Change>) {
        let _ = control(&self.session, "ROLLBACK");
        self.recount();
        changes.clear();
    }

    fn write(
        &mut self,
        batch: &mut Vec<Box<dyn Command>>,
        changes: &mut Vec<Change>,
        care: Care,
    ) -> std::result::Result<(), Broken> {
        if self.shared.is_poisoned.load(Ordering::Relaxed) {
            return Err(poisoned().into());
        }
        control(&self.session, "BEGIN IMMEDIATE")?;
        let began = Instant::now();
        let mut next = 0;
        loop {
            if next == batch.len() {
                if next >= BATCH_COMMANDS_MAX || began.elapsed() > BATCH_TIME_MAX {
                    break;
                }
                let Ok(command) = self.commands.try_recv() else { break };
                batch.push(command);
            }
            self.command(batch[next].as_mut(), changes, care)?;
            next += 1;
        }
        Ok(self.commit()?)
    }

    /// Runs one command. An error here fails the batch; an error of the command alone is its own affair.
    fn command(
        &mut self,
        command: &mut dyn Command,
        changes: &mut Vec<Change>,
        care: Care,
    ) -> std::result::Result<(), Broken> {
        let guard = command.guard();
        let is_saved = guard == Guard::Savepoint && care == Care::Savepoints;
        if is_saved {
            control(&self.session, "SAVEPOINT command")?;
        }
        let mut desk = Desk::new(&self.session, &mut self.waiting);
        let done = command.run(&mut desk, &self.start.db);
        let said = std::mem::take(&mut desk.changes);
        match (done, guard) {
            (Ok(()), _) => changes.extend(said),
            (Err(error), _) if self.start.db.is_autocommit() => return Err(error.into()),
            (Err(StoreError::TooManyWaiting | StoreError::Conflict(_)), Guard::Batch) => {}
            (Err(error), Guard::Batch) => return Err(error.into()),
            (Err(_), Guard::Savepoint) if !is_saved => return Err(Broken::Command),
            (Err(_), Guard::Savepoint) => {
                control(&self.session, "ROLLBACK TO command")?;
                self.recount();
            }
        }
        if is_saved {
            control(&self.session, "RELEASE command")?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        match (self.start.commit)(&self.start.db) {
            Ok(()) => {
                self.shared.commits.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(error) => {
                if is_lost_write(&error) {
                    self.shared.is_poisoned.store(true, Ordering::Relaxed);
                    tracing::error!(%error, "a write to the disk was lost; ipnd stops acknowledging");
                    (self.start.fatal)(&error.to_string());
                }
                Err(error.into())
            }
        }
    }

    /// What was counted along the way is no longer true; look again.
    fn recount(&mut self) {
        match Waiting::kept(&self.session) {
            Ok(waiting) => self.waiting = waiting,
            Err(error) => tracing::error!(%error, "waiting notifications could not be counted"),
        }
    }
}

fn control(db: &Session<'_>, sql: &'static str) -> Result<()> {
    sql::run(db, sql, sql::NONE)?;
    Ok(())
}

pub(super) fn commit(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Options, SqliteStore};
    use super::*;
    use crate::Store as _;
    use crate::engine::Engine as _;
    use rusqlite::ffi;
    use std::cell::Cell;

    thread_local! {
        /// The error that the next commit on this writer's thread meets.
        static NEXT_ERROR: Cell<Option<i32>> = const { Cell::new(None) };
    }

    fn broken_commit(db: &Connection) -> rusqlite::Result<()> {
        match NEXT_ERROR.take() {
            Some(code) => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
            None => commit(db),
        }
    }

    struct Broken {
        store: SqliteStore,
        fatal: Arc<Mutex<Vec<String>>>,
        _directory: tempfile::TempDir,
    }

    fn open() -> Broken {
        let directory = tempfile::tempdir().unwrap();
        let fatal: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&fatal);
        let options = Options {
            fatal: Arc::new(move |error| heard.lock().unwrap().push(error.to_owned())),
            ..Options::default()
        };
        let path = directory.path().join("ipnd.db");
        let store = SqliteStore::open_committing(&path, options, broken_commit).unwrap();
        Broken { store, fatal, _directory: directory }
    }

    async fn mark(store: &SqliteStore, name: &'static str, error: Option<i32>) -> Result<()> {
        let write = store.write(move |desk| {
            NEXT_ERROR.set(error);
            let sql = "INSERT INTO audit (at, what, about, detail) VALUES ('', ?1, '', '')";
            sql::run(desk, sql, [name])?;
            Ok(())
        });
        write.await
    }

    async fn marks(store: &SqliteStore) -> Vec<String> {
        store
            .read(|db| {
                use crate::sql::Columns as _;
                sql::all(db, "SELECT what FROM audit ORDER BY id", sql::NONE, |row| row.text("what"))
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_lost_sync_ends_all_acknowledging() {
        let broken = open();
        mark(&broken.store, "kept", None).await.unwrap();
        let error = mark(&broken.store, "lost", Some(ffi::SQLITE_IOERR_FSYNC)).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)));
        assert_eq!(broken.fatal.lock().unwrap().len(), 1, "the process is told to end");
        // Should it live on all the same, it says no to everything.
        assert_eq!(mark(&broken.store, "after", None).await, Err(poisoned()));
        assert_eq!(broken.store.probe().await, Err(poisoned()));
        assert_eq!(marks(&broken.store).await, ["kept"]);
    }

    #[tokio::test]
    async fn a_full_disk_at_the_commit_fails_the_batch_and_no_more() {
        let broken = open();
        let error = mark(&broken.store, "no room", Some(ffi::SQLITE_FULL)).await.unwrap_err();
        assert!(matches!(error, StoreError::NoRoom(_)));
        mark(&broken.store, "room again", None).await.unwrap();
        assert_eq!(marks(&broken.store).await, ["room again"]);
        assert!(broken.fatal.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_error_or_a_defect_undoes_one_command_only() {
        let broken = open();
        let store = &broken.store;
        let failing = store.write(|desk| {
            sql::run(
                desk,
                "INSERT INTO audit (at, what, about, detail) VALUES ('', 'half', '', '')",
                sql::NONE,
            )?;
            Err::<(), _>(StoreError::Conflict("no".to_owned()))
        });
        let panicking = store.write::<()>(|desk| {
            sql::run(
                desk,
                "INSERT INTO audit (at, what, about, detail) VALUES ('', 'half', '', '')",
                sql::NONE,
            )?;
            panic!("a defect")
        });
        let (one, failed, panicked, two) =
            tokio::join!(mark(store, "one", None), failing, panicking, mark(store, "two", None));
        assert_eq!((one, two), (Ok(()), Ok(())));
        assert_eq!(failed, Err(StoreError::Conflict("no".to_owned())));
        assert!(matches!(panicked, Err(StoreError::Failed(_))));
        assert_eq!(marks(store).await, ["one", "two"]);
    }

    #[tokio::test]
    async fn a_full_queue_is_said_at_once() {
        let broken = open();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let store = Arc::new(broken.store);
        let first = {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let began = Mutex::new(Some(began));
                let held = move |_: &mut Desk<'_>| {
                    began.lock().unwrap().take().map(|began| began.send(()));
                    let _ = wait.recv();
                    Ok(())
                };
                store.write(held).await
            })
        };
        begun.await.unwrap();
        // The writer is busy with the first; the others queue up without being waited for.
        let mut queued: Vec<_> =
            (0..QUEUE_COMMANDS_MAX + 1).map(|_| Box::pin(store.write(|_| Ok(())))).collect();
        let mut busy = 0;
        for write in &mut queued {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(write.as_mut().poll(cx))).await;
            busy += usize::from(polled == std::task::Poll::Ready(Err(StoreError::Busy)));
        }
        assert_eq!(busy, 1);
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for write in queued.into_iter().take(QUEUE_COMMANDS_MAX) {
            write.await.unwrap();
        }
    }
}
