//! Deletes what has been kept for as long as the configuration says, beside everything else.

use crate::config::Retention;
use ipnd_store::{Clock, Retained, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(6 * 60 * 60);
/// Between two handfuls, so that whoever takes in notifications comes first.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs until it is dropped. What it deletes it deletes in small transactions, so it can be cut off at any moment.
pub(crate) async fn run(store: Arc<dyn Store>, clock: Clock, retention: Retention) {
    loop {
        for what in Retained::ALL {
            let Some(before) = retention.before(what, clock.now()) else { continue };
            match sweep(&*store, what, before, &clock).await {
                Ok(0) => {}
                Ok(count) => {
                    counter!("ipnd_retention_deleted_total", "class" => what.word()).increment(count);
                    tracing::info!(class = what.word(), count, %before, "deleted what had been kept long enough");
                }
                Err(error) => tracing::warn!(class = what.word(), %error, "deleting has to wait"),
            }
        }
        tokio::time::sleep(ROUND).await;
    }
}

/// Goes once through a class. Gives how much was deleted.
async fn sweep(
    store: &dyn Store,
    what: Retained,
    before: Timestamp,
    clock: &Clock,
) -> Result<u64, StoreError> {
    let (mut after, mut count) = (i64::MIN, 0);
    loop {
        let forgotten = store.forget(what, before, after, clock.now()).await?;
        count += forgotten.count;
        match forgotten.next {
            Some(next) => after = next,
            None => return Ok(count),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Retention {
    /// Before when what is kept of a class goes; `None` where it stays for ever.
    fn before(&self, what: Retained, now: Timestamp) -> Option<Timestamp> {
        let days = match what {
            Retained::Forged => self.forged_days,
            Retained::GivenUp => self.given_up_days,
            Retained::Proved => self.proved_days,
            Retained::Copies => self.copies_days,
            Retained::CheckAttempts => self.check_attempts_days,
            Retained::MailAttempts => self.mail_attempts_days,
            Retained::Deliveries => self.deliveries_days,
            Retained::Sessions => self.sessions_days,
        };
        let days = days.days()?;
        now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }
}
