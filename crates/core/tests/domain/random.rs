//! Laws that hold for every set of facts.

use crate::effects::Outbox;
use crate::story::{Story, euro, second, terms};
use ipnd_core::{
    Answer, Concern, Environment, Event, EventKind, ExaminedEvent, Money, QuestionKind, Verdict,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const KINDS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentUnderpaid,
    EventKind::PaymentOrdered,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentCompleted,
    EventKind::PaymentCompleted,
    EventKind::PaymentDenied,
    EventKind::PaymentFailed,
    EventKind::PaymentVoided,
    EventKind::PaymentExpired,
    EventKind::RefundCompleted,
    EventKind::RefundCompleted,
    EventKind::RefundPending,
    EventKind::RefundFailed,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeUpdated,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::PayoutCompleted,
    EventKind::SubscriptionEnded,
];

fn amount() -> impl Strategy<Value = Option<Money>> {
    let amounts = ["100.00", "100.00", "100.00", "60.00", "40.00", "99.99", "100.01", "0.00", "200.00"];
    let euros = prop::sample::select(amounts.map(|amount| Some(euro(amount))).to_vec());
    let odd = prop::sample::select(vec![None, Some(crate::story::money("100.00", "USD"))]);
    prop_oneof![8 => euros, 1 => odd]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["T1", "T2", "T3", "T4"])
}

/// Whether the account is content with a transaction does not change from message to message.
fn concerns_of(transaction: &str) -> Vec<Concern> {
    let concern = |kind| vec![Concern { kind, expected: "a".into(), got: "b".into() }];
    match transaction {
        "T4" => concern(QuestionKind::Receiver),
        "T3" => concern(QuestionKind::Unproven),
        _ => Vec::new(),
    }
}

fn event() -> impl Strategy<Value = ExaminedEvent> {
    let time = prop::option::weighted(0.9, 0_i64..5);
    (prop::sample::select(KINDS), name(), prop::option::of(name()), amount(), any::<bool>(), time).prop_map(
        |(kind, name, parent, amount, is_total, time)| {
            // Refunds and reversals have transactions of their own; what failed is the refund that was made.
            let transaction = match kind {
                kind if kind.is_payment() => name.to_owned(),
                EventKind::RefundFailed => format!("{}-{name}", EventKind::RefundCompleted.word()),
                kind => format!("{}-{name}", kind.word()),
            };
            let mut event = Event::new(kind, format!("{}/{name}", kind.word()), Environment::Live);
            event.parent = parent.filter(|parent| *parent != name).map(str::to_owned);
            event.amount = amount;
            event.amount_is_total = kind == EventKind::RefundCompleted && is_total;
            event.occurred_at = time.map(second);
            event.case = parent.map(str::to_owned);
            ExaminedEvent {
                concerns: concerns_of(&transaction),
                event: Event { transaction: Some(transaction), ..event },
            }
        },
    )
}

/// At most one event of each identity: what the store guarantees.
fn events() -> impl Strategy<Value = Vec<ExaminedEvent>> {
    prop::collection::vec(event(), 0..12).prop_map(|events| {
        let mut seen = BTreeSet::new();
        events.into_iter().filter(|examined| seen.insert(examined.event.identity.clone())).collect()
    })
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let verdict = prop::sample::select(vec![Verdict::Accept, Verdict::Reject]);
    let answer = (prop::sample::select(QuestionKind::ALL), name(), verdict, 0_i64..8);
    let answer = answer.prop_map(|(kind, subject, verdict, at)| Answer {
        kind,
        subject: subject.to_owned(),
        verdict,
        answered_at: second(at),
    });
    prop::collection::vec(answer, 0..5)
}

fn story() -> impl Strategy<Value = Story> {
    let cancelled = prop::option::weighted(0.2, 0_i64..5);
    (events(), answers(), cancelled).prop_map(|(events, answers, cancelled)| Story {
        terms: terms("100.00"),
        cancelled_at: cancelled.map(second),
        events,
        answers,
    })
}

/// A story and its events in some other sequence, some of them several times.
fn retold() -> impl Strategy<Value = (Story, Vec<ExaminedEvent>)> {
    story().prop_flat_map(|story| {
        let copies = if story.events.is_empty() {
            Just(Vec::new()).boxed()
        } else {
            prop::collection::vec(prop::sample::select(story.events.clone()), 0..6).boxed()
        };
        let events = story.events.clone();
        let mixed = copies.prop_map(move |copies| [events.clone(), copies].concat()).prop_shuffle();
        (Just(story), mixed)
    })
}

/// More cases than usual: they are cheap, and this is the heart. `PROPTEST_CASES=100000` for the long run.
fn config() -> ProptestConfig {
    let standard = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { standard.cases } else { 2_000 };
    ProptestConfig { cases, ..standard }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn t_c05_out_of_order_and_t_c01_replay((story, events) in retold()) {
        prop_assert_eq!(story.state_of(&events), story.state());
    }

    #[test]
    fn t_b08_what_went_back_is_never_more_than_what_was_paid(story in story()) {
        let state = story.state();
        for amount in [state.paid, state.refunded, state.reversed, state.kept()] {
            prop_assert!(!amount.is_negative());
        }
        prop_assert!(state.refunded.plus(state.reversed).unwrap().minor() <= state.paid.minor());
    }

    #[test]
    fn t_b01_nothing_is_settled_without_the_money_or_the_owner(story in story()) {
        let state = story.state();
        if state.is_settled() {
            let right = |examined: &&ExaminedEvent| {
                examined.event.kind == EventKind::PaymentCompleted && examined.concerns.is_empty()
            };
            let total: i128 = story
                .events
                .iter()
                .filter(right)
                .filter_map(|examined| examined.event.amount)
                .filter(|amount| amount.currency() == story.terms.total.currency())
                .map(Money::minor)
                .sum();
            let owner_agreed = story.answers.iter().any(|answer| answer.verdict == Verdict::Accept);
            prop_assert!(owner_agreed || total >= story.terms.total.minor());
        }
    }

    #[test]
    fn t_b05_without_a_completed_payment_nothing_moves(mut story in story()) {
        story.events.retain(|examined| examined.event.kind != EventKind::PaymentCompleted);
        let state = story.state();
        prop_assert!(!state.is_settled() && state.paid.is_zero() && state.reversals.is_empty());
    }

    #[test]
    fn effects_follow_from_the_state_whatever_came_first((story, events) in retold()) {
        let mut outbox = Outbox::new();
        for event in events {
            outbox.hear(&story, event);
        }
        let done = |key: &str| outbox.keys.iter().position(|done| done.starts_with(key));
        let paid = done("mail/customer.paid/");
        if story.state().is_settled() {
            prop_assert!(paid.is_some() && done("mail/owner.paid/").is_some() && done("stock/tea").is_some());
        }
        if let Some(paid) = paid {
            for attempt in ["mail/customer.pending", "mail/customer.failed", "mail/owner.pending", "mail/owner.failed"] {
                prop_assert!(!outbox.keys[paid..].iter().any(|key| key.starts_with(attempt)), "{:?}", outbox.keys);
            }
        }
        // Hearing nothing new calls for nothing new.
        let before = outbox.keys.len();
        outbox.look_again(&story);
        prop_assert_eq!(outbox.keys.len(), before);
    }

    #[test]
    fn every_state_can_be_said_and_stored(story in story()) {
        let state = story.state();
        for language in ipnd_core::Language::ALL {
            for said in [
                ipnd_core::explain::explain(&state, &story.terms, language),
                ipnd_core::explain::for_customer(&state, &story.terms, language),
            ] {
                prop_assert!(!said.contains(['{', '}']) && said.len() > 10, "{}", said);
            }
        }
        let stored = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<ipnd_core::OrderState>(&stored).unwrap(), state);
    }
}
