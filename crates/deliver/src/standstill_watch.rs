//! Notices that a queue stands still, and has those told whose things wait in it (I-21).
//!
//! This is nobody's worker: it takes nothing out of a queue and asks nobody outside, so it goes on when a worker has
//! stopped, whatever stopped it. It knows a standstill by the age of what could have been taken first, as `/readyz` does
//! (T-G10). When it is the mails that stand still, the mail about it waits with them; the owner's pages say it at once.

use crate::observe;
use ipnd_core::limits::{DUE_SECONDS_MAX, STANDSTILL_LOOK_SECONDS, STANDSTILL_LOOKS};
use ipnd_store::{Clock, Queue, QueueLine, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(STANDSTILL_LOOK_SECONDS);
/// Beyond this a queue stands still.
const LATE: SignedDuration = SignedDuration::from_secs(DUE_SECONDS_MAX);
/// Within this it goes on again. Clearly less, so that one that can only just keep up is not a new standstill each time.
const WELL: SignedDuration = SignedDuration::from_secs(DUE_SECONDS_MAX / 2);
/// While it lasts, further owners may come to have something overdue. They are looked for every so many looks.
const LOOKS_UNTIL_OTHERS: u32 = 6;

pub struct StandstillWatch {
    store: Arc<dyn Store>,
    clock: Clock,
    late: HashMap<Queue, Late>,
}

/// A queue that was late in the last looks.
struct Late {
    item: i64,
    looks: u32,
    /// The look that tells owners, unless something goes wrong; then the one after it does.
    tells_at: u32,
}

impl Late {
    fn new(item: i64) -> Self {
        Self { item, looks: 0, tells_at: STANDSTILL_LOOKS }
    }

    /// Counts one more look. A clock that was put ahead, a computer that slept and a start after a longer stop make
    /// everything late for a moment; a standstill is what does not pass.
    fn again(&mut self, queue: Queue, item: i64) {
        // Between two of its deliveries an endpoint with a long backlog looks as if nobody told it anything. Nobody does
        // where it is the same delivery that comes first each time.
        if queue == Queue::Deliveries && self.item != item {
            *self = Self::new(item);
        }
        self.looks = self.looks.saturating_add(1);
    }
}

impl StandstillWatch {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock, late: HashMap::new() }
    }

    /// Looks at all queues once.
    pub async fn look(&mut self) {
        let now = self.clock.now();
        let lines = self.store.queues(now).await.unwrap_or_else(|error| {
            observe::store_trouble("standstills", &error);
            Vec::new()
        });
        for line in lines {
            if let Err(error) = self.judge(&line, now).await {
                observe::store_trouble("standstills", &error);
            }
        }
    }

    async fn judge(&mut self, line: &QueueLine, now: Timestamp) -> Result<(), StoreError> {
        let queue = line.queue;
        let waits = |since| now.duration_since(since);
        match line.first {
            Some(first) if waits(first.since) > LATE => {
                let late = self.late.entry(queue).or_insert_with(|| Late::new(first.item));
                late.again(queue, first.item);
                if late.looks < late.tells_at {
                    return Ok(());
                }
                if self.store.note_standstill(queue, first.since, now).await? {
                    observe::stands_still(queue, waits(first.since));
                }
                late.tells_at = late.looks.saturating_add(LOOKS_UNTIL_OTHERS);
            }
            first => {
                self.late.remove(&queue);
                let is_well = first.is_none_or(|first| waits(first.since) <= WELL);
                if is_well && line.standstill.is_some() && self.store.end_standstill(queue, now).await? {
                    observe::goes_on(queue);
                }
            }
        }
        Ok(())
    }
}

/// Looks again and again, until `stop`.
pub(crate) async fn run(store: Arc<dyn Store>, clock: Clock, every: Duration, stop: CancellationToken) {
    let begin = || StandstillWatch::new(Arc::clone(&store), clock.clone());
    let mut watch = begin();
    loop {
        // On a task of its own: whatever goes wrong in one look, there is a next one.
        let look = tokio::spawn(async move {
            watch.look().await;
            watch
        });
        let looked = tokio::select! {
            () = stop.cancelled() => return,
            looked = look => looked,
        };
        watch = looked.unwrap_or_else(|_| {
            observe::crashed("standstills");
            begin()
        });
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}
