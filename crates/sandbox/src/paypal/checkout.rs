//! The payment page: what is to be paid, who pays, and the ways it can end.

use super::Inner;
use super::ledger::Checkout;
use super::order::{Fields, Order};
use super::transaction::{Outcome, Status, Transaction};
use crate::page::{self, Failed};
use crate::words::Words;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ipnd_core::{Customer, Language};
use std::sync::Arc;
use url::Url;

/// A mail address as long as the longest that mail servers take.
const EMAIL_CHARS_MAX: usize = 254;
const NAME_CHARS_MAX: usize = 128;
/// Who pays when the shop's form names nobody: a payment service knows its own customers.
const BUYER_NAME: &str = "Sandbox Buyer";
const BUYER_EMAIL: &str = "buyer@example.com";

#[derive(Template)]
#[template(path = "paypal/checkout.html")]
struct Page<'a> {
    words: Words,
    id: &'a str,
    order: &'a Order,
    name: &'a str,
    email: &'a str,
    /// A catalogue key, when the form was not acceptable.
    problem: Option<&'static str>,
    languages: [Language; 4],
}

pub(super) async fn show(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let query = query.unwrap_or_default();
    let Some(checkout) = inner.ledger.checkout(&id).await? else {
        return Ok(page::not_found(page::language(&headers, &query)));
    };
    let words = language(&headers, &query, &checkout);
    if let Some(transaction) = &checkout.transaction {
        return after(&inner, words, transaction).await;
    }
    Ok(form(words, &id, &checkout.order, &checkout.order.buyer, None))
}

fn form(words: Words, id: &str, order: &Order, buyer: &Customer, problem: Option<&'static str>) -> Response {
    let page = Page {
        words,
        id,
        order,
        name: buyer.name.as_deref().unwrap_or(BUYER_NAME),
        email: buyer.email.as_deref().unwrap_or(BUYER_EMAIL),
        problem,
        languages: Language::ALL,
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::html(status, &page)
}

pub(super) async fn finish(
    State(inner): State<Arc<Inner>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    let query = query.unwrap_or_default();
    let Some(checkout) = inner.ledger.checkout(&id).await? else {
        return Ok(page::not_found(page::language(&headers, &query)));
    };
    let words = language(&headers, &query, &checkout);
    let fields = Fields::read(&body);
    if fields.get("outcome") == Some("cancel") {
        return Ok(cancelled(words, &checkout.order));
    }
    let outcome = match fields.get("outcome") {
        Some("pay") => Outcome::Pay,
        Some("echeck") => Outcome::PayByEcheck,
        Some("authorize") => Outcome::Authorize,
        Some("decline") => Outcome::Decline,
        _ => return Ok(page::problem(words, "outcome", "")),
    };
    let text = |field: &str| Some(fields.get(field).unwrap_or_default().to_owned());
    let buyer = Customer { name: text("name"), email: text("email"), ..checkout.order.buyer.clone() };
    if let Err(problem) = check(&buyer) {
        return Ok(form(words, &id, &checkout.order, &buyer, Some(problem)));
    }
    let Some(transaction) = inner.ledger.pay(&id, outcome, buyer).await? else {
        return Ok(page::not_found(words));
    };
    inner.queued.notify_one();
    after(&inner, words, &transaction.id).await
}

fn check(buyer: &Customer) -> Result<(), &'static str> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(char::is_control)
    };
    if !buyer.name.as_deref().is_some_and(is_name) {
        return Err("problem.name");
    }
    let is_email = |email: &str| {
        let parts = email.rsplit_once('@');
        email.chars().count() <= EMAIL_CHARS_MAX
            && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
            && !email.contains(|c: char| c.is_control() || c.is_whitespace())
    };
    if buyer.email.as_deref().is_some_and(is_email) { Ok(()) } else { Err("problem.email") }
}

/// The form's own language first, then what the browser prefers; `lang` in the address wins over both.
fn language(headers: &HeaderMap, query: &str, checkout: &Checkout) -> Words {
    let is_asked = form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "lang");
    match checkout.order.language {
        Some(language) if !is_asked => Words(language),
        _ => page::language(headers, query),
    }
}

#[derive(Template)]
#[template(path = "paypal/ended.html")]
struct Ended<'a> {
    words: Words,
    order: &'a Order,
    /// What happened; a catalogue key.
    sentence: &'static str,
    return_url: Option<&'a str>,
}

fn cancelled(words: Words, order: &Order) -> Response {
    match &order.cancel_url {
        Some(url) => Redirect::to(url).into_response(),
        None => {
            let page = Ended { words, order, sentence: "ended.cancelled", return_url: None };
            page::html(StatusCode::OK, &page)
        }
    }
}

/// Sends the buyer back to the shop, or says how it ended when there is nowhere to go or nothing to thank for.
async fn after(inner: &Inner, words: Words, id: &str) -> Result<Response, Failed> {
    let Some(transaction) = inner.ledger.transaction(id).await? else {
        return Ok(page::not_found(words));
    };
    let back = return_address(&transaction);
    let has_paid = transaction.status != Status::Denied;
    if let (true, Some(url)) = (has_paid, &back) {
        return Ok(Redirect::to(url).into_response());
    }
    let sentence = if has_paid { "ended.paid" } else { "ended.declined" };
    let page = Ended { words, order: &transaction.order, sentence, return_url: back.as_deref() };
    Ok(page::html(StatusCode::OK, &page))
}

/// The shop's return address with the variables of a payment data transfer. They prove nothing, and a shop that
/// believes them can be fooled.
fn return_address(transaction: &Transaction) -> Option<String> {
    let order = &transaction.order;
    let mut url = Url::parse(order.return_url.as_deref()?).ok()?;
    let status = match transaction.status {
        Status::Completed => "Completed",
        Status::Denied => "Denied",
        _ => "Pending",
    };
    url.query_pairs_mut()
        .append_pair("tx", &transaction.id)
        .append_pair("st", status)
        .append_pair("amt", &transaction.amount.decimal())
        .append_pair("cc", transaction.amount.currency().code())
        .append_pair("cm", order.custom.as_deref().unwrap_or_default());
    Some(url.into())
}
