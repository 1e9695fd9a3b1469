//! The player for programs: who can be told, wishes, and what became of them.

use super::{Inner, PlayError, Player, SandboxAccount, Wish};
use crate::page::Failed;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

/// The accounts with their addresses, without their secrets.
pub(super) async fn accounts(State(inner): State<Arc<Inner>>) -> Response {
    let shown = |account: &SandboxAccount| json!({ "gateway": account.gateway, "name": account.name, "intake_url": account.intake_url });
    let accounts: Vec<_> = super::locked(&inner.accounts).iter().map(shown).collect();
    Json(json!({ "accounts": accounts })).into_response()
}

pub(super) async fn play(
    State(inner): State<Arc<Inner>>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Response, Failed> {
    let wish = match wish {
        Ok(Json(wish)) => wish,
        Err(error) => return Ok(problem(StatusCode::BAD_REQUEST, &error.body_text())),
    };
    match Player(inner).play(&wish).await {
        Ok(number) => Ok((StatusCode::ACCEPTED, Json(json!({ "play": number }))).into_response()),
        Err(PlayError::Wish(error)) => Ok(problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string())),
        Err(PlayError::Sandbox(error)) => Err(error.into()),
    }
}

pub(super) async fn shown(
    State(inner): State<Arc<Inner>>,
    Path(play): Path<i64>,
) -> Result<Response, Failed> {
    let messages = Player(inner).report(play).await?;
    if messages.is_empty() {
        return Ok(problem(StatusCode::NOT_FOUND, "nothing was played under this number"));
    }
    Ok(Json(json!({ "messages": messages })).into_response())
}

fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "problem": text }))).into_response()
}
