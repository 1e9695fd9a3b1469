//! `ipnd tail`: what happens in the running ipnd, as it happens.

use crate::api::{self, Api, Trouble, escaped, text};
use crate::console::{Paper, printable};
use crate::patience::{Patience, Stop};
use crate::{moment, server};
use anyhow::Result;
use ipnd_store::{Clock, EndpointFilter};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// As many as one page holds.
const ROWS: u32 = 199;
/// Pages that are looked through at most for what came since the last look.
const PAGES_MAX: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these kinds of events, such as payment.completed,refund.* [default: all]
    #[arg(long, short = 'e', value_name = "KINDS", value_delimiter = ',')]
    events: Vec<String>,
    /// One line of JSON for each thing that happens
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: api::Flags,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    server::block_on(async {
        let kinds = options.events.iter().filter(|kind| *kind != "*").cloned().collect();
        let mut tail = Tail {
            api: Api::new(&options.api),
            filter: EndpointFilter { kinds, ..EndpointFilter::default() },
            paper: Paper::new(),
            as_json: options.json,
            last_event: 0,
            told: HashMap::new(),
        };
        let mut stop = Stop::on(server::asked_to_stop()?);
        tokio::select! {
            () = stop.wait() => Ok(()),
            ended = tail.follow() => Ok(ended?),
        }
    })
}

struct Tail {
    api: Api,
    filter: EndpointFilter,
    paper: Paper,
    as_json: bool,
    /// The number of the newest event that was seen.
    last_event: u64,
    /// How each delivery stood when it was seen: the newest ones.
    told: HashMap<u64, Standing>,
}

/// Rows, newest first, and where the next page begins.
type Page = (Vec<Value>, Option<String>);

/// How a delivery stands.
struct Standing {
    state: String,
    is_waiting: bool,
    attempts: u64,
    next_at: Option<Timestamp>,
    /// Attempts of which the end is known; only for what waits.
    tries: usize,
}

impl Standing {
    fn of(row: &Value) -> Self {
        let attempts = row["attempts"].as_u64().unwrap_or_default();
        Self {
            state: text(row, "state").to_owned(),
            is_waiting: row["state"] == "waiting",
            attempts,
            next_at: moment::of(row, "next_at"),
            tries: usize::try_from(attempts).unwrap_or(usize::MAX),
        }
    }

    fn differs(&self, other: &Self) -> bool {
        (&self.state, self.attempts, self.next_at) != (&other.state, other.attempts, other.next_at)
    }
}

impl Tail {
    /// Only what happens from now on: what was before stands in the lists.
    async fn follow(&mut self) -> Result<(), Trouble> {
        self.look(false).await?;
        let ready = if self.as_json { json!({ "type": "ready" }).to_string() } else { self.head() };
        self.paper.print(&ready);
        let mut patience = Patience::default();
        loop {
            match self.look(true).await {
                Ok(()) => {
                    if patience.is_back() {
                        self.say("back", "ipnd is back.");
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Err(trouble) => {
                    let say = |why: &str| self.say("away", &format!("Waiting for ipnd: {why}"));
                    patience.bear(trouble, say).await?;
                }
            }
        }
    }

    fn head(&self) -> String {
        format!("Following ipnd at {}. Ctrl-C ends it.", self.paper.link(&self.api.url))
    }

    fn say(&self, word: &str, sentence: &str) {
        let line = match self.as_json {
            true => json!({ "type": word, "sentence": sentence }).to_string(),
            false => printable(&format!("{}  {sentence}", moment::clock_time(Clock::system().now()))),
        };
        self.paper.print(&line);
    }

    async fn look(&mut self, prints: bool) -> Result<(), Trouble> {
        for event in self.new_events().await? {
            if prints && self.filter.has_kind(text(&event, "kind")) {
                self.print("event", &event, event_line);
            }
        }
        for delivery in self.moved_deliveries(prints).await? {
            if prints && self.filter.has_kind(text(&delivery, "kind")) {
                self.print("delivery", &delivery, delivery_line);
            }
        }
        Ok(())
    }

    fn print(&self, word: &str, row: &Value, line: impl Fn(&Paper, &Value) -> String) {
        let line = if self.as_json {
            json!({ "type": word, word: row }).to_string()
        } else {
            line(&self.paper, row)
        };
        self.paper.print(&line);
    }

    /// Oldest first.
    async fn new_events(&mut self) -> Result<Vec<Value>, Trouble> {
        let first = self.page("/v1/events", None).await?;
        let newest = first.0.first().map_or(0, number);
        if newest < self.last_event {
            // An ipnd that has forgotten everything counts from the beginning.
            self.last_event = 0;
            self.told.clear();
        }
        let known = self.last_event;
        let mut new = self.rows_since("/v1/events", first, known).await?;
        self.last_event = newest;
        new.retain(|row| number(row) > known);
        new.reverse();
        Ok(new)
    }

    /// Those that went on, oldest first. Of those further down than a page, nothing is seen.
    async fn moved_deliveries(&mut self, looks_closely: bool) -> Result<Vec<Value>, Trouble> {
        let first = self.page("/v1/deliveries", None).await?;
        let known = self.told.keys().copied().max().unwrap_or(0);
        let mut rows = self.rows_since("/v1/deliveries", first, known).await?;
        rows.reverse();
        let mut moved = Vec::new();
        let mut told = HashMap::with_capacity(rows.len());
        for mut row in rows {
            let before = self.told.get(&number(&row));
            let mut now = Standing::of(&row);
            if now.is_waiting && before.is_none_or(|before| before.differs(&now)) && looks_closely {
                // It is counted when it goes out; what came of it is known later.
                row = self.api.get(&format!("/v1/deliveries/{}", escaped(text(&row, "id")))).await?;
                now = Standing::of(&row);
                now.tries = row["tries"].as_array().map_or(0, Vec::len);
                if now.tries > before.map_or(0, |before| before.tries) {
                    moved.push(row.clone());
                }
            } else if let Some(before) = before.filter(|_| now.is_waiting) {
                now.tries = before.tries;
            } else if before.is_none_or(|before| before.differs(&now)) {
                moved.push(row.clone());
            }
            told.insert(number(&row), now);
        }
        self.told = told;
        Ok(moved)
    }

    /// The first page, and those behind it as far as all of it stands above the one with this number; newest first.
    async fn rows_since(&mut self, path: &str, first: Page, known: u64) -> Result<Vec<Value>, Trouble> {
        let (mut rows, mut next) = first;
        for _ in 1..PAGES_MAX {
            let has_all = rows.last().is_none_or(|row| number(row) <= known);
            // Nothing is known yet: one page is enough to know where to begin.
            let Some(before) = next.filter(|_| !has_all && known > 0) else { break };
            let page = self.page(path, Some(&before)).await?;
            rows.extend(page.0);
            next = page.1;
        }
        Ok(rows)
    }

    async fn page(&mut self, path: &str, before: Option<&str>) -> Result<Page, Trouble> {
        let before = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let page = self.api.get(&format!("{path}?limit={ROWS}{before}")).await?;
        let next = page["next"].as_str().map(str::to_owned);
        Ok((page["data"].as_array().cloned().unwrap_or_default(), next))
    }
}

/// Ids count upwards: `evt_12`.
fn number(row: &Value) -> u64 {
    text(row, "id").split_once('_').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

fn time_of(row: &Value, key: &str) -> String {
    moment::of(row, key).map(moment::clock_time).unwrap_or_default()
}

fn order_of(row: &Value) -> &str {
    // What an event names need not be an order that is known.
    row["order"]["reference"].as_str().or(row["order_ref"].as_str()).unwrap_or("-")
}

fn event_line(_: &Paper, row: &Value) -> String {
    let amount = &row["amount"];
    let amount = match amount["amount"].as_str() {
        Some(number) => format!("  {number} {}", text(amount, "currency")),
        None => String::new(),
    };
    let repeat = if row["is_repeat"] == true { "  (known already)" } else { "" };
    printable(&format!(
        "{}  event     {:<24}  {}{amount}{repeat}",
        time_of(row, "recorded_at"),
        text(row, "kind"),
        order_of(row)
    ))
}

fn delivery_line(paper: &Paper, row: &Value) -> String {
    let at = moment::of(row, "ended_at").unwrap_or_else(|| Clock::system().now());
    let head = printable(&format!(
        "{}  {}  {:<24}  {}  to “{}”",
        moment::clock_time(at),
        text(row, "id"),
        text(row, "kind"),
        order_of(row),
        text(row, "endpoint_name")
    ));
    let status = row["status"].as_u64().map(|status| format!(" {status}")).unwrap_or_default();
    let state = format!("{}{status}", text(row, "state"));
    let state = if row["state"] == "delivered" { paper.good(&state) } else { paper.bad(&printable(&state)) };
    let reason = row["reason"].as_str().map(|reason| printable(&format!("  {reason}"))).unwrap_or_default();
    let next = match moment::of(row, "next_at") {
        Some(next) if row["state"] == "waiting" => format!("  again at {}", moment::clock_time(next)),
        _ => String::new(),
    };
    format!("{head}  {state}{reason}{next}")
}
