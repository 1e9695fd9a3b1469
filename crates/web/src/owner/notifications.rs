//! `/owner/notifications`: everything the gateways have sent.

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
use ipnd_core::EventKind;
use ipnd_store::{Account, AccountId, CheckState, NotificationFilter, NotificationLine};
use serde::Deserialize;

const PATH: &str = "/owner/notifications";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    state: String,
    account: String,
    before: String,
}

#[derive(Template)]
#[template(path = "owner/notifications.html")]
struct NotificationsPage {
    page: Frame,
    chips: Vec<Choice>,
    /// Empty unless there is more than one account.
    accounts: Vec<Choice>,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
    is_filtered: bool,
    has_accounts: bool,
}

struct Choice {
    name: String,
    href: String,
    is_current: bool,
}

struct Row {
    href: String,
    received: String,
    received_iso: String,
    account: String,
    state: &'static str,
    state_name: String,
    reason: String,
    /// What it says, in the owner's words.
    says: Vec<String>,
    orders: Vec<(String, String)>,
    copies: Option<String>,
}

pub(super) async fn list(visit: Visit, Query(wish): Query<Wish>) -> Result<Response, Failure> {
    let words = visit.words;
    let accounts = visit.app.store.accounts(visit.shop_id()).await?;
    let state = CheckState::from_word(&wish.state);
    let account: Option<AccountId> = wish.account.parse().ok();
    let before = wish.before.parse().ok();
    let filter = NotificationFilter { state, account, order: None, before, limit: PAGE_ROWS + 1 };
    let lines = visit.app.store.notifications(visit.shop_id(), filter).await?;
    let found = page_of(lines, |line| line.id.to_string());
    let state_word = state.map(CheckState::word).unwrap_or_default();
    let account_word = account.map(|id| id.to_string()).unwrap_or_default();
    let here = [("state", state_word), ("account", account_word.as_str())];
    let shown = NotificationsPage {
        page: visit.frame(Section::Notifications).await?,
        chips: state_choices(words, state, &account_word),
        accounts: account_choices(words, &accounts, account, state_word),
        rows: found.rows.into_iter().map(|line| row(line, &accounts, words)).collect(),
        newest: before.map(|_| link(PATH, &here)),
        older: found.next.map(|last| link(PATH, &[&here[..], &[("before", &last)]].concat())),
        is_filtered: state.is_some() || account.is_some() || before.is_some(),
        has_accounts: !accounts.is_empty(),
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn state_choices(words: Words, current: Option<CheckState>, account: &str) -> Vec<Choice> {
    let choice = |name: String, state: &str, is_current| Choice {
        name,
        href: link(PATH, &[("state", state), ("account", account)]),
        is_current,
    };
    let mut choices = vec![choice(words.t("word.all"), "", current.is_none())];
    for state in CheckState::ALL {
        choices.push(choice(words.check_state(state), state.word(), current == Some(state)));
    }
    choices
}

fn account_choices(
    words: Words,
    accounts: &[Account],
    current: Option<AccountId>,
    state: &str,
) -> Vec<Choice> {
    if accounts.len() < 2 {
        return Vec::new();
    }
    let choice = |name: String, account: &str, is_current| Choice {
        name,
        href: link(PATH, &[("state", state), ("account", account)]),
        is_current,
    };
    let mut choices = vec![choice(words.t("notifications.all_accounts"), "", current.is_none())];
    for account in accounts {
        choices.push(choice(account.name.clone(), &account.id.to_string(), current == Some(account.id)));
    }
    choices
}

fn row(line: NotificationLine, accounts: &[Account], words: Words) -> Row {
    let account = accounts.iter().find(|account| account.id == line.account);
    let kinds = line.kinds.iter().filter_map(|word| EventKind::from_word(word));
    Row {
        href: format!("{PATH}/{}", line.id),
        received: words.at_second(line.received_at),
        received_iso: line.received_at.to_string(),
        account: account.map_or_else(|| line.account.to_string(), |account| account.name.clone()),
        state: line.state.word(),
        state_name: words.check_state(line.state),
        reason: line.reason.map(|reason| reason.sentence(words.0)).unwrap_or_default(),
        says: kinds.map(|kind| words.event_kind(kind)).collect(),
        orders: line
            .orders
            .into_iter()
            .map(|(id, reference)| (format!("/owner/orders/{id}"), reference))
            .collect(),
        copies: (line.copies_count > 0)
            .then(|| words.with("notifications.copies", "count", line.copies_count + 1)),
    }
}
