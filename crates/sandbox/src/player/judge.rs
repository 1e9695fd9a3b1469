//! Whether a gateway is content with a reply: it has to be the one that the gateway's own file gives for a message
//! that was accepted.

use ipnd_gateways::{Gateway, Outcome, RawRequest, Reply, Settings};
use jiff::{SignedDuration, Timestamp};

/// Clocks that differ by this much still make the same signed reply, in seconds.
const CLOCK_LEEWAY_SECONDS: i64 = 120;

/// What the gateway wants to hear.
pub(super) fn wanted(gateway: &Gateway, request: &RawRequest, settings: &Settings, now: Timestamp) -> Reply {
    (gateway.reply)(request, settings, Outcome::Accepted, now)
}

/// Whether this reply, given about now, is such a one: the same class of status, and the same body where there has to
/// be one.
pub(super) fn is_content(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    (status, body): (u16, &[u8]),
    now: Timestamp,
) -> bool {
    [Outcome::Accepted, Outcome::Duplicate].into_iter().any(|outcome| {
        let reply_at = |now| (gateway.reply)(request, settings, outcome, now);
        let wanted = reply_at(now);
        if wanted.status / 100 != status / 100 {
            return false;
        }
        // Most replies know no time; only those that do are looked at for every second that it may have been.
        let knows_time = now
            .checked_add(SignedDuration::from_secs(1))
            .is_ok_and(|later| reply_at(later).body != wanted.body);
        let seconds = if knows_time { CLOCK_LEEWAY_SECONDS } else { 0 };
        (-seconds..=seconds).any(|off| {
            let at = now.checked_add(SignedDuration::from_secs(off)).unwrap_or(now);
            says_the_same(&reply_at(at).body, body)
        })
    })
}

/// Whoever reads JSON does not look at blanks or the sequence of members.
fn says_the_same(wanted: &str, body: &[u8]) -> bool {
    if wanted.is_empty() || wanted.as_bytes() == body {
        return true;
    }
    let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    read(wanted.as_bytes()).is_some_and(|wanted| read(body).is_some_and(|body| body == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_compared_where_one_is_wanted() {
        assert!(says_the_same("", b"anything"));
        assert!(says_the_same("OK", b"OK"));
        assert!(!says_the_same("OK", b"OK\n"));
        assert!(says_the_same("{\"a\":1,\"b\":2}", b"{ \"b\": 2, \"a\": 1 }"));
        assert!(!says_the_same("{\"a\":1}", b"{\"a\":2}"));
    }
}
