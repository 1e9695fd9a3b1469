//! What an engine has to provide so that the operations run on it.

use crate::operations::Desk;
use crate::operations::journal::Prepared;
use crate::proofs::Proofs;
use crate::sql::Db;
use crate::{Change, Clock, Durability, Journaled, Result};
use std::sync::Arc;
use tokio::sync::broadcast;

/// A database that can be written by one operation at a time, or by several that do not get in each other's way.
pub(crate) trait Engine: Send + Sync + 'static {
    /// Whether all operations run one after the other anyway.
    const HAS_ONE_WRITER: bool;

    /// Keeps a notification. Together with others that come at the same time, if that is cheaper.
    fn keep(&self, new: Prepared, waiting_max: u32) -> impl Future<Output = Result<Journaled>> + Send;

    /// Runs an operation as one transaction: when this returns `Ok`, it is on the disk. It may be run again from the
    /// start when somebody else was in its way; nothing of it has happened then.
    fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Reads one moment of the database.
    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Db) -> Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Of notifications that have just come in.
    fn proofs(&self) -> &Arc<Proofs>;

    fn clock(&self) -> &Clock;

    fn durability(&self) -> Durability;

    fn subscribe(&self) -> broadcast::Receiver<Change>;

    /// Finishes what is queued and closes the connections.
    fn shut(&self) -> impl Future<Output = ()> + Send;
}
