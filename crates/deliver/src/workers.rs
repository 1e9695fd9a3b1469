//! The workers of one process, started and stopped together.

use crate::checks::CheckWorker;
use crate::client::Client;
use crate::clock_watch;
use crate::deliveries::DeliveryWorker;
use crate::mail::{MailConfig, MailWorker};
use crate::pace::Pace;
use crate::remembered::Remembered;
use crate::rounds;
use crate::standstill_watch;
use ipnd_store::{Clock, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What the workers work with.
pub struct WorkersConfig {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub client: Client,
    /// Without one, mails wait and say why.
    pub mail: Option<MailConfig>,
    /// How the outside reaches this server; all links in mails are made from it.
    pub base_url: Url,
}

/// The running workers. Dropping this stops them without waiting; [`Workers::stop`] waits.
pub struct Workers {
    stop: CancellationToken,
    running: [JoinHandle<()>; 5],
}

impl Workers {
    /// Starts asking, mailing and telling. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(config: WorkersConfig) -> Self {
        Self::start_with(config, standstill_watch::LOOK_EVERY)
    }

    fn start_with(config: WorkersConfig, look_every: Duration) -> Self {
        let WorkersConfig { store, clock, client, mail, base_url } = config;
        let stop = CancellationToken::new();
        let checks = Arc::new(CheckWorker {
            store: Arc::clone(&store),
            clock: clock.clone(),
            client: client.clone(),
            pace: Pace::new(),
            remembered: Remembered::default(),
        });
        let watch = clock_watch::run(Arc::clone(&store), clock.clone(), stop.clone());
        let standstills = standstill_watch::run(Arc::clone(&store), clock.clone(), look_every, stop.clone());
        let deliveries = Arc::new(DeliveryWorker {
            store: Arc::clone(&store),
            clock: clock.clone(),
            client: client.clone(),
            base_url: base_url.clone(),
        });
        let mails = Arc::new(MailWorker { store: Arc::clone(&store), clock, client, config: mail, base_url });
        let running = [
            tokio::spawn(watch),
            tokio::spawn(standstills),
            tokio::spawn(rounds::run(checks, store.changes(), stop.clone())),
            tokio::spawn(rounds::run(mails, store.changes(), stop.clone())),
            tokio::spawn(rounds::run(deliveries, store.changes(), stop.clone())),
        ];
        Self { stop, running }
    }

    /// Claims nothing more, and returns when everything that had begun is finished and handed back.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for worker in &mut self.running {
            // A worker that ended badly has nothing left to finish; its leases run out.
            let _ = worker.await;
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Policy;
    use ipnd_core::{Currency, Environment, Language};
    use ipnd_gateways::RawRequest;
    use ipnd_store::sqlite::SqliteStore;
    use ipnd_store::{NewAccount, NewNotification, NewShop, Queue};
    use jiff::SignedDuration;
    use std::collections::BTreeMap;

    #[tokio::test]
    async fn t_g10_a_worker_that_has_stopped_is_noticed_by_who_runs_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2024-05-01T12:00:00Z".parse().unwrap());
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("ipnd.db")).unwrap());
        let shop = NewShop {
            slug: "corner".into(),
            name: "Corner shop".into(),
            language: Language::En,
            currency: Currency::from_code("EUR").unwrap(),
            owner_email: "owner@example.com".into(),
            is_sample: false,
        };
        let shop = store.create_shop(shop, clock.now()).await.unwrap();
        let account = NewAccount {
            shop: shop.id,
            gateway: "paypal-ipn".into(),
            name: "PayPal".into(),
            environment: Environment::Sandbox,
            settings: BTreeMap::new(),
            creates_orders: false,
            by: "owner".into(),
        };
        let account = store.create_account(account, clock.now()).await.unwrap();
        let config = WorkersConfig {
            store: Arc::clone(&store),
            clock: clock.clone(),
            client: Client::new(Policy::default()).unwrap(),
            mail: None,
            base_url: "https://shop.example.com".parse().unwrap(),
        };
        let mut workers = Workers::start_with(config, Duration::from_millis(10));
        // Whatever it is that ends it: the process goes on without it.
        let checks = &mut workers.running[2];
        checks.abort();
        assert!(checks.await.unwrap_err().is_cancelled());
        let request =
            RawRequest { method: "POST".into(), query: String::new(), headers: vec![], body: b"x".to_vec() };
        let new = NewNotification {
            account: account.id,
            received_at: clock.now(),
            remote: None,
            request,
            repeats_are_news: false,
            proven: None,
        };
        store.journal(new, 1).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(store.standstills().await.unwrap().is_empty());
        clock.advance(SignedDuration::from_secs(61));
        let mut waited = 0;
        while store.standstills().await.unwrap().is_empty() {
            waited += 1;
            assert!(waited < 2_000, "nobody noticed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(store.standstills().await.unwrap()[0].queue, Queue::Checks);
        assert_eq!(store.backlog(clock.now()).await.unwrap().mails_waiting, 1);
        // The one that has ended is not waited for.
        workers.stop.cancel();
        for (place, worker) in workers.running.iter_mut().enumerate() {
            if place != 2 {
                worker.await.unwrap();
            }
        }
    }
}
