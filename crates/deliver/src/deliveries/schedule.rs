//! When a delivery is tried again: ten attempts over three days, as Standard Webhooks recommends.

use ipnd_core::limits::RETRY_AFTER_SECONDS_MAX;
use jiff::{SignedDuration, Timestamp};

/// The pauses after the first, second ... attempt, in seconds.
const PAUSES: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// How long a delivery is tried at least. An endpoint that comes back has everything tried at once that waits, which may
/// use up ten attempts in no time; that alone gives nothing up.
const WHOLE: SignedDuration = SignedDuration::from_secs({
    let (mut sum, mut place) = (0, 0);
    while place < PAUSES.len() {
        sum += PAUSES[place];
        place += 1;
    }
    sum
});

/// How far a delivery has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tried {
    /// Attempts before this one.
    pub(super) tries: u32,
    pub(super) created_at: Timestamp,
}

/// When to try again, if at all. Shifted by up to a tenth, so that what failed together does not come back together
/// (T-C10); later where the receiver asked for that.
pub(super) fn next_at(
    now: Timestamp,
    tried: Tried,
    retry_after: Option<SignedDuration>,
) -> Option<Timestamp> {
    shifted(now, tried, retry_after, rand::random_range(0..=100))
}

fn shifted(
    now: Timestamp,
    tried: Tried,
    retry_after: Option<SignedDuration>,
    per_mille: i64,
) -> Option<Timestamp> {
    let place = usize::try_from(tried.tries).unwrap_or(usize::MAX);
    let is_young = now.duration_since(tried.created_at) < WHOLE;
    let last = PAUSES.last().filter(|_| is_young);
    let own = *PAUSES.get(place).or(last)?;
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
        let created_at = now.checked_sub(SignedDuration::from_hours(100)).unwrap();
        let old = |tries| Tried { tries, created_at };
        let pauses: Vec<i64> = (0..12)
            .map_while(|tries| shifted(now, old(tries), None, 0))
            .map(|at| at.duration_since(now).as_secs())
            .collect();
        assert_eq!(pauses.len(), 9, "and the first attempt before them");
        assert_eq!(pauses.iter().sum::<i64>() / 3_600, 75);
        for _ in 0..100 {
            let at = next_at(now, old(1), None).unwrap().duration_since(now).as_secs();
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
            shifted(now, Tried { tries, created_at: now }, retry_after(pause, now), 0)
                .unwrap()
                .duration_since(now)
                .as_secs()
        };
        assert_eq!((at(0, "120"), at(2, "120")), (120, 1_800), "the later of the two");
    }

    #[test]
    fn ten_attempts_in_no_time_give_nothing_up() {
        let created_at = Timestamp::from_second(1_800_000_000).unwrap();
        let next = |hours, tries| {
            let now = created_at.saturating_add(SignedDuration::from_hours(hours)).unwrap();
            shifted(now, Tried { tries, created_at }, None, 0).map(|at| at.duration_since(now).as_hours())
        };
        assert_eq!((next(1, 9), next(1, 500)), (Some(24), Some(24)));
        assert_eq!((next(75, 9), next(76, 9), next(76, 8)), (Some(24), None, Some(24)));
    }
}
