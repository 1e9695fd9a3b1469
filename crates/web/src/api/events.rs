//! `/v1/events`: what genuine notifications said.

use super::lists::{List, Rows};
use super::params::{Params, id, word};
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::Problem;
use axum::extract::State;
use ipnd_core::{Concern, Event, EventKind};
use ipnd_store::{EventFilter, EventId, NotificationId, OrderId, RecordedEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub(super) struct EventView {
    id: EventId,
    notification: NotificationId,
    order: Option<OrderName>,
    recorded_at: Timestamp,
    /// The same event had come before; this one changed nothing.
    is_repeat: bool,
    /// What does not fit the account it came in by.
    concerns: Vec<Concern>,
    #[serde(flatten)]
    event: Event,
}

#[derive(Serialize)]
pub(super) struct OrderName {
    pub(super) id: OrderId,
    pub(super) reference: String,
}

pub(super) fn show(recorded: RecordedEvent) -> EventView {
    EventView {
        id: recorded.id,
        notification: recorded.notification,
        order: recorded.order.map(|(id, reference)| OrderName { id, reference }),
        recorded_at: recorded.recorded_at,
        is_repeat: recorded.is_repeat,
        concerns: recorded.examined.concerns,
        event: recorded.examined.event,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    kind: Option<String>,
    order: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/events`, newest first.
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Params(params): Params<ListParams>,
) -> Result<axum::Json<List<EventView>>, Problem> {
    let rows = Rows::wanted(params.limit)?;
    let filter = EventFilter {
        kind: word("kind", params.kind.as_deref(), EventKind::from_word)?,
        order: id("order", params.order.as_deref())?,
        before: id("before", params.before.as_deref())?,
        limit: rows.to_fetch(),
    };
    let events = app.store.events(holder.shop(), filter).await?;
    Ok(axum::Json(rows.page(events, |event| event.id.to_string(), show)))
}
