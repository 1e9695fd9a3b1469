//! `ipnd listen`: brings to the developer's own program what the running ipnd tells, without an address that the world
//! can reach.

mod endpoint;
mod forward;
mod show;

use crate::api::{self, Api, Trouble};
use crate::console::printable;
use crate::patience::{Patience, Stop};
use crate::server;
use anyhow::{Context as _, Result, bail};
use endpoint::{Source, Wanted};
use forward::{Answered, Message};
use ipnd_sandbox::Courier;
use serde::Deserialize;
use serde_json::{Value, json};
use show::Show;
use std::collections::HashMap;
use std::time::Duration;
use url::Url;

/// How long ipnd keeps a question open while there is nothing to tell.
const WAIT_SECONDS: u64 = 20;
/// So few that all of them are forwarded, even to a receiver that takes its time, while they are leased.
const AT_ONCE: u32 = 3;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where your program takes messages, such as http://localhost:3000/ipn; a port alone is one of this machine
    #[arg(long, short = 'f', value_name = "URL", value_parser = address)]
    forward_to: Url,
    /// Fetch from this endpoint, which fetches what it is told, and leave it as it is: its name or its id. Without it,
    /// one is made and removed at the end
    #[arg(long, value_name = "NAME", conflicts_with_all = ["events", "dialect", "set", "new_secret", "keep"])]
    endpoint: Option<String>,
    /// Only these kinds of events, such as payment.completed,refund.* [default: all]
    #[arg(long, short = 'e', value_name = "KINDS", value_delimiter = ',')]
    events: Vec<String>,
    /// The form of the messages: standard, cloudevents, or the id of a gateway
    #[arg(long, value_name = "ID", default_value = "standard")]
    dialect: String,
    /// What a gateway's form needs to know, such as receivers=seller@example.com; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
    /// Sign with a new secret, where the endpoint has been kept and its secret was lost
    #[arg(long)]
    new_secret: bool,
    /// Keep the endpoint at the end: what happens meanwhile waits for the next start
    #[arg(long)]
    keep: bool,
    /// One line of JSON for each thing that happens
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: api::Flags,
}

/// As people write it: `3000`, `localhost:3000/ipn`, or in full.
fn address(text: &str) -> Result<Url, String> {
    let full = match text {
        port if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("http://localhost:{port}/")
        }
        text if text.contains("://") => text.to_owned(),
        text => format!("http://{text}"),
    };
    let url = Url::parse(&full).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("it must be an address of http or https".to_owned());
    }
    Ok(url)
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    server::block_on(async {
        let mut listener = Listener {
            api: Api::new(&options.api),
            courier: Courier::for_named_addresses(),
            to: options.forward_to.clone(),
            source: source(options),
            endpoint: String::new(),
            unsettled: HashMap::new(),
            stop: Stop::on(server::asked_to_stop()?),
            show: Show::new(options.json),
        };
        listener.begin().await?;
        let listened = listener.listen().await;
        // After an error, what happens waits for the next start.
        if options.keep || options.endpoint.is_some() || listened.is_err() {
            listened
        } else {
            listener.end().await
        }
    })
}

fn source(options: &Options) -> Source {
    match &options.endpoint {
        Some(given) => Source::Given(given.clone()),
        None => Source::Own(Wanted {
            name: endpoint::name(&options.forward_to),
            kinds: options.events.iter().filter(|kind| *kind != "*").cloned().collect(),
            dialect: options.dialect.clone(),
            settings: options.set.iter().cloned().collect(),
            new_secret: options.new_secret,
        }),
    }
}

struct Listener {
    api: Api,
    courier: Courier,
    to: Url,
    source: Source,
    /// Its id, once it is there.
    endpoint: String,
    /// What was forwarded while ipnd was away, and forgotten there by a restart: not forwarded a second time.
    unsettled: HashMap<String, Answered>,
    stop: Stop,
    show: Show,
}

#[derive(Deserialize)]
struct Fetched {
    data: Vec<Message>,
}

impl Listener {
    async fn begin(&mut self) -> Result<()> {
        let ready = endpoint::prepare(&mut self.api, &self.source).await?;
        self.show.ready(&self.api.url, &self.to, &ready);
        self.endpoint = ready.id;
        // A secret that was made anew once is good from now on.
        if let Source::Own(wanted) = &mut self.source {
            wanted.new_secret = false;
        }
        Ok(())
    }

    /// Until somebody stops it.
    async fn listen(&mut self) -> Result<()> {
        let mut patience = Patience::default();
        loop {
            let mut stop = self.stop.clone();
            let fetched = tokio::select! {
                () = stop.wait() => return Ok(()),
                fetched = self.fetch() => fetched,
            };
            match fetched {
                Ok(messages) => {
                    if patience.is_back() {
                        self.show.back();
                    }
                    for message in messages {
                        if !self.pass_on(&message).await? {
                            return Ok(());
                        }
                    }
                }
                // It has forgotten everything, as a demo does, and knows no such endpoint any more.
                Err(trouble) if trouble.status() == Some(404) && patience.is_back() => {
                    self.show.back();
                    self.begin().await?;
                }
                Err(trouble) if trouble.status() == Some(404) => {
                    bail!("the endpoint was removed; start again to make a new one")
                }
                Err(trouble) => {
                    let show = &self.show;
                    tokio::select! {
                        () = stop.wait() => return Ok(()),
                        borne = patience.bear(trouble, |why| show.away(why)) => borne?,
                    }
                }
            }
        }
    }

    async fn fetch(&mut self) -> Result<Vec<Message>, Trouble> {
        let path = format!("/v1/endpoints/{}/fetch", self.endpoint);
        let body = json!({ "wait_seconds": WAIT_SECONDS, "limit": AT_ONCE });
        let answer = self.api.post_and_wait(&path, &body, Duration::from_secs(WAIT_SECONDS)).await?;
        let fetched: Fetched = serde_json::from_value(answer).map_err(|error| Trouble::Refused {
            status: 200,
            sentence: format!(
                "ipnd answers something that is not understood ({error}); is it of the same version?"
            ),
        })?;
        Ok(fetched.data)
    }

    /// Forwards one message and says what came of it. False when somebody stopped it meanwhile.
    async fn pass_on(&mut self, message: &Message) -> Result<bool> {
        let known = self.unsettled.remove(&message.id);
        let mut is_shown = known.is_some();
        let answered = match known {
            Some(answered) => answered,
            None => {
                let mut stop = self.stop.clone();
                tokio::select! {
                    () = stop.wait() => return Ok(false),
                    answered = forward::send(&self.courier, &self.to, message) => answered,
                }
            }
        };
        let mut patience = Patience::default();
        loop {
            let settled = self.settle(message, &answered).await;
            if !is_shown {
                self.show.forwarded(message, &answered, settled.as_ref().ok());
                is_shown = true;
            }
            match settled {
                Err(trouble @ Trouble::Away(_)) => {
                    let (mut stop, show) = (self.stop.clone(), &self.show);
                    tokio::select! {
                        () = stop.wait() => return Ok(false),
                        borne = patience.bear(trouble, |why| show.away(why)) => borne?,
                    }
                    continue;
                }
                Ok(_) if patience.is_back() => self.show.back(),
                Err(Trouble::Refused { status: 404 | 409, .. }) if patience.is_back() => {
                    self.show.back();
                    self.unsettled.insert(message.id.clone(), answered);
                }
                // Settled otherwise meanwhile.
                Ok(_) | Err(Trouble::Refused { status: 404 | 409, .. }) => {}
                Err(trouble) => return Err(trouble.into()),
            }
            return Ok(true);
        }
    }

    async fn settle(&mut self, message: &Message, answered: &Answered) -> Result<Value, Trouble> {
        let path = format!("/v1/deliveries/{}/settle", api::escaped(&message.id));
        self.api.post(&path, &answered.as_settlement(message.lease)).await
    }

    async fn end(&mut self) -> Result<()> {
        let path = format!("/v1/endpoints/{}", self.endpoint);
        match self.api.delete(&path).await {
            Ok(_) => {
                self.show.end();
                Ok(())
            }
            Err(trouble) if trouble.status() == Some(404) => Ok(()),
            Err(trouble) => Err(trouble)
                .with_context(|| format!("the endpoint {} is still there", printable(&self.endpoint))),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
mod tests {
    #[test]
    fn addresses_may_be_short() {
        let read = |text: &str| super::address(text).map(|url| url.to_string());
        assert_eq!(read("3000").unwrap(), "http://localhost:3000/");
        assert_eq!(read("localhost:3000/ipn?a=1").unwrap(), "http://localhost:3000/ipn?a=1");
        assert_eq!(read("https://shop.example/ipn").unwrap(), "https://shop.example/ipn");
        for wrong in ["", "ftp://shop.example", "http://", "99999999"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
