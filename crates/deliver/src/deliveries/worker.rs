//! The delivery worker: takes deliveries out of the outbox and sees them to the shop.

use super::attempt::{self, Prepared};
use crate::client::{Client, ExchangeError};
use crate::observe;
use crate::rounds::{self, Rounds};
use ipnd_core::Reason;
use ipnd_store::{Attempt, Clock, DeliveryOutcome, DueDelivery, Leases, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

pub(crate) struct DeliveryWorker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) client: Client,
    pub(crate) base_url: Url,
}

impl Rounds for DeliveryWorker {
    type Task = DueDelivery;
    const NAME: &'static str = "deliveries";
    /// Longer than the longest exchange and handing back together.
    const LEASE: SignedDuration = SignedDuration::from_secs(90);
    const AT_ONCE: usize = 512;
    const GATHERED_FOR: Duration = Duration::from_millis(2);

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn claim(&self, now: Timestamp, limit: u32) -> Result<Vec<DueDelivery>, StoreError> {
        self.store.claim_deliveries(now, limit, Self::LEASE).await
    }

    async fn keep(&self, tasks: &[Arc<DueDelivery>], now: Timestamp) -> Result<(), StoreError> {
        let held = Leases::Deliveries(tasks.iter().map(|due| (due.id, due.lease)).collect());
        self.store.keep_leases(held, now, Self::LEASE).await
    }

    async fn perform(&self, due: &DueDelivery) {
        let started_at = self.clock.now();
        let (attempt, outcome) = match attempt::prepare(due, self.base_url.as_str(), started_at) {
            Ok(prepared) => self.send(due, &prepared, started_at).await,
            Err(outcome) => (unsent(started_at), outcome),
        };
        observe::delivery_settled(due, &attempt, &outcome);
        rounds::settle(Self::NAME, || {
            let now = self.clock.now();
            self.store.settle_delivery(due.id, due.lease, now, attempt.clone(), outcome.clone())
        })
        .await;
    }

    /// It is tried again when its lease has run out, as if nobody had heard the answer.
    async fn give_back(&self, _: &DueDelivery) {}
}

impl DeliveryWorker {
    async fn send(
        &self,
        due: &DueDelivery,
        prepared: &Prepared,
        started_at: Timestamp,
    ) -> (Attempt, DeliveryOutcome) {
        let request = &prepared.request;
        if prepared.is_asked_back {
            // The receiver may ask back before it answers.
            let digest = Sha256::digest(&request.body).to_vec();
            if let Err(error) = self.store.note_sent_body(due.id, digest).await {
                observe::store_trouble(Self::NAME, &error);
                let again_at = started_at.saturating_add(SignedDuration::from_secs(5)).expect("seconds");
                let reason = Reason::new("store_trouble", "");
                return (unsent(started_at), DeliveryOutcome::Later { reason, again_at, is_down: false });
            }
        }
        let answered =
            self.client.tell(&request.method, &prepared.url, &request.headers, request.body.clone()).await;
        let now = self.clock.now();
        let took = now.duration_since(started_at).as_millis();
        let attempt = Attempt {
            started_at,
            duration: u32::try_from(took.max(0)).unwrap_or(u32::MAX),
            status: answered.as_ref().ok().map(|answer| answer.status),
            reply: answered.as_ref().ok().map(|answer| attempt::excerpt(&answer.body)),
        };
        let outcome = attempt::judge(due, prepared, answered.as_ref().map_err(ExchangeError::reason), now);
        (attempt, outcome)
    }
}

fn unsent(started_at: Timestamp) -> Attempt {
    Attempt { started_at, duration: 0, status: None, reply: None }
}
