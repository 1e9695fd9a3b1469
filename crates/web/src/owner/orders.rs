//! `/owner/orders`: all orders, newest first, searched and filtered.

use super::failure::Failure;
use super::frame::{Frame, Section};
use super::listing::{PAGE_ROWS, link, page_of};
use super::visit::Visit;
use super::words::Words;
use crate::page;
use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::OrderStatus;
use ipnd_store::{OrderFilter, OrderLine};
use serde::Deserialize;

const PATH: &str = "/owner/orders";
const SEARCH_CHARS_MAX: usize = 200;

/// Statuses with a chip of their own; the others are reached by searching or scrolling.
const CHIPS: [OrderStatus; 8] = [
    OrderStatus::Open,
    OrderStatus::Pending,
    OrderStatus::Authorized,
    OrderStatus::Paid,
    OrderStatus::Refunded,
    OrderStatus::Reversed,
    OrderStatus::Failed,
    OrderStatus::Cancelled,
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    search: String,
    status: String,
    needs: String,
    before: String,
}

#[derive(Template)]
#[template(path = "owner/orders.html")]
struct OrdersPage {
    page: Frame,
    search: String,
    chips: Vec<Chip>,
    /// The filter that is on, to be kept by the search form: name and value.
    kept: Option<(&'static str, String)>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
    is_filtered: bool,
    has_accounts: bool,
}

struct Chip {
    name: String,
    href: String,
    is_current: bool,
}

struct Row {
    href: String,
    reference: String,
    status: &'static str,
    status_name: String,
    total: String,
    customer: String,
    email: String,
    created: String,
    created_iso: String,
    questions: Option<String>,
}

pub(super) async fn list(visit: Visit, Query(wish): Query<Wish>) -> Result<Response, Failure> {
    let words = visit.words;
    let search: String = wish.search.trim().chars().take(SEARCH_CHARS_MAX).collect();
    let status = OrderStatus::from_word(&wish.status);
    let needs = wish.needs == "1";
    let before = wish.before.parse().ok();
    let filter = OrderFilter {
        search: (!search.is_empty()).then(|| search.clone()),
        status,
        only_with_open_reviews: needs,
        before,
        limit: PAGE_ROWS + 1,
        ..OrderFilter::default()
    };
    let found = page_of(visit.app.store.orders(visit.shop_id(), filter).await?, |line| line.id.to_string());
    let status_word = status.map(OrderStatus::word).unwrap_or_default();
    let here = [("search", &*search), ("status", status_word), ("needs", if needs { "1" } else { "" })];
    let is_filtered = !search.is_empty() || status.is_some() || needs || before.is_some();
    let older = found.next.map(|last| link(PATH, &[&here[..], &[("before", &last)]].concat()));
    let has_accounts = is_filtered || !visit.app.store.accounts(visit.shop_id()).await?.is_empty();
    let shown = OrdersPage {
        page: visit.frame(Section::Orders).await?,
        chips: chips(words, &search, status, needs),
        kept: if needs { Some(("needs", "1".into())) } else { status.map(|s| ("status", s.word().into())) },
        newest: before.map(|_| link(PATH, &here)),
        search,
        rows: found.rows.into_iter().map(|line| row(line, words)).collect(),
        older,
        is_filtered,
        has_accounts,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// All, needs an answer, then the statuses. A status that was asked for and has no chip gets one.
fn chips(words: Words, search: &str, status: Option<OrderStatus>, needs: bool) -> Vec<Chip> {
    let chip = |name: String, filter: (&str, &str), is_current| Chip {
        name,
        href: link(PATH, &[("search", search), filter]),
        is_current,
    };
    let mut chips = vec![
        chip(words.t("word.all"), ("status", ""), status.is_none() && !needs),
        chip(words.t("orders.needs_you"), ("needs", "1"), needs),
    ];
    let asked_for = status.filter(|status| !CHIPS.contains(status));
    for own in CHIPS.into_iter().chain(asked_for) {
        let name = words.status(own);
        chips.push(chip(name, ("status", own.word()), status == Some(own)));
    }
    chips
}

fn row(line: OrderLine, words: Words) -> Row {
    Row {
        href: format!("{PATH}/{}", line.id),
        reference: line.reference,
        status: line.status.word(),
        status_name: words.status(line.status),
        total: words.money(line.total),
        customer: line.customer_name.unwrap_or_default(),
        email: line.customer_email.unwrap_or_default(),
        created: words.at(line.created_at),
        created_iso: line.created_at.to_string(),
        questions: (line.open_reviews > 0)
            .then(|| words.with("orders.questions", "count", line.open_reviews)),
    }
}
