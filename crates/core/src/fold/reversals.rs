//! Reversals: money that gateways and banks take back, return, and take back again.
//!
//! Per payment the last word counts. It is the only thing in the fold that needs a sequence, and the sequence is
//! the gateway's: when it happened.

use super::ExaminedEvent;
use super::payments::{Hold, Judged, concerned, may_follow};
use super::questions::Questions;
use super::state::Reversal;
use crate::{Event, EventKind};

/// Tells every payment what was done with its money.
pub(super) fn apply(events: &[&ExaminedEvent], payments: &mut [Judged], questions: &mut Questions<'_>) {
    for examined in events {
        let is_taken = match examined.event.kind {
            EventKind::ReversalMade | EventKind::DisputeLost => true,
            EventKind::ReversalCancelled | EventKind::DisputeWon => false,
            _ => continue,
        };
        let about = concerned(&examined.event, payments);
        if may_follow(examined, payments, &about, questions) {
            for place in about {
                payments[place].hold.hear(&examined.event, is_taken);
            }
        }
    }
}

impl Hold {
    /// Several words to the same effect in a row (a reversal, then the dispute that it belongs to is lost) are one.
    fn hear(&mut self, event: &Event, is_taken: bool) {
        let is_new = !self.heard_of || self.is_held != is_taken;
        if is_new && is_taken {
            self.since = event.occurred_at;
            self.reason.clone_from(&event.reason);
        } else if is_new {
            self.returns += 1;
        }
        self.heard_of = true;
        self.is_held = is_taken;
    }
}

/// What is held of believed payments, whether they count or not: the owner has to know of all of it.
pub(super) fn held_at_present(payments: &[Judged]) -> Vec<Reversal> {
    let held = payments.iter().filter(|judged| judged.hold.is_held && judged.payment.is_believed);
    held.map(|judged| Reversal {
        payment: judged.payment.transaction.clone(),
        number: judged.hold.returns,
        amount: judged.left().filter(|left| left.is_positive()).or(judged.payment.amount),
        at: judged.hold.since,
        reason: judged.hold.reason.clone(),
    })
    .collect()
}
