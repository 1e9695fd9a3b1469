//! The loop that both workers run: claim what is due, perform it, hand it back.

use crate::observe;
use ipnd_store::{Change, Settled, StoreError};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Work becomes due by the clock too, and a wake-up can be missed: look at least this often.
const POLL: Duration = Duration::from_secs(1);

/// How often and after which pause handing back is tried while the store has trouble. Together well inside any lease.
const SETTLE_TRIES: u32 = 20;
const SETTLE_PAUSE: Duration = Duration::from_millis(500);

/// One kind of work that waits in the store.
pub(crate) trait Rounds: Send + Sync + 'static {
    type Task: Send + Sync + 'static;
    const NAME: &'static str;
    /// Tasks that are claimed at the same time.
    const AT_ONCE: usize;

    fn claim(&self, limit: u32) -> impl Future<Output = Result<Vec<Self::Task>, StoreError>> + Send;

    /// Does the work and hands it back.
    fn perform(&self, task: &Self::Task) -> impl Future<Output = ()> + Send;

    /// Hands back work whose performance panicked.
    fn give_back(&self, task: &Self::Task) -> impl Future<Output = ()> + Send;
}

/// Runs until `stop`, then finishes what has begun.
pub(crate) async fn run<R: Rounds>(rounds: Arc<R>, mut changes: Receiver<Change>, stop: CancellationToken) {
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        let free = R::AT_ONCE - running.len();
        if free > 0 {
            match rounds.claim(u32::try_from(free).expect("a few")).await {
                Ok(tasks) => {
                    for task in tasks {
                        running.spawn(contained(Arc::clone(&rounds), Arc::new(task)));
                    }
                }
                Err(error) => observe::store_trouble(R::NAME, &error),
            }
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = running.join_next(), if !running.is_empty() => {}
            () = work(&mut changes), if running.len() < R::AT_ONCE => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Performs one task so that its panic stays its own (T-A08, T-G07).
async fn contained<R: Rounds>(rounds: Arc<R>, task: Arc<R::Task>) {
    let performed = tokio::spawn({
        let (rounds, task) = (Arc::clone(&rounds), Arc::clone(&task));
        async move { rounds.perform(&task).await }
    });
    if performed.await.is_err() {
        observe::crashed(R::NAME);
        rounds.give_back(&task).await;
    }
}

/// Returns when there may be something to do.
async fn work(changes: &mut Receiver<Change>) {
    loop {
        match changes.recv().await {
            Ok(Change::Work) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Hands work back, patiently: what has been done outside must be written down.
pub(crate) async fn settle<F>(what: &'static str, attempt: impl Fn() -> F)
where
    F: Future<Output = Result<Settled, StoreError>>,
{
    for _ in 0..SETTLE_TRIES {
        match attempt().await {
            Ok(Settled::Done) => return,
            Ok(Settled::Stale) => return observe::came_late(what),
            Err(error) => observe::store_trouble(what, &error),
        }
        tokio::time::sleep(SETTLE_PAUSE).await;
    }
}
