//! An order's state in one sentence that an owner or a customer understands.

use crate::language::Language;
use crate::order::Terms;
use crate::reason::words;
use crate::review::Question;
use crate::{OrderState, OrderStatus};

/// For the owner: what is true of the order, with its amounts.
#[must_use]
pub fn explain(state: &OrderState, terms: &Terms, language: Language) -> String {
    let pending_reason = state.payments.last().and_then(|payment| payment.reason.clone()).unwrap_or_default();
    let open: Vec<String> = state.open_questions().map(|question| ask(question, language)).collect();
    let mut sentence = words().say(
        language,
        &format!("explain.{}", state.status.word()),
        &[
            ("total", &language.money(terms.total)),
            ("paid", &language.money(state.paid)),
            ("refunded", &language.money(state.refunded)),
            ("reversed", &language.money(state.reversed)),
            ("reason", &pending_reason),
        ],
    );
    if state.open_disputes() > 0 {
        sentence.push(' ');
        sentence.push_str(&words().say(language, "explain.disputed", &[]));
    }
    if state.status != OrderStatus::InReview && !open.is_empty() {
        sentence.push(' ');
        sentence.push_str(&words().say(language, "explain.needs_you", &[]));
    }
    sentence
}

/// A question as it is put to the owner.
#[must_use]
pub fn ask(question: &Question, language: Language) -> String {
    words().say(
        language,
        &format!("question.{}", question.kind.word()),
        &[("subject", &question.subject), ("expected", &question.expected), ("got", &question.got)],
    )
}
