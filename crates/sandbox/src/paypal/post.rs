//! Delivers one notification over HTTP. Only to this machine: the stand-in must not become a way to reach others.

use ipnd_core::Limits;
use ipnd_deliver::client::{Client, Policy};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;
use url::Url;

/// PayPal waits 20 seconds the first time and 30 seconds afterwards.
const FIRST_WAIT: Duration = Duration::from_secs(20);
const REPEAT_WAIT: Duration = Duration::from_secs(30);
/// Clients that are kept; a sandbox notifies one or two shops.
const CLIENTS_MAX: usize = 16;

/// The guarded way out, opened for the addresses of the shops on this machine and for nothing else.
pub(super) struct Courier {
    /// Where this very server listens, which may be another address of this machine than the loopback one.
    own: Option<SocketAddr>,
    clients: Mutex<HashMap<(Vec<SocketAddr>, Duration), Client>>,
}

impl Courier {
    pub(super) fn new(own: Option<SocketAddr>) -> Self {
        Self { own, clients: Mutex::new(HashMap::new()) }
    }

    /// Posts `body` to `url` and gives the status of the answer, or says why there was none.
    pub(super) async fn post(&self, url: &str, body: Vec<u8>, tries: u32) -> Result<u16, String> {
        let wait = if tries == 0 { FIRST_WAIT } else { REPEAT_WAIT };
        let client = self.client(self.addresses(url).await?, wait)?;
        let headers = [
            ("user-agent".to_owned(), "PayPal IPN ( https://www.paypal.com/ipn )".to_owned()),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ];
        let answer = client.exchange("POST", url, &headers, body).await;
        answer.map(|answer| answer.status).map_err(|error| error.to_string())
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
        let policy = Policy { allowed: key.0.clone(), total, ..Policy::new(&Limits::default()) };
        let client = Client::new(policy).map_err(|error| error.to_string())?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// The numeric addresses behind `url`, all of them on this machine.
    async fn addresses(&self, url: &str) -> Result<Vec<SocketAddr>, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        if url.scheme() != "http" {
            return Err("the sandbox notifies plain http addresses on this machine only".to_owned());
        }
        let host = url.host_str().ok_or("the address names no host")?.trim_matches(['[', ']']);
        let port = url.port_or_known_default().ok_or("the address names no port")?;
        let found =
            tokio::net::lookup_host((host, port)).await.map_err(|error| format!("{host}: {error}"))?;
        let mut addresses: Vec<SocketAddr> = found.collect();
        addresses.sort_unstable();
        addresses.dedup();
        let is_here = |address: &SocketAddr| address.ip().is_loopback() || Some(*address) == self.own;
        if addresses.iter().all(is_here) {
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
        let courier = Courier::new("192.0.2.7:8787".parse().ok());
        for url in [
            "http://192.0.2.7/in/x",
            "http://192.0.2.8:8787/in/x",
            "http://169.254.169.254/",
            "https://127.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(courier.post(url, Vec::new(), 0).await.is_err(), "{url}");
        }
        for url in ["http://192.0.2.7:8787/in/x", "http://127.0.0.1:9/", "http://[::1]:9/"] {
            assert_eq!(courier.addresses(url).await.unwrap().len(), 1, "{url}");
        }
    }
}
