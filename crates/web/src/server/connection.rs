//! One connection, from the first byte to the last.

use super::bodies::{Answer, Answering, Timed};
use super::stream::{Activity, Guarded};
use crate::proxies::Proxies;
use crate::remote::Remote;
use crate::stopping::Stopping;
use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnd_core::Limits;
use ipnd_core::limits::HEADERS_MAX;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// What all connections share.
#[derive(Clone)]
pub(super) struct Context(Arc<Shared>);

struct Shared {
    router: Router,
    limits: Limits,
    proxies: Proxies,
    stopping: CancellationToken,
}

impl Context {
    pub(super) fn new(router: Router, limits: Limits, proxies: Proxies, stopping: CancellationToken) -> Self {
        Self(Arc::new(Shared { router, limits, proxies, stopping }))
    }

    fn http(&self) -> http1::Builder {
        let limits = &self.0.limits;
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new());
        http.max_headers(HEADERS_MAX);
        // The stream below watches both times more closely; this is the net under it, and makes hyper look for
        // the next request as soon as it has answered one.
        http.header_read_timeout(Duration::from_millis(limits.idle_ms + limits.header_read_ms));
        http
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        remote: Remote,
        answering: Answering,
    ) -> Response<Answer> {
        let client = remote.0.map(|peer| self.0.proxies.client(peer, request.headers()));
        request.extensions_mut().insert(Remote(client));
        request.extensions_mut().insert(Stopping(self.0.stopping.clone()));
        let patience = Duration::from_millis(self.0.limits.body_read_ms);
        let request = request.map(|body| Body::new(Timed::new(body, patience)));
        let Ok(response) = self.0.router.clone().oneshot(request).await;
        Answer::wrap(response, answering, || self.0.stopping.clone().cancelled_owned())
    }
}

/// Serves the connection until it ends; when the process stops, until it has answered what it was asked.
pub(super) async fn serve(socket: TcpStream, remote: Remote, context: Context) {
    let activity = Arc::new(Activity::default());
    let stream = Guarded::new(socket, &context.0.limits, activity.clone());
    let service = service_fn(|request| {
        let answering = Answering::new(&activity);
        let context = context.clone();
        async move { Ok::<_, Infallible>(context.answer(request, remote, answering).await) }
    });
    let mut connection = std::pin::pin!(context.http().serve_connection(TokioIo::new(stream), service));
    let mut stopping = std::pin::pin!(context.0.stopping.cancelled());
    let mut is_told = false;
    let end = std::future::poll_fn(|cx| {
        loop {
            if let Poll::Ready(end) = connection.as_mut().poll(cx) {
                return Poll::Ready(end);
            }
            // hyper takes a connection with half a head for an idle one, because the stream holds the half back.
            let is_mid_head = activity.is_mid_head.load(Ordering::Acquire);
            if is_told || is_mid_head || stopping.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            is_told = true;
            connection.as_mut().graceful_shutdown();
        }
    })
    .await;
    if let Err(error) = end {
        // The peer's own doing in nearly all cases: gone, silent, or not speaking HTTP.
        tracing::debug!(%error, %remote, "a connection ended badly");
    }
}
