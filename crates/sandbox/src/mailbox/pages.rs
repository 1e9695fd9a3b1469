//! The pages of the mailbox. What a mail contains is somebody else's: its HTML is shown in a frame that may do
//! nothing.

use super::letter::Letter;
use super::spool::Spool;
use crate::page::{self, Failed};
use crate::paypal::SandboxError;
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use std::sync::Arc;

/// For the HTML part: its own inline styles, and nothing else; no scripts, no forms, no requests.
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                           style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// One line of the list: a mail, however often it came.
struct Entry {
    id: String,
    at: Option<Timestamp>,
    letter: Letter,
    /// How often a mail with this Message-ID arrived.
    times: usize,
}

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    words: Words,
    entries: Vec<Entry>,
    newest: String,
}

pub(super) async fn list(
    State(spool): State<Arc<Spool>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let (newest, entries) = blocking(move || {
        let ids = spool.newest()?;
        let newest = ids.first().cloned().unwrap_or_default();
        Ok((newest, entries(&spool, ids)?))
    })
    .await?;
    let words = page::language(&headers, &query.unwrap_or_default());
    Ok(page::html(StatusCode::OK, &ListPage { words, entries, newest }))
}

/// Newest first; repeats of one Message-ID are one entry at the place of the newest.
fn entries(spool: &Spool, ids: Vec<String>) -> std::io::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    for id in ids {
        let Some(raw) = spool.read(&id)? else { continue };
        let letter = Letter::read(&raw);
        let same = |entry: &&mut Entry| {
            !letter.message_id.is_empty() && entry.letter.message_id == letter.message_id
        };
        match entries.iter_mut().find(same) {
            Some(entry) => entry.times += 1,
            None => entries.push(Entry { at: received_at(&id), id, letter, times: 1 }),
        }
    }
    Ok(entries)
}

fn received_at(id: &str) -> Option<Timestamp> {
    let ms = id.split('-').next()?.parse().ok()?;
    Timestamp::from_millisecond(ms).ok()
}

/// The id of the newest mail, for the script that watches.
pub(super) async fn newest(State(spool): State<Arc<Spool>>) -> Result<Response, Failed> {
    let ids = blocking(move || spool.newest()).await?;
    let headers = page::headers("default-src 'none'", "text/plain; charset=utf-8");
    Ok((headers, ids.into_iter().next().unwrap_or_default()).into_response())
}

#[derive(Template)]
#[template(path = "mailbox/mail.html")]
struct MailPage<'a> {
    words: Words,
    id: &'a str,
    at: Option<Timestamp>,
    letter: Letter,
}

pub(super) async fn show(
    State(spool): State<Arc<Spool>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let words = page::language(&headers, &query.unwrap_or_default());
    let Some(raw) = read(spool, &id).await? else { return Ok(page::not_found(words)) };
    let page = MailPage { words, id: &id, at: received_at(&id), letter: Letter::read(&raw) };
    Ok(page::html(StatusCode::OK, &page))
}

pub(super) async fn html_part(
    State(spool): State<Arc<Spool>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let Some(raw) = read(spool, &id).await? else {
        return Ok(page::not_found(page::language(&headers, "")));
    };
    Ok((page::headers(MAIL_POLICY, "text/html; charset=utf-8"), Letter::read(&raw).html).into_response())
}

pub(super) async fn raw(
    State(spool): State<Arc<Spool>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let Some(raw) = read(spool, &id).await? else {
        return Ok(page::not_found(page::language(&headers, "")));
    };
    Ok((page::headers(MAIL_POLICY, "text/plain; charset=utf-8"), raw).into_response())
}

pub(super) async fn script() -> Response {
    page::asset("text/javascript; charset=utf-8", include_str!("../../assets/mailbox.js"))
}

async fn read(spool: Arc<Spool>, id: &str) -> Result<Option<Vec<u8>>, Failed> {
    let id = id.to_owned();
    blocking(move || spool.read(&id)).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Failed> {
    let result =
        tokio::task::spawn_blocking(work).await.map_err(|error| SandboxError::Failed(error.to_string()))?;
    Ok(result.map_err(SandboxError::from)?)
}
