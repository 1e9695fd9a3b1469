//! How long to wait before trying again.

use jiff::{SignedDuration, Timestamp};

/// Pauses that double from `first` up to `longest`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pauses {
    pub(crate) first: SignedDuration,
    pub(crate) longest: SignedDuration,
}

impl Pauses {
    /// The pause after the attempt that followed `attempts` others, shifted by up to a fifth either way, so that
    /// what failed together does not come back together (T-C10).
    pub(crate) fn after(self, attempts: u32) -> SignedDuration {
        self.shifted(attempts, rand::random_range(-200..=200))
    }

    /// When to try again.
    pub(crate) fn next_at(self, now: Timestamp, attempts: u32) -> Timestamp {
        now.saturating_add(self.after(attempts)).expect("a pause is a plain number of seconds")
    }

    fn shifted(self, attempts: u32, per_mille: i64) -> SignedDuration {
        let doubled = self.first.as_millis().saturating_mul(1_i128 << attempts.min(40));
        let millis = i64::try_from(doubled.min(self.longest.as_millis())).expect("at most the longest pause");
        SignedDuration::from_millis(millis + millis * per_mille / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_are_shifted_by_a_fifth() {
        let pauses = Pauses { first: SignedDuration::from_secs(10), longest: SignedDuration::from_hours(1) };
        let seconds: Vec<i64> = (0..11).map(|attempts| pauses.shifted(attempts, 0).as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        assert_eq!(pauses.shifted(u32::MAX, 200).as_secs(), 4320);
        assert_eq!(pauses.shifted(0, -200).as_secs(), 8);
        for _ in 0..100 {
            assert!((8..=12).contains(&pauses.after(0).as_secs()));
        }
    }
}
