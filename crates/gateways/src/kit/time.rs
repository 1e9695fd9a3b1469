//! Times as most gateways write them. PayPal's own forms stand in [`super::dates`].

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// RFC 3339 or ISO 8601 with an offset or `Z`. `None` for everything else: a message counts without its date.
#[must_use]
pub fn rfc3339(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Unix seconds in plain digits.
#[must_use]
pub fn seconds(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// Unix milliseconds in plain digits.
#[must_use]
pub fn milliseconds(text: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(text.parse().ok()?).ok()
}

/// A date and time without a zone (`2023-06-09 15:26:18`), at an offset that is known from elsewhere.
#[must_use]
pub fn local(text: &str, offset: Offset) -> Option<Timestamp> {
    let local: DateTime = text.parse().ok()?;
    TimeZone::fixed(offset).to_timestamp(local).ok()
}
