//! Holds what arrived at one receiver against what was acknowledged and what ipnd's ledger says.

use super::ledger::Entry;
use super::receiver::{Arrival, End};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What was acknowledged, and so has to be told.
pub(crate) struct Told {
    pub(crate) order: String,
    /// As [`Arrival::what`].
    pub(crate) what: String,
}

#[derive(Default)]
pub(crate) struct Verdict {
    pub(crate) complaints: Vec<String>,
    pub(crate) events: usize,
    pub(crate) requests: usize,
    /// Arrived again after the receiver had said yes, in a later life of ipnd: the one before died in between.
    pub(crate) repeats_after_a_kill: usize,
    /// Arrived again, and in the same life, after the receiver had said yes: only where that yes came too late.
    pub(crate) repeats_after_yes: Vec<String>,
    /// Arrived again after the receiver had taken it and told nobody.
    pub(crate) repeats_untold: usize,
    /// Arrived again after it was refused.
    pub(crate) retries: usize,
}

/// `is_ordered`: the next of an order has to wait until the one before has arrived.
pub(crate) fn judge(told: &[Told], arrivals: &[Arrival], ledger: &[Entry], is_ordered: bool) -> Verdict {
    let mut verdict = Verdict { requests: arrivals.len(), ..Verdict::default() };
    let mut say = |complaint: String| verdict.complaints.push(complaint);
    let known: HashMap<&str, &Entry> = ledger.iter().map(|entry| (entry.id.as_str(), entry)).collect();
    if known.len() != ledger.len() {
        say("the ledger has an id twice".to_owned());
    }

    let mut ids: HashMap<(&str, &str), &str> = HashMap::new();
    let mut events: HashMap<&str, (&str, &str)> = HashMap::new();
    let mut arrived: HashSet<&str> = HashSet::new();
    // The last arrival of each id.
    let mut before: HashMap<&str, &Arrival> = HashMap::new();
    for arrival in arrivals {
        let (id, event) = (arrival.id.as_str(), (arrival.order.as_str(), arrival.what.as_str()));
        match known.get(id) {
            None => say(format!("{id} arrived, and is not in the ledger")),
            Some(entry) if (entry.order.as_str(), entry.sequence) != (event.0, arrival.sequence) => {
                say(format!("{id} is another message in the ledger"));
            }
            Some(_) => {}
        }
        if *ids.entry(event).or_insert(id) != id || *events.entry(id).or_insert(event) != event {
            say(format!("{event:?} came with more ids than one, or {id} with more events"));
        }
        // What counts is how it ended the last time: a yes that a kill has lost may be followed by a refusal.
        match before.insert(id, arrival).map(|before| (before.end, before.life == arrival.life)) {
            None => {}
            Some((End::Told, true)) => verdict.repeats_after_yes.push(id.to_owned()),
            Some((End::Told, false)) => verdict.repeats_after_a_kill += 1,
            Some((End::Refused, _)) => verdict.retries += 1,
            Some((End::Untold, _)) => verdict.repeats_untold += 1,
        }
        if arrival.end == End::Told {
            arrived.insert(id);
        }
    }

    for Told { order, what } in told {
        match ids.get(&(order.as_str(), what.as_str())) {
            Some(id) if arrived.contains(id) => verdict.events += 1,
            Some(_) => say(format!("{order}: {what} was never taken")),
            None => say(format!("{order}: {what} never arrived")),
        }
    }
    let mut sequences: HashMap<&str, BTreeSet<u32>> = HashMap::new();
    for entry in ledger {
        if entry.state == "delivered" && !arrived.contains(entry.id.as_str()) {
            say(format!("{} counts as delivered, and was not", entry.id));
        }
        if entry.state != "delivered" {
            say(format!("{} is {} in the end", entry.id, entry.state));
        }
        if !sequences.entry(entry.order.as_str()).or_default().insert(entry.sequence) {
            say(format!("{} has the number {} twice", entry.order, entry.sequence));
        }
    }
    for (order, numbers) in &sequences {
        if !numbers.iter().copied().eq(1..=u32::try_from(numbers.len()).unwrap_or(0)) {
            say(format!("{order} has a gap: {numbers:?}"));
        }
    }
    if is_ordered {
        in_sequence(arrivals, &mut say);
    }
    verdict
}

/// Nothing of an order arrives before what comes before it was taken.
fn in_sequence(arrivals: &[Arrival], say: &mut impl FnMut(String)) {
    let mut taken: HashMap<&str, u32> = HashMap::new();
    for arrival in arrivals {
        let last = taken.entry(arrival.order.as_str()).or_default();
        if arrival.sequence > *last + 1 {
            say(format!("{}: number {} came before {}", arrival.order, arrival.sequence, *last + 1));
        }
        if arrival.end == End::Told {
            *last = (*last).max(arrival.sequence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(id: &str, (life, sequence): (u32, u32), end: End) -> Arrival {
        let (order, what) = ("P-1".to_owned(), format!("refund {sequence}"));
        Arrival { id: id.to_owned(), life, order, sequence, what, end }
    }

    fn entry(id: &str, sequence: u32, state: &str) -> Entry {
        let (endpoint, order) = ("shop".to_owned(), "P-1".to_owned());
        Entry { id: id.to_owned(), endpoint, order, sequence, state: state.to_owned() }
    }

    fn told(sequence: u32) -> Told {
        Told { order: "P-1".to_owned(), what: format!("refund {sequence}") }
    }

    fn is_fine(arrivals: &[Arrival], ledger: &[Entry]) -> bool {
        let all: Vec<Told> = (1..=2).map(told).collect();
        let verdict = judge(&all, arrivals, ledger, true);
        verdict.complaints.is_empty() && verdict.repeats_after_yes.is_empty()
    }

    #[test]
    fn what_is_promised_is_not_complained_about() {
        let ledger = [entry("a", 1, "delivered"), entry("b", 2, "delivered")];
        let arrivals = [
            arrival("a", (0, 1), End::Refused),
            arrival("a", (0, 1), End::Untold),
            arrival("a", (0, 1), End::Told),
            arrival("a", (1, 1), End::Refused),
            arrival("a", (1, 1), End::Told),
            arrival("b", (1, 2), End::Told),
        ];
        let all: Vec<Told> = (1..=2).map(told).collect();
        let verdict = judge(&all, &arrivals, &ledger, true);
        assert_eq!(verdict.complaints, Vec::<String>::new());
        let counted = (verdict.repeats_after_a_kill, verdict.repeats_untold, verdict.retries);
        assert_eq!((verdict.events, counted), (2, (1, 1, 2)));
        assert!(verdict.repeats_after_yes.is_empty());
    }

    #[test]
    fn every_breach_is_complained_about() {
        let ledger = [entry("a", 1, "delivered"), entry("b", 2, "delivered")];
        let (a, b) = (arrival("a", (0, 1), End::Told), arrival("b", (0, 2), End::Told));
        assert!(is_fine(&[a.clone(), b.clone()], &ledger));
        assert!(!is_fine(std::slice::from_ref(&a), &ledger), "lost");
        assert!(!is_fine(&[a.clone(), a.clone(), b.clone()], &ledger), "a repeat after yes");
        assert!(!is_fine(&[b.clone(), a.clone()], &ledger), "out of sequence");
        assert!(!is_fine(&[a.clone(), b.clone()], &ledger[..1]), "unknown to the ledger");
        let other = Arrival { id: "c".to_owned(), ..a.clone() };
        let with_other = [entry("a", 1, "delivered"), entry("b", 2, "delivered"), entry("c", 1, "delivered")];
        assert!(!is_fine(&[a.clone(), other, b.clone()], &with_other), "two ids for one event");
        let gap = [entry("a", 1, "delivered"), entry("b", 3, "delivered")];
        assert!(!is_fine(&[a.clone(), Arrival { sequence: 3, ..b.clone() }], &gap), "a gap");
        let given_up = [entry("a", 1, "delivered"), entry("b", 2, "failed")];
        assert!(!is_fine(&[a, b], &given_up), "given up");
    }
}
