//! The workers of one process, started and stopped together.

use crate::checks::CheckWorker;
use crate::client::Client;
use crate::clock_watch;
use crate::deliveries::DeliveryWorker;
use crate::mail::{MailConfig, MailWorker};
use crate::pace::Pace;
use crate::remembered::Remembered;
use crate::rounds;
use ipnd_store::{Clock, Store};
use std::sync::Arc;
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
    running: [JoinHandle<()>; 4],
}

impl Workers {
    /// Starts asking, mailing and telling. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(config: WorkersConfig) -> Self {
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
        let deliveries = Arc::new(DeliveryWorker {
            store: Arc::clone(&store),
            clock: clock.clone(),
            client: client.clone(),
            base_url: base_url.clone(),
        });
        let mails = Arc::new(MailWorker { store: Arc::clone(&store), clock, client, config: mail, base_url });
        let running = [
            tokio::spawn(watch),
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
