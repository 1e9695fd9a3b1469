//! Has the sandbox of a running demo play, so that it can be asked back as well.

use crate::cli;
use anyhow::{Context as _, Result, anyhow, bail};
use ipnd_sandbox::player::{Report, Wish};
use ipnd_sandbox::{Courier, Parcel};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How long one answer of the demo is waited for.
const WAIT: Duration = Duration::from_secs(15);
/// How long a play is watched; the demo goes on by itself.
const WATCH: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Deserialize)]
struct Begun {
    play: i64,
}

#[derive(Deserialize)]
struct Played {
    messages: Vec<Report>,
}

struct Demo {
    url: String,
    courier: Courier,
}

pub(super) async fn play(url: Option<&str>, wish: &Wish) -> Result<Vec<Report>> {
    let url = url.map_or_else(|| format!("http://{}", cli::default_listen()), str::to_owned);
    let demo = Demo { url: url.trim_end_matches('/').to_owned(), courier: Courier::for_named_addresses() };
    demo.check(&wish.gateway).await?;
    let begun: Begun = demo.exchange("POST", "/sandbox/plays", serde_json::to_vec(wish)?).await?;
    let watch = async {
        loop {
            let played: Played =
                demo.exchange("GET", &format!("/sandbox/plays/{}", begun.play), Vec::new()).await?;
            if played.messages.iter().all(|report| report.is_over) {
                return Ok(played.messages);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(WATCH, watch).await.map_err(|_| {
        anyhow!("it is not over after {} s; the demo goes on, see {}/sandbox", WATCH.as_secs(), demo.url)
    })?
}

impl Demo {
    /// Says early, and in words, what could be wrong.
    async fn check(&self, gateway: &str) -> Result<()> {
        let listed: Value = self.exchange("GET", "/sandbox/accounts.json", Vec::new()).await?;
        let accounts = listed["accounts"].as_array().cloned().unwrap_or_default();
        if accounts.iter().any(|account| account["gateway"] == gateway) {
            return Ok(());
        }
        bail!(
            "the demo at {} has no account of “{gateway}”. `ipnd trigger --list` shows all gateways",
            self.url
        );
    }

    async fn exchange<T: for<'de> Deserialize<'de>>(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T> {
        let url = format!("{}{path}", self.url);
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        let parcel = Parcel { method, url: &url, headers: &headers, body, wait: WAIT };
        let answer = self.courier.send(parcel).await.map_err(|error| {
            anyhow!(
                "no demo answers at {} ({error}). Start one with `ipnd demo`, name another one with --demo URL, or \
                 send to an address of your own with --to URL",
                self.url
            )
        })?;
        if let Ok(Value::Object(problem)) = serde_json::from_slice(&answer.body)
            && let Some(problem) = problem.get("problem").and_then(Value::as_str)
        {
            bail!("{problem}");
        }
        if !(200..300).contains(&answer.status) {
            bail!(
                "{} answers, but is no demo of ipnd (status {} for {path}). Name the demo with --demo URL",
                self.url,
                answer.status
            );
        }
        serde_json::from_slice(&answer.body).with_context(|| {
            format!("{url} answers something that is not understood; is it of the same version?")
        })
    }
}
