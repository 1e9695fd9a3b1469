//! The time inside a signature: a genuine message that somebody has kept must not be good for ever.

use ipnd_core::Reason;
use jiff::Timestamp;

/// How far the sender's clock may be from ours.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// How old a signature may be, in seconds. Exactly this old still passes.
    pub past_s: i64,
    /// How far in the future it may be, in seconds.
    pub future_s: i64,
}

/// Five minutes to both sides, the tolerance of the threat model (section 6).
pub const USUAL: Window = Window { past_s: 300, future_s: 300 };

/// Above this, a number of seconds would be in the year 5138: it counts milliseconds.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

impl Window {
    /// Whether a message signed at `text` (Unix seconds, plain digits) may still count at `now`. To be asked once
    /// the signature has been found to be right.
    ///
    /// # Errors
    /// `timestamp_missing` for what is no time, `timestamp_stale`, `timestamp_future`.
    pub fn check(&self, text: &str, now: Timestamp) -> Result<(), Reason> {
        self.check_age(seconds(text)?, now)
    }

    /// The same for senders that write seconds or milliseconds.
    ///
    /// # Errors
    /// As [`Window::check`].
    pub fn check_either_unit(&self, text: &str, now: Timestamp) -> Result<(), Reason> {
        let number = seconds(text)?;
        self.check_age(if number > MILLISECONDS_FROM { number / 1000 } else { number }, now)
    }

    fn check_age(&self, signed_at: i64, now: Timestamp) -> Result<(), Reason> {
        let age = now.as_second().saturating_sub(signed_at);
        if age > self.past_s {
            return Err(Reason::new("timestamp_stale", format!("{age} s")));
        }
        if age < -self.future_s {
            return Err(Reason::new("timestamp_future", format!("{} s", age.saturating_neg())));
        }
        Ok(())
    }
}

/// Reads plain digits, at most 15 of them, without a leading zero: a sender and we must not read two numbers.
fn seconds(text: &str) -> Result<i64, Reason> {
    let is_plain = !text.is_empty()
        && text.len() <= 15
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    let missing = || Reason::new("timestamp_missing", "");
    if is_plain { text.parse().map_err(|_| missing()) } else { Err(missing()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_the_window() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let code = |text: &str| USUAL.check(text, now).map_err(|reason| reason.code).err();
        assert_eq!(code("1790000000"), None);
        assert_eq!(code("1789999700"), None);
        assert_eq!(code("1790000300"), None);
        assert_eq!(code("1789999699").as_deref(), Some("timestamp_stale"));
        assert_eq!(code("1790000301").as_deref(), Some("timestamp_future"));
        assert_eq!(code("0").as_deref(), Some("timestamp_stale"));
        for text in
            ["", "-1", "+1790000000", "01790000000", "1790000000.0", "1e9", "١٧٩", &"9".repeat(16), " 1"]
        {
            assert_eq!(code(text).as_deref(), Some("timestamp_missing"), "{text}");
        }
    }

    #[test]
    fn milliseconds_are_told_from_seconds_by_their_size() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        assert!(USUAL.check_either_unit("1790000000123", now).is_ok());
        assert!(USUAL.check_either_unit("1790000000", now).is_ok());
        assert!(USUAL.check_either_unit("1789999000123", now).is_err());
    }
}
