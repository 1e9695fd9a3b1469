//! Refunds that did not go through or came back: their money is with the shop again.

use super::ExaminedEvent;
use super::payments::{Judged, concerned, may_follow};
use super::questions::Questions;
use super::refunds::{Told, names_a_payment};
use crate::{EventKind, Money};
use jiff::Timestamp;

/// A refund that counts no more, whenever its completion is heard of.
pub(super) struct Undone<'a> {
    /// The refund's own transaction.
    pub(super) refund: &'a str,
    /// The payments it was taken from.
    pub(super) about: Vec<usize>,
    pub(super) amount: Option<Money>,
    pub(super) at: Option<Timestamp>,
}

/// All refunds that are undone, each once. A failure names the refund; one that names only the payment does not tell
/// which of its refunds came back, and undoes none.
pub(super) fn undone<'a>(
    events: &[&'a ExaminedEvent],
    told: &[Told<'_>],
    payments: &[Judged],
    questions: &mut Questions<'_>,
) -> Vec<Undone<'a>> {
    let mut found: Vec<Undone<'a>> = Vec::new();
    for examined in events.iter().filter(|examined| examined.event.kind == EventKind::RefundFailed) {
        let event = &examined.event;
        let Some(refund) = event.transaction.as_deref().filter(|name| !names_a_payment(name, payments))
        else {
            continue;
        };
        if found.iter().any(|undone| undone.refund == refund) {
            continue;
        }
        let same: Vec<&Told<'_>> =
            told.iter().filter(|told| told.examined.event.transaction.as_deref() == Some(refund)).collect();
        // What the refund itself says about its payment is safer than what the failure says.
        let mut about: Vec<usize> = same.iter().flat_map(|told| told.about.iter().copied()).collect();
        if same.is_empty() {
            about = concerned(event, payments);
        }
        about.sort_unstable();
        about.dedup();
        let is_in_a_total =
            told.iter().any(|told| told.is_total() && told.about.iter().any(|place| about.contains(place)));
        let has_an_effect = !same.is_empty() || is_in_a_total;
        if has_an_effect && may_follow(examined, payments, &about, questions) {
            let own = same.iter().find(|told| !told.is_total()).map(|told| told.amount);
            let whole = || same.iter().map(|told| told.amount).max_by_key(|amount| amount.minor());
            let amount = own.or(event.amount).or_else(whole);
            found.push(Undone { refund, about, amount, at: event.occurred_at });
        }
    }
    found
}
