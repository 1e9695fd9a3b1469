//! `/owner/accounts`: the shop's accounts at gateways, and how each is told where to report.

use super::account_form::{Form, ShownValue, form_page};
use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::markdown::{self, Block};
use super::proof::{Trust, Worth};
use super::visit::{Visit, done};
use crate::page;
use askama::Template;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use ipnd_core::Language;
use ipnd_gateways::Gateway;
use ipnd_store::{Account, AccountId, CheckState, NewAccount, NotificationFilter};
use serde::Deserialize;

pub(super) const PATH: &str = "/owner/accounts";

/// Waiting notifications that are counted for the list; more are shown as “more than”.
const WAITING_COUNTED_MAX: u32 = 99;

#[derive(Template)]
#[template(path = "owner/accounts.html")]
struct AccountsPage {
    page: Frame,
    rows: Vec<Row>,
}

struct Row {
    id: AccountId,
    name: String,
    gateway: String,
    environment: &'static str,
    environment_name: String,
    intake_url: String,
    waiting: Option<String>,
    /// Why to be careful with it.
    warning: Option<String>,
}

#[derive(Template)]
#[template(path = "owner/choose_gateway.html")]
struct ChoosePage {
    page: Frame,
    search: String,
    choices: Vec<Choice>,
}

/// A gateway that can be chosen.
struct Choice {
    href: String,
    name: &'static str,
    /// What the search looks at, in small letters.
    words: String,
    worth: Worth,
}

#[derive(Template)]
#[template(path = "owner/account.html")]
struct AccountPage {
    page: Frame,
    row: Row,
    worth: Worth,
    trust: Trusted,
    receives: Vec<ShownValue>,
    /// What a gateway's page says is English. In other languages, what holds everywhere is said beside it.
    has_own_language: bool,
    /// The part about setting it up, which comes first.
    steps: Vec<Block>,
    documentation: Vec<Block>,
}

/// What becomes of the payments of this account.
struct Trusted {
    sentence: String,
    tone: &'static str,
    icon: &'static str,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    gateway: String,
    search: String,
}

pub(super) async fn list(visit: Visit) -> Result<Response, Failure> {
    let mut rows = Vec::new();
    for account in visit.app.store.accounts(visit.shop_id()).await? {
        rows.push(row(&visit, account).await?);
    }
    let shown = AccountsPage { page: visit.frame(Section::Accounts).await?, rows };
    Ok(page::html(StatusCode::OK, &shown))
}

async fn row(visit: &Visit, account: Account) -> Result<Row, Failure> {
    let filter = NotificationFilter {
        state: Some(CheckState::Waiting),
        account: Some(account.id),
        limit: WAITING_COUNTED_MAX,
        ..NotificationFilter::default()
    };
    let waiting = visit.app.store.notifications(visit.shop_id(), filter).await?.len();
    let words = visit.words;
    let gateway = ipnd_gateways::find(&account.gateway);
    let trust = gateway.map(|gateway| Trust::of(gateway, &account, visit.now()));
    Ok(Row {
        id: account.id,
        warning: trust.and_then(|trust| trust.warning(words)),
        gateway: gateway.map_or_else(|| account.gateway.clone(), |gateway| gateway.name.to_owned()),
        environment: account.environment.word(),
        environment_name: words.t(&format!("word.{}", account.environment.word())),
        intake_url: visit.app.intake_url(&account),
        waiting: (waiting > 0).then(|| words.with("accounts.waiting", "count", waiting)),
        name: account.name,
    })
}

/// `GET /owner/accounts/new`: the choice of a gateway, then the form that its table of settings makes.
pub(super) async fn new(visit: Visit, Query(wish): Query<Wish>) -> Result<Response, Failure> {
    let only = match ipnd_gateways::ALL {
        [only] => Some(*only),
        _ => None,
    };
    match ipnd_gateways::find(&wish.gateway).or(only) {
        Some(gateway) => form_page(&visit, gateway, None, Form::new(gateway)).await,
        None => choose(&visit, wish.search).await,
    }
}

/// All gateways by name, or those that fit what is searched for. A script does the same while somebody types.
async fn choose(visit: &Visit, search: String) -> Result<Response, Failure> {
    let choice = |gateway: &'static Gateway| Choice {
        href: format!("{PATH}/new?gateway={}", gateway.id),
        name: gateway.name,
        words: format!("{} {}", gateway.name, gateway.id).to_lowercase(),
        worth: Worth::in_brief(gateway, visit.words),
    };
    let wanted = search.trim().to_lowercase();
    let mut choices: Vec<Choice> = ipnd_gateways::ALL.iter().copied().map(choice).collect();
    choices.retain(|choice| wanted.split_whitespace().all(|word| choice.words.contains(word)));
    choices.sort_by_cached_key(|choice| choice.name.to_lowercase());
    let shown = ChoosePage { page: visit.frame(Section::Accounts).await?, search, choices };
    Ok(page::html(StatusCode::OK, &shown))
}

/// `POST /owner/accounts/new`
pub(super) async fn create(visit: Visit, fields: Fields) -> Result<Response, Failure> {
    let gateway = ipnd_gateways::find(fields.get("gateway")).ok_or(Failure::Unreadable)?;
    let form = Form::read(gateway, &fields, None, visit.words);
    let Some((environment, settings)) = form.checked() else {
        return form_page(&visit, gateway, None, form).await;
    };
    let account = NewAccount {
        shop: visit.shop_id(),
        gateway: gateway.id.to_owned(),
        name: form.name.clone(),
        environment,
        settings,
        creates_orders: form.creates_orders,
        by: visit.user.email.clone(),
    };
    let account = visit.app.store.create_account(account, visit.now()).await?;
    Ok(done(&format!("{PATH}/{}", account.id), "account_new"))
}

pub(super) async fn find(visit: &Visit, id: &str) -> Result<(Account, &'static Gateway), Failure> {
    let id: AccountId = id.parse().map_err(|_| Failure::NotFound)?;
    let account = visit.app.store.account(visit.shop_id(), id).await?.ok_or(Failure::NotFound)?;
    let gateway = ipnd_gateways::find(&account.gateway).ok_or(Failure::NotFound)?;
    Ok((account, gateway))
}

/// `GET /owner/accounts/{id}`: what is left to do at the gateway.
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let (account, gateway) = find(&visit, &id).await?;
    let trust = Trust::of(gateway, &account, visit.now());
    let (steps, documentation) = markdown::set_up_first(markdown::blocks(&gateway.page()));
    let shown = AccountPage {
        page: visit.frame(Section::Accounts).await?,
        worth: Worth::of_account(gateway, trust, visit.words),
        has_own_language: visit.words.0 == Language::En,
        trust: Trusted { sentence: trust.sentence(visit.words), tone: trust.tone(), icon: trust.icon() },
        receives: Form::of(gateway, &account).shown_values(gateway, visit.words),
        steps,
        documentation,
        row: row(&visit, account).await?,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

/// `GET /owner/accounts/{id}/edit`
pub(super) async fn edit(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let (account, gateway) = find(&visit, &id).await?;
    form_page(&visit, gateway, Some(&account), Form::of(gateway, &account)).await
}

/// `POST /owner/accounts/{id}/edit`. Gateway, environment and intake address never change (T-A02, T-A18).
pub(super) async fn update(
    visit: Visit,
    Path(id): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (account, gateway) = find(&visit, &id).await?;
    let form = Form::read(gateway, &fields, Some(&account), visit.words);
    let Some((_, settings)) = form.checked() else {
        return form_page(&visit, gateway, Some(&account), form).await;
    };
    let shop = visit.shop_id();
    let (id, name, by) = (account.id, &form.name, &visit.user.email);
    let updated = visit.app.store.update_account(shop, id, name, settings, form.creates_orders, by).await?;
    visit.app.known_accounts().forget();
    match updated {
        Some(_) => Ok(done(&format!("{PATH}/{}", account.id), "account")),
        None => Ok(Redirect::to(PATH).into_response()),
    }
}
