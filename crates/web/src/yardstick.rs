//! What a measurement holds the intake against: the same server and the same reading of requests, with less behind it.

use crate::body;
use crate::intake::raw;
use axum::Router;
use axum::extract::Request;
use axum::routing::post;
use http::StatusCode;
use ipnd_core::Limits;
use ipnd_gateways::{Gateway, RawRequest, Received, Settings};
use ipnd_store::Clock;
use std::sync::{Arc, mpsc};
use tokio::sync::oneshot;

/// How much is done with a request before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    /// It is read.
    Nothing,
    /// Its gateway looks at it.
    Verify,
    /// It goes to another thread as well, which does nothing but answer: a store that costs nothing.
    HandOver,
}

struct Measured {
    yardstick: Yardstick,
    gateway: &'static Gateway,
    settings: Settings,
    limits: Limits,
    clock: Clock,
    queue: mpsc::Sender<(RawRequest, oneshot::Sender<()>)>,
}

/// One route, `/`, that takes what `gateway` sends.
///
/// # Panics
/// When no thread can be started.
pub fn yardstick(
    yardstick: Yardstick,
    gateway: &'static Gateway,
    settings: Settings,
    limits: Limits,
) -> Router {
    let (queue, handed_over) = mpsc::channel::<(RawRequest, oneshot::Sender<()>)>();
    let thread = std::thread::Builder::new().name("yardstick".to_owned());
    thread
        .spawn(move || {
            for (request, answer) in handed_over {
                drop(request);
                let _ = answer.send(());
            }
        })
        .expect("a machine that is measured has room for a thread");
    let measured = Arc::new(Measured { yardstick, gateway, settings, limits, clock: Clock::system(), queue });
    Router::new().route("/", post(move |request| receive(Arc::clone(&measured), request)))
}

async fn receive(measured: Arc<Measured>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let body = match body::read(body, measured.limits.body_bytes_max).await {
        Ok(body) => body,
        Err(problem) => return problem.status(),
    };
    if measured.yardstick == Yardstick::Nothing {
        return StatusCode::OK;
    }
    let request = raw(parts, &body);
    let received = (measured.gateway.receive)(&request, &measured.settings, measured.clock.now());
    if !matches!(received, Received::Proven(_)) {
        return StatusCode::BAD_REQUEST;
    }
    if measured.yardstick == Yardstick::Verify {
        return StatusCode::OK;
    }
    let (answer, answered) = oneshot::channel();
    match measured.queue.send((request, answer)) {
        Ok(()) if answered.await.is_ok() => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
