//! Who is at the other end when a reverse proxy stands between.
//!
//! Anybody can write `X-Forwarded-For`. It is read only when the peer itself is a proxy that the operator has listed,
//! and then from the right, because every proxy adds on the right whom it heard from: the first address that is no
//! listed proxy is the client. Nothing is ever decided by it but how much one client may do (T-A23).

use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses in one request that are looked at.
const HOPS_MAX: usize = 32;

/// The operator's own proxies.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    #[must_use]
    pub fn new(own: impl IntoIterator<Item = IpNet>) -> Self {
        Self(own.into_iter().collect())
    }

    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The client: the peer, or whom the listed proxies say they heard from. What cannot be read ends the search, and
    /// the last address that could be read is the client.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        for hop in hops.take(HOPS_MAX) {
            if !self.contains(client) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &[&str], peer: &str, headers: &[(&str, &str)]) -> String {
        let proxies = Proxies::new(proxies.iter().map(|net| net.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn t_a23_source_address_forged_through_a_header() {
        let forged: &[&[(&str, &str)]] = &[
            &[("x-forwarded-for", "192.0.2.7")],
            &[("x_forwarded_for", "192.0.2.7")],
            &[("forwarded", "for=192.0.2.7")],
            &[("forwarded", "for=\"192.0.2.7;by=x\"")],
            &[("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8")],
            &[("x-real-ip", "192.0.2.7")],
            &[("client-ip", "192.0.2.7"), ("true-client-ip", "192.0.2.7"), ("cf-connecting-ip", "192.0.2.7")],
        ];
        for headers in forged {
            assert_eq!(client(&[], "203.0.113.5", headers), "203.0.113.5", "{headers:?}");
            assert_eq!(client(&["127.0.0.1/32"], "203.0.113.5", headers), "203.0.113.5", "{headers:?}");
        }
    }

    #[test]
    fn a_listed_proxy_says_whom_it_heard_from() {
        let via =
            |value: &str| client(&["127.0.0.1/32", "10.0.0.0/8"], "127.0.0.1", &[("x-forwarded-for", value)]);
        assert_eq!(via("203.0.113.5"), "203.0.113.5");
        assert_eq!(
            via("192.0.2.7, 203.0.113.5"),
            "203.0.113.5",
            "what the client wrote itself is not believed"
        );
        assert_eq!(via("192.0.2.7, 203.0.113.5, 10.1.2.3"), "203.0.113.5", "a second listed proxy");
        assert_eq!(via("2001:db8::1"), "2001:db8::1");
        assert_eq!(via("::ffff:203.0.113.5"), "203.0.113.5");
        for unreadable in ["", "unknown", "203.0.113.5:1234", "evil, ", "\u{e9}"] {
            assert_eq!(via(unreadable), "127.0.0.1", "{unreadable}");
        }
        let two = [("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "203.0.113.5")];
        assert_eq!(client(&["127.0.0.1/32"], "::ffff:127.0.0.1", &two), "203.0.113.5");
        assert_eq!(client(&["127.0.0.1/32"], "127.0.0.1", &[("X_Forwarded_For", "192.0.2.7")]), "127.0.0.1");
    }
}
