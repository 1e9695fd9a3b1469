//! The accept loop: HTTP/1.1 with a limit on everything, and a stop that answers what has been accepted.
//!
//! axum's own `serve` sets no timer, so a silent client would hold its connection for ever (T-G01).

mod bodies;
mod connection;
mod framing;
mod slots;
mod stream;

pub(crate) use bodies::TooSlow;

use crate::proxies::Proxies;
use crate::remote::Remote;
use axum::Router;
use connection::Context;
use ipnd_core::Limits;
use slots::Slots;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long accepting pauses when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests that were sent just before the stop may still be on their way through the kernel.
const LAST_CALL: Duration = Duration::from_millis(100);

/// What somebody hears for whom there is no place. Complete, so that gateways come again later.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
                          Content-Length: 0\r\n\r\n";

/// Serves `router` on `listener` until `stop` is ready. Then no further connection is accepted, every request that
/// has been accepted is answered within `limits.stop_ms`, live streams end, and the function returns. `proxies` are
/// believed about whom they heard from.
///
/// # Errors
/// None at present that could be mended by trying again: the listener's own trouble is logged and waited out.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    proxies: Proxies,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let slots = Slots::new(limits.connections_max, limits.connections_per_address_max, proxies.clone());
    let stop_within = Duration::from_millis(limits.stop_ms);
    let stopping = CancellationToken::new();
    let context = Context::new(router, limits, proxies, stopping.clone());
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    while connections.try_join_next().is_some() {}
                    admit(&mut connections, &slots, &context, socket, peer);
                }
                Err(error) => wait_out(&error).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    // Whoever the kernel has connected already is served too.
    while let Some(Ok((socket, peer))) = accepted_already(&listener).await {
        admit(&mut connections, &slots, &context, socket, peer);
    }
    drop(listener);
    tokio::time::sleep(LAST_CALL.min(stop_within)).await;
    stopping.cancel();
    let all_closed = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(stop_within, all_closed).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut off");
        connections.shutdown().await;
    }
    Ok(())
}

/// A connection that waits to be accepted, if there is one at this moment.
async fn accepted_already(listener: &TcpListener) -> Option<io::Result<(TcpStream, SocketAddr)>> {
    std::future::poll_fn(|cx| match listener.poll_accept(cx) {
        std::task::Poll::Ready(accepted) => std::task::Poll::Ready(Some(accepted)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

fn admit(
    connections: &mut JoinSet<()>,
    slots: &Slots,
    context: &Context,
    socket: TcpStream,
    peer: SocketAddr,
) {
    let remote = Remote(Some(peer.ip().to_canonical()));
    let Some(slot) = slots.take(remote) else {
        metrics::counter!("ipnd_connections_refused_total").increment(1);
        // A fresh socket has room for this; if not, there is no time for anybody without a place.
        let _ = socket.try_write(NO_PLACE);
        return;
    };
    metrics::counter!("ipnd_connections_total").increment(1);
    let _ = socket.set_nodelay(true);
    let context = context.clone();
    connections.spawn(async move {
        connection::serve(socket, remote, context).await;
        drop(slot);
    });
}

/// A connection that broke before it was accepted is its own trouble. Anything else is ours (file descriptors,
/// memory) and passes when connections close.
async fn wait_out(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "no connection can be accepted at the moment");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
