//! One message on its way to the developer's program, with exactly its headers and body.

use data_encoding::BASE64;
use ipnd_sandbox::{Courier, Parcel};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use url::Url;

/// How long the program is waited for.
const WAIT: Duration = Duration::from_secs(15);
/// How much of a reply ipnd is told, in bytes.
const REPLY_BYTES_MAX: usize = 16 * 1024;

/// What was fetched.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) message_id: String,
    pub(super) lease: i64,
    pub(super) kind: String,
    pub(super) order: Option<String>,
    pub(super) sequence: Option<u32>,
    request: Ready,
}

#[derive(Debug, Deserialize)]
struct Ready {
    method: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// What the program made of it.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) took_ms: u32,
    /// Status, reply, and where a redirect would have led; or why there was none.
    pub(super) reply: Result<(u16, String, Option<String>), String>,
}

impl Answered {
    pub(super) fn as_settlement(&self, lease: i64) -> Value {
        match &self.reply {
            Ok((status, reply, location)) => json!({
                "lease": lease,
                "status": status,
                "reply": reply,
                "location": location,
                "duration_ms": self.took_ms,
            }),
            Err(error) => json!({ "lease": lease, "error": error, "duration_ms": self.took_ms }),
        }
    }
}

/// Redirects are not followed: ipnd would not follow them either.
pub(super) async fn send(courier: &Courier, to: &Url, message: &Message) -> Answered {
    let began = Instant::now();
    let reply = exchange(courier, to, &message.request).await;
    Answered { took_ms: u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX), reply }
}

async fn exchange(
    courier: &Courier,
    to: &Url,
    request: &Ready,
) -> Result<(u16, String, Option<String>), String> {
    let body = BASE64.decode(request.body.as_bytes()).map_err(|error| error.to_string())?;
    let url = with_query(to, &request.query);
    let parcel = Parcel { method: &request.method, url: &url, headers: &request.headers, body, wait: WAIT };
    let answer = courier.send(parcel).await?;
    let part = &answer.body[..answer.body.len().min(REPLY_BYTES_MAX)];
    Ok((answer.status, String::from_utf8_lossy(part).into_owned(), answer.location))
}

/// Some forms have a part of the message in the query.
fn with_query(to: &Url, query: &str) -> String {
    let mut url = to.clone();
    if !query.is_empty() {
        let own = to.query().map(|own| format!("{own}&")).unwrap_or_default();
        url.set_query(Some(&format!("{own}{query}")));
    }
    url.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
mod tests {
    #[test]
    fn a_query_of_the_message_stands_behind_the_addresss_own() {
        let url = |to: &str, query: &str| super::with_query(&to.parse().unwrap(), query);
        assert_eq!(url("http://localhost:3000/ipn", ""), "http://localhost:3000/ipn");
        assert_eq!(url("http://localhost:3000/ipn", "a=%20b"), "http://localhost:3000/ipn?a=%20b");
        assert_eq!(url("http://localhost:3000/ipn?x=1", "a=b"), "http://localhost:3000/ipn?x=1&a=b");
    }
}
