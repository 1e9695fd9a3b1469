//! The endpoint that a listener fetches from: its own, made or found again by its name, or one that is there already.

use crate::api::{Api, Trouble, text};
use anyhow::{Result, bail};
use ipnd_gateways::dialect::Dialect;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

/// As endpoints have it.
const NAME_CHARS_MAX: usize = 100;
const HOST_CHARS_MAX: usize = 40;

pub(super) enum Source {
    Own(Wanted),
    /// One that somebody else has made, by its name or its id. It stays as it is.
    Given(String),
}

pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) kinds: Vec<String>,
    pub(super) dialect: String,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) new_secret: bool,
}

/// It is there.
pub(super) struct Ready {
    pub(super) id: String,
    /// Empty for all.
    pub(super) kinds: Vec<String>,
    /// Only where it has just been made.
    pub(super) secret: Option<String>,
    /// Signed with a secret that is not shown again.
    pub(super) is_signed: bool,
    /// Where a receiver asks back whether a message is genuine.
    pub(super) ask_url: Option<String>,
    /// What happened before waits in it.
    pub(super) waiting: u64,
}

/// By which it is found again: one for each address on each machine.
pub(super) fn name(to: &Url) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let host: String = host.chars().filter(|c| !c.is_control()).take(HOST_CHARS_MAX).collect();
    // A password in the address is nobody else's business.
    let mut to = to.clone();
    let _ = to.set_username("").and_then(|()| to.set_password(None));
    format!("listen on {host} to {to}").chars().take(NAME_CHARS_MAX).collect()
}

pub(super) async fn prepare(api: &mut Api, source: &Source) -> Result<Ready> {
    match source {
        Source::Own(wanted) => own(api, wanted).await,
        Source::Given(name) => given(api, name).await,
    }
}

async fn given(api: &mut Api, name: &str) -> Result<Ready> {
    let list = api.get("/v1/endpoints").await?;
    let all = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fetches = |one: &&Value| one["url"].is_null();
    // Names may be there twice; one that fetches is meant.
    let named = || all.iter().filter(|one| one["id"] == name || one["name"] == name);
    let Some(found) = named().find(fetches).or_else(|| named().next()) else {
        let names: Vec<&str> = all.iter().filter(fetches).map(|one| text(one, "name")).collect();
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("there is no endpoint “{name}”. Those that fetch: {there}");
    };
    if !fetches(&found) {
        bail!("the endpoint “{name}” is told at its URL; only from one that fetches can be listened to");
    }
    if found["state"] == "paused" {
        bail!("the endpoint “{name}” is paused; resume it first");
    }
    let kinds = found["filter"]["kinds"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Ready {
        id: text(found, "id").to_owned(),
        kinds: kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect(),
        secret: None,
        is_signed: false,
        ask_url: found["ask_url"].as_str().map(str::to_owned),
        waiting: found["waiting"].as_u64().unwrap_or(0),
    })
}

async fn own(api: &mut Api, wanted: &Wanted) -> Result<Ready> {
    let Some(dialect) = Dialect::find(&wanted.dialect) else {
        let all: Vec<&str> = Dialect::all().map(Dialect::id).collect();
        bail!("there is no form “{}”. There are: {}", wanted.dialect, all.join(", "));
    };
    let mut body = json!({
        "name": wanted.name,
        "dialect": wanted.dialect,
        "filter": { "kinds": wanted.kinds },
        "settings": wanted.settings,
    });
    let list = api.get("/v1/endpoints").await?;
    let all = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known = all.iter().find(|one| one["name"] == wanted.name.as_str() && one["url"].is_null());
    let endpoint = match known {
        None => {
            body["fetches"] = true.into();
            api.post("/v1/endpoints", &body).await.map_err(with_hint)?
        }
        Some(known) => {
            let path = format!("/v1/endpoints/{}", text(known, "id"));
            let mut changed = api.put(&path, &body).await.map_err(with_hint)?;
            if known["state"] == "paused" {
                api.post(&format!("{path}/resume"), &json!({})).await?;
            }
            if wanted.new_secret && dialect.has_keys() {
                changed = api.post(&format!("{path}/rotate"), &json!({ "overlap_hours": 0 })).await?;
            }
            changed
        }
    };
    let own = |key: &str| endpoint[key].as_str().map(str::to_owned);
    Ok(Ready {
        id: text(&endpoint, "id").to_owned(),
        kinds: wanted.kinds.clone(),
        secret: own("key"),
        is_signed: dialect.has_keys(),
        ask_url: own("ask_url"),
        waiting: known.map(|known| &known["waiting"]).and_then(Value::as_u64).unwrap_or(0),
    })
}

/// What is wrong is named by the API's own words; here they are options.
fn with_hint(trouble: Trouble) -> anyhow::Error {
    let is_setting = trouble.status() == Some(422) && trouble.to_string().contains("settings.");
    let error = anyhow::Error::new(trouble);
    if is_setting { error.context("this form needs more (--set KEY=VALUE)") } else { error }
}
