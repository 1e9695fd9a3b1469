//! Times as people write and read them on a command line.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// `2026-11-30T12:00:00Z`, or how long ago: `30m`, `12h`, `7d`.
pub(crate) fn since(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wrong = || "write a time as 2026-11-30T12:00:00Z, or how long ago it is: 30m, 12h, 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let ago = SignedDuration::from_secs(i64::from(number) * seconds);
    now.checked_sub(ago).map_err(|_| wrong())
}

/// The time of day where this machine stands.
pub(crate) fn clock_time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// With its date.
pub(crate) fn day_and_time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time of an answer.
pub(crate) fn of(value: &Value, key: &str) -> Option<Timestamp> {
    value[key].as_str()?.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
mod tests {
    use super::*;

    #[test]
    fn a_time_or_how_long_ago() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let read = |text: &str| since(text, now).map(|time| time.to_string());
        assert_eq!(read("90m").unwrap(), "2026-11-30T10:30:00Z");
        assert_eq!(read("7d").unwrap(), "2026-11-23T12:00:00Z");
        assert_eq!(read("2026-01-02T03:04:05+01:00").unwrap(), "2026-01-02T02:04:05Z");
        for wrong in ["", "d", "yesterday", "-1h", "5ü", "4294967295d"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
