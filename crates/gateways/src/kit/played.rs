//! What the one who plays a gateway's API makes of the events that were told about a thing, in their sequence.

use ipnd_core::{Event, Money};

/// The last of what the events say about something.
pub fn latest<T>(about: &[&Event], part: impl Fn(&Event) -> Option<T>) -> Option<T> {
    about.iter().rev().find_map(|event| part(event))
}

/// The amount of one refund. Where the event tells the sum so far, it is what the sum adds to those `before`; `None`
/// where it adds nothing.
pub fn refunded(event: &Event, before: impl Iterator<Item = Money>) -> Option<Money> {
    let amount = event.amount?;
    if !event.amount_is_total {
        return Some(amount);
    }
    let added = before.fold(amount, |rest, earlier| rest.minus(earlier).unwrap_or(rest));
    added.is_positive().then_some(added)
}
