//! Collects the questions of one fold and looks up their answers.

use super::state::Review;
use crate::QuestionKind;
use crate::review::{Answer, Question, Verdict};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) struct Questions<'a> {
    answers: &'a [Answer],
    reviews: BTreeMap<(QuestionKind, String), Review>,
}

impl<'a> Questions<'a> {
    pub(super) fn new(answers: &'a [Answer]) -> Self {
        Self { answers, reviews: BTreeMap::new() }
    }

    /// The owner's last word on a question, whether or not it is being asked. Asks nothing.
    pub(super) fn verdict(&self, kind: QuestionKind, subject: &str) -> Option<Verdict> {
        self.answers
            .iter()
            .filter(|answer| answer.kind == kind && answer.subject == subject)
            .max_by_key(|answer| (answer.answered_at, answer.verdict == Verdict::Reject))
            .map(|answer| answer.verdict)
    }

    pub(super) fn is_accepted(&self, kind: QuestionKind, subject: &str) -> bool {
        self.verdict(kind, subject) == Some(Verdict::Accept)
    }

    /// When the owner last accepted something about this subject.
    pub(super) fn accepted_at(&self, subject: &str) -> Option<Timestamp> {
        let about = self.answers.iter().filter(|answer| answer.subject == subject);
        about.filter(|answer| self.is_accepted(answer.kind, subject)).map(|answer| answer.answered_at).max()
    }

    /// Puts a question, with its answer if there is one. A question put twice is put once.
    pub(super) fn ask(&mut self, question: Question) {
        let verdict = self.verdict(question.kind, &question.subject);
        self.reviews.entry((question.kind, question.subject.clone())).or_insert(Review { question, verdict });
    }

    /// Whether an unanswered question keeps money from counting.
    pub(super) fn hold_the_order(&self) -> bool {
        use QuestionKind::{Amount, Currency, Environment, PaidAfterCancellation, Receiver, Unproven};
        self.reviews.values().any(|review| {
            let kind = review.question.kind;
            review.verdict.is_none()
                && matches!(
                    kind,
                    Amount | Currency | Environment | PaidAfterCancellation | Receiver | Unproven
                )
        })
    }

    /// Sorted by kind and subject.
    pub(super) fn into_reviews(self) -> Vec<Review> {
        self.reviews.into_values().collect()
    }
}
