//! What every handler can reach.

use crate::buckets::Buckets;
use crate::health::Probe;
use crate::known::KnownAccounts;
use ipnd_core::Limits;
use ipnd_core::limits::{UNPROVEN_BURST_PER_ADDRESS, UNPROVEN_PER_ADDRESS_A_SECOND};
use ipnd_store::{Account, Clock, Store};
use std::sync::Arc;
use url::Url;

/// Cheap to clone; one for the whole process.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What the process is made of, and what handlers share beside it.
struct Shared {
    inner: Inner,
    attempts: Buckets,
    unproven: Buckets,
    probe: Probe,
    known_accounts: KnownAccounts,
}

pub struct Inner {
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    /// How the outside reaches this server. All links are made from it, never from a request's Host (T-F10).
    pub base_url: Url,
    pub limits: Limits,
    /// Only in the demo: links to what stands in for the outside world.
    pub demo: Option<DemoLinks>,
}

#[derive(Clone, Debug)]
pub struct DemoLinks {
    pub mailbox_url: String,
    pub sandbox_url: String,
    pub storefront_url: String,
}

/// Wrong API keys one address may try at once, and in a second after that.
const ATTEMPTS_BURST: u32 = 20;
const ATTEMPTS_A_SECOND: u32 = 1;

impl App {
    #[must_use]
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(Shared {
            inner,
            attempts: Buckets::new(ATTEMPTS_BURST, ATTEMPTS_A_SECOND),
            unproven: Buckets::new(UNPROVEN_BURST_PER_ADDRESS, UNPROVEN_PER_ADDRESS_A_SECOND),
            probe: Probe::default(),
            known_accounts: KnownAccounts::default(),
        }))
    }

    /// The address of a page of this server; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }

    /// Where a gateway sends the notifications of this account.
    #[must_use]
    pub fn intake_url(&self, account: &Account) -> String {
        self.url(&format!("/in/{}", account.token))
    }

    /// Wrong API keys, by address.
    pub(crate) fn attempts(&self) -> &Buckets {
        &self.0.attempts
    }

    /// For the intake. Whoever changes an account forgets them.
    pub(crate) fn known_accounts(&self) -> &KnownAccounts {
        &self.0.known_accounts
    }

    /// For `/readyz`.
    pub(crate) fn probe(&self) -> &Probe {
        &self.0.probe
    }

    /// Notifications that nothing proves yet, by address.
    pub(crate) fn unproven(&self) -> &Buckets {
        &self.0.unproven
    }
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0.inner
    }
}
