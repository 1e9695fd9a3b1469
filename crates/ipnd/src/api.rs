//! Speaks to a running ipnd: address, key, JSON, and what goes wrong as sentences.

use crate::{cli, demo_key};
use anyhow::{Result, anyhow};
use ipnd_sandbox::{Courier, Parcel};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How long an answer is waited for.
const WAIT: Duration = Duration::from_secs(15);

/// Which ipnd is meant, and who speaks.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Flags {
    /// Where ipnd runs
    #[arg(long, value_name = "URL", default_value_t = default_url())]
    url: String,
    /// A key of the API, from the owner's settings. A demo on this machine needs none
    #[arg(long, value_name = "KEY", env = "IPND_API_KEY", hide_env_values = true)]
    key: Option<String>,
}

fn default_url() -> String {
    format!("http://{}", cli::default_listen())
}

/// Why there is no answer to work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nobody is there at the moment; later there may be.
    #[error("{0}")]
    Away(String),
    /// It was heard and not done.
    #[error("{sentence}")]
    Refused { status: u16, sentence: String },
}

impl Trouble {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Away(_) => None,
            Self::Refused { status, .. } => Some(*status),
        }
    }
}

/// What a problem document holds (RFC 9457).
#[derive(Deserialize)]
struct Document {
    title: String,
    #[serde(default)]
    detail: String,
}

pub(crate) struct Api {
    pub(crate) url: String,
    key: Option<String>,
    /// Nobody gave a key: that of a demo is taken, and each start of a demo makes a new one.
    is_found: bool,
    courier: Courier,
}

impl Api {
    pub(crate) fn new(flags: &Flags) -> Self {
        let url = flags.url.trim_end_matches('/').to_owned();
        let key = flags.key.clone().filter(|key| !key.is_empty());
        let is_found = key.is_none();
        let key = key.or_else(|| demo_key::find(&url));
        Self { url, key, is_found, courier: Courier::for_named_addresses() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Value, Trouble> {
        self.exchange("GET", path, None, WAIT).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Trouble> {
        self.exchange("POST", path, Some(body), WAIT).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: &Value) -> Result<Value, Trouble> {
        self.exchange("PUT", path, Some(body), WAIT).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Result<Value, Trouble> {
        self.exchange("DELETE", path, None, WAIT).await
    }

    /// With an answer that may take longer than others.
    pub(crate) async fn post_and_wait(
        &mut self,
        path: &str,
        body: &Value,
        wait: Duration,
    ) -> Result<Value, Trouble> {
        self.exchange("POST", path, Some(body), WAIT + wait).await
    }

    async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        wait: Duration,
    ) -> Result<Value, Trouble> {
        let answer = self.once(method, path, body, wait).await;
        let is_unknown = answer.as_ref().is_err_and(|trouble| trouble.status() == Some(401));
        if is_unknown && self.is_found {
            let found = demo_key::find(&self.url);
            if found.is_some() && found != self.key {
                self.key = found;
                return self.once(method, path, body, wait).await;
            }
        }
        answer
    }

    async fn once(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        wait: Duration,
    ) -> Result<Value, Trouble> {
        let mut headers = vec![("accept-language".to_owned(), "en".to_owned())];
        headers.extend(self.key.as_ref().map(|key| ("authorization".to_owned(), format!("Bearer {key}"))));
        headers.extend(body.map(|_| ("content-type".to_owned(), "application/json".to_owned())));
        let url = format!("{}{path}", self.url);
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let parcel = Parcel { method, url: &url, headers: &headers, body, wait };
        let answer = self.courier.send(parcel).await.map_err(|error| {
            Trouble::Away(format!(
                "no ipnd answers at {} ({}). Start it, or say where it runs with --url",
                self.url,
                what_happened(&error)
            ))
        })?;
        match answer.status {
            204 => Ok(Value::Null),
            200..=299 => serde_json::from_slice(&answer.body).map_err(|_| self.foreign(answer.status)),
            status => Err(self.refused(status, &answer.body)),
        }
    }

    fn refused(&self, status: u16, body: &[u8]) -> Trouble {
        let document = serde_json::from_slice::<Document>(body);
        let sentence = match document {
            // A proxy in front of it may speak for one that is away.
            _ if matches!(status, 429 | 502..=504) => {
                return Trouble::Away(format!("ipnd at {} cannot answer now (status {status})", self.url));
            }
            Ok(_) if status == 401 => self.key_wanted(),
            Ok(document) if document.detail.is_empty() => document.title,
            Ok(document) => {
                format!("{}: {}", document.title, document.detail.trim_end_matches('.'))
            }
            Err(_) => return self.foreign(status),
        };
        Trouble::Refused { status, sentence }
    }

    fn key_wanted(&self) -> String {
        let what = if self.key.is_some() { "does not know this API key" } else { "wants an API key" };
        format!(
            "ipnd at {} {what}: make one in the owner's pages under Settings, or take the one that `ipnd demo` prints, \
             and give it with --key or in IPND_API_KEY",
            self.url
        )
    }

    fn foreign(&self, status: u16) -> Trouble {
        let sentence = format!(
            "{} answers, but not as ipnd does (status {status}). Say where ipnd runs with --url",
            self.url
        );
        Trouble::Refused { status, sentence }
    }

    /// The id of an endpoint that is named by its id or its name.
    pub(crate) async fn endpoint(&mut self, named: &str) -> Result<String> {
        let list = self.get("/v1/endpoints").await?;
        let is_it = |one: &&Value| one["id"] == named || one["name"] == named;
        let all = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = all.iter().find(is_it).and_then(|one| one["id"].as_str());
        found.map(str::to_owned).ok_or_else(|| {
            let names: Vec<String> =
                all.iter().map(|one| format!("{} ({})", text(one, "id"), text(one, "name"))).collect();
            match names.len() {
                0 => anyhow!("there is no endpoint yet"),
                _ => anyhow!("there is no endpoint “{named}”. There are: {}", names.join(", ")),
            }
        })
    }

    /// The id of an order that is named by its id or by the shop's own reference.
    pub(crate) async fn order(&mut self, named: &str) -> Result<String> {
        let path = if named.starts_with("ord_") { escaped(named) } else { format!("ref:{}", escaped(named)) };
        match self.get(&format!("/v1/orders/{path}")).await {
            Ok(order) => Ok(text(&order, "id").to_owned()),
            Err(trouble) if trouble.status() == Some(404) => Err(anyhow!("there is no order “{named}”")),
            Err(trouble) => Err(trouble.into()),
        }
    }
}

/// Why somebody was not reached, without what could be done about it, which stands behind.
pub(crate) fn what_happened(error: &str) -> &str {
    error.split_once(". ").map_or(error, |(what, _)| what)
}

/// A text of an answer, or nothing.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// As a part of an address.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(key: Option<&str>) -> Api {
        Api::new(&Flags { url: "http://192.0.2.1:9/".into(), key: key.map(str::to_owned) })
    }

    #[test]
    fn what_goes_wrong_is_a_sentence() {
        let document = br#"{"type":"x","title":"Some of it is wrong","status":422,"detail":"a: b."}"#;
        let said = api(None).refused(422, document);
        assert_eq!(said, Trouble::Refused { status: 422, sentence: "Some of it is wrong: a: b".into() });
        assert!(api(None).refused(401, document).to_string().contains("wants an API key"));
        assert!(api(Some("k")).refused(401, document).to_string().contains("does not know this API key"));
        assert!(api(None).refused(404, b"<html>").to_string().contains("not as ipnd does"));
        assert!(matches!(api(None).refused(503, document), Trouble::Away(_)));
    }

    #[test]
    fn parts_of_an_address_are_escaped() {
        assert_eq!(escaped("A-1/ü?"), "A-1%2F%C3%BC%3F");
    }
}
