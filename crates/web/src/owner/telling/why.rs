//! Why a delivery has not arrived, in a sentence, and when it is tried again.

use super::super::event_view::short;
use super::super::words::Words;
use ipnd_core::Reason;
use ipnd_store::{DeliveryLine, DeliveryState, Endpoint, EndpointState};
use jiff::Timestamp;

/// The colour of a state.
pub(in crate::owner) fn tone(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => "wait",
        DeliveryState::Delivered => "good",
        DeliveryState::Failed => "bad",
        DeliveryState::Skipped | DeliveryState::Cancelled => "calm",
    }
}

/// A reason may repeat what a receiver answered: a stranger's text.
pub(in crate::owner) fn sentence(reason: Option<&Reason>, words: Words) -> Option<String> {
    reason.map(|reason| short(&reason.sentence(words.0)))
}

/// Why it has not arrived. Nothing when it has. `endpoint` where it is known and was not removed.
pub(super) fn why(
    line: &DeliveryLine,
    endpoint: Option<&Endpoint>,
    now: Timestamp,
    words: Words,
) -> Vec<String> {
    let mut said: Vec<String> = sentence(line.reason.as_ref(), words).into_iter().collect();
    match line.state {
        DeliveryState::Delivered => return Vec::new(),
        DeliveryState::Skipped => {}
        DeliveryState::Failed => said.push(words.t("deliveries.why_given_up")),
        DeliveryState::Cancelled => said.push(words.t("deliveries.why_cancelled")),
        DeliveryState::Waiting => match endpoint.and_then(|endpoint| stopped(endpoint, now, words)) {
            Some(stopped) => said.push(stopped),
            None if said.is_empty() && line.attempts > 0 => said.push(words.t("deliveries.why_under_way")),
            None if said.is_empty() && endpoint.is_some_and(|endpoint| endpoint.plan.is_ordered) => {
                said.push(words.t("deliveries.why_in_sequence"));
            }
            None if said.is_empty() => said.push(words.t("deliveries.why_not_tried")),
            None => {}
        },
    }
    said
}

/// Why nothing is sent to an endpoint at present.
fn stopped(endpoint: &Endpoint, now: Timestamp, words: Words) -> Option<String> {
    if endpoint.state == EndpointState::Paused {
        return Some(words.t("deliveries.why_paused"));
    }
    if endpoint.plan.url.is_none() {
        return Some(words.t("deliveries.why_fetches"));
    }
    rests_until(endpoint, now).map(|at| words.with("deliveries.why_rests", "at", words.at_second(at)))
}

/// Until when it is left alone, because it failed.
pub(super) fn rests_until(endpoint: &Endpoint, now: Timestamp) -> Option<Timestamp> {
    endpoint.health.rests_until.filter(|until| *until > now)
}

/// When it is tried again, if there is anything to wait for but its time.
pub(super) fn next(
    line: &DeliveryLine,
    endpoint: Option<&Endpoint>,
    now: Timestamp,
    words: Words,
) -> Option<String> {
    let is_told =
        |endpoint: &Endpoint| endpoint.state == EndpointState::Active && endpoint.plan.url.is_some();
    // The time of one that is under way is when it counts as interrupted.
    if !endpoint.is_none_or(is_told) || (line.reason.is_none() && line.attempts > 0) {
        return None;
    }
    let at = line.next_at?;
    // A rest that lasts longer has been said among the reasons, with its end.
    let rests = endpoint.and_then(|endpoint| rests_until(endpoint, now)).is_some_and(|until| until >= at);
    (at > now && !rests).then(|| words.with("deliveries.next", "at", words.at_second(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::usual;
    use ipnd_core::Language;
    use ipnd_store::{DeliveryId, EndpointHealth, EndpointId, ShopId};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn line() -> DeliveryLine {
        DeliveryLine {
            id: DeliveryId(1),
            message_id: "msg_1".into(),
            endpoint: EndpointId(1),
            endpoint_name: "Shop".into(),
            kind: "payment.completed".into(),
            event: None,
            order: None,
            sequence: None,
            state: DeliveryState::Waiting,
            attempts: 0,
            created_at: at(0),
            ended_at: None,
            next_at: Some(at(0)),
            status: None,
            reason: None,
        }
    }

    fn endpoint() -> Endpoint {
        Endpoint {
            id: EndpointId(1),
            shop: ShopId(1),
            plan: ipnd_store::EndpointPlan { url: Some("https://shop.example.com".into()), ..usual() },
            state: EndpointState::Active,
            reason: None,
            keys: Vec::new(),
            health: EndpointHealth::default(),
            created_at: at(0),
            token: String::new(),
            order: None,
        }
    }

    #[test]
    fn what_has_not_arrived_says_why_and_what_comes_next() {
        let words = Words(Language::En);
        let told = |line: &DeliveryLine, endpoint: &Endpoint| {
            (why(line, Some(endpoint), at(10), words).join(" "), next(line, Some(endpoint), at(10), words))
        };
        let (said, again) = told(&line(), &endpoint());
        assert_eq!((said.as_str(), again), ("It has not been tried yet.", None));

        let mut later = line();
        later.attempts = 1;
        later.next_at = Some(at(300));
        later.reason = Some(Reason::new("endpoint_status", "500"));
        let (said, again) = told(&later, &endpoint());
        assert!(said.contains("500") && again.is_some_and(|text| text.contains(&words.at_second(at(300)))));

        // Nothing is promised while the endpoint is paused.
        let paused = Endpoint { state: EndpointState::Paused, ..endpoint() };
        let (said, again) = told(&later, &paused);
        assert!(said.contains("500") && said.contains("paused") && again.is_none(), "{said}");

        // A rest that lasts longer than the delivery's own pause counts, and is said once.
        let health = EndpointHealth { failures: 4, rests_until: Some(at(900)), ..EndpointHealth::default() };
        let resting = Endpoint { health, ..endpoint() };
        let (said, again) = told(&later, &resting);
        assert!(said.contains(&words.at_second(at(900))) && again.is_none(), "{said} {again:?}");

        let arrived = DeliveryLine { state: DeliveryState::Delivered, next_at: None, ..later };
        assert_eq!(told(&arrived, &endpoint()), (String::new(), None));
    }
}
