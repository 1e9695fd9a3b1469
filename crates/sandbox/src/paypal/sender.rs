//! Sends the notifications that are due.

use super::message::Message;
use super::{Inner, SandboxError};
use crate::courier::{Courier, Parcel};
use crate::lanes::Schedule;
use jiff::SignedDuration;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// PayPal waits 20 seconds the first time and 30 seconds afterwards.
const FIRST_WAIT: Duration = Duration::from_secs(20);
const REPEAT_WAIT: Duration = Duration::from_secs(30);

impl Schedule for Inner {
    type Thing = Message;

    fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn queued(&self) -> &Notify {
        &self.queued
    }

    async fn due(&self) -> Result<Vec<(String, Message)>, SandboxError> {
        let due = self.ledger.due().await?;
        Ok(due.into_iter().filter_map(|message| Some((message.url.clone()?, message))).collect())
    }

    async fn next_due_in(&self) -> Result<Option<SignedDuration>, SandboxError> {
        self.ledger.next_due_in().await
    }

    async fn send(&self, url: &str, message: Message) -> Result<(), SandboxError> {
        let answer = post(&self.courier, url, message.body, message.tries).await;
        self.ledger.record_attempt(message.id, answer).await
    }
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
