//! What the buttons of an endpoint's page do.

use super::super::failure::Failure;
use super::super::fields::Fields;
use super::super::frame::{Frame, Section};
use super::super::visit::{Visit, done};
use super::{DELIVERIES, ENDPOINTS, find, key};
use crate::endpoints::new_key;
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::limits::{KEY_OVERLAP_HOURS, KEY_OVERLAP_HOURS_MAX};
use ipnd_gateways::dialect::Dialect;
use ipnd_store::EndpointState;
use jiff::SignedDuration;

/// How long an old key may go on, in hours. Each has its words in the catalogue.
pub(super) const OVERLAPS: [i64; 5] = [0, 1, KEY_OVERLAP_HOURS, 168, KEY_OVERLAP_HOURS_MAX];

#[derive(Template)]
#[template(path = "owner/telling/remove.html")]
struct RemovePage {
    page: Frame,
    name: String,
    href: String,
    waiting: u64,
}

/// `POST /owner/endpoints/{id}/test`: puts a message into the outbox that tells of nothing, and leads to what becomes of
/// it.
pub(super) async fn test(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let endpoint = find(&visit, &id).await?;
    let delivery = visit.app.store.test_endpoint(visit.shop_id(), endpoint.id, visit.now()).await?;
    Ok(match delivery {
        Some(delivery) => done(&format!("{DELIVERIES}/{delivery}"), "endpoint_test"),
        None => done(&format!("{ENDPOINTS}/{}", endpoint.id), "endpoint_no_test"),
    })
}

/// `POST /owner/endpoints/{id}/pause`
pub(super) async fn pause(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    turn(&visit, &id, EndpointState::Paused, "endpoint_paused").await
}

/// `POST /owner/endpoints/{id}/resume`
pub(super) async fn resume(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    turn(&visit, &id, EndpointState::Active, "endpoint_resumed").await
}

/// Doing so twice changes nothing and is fine.
async fn turn(
    visit: &Visit,
    id: &str,
    state: EndpointState,
    word: &'static str,
) -> Result<Response, Failure> {
    let id = find(visit, id).await?.id;
    visit.app.store.set_endpoint_state(visit.shop_id(), id, state, &visit.user.email).await?;
    Ok(done(&format!("{ENDPOINTS}/{id}"), word))
}

/// `POST /owner/endpoints/{id}/rotate`: a new key of the same sort, shown once.
pub(super) async fn rotate(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let endpoint = find(&visit, &id).await?;
    let hours: i64 = fields.get("hours").parse().map_err(|_| Failure::Unreadable)?;
    if !OVERLAPS.contains(&hours) {
        return Err(Failure::Unreadable);
    }
    let was_pair = endpoint.keys.first().is_some_and(|own| key::is_pair(&own.key));
    let dialect = Dialect::find(&endpoint.plan.dialect);
    let key = dialect.and_then(|dialect| new_key(dialect, was_pair)).ok_or(Failure::Unreadable)?;
    let overlap = SignedDuration::from_hours(hours);
    let (shop, by) = (visit.shop_id(), &visit.user.email);
    let endpoint = visit.app.store.rotate_endpoint_key(shop, endpoint.id, &key, overlap, by).await?;
    key::show(&visit, &endpoint.ok_or(Failure::NotFound)?, &key).await
}

/// `GET /owner/endpoints/{id}/remove`: asks, because it cannot be undone.
pub(super) async fn ask_first(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let endpoint = find(&visit, &id).await?;
    let shown = RemovePage {
        page: visit.frame(Section::Endpoints).await?,
        href: format!("{ENDPOINTS}/{}", endpoint.id),
        name: endpoint.plan.name,
        waiting: endpoint.health.waiting,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// `POST /owner/endpoints/{id}/remove`. What was told stays in the list; what waits is cancelled.
pub(super) async fn remove(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = find(&visit, &id).await?.id;
    let by = &visit.user.email;
    visit.app.store.set_endpoint_state(visit.shop_id(), id, EndpointState::Removed, by).await?;
    Ok(done(ENDPOINTS, "endpoint_removed"))
}

#[cfg(test)]
mod tests {
    use super::super::super::words::Words;
    use super::OVERLAPS;

    #[test]
    fn whatever_may_be_chosen_has_its_words() {
        assert!(OVERLAPS.is_sorted());
        for hours in OVERLAPS {
            assert!(Words::has(&format!("endpoints.overlap.{hours}")), "{hours}");
        }
    }
}
