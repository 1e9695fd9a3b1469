//! The parts that the demo and the real thing share: a listener, a server, workers, and the sequence in which they
//! stop.

use anyhow::{Context as _, Result, bail};
use axum::Router;
use ipnd_core::Limits;
use ipnd_deliver::Workers;
use ipnd_store::Store;
use ipnd_web::Proxies;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

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

/// Runs to the end without waiting for threads that wait for somebody else, such as a name server that is silent.
pub(crate) fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    outcome
}

/// Serves until `stop`, then finishes what was begun, and closes the store last: nothing may be accepted that cannot
/// be kept any more.
///
/// The workers have as long as the requests. A mail server that stalls must not hold the process until a supervisor
/// kills it; what it was in the middle of is taken up again by the next start.
pub(crate) async fn run(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: Proxies,
    workers: Option<Workers>,
    store: Arc<dyn Store>,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let stop_within = Duration::from_millis(limits.stop_ms);
    let (stopping, stopped) = oneshot::channel();
    let serving = ipnd_web::serve(listener, router, limits, proxies, async move {
        stop.await;
        let _ = stopping.send(());
    });
    let working = async move {
        // Ready when asked to stop, and when serving ended without being asked.
        let _ = stopped.await;
        let Some(workers) = workers else { return };
        if tokio::time::timeout(stop_within, workers.stop()).await.is_err() {
            tracing::warn!("the workers did not finish in time and were cut off");
        }
    };
    let (served, ()) = tokio::join!(serving, working);
    store.close().await;
    served.context("the server ended")
}
