//! Which addresses may be dialled.
//!
//! The rule is applied to the numeric address that is about to be dialled, after resolution, for every attempt. A
//! name may look as harmless as it likes: what counts is where it leads. If one address of a name is denied, the
//! whole attempt fails, because a name that points at both the outside and the inside is not a mistake worth
//! working around (T-D04, T-D05).
//!
//! Exceptions are an exact address and port. Allowing `192.168.0.120:8080` says nothing about its neighbours, nor
//! about another port of the same machine (T-D07).

use ipnet::{Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Ports that need no exception.
const PORTS: [u16; 2] = [443, 80];

/// Ranges that no outgoing request may reach, with what they are.
const DENIED_V4: [(Ipv4Addr, u8, &str); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this host"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a provider's internal network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine itself"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, where clouds keep their metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "reserved for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "reserved for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a former IPv6 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "reserved for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "reserved for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "reserved for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
    (Ipv4Addr::BROADCAST, 32, "broadcast"),
];

/// `::/8` holds every way of writing an IPv4 address inside an IPv6 one that never leaves the machine or the site:
/// mapped, compatible, translated, and both NAT64 prefixes. 6to4 and Teredo follow (T-D02).
const DENIED_V6: [(Ipv6Addr, u8, &str); 11] = [
    (v6(0, 0), 8, "this machine, or an IPv4 address in IPv6 form"),
    (v6(0x100, 0), 64, "discarded by every router"),
    (v6(0x2001, 0), 23, "reserved for protocols, Teredo tunnels among them"),
    (v6(0x2001, 0xdb8), 32, "reserved for documentation"),
    (v6(0x2002, 0), 16, "a 6to4 tunnel, which carries an IPv4 address"),
    (v6(0x3fff, 0), 20, "reserved for documentation"),
    (v6(0x5f00, 0), 16, "reserved for segment routing"),
    (v6(0xfc00, 0), 7, "a private network"),
    (v6(0xfe80, 0), 10, "link-local"),
    (v6(0xfec0, 0), 10, "a private network of the old kind"),
    (v6(0xff00, 0), 8, "multicast"),
];

const fn v6(first: u16, second: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)
}

/// Why an address may not be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It lies in a range that is not the public internet.
    Range { address: IpAddr, what: &'static str },
    /// It is one of this server's own.
    Own(SocketAddr),
    /// The port is neither 443 nor 80.
    Port(SocketAddr),
    /// Plain HTTP, to somebody else's server.
    Plain(SocketAddr),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range { address, what } => write!(f, "{address} is not on the public internet ({what})"),
            Self::Own(address) => write!(f, "{address} is this server itself"),
            Self::Port(address) => write!(f, "{address} is neither port 443 nor port 80"),
            Self::Plain(address) => write!(f, "{address} would be called without TLS"),
        }
    }
}

/// The rule with its exceptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// Exact exceptions: these may be dialled whatever the rule says, also without TLS.
    pub(crate) allowed: Vec<SocketAddr>,
    /// This server's own addresses; denied even when they are public, unless they are an exception as well.
    pub(crate) own: Vec<SocketAddr>,
    /// Everything on this machine is an exception too. For the demo, where it is all play.
    pub(crate) opens_loopback: bool,
}

impl Guard {
    /// Holds one address against the rule.
    pub(crate) fn check(&self, address: SocketAddr, is_tls: bool) -> Result<(), Denied> {
        if self.allowed.contains(&address) || (self.opens_loopback && address.ip().is_loopback()) {
            return Ok(());
        }
        if let Some(what) = range_of(address.ip()) {
            return Err(Denied::Range { address: address.ip(), what });
        }
        if self.own.contains(&address) {
            return Err(Denied::Own(address));
        }
        if !PORTS.contains(&address.port()) {
            return Err(Denied::Port(address));
        }
        if !is_tls {
            return Err(Denied::Plain(address));
        }
        Ok(())
    }
}

/// The denied range that `address` lies in.
fn range_of(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => DENIED_V4
            .iter()
            .find(|(start, length, _)| Ipv4Net::new_assert(*start, *length).contains(&address))
            .map(|(_, _, what)| *what),
        IpAddr::V6(address) => DENIED_V6
            .iter()
            .find(|(start, length, _)| Ipv6Net::new_assert(*start, *length).contains(&address))
            .map(|(_, _, what)| *what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_denied(address: &str, port: u16) -> bool {
        Guard::default().check(SocketAddr::new(address.parse().unwrap(), port), true).is_err()
    }

    #[test]
    fn t_d01_receiver_inside_the_private_network() {
        // First, last and a middle address of each range; then the nearest neighbours outside.
        for (first, length, what) in DENIED_V4 {
            let net = Ipv4Net::new(first, length).unwrap();
            for address in [net.network(), net.broadcast(), middle(net)] {
                assert!(is_denied(&address.to_string(), 443), "{address} is {what}");
            }
        }
        for neighbour in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
        ] {
            assert!(!is_denied(neighbour, 443), "{neighbour} is public");
        }
    }

    fn middle(net: Ipv4Net) -> Ipv4Addr {
        let (low, high) = (u32::from(net.network()), u32::from(net.broadcast()));
        Ipv4Addr::from(low + (high - low) / 2)
    }

    /// Every IPv6 spelling of every denied IPv4 address is denied too.
    #[test]
    fn t_d02_ipv6_spellings_of_ipv4() {
        for (first, length, what) in DENIED_V4 {
            let inner = middle(Ipv4Net::new(first, length).unwrap());
            let bits = u128::from(u32::from(inner));
            let spelled = [
                ("mapped", 0xffff_u128 << 32 | bits),
                ("compatible", bits),
                ("translated", 0xffff_u128 << 48 | bits),
                ("NAT64", 0x64_ff9b_u128 << 96 | bits),
                ("local NAT64", 0x64_ff9b_0001_u128 << 80 | bits),
                ("6to4", 0x2002_u128 << 112 | bits << 80),
                ("Teredo server", 0x2001_u128 << 112 | bits << 64),
                ("Teredo client", 0x2001_u128 << 112 | !bits & 0xffff_ffff),
            ];
            for (spelling, value) in spelled {
                let address = Ipv6Addr::from(value);
                assert!(is_denied(&address.to_string(), 443), "{spelling} {address} of {inner}, {what}");
            }
        }
        for (first, length, what) in DENIED_V6 {
            let net = Ipv6Net::new(first, length).unwrap();
            for address in [net.network(), net.broadcast()] {
                assert!(is_denied(&address.to_string(), 443), "{address} is {what}");
            }
        }
        for public in ["2606:4700::1111", "2a00:1450:4001:81b::200e", "2400:cb00::1", "2003::1"] {
            assert!(!is_denied(public, 443), "{public} is public");
        }
    }

    #[test]
    fn t_d07_one_exception_opens_nothing_else() {
        let allowed: SocketAddr = "192.168.0.120:8080".parse().unwrap();
        let guard = Guard { allowed: vec![allowed], ..Guard::default() };
        assert_eq!(guard.check(allowed, false), Ok(()));
        for other in
            ["192.168.0.121:8080", "192.168.0.120:8081", "192.168.0.120:443", "[::ffff:c0a8:78]:8080"]
        {
            assert!(guard.check(other.parse().unwrap(), true).is_err(), "{other}");
        }
    }

    #[test]
    fn the_demo_may_call_this_machine_and_nothing_else_in_addition() {
        let guard = Guard { opens_loopback: true, ..Guard::default() };
        for own in ["127.0.0.1:3000", "127.9.9.9:80", "[::1]:3000"] {
            assert_eq!(guard.check(own.parse().unwrap(), false), Ok(()), "{own}");
        }
        for other in
            ["10.0.0.1:443", "169.254.169.254:80", "[::ffff:7f00:1]:443", "0.0.0.0:443", "1.1.1.1:80"]
        {
            assert!(guard.check(other.parse().unwrap(), false).is_err(), "{other}");
        }
    }

    #[test]
    fn ports_plain_http_and_our_own_address_need_an_exception() {
        let public: SocketAddr = "1.1.1.1:443".parse().unwrap();
        let guard = Guard { own: vec![public], ..Guard::default() };
        assert_eq!(guard.check(public, true), Err(Denied::Own(public)));
        assert!(matches!(guard.check("1.1.1.1:8443".parse().unwrap(), true), Err(Denied::Port(_))));
        assert!(matches!(guard.check("1.1.1.1:80".parse().unwrap(), false), Err(Denied::Plain(_))));
        assert_eq!(guard.check("1.1.1.2:443".parse().unwrap(), true), Ok(()));
    }
}
