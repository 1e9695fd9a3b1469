//! Opening the database, and the handle that everything else goes through.

use super::connect::Target;
use super::crew::{Crew, Members, closed};
use super::db::Session;
use super::keeper::{self, Arrival};
use super::notices::Notices;
use super::worker::{Announce, Worker};
use super::{migrate, settings};
use crate::engine::Engine;
use crate::operations::Desk;
use crate::operations::journal::Prepared;
use crate::proofs::Proofs;
use crate::sql::Db;
use crate::{Change, Clock, Durability, Journaled, Result, StoreError, token};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{broadcast, oneshot};

/// Connections of one node: these, and one each for telling and for listening.
const KEEPERS: usize = 2;
const WRITERS: usize = 6;
const READERS: usize = 4;
/// What comes in within one commit is written by one statement.
const ARRIVALS_MAX: usize = 512;
/// Changes that a listener may be behind before it misses some.
const CHANGES_KEPT: usize = 1_024;

/// What can be chosen when opening.
#[derive(Clone)]
pub struct Options {
    pub clock: Clock,
    /// Files with further certificate authorities to believe, beside the system's.
    pub extra_ca_files: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Clock::system(), extra_ca_files: Vec::new() }
    }
}

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// A store in a PostgreSQL database that other nodes may use as well.
pub struct PostgresStore {
    connections: Arc<Connections>,
    changes: broadcast::Sender<Change>,
    clock: Clock,
    durability: Durability,
    proofs: Arc<Proofs>,
}

struct Connections {
    keepers: Crew<Arrival>,
    writers: Crew<Job>,
    readers: Crew<Job>,
    notices: Arc<Notices>,
}

impl PostgresStore {
    /// Connects to the database at `url` (`postgres://user:password@host/database`) and brings it up to date. Blocks.
    ///
    /// # Errors
    /// In a sentence for the operator: the address cannot be read, the server cannot be reached, forgets what it has
    /// committed, or the database is from a newer ipnd.
    pub fn open(url: &str, options: Options) -> Result<Self> {
        let target = Target::parse(url, &options.extra_ca_files)?;
        // The client waits by itself and must not do so on a thread that others wait on.
        let (durability, target) = apart(|| prepare(target, &options.clock))?;
        let (changes, _) = broadcast::channel(CHANGES_KEPT);
        let notices = Arc::new(Notices::start(&target, &token::random(), &changes)?);
        let announce = announce(&changes, &notices);
        let members =
            |name, size, batch_max| Members { name, size, batch_max, target: &target, announce: &announce };
        let one = |worker: &mut Worker, jobs: Vec<Job>| jobs.into_iter().for_each(|job| job(worker));
        let connections = Connections {
            keepers: Crew::start(&members("store-keeper", KEEPERS, ARRIVALS_MAX), keeper::keep)?,
            writers: Crew::start(&members("store-writer", WRITERS, 1), one)?,
            readers: Crew::start(&members("store-reader", READERS, 1), one)?,
            notices,
        };
        Ok(Self {
            connections: Arc::new(connections),
            changes,
            clock: options.clock,
            durability,
            proofs: Arc::default(),
        })
    }
}

fn prepare(target: Target, clock: &Clock) -> Result<(Durability, Target)> {
    let session = Session::new(target.connect()?);
    session.control(settings::SESSION)?;
    let durability = settings::durability(&session)?;
    migrate::migrate(&session, clock.now())?;
    Ok((durability, target))
}

/// Runs `work` on a thread of its own and waits for it.
fn apart<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    let defect = || StoreError::Failed("opening the database met a defect".to_owned());
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| Err(defect()))
}

/// Tells this node's listeners at once, and the other nodes soon.
fn announce(changes: &broadcast::Sender<Change>, notices: &Arc<Notices>) -> Announce {
    let (changes, notices) = (changes.clone(), Arc::clone(notices));
    Arc::new(move |said: Vec<Change>| {
        // Work comes last, so that the workers find everything.
        let (work, others): (Vec<_>, Vec<_>) = said.into_iter().partition(|change| *change == Change::Work);
        for change in others.into_iter().chain(work.into_iter().take(1)) {
            // Nobody listening is fine.
            let _ = changes.send(change);
            notices.tell(change);
        }
    })
}

/// Hands a job to a crew and waits for what comes of it.
async fn hand<T: Send + 'static>(
    crew: &Crew<Job>,
    job: impl FnOnce(&mut Worker) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (answer, answered) = oneshot::channel();
    crew.submit(Box::new(move |worker| {
        // Somebody who no longer listens does not change what happened.
        let _ = answer.send(job(worker));
    }))?;
    answered.await.map_err(|_| closed())?
}

impl Engine for PostgresStore {
    const HAS_ONE_WRITER: bool = false;

    async fn keep(&self, new: Prepared, waiting_max: u32) -> Result<Journaled> {
        let (answer, answered) = self.proofs.answer(&new);
        self.connections.keepers.submit(Arrival { new, waiting_max, answer })?;
        answered.await.map_err(|_| closed())?
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Desk<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        hand(&self.connections.writers, move |worker| worker.write(|_, desk| work(desk))).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        hand(&self.connections.readers, move |worker| worker.read(work)).await
    }

    fn proofs(&self) -> &Arc<Proofs> {
        &self.proofs
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    async fn shut(&self) {
        let connections = Arc::clone(&self.connections);
        let closed = tokio::task::spawn_blocking(move || {
            connections.keepers.close();
            connections.writers.close();
            connections.readers.close();
            connections.notices.close();
        });
        if closed.await.is_err() {
            tracing::error!("the connections were not closed well");
        }
    }
}
