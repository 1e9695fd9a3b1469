//! Whether a gateway is content with a reply: it has to be what the gateway's own file says that it wants.

use ipnd_gateways::{Gateway, Outcome, RawRequest, Reply, Settings};
use jiff::{SignedDuration, Timestamp};

/// Clocks that differ by this much still make the same signed reply, in seconds.
const CLOCK_LEEWAY_SECONDS: i64 = 120;

/// The reply that the gateway's own file gives for a message that was accepted.
pub(super) fn own_reply(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    now: Timestamp,
) -> Reply {
    (gateway.reply)(request, settings, Outcome::Accepted, now)
}

/// Whether the gateway is content with this reply, given about now.
pub(super) fn is_content(
    gateway: &Gateway,
    request: &RawRequest,
    settings: &Settings,
    (status, body): (u16, &[u8]),
    now: Timestamp,
) -> bool {
    [Outcome::Accepted, Outcome::Duplicate].into_iter().any(|outcome| {
        let reply_at = |now| (gateway.reply)(request, settings, outcome, now);
        let own = reply_at(now);
        // Most replies know no time; only those that do are looked at for every second that it may have been.
        let knows_time =
            now.checked_add(SignedDuration::from_secs(1)).is_ok_and(|later| reply_at(later).body != own.body);
        let seconds = if knows_time { CLOCK_LEEWAY_SECONDS } else { 0 };
        (-seconds..=seconds).any(|off| {
            let at = now.checked_add(SignedDuration::from_secs(off)).unwrap_or(now);
            gateway.wants.is_met_by(&reply_at(at), status, body)
        })
    })
}
