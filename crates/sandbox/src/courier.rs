//! Carries what the played gateways send. The demo's stand-ins reach this machine and nothing else, so that a sandbox
//! never becomes a way to reach others; a command that was told an address reaches just that one.

use ipnd_core::Limits;
use ipnd_deliver::client::{Answer, Client, Policy};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use url::Url;

/// Clients that are kept; a sandbox notifies one or two shops.
const CLIENTS_MAX: usize = 16;
/// How much of an answer is read: what a demo says of a long play is more than what a shop replies.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Headers that belong to the connection, which is ours and not that of whoever composed the request.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "content-length", "host", "transfer-encoding"];

/// The guarded way out, opened for the address that is called and for nothing else.
pub struct Courier {
    reach: Reach,
    clients: Mutex<HashMap<(Vec<SocketAddr>, Duration), Client>>,
}

enum Reach {
    /// The loopback addresses, and the one where this very server listens.
    ThisMachine(Option<SocketAddr>),
    /// Whatever the person at the keyboard has named.
    Named,
}

/// A request on its way.
pub struct Parcel<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(String, String)],
    pub body: Vec<u8>,
    /// How long an answer is waited for.
    pub wait: Duration,
}

impl Courier {
    pub(crate) fn for_this_machine(own: Option<SocketAddr>) -> Self {
        Self { reach: Reach::ThisMachine(own), clients: Mutex::new(HashMap::new()) }
    }

    /// For a command whose address was typed by the person who runs it.
    #[must_use]
    pub fn for_named_addresses() -> Self {
        Self { reach: Reach::Named, clients: Mutex::new(HashMap::new()) }
    }

    /// Sends it and gives the answer, whatever it is.
    ///
    /// # Errors
    /// A sentence that says why there was no answer.
    pub async fn send(&self, parcel: Parcel<'_>) -> Result<Answer, String> {
        let client = self.client(self.addresses(parcel.url).await?, parcel.wait)?;
        let is_ours = |name: &str| !OF_THE_CONNECTION.iter().any(|own| own.eq_ignore_ascii_case(name));
        let headers: Vec<(String, String)> =
            parcel.headers.iter().filter(|(name, _)| is_ours(name)).cloned().collect();
        let answer = client.exchange(parcel.method, parcel.url, &headers, parcel.body).await;
        answer.map_err(|error| error.to_string())
    }

    fn client(&self, allowed: Vec<SocketAddr>, total: Duration) -> Result<Client, String> {
        let mut clients = self.clients.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let key = (allowed, total);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        let policy = Policy {
            allowed: key.0.clone(),
            total,
            answer_bytes_max: ANSWER_BYTES_MAX,
            ..Policy::new(&Limits::default())
        };
        let client = Client::new(policy).map_err(|error| error.to_string())?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// The numeric addresses behind `url`, if all of them may be reached.
    async fn addresses(&self, url: &str) -> Result<Vec<SocketAddr>, String> {
        let url = Url::parse(url).map_err(|error| format!("{url}: {error}"))?;
        if matches!(self.reach, Reach::ThisMachine(_)) && url.scheme() != "http" {
            return Err("the sandbox notifies plain http addresses on this machine only".to_owned());
        }
        let host = url.host_str().ok_or("the address names no host")?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or("the address names no port")?;
        let found =
            tokio::net::lookup_host((host, port)).await.map_err(|error| format!("{host}: {error}"))?;
        let mut addresses: Vec<SocketAddr> = found.collect();
        addresses.sort_unstable();
        addresses.dedup();
        let may_reach = |address: &SocketAddr| match self.reach {
            Reach::ThisMachine(own) => address.ip().is_loopback() || Some(*address) == own,
            Reach::Named => true,
        };
        if addresses.iter().all(may_reach) {
            return Ok(addresses);
        }
        Err(format!("{host} is not this machine; the sandbox notifies nobody else"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_but_this_machine_is_notified() {
        let courier = Courier::for_this_machine("192.0.2.7:8787".parse().ok());
        for url in [
            "http://192.0.2.7/in/x",
            "http://192.0.2.8:8787/in/x",
            "http://169.254.169.254/",
            "https://127.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            let wait = Duration::from_secs(1);
            let parcel = Parcel { method: "POST", url, headers: &[], body: Vec::new(), wait };
            assert!(courier.send(parcel).await.is_err(), "{url}");
        }
        for url in ["http://192.0.2.7:8787/in/x", "http://127.0.0.1:9/", "http://[::1]:9/"] {
            assert_eq!(courier.addresses(url).await.unwrap().len(), 1, "{url}");
        }
    }
}
