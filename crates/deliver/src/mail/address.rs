//! Addresses and names in mail headers, read strictly: both come from customers.

use lettre::Address;
use url::Host;

/// Longest address (RFC 5321), in bytes.
const ADDRESS_BYTES_MAX: usize = 254;
const LOCAL_BYTES_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 64;

/// Reads exactly one plain address. Quoted local parts, comments, groups, routes and address literals have no use in
/// a shop and a long history of being read differently by different programs, so they are refused (T-E01, T-E04).
pub(crate) fn read(text: &str) -> Option<Address> {
    let (local, domain) = text.trim().split_once('@')?;
    let fits = text.len() <= ADDRESS_BYTES_MAX && local.len() <= LOCAL_BYTES_MAX;
    let is_dot_atom = !local.is_empty()
        && local.split('.').all(|atom| !atom.is_empty())
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    // A name only: an address in place of one, and everything that is not a name, is refused.
    let plain = domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    if !fits || !is_dot_atom || !plain || local.contains("=?") {
        return None;
    }
    match Host::parse(domain).ok()? {
        Host::Domain(ascii) => Address::new(local, ascii).ok(),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Makes a display name that says a name and nothing else: no address, no encoded word, no quotes (T-E04).
pub(crate) fn display_name(text: &str) -> Option<String> {
    let keep = |c: char| if c.is_alphanumeric() || " .-'’&+!/".contains(c) { c } else { ' ' };
    let plain: String = text.chars().map(keep).collect();
    let name: String =
        plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS_MAX).collect();
    let name = name.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_e04_one_address_and_nothing_else() {
        for text in [
            "a@example.com, b@example.com",
            "a@example.com;b@example.com",
            "A <a@example.com>",
            "<a@example.com>",
            "\"a b\"@example.com",
            "a(comment)@example.com",
            "a@b@example.com",
            "@example.com",
            "a@",
            "a",
            "",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@exa mple.com",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@[IPv6:::1]",
            "a@example.com\r\nBcc: x@example.com",
            "a\0@example.com",
            "a@example.com>\r\nRCPT TO:<x",
            "=?utf-8?q?shop=40bank?=@example.com",
            "a@0x7f.1",
            "a@example.com\u{202e}",
            "group:a@example.com;",
            "a@-",
            "a@exa_mple.com,",
            &format!("{}@example.com", "a".repeat(65)),
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        for (text, wanted) in [
            ("alex@example.com", "alex@example.com"),
            (" alex+shop@Example.COM ", "alex+shop@example.com"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("alex@bücher.example", "alex@xn--bcher-kva.example"),
            ("-f@example.com", "-f@example.com"),
            ("owner@localhost", "owner@localhost"),
        ] {
            assert_eq!(read(text).map(|address| address.to_string()).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn t_e04_names_that_pretend_to_be_addresses() {
        for (text, wanted) in [
            ("=?utf-8?q?shop@bank?=", Some("utf-8 q shop bank")),
            ("Shop <security@bank.example>", Some("Shop security bank.example")),
            ("\"Shop\" \\ Co", Some("Shop Co")),
            ("a\r\nBcc: b@example.com", Some("a Bcc b example.com")),
            ("Bücher & Tee", Some("Bücher & Tee")),
            ("\u{202e}moc.knab", Some("moc.knab")),
            ("<>", None),
        ] {
            assert_eq!(display_name(text).as_deref(), wanted, "{text:?}");
        }
    }
}
