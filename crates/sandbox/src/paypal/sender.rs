//! Sends what is due, one message at a time for each address, and goes by the schedule in the ledger alone, so a
//! restart changes nothing.

use super::message::Message;
use super::{Inner, SandboxError};
use crate::courier::{Courier, Parcel};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// PayPal waits 20 seconds the first time and 30 seconds afterwards.
const FIRST_WAIT: Duration = Duration::from_secs(20);
const REPEAT_WAIT: Duration = Duration::from_secs(30);
/// Looks at the schedule at least this often, should a clock have been moved.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Runs until the stop token is cancelled; what is on its way then is sent again after the next start.
pub(super) async fn run(inner: Arc<Inner>) {
    // A server that hangs delays the messages to its own address and no others.
    let mut lanes: JoinSet<String> = JoinSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    loop {
        let pause = start_lanes(&inner, &mut lanes, &mut busy).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the sandbox cannot read its ledger");
            LOOK_AGAIN
        });
        tokio::select! {
            () = inner.stop.cancelled() => return,
            () = inner.queued.notified() => {}
            Some(Ok(url)) = lanes.join_next() => { busy.remove(&url); }
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Starts a lane for every idle address with something due, and says how long there is nothing more to do.
async fn start_lanes(
    inner: &Arc<Inner>,
    lanes: &mut JoinSet<String>,
    busy: &mut HashSet<String>,
) -> Result<Duration, SandboxError> {
    let mut by_url: HashMap<String, Vec<Message>> = HashMap::new();
    for message in inner.ledger.due().await? {
        if let Some(url) = message.url.clone().filter(|url| !busy.contains(url)) {
            by_url.entry(url).or_default().push(message);
        }
    }
    for (url, messages) in by_url {
        busy.insert(url.clone());
        lanes.spawn(deliver(inner.clone(), url, messages));
    }
    let next = inner.ledger.next_due_in().await?.and_then(|gap| Duration::try_from(gap).ok());
    Ok(next.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN))
}

/// Delivers to one address in sequence; gives the address back when it is done.
async fn deliver(inner: Arc<Inner>, url: String, messages: Vec<Message>) -> String {
    for message in messages {
        let answer = post(&inner.courier, &url, message.body, message.tries).await;
        if let Err(error) = inner.ledger.record_attempt(message.id, answer).await {
            tracing::warn!(%error, "the sandbox cannot record an attempt");
            break;
        }
    }
    url
}

/// Posts `body` to `url` and gives the status of the answer, or says why there was none.
async fn post(courier: &Courier, url: &str, body: Vec<u8>, tries: u32) -> Result<u16, String> {
    let headers = [
        ("user-agent".to_owned(), "PayPal IPN ( https://www.paypal.com/ipn )".to_owned()),
        ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
    ];
    let wait = if tries == 0 { FIRST_WAIT } else { REPEAT_WAIT };
    let answer = courier.send(Parcel { method: "POST", url, headers: &headers, body, wait }).await?;
    Ok(answer.status)
}
