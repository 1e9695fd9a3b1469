//! How an endpoint is doing, in a word and in sentences.

use super::super::words::Words;
use super::why::{rests_until, sentence};
use ipnd_store::{Endpoint, EndpointState};
use jiff::Timestamp;

pub(super) struct Standing {
    pub(super) name: String,
    pub(super) tone: &'static str,
    /// Why, since when, until when.
    pub(super) notes: Vec<String>,
}

impl Standing {
    pub(super) fn of(endpoint: &Endpoint, now: Timestamp, words: Words) -> Self {
        let say =
            |word: &str, tone, notes| Self { name: words.t(&format!("endpoints.state.{word}")), tone, notes };
        if endpoint.state != EndpointState::Active {
            let reason = sentence(endpoint.reason.as_ref(), words);
            let tone = if reason.is_some() { "bad" } else { "wait" };
            let why = reason.unwrap_or_else(|| words.t("endpoints.paused_by_you"));
            return say("paused", tone, vec![why, words.t("endpoints.paused_help")]);
        }
        let health = &endpoint.health;
        let mut notes = Vec::new();
        if let Some(since) = health.failing_since {
            let (since, count) = (words.at(since), health.failures.to_string());
            notes.push(words.say("endpoints.failing_since", &[("at", &since), ("count", &count)]));
        }
        if let Some(until) = rests_until(endpoint, now) {
            notes.push(words.with("endpoints.rests_until", "at", words.at_second(until)));
        }
        match (health.failing_since, rests_until(endpoint, now)) {
            (_, Some(_)) => say("resting", "bad", notes),
            (Some(_), None) => say("failing", "bad", notes),
            (None, None) => say("active", "good", notes),
        }
    }
}
