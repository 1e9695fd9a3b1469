//! `ipnd resend`: has the running ipnd tell something once more.

use crate::api::{self, Api, escaped, text};
use crate::console::{Paper, confirm, printable};
use crate::progress::Progress;
use crate::{deliveries, moment, server};
use anyhow::{Context as _, Result, anyhow, bail};
use ipnd_store::Clock;
use serde_json::{Value, json};
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long one delivery is watched; ipnd goes on by itself.
const WATCH: Duration = Duration::from_secs(30);
/// Where nothing has moved for so long, what still waits waits for its receiver.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One delivery: its id, or the id that went out with the message (msg_...)
    #[arg(
        value_name = "ID",
        required_unless_present_any = ["endpoint", "since", "state"],
        conflicts_with_all = ["endpoint", "since", "state", "fill_in", "dry_run"]
    )]
    id: Option<String>,
    /// Everything for this endpoint: its id or its name
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Only what was to be told since then: 2026-11-30T12:00:00Z, or how long ago, such as 12h
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what is in this state, such as failed
    #[arg(long, value_name = "STATE", value_parser = deliveries::state)]
    state: Option<&'static str>,
    /// Also what the endpoint was never told, because it was not there or did not want it then
    #[arg(long, requires = "endpoint", requires = "since")]
    fill_in: bool,
    /// Only count
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
    /// One JSON document instead of text for people
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: api::Flags,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    server::block_on(async {
        let mut api = Api::new(&options.api);
        match &options.id {
            Some(id) => one(&mut api, options, id).await,
            None => many(&mut api, options).await,
        }
    })
}

async fn one(api: &mut Api, options: &Options, id: &str) -> Result<()> {
    let path = format!("/v1/deliveries/{}", escaped(id));
    let before = api.get(&path).await.map_err(|trouble| match trouble.status() {
        Some(404) => anyhow!("there is no delivery “{id}”"),
        _ => trouble.into(),
    })?;
    api.post(&format!("{path}/resend"), &json!({})).await?;
    let tries = |row: &Value| row["tries"].as_array().map_or(0, Vec::len);
    let mut progress = Progress::new();
    let until = Instant::now() + WATCH;
    let after = loop {
        let row = api.get(&path).await?;
        if tries(&row) > tries(&before) || Instant::now() >= until {
            break row;
        }
        if let Some(why) = Look::at(api, Some(text(&row, "endpoint"))).await?.obstacle {
            progress.end();
            bail!("it waits in the outbox: {why}");
        }
        progress.show("sending", 0, None);
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    progress.end();
    let paper = Paper::new();
    if options.json {
        paper.print(&serde_json::to_string_pretty(&after)?);
    }
    let to = format!("{} to “{}”", text(&after, "kind"), text(&after, "endpoint_name"));
    if tries(&after) == tries(&before) {
        bail!("{to}: it waits in the outbox and was not tried within {} s", WATCH.as_secs());
    }
    if after["state"] != "delivered" {
        bail!("{to}: it has not arrived. {}", text(&after, "reason"));
    }
    if !options.json {
        let status = after["status"].as_u64().map(|status| format!(" ({status})")).unwrap_or_default();
        paper.print(&printable(&format!("{to}: it has arrived{status}, in {}.", progress.took())));
    }
    Ok(())
}

async fn many(api: &mut Api, options: &Options) -> Result<()> {
    let endpoint = match &options.endpoint {
        Some(endpoint) => Some(api.endpoint(endpoint).await?),
        None => None,
    };
    let mut body = json!({ "fill_in": options.fill_in, "dry_run": true });
    if let Some(endpoint) = &endpoint {
        body["endpoint"] = json!(endpoint);
    }
    if let Some(state) = options.state {
        body["state"] = json!(state);
    }
    if let Some(since) = &options.since {
        let since =
            moment::since(since, Clock::system().now()).map_err(|error| anyhow!("--since: {error}"))?;
        body["since"] = json!(since);
    }
    let counted = api.post("/v1/deliveries/resend", &body).await?;
    let paper = Paper::new();
    let has_some = count(&counted) > 0;
    if options.dry_run || !has_some {
        paper.print(&if options.json { serde_json::to_string_pretty(&counted)? } else { would(&counted) });
        return Ok(());
    }
    if !options.yes {
        if !io::stdin().is_terminal() {
            bail!("{} Say --yes to do so", would(&counted));
        }
        if !confirm(&format!("{} Send?", would(&counted))).context("the terminal does not answer")? {
            bail!("nothing was sent");
        }
    }
    body["dry_run"] = json!(false);
    let resent = api.post("/v1/deliveries/resend", &body).await?;
    let mut progress = Progress::new();
    let Look { waiting, obstacle } = watch(api, endpoint.as_deref(), count(&resent), &mut progress).await?;
    progress.end();
    if options.json {
        let document = json!({ "again": resent["again"], "new": resent["new"], "waiting": waiting });
        paper.print(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    let sent = messages(count(&resent));
    let line = match (waiting, obstacle) {
        (0, _) => format!("{sent} sent, in {}.", progress.took()),
        (_, Some(why)) => format!("{sent} put into the outbox. {waiting} wait there: {why}."),
        (_, None) => {
            format!("{sent} put into the outbox. {waiting} wait there; see `ipnd deliveries --missing`.")
        }
    };
    paper.print(&printable(&line));
    Ok(())
}

fn count(counted: &Value) -> u64 {
    [&counted["again"], &counted["new"]].iter().filter_map(|number| number.as_u64()).sum()
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message was".to_owned() } else { format!("{count} messages were") }
}

fn would(counted: &Value) -> String {
    let new = counted["new"].as_u64().unwrap_or_default();
    let never = if new > 0 { format!(", {new} of them never told before") } else { String::new() };
    match count(counted) {
        0 => "There is nothing to send.".to_owned(),
        1 => format!("1 message would be sent{never}."),
        count => format!("{count} messages would be sent{never}."),
    }
}

/// Until nothing waits any more, or nothing moves. Gives how it stood at the last look.
async fn watch(api: &mut Api, endpoint: Option<&str>, all: u64, progress: &mut Progress) -> Result<Look> {
    let (mut fewest, mut moved) = (u64::MAX, Instant::now());
    loop {
        let look = Look::at(api, endpoint).await?;
        if look.waiting < fewest {
            (fewest, moved) = (look.waiting, Instant::now());
        }
        if look.waiting == 0 || look.obstacle.is_some() || moved.elapsed() >= QUIET {
            return Ok(look);
        }
        progress.show("sending", all.saturating_sub(look.waiting), Some(all));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// How it stands at one endpoint, or at all of them.
struct Look {
    /// How many deliveries wait.
    waiting: u64,
    /// Why nothing is sent to an endpoint at the moment: this one, or the first for which it is so.
    obstacle: Option<String>,
}

impl Look {
    async fn at(api: &mut Api, endpoint: Option<&str>) -> Result<Self> {
        let list = api.get("/v1/endpoints").await?;
        let all = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let waiting = |one: &Value| one["waiting"].as_u64().unwrap_or_default();
        let meant: Vec<&Value> =
            all.iter().filter(|one| endpoint.is_none_or(|endpoint| one["id"] == endpoint)).collect();
        let now = Clock::system().now();
        let obstacle = |one: &&Value| {
            // Where all are meant, one for which nothing waits is in nobody's way.
            if endpoint.is_none() && waiting(one) == 0 {
                return None;
            }
            let name = text(one, "name");
            if one["state"] == "paused" {
                return Some(format!("the endpoint “{name}” is paused"));
            }
            let rests = moment::of(one, "rests_until").filter(|until| *until > now)?;
            let until = moment::clock_time(rests);
            Some(format!("the endpoint “{name}” fails at present, and is left alone until {until}"))
        };
        Ok(Self {
            waiting: meant.iter().map(|one| waiting(one)).sum(),
            obstacle: meant.iter().find_map(obstacle),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
mod tests {
    use super::*;
    use axum::routing::get;
    use axum::{Json, Router};
    use clap::Parser as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    /// Watches an ipnd that answers each look with the next of these, the last one again and again. Gives how it stood
    /// in the end, and how often ipnd was asked.
    async fn watched(looks: Vec<Value>) -> (Look, usize) {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let answer = move || {
            let number = count.fetch_add(1, Ordering::SeqCst).min(looks.len() - 1);
            let list = json!({ "data": looks[number] });
            async move { Json(list) }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/endpoints", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let line = ["resend", "--state", "failed", "--url", &url, "--key", "k"];
        let mut api = Api::new(&Line::try_parse_from(line).unwrap().options.api);
        let look = watch(&mut api, None, 2, &mut Progress::new()).await.unwrap();
        (look, asked.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn each_look_asks_once() {
        let active = |waiting: u64| json!([{ "name": "Shop", "state": "active", "waiting": waiting }]);
        let (look, asked) = watched(vec![active(2), active(1), active(0)]).await;
        assert_eq!((look.waiting, look.obstacle, asked), (0, None, 3));
        // One that is paused is in nobody's way until something waits for it.
        let paused = json!([
            { "name": "Old", "state": "paused", "waiting": 0 },
            { "name": "Shop", "state": "paused", "waiting": 1 },
        ]);
        let (look, asked) = watched(vec![active(2), paused]).await;
        let why = "the endpoint “Shop” is paused".to_owned();
        assert_eq!((look.waiting, look.obstacle, asked), (1, Some(why), 2));
    }

    #[test]
    fn what_would_be_sent_is_counted_in_words() {
        let would = |again: u64, new: u64| would(&json!({ "again": again, "new": new }));
        assert_eq!(would(0, 0), "There is nothing to send.");
        assert_eq!(would(1, 0), "1 message would be sent.");
        assert_eq!(would(2, 3), "5 messages would be sent, 3 of them never told before.");
    }
}
