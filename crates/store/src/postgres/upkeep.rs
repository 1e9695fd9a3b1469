//! `ipnd check` and `ipnd rebuild` on PostgreSQL. Each has a connection of its own, beside the nodes.

use super::connect::Target;
use super::db::Session;
use super::{migrate, settings};
use crate::inspect::{self, Examined};
use crate::rebuild::{How, RebuildStep, Rebuilt, Work};
use crate::{Clock, Result, StoreError};
use std::path::{Path, PathBuf};

/// Looks through the database at `url`, also while nodes run on it. Blocks. Its files, references, keys and indexes are
/// the server's own affair.
///
/// # Errors
/// When the server cannot be reached, or the database is not one that this version of ipnd can read.
pub fn examine(
    url: &str,
    extra_ca_files: &[PathBuf],
    progress: &mut dyn FnMut(&'static str, u64),
) -> Result<Vec<Examined>> {
    let session = open(url, extra_ca_files)?;
    session.control(ONE_MOMENT)?;
    let all = inspect::all(&session, progress);
    session.control("COMMIT")?;
    Ok(all)
}

/// Works everything out again, in a scratch file at `scratch`. Blocks. While differences are put right, nodes can read
/// and not write: notifications hear 503 and come again.
///
/// # Errors
/// In a sentence for the operator. Nothing has been changed then.
pub fn rebuild(
    (url, extra_ca_files): (&str, &[PathBuf]),
    scratch: &Path,
    how: How,
    clock: &Clock,
    progress: &mut dyn FnMut(RebuildStep),
) -> Result<Rebuilt> {
    let session = open(url, extra_ca_files)?;
    let work = Work { how, now: clock.now() };
    if how == How::Tell {
        session.control(ONE_MOMENT)?;
    } else {
        // Whoever writes has finished when this is granted, and everything that is read from then on stays as it is.
        session.control(
            "BEGIN; LOCK TABLE shops, accounts, products, orders, order_details, order_items, payments, notifications,
                 checks, answers, events, notification_events, transactions, reviews, mails, stock_movements,
                 endpoints, notices, deliveries
             IN SHARE ROW EXCLUSIVE MODE",
        )?;
    }
    let (played, scratch) = work.play(&session, scratch, progress)?;
    let rebuilt = work.carry_over(&session, &scratch, played, progress)?;
    session.control("COMMIT")?;
    Ok(rebuilt)
}

const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A connection that may take its time.
fn open(url: &str, extra_ca_files: &[PathBuf]) -> Result<Session> {
    let session = Session::new(Target::parse(url, extra_ca_files)?.connect()?);
    session.control(settings::SESSION)?;
    session.control(
        "SET lock_timeout = '60s'; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0",
    )?;
    match migrate::missing(&session) {
        Ok(0) => Ok(session),
        Ok(missing) => Err(StoreError::Failed(format!(
            "this database lacks {missing} steps of this version of ipnd; start `ipnd serve` once, which brings it forward"
        ))),
        Err(error) => Err(error),
    }
}
