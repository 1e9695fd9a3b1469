//! The seller's side of the stand-in: transactions with what can be done to them, the history of notifications,
//! and the switches for misbehaviour.

use super::Inner;
use super::faults::{Faults, Postback};
use super::ledger::Acted;
use super::message::{Attempt, Message};
use super::order::Fields;
use super::transaction::{Action, Transaction};
use super::writing::Writing;
use crate::page::{self, Failed};
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ipnd_core::Money;
use ipnd_gateways::kit::form::readable;
use std::sync::Arc;

const LIST: &str = "/sandbox/paypal";

#[derive(Template)]
#[template(path = "paypal/list.html")]
struct ListPage {
    words: Words,
    transactions: Vec<Transaction>,
    messages: Vec<Message>,
    held_count: usize,
    faults: Faults,
    postbacks: [Postback; 4],
    writings: [Writing; 5],
    speeds: [u32; 4],
}

pub(super) async fn list(
    State(inner): State<Arc<Inner>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let messages = inner.ledger.messages(None).await?;
    let page = ListPage {
        words: page::language(&headers, &query.unwrap_or_default()),
        transactions: inner.ledger.transactions().await?,
        held_count: messages.iter().filter(|message| message.is_held()).count(),
        messages,
        faults: inner.ledger.faults().await?,
        postbacks: Postback::ALL,
        writings: Writing::ALL,
        speeds: Faults::SPEEDS,
    };
    Ok(page::html(StatusCode::OK, &page))
}

#[derive(Template)]
#[template(path = "paypal/transaction.html")]
struct TransactionPage {
    words: Words,
    transaction: Transaction,
    messages: Vec<Message>,
    buttons: Vec<Button>,
    problem: Option<String>,
}

/// A form that does one thing to a transaction.
struct Button {
    /// What the form sends, and the key of its text: `action.WORD`.
    word: &'static str,
    /// Asks for an amount, filled in with what remains.
    amount: Option<Money>,
}

impl Button {
    fn key(&self) -> String {
        format!("action.{}", self.word)
    }
}

/// The buttons in the sequence in which they are shown; those that the state does not allow are left out.
fn buttons(transaction: &Transaction) -> Vec<Button> {
    let rest = transaction.remaining();
    let all = [
        ("clear", Action::Clear, None),
        ("bounce", Action::Bounce, None),
        ("capture", Action::Capture(rest), Some(rest)),
        ("void", Action::Void, None),
        ("expire", Action::Expire, None),
        ("refund_full", Action::Refund(rest), None),
        ("refund_part", Action::Refund(rest), Some(rest)),
        ("reverse_complaint", Action::Reverse("buyer_complaint"), None),
        ("reverse_chargeback", Action::Reverse("chargeback"), None),
        ("cancel_reversal", Action::CancelReversal, None),
        ("open_dispute", Action::OpenDispute, None),
        ("lose_dispute", Action::LoseDispute, None),
    ];
    all.into_iter()
        .filter(|(_, action, _)| transaction.allows(action))
        .map(|(word, _, amount)| Button { word, amount })
        .collect()
}

fn read_action(fields: &Fields, transaction: &Transaction) -> Result<Action, &'static str> {
    let amount = || {
        let text = fields.get("amount").unwrap_or_default();
        Money::parse(text, transaction.amount.currency()).map_err(|_| "refusal.amount")
    };
    Ok(match fields.get("action").unwrap_or_default() {
        "clear" => Action::Clear,
        "bounce" => Action::Bounce,
        "capture" => Action::Capture(amount()?),
        "void" => Action::Void,
        "expire" => Action::Expire,
        "refund_full" => Action::Refund(transaction.remaining()),
        "refund_part" => Action::Refund(amount()?),
        "reverse_complaint" => Action::Reverse("buyer_complaint"),
        "reverse_chargeback" => Action::Reverse("chargeback"),
        "cancel_reversal" => Action::CancelReversal,
        "open_dispute" => Action::OpenDispute,
        "lose_dispute" => Action::LoseDispute,
        _ => return Err("refusal.state"),
    })
}

pub(super) async fn show(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    transaction_page(&inner, page::language(&headers, &query.unwrap_or_default()), &id, None).await
}

async fn transaction_page(
    inner: &Inner,
    words: Words,
    id: &str,
    problem: Option<&'static str>,
) -> Result<Response, Failed> {
    let Some(transaction) = inner.ledger.transaction(id).await? else {
        return Ok(page::not_found(words));
    };
    let rest = words.money(&transaction.remaining());
    let page = TransactionPage {
        words,
        buttons: buttons(&transaction),
        messages: inner.ledger.messages(Some(id)).await?,
        problem: problem.map(|key| words.say_with(key, "rest", &rest)),
        transaction,
    };
    let status = if page.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page::html(status, &page))
}

pub(super) async fn act(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    let words = page::language(&headers, "");
    let Some(transaction) = inner.ledger.transaction(&id).await? else {
        return Ok(page::not_found(words));
    };
    let fields = Fields::read(&body);
    let revision = fields.get("revision").and_then(|text| text.parse().ok()).unwrap_or(transaction.revision);
    let action = match read_action(&fields, &transaction) {
        Ok(action) => action,
        Err(problem) => return transaction_page(&inner, words, &id, Some(problem)).await,
    };
    match inner.ledger.act(&id, revision, action).await? {
        Acted::Done => {
            inner.queued.notify_one();
            Ok(Redirect::to(&format!("{LIST}/transactions/{id}")).into_response())
        }
        Acted::Refused(refusal) => transaction_page(&inner, words, &id, Some(refusal.word())).await,
        Acted::Stale => transaction_page(&inner, words, &id, Some("refusal.stale")).await,
        Acted::Unknown => Ok(page::not_found(words)),
    }
}

#[derive(Template)]
#[template(path = "paypal/message.html")]
struct MessagePage {
    words: Words,
    message: Message,
    attempts: Vec<Attempt>,
    raw: String,
    fields: Vec<(String, String)>,
}

pub(super) async fn message(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let words = page::language(&headers, &query.unwrap_or_default());
    let Some((message, attempts)) = inner.ledger.message(id).await? else {
        return Ok(page::not_found(words));
    };
    let page = MessagePage {
        words,
        attempts,
        raw: String::from_utf8_lossy(&message.body).into_owned(),
        fields: readable(&message.body, "charset").unwrap_or_default(),
        message,
    };
    Ok(page::html(StatusCode::OK, &page))
}

pub(super) async fn resend(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let words = page::language(&headers, "");
    if !inner.ledger.resend(id).await? {
        return Ok(page::not_found(words));
    }
    inner.queued.notify_one();
    Ok(Redirect::to(LIST).into_response())
}

pub(super) async fn put_faults(State(inner): State<Arc<Inner>>, body: Bytes) -> Result<Response, Failed> {
    let fields = Fields::read(&body);
    let asked = fields.get("postback").unwrap_or_default();
    let writing = fields.get("writing").unwrap_or_default();
    let speed = fields.get("speed").and_then(|text| text.parse().ok());
    let faults = Faults {
        postback: Postback::ALL.into_iter().find(|kind| kind.word() == asked).unwrap_or_default(),
        writing: Writing::ALL.into_iter().find(|manner| manner.word() == writing).unwrap_or_default(),
        is_holding: fields.get("hold").is_some(),
        is_doubling: fields.get("double").is_some(),
        is_disabled: fields.get("disabled").is_some(),
        speed: speed.filter(|speed| Faults::SPEEDS.contains(speed)).unwrap_or(Faults::default().speed),
    };
    inner.ledger.put_faults(faults).await?;
    Ok(Redirect::to(LIST).into_response())
}

pub(super) async fn release(State(inner): State<Arc<Inner>>, body: Bytes) -> Result<Response, Failed> {
    let is_reversed = Fields::read(&body).get("sequence") == Some("reversed");
    inner.ledger.release(is_reversed).await?;
    inner.queued.notify_one();
    Ok(Redirect::to(LIST).into_response())
}
