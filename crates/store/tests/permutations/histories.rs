//! Histories as gateways tell them, up to seven messages each: `KIND TRANSACTION<PARENT AMOUNT`, one after the other.
//! A dispute's case is called by its transaction. All are about one order over 20.00; payments name it.

use crate::conformance::world::event;
use ipnd_core::{Event, EventKind};

pub(crate) const HISTORIES: &[&str] = &[
    "payment.completed T 20.00; refund.completed R<T 20.00",
    "payment.completed T 20.00; refund.completed R<T 6.66",
    "payment.completed A 6.66; payment.completed B 6.66; payment.completed C 6.68",
    "payment.completed A 10.00; payment.completed B 10.00; refund.completed R<A 10.00",
    "payment.pending T 20.00; payment.failed T 20.00",
    "payment.pending T 20.00; payment.denied T 20.00; payment.completed U 20.00",
    "payment.pending T 20.00; payment.completed T 20.00; refund.completed R<T 5.00; refund.completed S<T 15.00",
    "payment.authorized T 20.00; payment.completed C<T 20.00; refund.completed R<C 20.00",
    "payment.authorized T 20.00; payment.voided T 20.00",
    "payment.authorized T 20.00; payment.expired T 20.00; payment.completed U 20.00",
    "payment.ordered T 20.00; payment.authorized T 20.00; payment.completed T 20.00",
    "payment.completed T 20.00; dispute.opened D<T 20.00; dispute.won D 0",
    "payment.completed T 20.00; dispute.opened D<T 20.00; dispute.lost D 0",
    "payment.completed T 20.00; dispute.opened D<T 20.00; dispute.updated D<T 20.00; dispute.won D 0",
    "payment.completed T 20.00; reversal.made V<T 20.00",
    "payment.completed T 20.00; reversal.made V<T 20.00; reversal.cancelled W<T 20.00",
    "payment.completed T 20.00; reversal.made V<T 20.00; reversal.cancelled W<T 20.00; reversal.made X<T 20.00",
    "payment.completed T 20.00; refund.completed R<T 5.00; reversal.made V<T 15.00",
    "payment.completed T 20.00; refund.completed R<T 5.00; reversal.made V<T 15.00; reversal.cancelled W<T 15.00",
    "payment.completed T 20.00; refund.completed R<T 5.00; refund.failed R<T 5.00",
    "payment.completed T 20.00; refund.pending R<T 5.00; refund.completed R<T 5.00; refund.completed S<T 4.00",
    "payment.failed T 20.00; payment.failed U 20.00; payment.completed V 20.00",
    "payment.completed T 19.99",
    "payment.completed T 19.99; refund.completed R<T 19.99; payment.completed U 20.00",
    "payment.completed T 20.01; refund.completed R<T 0.01",
    "payment.completed T 20.00; refund.completed R<T 12.00; refund.completed S<T 12.00",
    "payment.pending T 20.00; payment.completed T 20.00; refund.completed R<T 5.00; reversal.made V<T 15.00; \
     reversal.cancelled W<T 15.00",
    "payment.pending T 20.00; payment.completed T 20.00; refund.completed R<T 5.00; dispute.opened D<T 15.00; \
     dispute.lost D 0; reversal.made V<T 15.00",
    "payment.authorized T 20.00; payment.completed C<T 12.00; payment.completed E<T 8.00; refund.completed R<C 12.00; \
     refund.completed S<E 3.00; dispute.opened D<E 5.00; dispute.won D 0",
    "payment.pending T 20.00; payment.completed T 20.00; refund.completed R<T 5.00; reversal.made V<T 15.00; \
     reversal.cancelled W<T 15.00; dispute.opened D<T 20.00; dispute.won D 0",
];

/// The messages of a history about the order `reference`; `suffix` makes its transactions its own.
pub(crate) fn read(history: &str, reference: &str, suffix: &str) -> Vec<Event> {
    let parts = history.split(';').enumerate();
    parts.map(|(place, part)| message(part, place, reference, suffix)).collect()
}

fn message(part: &str, place: usize, reference: &str, suffix: &str) -> Event {
    let words: Vec<&str> = part.split_whitespace().collect();
    let [kind, transaction, amount] = words[..] else { panic!("{part}") };
    let kind = EventKind::from_word(kind).unwrap_or_else(|| panic!("{part}"));
    let (own, parent) = transaction.split_once('<').map_or((transaction, None), |(own, of)| (own, Some(of)));
    let named = |name: &str| format!("{name}-{suffix}");
    let minute = i64::try_from(place).expect("a handful") + 1;
    let is_closed = amount == "0";
    let mut event = if is_closed {
        let mut event = event(kind, &named(own), "1.00", minute);
        (event.amount, event.transaction) = (None, None);
        event
    } else {
        event(kind, &named(own), amount, minute)
    };
    event.parent = parent.map(named);
    if kind.word().starts_with("dispute.") {
        event.case = Some(named(own));
        // A dispute is about its payment.
        event.transaction = parent.map(named).filter(|_| !is_closed);
        event.parent = None;
    }
    if kind.word().starts_with("payment.") {
        event.order_ref = Some(reference.to_owned());
    }
    event
}
