//! Histories of orders, written so that they can be read.
//!
//! One fact a line (or between semicolons), times as seconds after some beginning:
//!
//! ```text
//! completed T1 100.00 @1              a payment; the amount is in EUR unless a currency follows it
//! completed T1#2 100.00 @1            one more event about the same transaction
//! completed C1 of A1 60.00 @2         of: the parent
//! refund R1 of T1 40.00 @3
//! total X1 of T1 70.00 @3             all that was refunded so far
//! refunding R1 of T1 40.00 @3         a refund was ordered
//! bounced R1 of T1 @4                 a refund came back
//! opened D1 of T1 case C-7 @4         dispute
//! news N1 of T1 case C-7 @5           of the dispute
//! completed T2 100.00 @5 !receiver    a concern of the account
//! cancelled @6                        the order was cancelled
//! accept amount T1 @7                 the owner's answer
//! ```

use ipnd_core::fold::Facts;
use ipnd_core::order::{Item, Terms};
use ipnd_core::{
    Answer, Concern, Currency, Environment, Event, EventKind, ExaminedEvent, Money, OrderState, QuestionKind,
    Verdict, fold,
};
use jiff::Timestamp;

#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) terms: Terms,
    pub(crate) cancelled_at: Option<Timestamp>,
    pub(crate) events: Vec<ExaminedEvent>,
    pub(crate) answers: Vec<Answer>,
}

impl Story {
    /// An order of 100.00 EUR and what happened to it.
    pub(crate) fn told(lines: &str) -> Self {
        let mut story = Self { terms: terms("100.00"), cancelled_at: None, events: vec![], answers: vec![] };
        for line in lines.split(['\n', ';']).map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[0] {
                "cancelled" => story.cancelled_at = time(&words),
                "accept" => story.answers.push(answer(&words, Verdict::Accept)),
                "reject" => story.answers.push(answer(&words, Verdict::Reject)),
                _ => story.events.push(event(&words)),
            }
        }
        story
    }

    pub(crate) fn state(&self) -> OrderState {
        self.state_of(&self.events)
    }

    /// The state if only these of the events had been heard of.
    pub(crate) fn state_of(&self, events: &[ExaminedEvent]) -> OrderState {
        fold(Facts { terms: &self.terms, cancelled_at: self.cancelled_at, events, answers: &self.answers })
    }
}

/// One item that costs the whole total.
pub(crate) fn terms(total: &str) -> Terms {
    let item = Item { sku: "tea".into(), name: "Tea".into(), quantity: 1, unit_price: euro(total) };
    Terms::from_items(vec![item], euro(total).currency()).unwrap()
}

pub(crate) fn euro(amount: &str) -> Money {
    money(amount, "EUR")
}

pub(crate) fn money(amount: &str, currency: &str) -> Money {
    Money::parse(amount, Currency::from_code(currency).unwrap()).unwrap()
}

pub(crate) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000_000 + second).unwrap()
}

/// `paid 100.00 - refunded - reversed` and the open questions, in one line.
pub(crate) fn summary(state: &OrderState) -> String {
    let mut line = format!(
        "{} {} {} {}",
        state.status.word(),
        state.paid.decimal(),
        state.refunded.decimal(),
        state.reversed.decimal()
    );
    for question in state.open_questions() {
        line.push_str(&format!(" {}/{}", question.kind.word(), question.subject));
    }
    line
}

fn time(words: &[&str]) -> Option<Timestamp> {
    words.iter().find_map(|word| word.strip_prefix('@')).map(|at| second(at.parse().unwrap()))
}

fn after<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().position(|word| *word == name).map(|place| words[place + 1])
}

fn answer(words: &[&str], verdict: Verdict) -> Answer {
    Answer {
        kind: QuestionKind::from_word(words[1]).unwrap(),
        subject: words[2].to_owned(),
        verdict,
        answered_at: time(words).unwrap(),
    }
}

fn event(words: &[&str]) -> ExaminedEvent {
    let kind = match words[0] {
        "refund" | "total" => EventKind::RefundCompleted,
        "refunding" => EventKind::RefundPending,
        "bounced" => EventKind::RefundFailed,
        "reversed" => EventKind::ReversalMade,
        "returned" => EventKind::ReversalCancelled,
        "opened" => EventKind::DisputeOpened,
        "news" => EventKind::DisputeUpdated,
        "won" => EventKind::DisputeWon,
        "lost" => EventKind::DisputeLost,
        word => EventKind::from_word(&format!("payment.{word}")).unwrap(),
    };
    let name = words[1];
    let mut event = Event::new(kind, format!("{}/{name}", kind.word()), Environment::Live);
    event.transaction = name.split('#').next().map(str::to_owned);
    event.parent = after(words, "of").map(str::to_owned);
    event.case = after(words, "case").map(str::to_owned);
    event.amount_is_total = words[0] == "total";
    event.occurred_at = time(words);
    event.amount = words.iter().position(|word| word.contains('.')).map(|place| {
        let currency = words.get(place + 1).filter(|word| word.len() == 3 && !word.starts_with(['@', '!']));
        money(words[place], currency.unwrap_or(&"EUR"))
    });
    let concerns = words.iter().filter_map(|word| word.strip_prefix('!')).map(|kind| Concern {
        kind: QuestionKind::from_word(kind).unwrap(),
        expected: "ours".to_owned(),
        got: "theirs".to_owned(),
    });
    ExaminedEvent { event, concerns: concerns.collect() }
}
