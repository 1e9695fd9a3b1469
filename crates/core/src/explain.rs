//! An order's state in one sentence that an owner or a customer understands.

use crate::language::Language;
use crate::order::Terms;
use crate::reason::words;
use crate::review::Question;
use crate::{OrderState, OrderStatus};

/// For the owner: what is true of the order, with its amounts.
#[must_use]
pub fn explain(state: &OrderState, terms: &Terms, language: Language) -> String {
    let mut sentences = vec![say(&format!("explain.{}", variant(state, terms)), state, terms, language)];
    if let Some(reason) = waiting_reason(state) {
        sentences.push(words().say(language, "explain.because", &[("reason", reason)]));
    }
    if state.open_disputes() > 0 {
        sentences.push(words().say(language, "explain.disputed", &[]));
    }
    if state.status != OrderStatus::InReview && state.open_questions().next().is_some() {
        sentences.push(words().say(language, "explain.needs_you", &[]));
    }
    sentences.join(" ")
}

/// For the customer, on the order's page. Says nothing of questions and disputes, which are the owner's.
#[must_use]
pub fn for_customer(state: &OrderState, terms: &Terms, language: Language) -> String {
    say(&format!("explain_customer.{}", state.status.word()), state, terms, language)
}

/// A question as it is put to the owner.
#[must_use]
pub fn ask(question: &Question, language: Language) -> String {
    let shown = |text: &str| if text.is_empty() { "—".to_owned() } else { text.to_owned() };
    words().say(
        language,
        &format!("question.{}", question.kind.word()),
        &[
            ("subject", &shown(&question.subject)),
            ("expected", &shown(&question.expected)),
            ("got", &shown(&question.got)),
        ],
    )
}

/// An order that the owner has declared settled must not read as if the whole total had come.
fn variant(state: &OrderState, terms: &Terms) -> &'static str {
    let in_full = state.kept().minor() >= terms.total.minor();
    match state.status {
        OrderStatus::Paid if !in_full => "paid_by_decision",
        status => status.word(),
    }
}

/// Why the gateway makes the order wait, in its own word, if it gives one.
fn waiting_reason(state: &OrderState) -> Option<&str> {
    matches!(state.status, OrderStatus::Pending | OrderStatus::Authorized)
        .then(|| state.payments.iter().rev().find(|payment| payment.status.is_announced()))
        .flatten()
        .and_then(|payment| payment.reason.as_deref())
        .filter(|reason| !reason.is_empty())
}

fn say(key: &str, state: &OrderState, terms: &Terms, language: Language) -> String {
    words().say(
        language,
        key,
        &[
            ("total", &language.money(terms.total)),
            ("paid", &language.money(state.paid)),
            ("refunded", &language.money(state.refunded)),
            ("reversed", &language.money(state.reversed)),
        ],
    )
}
