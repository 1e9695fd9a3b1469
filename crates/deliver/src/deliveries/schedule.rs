//! When a delivery is tried again: ten attempts over three days, as Standard Webhooks recommends.

use ipnd_core::limits::RETRY_AFTER_SECONDS_MAX;
use jiff::{SignedDuration, Timestamp};

/// The pauses after the first, second ... attempt, in seconds.
const PAUSES: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// When to try again after the attempt that followed `tries` others, if at all. Shifted by up to a tenth, so that what
/// failed together does not come back together (T-C10); later where the receiver asked for that.
pub(super) fn next_at(now: Timestamp, tries: u32, retry_after: Option<SignedDuration>) -> Option<Timestamp> {
    shifted(now, tries, retry_after, rand::random_range(0..=100))
}

fn shifted(
    now: Timestamp,
    tries: u32,
    retry_after: Option<SignedDuration>,
    per_mille: i64,
) -> Option<Timestamp> {
    let own = *PAUSES.get(usize::try_from(tries).ok()?)?;
    let own = SignedDuration::from_millis(own * (1_000 + per_mille));
    Some(now.saturating_add(retry_after.map_or(own, |asked| asked.max(own))).expect("a few days"))
}

/// What `Retry-After` asks for: seconds, or a date. At most a day; `None` for anything else.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<SignedDuration> {
    let value = value.trim();
    let asked = match value.parse::<i64>() {
        Ok(seconds) => SignedDuration::from_secs(seconds),
        Err(_) => {
            let at = jiff::fmt::rfc2822::parse(value).ok()?;
            at.timestamp().duration_since(now)
        }
    };
    let longest = SignedDuration::from_secs(RETRY_AFTER_SECONDS_MAX);
    (asked > SignedDuration::ZERO).then(|| asked.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_over_three_days() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let pauses: Vec<i64> = (0..12)
            .map_while(|tries| shifted(now, tries, None, 0))
            .map(|at| at.duration_since(now).as_secs())
            .collect();
        assert_eq!(pauses.len(), 9, "and the first attempt before them");
        assert_eq!(pauses.iter().sum::<i64>() / 3_600, 75);
        for _ in 0..100 {
            let at = next_at(now, 1, None).unwrap().duration_since(now).as_secs();
            assert!((300..=330).contains(&at), "{at}");
        }
    }

    #[test]
    fn retry_after_is_honoured_within_a_day() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let seconds = |value: &str| retry_after(value, now).map(|pause| pause.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Thu, 01 Jan 2026 00:10:00 GMT"), Some(600));
        assert_eq!(seconds("999999999"), Some(86_400));
        for nothing in ["", "0", "-5", "soon", "Wed, 31 Dec 2025 00:00:00 GMT"] {
            assert_eq!(seconds(nothing), None, "{nothing}");
        }
        let at = |tries, pause| {
            shifted(now, tries, retry_after(pause, now), 0).unwrap().duration_since(now).as_secs()
        };
        assert_eq!((at(0, "120"), at(2, "120")), (120, 1_800), "the later of the two");
    }
}
