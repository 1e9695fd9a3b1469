//! Dates as PayPal writes them, in every form that has been seen, and as we write them in its place.
//!
//! The forms differ in sequence and punctuation, not in their parts, so a date is read as a set of parts: one time,
//! one year, one month ... A date that cannot be read is no error: the message counts without it.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, fmt::strtime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Longest text that is looked at, in bytes. Real dates have under 45.
const TEXT_BYTES_MAX: usize = 80;

/// Pacific time by the rules of the United States since 2007. Written out, because a table of time zones would have
/// to be read from somewhere.
const PACIFIC: &str = "PST8PDT,M3.2.0,M11.1.0";

/// Reads a date: `20:12:59 Jan 13, 2009 PST` and its variants, `Sun May 24 2015 14:32:31 GMT-0700 (PDT)`,
/// `Fri Dec 07 06:13:08 PST 2012`, ISO 8601 with offset. `None` for `N/A`, nothing, and everything else.
///
/// `PST` and `PDT` decide, not the calendar: they tell the two hours apart that share a name in November.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let mut parts = Parts::default();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        parts.take(word)?;
    }
    parts.timestamp()
}

/// Writes a date as it stands in notifications: `20:12:59 Jan 13, 2009 PST`. Fractions of a second are cut off.
#[must_use]
pub fn format(timestamp: Timestamp) -> String {
    written(timestamp, "%H:%M:%S %b %d, %Y %Z")
}

/// Writes a date as it stands in the messages of Adaptive Payments: `Fri Dec 07 06:13:08 PST 2012`.
#[must_use]
pub fn format_year_last(timestamp: Timestamp) -> String {
    written(timestamp, "%a %b %d %H:%M:%S %Z %Y")
}

fn written(timestamp: Timestamp, form: &str) -> String {
    let pacific = TimeZone::posix(PACIFIC).expect("a valid POSIX time zone");
    strtime::format(form, &timestamp.to_zoned(pacific)).expect("a time with a zone has all these parts")
}

#[derive(Default)]
struct Parts {
    time: Option<(i8, i8, i8)>,
    day: Option<i8>,
    month: Option<i8>,
    year: Option<i16>,
    offset: Option<Offset>,
    /// The word before was `GMT`: four digits are now an offset whose plus sign was read as a space.
    after_gmt: bool,
}

impl Parts {
    /// Takes one word in; `None` when it is no part of a date, or of one that is there already.
    fn take(&mut self, word: &str) -> Option<()> {
        let after_gmt = std::mem::take(&mut self.after_gmt);
        if let Some(month) = position(&MONTHS, word.trim_end_matches('.')) {
            return once(&mut self.month, month);
        }
        if position(&WEEKDAYS, word).is_some() || (word.starts_with('(') && word.ends_with(')')) {
            return Some(());
        }
        if let Some(zone) = word.strip_prefix("GMT") {
            self.after_gmt = zone.is_empty();
            return if zone.is_empty() { Some(()) } else { once(&mut self.offset, offset(zone)?) };
        }
        match word {
            "PST" => once(&mut self.offset, Offset::constant(-8)),
            "PDT" => once(&mut self.offset, Offset::constant(-7)),
            _ if word.contains(':') => once(&mut self.time, time(word)?),
            _ if !word.bytes().all(|byte| byte.is_ascii_digit()) => None,
            _ if after_gmt && word.len() == 4 => once(&mut self.offset, offset(&format!("+{word}"))?),
            _ if word.len() == 4 => once(&mut self.year, word.parse().ok()?),
            _ if word.len() <= 2 => once(&mut self.day, word.parse().ok()?),
            _ => None,
        }
    }

    fn timestamp(self) -> Option<Timestamp> {
        let (hour, minute, second) = self.time?;
        let local = DateTime::new(self.year?, self.month?, self.day?, hour, minute, second, 0).ok()?;
        self.offset?.to_timestamp(local).ok()
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

fn position(names: &[&str], word: &str) -> Option<i8> {
    let index = names.iter().position(|name| *name == word)?;
    i8::try_from(index + 1).ok()
}

/// `HH:MM:SS`.
fn time(word: &str) -> Option<(i8, i8, i8)> {
    let mut numbers = word.split(':').map(|part| {
        (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?
    });
    let time = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(time)
}

/// `-0700`.
fn offset(word: &str) -> Option<Offset> {
    let sign = match word.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits = word.get(1..).filter(|rest| rest.len() == 4 && rest.bytes().all(|b| b.is_ascii_digit()))?;
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text).map(|timestamp| timestamp.to_string()).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn every_form_that_has_been_seen() {
        check("20:12:59 Jan 13, 2009 PST", "2009-01-14T04:12:59Z");
        check("06:42:00 Jun 30, 2018 PDT", "2018-06-30T13:42:00Z");
        check("20:18:05 Jan. 30, 2009 PST", "2009-01-31T04:18:05Z");
        check("20:18:05 Jan 3 2009 PST", "2009-01-04T04:18:05Z");
        check("23:38:36 30 Oct 2015 PDT", "2015-10-31T06:38:36Z");
        check("Sun May 24 2015 14:32:31 GMT-0700 (PDT)", "2015-05-24T21:32:31Z");
        check("Sun May 24 2015 14:32:31 GMT+0100 (BST)", "2015-05-24T13:32:31Z");
        check("Sun May 24 2015 14:32:31 GMT 0100 (BST)", "2015-05-24T13:32:31Z");
        check("Fri Dec 07 06:13:08 PST 2012", "2012-12-07T14:13:08Z");
        check("2013-05-08T16:04:24.000-07:00", "2013-05-08T23:04:24Z");
        check("2022-04-09T06:17:02Z", "2022-04-09T06:17:02Z");
        check("13:50:52 Feb 29, 2020 PST", "2020-02-29T21:50:52Z");
    }

    #[test]
    fn the_suffix_decides_in_the_hour_that_comes_twice() {
        check("01:30:00 Nov 01, 2020 PDT", "2020-11-01T08:30:00Z");
        check("01:30:00 Nov 01, 2020 PST", "2020-11-01T09:30:00Z");
    }

    #[test]
    fn what_is_no_date_is_none_and_never_an_error() {
        for text in [
            "",
            "N/A",
            " ",
            "PST",
            "20:12:59",
            "20:12:59 Jan 13, 2009",
            "25:00:00 Jan 13, 2009 PST",
            "20:12:59 Feb 30, 2009 PST",
            "20:12:59 Foo 13, 2009 PST",
            "20:12 Jan 13, 2009 PST",
            "20:12:59 Jan 13, 2009 PST PDT",
            "20:12:59 Jan 13 14, 2009 PST",
            "20:12:59 Jan 13, 99999 PST",
            "Sun May 24 2015 14:32:31 GMT-9999 (X)",
            "GMT",
            "GMT é123",
            "+1:-2:03 Jan 13, 2009 PST",
            &"9".repeat(10_000),
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_we_write_can_be_read_again() {
        for (text, written) in [
            ("2009-01-14T04:12:59Z", "20:12:59 Jan 13, 2009 PST"),
            ("2018-06-30T13:42:00Z", "06:42:00 Jun 30, 2018 PDT"),
            ("2020-11-01T08:30:00Z", "01:30:00 Nov 01, 2020 PDT"),
            ("2020-11-01T09:30:00Z", "01:30:00 Nov 01, 2020 PST"),
        ] {
            let timestamp: Timestamp = text.parse().unwrap();
            assert_eq!(format(timestamp), written);
            assert_eq!(parse(written), Some(timestamp));
            assert_eq!(parse(&format_year_last(timestamp)), Some(timestamp));
        }
        let paid: Timestamp = "2012-12-07T14:13:08Z".parse().unwrap();
        assert_eq!(format_year_last(paid), "Fri Dec 07 06:13:08 PST 2012");
    }
}
