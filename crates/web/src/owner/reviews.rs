//! `/owner/reviews`: everything that waits for the owner's answer.

use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::question::{self, Asked};
use super::visit::{Visit, done};
use crate::page;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::Verdict;
use ipnd_store::{OrderId, ReviewId};

const PATH: &str = "/owner/reviews";

#[derive(Template)]
#[template(path = "owner/reviews.html")]
struct ReviewsPage {
    page: Frame,
    questions: Vec<Asked>,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let reviews = visit.app.store.open_reviews(visit.shop_id()).await?;
    let shown = ReviewsPage {
        page: visit.frame(Section::Reviews).await?,
        questions: question::open(reviews, visit.words),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// `POST /owner/reviews/{id}`: the answer, `verdict` = `accept` or `reject`. Leads back to the order where the
/// question was answered (`order` = its id), or to the list.
pub(super) async fn answer(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let id: ReviewId = id.parse().map_err(|_| Failure::NotFound)?;
    let (verdict, word) = match fields.get("verdict") {
        "accept" => (Verdict::Accept, "accepted"),
        "reject" => (Verdict::Reject, "rejected"),
        _ => return Err(Failure::Unreadable),
    };
    let by = &visit.user.email;
    let answered = visit.app.store.answer_review(visit.shop_id(), id, verdict, by, visit.now()).await?;
    // Only the number of the id is taken from the form; the path is ours (T-F08).
    let back = fields.get("order").parse::<OrderId>();
    let path = back.map_or_else(|_| PATH.to_owned(), |order| format!("/owner/orders/{order}"));
    Ok(done(&path, if answered.is_some() { word } else { "answered_before" }))
}
