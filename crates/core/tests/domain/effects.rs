//! What is told to whom, and that nothing is told twice or too late.

use crate::story::{Story, euro, money};
use ipnd_core::decide::decide;
use ipnd_core::order::Item;
use ipnd_core::{Effect, ExaminedEvent, OrderState};
use std::collections::BTreeSet;

/// An order in a store: remembers its state, and keeps every effect once, by its key.
pub(crate) struct Outbox {
    pub(crate) keys: Vec<String>,
    kept: BTreeSet<String>,
    state: Option<OrderState>,
    known: Vec<ExaminedEvent>,
}

impl Outbox {
    pub(crate) fn new() -> Self {
        Self { keys: Vec::new(), kept: BTreeSet::new(), state: None, known: Vec::new() }
    }

    /// Takes one more event in and notes the keys of what has to be done because of it.
    pub(crate) fn hear(&mut self, story: &Story, event: ExaminedEvent) {
        self.known.push(event);
        self.look_again(story);
    }

    /// Folds again, as after an answer.
    pub(crate) fn look_again(&mut self, story: &Story) {
        let after = story.state_of(&self.known);
        for effect in decide(&story.terms.items, self.state.as_ref(), &after) {
            if self.kept.insert(effect.key()) {
                self.keys.push(effect.key());
            }
        }
        self.state = Some(after);
    }
}

/// The keys of everything that is done while the events come in as they are told.
fn done(lines: &str) -> String {
    let story = Story::told(lines);
    let mut outbox = Outbox::new();
    for event in story.events.clone() {
        outbox.hear(&story, event);
    }
    outbox.keys.join(" ")
}

#[test]
fn each_step_tells_what_is_new() {
    let paid = "mail/customer.paid/ mail/owner.paid/ stock/tea";
    for (lines, expected) in [
        ("completed T1 100.00 @1", paid.to_owned()),
        ("completed T1 100.00 @1; completed T1 100.00 @1", paid.to_owned()),
        (
            "pending T1 100.00 @1; completed T1 100.00 @1",
            format!("mail/customer.pending/T1 mail/owner.pending/T1 {paid}"),
        ),
        ("completed T1 100.00 @1; pending T1 100.00 @1; failed T2 @3; pending T3 @4", paid.to_owned()),
        (
            "failed T1 @1; failed T2 @2; completed T3 100.00 @3",
            format!(
                "mail/customer.failed/T1 mail/owner.failed/T1 mail/customer.failed/T2 mail/owner.failed/T2 {paid}"
            ),
        ),
        // An old refusal that comes late tells nothing.
        ("failed T2 @2; failed T1 @1", "mail/customer.failed/T2 mail/owner.failed/T2".to_owned()),
        // A promise, its authorisation and its capture are one announcement.
        (
            "ordered O1 100.00 @1; authorized A1 of O1 100.00 @2; pending C1 of A1 100.00 @3",
            "mail/customer.pending/O1 mail/owner.pending/O1".to_owned(),
        ),
        // A failed attempt beside one that is under way is not told, and the other is not announced again.
        ("pending T1 100.00 @1; failed T2 @2", "mail/customer.pending/T1 mail/owner.pending/T1".to_owned()),
        (
            "completed T1 100.00 @1; refund R1 of T1 30.00 @2; refund R2 of T1 70.00 @3",
            format!(
                "{paid} mail/customer.refunded/R1 mail/owner.refunded/R1 mail/customer.refunded/R2 mail/owner.refunded/R2"
            ),
        ),
        // A refund waits until the payment is heard of. The order was never seen paid, so nobody is thanked.
        (
            "refund R1 of T1 100.00 @2; completed T1 100.00 @1",
            "mail/customer.refunded/R1 mail/owner.refunded/R1".to_owned(),
        ),
        (
            "completed T1 100.00 @1; reversed V1 of T1 @2; lost L1 of T1 @3",
            format!("{paid} mail/owner.reversed/T1"),
        ),
        (
            "completed T1 100.00 @1; reversed V1 of T1 @2; returned W1 of T1 @3; reversed V2 of T1 @4",
            format!("{paid} mail/owner.reversed/T1 mail/owner.reversed/T1#2"),
        ),
        (
            "completed T1 100.00 @1; reversed V1 of T1 @2; returned W1 of T1 @3; won L1 of T1 @4; reversed V2 of T1 @5",
            format!("{paid} mail/owner.reversed/T1 mail/owner.reversed/T1#2"),
        ),
        // What is not believed is told to nobody but the owner, as a question.
        (
            "pending T1 100.00 @1 !receiver; reject receiver T1 @9; pending T2 100.00 @2",
            "mail/customer.pending/T2 mail/owner.pending/T2".to_owned(),
        ),
        ("failed T2 @1; failed T1 @2 !receiver", "mail/customer.failed/T2 mail/owner.failed/T2".to_owned()),
        (
            "completed T1 100.00 @1; opened D1 of T1 case C-1 @2; opened D2 of T1 case C-1 @3",
            format!("{paid} mail/owner.disputed/C-1"),
        ),
        ("completed T1 60.00 @1", "mail/owner.review/amount/T1".to_owned()),
        ("completed T1 60.00 @1; completed T2 40.00 @2", format!("mail/owner.review/amount/T1 {paid}")),
        (
            "completed T1 100.00 @1; completed T2 100.00 @2; refund R1 of T2 100.00 @3",
            format!(
                "{paid} mail/owner.review/paid_twice/T2 mail/customer.refunded/R1 mail/owner.refunded/R1"
            ),
        ),
        ("cancelled @1; pending T1 100.00 @2", String::new()),
    ] {
        assert_eq!(done(lines), expected, "{lines}");
    }
}

#[test]
fn no_attempt_is_told_after_an_answer_took_the_payment_away() {
    let mut story = Story::told("failed T1 @1; completed T2 100.00 @2 !receiver; accept receiver T2 @3");
    let mut outbox = Outbox::new();
    // The failure comes last, when the order is paid already.
    for event in story.events.clone().into_iter().rev() {
        outbox.hear(&story, event);
    }
    story.answers = Story::told("reject receiver T2 @4").answers;
    outbox.look_again(&story);
    outbox.look_again(&story);
    assert_eq!(outbox.keys, ["mail/customer.paid/", "mail/owner.paid/", "stock/tea"]);
}

#[test]
fn a_mail_says_which_amount_it_is_about() {
    let state =
        Story::told("completed T1 100.00 @1; refund R1 of T1 30.00 @2; reversed V1 of T1 9.00 @3").state();
    let amounts: Vec<_> = decide(&[], None, &state)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Mail { kind, amount, .. } => amount.map(|amount| (kind.word(), amount)),
            Effect::Stock { .. } => None,
        })
        .collect();
    assert_eq!(
        amounts,
        [
            ("customer.refunded", euro("30.00")),
            ("owner.refunded", euro("30.00")),
            ("owner.reversed", euro("70.00"))
        ]
    );
}

#[test]
fn a_refund_is_told_once_whether_it_comes_alone_or_in_a_total() {
    let told = |lines: &str| {
        let keys = done(&format!("completed T1 100.00 @1; {lines}"));
        keys.split(' ')
            .filter_map(|key| key.strip_prefix("mail/customer.refunded/"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let total = |name: &str| format!("refund.completed/{name}");
    assert_eq!(told("refund R1 of T1 30.00 @2; total X1 of T1 30.00 @2"), "R1");
    assert_eq!(told("total X1 of T1 30.00 @2; refund R1 of T1 30.00 @2"), total("X1"));
    assert_eq!(told("total X2 of T1 70.00 @3; total X1 of T1 30.00 @2"), total("X2"));
    let both = format!("{} {}", total("X1"), total("X2"));
    assert_eq!(told("total X1 of T1 30.00 @2; total X2 of T1 70.00 @3"), both);
    assert_eq!(told("refund R1 of T1 30.00 @2; bounced R1 @3; refund R2 of T1 30.00 @4"), "R1 R2");
    assert_eq!(told("bounced R1 @3; refund R1 of T1 30.00 @2"), "");
    let state =
        Story::told("completed T1 100.00 @1; total X1 of T1 30.00 @2; total X2 of T1 70.00 @3").state();
    let amounts: Vec<_> = state.refunds.iter().map(|refund| refund.amount).collect();
    assert_eq!(amounts, [euro("30.00"), euro("40.00")]);
}

#[test]
fn stock_moves_once_for_each_product_however_many_lines_name_it() {
    let item = |sku: &str, quantity| Item {
        sku: sku.into(),
        name: "x".into(),
        quantity,
        unit_price: money("1.00", "EUR"),
    };
    let items = [item("tea", 2), item("", 1), item("pot", 1), item("tea", 3)];
    let state = Story::told("completed T1 100.00 @1").state();
    let moved: Vec<_> = decide(&items, None, &state)
        .into_iter()
        .filter(|effect| matches!(effect, Effect::Stock { .. }))
        .collect();
    assert_eq!(
        moved,
        [Effect::Stock { sku: "tea".into(), quantity: 5 }, Effect::Stock { sku: "pot".into(), quantity: 1 }]
    );
}

#[test]
fn an_order_that_was_just_registered_calls_for_nothing() {
    assert_eq!(decide(&[], None, &Story::told("").state()), []);
}
