//! Genuine messages that must not pay an order. Named after the rows of the threat model.

use crate::story::{Story, euro, summary, terms};
use ipnd_core::decide::{Effect, decide};
use ipnd_core::{Event, EventKind, MailKind, Money, OrderStatus, QuestionKind};

#[test]
fn t_b01_amount_not_compared() {
    for (total, came) in
        [("100.00", "99.99"), ("100.00", "100.01"), ("100.00", "0.00"), ("100.00", "0.01"), ("0.02", "0.01")]
    {
        let mut story = Story::told(&format!("completed T1 {came} @1"));
        story.terms = terms(total);
        let state = story.state();
        assert_eq!(state.status, OrderStatus::InReview, "{came} for {total}");
        assert!(!state.is_settled());
        let question = state.open_questions().next().unwrap();
        assert_eq!(
            (question.kind, question.got.as_str()),
            (QuestionKind::Amount, format!("{came} EUR").as_str())
        );
    }
}

#[test]
fn t_b01_amount_not_compared_negative() {
    let mut story = Story::told("completed T1 100.00 @1");
    story.events[0].event.amount = Some(euro("100.00").negated());
    for answers in ["", "accept amount T1 @2"] {
        story.answers = Story::told(answers).answers;
        let state = story.state();
        assert!(state.paid.is_zero());
        assert_eq!(state.reviews.len(), 1);
        assert_eq!(state.is_settled(), !answers.is_empty(), "only the owner may say that it is enough");
    }
}

#[test]
fn t_b02_currency_not_compared() {
    for came in ["100.00 USD", "100.00 HUF", "100.00 CHF"] {
        let state = Story::told(&format!("completed T1 {came} @1")).state();
        assert_eq!(summary(&state), "in_review 0.00 0.00 0.00 currency/T1");
    }
    // The same number of minor units in a currency without decimals.
    let mut story = Story::told("completed T1 100.00 @1");
    story.events[0].event.amount = Some(crate::story::money("10000", "JPY"));
    assert_eq!(summary(&story.state()), "in_review 0.00 0.00 0.00 currency/T1");
}

#[test]
fn t_b03_receiver_not_compared_nobody_but_the_owner_hears_of_it() {
    for lines in [
        "completed T1 100.00 @1 !receiver",
        "pending T1 100.00 @1 !receiver",
        "failed T1 100.00 @1 !receiver",
        "completed T1 100.00 @1 !receiver; refund R1 of T1 100.00 @2 !receiver",
        "completed T1 100.00 @1 !environment; reversed V1 of T1 @2 !environment; opened D1 of T1 case C @2 !environment",
    ] {
        let state = Story::told(lines).state();
        assert!(matches!(state.status, OrderStatus::Open | OrderStatus::InReview), "{lines}");
        for effect in decide(&Story::told("").terms.items, None, &state) {
            let is_review = matches!(effect, Effect::Mail { kind: MailKind::OwnerReview, .. });
            assert!(is_review, "{lines}: {effect:?}");
        }
    }
}

#[test]
fn t_b04_order_changed_after_payment_started() {
    // The cart grew after the payment had been started: that is a new order with terms of its own. The payment
    // settles the terms it was started for, and is not enough for the new ones.
    let mut story = Story::told("completed T1 100.00 @1");
    assert_eq!(story.state().status, OrderStatus::Paid);
    story.terms = terms("150.00");
    assert_eq!(summary(&story.state()), "in_review 100.00 0.00 0.00 amount/T1");
}

#[test]
fn t_b05_not_final_status_taken_as_paid() {
    for kind in EventKind::ALL.iter().copied().filter(|kind| *kind != EventKind::PaymentCompleted) {
        let mut story = Story::told("completed T1 100.00 @1");
        let event = &mut story.events[0].event;
        *event = Event { kind, ..event.clone() };
        let state = story.state();
        assert!(!state.is_settled() && state.paid.is_zero(), "{}", kind.word());
        for effect in decide(&story.terms.items, None, &state) {
            let is_paid =
                matches!(effect, Effect::Mail { kind: MailKind::CustomerPaid | MailKind::OwnerPaid, .. });
            assert!(!is_paid && !matches!(effect, Effect::Stock { .. }), "{}: {effect:?}", kind.word());
        }
    }
}

#[test]
fn t_b07_one_transaction_counts_once_however_often_it_is_told() {
    let state = Story::told("completed T1 60.00 @1; completed T1#2 60.00 @2").state();
    assert_eq!(summary(&state), "in_review 60.00 0.00 0.00 amount/T1");
}

#[test]
fn t_b08_forged_refund_or_reversal() {
    // A refund of somebody else's payment, or above what was paid, never takes more than there is.
    let state =
        Story::told("completed T1 100.00 @1; refund R1 of T1 5000.00 @2; reversed V1 of T1 5000.00 @3")
            .state();
    assert_eq!(summary(&state), "refunded 100.00 100.00 0.00 refund_too_large/R1");
    assert_eq!(state.kept(), Money::zero(state.paid.currency()));
    let state =
        Story::told("completed T1 100.00 @1; refund R1 of T9 100.00 @2; reversed V1 of T8 @3").state();
    assert_eq!(summary(&state), "paid 100.00 0.00 0.00");
}

#[test]
fn t_b14_look_alike_names() {
    for look_alike in [
        "Т1",         // Cyrillic letter te
        "t1",         // other case
        "T1\u{200b}", // zero-width space
        "\u{ff34}1",  // full-width T
        "T\u{0661}",  // Arabic digit one
    ] {
        let refund =
            Story::told(&format!("completed T1 100.00 @1; refund R1 of {look_alike} 100.00 @2")).state();
        assert_eq!(summary(&refund), "paid 100.00 0.00 0.00", "{look_alike}");
        let answer = Story::told(&format!("completed T1 60.00 @1; accept amount {look_alike} @2")).state();
        assert_eq!(answer.status, OrderStatus::InReview, "{look_alike}");
        let second =
            Story::told(&format!("completed T1 100.00 @1; completed {look_alike} 100.00 @2")).state();
        assert_eq!(second.payments.len(), 2, "{look_alike}");
    }
}

/// The date in a notification is the gateway's word about when, and decides about nothing else.
#[test]
fn t_c04_stale_or_future_timestamp() {
    for lines in
        ["completed T1 100.00", "completed T1 99.99", "pending T1 100.00", "completed T1 100.00 !receiver"]
    {
        let now = Story::told(&format!("{lines} @1"));
        for date in ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", ""] {
            let mut dated = now.clone();
            // One that is missing or cannot be read is none.
            dated.events[0].event.occurred_at = date.parse().ok();
            assert_eq!(summary(&dated.state()), summary(&now.state()), "{lines} dated {date:?}");
            let items = &now.terms.items;
            assert_eq!(
                decide(items, None, &dated.state()),
                decide(items, None, &now.state()),
                "{lines} dated {date:?}"
            );
        }
    }
}

#[test]
fn t_c04_what_came_in_the_second_of_the_cancellation_is_asked_about() {
    let mut story = Story::told("cancelled @5; completed T1 100.00 @5");
    let asked = "in_review 0.00 0.00 0.00 paid_after_cancellation/T1";
    for milliseconds in [0, 1, 999] {
        story.cancelled_at = Some(crate::story::second(5) + jiff::SignedDuration::from_millis(milliseconds));
        assert_eq!(summary(&story.state()), asked, "cancelled {milliseconds} ms into the second");
    }
    story.cancelled_at = Some(crate::story::second(6));
    assert_eq!(summary(&story.state()), "paid 100.00 0.00 0.00");
}
