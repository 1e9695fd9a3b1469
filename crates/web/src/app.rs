//! What every handler can reach.

use ipnd_core::Limits;
use ipnd_store::{Account, Clock, Store};
use std::sync::Arc;
use url::Url;

/// Cheap to clone; one for the whole process.
#[derive(Clone)]
pub struct App(Arc<Inner>);

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

impl App {
    #[must_use]
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
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
}

impl std::ops::Deref for App {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
