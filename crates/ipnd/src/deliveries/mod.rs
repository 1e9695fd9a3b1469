//! `ipnd deliveries`: what was told to whom, how that went, and what the shop did not get.

mod missing;
mod one;
mod table;

use crate::api::{self, Api, escaped};
use crate::console::{Paper, printable};
use crate::{moment, server};
use anyhow::{Result, anyhow};
use ipnd_store::{Clock, DeliveryState};
use serde_json::Value;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One delivery with all its attempts: its id, or the id that went out with the message (msg_...)
    #[arg(value_name = "ID", conflicts_with_all = ["missing", "endpoint", "state", "order", "since"])]
    id: Option<String>,
    /// What your shop did not get, and why
    #[arg(long, conflicts_with_all = ["state", "order", "since"])]
    missing: bool,
    /// Only to this endpoint: its id or its name
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Only in this state: waiting, delivered, failed, skipped or cancelled
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<&'static str>,
    /// Only about this order: the shop's reference, or its id
    #[arg(long, value_name = "REF")]
    order: Option<String>,
    /// Only what was to be told since then: 2026-11-30T12:00:00Z, or how long ago, such as 12h
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How many, newest first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=199))]
    limit: u32,
    /// One JSON document instead of text for people
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: api::Flags,
}

/// One of the words for how a delivery stands.
pub(crate) fn state(text: &str) -> Result<&'static str, String> {
    DeliveryState::from_word(text).map(DeliveryState::word).ok_or_else(|| {
        let all: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.word()).collect();
        format!("there are: {}", all.join(", "))
    })
}

pub(crate) fn run(options: &Options) -> Result<()> {
    server::block_on(async {
        let mut api = Api::new(&options.api);
        let paper = Paper::new();
        let (answer, show): (Value, fn(&Paper, &Value) -> String) = match &options.id {
            Some(id) => (one(&mut api, id).await?, one::show),
            None if options.missing => (missing(&mut api, options).await?, missing::show),
            None => (list(&mut api, options).await?, table::show),
        };
        paper.print(&if options.json {
            serde_json::to_string_pretty(&answer)?
        } else {
            show(&paper, &answer)
        });
        Ok(())
    })
}

async fn one(api: &mut Api, id: &str) -> Result<Value> {
    api.get(&format!("/v1/deliveries/{}", escaped(id))).await.map_err(|trouble| match trouble.status() {
        Some(404) => anyhow!("there is no delivery “{}”", printable(id)),
        _ => trouble.into(),
    })
}

async fn missing(api: &mut Api, options: &Options) -> Result<Value> {
    let query = match &options.endpoint {
        Some(endpoint) => format!("?endpoint={}", api.endpoint(endpoint).await?),
        None => String::new(),
    };
    Ok(api.get(&format!("/v1/missing{query}")).await?)
}

async fn list(api: &mut Api, options: &Options) -> Result<Value> {
    let mut query = format!("?limit={}", options.limit);
    if let Some(endpoint) = &options.endpoint {
        query += &format!("&endpoint={}", api.endpoint(endpoint).await?);
    }
    if let Some(state) = options.state {
        query += &format!("&state={state}");
    }
    if let Some(order) = &options.order {
        query += &format!("&order={}", api.order(order).await?);
    }
    if let Some(since) = &options.since {
        let since =
            moment::since(since, Clock::system().now()).map_err(|error| anyhow!("--since: {error}"))?;
        query += &format!("&since={}", escaped(&since.to_string()));
    }
    Ok(api.get(&format!("/v1/deliveries{query}")).await?)
}
