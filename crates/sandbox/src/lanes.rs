//! Sends what is due, one thing at a time for each address, and goes by the schedule in a ledger alone, so a restart
//! changes nothing.

use crate::paypal::SandboxError;
use jiff::SignedDuration;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Looks at the schedule at least this often, should a clock have been moved.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Things that are to be sent, and when.
pub(crate) trait Schedule: Send + Sync + 'static {
    type Thing: Send + 'static;

    fn stop(&self) -> &CancellationToken;
    /// Something new may be due.
    fn queued(&self) -> &Notify;
    /// What is due now, with its addresses, in the sequence in which it is to be sent.
    fn due(&self) -> impl Future<Output = Result<Vec<(String, Self::Thing)>, SandboxError>> + Send;
    fn next_due_in(&self) -> impl Future<Output = Result<Option<SignedDuration>, SandboxError>> + Send;
    /// Sends one thing and keeps what became of it.
    fn send(&self, url: &str, thing: Self::Thing) -> impl Future<Output = Result<(), SandboxError>> + Send;
}

/// Runs until the stop token is cancelled; what is on its way then is sent again after the next start.
pub(crate) async fn run<S: Schedule>(schedule: Arc<S>) {
    // A server that hangs delays what goes to its own address and nothing else.
    let mut lanes: JoinSet<String> = JoinSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    loop {
        let pause = start_lanes(&schedule, &mut lanes, &mut busy).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the sandbox cannot read its ledger");
            LOOK_AGAIN
        });
        tokio::select! {
            () = schedule.stop().cancelled() => return,
            () = schedule.queued().notified() => {}
            Some(Ok(url)) = lanes.join_next() => { busy.remove(&url); }
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Starts a lane for every idle address with something due, and says how long there is nothing more to do.
async fn start_lanes<S: Schedule>(
    schedule: &Arc<S>,
    lanes: &mut JoinSet<String>,
    busy: &mut HashSet<String>,
) -> Result<Duration, SandboxError> {
    let mut by_url: HashMap<String, Vec<S::Thing>> = HashMap::new();
    for (url, thing) in schedule.due().await? {
        if !busy.contains(&url) {
            by_url.entry(url).or_default().push(thing);
        }
    }
    for (url, things) in by_url {
        busy.insert(url.clone());
        lanes.spawn(lane(schedule.clone(), url, things));
    }
    let next = schedule.next_due_in().await?.and_then(|gap| Duration::try_from(gap).ok());
    Ok(next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN))
}

/// Sends to one address in sequence; gives the address back when it is done.
async fn lane<S: Schedule>(schedule: Arc<S>, url: String, things: Vec<S::Thing>) -> String {
    for thing in things {
        if let Err(error) = schedule.send(&url, thing).await {
            tracing::warn!(%error, "the sandbox cannot go on with what it sends");
            break;
        }
    }
    url
}
