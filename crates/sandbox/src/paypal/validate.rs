//! `cmd=_notify-validate`: takes the command out of a post-back, wherever the asker put it, and compares the rest.

/// The bytes that are to be checked, or `None` when this is no post-back.
///
/// PayPal's own samples put the command in front of the message, after it, or in the query string with the
/// message as body; three of them put the message into the query string as well.
pub(super) fn message_of<'a>(query: &'a str, body: &'a [u8]) -> Option<&'a [u8]> {
    const COMMAND: &str = "cmd=_notify-validate";
    let strip = |bytes: &'a [u8]| -> Option<&'a [u8]> {
        if bytes == COMMAND.as_bytes() {
            return Some(b"");
        }
        let front = bytes.strip_prefix(COMMAND.as_bytes()).and_then(|rest| rest.strip_prefix(b"&"));
        let end = || bytes.strip_suffix(COMMAND.as_bytes()).and_then(|rest| rest.strip_suffix(b"&"));
        front.or_else(end)
    };
    if query == COMMAND {
        return Some(body);
    }
    if body.is_empty() { strip(query.as_bytes()) } else { strip(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_found_in_every_published_place() {
        let cases: [(&str, &str, Option<&str>); 9] = [
            ("", "cmd=_notify-validate&a=1&b=2", Some("a=1&b=2")),
            ("", "a=1&b=2&cmd=_notify-validate", Some("a=1&b=2")),
            ("cmd=_notify-validate", "a=1&b=2", Some("a=1&b=2")),
            ("cmd=_notify-validate&a=1&b=2", "", Some("a=1&b=2")),
            ("", "cmd=_notify-validate", Some("")),
            ("", "a=1&cmd=_notify-validate&b=2", None),
            ("", "cmd=_notify-validatea=1", None),
            ("", "cmd=_xclick&amount=1", None),
            ("", "", None),
        ];
        for (query, body, expected) in cases {
            let found = message_of(query, body.as_bytes()).map(|bytes| std::str::from_utf8(bytes).unwrap());
            assert_eq!(found, expected, "{query} | {body}");
        }
    }
}
