//! A delivery as a line of a list. Where its links lead is said by whoever lists it.

use super::super::words::Words;
use super::why::{next, tone, why};
use super::{DELIVERIES, kind_name};
use ipnd_store::{DeliveryLine, DeliveryState, Endpoint};
use jiff::Timestamp;

pub(super) struct Row {
    pub(super) href: String,
    pub(super) at: String,
    pub(super) at_iso: String,
    pub(super) kind: String,
    /// Not said where all lines are of one endpoint.
    pub(super) endpoint: Option<String>,
    /// Where it leads, which may be nowhere (an empty text), and what it is called.
    pub(super) order: Option<(String, String)>,
    pub(super) tone: &'static str,
    pub(super) state: String,
    pub(super) why: Vec<String>,
    pub(super) next: Option<String>,
}

/// What has to be known about the rest to say how a delivery stands.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// Those that were not removed.
    pub(super) endpoints: &'a [Endpoint],
    /// Whether the lines are of several endpoints.
    pub(super) names_endpoints: bool,
    pub(super) now: Timestamp,
    pub(super) words: Words,
}

/// As the owner sees it.
pub(super) fn row(line: DeliveryLine, around: Around<'_>) -> Row {
    let Around { endpoints, names_endpoints, now, words } = around;
    let endpoint = endpoints.iter().find(|endpoint| endpoint.id == line.endpoint);
    Row {
        href: format!("{DELIVERIES}/{}", line.id),
        at: words.at_second(line.created_at),
        at_iso: line.created_at.to_string(),
        kind: kind_name(&line.kind, words),
        tone: tone(line.state),
        state: state_name(line.state, words),
        why: why(&line, endpoint, now, words),
        next: next(&line, endpoint, now, words),
        order: line.order.map(|(id, reference)| (format!("/owner/orders/{id}"), reference)),
        endpoint: names_endpoints.then_some(line.endpoint_name),
    }
}

pub(super) fn state_name(state: DeliveryState, words: Words) -> String {
    words.t(&format!("deliveries.state.{}", state.word()))
}
