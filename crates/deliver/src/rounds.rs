//! The loop that the workers run: claim what is due, perform it, hand it back.

use crate::held::Held;
use crate::observe;
use ipnd_store::{Change, Settled, StoreError};
use jiff::{SignedDuration, Timestamp};
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
    /// For how long tasks are claimed. Longer than performing one and handing it back takes.
    const LEASE: SignedDuration;
    /// Tasks that are claimed at the same time.
    const AT_ONCE: usize;

    /// Tasks that are claimed for [`Rounds::together`] at most.
    const TOGETHER: usize = 0;

    /// How long it is waited, once a task has ended, for others to end as well, before more are claimed.
    const GATHERED_FOR: Duration = Duration::ZERO;

    /// Performs and hands back, at once, whichever of these need nothing from outside; says of each whether it did.
    fn together(&self, tasks: &[Arc<Self::Task>]) -> impl Future<Output = Vec<bool>> + Send {
        std::future::ready(vec![false; tasks.len()])
    }

    fn now(&self) -> Timestamp;

    /// Takes what is due, for as long as [`Rounds::LEASE`].
    fn claim(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Self::Task>, StoreError>> + Send;

    /// Holds on to tasks that are still being performed: their leases begin anew.
    fn keep(
        &self,
        tasks: &[Arc<Self::Task>],
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Does the work and hands it back.
    fn perform(&self, task: &Self::Task) -> impl Future<Output = ()> + Send;

    /// Hands back work whose performance panicked.
    fn give_back(&self, task: &Self::Task) -> impl Future<Output = ()> + Send;
}

/// Runs until `stop`, then finishes what has begun.
pub(crate) async fn run<R: Rounds>(rounds: Arc<R>, mut changes: Receiver<Change>, stop: CancellationToken) {
    let mut running = JoinSet::new();
    let mut held = Held::new();
    // Tasks of the last round were all done together, so more of them may be claimed than have places.
    let mut is_easy = false;
    // Claimed while those before them were done.
    let mut ahead = Vec::new();
    loop {
        while running.try_join_next().is_some() {}
        let free = R::AT_ONCE.saturating_sub(running.len());
        let limit = if is_easy { R::TOGETHER.max(free) } else { free };
        let tasks = if ahead.is_empty() && free > 0 { claim(&rounds, limit, &mut held).await } else { ahead };
        let (claimed, is_full) = (!tasks.is_empty(), tasks.len() >= limit);
        // The store then does both in one go: it takes back these, and gives the next ones.
        let claims_ahead = is_easy && is_full && !stop.is_cancelled();
        let next = async { if claims_ahead { claim(&rounds, limit, &mut held).await } else { Vec::new() } };
        let (left, next) = tokio::join!(at_once(&rounds, tasks), next);
        ahead = next;
        is_easy = claimed && left.is_empty();
        for task in left {
            running.spawn(contained(Arc::clone(&rounds), task));
        }
        let is_more = !ahead.is_empty() || (is_easy && is_full && !stop.is_cancelled());
        tokio::select! {
            biased;
            () = std::future::ready(()), if is_more => {}
            () = stop.cancelled() => break,
            Some(_) = running.join_next(), if !running.is_empty() => {
                if !R::GATHERED_FOR.is_zero() {
                    tokio::time::sleep(R::GATHERED_FOR).await;
                }
            }
            () = work(&mut changes), if running.len() < R::AT_ONCE => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

async fn claim<R: Rounds>(rounds: &Arc<R>, limit: usize, held: &mut Held<R::Task>) -> Vec<Arc<R::Task>> {
    let claimed = keep_and_claim(rounds, limit, held).await;
    claimed.unwrap_or_else(|error| {
        observe::store_trouble(R::NAME, &error);
        Vec::new()
    })
}

async fn keep_and_claim<R: Rounds>(
    rounds: &Arc<R>,
    limit: usize,
    held: &mut Held<R::Task>,
) -> Result<Vec<Arc<R::Task>>, StoreError> {
    // One look at the clock for both: nothing can run out in between.
    let now = rounds.now();
    let outlived = held.outlived(now, R::LEASE);
    if !outlived.is_empty() {
        rounds.keep(&outlived, now).await?;
        held.keep(&outlived, now);
    }
    Ok(held.take(rounds.claim(now, u32::try_from(limit).expect("a few")).await?, now))
}

/// Performs what can be done together; gives what cannot. When that crashes, all of them are taken one by one.
async fn at_once<R: Rounds>(rounds: &Arc<R>, tasks: Vec<Arc<R::Task>>) -> Vec<Arc<R::Task>> {
    if R::TOGETHER == 0 || tasks.is_empty() {
        return tasks;
    }
    let performed = tokio::spawn({
        let (rounds, tasks) = (Arc::clone(rounds), tasks.clone());
        async move { rounds.together(&tasks).await }
    });
    let done = performed.await.unwrap_or_else(|_| {
        observe::crashed(R::NAME);
        Vec::new()
    });
    let is_left = |place: usize| !done.get(place).copied().unwrap_or(false);
    tasks.into_iter().enumerate().filter(|(place, _)| is_left(*place)).map(|(_, task)| task).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::broadcast;

    /// Tasks are numbers; every third one panics.
    #[derive(Default)]
    struct Numbers {
        waiting: Mutex<Vec<u32>>,
        performed: AtomicU32,
        given_back: Mutex<Vec<u32>>,
    }

    impl Rounds for Numbers {
        type Task = u32;
        const NAME: &'static str = "numbers";
        const LEASE: SignedDuration = SignedDuration::from_secs(60);
        const AT_ONCE: usize = 2;

        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        async fn keep(&self, _: &[Arc<u32>], _: Timestamp) -> Result<(), StoreError> {
            Ok(())
        }

        async fn claim(&self, _: Timestamp, limit: u32) -> Result<Vec<u32>, StoreError> {
            let mut waiting = self.waiting.lock().expect("not poisoned");
            let rest = waiting.len().saturating_sub(limit as usize);
            Ok(waiting.split_off(rest))
        }

        async fn perform(&self, task: &u32) {
            assert!(!task.is_multiple_of(3), "a defect, on purpose");
            self.performed.fetch_add(1, Ordering::SeqCst);
        }

        async fn give_back(&self, task: &u32) {
            self.given_back.lock().expect("not poisoned").push(*task);
        }
    }

    /// Even numbers are done together; where there is a seven among them, that crashes.
    #[derive(Default)]
    struct Easy(Numbers);

    impl Rounds for Easy {
        type Task = u32;
        const NAME: &'static str = "easy";
        const LEASE: SignedDuration = Numbers::LEASE;
        const AT_ONCE: usize = 2;
        const TOGETHER: usize = 8;

        async fn together(&self, tasks: &[Arc<u32>]) -> Vec<bool> {
            assert!(tasks.iter().all(|task| **task != 7), "a defect, on purpose");
            let even = |task: &Arc<u32>| task.is_multiple_of(2);
            let count = tasks.iter().filter(|task| even(task)).count();
            self.0.performed.fetch_add(u32::try_from(count).unwrap(), Ordering::SeqCst);
            tasks.iter().map(even).collect()
        }

        fn now(&self) -> Timestamp {
            self.0.now()
        }

        async fn keep(&self, tasks: &[Arc<u32>], now: Timestamp) -> Result<(), StoreError> {
            self.0.keep(tasks, now).await
        }

        async fn claim(&self, now: Timestamp, limit: u32) -> Result<Vec<u32>, StoreError> {
            self.0.claim(now, limit).await
        }

        async fn perform(&self, task: &u32) {
            self.0.perform(task).await;
        }

        async fn give_back(&self, task: &u32) {
            self.0.give_back(task).await;
        }
    }

    #[tokio::test]
    async fn many_easy_ones_may_be_followed_by_as_many_that_are_not() {
        // The last are claimed first: sixteen even numbers, then many odd ones in rounds as large.
        let numbers = (1..=41).step_by(2).chain((44..=76).step_by(2)).filter(|number| number % 3 != 0);
        let numbers: Vec<u32> = numbers.filter(|number| *number != 7).collect();
        let of_all = numbers.len();
        let easy = Arc::new(Easy(Numbers { waiting: Mutex::new(numbers), ..Numbers::default() }));
        let (_changes, receiver) = broadcast::channel(1);
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(Arc::clone(&easy), receiver, stop.clone()));
        while easy.0.performed.load(Ordering::SeqCst) as usize != of_all && !running.is_finished() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap();
        assert_eq!(easy.0.performed.load(Ordering::SeqCst) as usize, of_all);
    }

    #[tokio::test]
    async fn t_a08_what_crashes_together_is_done_one_by_one() {
        let easy = Arc::new(Easy(Numbers { waiting: Mutex::new((1..=30).collect()), ..Numbers::default() }));
        let (_changes, receiver) = broadcast::channel(1);
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(Arc::clone(&easy), receiver, stop.clone()));
        // Threes crash unless they are even as well and were done together; with the seven, they may not have been.
        let settled = |easy: &Easy| {
            easy.0.performed.load(Ordering::SeqCst) as usize + easy.0.given_back.lock().unwrap().len()
        };
        while settled(&easy) < 30 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap();
        assert_eq!(settled(&easy), 30, "each once");
        let given_back = easy.0.given_back.lock().unwrap().clone();
        assert!([3, 9, 15, 21, 27].iter().all(|odd| given_back.contains(odd)), "{given_back:?}");
    }

    #[tokio::test]
    async fn t_a08_t_g07_one_task_that_crashes_does_not_stop_the_others() {
        let numbers = Arc::new(Numbers { waiting: Mutex::new((1..=30).collect()), ..Numbers::default() });
        let (changes, receiver) = broadcast::channel(1);
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(Arc::clone(&numbers), receiver, stop.clone()));
        while numbers.performed.load(Ordering::SeqCst) < 20 {
            tokio::task::yield_now().await;
        }
        // Woken by a change, not by the clock.
        numbers.waiting.lock().unwrap().push(31);
        changes.send(Change::Work).unwrap();
        while numbers.performed.load(Ordering::SeqCst) < 21 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        running.await.unwrap();
        let mut given_back = numbers.given_back.lock().unwrap().clone();
        given_back.sort_unstable();
        assert_eq!(given_back, [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
    }
}
