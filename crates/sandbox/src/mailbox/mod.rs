//! A mail server that keeps everything and passes nothing on, with a page that shows what arrived.

mod letter;
mod pages;
mod smtp;
mod spool;

use axum::Router;
use axum::routing::get;
use ipnd_store::Clock;
use spool::Spool;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The stand-in for every mail server of the world. Cheap to clone.
#[derive(Clone)]
pub struct Mailbox(Arc<Inner>);

struct Inner {
    spool: Arc<Spool>,
    smtp_addr: SocketAddr,
    stop: CancellationToken,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Mailbox {
    /// Listens on a free port of this machine and keeps mails as files in `dir/mailbox`.
    ///
    /// # Errors
    /// When the folder cannot be made or no port is free.
    pub async fn start(dir: &Path, clock: Clock) -> std::io::Result<Self> {
        let spool = Arc::new(Spool::open(&dir.join("mailbox"), clock)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let smtp_addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(smtp::serve(listener, spool.clone(), stop.clone()));
        Ok(Self(Arc::new(Inner { spool, smtp_addr, stop, server: Mutex::new(Some(server)) })))
    }

    /// Where to send mails: plain SMTP, no log-in.
    #[must_use]
    pub fn smtp_addr(&self) -> SocketAddr {
        self.0.smtp_addr
    }

    /// `/mailbox` and everything below it.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/mailbox", get(pages::list))
            .route("/mailbox/newest", get(pages::newest))
            .route("/mailbox/assets/mailbox.js", get(pages::script))
            .route("/mailbox/{id}", get(pages::show))
            .route("/mailbox/{id}/html", get(pages::html_part))
            .route("/mailbox/{id}/raw", get(pages::raw))
            .with_state(self.0.spool.clone())
    }

    /// Takes no more mails. One that is being received is finished or was never acknowledged.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        let server = self.0.server.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        if let Some(server) = server
            && let Err(error) = server.await
        {
            tracing::warn!(%error, "the mailbox ended badly");
        }
    }
}
