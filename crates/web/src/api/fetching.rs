//! Endpoints that cannot be called, because they stand on somebody's desk or behind a firewall: they fetch what they are
//! told, and say what came of it.

use super::deliveries::{self, DeliveryView};
use super::json::Json;
use super::params::{Id, Name, Spoken};
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::Problem;
use crate::stopping::Stopping;
use axum::extract::State;
use data_encoding::BASE64;
use ipnd_core::Reason;
use ipnd_deliver::client::Answer;
use ipnd_deliver::deliveries::{Prepared, excerpt, judge, note_settled, prepare};
use ipnd_store::{
    Attempt, Change, Delivery, DeliveryId, DeliveryOutcome, DueDelivery, Endpoint, EndpointId, EndpointState,
    Settled, ShopId,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

/// How long what was fetched is nobody else's.
pub(crate) const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Shorter than what proxies take for silence.
pub(crate) const WAIT_SECONDS_MAX: u64 = 25;
const LIMIT_DEFAULT: u32 = 10;
const LIMIT_MAX: u32 = 50;
/// When somebody's program is tried again that was not reached, in seconds.
const DOWN_PAUSES: [i64; 5] = [2, 5, 10, 20, 30];
const DOWN_PAUSE_MAX: i64 = 60;
/// What becomes due because time passes is announced by nobody.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const GATHERED_FOR: Duration = Duration::from_millis(20);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FetchBody {
    /// How long to wait while there is nothing.
    #[serde(default)]
    wait_seconds: u64,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Fetched {
    data: Vec<FetchedDelivery>,
}

#[derive(Serialize)]
struct FetchedDelivery {
    id: DeliveryId,
    message_id: String,
    /// Whoever settles it shows that it was fetched with this.
    lease: i64,
    kind: &'static str,
    /// The shop's own reference.
    order: Option<String>,
    sequence: Option<u32>,
    request: Ready,
}

/// The request as it would have been sent.
#[derive(Serialize)]
struct Ready {
    method: String,
    query: String,
    headers: Vec<(String, String)>,
    /// In Base64.
    body: String,
}

/// `POST /v1/endpoints/{id}/fetch`
pub(super) async fn fetch(
    State(app): State<App>,
    holder: KeyHolder,
    stopping: Stopping,
    Id(id): Id<EndpointId>,
    Json(body): Json<FetchBody>,
) -> Result<axum::Json<Fetched>, Problem> {
    if body.wait_seconds > WAIT_SECONDS_MAX {
        return Err(Problem::field("wait_seconds", format!("it must be at most {WAIT_SECONDS_MAX}")));
    }
    let limit = body.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::field("limit", format!("it must be between 1 and {LIMIT_MAX}")));
    }
    let endpoint = fetching(&app, holder.shop(), id).await?;
    if endpoint.state != EndpointState::Active {
        return Err(Problem::Conflict("the endpoint is paused".into()));
    }
    // Before the first look, so that nothing comes between the two.
    let mut changes = app.store.changes();
    let until = Instant::now() + Duration::from_secs(body.wait_seconds);
    loop {
        let now = app.clock.now();
        let due = app.store.fetch_deliveries(holder.shop(), id, now, limit, LEASE).await?;
        let has_some = !due.is_empty();
        let mut data = Vec::with_capacity(due.len());
        for due in due {
            data.extend(ready(&app, due).await?);
        }
        // Where all of it was settled right away, there may be more.
        if !data.is_empty() || (Instant::now() >= until && !has_some) || stopping.0.is_cancelled() {
            return Ok(axum::Json(Fetched { data }));
        }
        if !has_some {
            let again = until.min(Instant::now() + LOOK_AGAIN);
            tokio::select! {
                () = stopping.0.cancelled() => {}
                () = tokio::time::sleep_until(again) => {}
                // Where much happens, a look for each thing would keep others waiting.
                () = work(&mut changes) => tokio::time::sleep(GATHERED_FOR).await,
            }
        }
    }
}

/// The endpoint, if it is one that fetches.
async fn fetching(app: &App, shop: ShopId, id: EndpointId) -> Result<Endpoint, Problem> {
    let endpoint = app.store.endpoint(shop, id).await?.ok_or(Problem::NotFound)?;
    if endpoint.plan.url.is_some() {
        return Err(Problem::Conflict("this endpoint has a URL, and is told there".into()));
    }
    Ok(endpoint)
}

/// Ready when there may be something to do.
async fn work(changes: &mut Receiver<Change>) {
    loop {
        match changes.recv().await {
            Ok(Change::Work) | Err(RecvError::Lagged(_)) => return,
            Ok(_) => {}
            // There will be none any more; the clock is looked at all the same.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Makes the request of one. What there is nothing to send of is settled.
async fn ready(app: &App, due: DueDelivery) -> Result<Option<FetchedDelivery>, Problem> {
    let now = app.clock.now();
    let Prepared { request, is_asked_back, .. } = match prepare(&due, app.base_url.as_str(), now) {
        Ok(prepared) => prepared,
        Err(outcome) => {
            let unsent = Attempt { started_at: now, duration: 0, status: None, reply: None };
            note_settled(&due, &unsent, &outcome);
            // Whoever had it in between has settled it as well.
            app.store.settle_delivery(due.id, due.lease, now, unsent, outcome).await?;
            return Ok(None);
        }
    };
    if is_asked_back {
        // The receiver may ask back before it answers.
        app.store.note_sent_body(due.id, Sha256::digest(&request.body).to_vec()).await?;
    }
    let (kind, order) = (due.notice.word(), due.notice.order);
    Ok(Some(FetchedDelivery {
        id: due.id,
        message_id: due.message_id,
        lease: due.lease,
        kind,
        sequence: order.as_ref().map(|order| order.sequence),
        order: order.map(|order| order.reference),
        request: Ready {
            method: request.method,
            query: request.query,
            headers: request.headers,
            body: BASE64.encode(&request.body),
        },
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleBody {
    lease: i64,
    /// What the receiver answered ...
    status: Option<u16>,
    reply: Option<String>,
    /// Where a redirect would have led.
    location: Option<String>,
    /// ... or why it did not.
    error: Option<String>,
    #[serde(default)]
    duration_ms: u32,
}

impl SettleBody {
    fn answered(&self) -> Result<Result<Answer, String>, Problem> {
        match (self.status, &self.error) {
            (Some(100..=599), None) => {}
            (None, Some(error)) => return Ok(Err(error.clone())),
            (Some(_), None) => return Err(Problem::field("status", "this is no status of HTTP")),
            _ => return Err(Problem::field("status", "either this or an error has to be given")),
        }
        Ok(Ok(Answer {
            status: self.status.unwrap_or_default(),
            location: self.location.clone(),
            retry_after: None,
            body: self.reply.clone().unwrap_or_default().into_bytes(),
            complete: true,
        }))
    }
}

/// `POST /v1/deliveries/{id}/settle`
pub(super) async fn settle(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Name(name): Name,
    Json(body): Json<SettleBody>,
) -> Result<axum::Json<DeliveryView>, Problem> {
    let shop = holder.shop();
    let id = deliveries::find(&app, shop, &name).await?;
    let answered = body.answered()?;
    let Delivery { line, notice, tries, .. } =
        app.store.delivery(shop, id).await?.ok_or(Problem::NotFound)?;
    let due = DueDelivery {
        id,
        lease: body.lease,
        tries,
        created_at: line.created_at,
        message_id: line.message_id,
        notice,
        endpoint: Arc::new(fetching(&app, shop, line.endpoint).await?),
    };
    let now = app.clock.now();
    let attempt = Attempt {
        started_at: now - SignedDuration::from_millis(i64::from(body.duration_ms)),
        duration: body.duration_ms,
        status: body.status,
        reply: answered.as_ref().ok().map(|answer| excerpt(&answer.body)),
    };
    let outcome =
        outcome(&app, &due, answered.as_ref().map_err(|why| Reason::new("exchange_failed", why)), now);
    let settled = app.store.settle_delivery(id, body.lease, now, attempt.clone(), outcome.clone()).await?;
    if settled == Settled::Stale {
        return Err(Problem::Conflict(
            "this was settled already, or fetched again after its lease had run out".into(),
        ));
    }
    note_settled(&due, &attempt, &outcome);
    let settled = app.store.delivery(shop, id).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(deliveries::show(settled.line, spoken.0)))
}

fn outcome(
    app: &App,
    due: &DueDelivery,
    answered: Result<&Answer, Reason>,
    now: Timestamp,
) -> DeliveryOutcome {
    // Written once more, because a form's own reply may depend on the request.
    let outcome = match prepare(due, app.base_url.as_str(), now) {
        Ok(prepared) => judge(due, &prepared, answered, now),
        Err(outcome) => outcome,
    };
    match outcome {
        // Somebody looks on: a receiver that is being written must not put its own endpoint to rest.
        DeliveryOutcome::Failed { reason, .. } => DeliveryOutcome::Failed { reason, is_gone: false },
        // A program that does not run yet will soon: it is its messages that rest, and not for long.
        DeliveryOutcome::Later { reason, again_at, is_down: true } => {
            let tries = usize::try_from(due.tries).unwrap_or(usize::MAX);
            let pause = DOWN_PAUSES.get(tries).copied().unwrap_or(DOWN_PAUSE_MAX);
            let own = now.saturating_add(SignedDuration::from_secs(pause)).expect("a minute");
            DeliveryOutcome::Later { reason, again_at: again_at.max(own), is_down: false }
        }
        other => other,
    }
}
