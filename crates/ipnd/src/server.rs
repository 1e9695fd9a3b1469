//! The parts that the demo and the real thing share: a listener, a server, workers, and the sequence in which they
//! stop.

use anyhow::{Context as _, Result, bail};
use axum::Router;
use ipnd_core::Limits;
use ipnd_deliver::Workers;
use ipnd_store::Store;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Takes the address, or says who to blame.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "{address} is taken by another program. Choose another address, or any free port: --listen {}",
            SocketAddr::new(address.ip(), 0)
        ),
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// Ready when the process is asked to end: SIGTERM from a supervisor, SIGINT from the keyboard.
pub(crate) fn asked_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: everything that was accepted is answered first");
    })
}

/// Serves until `stop`, then finishes what was begun and closes the store, in this sequence: nothing may be accepted
/// that cannot be kept any more.
pub(crate) async fn run(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    workers: Workers,
    store: Arc<dyn Store>,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let served = ipnd_web::serve(listener, router, limits, stop).await;
    workers.stop().await;
    store.close().await;
    served.context("the server ended")
}
