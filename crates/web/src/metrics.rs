//! `/metrics`: what happened since the start and how the queues stand, in Prometheus' text format. No personal data,
//! no tokens: labels are words from our own lists.

use crate::app::App;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use ipnd_store::Backlog;
use jiff::Timestamp;
use metrics::{describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

/// One recorder for the process, however many routers it has.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts counting. Somebody who embeds this crate with a recorder of his own keeps it; `/metrics` is empty then.
pub(crate) fn install() {
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().install_recorder();
        if let Err(error) = &recorder {
            tracing::warn!(%error, "another metrics recorder is installed already");
        }
        describe();
        recorder.ok()
    });
}

fn describe() {
    describe_counter!(
        "ipnd_notifications_total",
        "Notifications that were journaled, by gateway; new ones and copies."
    );
    describe_counter!(
        "ipnd_notifications_refused_total",
        "Requests to an intake address that were not kept, by reason."
    );
    describe_counter!(
        "ipnd_retention_deleted_total",
        "Rows that were deleted because they had been kept long enough, by class."
    );
    describe_counter!("ipnd_connections_total", "Connections that were accepted.");
    describe_counter!("ipnd_connections_refused_total", "Connections for which there was no place.");
    describe_counter!("ipnd_connections_timed_out_total", "Connections closed because the peer was silent.");
    describe_counter!("ipnd_requests_refused_total", "Requests refused before they were read, by reason.");
    describe_gauge!("ipnd_checks_waiting", "Notifications whose proof is still open.");
    describe_gauge!(
        "ipnd_checks_oldest_due_seconds",
        "How long the oldest due proof has been waiting for a worker."
    );
    describe_gauge!("ipnd_mails_waiting", "Mails that have not been sent yet.");
    describe_gauge!(
        "ipnd_mails_oldest_due_seconds",
        "How long the oldest due mail has been waiting for a worker."
    );
    describe_gauge!("ipnd_deliveries_waiting", "Deliveries that have not arrived yet.");
    describe_gauge!(
        "ipnd_deliveries_oldest_due_seconds",
        "How long the oldest due delivery has been waiting for a worker."
    );
}

/// `GET /metrics`
pub(crate) async fn get(State(app): State<App>) -> Response {
    let now = app.clock.now();
    match app.store.backlog(now).await {
        Ok(backlog) => show(&backlog, now),
        Err(error) => tracing::error!(%error, "the backlog could not be read"),
    }
    match RECORDER.get().and_then(Option::as_ref) {
        Some(recorder) => {
            recorder.run_upkeep();
            ([(CONTENT_TYPE, "text/plain; version=0.0.4")], recorder.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are floating point; these are counts and ages, not money"
)]
fn show(backlog: &Backlog, now: Timestamp) {
    gauge!("ipnd_checks_waiting").set(backlog.checks_waiting as f64);
    gauge!("ipnd_mails_waiting").set(backlog.mails_waiting as f64);
    gauge!("ipnd_deliveries_waiting").set(backlog.deliveries_waiting as f64);
    gauge!("ipnd_deliveries_oldest_due_seconds").set(age_s(backlog.oldest_delivery_due_at, now) as f64);
    gauge!("ipnd_checks_oldest_due_seconds").set(age_s(backlog.oldest_check_due_at, now) as f64);
    gauge!("ipnd_mails_oldest_due_seconds").set(age_s(backlog.oldest_mail_due_at, now) as f64);
}

/// For how many seconds the oldest item has been due.
pub(crate) fn age_s(due_at: Option<Timestamp>, now: Timestamp) -> i64 {
    due_at.map_or(0, |due_at| now.duration_since(due_at).as_secs().max(0))
}
