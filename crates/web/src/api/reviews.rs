//! `/v1/reviews`: the questions that only the owner can answer.

use super::json::Json;
use super::lists::List;
use super::params::{Id, Spoken};
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::Problem;
use axum::extract::State;
use ipnd_core::explain::ask;
use ipnd_core::{Language, QuestionKind, Verdict};
use ipnd_store::{NotificationId, OrderId, ReviewId, ReviewLine};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub(super) struct ReviewView {
    id: ReviewId,
    order: Option<OrderId>,
    notification: Option<NotificationId>,
    kind: QuestionKind,
    /// The question in a sentence.
    question: String,
    subject: String,
    expected: String,
    got: String,
    asked_at: Timestamp,
    /// `accept`, `reject`, or `null` while it is open.
    answer: Option<Verdict>,
    answered_at: Option<Timestamp>,
    answered_by: Option<String>,
    /// It settled itself; there is nothing to answer any more.
    is_moot: bool,
}

pub(super) fn show(review: &ReviewLine, language: Language) -> ReviewView {
    let question = &review.question;
    ReviewView {
        id: review.id,
        order: review.order,
        notification: review.notification,
        kind: question.kind,
        question: ask(question, language),
        subject: question.subject.clone(),
        expected: question.expected.clone(),
        got: question.got.clone(),
        asked_at: review.asked_at,
        answer: review.verdict,
        answered_at: review.answered_at,
        answered_by: review.answered_by.clone(),
        is_moot: review.is_moot,
    }
}

/// `GET /v1/reviews`: those that are open, oldest first.
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
) -> Result<axum::Json<List<ReviewView>>, Problem> {
    let reviews = app.store.open_reviews(holder.shop()).await?;
    Ok(axum::Json(List::whole(reviews.iter().map(|review| show(review, spoken.0)).collect())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerBody {
    answer: Verdict,
}

/// `POST /v1/reviews/{id}`. Giving the same answer again changes nothing and is fine, so a client that heard no reply
/// may simply repeat itself.
pub(super) async fn answer(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Id(id): Id<ReviewId>,
    Json(body): Json<AnswerBody>,
) -> Result<axum::Json<ReviewView>, Problem> {
    let by = holder.name();
    let review = app.store.answer_review(holder.shop(), id, body.answer, &by, app.clock.now()).await?;
    let review = match review {
        Some(review) => review,
        None => app.store.review(holder.shop(), id).await?.ok_or(Problem::NotFound)?,
    };
    if review.verdict == Some(body.answer) {
        return Ok(axum::Json(show(&review, spoken.0)));
    }
    Err(Problem::Conflict(match review.verdict {
        Some(_) => format!("{id} has been answered otherwise"),
        None => format!("{id} has settled itself: later messages made the order fit"),
    }))
}
