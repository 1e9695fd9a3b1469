//! A copy of the database while it is in use.
//!
//! The copy is of one moment: a read transaction holds it fast for as long as copying takes, so that writing goes on
//! meanwhile and does not make the copying begin anew. Everything that was on the disk before that moment is in it.
//! Under its own name the copy appears only when it is whole, examined and on the disk itself.

use super::open::sync_folder;
use super::readers;
use crate::sql::{self, Columns as _};
use crate::{Result, StoreError};
use rusqlite::Connection;
use rusqlite::backup::StepResult;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Pages that are copied between two looks at the progress: 8 MiB.
const PAGES_A_STEP: i32 = 1_024;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    pub bytes: u64,
    pub notifications: u64,
}

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupStep {
    /// Pages, of how many.
    Copied { done: u64, of: u64 },
    /// Everything is copied; now the copy is examined.
    Examining,
}

/// Copies the database to `file`; one that is there already stays, unless it may be replaced.
///
/// # Errors
/// In a sentence for the operator. Nothing is left behind under the name of the copy then.
pub fn backup(
    database: &Path,
    file: &Path,
    may_replace: bool,
    progress: &mut dyn FnMut(BackupStep),
) -> Result<Backup> {
    if !database.is_file() {
        return Err(StoreError::Failed(format!("there is no database at {}", database.display())));
    }
    refuse(database, file, may_replace)?;
    let partial = beside(file, ".partial");
    let lock = begin(&partial)?;
    let copied = copy(database, &partial, progress).and_then(|notifications| {
        lock.sync_all().map_err(|error| cannot_write(&partial, &error))?;
        let bytes = lock.metadata().map_err(|error| cannot_write(&partial, &error))?.len();
        std::fs::rename(&partial, file).map_err(|error| cannot_write(file, &error))?;
        sync_folder(file)?;
        Ok(Backup { bytes, notifications })
    });
    if copied.is_err() {
        // Half a copy is of no use to anybody.
        let _ = std::fs::remove_file(&partial);
    }
    copied
}

fn refuse(database: &Path, file: &Path, may_replace: bool) -> Result<()> {
    let (Ok(here), Ok(there)) = (database.canonicalize(), file.canonicalize()) else {
        return Ok(()); // Nothing is there yet.
    };
    let is_our_own = |name: &str| there == beside(&here, name);
    if there == here || ["-wal", "-shm", ".lock"].into_iter().any(is_our_own) {
        return Err(StoreError::Conflict(format!("{} is the database itself", file.display())));
    }
    if file.is_dir() {
        return Err(StoreError::Conflict(format!("{} is a folder; name a file in it", file.display())));
    }
    if !may_replace {
        return Err(StoreError::Conflict(format!("{} exists already; it is left as it is", file.display())));
    }
    Ok(())
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(end);
    file.with_file_name(name)
}

/// The file that the copy grows in, empty, readable for its owner alone, and held against another backup.
fn begin(partial: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(partial).map_err(|error| cannot_write(partial, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let busy = format!("another backup is writing {} right now", partial.display());
            return Err(StoreError::Conflict(busy));
        }
        Err(TryLockError::Error(error)) => return Err(cannot_write(partial, &error)),
    }
    file.set_len(0).map_err(|error| cannot_write(partial, &error))?;
    Ok(file)
}

/// Copies and examines; gives the number of notifications.
fn copy(database: &Path, partial: &Path, progress: &mut dyn FnMut(BackupStep)) -> Result<u64> {
    let source = readers::connect(database)?;
    let moment = source.unchecked_transaction()?;
    // The moment begins with the first thing that is read.
    sql::count(&source, "SELECT count(*) AS n FROM migrations", sql::NONE)?;
    let mut destination = Connection::open(partial)?;
    // Made durable once, at the end; until then nobody knows of it.
    destination.pragma_update(None, "synchronous", "OFF")?;
    copy_pages(&source, &mut destination, progress)?;
    moment.finish()?;
    progress(BackupStep::Examining);
    // One file, without a log beside it.
    destination.pragma_update(None, "journal_mode", "DELETE")?;
    let problems =
        sql::all(&destination, "PRAGMA integrity_check", sql::NONE, |row| row.text("integrity_check"))?;
    if problems != ["ok"] {
        return Err(StoreError::Failed(format!(
            "the copy is damaged, and so, most likely, is the database (`ipnd check` says more): {}",
            problems.into_iter().next().unwrap_or_default()
        )));
    }
    let notifications = sql::count(&destination, "SELECT count(*) AS n FROM notifications", sql::NONE)?;
    destination.close().map_err(|(_, error)| error)?;
    Ok(u64::try_from(notifications).expect("a count"))
}

fn copy_pages(
    source: &Connection,
    destination: &mut Connection,
    progress: &mut dyn FnMut(BackupStep),
) -> Result<()> {
    let backup = rusqlite::backup::Backup::new(source, destination)?;
    loop {
        let step = backup.step(PAGES_A_STEP)?;
        let pages = backup.progress();
        let [of, left] =
            [pages.pagecount, pages.remaining].map(|pages| u64::try_from(pages).expect("a count"));
        progress(BackupStep::Copied { done: of.saturating_sub(left), of });
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Nobody but us knows the copy, and a moment of the database is read without waiting for anybody.
            _ => return Err(StoreError::Busy),
        }
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("{} cannot be written: {error}", path.display()))
}
