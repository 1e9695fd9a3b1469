//! `/healthz`: the process lives. `/readyz`: it can do its work; judged by whether a write reaches the disk and by
//! the age of the oldest due item, not by whether threads exist (T-G10).

use crate::app::App;
use crate::metrics::age_s;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing::get};
use http::StatusCode;
use ipnd_core::limits::DUE_SECONDS_MAX;
use serde::Serialize;
use std::time::{Duration, Instant};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(crate::metrics::get))
}

/// Whether a write reached the disk, asked at most once a second: anybody may ask us, and writing is dear.
#[derive(Default)]
pub(crate) struct Probe(tokio::sync::Mutex<Option<(Instant, bool)>>);

impl Probe {
    async fn can_write(&self, app: &App) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, can_write)) = *last
            && at.elapsed() < Duration::from_secs(1)
        {
            return can_write;
        }
        let probe = app.store.probe().await;
        if let Err(error) = &probe {
            tracing::error!(%error, "not ready: a write did not reach the disk");
        }
        *last = Some((Instant::now(), probe.is_ok()));
        probe.is_ok()
    }
}

#[derive(Serialize)]
struct Alive {
    status: &'static str,
    version: &'static str,
}

async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive", version: env!("CARGO_PKG_VERSION") })
}

/// All numbers that the verdict is made from, so that a red light explains itself.
#[derive(Serialize)]
struct Ready {
    status: &'static str,
    /// Whether a write reached the disk just now.
    can_write: bool,
    /// Whether what is acknowledged is on one machine's disk (`local`) or on two (`replicated`).
    durability: &'static str,
    checks_waiting: u64,
    checks_oldest_due_seconds: i64,
    mails_waiting: u64,
    mails_oldest_due_seconds: i64,
    deliveries_waiting: u64,
    deliveries_oldest_due_seconds: i64,
}

async fn ready(State(app): State<App>) -> Response {
    let now = app.clock.now();
    let can_write = app.probe().can_write(&app).await;
    let backlog = app.store.backlog(now).await;
    let can_read = backlog.is_ok();
    let backlog = backlog.unwrap_or_default();
    let mut ready = Ready {
        status: "ready",
        can_write,
        durability: app.store.durability().word(),
        checks_waiting: backlog.checks_waiting,
        checks_oldest_due_seconds: age_s(backlog.oldest_check_due_at, now),
        mails_waiting: backlog.mails_waiting,
        mails_oldest_due_seconds: age_s(backlog.oldest_mail_due_at, now),
        deliveries_waiting: backlog.deliveries_waiting,
        deliveries_oldest_due_seconds: age_s(backlog.oldest_delivery_due_at, now),
    };
    let oldest = ready.checks_oldest_due_seconds.max(ready.mails_oldest_due_seconds);
    let oldest = oldest.max(ready.deliveries_oldest_due_seconds);
    if ready.can_write && can_read && oldest <= DUE_SECONDS_MAX {
        return Json(ready).into_response();
    }
    ready.status = "not ready";
    (StatusCode::SERVICE_UNAVAILABLE, Json(ready)).into_response()
}
