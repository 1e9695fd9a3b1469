//! `/v1/accounts`: the shop's accounts at gateways. Secrets go in and never come out.

use super::json::Json;
use super::lists::List;
use super::params::Id;
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::{FieldProblem, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use ipnd_core::Environment;
use ipnd_gateways::{Gateway, SettingKind, Settings};
use ipnd_store::{Account, AccountId, NewAccount};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const NAME_CHARS_MAX: usize = 100;

/// A setting as it is sent and shown: text, or for a list its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a setting is text, or a list of texts")]
enum SettingValue {
    Text(String),
    List(Vec<String>),
}

impl SettingValue {
    fn into_stored(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::List(values) => values.join("\n"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountBody {
    gateway: String,
    name: String,
    environment: Environment,
    #[serde(default)]
    settings: BTreeMap<String, SettingValue>,
    #[serde(default)]
    creates_orders: bool,
}

/// What may change. An absent field stays as it is; a setting that is `null` is removed (T-D14).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountChange {
    name: Option<String>,
    #[serde(default)]
    settings: BTreeMap<String, Option<SettingValue>>,
    creates_orders: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct AccountView {
    id: AccountId,
    gateway: String,
    name: String,
    environment: Environment,
    /// Without secrets.
    settings: BTreeMap<String, SettingValue>,
    /// The names of the secrets that are set.
    secrets: Vec<String>,
    creates_orders: bool,
    /// Give this address to the gateway. Whoever knows it can send notifications, which then have to be proved.
    intake_url: String,
    created_at: Timestamp,
}

fn show(app: &App, account: &Account) -> AccountView {
    let table = ipnd_gateways::find(&account.gateway).map_or(&[][..], |gateway| gateway.settings);
    let kind = |key: &str| table.iter().find(|setting| setting.key == key).map(|setting| setting.kind);
    let mut settings = BTreeMap::new();
    let mut secrets = Vec::new();
    for (key, value) in &account.settings {
        match kind(key) {
            // A setting that its gateway does not know any more may have been a secret.
            None | Some(SettingKind::Secret | SettingKind::Secrets) => secrets.push(key.clone()),
            Some(SettingKind::List) => {
                let values = value.split(['\n', ',']).map(str::trim).filter(|value| !value.is_empty());
                settings.insert(key.clone(), SettingValue::List(values.map(str::to_owned).collect()));
            }
            Some(_) => {
                settings.insert(key.clone(), SettingValue::Text(value.clone()));
            }
        }
    }
    AccountView {
        id: account.id,
        gateway: account.gateway.clone(),
        name: account.name.clone(),
        environment: account.environment,
        settings,
        secrets,
        creates_orders: account.creates_orders,
        intake_url: app.intake_url(account),
        created_at: account.created_at,
    }
}

/// `GET /v1/accounts`
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
) -> Result<axum::Json<List<AccountView>>, Problem> {
    let accounts = app.store.accounts(holder.shop()).await?;
    Ok(axum::Json(List::whole(accounts.iter().map(|account| show(&app, account)).collect())))
}

/// `GET /v1/accounts/{id}`
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<AccountId>,
) -> Result<axum::Json<AccountView>, Problem> {
    let account = app.store.account(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    Ok(axum::Json(show(&app, &account)))
}

/// `POST /v1/accounts`
pub(super) async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    Json(body): Json<AccountBody>,
) -> Result<Response, Problem> {
    let gateway = ipnd_gateways::find(&body.gateway)
        .ok_or_else(|| Problem::field("gateway", "there is no such gateway; /v1/gateways lists them"))?;
    let name = checked_name(&body.name)?;
    let values = body.settings.into_iter().map(|(key, value)| (key, value.into_stored())).collect();
    let settings = checked_settings(gateway, body.environment, values)?;
    let new = NewAccount {
        shop: holder.shop(),
        gateway: gateway.id.to_owned(),
        name,
        environment: body.environment,
        settings,
        creates_orders: body.creates_orders,
        by: holder.name(),
    };
    let account = app.store.create_account(new, app.clock.now()).await?;
    let location = format!("/v1/accounts/{}", account.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], axum::Json(show(&app, &account))).into_response())
}

/// `PUT /v1/accounts/{id}`
pub(super) async fn update(
    State(app): State<App>,
    holder: KeyHolder,
    Id(id): Id<AccountId>,
    Json(change): Json<AccountChange>,
) -> Result<axum::Json<AccountView>, Problem> {
    let account = app.store.account(holder.shop(), id).await?.ok_or(Problem::NotFound)?;
    let gateway = ipnd_gateways::find(&account.gateway).ok_or(Problem::Internal)?;
    let name = change.name.as_deref().map_or(Ok(account.name), checked_name)?;
    let mut values = account.settings;
    for (key, value) in change.settings {
        match value {
            Some(value) => values.insert(key, value.into_stored()),
            None => values.remove(&key),
        };
    }
    let settings = checked_settings(gateway, account.environment, values)?;
    let creates_orders = change.creates_orders.unwrap_or(account.creates_orders);
    let by = holder.name();
    let account = app.store.update_account(holder.shop(), id, &name, settings, creates_orders, &by).await?;
    app.known_accounts().forget();
    Ok(axum::Json(show(&app, &account.ok_or(Problem::NotFound)?)))
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let is_good = (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if is_good {
        Ok(name.to_owned())
    } else {
        Err(Problem::field("name", format!("it must have 1 to {NAME_CHARS_MAX} printable characters")))
    }
}

fn checked_settings(
    gateway: &Gateway,
    environment: Environment,
    values: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Problem> {
    let settings = Settings::check(gateway.settings, environment, values).map_err(|problems| {
        let field = |problem: ipnd_gateways::SettingProblem| {
            FieldProblem::new(format!("settings.{}", problem.key), problem.fault.to_string())
        };
        Problem::Invalid(problems.into_iter().map(field).collect())
    })?;
    Ok(settings.values().clone())
}
