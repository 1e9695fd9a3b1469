//! `/owner/deliveries/{id}`: one delivery, what it says, and every attempt at it.

use super::super::failure::Failure;
use super::super::frame::{Frame, Section};
use super::super::pretty;
use super::super::visible;
use super::super::visit::Visit;
use super::super::words::Words;
use super::row::state_name;
use super::why::{next, sentence, tone, why};
use super::{DELIVERIES, ENDPOINTS, form_name, kind_name};
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::limits::DELIVERY_ATTEMPTS_KEPT_MAX;
use ipnd_gateways::dialect::{Dialect, Notice, content_of};
use ipnd_store::{AttemptLine, Delivery, DeliveryId, DeliveryLine, DeliveryState, Endpoint};

#[derive(Template)]
#[template(path = "owner/telling/delivery.html")]
struct DeliveryPage {
    page: Frame,
    title: String,
    href: String,
    state: String,
    tone: &'static str,
    icon: &'static str,
    why: Vec<String>,
    /// When it is tried again, or when it arrived.
    next: Option<String>,
    /// Then there is looking again to do.
    is_waiting: bool,
    can_resend: bool,
    content: String,
    /// The form in which it is sent, where that is not what is shown.
    other_form: Option<String>,
    endpoint: (Option<String>, String),
    order: Option<(String, String)>,
    facts: Vec<(String, String)>,
    attempts: Vec<AttemptRow>,
    /// Attempts whose end nobody knows.
    unknown: u32,
    /// How many are shown, where there were more.
    cut: Option<u32>,
}

/// An attempt, for the template `owner/telling/attempts.html`.
pub(super) struct AttemptRow {
    pub(super) at: String,
    pub(super) outcome: String,
    pub(super) tone: &'static str,
    /// How long it took, and what status came back.
    pub(super) measured: Vec<String>,
    pub(super) reason: Option<String>,
    pub(super) reply: Option<String>,
}

pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id: DeliveryId = id.parse().map_err(|_| Failure::NotFound)?;
    let store = &visit.app.store;
    let delivery = store.delivery(visit.shop_id(), id).await?.ok_or(Failure::NotFound)?;
    // Gone when it was removed; its deliveries stay.
    let endpoint = store.endpoint(visit.shop_id(), delivery.line.endpoint).await?;
    let shown = delivery_page(&visit, visit.frame(Section::Endpoints).await?, delivery, endpoint.as_ref());
    Ok(page::html(StatusCode::OK, &shown))
}

fn delivery_page(
    visit: &Visit,
    page: Frame,
    delivery: Delivery,
    endpoint: Option<&Endpoint>,
) -> DeliveryPage {
    let (words, now) = (visit.words, visit.now());
    let Delivery { line, notice, attempts, .. } = delivery;
    let Attempts { rows: attempts, unknown, cut } = Attempts::of(line.attempts, attempts, words);
    DeliveryPage {
        page,
        title: kind_name(&line.kind, words),
        href: format!("{DELIVERIES}/{}", line.id),
        state: state_name(line.state, words),
        tone: tone(line.state),
        icon: icon(line.state),
        why: why(&line, endpoint, now, words),
        next: match (line.state, line.ended_at) {
            (DeliveryState::Delivered, Some(at)) => Some(words.at_second(at)),
            _ => next(&line, endpoint, now, words),
        },
        is_waiting: line.state == DeliveryState::Waiting,
        can_resend: endpoint.is_some(),
        content: content(&notice),
        other_form: endpoint
            .filter(|endpoint| endpoint.plan.dialect != Dialect::Standard.id())
            .map(|endpoint| form_name(&endpoint.plan.dialect)),
        endpoint: (
            endpoint.map(|endpoint| format!("{ENDPOINTS}/{}", endpoint.id)),
            line.endpoint_name.clone(),
        ),
        facts: facts(&line, endpoint, words),
        attempts,
        unknown,
        cut,
        order: line.order.map(|(id, reference)| (format!("/owner/orders/{id}"), reference)),
    }
}

/// The attempts at one delivery, for the template `owner/telling/attempts.html`.
pub(super) struct Attempts {
    pub(super) rows: Vec<AttemptRow>,
    /// Attempts whose end nobody knows.
    pub(super) unknown: u32,
    /// How many are kept, where there were more.
    pub(super) cut: Option<u32>,
}

impl Attempts {
    pub(super) fn of(count: u32, attempts: Vec<AttemptLine>, words: Words) -> Self {
        // Of very many only the last are kept; then it cannot be told which of them have no end.
        let kept = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
        let is_cut = kept >= DELIVERY_ATTEMPTS_KEPT_MAX && count > kept;
        Self {
            rows: attempts.into_iter().map(|attempt| attempt_row(attempt, words)).collect(),
            unknown: if is_cut { 0 } else { count.saturating_sub(kept) },
            cut: is_cut.then_some(kept),
        }
    }
}

/// What is told, in the words of the default form, with nothing hidden in it.
pub(super) fn content(notice: &Notice) -> String {
    let json = content_of(notice).to_string();
    let laid = pretty::document(json.as_bytes(), visible::TEXT_BYTES_MAX);
    let mut shown = visible::text(laid.as_ref().map_or(json.as_str(), |laid| &laid.text).as_bytes());
    if laid.is_some_and(|laid| laid.is_cut) {
        shown.push('…');
    }
    shown
}

fn icon(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "clock",
        DeliveryState::Delivered => "check",
        DeliveryState::Failed => "alert",
        DeliveryState::Skipped => "info",
        DeliveryState::Cancelled => "ban",
    }
}

fn facts(line: &DeliveryLine, endpoint: Option<&Endpoint>, words: Words) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| facts.push((words.t(&format!("deliveries.{key}")), value));
    if let Some(endpoint) = endpoint {
        let url = endpoint.plan.url.clone();
        fact("address", url.unwrap_or_else(|| words.t("endpoints.fetches")));
        fact("form", form_name(&endpoint.plan.dialect));
    }
    fact("message_id", line.message_id.clone());
    if let Some(sequence) = line.sequence {
        fact("sequence", sequence.to_string());
    }
    fact("noted", words.at_second(line.created_at));
    if let Some(at) = line.ended_at {
        fact("ended", words.at_second(at));
    }
    facts
}

fn attempt_row(line: AttemptLine, words: Words) -> AttemptRow {
    let (word, tone) = match line.outcome.as_str() {
        "delivered" => ("delivered", "good"),
        "failed" => ("failed", "bad"),
        "skipped" => ("skipped", "calm"),
        _ => ("later", "wait"),
    };
    let attempt = line.attempt;
    let mut measured = Vec::new();
    measured.extend(attempt.status.map(|status| words.with("deliveries.status", "status", status)));
    if word != "skipped" {
        measured.push(words.with("deliveries.duration", "count", attempt.duration));
    }
    AttemptRow {
        at: words.at_second(attempt.started_at),
        outcome: words.t(&format!("deliveries.outcome.{word}")),
        tone,
        measured,
        reason: sentence(line.reason.as_ref(), words),
        // T-D12: only whoever owns the endpoint sees it.
        reply: attempt
            .reply
            .filter(|reply| !reply.trim().is_empty())
            .map(|reply| visible::text(reply.as_bytes())),
    }
}
