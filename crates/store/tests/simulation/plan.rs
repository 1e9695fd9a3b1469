//! What a gateway is going to tell in one history: the lives of a few orders, shuffled, some of it twice.

use crate::conformance::world::{event, noon, refund};
use crate::dice::Dice;
use ipnd_core::{Event, EventKind};
use ipnd_store::NotificationId;

pub(crate) struct Note {
    pub(crate) body: Vec<u8>,
    pub(crate) events: Vec<Event>,
    /// Its copies are news: the gateway says no more than that something has changed.
    pub(crate) is_thin: bool,
    /// Under which it was acknowledged.
    pub(crate) acknowledged: Option<NotificationId>,
    /// Sent at least once, whatever came of it.
    pub(crate) was_sent: bool,
}

pub(crate) fn reference(order: usize) -> String {
    format!("order-{order}")
}

/// Everything that becomes of one order, as the gateway would tell it in sequence.
pub(crate) fn life(order: usize) -> Vec<Event> {
    let named = |name: &str| format!("{name}-{order}");
    let about = |kind, name: &str, amount: &str, minute| Event {
        parent: Some(named("T")),
        ..event(kind, &named(name), amount, minute)
    };
    let paying = |kind, minute| Event {
        order_ref: Some(reference(order)),
        ..event(kind, &named("T"), "20.00", minute)
    };
    let mut opened = about(EventKind::DisputeOpened, "D", "20.00", 6);
    opened.case = Some(named("CASE"));
    let mut won = Event::new(EventKind::DisputeWon, named("won"), opened.environment);
    (won.case, won.occurred_at) = (Some(named("CASE")), Some(noon(8)));
    vec![
        paying(EventKind::PaymentPending, 1),
        paying(EventKind::PaymentCompleted, 2),
        refund(&named("T"), &named("R"), "5.00"),
        about(EventKind::ReversalMade, "V", "15.00", 4),
        about(EventKind::ReversalCancelled, "W", "15.00", 5),
        opened,
        won,
    ]
}

pub(crate) fn notes(dice: &mut Dice, orders: usize) -> Vec<Note> {
    let mut told = Vec::new();
    for order in 0..orders {
        let life = life(order);
        let length = 2 + dice.below(life.len() - 1);
        for event in &life[..length] {
            told.push(vec![event.clone()]);
            if dice.one_in(4) {
                // The same once more in other bytes, with something else.
                told.push(vec![event.clone(), life[0].clone()]);
            }
        }
    }
    dice.shuffle(&mut told);
    let note = |(number, events)| Note {
        body: format!("n={number}").into_bytes(),
        events,
        is_thin: number % 5 == 4,
        acknowledged: None,
        was_sent: false,
    };
    told.into_iter().enumerate().map(note).collect()
}
