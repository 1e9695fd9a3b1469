//! What histories mean. Each is told once more in every possible sequence by [`crate::sequences`].

use crate::story::{Story, second, summary};

struct Row {
    what: &'static str,
    history: &'static str,
    state: &'static str,
}

fn rows() -> impl Iterator<Item = Row> {
    let rows = include_str!("histories.md").lines().filter(|line| line.starts_with("| "));
    rows.map(|line| match line.split('|').map(str::trim).collect::<Vec<_>>()[..] {
        ["", what, history, state, ""] => Row { what, history, state },
        _ => panic!("a row has three columns: {line}"),
    })
    .filter(|row| row.what != "what")
}

pub(crate) fn histories() -> impl Iterator<Item = &'static str> {
    rows().map(|row| row.history)
}

#[test]
fn histories_mean_what_an_owner_would_say() {
    let wrong: Vec<String> = rows()
        .map(|row| (summary(&Story::told(row.history).state()), row))
        .filter(|(state, row)| state != row.state)
        .map(|(state, row)| {
            format!(
                "{}: {}
  expected {}
  is       {state}",
                row.what, row.history, row.state
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "
{}",
        wrong.join(
            "
"
        )
    );
    assert!(rows().count() > 100);
}

#[test]
fn the_questions_say_what_was_expected_and_what_came() {
    let asked = |lines: &str| {
        let state = Story::told(lines).state();
        state
            .open_questions()
            .map(|question| (question.expected.clone(), question.got.clone()))
            .collect::<Vec<_>>()
    };
    let pair = |expected: &str, got: &str| vec![(expected.to_owned(), got.to_owned())];
    assert_eq!(asked("completed T1 60.00 @1"), pair("100.00 EUR", "60.00 EUR"));
    assert_eq!(asked("completed T1 50.00 USD @1"), pair("100.00 EUR", "50.00 USD"));
    assert_eq!(asked("completed T1 100.00 @1; completed T2 7.00 @2"), pair("0.00 EUR", "7.00 EUR"));
    assert_eq!(asked("cancelled @1; completed T1 7.00 @2"), pair("", "7.00 EUR"));
    assert_eq!(asked("completed T1 7.00 @1 !receiver"), pair("ours", "theirs"));
    assert_eq!(
        asked("completed T1 100.00 @1; refund R1 of T1 60.00 @2; refund R2 of T1 50.00 @3"),
        pair("40.00 EUR", "50.00 EUR")
    );
}

#[test]
fn an_order_is_paid_when_the_settling_payment_came() {
    let paid_at = |lines: &str| Story::told(lines).state().paid_at;
    assert_eq!(paid_at("completed T1 60.00 @1; completed T2 40.00 @4"), Some(second(4)));
    assert_eq!(paid_at("completed T1 60.00 @1; accept amount T1 @9"), Some(second(1)));
    let kept = "completed T1 100.00 @1; completed T2 100.00 @4; accept paid_twice T2 @5";
    assert_eq!(paid_at(kept), Some(second(1)));
    assert_eq!(paid_at("completed T1 60.00 @1"), None);
    assert_eq!(paid_at("completed T1 100.00"), None);
}

#[test]
fn disputes_are_opened_closed_and_opened_again() {
    let open = |lines: &str| Story::told(lines).state().open_disputes();
    let paid = "completed T1 100.00 @1; opened D1 of T1 case C-1 @2;";
    assert_eq!(open(paid), 1);
    assert_eq!(open(&format!("{paid} won L1 of T1 case C-1 @3")), 0);
    assert_eq!(open(&format!("{paid} news N1 of T1 case C-1 @3")), 1);
    assert_eq!(open(&format!("{paid} won L1 of T1 case C-1 @3; news N1 of T1 case C-1 @4")), 0);
    assert_eq!(open("completed T1 100.00 @1; news N1 of T1 case C-1 @2"), 0);
    assert_eq!(open(&format!("{paid} won L1 of T1 case C-2 @3")), 1);
    assert_eq!(open(&format!("{paid} lost L1 of T1 @3")), 0, "without a case, the payment tells");
    assert_eq!(open(&format!("{paid} won L1 of T1 case C-1")), 0, "without a time, it is the last word");
    assert_eq!(open(&format!("{paid} won L1 of T1 case C-1 @3; opened D2 of T1 case C-1 @4")), 1);
    assert_eq!(open("opened D1 of T9 case C-1 @2"), 1, "the payment may not have been heard of yet");
    assert_eq!(open("completed T1 100.00 @1 !receiver; opened D1 of T1 case C-1 @2 !receiver"), 0);
}

#[test]
fn only_orders_without_counting_money_may_be_cancelled() {
    let may = |lines: &str| Story::told(lines).state().may_be_cancelled();
    assert!(may(""));
    assert!(may("pending T1 100.00 @1"));
    assert!(may("completed T1 120.00 @1"));
    assert!(!may("completed T1 60.00 @1"));
    assert!(!may("completed T1 100.00 @1; refund R1 of T1 100.00 @2"));
}

#[test]
fn a_reversal_tells_since_when_the_money_is_gone() {
    let state = Story::told("completed T1 100.00 @1; reversed V1 of T1 @2; lost L1 of T1 @3").state();
    let [reversal] = &state.reversals[..] else { panic!("one payment, one reversal: {:?}", state.reversals) };
    assert_eq!((reversal.at, reversal.number, reversal.amount), (Some(second(2)), 0, Some(state.paid)));
}
