//! The API of a running ipnd, as a shop's own program would use it.

use crate::http::Client;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Api {
    client: Client,
    key: String,
}

impl Api {
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        Self { client: Client::new(address, PATIENCE), key: format!("Bearer {key}") }
    }

    pub(crate) fn get(&mut self, path: &str) -> Result<Value> {
        self.ask("GET", path, &Value::Null)
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.ask("POST", path, body)
    }

    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        let headers = [("authorization", self.key.as_str()), ("content-type", "application/json")];
        let answer = self.client.request(method, path, &headers, &bytes);
        let answer = answer.with_context(|| format!("{method} {path} was not answered"))?;
        let said = String::from_utf8_lossy(&answer.body);
        ensure!((200..300).contains(&answer.status), "{method} {path}: {} {said}", answer.status);
        Ok(if answer.body.is_empty() { Value::Null } else { serde_json::from_str(&said)? })
    }

    /// Makes an endpoint and gives its id.
    pub(crate) fn endpoint(
        &mut self,
        name: &str,
        url: &str,
        concurrency: u32,
        is_ordered: bool,
    ) -> Result<String> {
        let body = json!({"name": name, "url": url, "concurrency": concurrency, "is_ordered": is_ordered});
        let made = self.post("/v1/endpoints", &body)?;
        Ok(made["id"].as_str().context("an endpoint has an id")?.to_owned())
    }

    /// Pauses an endpoint, or lets it go on.
    pub(crate) fn turn(&mut self, endpoint: &str, what: &str) -> Result<()> {
        self.post(&format!("/v1/endpoints/{endpoint}/{what}"), &Value::Null).map(|_| ())
    }
}
