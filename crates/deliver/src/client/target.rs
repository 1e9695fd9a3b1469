//! Where a request goes, read strictly.

use super::ExchangeError;
use url::{Host, Url};

/// An address that we are willing to look up. Not yet: willing to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) is_tls: bool,
    /// As it is looked up and as it stands in the certificate: without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// For the `Host` header: with brackets, and with the port when it is not the scheme's own.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

impl Target {
    /// Reads an `http` or `https` address whose host is written the one canonical way.
    ///
    /// `127.1`, `0x7f.1`, `2130706433` and full-width digits all mean 127.0.0.1 to somebody. We read none of them
    /// (T-D03): whoever means an address can write it plainly, and whoever hides one does not get to.
    pub(super) fn read(text: &str) -> Result<Self, ExchangeError> {
        let problem = |problem: &str| ExchangeError::Url {
            url: text.chars().take(200).collect(),
            problem: problem.to_owned(),
        };
        // A backslash is a slash to some readers and a letter to others.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(problem("it contains a space, a backslash or a control character"));
        }
        let url = Url::parse(text).map_err(|error| problem(&error.to_string()))?;
        let is_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(problem("only http and https are called")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(problem("it contains a user name or a password"));
        }
        let canonical = url.host_str().ok_or_else(|| problem("it has no host"))?;
        if !written_host(text).is_some_and(|written| written.eq_ignore_ascii_case(canonical)) {
            return Err(problem(&format!("its host has to be written as “{canonical}”")));
        }
        let port = url.port_or_known_default().ok_or_else(|| problem("it has no port"))?;
        let authority = url.port().map_or_else(|| canonical.to_owned(), |port| format!("{canonical}:{port}"));
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => canonical.to_owned(),
        };
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Self { is_tls, host, port, authority, path })
    }
}

/// The host exactly as it stands in the text, brackets included.
fn written_host(text: &str) -> Option<&str> {
    let rest = text.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    if authority.starts_with('[') {
        return authority.find(']').map(|end| &authority[..=end]);
    }
    authority.split(':').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_d03_odd_spellings_of_ipv4() {
        for host in [
            "127.1",
            "127.0.1",
            "0x7f.1",
            "0x7f000001",
            "2130706433",
            "0177.0.0.1",
            "127.0.0.01",
            "0x7f.0.0.1",
            "127.0.0.1.",
            "127.0.0.1%2e",
            "１２７.0.0.1",
            "127。0。0。1",
            "127.0.0.%31",
            "①②⑦.0.0.1",
            "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:0:0:1]",
            "[fe80::1%25eth0]",
            "[::1",
            "",
            "user@example.com",
            "a:b@example.com",
            "exa\u{ad}mple.com",
            "ｅxample.com",
            "example.com\\@127.0.0.1",
            "example.com\r\nX: y",
            "exam ple.com",
            "example.com\0",
        ] {
            assert!(Target::read(&format!("https://{host}/x")).is_err(), "{host:?} is not canonical");
        }
        for url in [
            "file:///etc/passwd",
            "gopher://example.com/",
            "ftp://example.com/",
            "//example.com",
            "example.com",
        ] {
            assert!(Target::read(url).is_err(), "{url}");
        }
    }

    #[test]
    fn canonical_addresses_are_read() {
        let target = Target::read("https://IPNPB.paypal.com/cgi-bin/webscr?cmd=x#part").unwrap();
        assert_eq!((target.host.as_str(), target.port), ("ipnpb.paypal.com", 443));
        assert_eq!(
            (target.authority.as_str(), target.path.as_str()),
            ("ipnpb.paypal.com", "/cgi-bin/webscr?cmd=x")
        );
        let target = Target::read("http://[::1]:8080").unwrap();
        assert_eq!(
            (target.host.as_str(), target.authority.as_str(), target.path.as_str()),
            ("::1", "[::1]:8080", "/")
        );
        assert!(!target.is_tls);
        assert_eq!(Target::read("https://example.com:443/").unwrap().authority, "example.com");
    }
}
