//! Plays PayPal's side over real HTTP: the payment page, the notifications with their repeats, and the answer to
//! the post-back. It has a memory of its own and knows nothing of the shop but what the shop's form says.

mod checkout;
mod compose;
mod faults;
mod ledger;
mod merchant;
mod message;
mod order;
mod sender;
mod transaction;
mod validate;
mod webscr;
mod writing;

pub(crate) use order::Fields;

use crate::courier::Courier;
use crate::database::Database;
use crate::lanes;
use crate::page;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post as posting};
use ipnd_store::Clock;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A notification of 256 KiB comes back with a few bytes more.
const BODY_BYTES_MAX: usize = 512 * 1024;

/// The sandbox could not do its own work.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("sandbox.db: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("sandbox.db holds something unreadable: {0}")]
    Record(#[from] serde_json::Error),
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// The stand-in. Cheap to clone.
#[derive(Clone)]
pub struct Paypal(Arc<Inner>);

pub(crate) struct Inner {
    ledger: ledger::Ledger,
    /// Something new may be due.
    queued: Notify,
    stop: CancellationToken,
    courier: Courier,
    sender: Mutex<Option<JoinHandle<()>>>,
}

impl Paypal {
    /// The file that it keeps; it marks a folder as one of play money.
    pub const FILE: &str = "sandbox.db";

    /// The path of the address at which it is asked and customers pay, for the one gateway that it stands in for.
    #[must_use]
    pub fn path_for(gateway: &str) -> Option<&'static str> {
        (gateway == ipnd_gateways::paypal_ipn::GATEWAY.id).then_some("/sandbox/paypal/cgi-bin/webscr")
    }

    /// Opens (or creates) [`Paypal::FILE`] in `dir`. `own_address` is where this server listens: it may be notified
    /// even when it is not a loopback address.
    ///
    /// # Errors
    /// When the file cannot be opened or is not ours.
    pub fn open(dir: &Path, clock: Clock, own_address: Option<SocketAddr>) -> Result<Self, SandboxError> {
        let database = Database::open(&dir.join(Self::FILE), clock)?;
        if let Some(address) = own_address {
            database.move_to(address)?;
        }
        Ok(Self(Arc::new(Inner {
            ledger: ledger::Ledger(database),
            queued: Notify::new(),
            stop: CancellationToken::new(),
            courier: Courier::for_this_machine(own_address),
            sender: Mutex::new(None),
        })))
    }

    /// Where it remembers everything; the player of all gateways does so in the same file.
    pub(crate) fn database(&self) -> Database {
        self.0.ledger.0.clone()
    }

    /// Starts sending; what an earlier process left behind goes on where it was.
    pub fn start(&self) {
        let task = tokio::spawn(lanes::run(self.0.clone()));
        *self.0.sender.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(task);
    }

    /// Ends sending and wakes whoever waits for an answer that was never meant to come.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        let task = self.0.sender.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::warn!(%error, "the sandbox's sender ended badly");
        }
    }

    /// Everything below `/sandbox`.
    pub fn router(&self) -> Router {
        let own_pages = Router::new()
            .route("/sandbox/paypal", get(merchant::list))
            .route("/sandbox/paypal/faults", posting(merchant::put_faults))
            .route("/sandbox/paypal/release", posting(merchant::release))
            .route("/sandbox/paypal/transactions/{id}", get(merchant::show).post(merchant::act))
            .route("/sandbox/paypal/messages/{id}", get(merchant::message))
            .route("/sandbox/paypal/messages/{id}/resend", posting(merchant::resend))
            .route("/sandbox/paypal/checkout/{id}", get(checkout::show).post(checkout::finish))
            .layer(middleware::from_fn(page::own_forms_only));
        Router::new()
            .merge(own_pages)
            // Shops' forms and questions come from elsewhere; that is what this address is for.
            .route("/sandbox/paypal/cgi-bin/webscr", get(webscr::get).post(webscr::post))
            .route("/sandbox/assets/sandbox.css", get(page::style))
            .route("/sandbox/assets/sandbox.svg", get(page::picture))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self.0.clone())
    }
}
