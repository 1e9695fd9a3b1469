//! What a worker has claimed and not finished.
//!
//! A lease ends by the clock, and clocks jump. Whoever does the work knows better whether it is still being done, so a
//! worker that looks for more keeps its own leases first: what this process is at is not taken up by it a second time.
//! Over several nodes it is the number of a lease that decides whose result counts (T-C09).

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Weak};

/// The tasks themselves are owned by those who perform them, and are gone when that is over, however it ended.
pub(crate) struct Held<T>(Vec<One<T>>);

struct One<T> {
    task: Weak<T>,
    /// When its lease was taken or kept.
    since: Timestamp,
}

impl<T> Held<T> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Claimed just now.
    pub(crate) fn take(&mut self, tasks: Vec<T>, now: Timestamp) -> Vec<Arc<T>> {
        let tasks: Vec<Arc<T>> = tasks.into_iter().map(Arc::new).collect();
        self.0.extend(tasks.iter().map(|task| One { task: Arc::downgrade(task), since: now }));
        tasks
    }

    /// Those that are still being performed although their lease has run out by this clock. Where it was put back,
    /// nobody knows when they run out.
    pub(crate) fn outlived(&mut self, now: Timestamp, lease: SignedDuration) -> Vec<Arc<T>> {
        self.0.retain(|one| one.task.strong_count() > 0);
        let is_over = |one: &&One<T>| !(SignedDuration::ZERO..lease).contains(&now.duration_since(one.since));
        self.0.iter().filter(is_over).filter_map(|one| one.task.upgrade()).collect()
    }

    /// The leases of `kept` begin anew.
    pub(crate) fn keep(&mut self, kept: &[Arc<T>], now: Timestamp) {
        let is_kept =
            |one: &One<T>| kept.iter().any(|task| std::ptr::eq(Arc::as_ptr(task), one.task.as_ptr()));
        self.0.iter_mut().filter(|one| is_kept(one)).for_each(|one| one.since = now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: SignedDuration = SignedDuration::from_secs(60);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn only_what_is_still_performed_is_held() {
        let mut held = Held::new();
        let mut tasks = held.take(vec![1, 2], at(0));
        assert!(held.outlived(at(59), LEASE).is_empty());
        assert_eq!(held.outlived(at(60), LEASE).len(), 2);
        tasks.pop();
        let outlived = held.outlived(at(60), LEASE);
        assert_eq!(outlived.iter().map(|task| **task).collect::<Vec<i32>>(), [1]);
        held.keep(&outlived, at(60));
        drop(outlived);
        assert!(held.outlived(at(119), LEASE).is_empty(), "its lease has begun anew");
        assert_eq!(held.outlived(at(59), LEASE).len(), 1, "the clock was put back");
        drop(tasks);
        assert!(held.outlived(at(999), LEASE).is_empty());
        assert!(held.0.is_empty(), "nothing is kept of what is over");
    }
}
