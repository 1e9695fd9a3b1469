//! Proof by fetching: a notification that only names a thing, and the gateway's own record of that thing.
//!
//! Nothing of the notification is believed but the name, and that is checked before it becomes part of an address.
//! The answer is believed because it came over verified TLS from a host that is written in the gateway's own file.

use super::verified::Verified;
use crate::{AskedAnswer, RawRequest, Resumed};
use ipnd_core::Reason;

/// Longest name of a thing, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// What an answer says of the thing that was asked about.
#[derive(Debug)]
pub enum Fetched<'a> {
    /// The gateway's own record.
    Found(Verified<'a>),
    /// The gateway knows no such thing: whoever named it has made it up (or asked too early).
    Unknown(Reason),
    /// No answer that could be read.
    Unclear(Reason),
}

/// Reads an answer: 200 or 201 with a complete body is the record, 404 and 410 mean that there is none, 401 and 403 that our
/// access data are wrong, everything else is unclear and will be asked again.
#[must_use]
pub fn read<'a>(request: &'a RawRequest, answer: &'a AskedAnswer, name: &str) -> Fetched<'a> {
    match answer.status {
        200 | 201 if answer.complete => Fetched::Found(Verified::by_answer(request, answer)),
        200 | 201 => Fetched::Unclear(Reason::new("api_unclear", "the answer was cut off")),
        404 | 410 => Fetched::Unknown(Reason::new("api_says_unknown", name)),
        401 | 403 => Fetched::Unclear(Reason::new("api_refused_access", format!("status {}", answer.status))),
        status => Fetched::Unclear(Reason::new("api_unclear", format!("status {status}"))),
    }
}

impl<'a> Fetched<'a> {
    /// The record, or how the whole question ends without it.
    ///
    /// # Errors
    /// [`Resumed::Forged`] for what the gateway does not know, [`Resumed::NotYetKnown`] for an unclear answer.
    pub fn found(self) -> Result<Verified<'a>, Resumed> {
        match self {
            Self::Found(verified) => Ok(verified),
            Self::Unknown(reason) => Err(Resumed::Forged(reason)),
            Self::Unclear(reason) => Err(Resumed::NotYetKnown(reason)),
        }
    }
}

/// Whether a name from a message may become part of an address: letters, digits, `_` and `-`, and not too many.
#[must_use]
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_a12_url_in_the_message_fetched_automatically_is_no_name() {
        for name in ["tr_5B8cwPMGnU6qLbRvo7qEZo", "118675466951", "a-b"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in
            ["", "../x", "a/b", "a?b", "a#b", "a%2fb", "a.b", "a b", "http://x", "é", "a\n", &"a".repeat(129)]
        {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    #[test]
    fn only_a_whole_record_is_one() {
        let request = RawRequest::post("text/plain", "");
        let word = |answer: &AskedAnswer| match read(&request, answer, "x") {
            Fetched::Found(_) => "found",
            Fetched::Unknown(_) => "unknown",
            Fetched::Unclear(_) => "unclear",
        };
        assert_eq!(word(&AskedAnswer::new(200, "{}")), "found");
        assert_eq!(word(&AskedAnswer { complete: false, ..AskedAnswer::new(200, "{}") }), "unclear");
        assert_eq!(word(&AskedAnswer::new(404, "{}")), "unknown");
        for status in [204, 301, 302, 400, 401, 403, 429, 500, 503] {
            assert_eq!(word(&AskedAnswer::new(status, "{}")), "unclear", "{status}");
        }
    }
}
