//! Disputes: who complained, and how it ended. What they do to money is in [`super::reversals`].

use super::ExaminedEvent;
use super::payments::{Judged, concerned, may_follow};
use super::questions::Questions;
use super::state::Dispute;
use crate::{Event, EventKind};
use jiff::Timestamp;
use std::collections::BTreeMap;

struct Case {
    dispute: Dispute,
    /// A case can be opened again: as a complaint after a mere dispute, by the bank after the gateway.
    last_opened_at: Option<Timestamp>,
    about: Vec<usize>,
}

/// All disputes of the order, sorted by case.
pub(super) fn disputes(
    events: &[&ExaminedEvent],
    payments: &[Judged],
    questions: &mut Questions<'_>,
) -> Vec<Dispute> {
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    let mut closings: Vec<(&Event, Vec<usize>, bool)> = Vec::new();
    for examined in events {
        let event = &examined.event;
        let won = match event.kind {
            EventKind::DisputeOpened => None,
            EventKind::DisputeWon => Some(true),
            EventKind::DisputeLost => Some(false),
            _ => continue,
        };
        let about = concerned(event, payments);
        let is_ours = about.iter().any(|place| payments[*place].payment.is_believed);
        let is_believed = if is_ours {
            may_follow(examined, payments, &about, questions)
        } else {
            about.is_empty() && examined.concerns.is_empty()
        };
        match won {
            _ if !is_believed => {}
            Some(won) => closings.push((event, about, won)),
            None => open(&mut cases, event, about),
        }
    }
    for (event, about, won) in closings {
        for case in cases.values_mut().filter(|case| case.is_closed_by(event, &about)) {
            case.dispute.won = Some(won);
        }
    }
    cases.into_values().map(|case| case.dispute).collect()
}

fn open(cases: &mut BTreeMap<String, Case>, event: &Event, about: Vec<usize>) {
    let name = event.case.clone().unwrap_or_else(|| event.identity.clone());
    let case = cases.entry(name.clone()).or_insert_with(|| Case {
        dispute: Dispute {
            case: name,
            opened_at: event.occurred_at,
            reason: event.reason.clone(),
            won: None,
        },
        last_opened_at: None,
        about,
    });
    case.last_opened_at = case.last_opened_at.max(event.occurred_at);
}

impl Case {
    /// A closing without a case closes the disputes about the same payment. One without a time is the last word.
    fn is_closed_by(&self, event: &Event, about: &[usize]) -> bool {
        let is_same = match &event.case {
            Some(case) => *case == self.dispute.case,
            None => self.about.is_empty() || self.about.iter().any(|place| about.contains(place)),
        };
        is_same && event.occurred_at.is_none_or(|at| Some(at) >= self.last_opened_at)
    }
}
