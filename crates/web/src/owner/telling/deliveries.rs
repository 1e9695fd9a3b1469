//! `/owner/deliveries`: what the shop was told, and first what it did not get, and why.

use super::super::event_view::short;
use super::super::failure::Failure;
use super::super::frame::{Frame, Section};
use super::super::listing::{PAGE_ROWS, link, page_of};
use super::super::visit::Visit;
use super::super::words::Words;
use super::resend::ResendForm;
use super::row::{Around, Row, row, state_name};
use super::{DELIVERIES, Tab, TabLine, kind_name, tabs};
use crate::page;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::EventKind;
use ipnd_store::{DeliveryFilter, DeliveryState, Endpoint, EndpointId, HeldBack};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    view: String,
    endpoint: String,
    state: String,
    kind: String,
    before: String,
}

#[derive(Template)]
#[template(path = "owner/telling/deliveries.html")]
struct DeliveriesPage {
    page: Frame,
    tabs: Vec<TabLine>,
    is_missing: bool,
    endpoints: Vec<Choice>,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    held: Vec<Held>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
    is_filtered: bool,
    has_endpoints: bool,
    resend: ResendForm,
}

/// Something to choose in a list.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

/// What the shop was not told, because the owner has been asked about it.
struct Held {
    kind: String,
    at: String,
    question: String,
    /// Where it is answered, and what that is called.
    href: String,
    place: String,
}

pub(super) async fn list(visit: Visit, Query(wish): Query<Wish>) -> Result<Response, Failure> {
    let words = visit.words;
    let store = &visit.app.store;
    let is_missing = wish.view != "all";
    let endpoints = store.endpoints(visit.shop_id()).await?;
    let endpoint: Option<EndpointId> = wish.endpoint.parse().ok();
    let state = DeliveryState::from_word(&wish.state).filter(|_| !is_missing);
    let kind = EventKind::from_word(&wish.kind);
    let before = wish.before.parse().ok();
    let filter = DeliveryFilter {
        endpoint,
        state,
        kind: kind.map(|kind| kind.word().to_owned()),
        only_missing: is_missing,
        before,
        limit: PAGE_ROWS + 1,
        ..DeliveryFilter::default()
    };
    let found = page_of(store.deliveries(visit.shop_id(), filter).await?, |line| line.id.to_string());
    let endpoint_word = endpoint.map(|id| id.to_string()).unwrap_or_default();
    let here = [
        ("view", if is_missing { "" } else { "all" }),
        ("endpoint", &*endpoint_word),
        ("state", state.map(DeliveryState::word).unwrap_or_default()),
        ("kind", kind.map(EventKind::word).unwrap_or_default()),
    ];
    let is_first = is_missing && before.is_none() && kind.is_none();
    let held = if is_first { store.held_back(visit.shop_id()).await? } else { Vec::new() };
    let around = Around { endpoints: &endpoints, names_endpoints: true, now: visit.now(), words };
    let shown = DeliveriesPage {
        page: visit.frame(Section::Endpoints).await?,
        tabs: tabs(if is_missing { Tab::Missing } else { Tab::All }, words),
        is_missing,
        endpoints: endpoint_choices(&endpoints, endpoint, words),
        states: state_choices(state, words),
        kinds: kind_choices(kind, words),
        held: held.into_iter().map(|held| self::held(held, words)).collect(),
        rows: found.rows.into_iter().map(|line| row(line, around)).collect(),
        newest: before.map(|_| link(DELIVERIES, &here)),
        older: found.next.map(|last| link(DELIVERIES, &[&here[..], &[("before", &last)]].concat())),
        is_filtered: endpoint.is_some() || state.is_some() || kind.is_some() || before.is_some(),
        has_endpoints: !endpoints.is_empty(),
        resend: ResendForm::usual(&endpoints, endpoint, words),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn held(held: HeldBack, words: Words) -> Held {
    Held {
        kind: kind_name(&held.kind, words),
        at: words.at(held.recorded_at),
        question: words.domain(&format!("question_title.{}", held.question.word())),
        href: held
            .order
            .as_ref()
            .map_or_else(|| "/owner/reviews".to_owned(), |(id, _)| format!("/owner/orders/{id}")),
        place: match held.order {
            Some((_, reference)) => words.with("word.order", "reference", short(&reference)),
            None => words.t("reviews.title"),
        },
    }
}

/// All, then each.
pub(super) fn endpoint_choices(
    endpoints: &[Endpoint],
    chosen: Option<EndpointId>,
    words: Words,
) -> Vec<Choice> {
    let each = endpoints.iter().map(|endpoint| Choice {
        value: endpoint.id.to_string(),
        name: endpoint.plan.name.clone(),
        is_chosen: chosen == Some(endpoint.id),
    });
    [all(chosen.is_none(), words)].into_iter().chain(each).collect()
}

pub(super) fn state_choices(chosen: Option<DeliveryState>, words: Words) -> Vec<Choice> {
    let each = DeliveryState::ALL.into_iter().map(|state| Choice {
        value: state.word().to_owned(),
        name: state_name(state, words),
        is_chosen: chosen == Some(state),
    });
    [all(chosen.is_none(), words)].into_iter().chain(each).collect()
}

fn kind_choices(chosen: Option<EventKind>, words: Words) -> Vec<Choice> {
    let each = EventKind::ALL.iter().copied().map(|kind| Choice {
        value: kind.word().to_owned(),
        name: words.event_kind(kind),
        is_chosen: chosen == Some(kind),
    });
    [all(chosen.is_none(), words)].into_iter().chain(each).collect()
}

fn all(is_chosen: bool, words: Words) -> Choice {
    Choice { value: String::new(), name: words.t("word.all"), is_chosen }
}
