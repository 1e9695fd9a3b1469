//! Notices that the clock was put back. What was put off until a time that is now far away would be forgotten for as
//! long as the clock had been wrong; the store brings it forward.

use ipnd_store::{Clock, Store};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A clock that is put forward and back between two looks is not noticed, so they come often; each reads two clocks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Clocks are corrected by a little all the time; so much between two looks is nothing.
const TOLERATED: SignedDuration = SignedDuration::from_millis(500);
/// No lease lasts longer.
const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// Nothing is put off for longer, so that whatever waits beyond was put there by a wrong clock before the last start.
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(2);

/// Two clocks that ought to run alike: the one that tells the time, and one that nobody can set.
struct Watch {
    then: Timestamp,
}

impl Watch {
    /// Whether the clock was put back since the last look, `passed` ago.
    fn went_back(&mut self, now: Timestamp, passed: Duration) -> bool {
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let expected = self.then.saturating_add(passed).expect("a time and a duration");
        self.then = now;
        expected.duration_since(now) > TOLERATED
    }
}

pub(crate) async fn run(store: Arc<dyn Store>, clock: Clock, stop: CancellationToken) {
    let now = clock.now();
    let mut watch = Watch { then: now };
    let mut looked = Instant::now();
    // Until it has been written down, it is tried again.
    let mut latest = Some(now.saturating_add(PAUSE_MAX).expect("a few hours"));
    loop {
        let now = clock.now();
        if watch.went_back(now, looked.elapsed()) {
            tracing::warn!("the clock was put back; what waits for a later time is done now");
            latest = Some(now);
        }
        looked = Instant::now();
        if let Some(until) = latest {
            match store.bring_forward(now, until, LEASE).await {
                Ok(()) => latest = None,
                Err(error) => tracing::warn!(%error, "what waits could not be brought forward"),
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_18_a_clock_that_is_put_back_is_noticed() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        let mut watch = Watch { then: at(0) };
        let second = Duration::from_secs(1);
        assert!(!watch.went_back(at(1), second), "it runs");
        assert!(
            !watch.went_back(at(3_600), second),
            "it was put forward: what was due earlier is due all the same"
        );
        assert!(watch.went_back(at(2), second), "it was put back");
        assert!(!watch.went_back(at(3), second), "that was all");
        assert!(!watch.went_back(at(3), Duration::from_millis(400)), "a small correction");
        assert!(watch.went_back(at(3), second), "it stood still");
    }
}
