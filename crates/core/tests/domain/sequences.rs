//! Whatever the sequence of arrival, and however often each message comes: the state is the same (I-06).

use crate::histories::histories;
use crate::story::Story;
use ipnd_core::ExaminedEvent;

/// Calls `visit` with every permutation of `items` (Heap's way of making them).
fn permutations(items: &mut Vec<ExaminedEvent>, size: usize, visit: &mut dyn FnMut(&[ExaminedEvent])) {
    if size <= 1 {
        visit(items);
        return;
    }
    for place in 0..size {
        permutations(items, size - 1, visit);
        let other = if size.is_multiple_of(2) { place } else { 0 };
        items.swap(other, size - 1);
    }
}

/// The longer ones, with ties, missing times and everything at once.
const LONG: &[&str] = &[
    "pending T1 100.00 @1; completed T1 100.00 @1; opened D1 of T1 case C-1 @2; reversed V1 of T1 @2; returned W1 of T1 @2; lost L1 of T1 @2",
    "authorized A1 100.00 @1; completed C1 of A1 60.00 @2; completed C2 of A1 40.00 @2; refund R1 of C1 60.00 @3; reversed V1 of C2 @3; returned W1 of C2",
    "failed T1 100.00 @1; denied T2 100.00 @1; pending T3 100.00 @1; completed T4 100.00 @1; completed T5 100.00 @1; refund R1 100.00 @1",
    "completed T1 60.00 @1; completed T2 100.00 @1; completed T3 120.00 @1; refund R1 of T1 60.00; refund R2 of T3 130.00; reversed V1",
    "ordered O1 100.00; authorized A1 of O1 100.00; pending C1 of A1 100.00; completed C1 of A1 100.00; refund R1 of A1 50.00; refund R2 of O1 50.00",
    "completed T1 100.00 @3 !receiver; completed T2 100.00 @2; completed T3 100.00 USD @1; accept receiver T1 @9; accept paid_twice T1 @9; refund R1 of T1 10.00 @4 !receiver; reversed V1 of T2 @5; returned W1 of T2 @5",
    "cancelled @3; pending T1 100.00 @2; completed T1 100.00 @2; completed T2 100.00 @4; accept paid_after_cancellation T2 @5; reversed V1 of T2 @6; reversed V2 of T2 @8; returned W1 of T2 @7",
];

#[test]
fn t_c05_out_of_order_every_permutation_gives_one_state() {
    for lines in histories().chain(LONG.iter().copied()) {
        let mut story = Story::told(lines);
        let expected = story.state();
        story.answers.reverse();
        let mut events = story.events.clone();
        let size = events.len();
        permutations(&mut events, size, &mut |events| {
            assert_eq!(story.state_of(events), expected, "{lines}");
        });
    }
}

#[test]
fn t_c01_replay_of_a_genuine_message_changes_nothing() {
    for lines in histories().chain(LONG.iter().copied()) {
        let story = Story::told(lines);
        for copy in 0..story.events.len() {
            for place in 0..=story.events.len() {
                let mut events = story.events.clone();
                events.insert(place, story.events[copy].clone());
                assert_eq!(story.state_of(&events), story.state(), "{lines}");
            }
        }
    }
}
