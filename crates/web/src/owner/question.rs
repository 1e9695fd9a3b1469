//! Questions as they are put to the owner.

use super::event_view::short;
use super::words::Words;
use ipnd_core::explain::ask;
use ipnd_store::{ReviewId, ReviewLine};

/// A question with its two answers, ready for the template `owner/question.html`.
pub(super) struct Asked {
    pub(super) id: ReviewId,
    pub(super) title: String,
    /// What was expected, what came, and what the two answers do.
    pub(super) sentence: String,
    pub(super) asked_at: String,
    pub(super) notification: Option<String>,
    pub(super) order: Option<String>,
}

/// Those that wait for an answer.
pub(super) fn open(reviews: Vec<ReviewLine>, words: Words) -> Vec<Asked> {
    let is_open = |review: &ReviewLine| review.verdict.is_none() && !review.is_moot;
    reviews.into_iter().filter(is_open).map(|review| asked(review, words)).collect()
}

fn asked(review: ReviewLine, words: Words) -> Asked {
    let kind = review.question.kind.word();
    Asked {
        id: review.id,
        title: words.domain(&format!("question_title.{kind}")),
        sentence: short(&ask(&review.question, words.0)),
        asked_at: words.at(review.asked_at),
        notification: review.notification.map(|id| id.to_string()),
        order: review.order.map(|id| id.to_string()),
    }
}
