//! Every limit of ipnd, in one place, with its unit.
//!
//! The defaults and the hard caps are those of the threat model (section 6 there). An operator may lower a limit
//! freely and raise it up to its cap; [`Limits::check`] says which one went too far.

use serde::{Deserialize, Serialize};

/// What can be configured. Everything else in this file is fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest notification that is read, in bytes.
    pub body_bytes_max: u64,
    /// Largest block of request headers, in bytes.
    pub header_bytes_max: u64,
    /// How long a client may take to send its request headers, in milliseconds.
    pub header_read_ms: u64,
    /// How long a client may take to send a request body, in milliseconds.
    pub body_read_ms: u64,
    /// How long an idle kept-alive connection stays open, in milliseconds.
    pub idle_ms: u64,
    /// Open connections in total.
    pub connections_max: u64,
    /// Open connections from one address.
    pub connections_per_address_max: u64,
    /// Unproven notifications that one account may have waiting.
    pub waiting_per_account_max: u64,
    /// How long connecting to somebody else's server may take, in milliseconds.
    pub outgoing_connect_ms: u64,
    /// How long a whole exchange with somebody else's server may take, in milliseconds.
    pub outgoing_total_ms: u64,
    /// How much of somebody else's answer is read, in bytes.
    pub outgoing_answer_bytes_max: u64,
    /// How long a graceful stop waits for requests that are being answered, in milliseconds.
    pub stop_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            header_bytes_max: 16 * 1024,
            header_read_ms: 10_000,
            body_read_ms: 20_000,
            idle_ms: 30_000,
            connections_max: 10_000,
            connections_per_address_max: 200,
            waiting_per_account_max: 1_000,
            outgoing_connect_ms: 5_000,
            outgoing_total_ms: 15_000,
            outgoing_answer_bytes_max: 64 * 1024,
            stop_ms: 10_000,
        }
    }
}

/// A configured limit beyond its hard cap, or zero.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limits.{name} is {value}; it must be between 1 and {cap}")]
pub struct LimitOutOfRange {
    pub name: &'static str,
    pub value: u64,
    pub cap: u64,
}

impl Limits {
    /// # Errors
    /// The first limit that is zero or beyond its hard cap.
    pub fn check(&self) -> Result<(), LimitOutOfRange> {
        let rows = [
            ("body_bytes_max", self.body_bytes_max, 4 * 1024 * 1024),
            ("header_bytes_max", self.header_bytes_max, 64 * 1024),
            ("header_read_ms", self.header_read_ms, 60_000),
            ("body_read_ms", self.body_read_ms, 60_000),
            ("idle_ms", self.idle_ms, 60_000),
            ("connections_max", self.connections_max, 100_000),
            ("connections_per_address_max", self.connections_per_address_max, 100_000),
            ("waiting_per_account_max", self.waiting_per_account_max, 100_000),
            ("outgoing_connect_ms", self.outgoing_connect_ms, 30_000),
            ("outgoing_total_ms", self.outgoing_total_ms, 30_000),
            ("outgoing_answer_bytes_max", self.outgoing_answer_bytes_max, 1024 * 1024),
            ("stop_ms", self.stop_ms, 60_000),
        ];
        for (name, value, cap) in rows {
            if value == 0 || value > cap {
                return Err(LimitOutOfRange { name, value, cap });
            }
        }
        Ok(())
    }
}

/// Request headers that are accepted, in number.
pub const HEADERS_MAX: usize = 100;
/// Fields of a form that are read, in number.
pub const FORM_FIELDS_MAX: usize = 5_000;
/// Depth of nested JSON that is read.
pub const JSON_DEPTH_MAX: usize = 32;
/// Values in one JSON message, in number.
pub const JSON_VALUES_MAX: usize = 20_000;
/// Characters of one number in JSON.
pub const JSON_NUMBER_CHARS_MAX: usize = 64;
/// Depth of nested XML that is read.
pub const XML_DEPTH_MAX: usize = 32;
/// Elements in one XML message, in number.
pub const XML_ELEMENTS_MAX: usize = 20_000;
/// Attributes of one element in XML, in number.
pub const XML_ATTRIBUTES_MAX: usize = 64;
/// Questions that a gateway may be asked about one notification, one after the other.
pub const ASKS_MAX: usize = 4;
/// Characters of a message the owner writes to a customer.
pub const MESSAGE_CHARS_MAX: usize = 20_000;
/// Copies of one notification whose time is kept; further ones are only counted.
pub const COPIES_KEPT_MAX: u32 = 100;
/// A copy of a notification that is news makes its gateway asked again, at most this often, in seconds.
pub const NEWS_ASKED_EVERY_SECONDS: i64 = 5;
/// Looks at one notification whose answers are kept; older ones make room.
pub const ANSWERED_LOOKS_KEPT_MAX: u32 = 50;
/// Forged notifications kept for one account; older ones make room.
pub const FORGED_KEPT_PER_ACCOUNT_MAX: u32 = 500;
/// Notifications without a proof of their own that one address may send at once, and in a second after that (T-G07).
///
/// Loose on purpose. One gateway sends for all its merchants from a few addresses, and repeats a day's worth after an
/// outage; whoever is stopped here hears 503 and comes again, but a gateway that hears it often gives up or switches
/// the address off. A flood does little harm meanwhile: taking a notification costs less than a millisecond, and how
/// many may wait is limited for each account. So this only has to stop what no gateway would send.
pub const UNPROVEN_BURST_PER_ADDRESS: u32 = 1_000;
pub const UNPROVEN_PER_ADDRESS_A_SECOND: u32 = 200;
/// Log-in attempts for one account within [`LOGIN_WINDOW_MINUTES`].
pub const LOGIN_ATTEMPTS_PER_ACCOUNT_MAX: u32 = 10;
/// Log-in attempts from one address within [`LOGIN_WINDOW_MINUTES`].
pub const LOGIN_ATTEMPTS_PER_ADDRESS_MAX: u32 = 30;
pub const LOGIN_WINDOW_MINUTES: i64 = 15;
pub const SESSION_IDLE_MINUTES: i64 = 30;
pub const SESSION_ABSOLUTE_HOURS: i64 = 12;
/// One-time codes (first set-up, log-in link) are good for this long.
pub const ONE_TIME_CODE_MINUTES: i64 = 60;
/// Mails to one customer's address that go out within an hour, and within a day; further ones wait (T-E06).
pub const MAILS_PER_ADDRESS_AN_HOUR: i64 = 20;
pub const MAILS_PER_ADDRESS_A_DAY: i64 = 100;
/// Mails to the customer of one order, ever (T-E06).
pub const CUSTOMER_MAILS_PER_ORDER_MAX: i64 = 100;
/// Endpoints of one shop.
pub const ENDPOINTS_PER_SHOP_MAX: usize = 50;
/// Tries of one endpoint at the same time: what is usual, and what it may be set to.
pub const ENDPOINT_CONCURRENCY: u32 = 8;
pub const ENDPOINT_CONCURRENCY_MAX: u32 = 64;
/// Tries of one endpoint a second that may be set.
pub const ENDPOINT_RATE_MAX: u32 = 1_000;
/// Further headers of one endpoint, and characters of one value.
pub const ENDPOINT_HEADERS_MAX: usize = 20;
pub const ENDPOINT_HEADER_CHARS_MAX: usize = 1_000;
/// Failures in a row, whatever was answered, after which an endpoint is treated as one that cannot be reached.
pub const ENDPOINT_FAILURES_UNTIL_DOWN: u32 = 10;
/// An endpoint that cannot be reached is left alone for a while: two seconds at first, at most ...
pub const ENDPOINT_REST_SECONDS_MAX: i64 = 300;
/// An endpoint to which nothing has arrived for so many days is paused, and its owner told.
pub const ENDPOINT_FAILS_DAYS_MAX: i64 = 3;
/// How long a key that was replaced signs beside the new one, in hours.
pub const KEY_OVERLAP_HOURS: i64 = 24;
/// The longest that may be asked for.
pub const KEY_OVERLAP_HOURS_MAX: i64 = 720;
/// Attempts of one delivery that are kept.
pub const DELIVERY_ATTEMPTS_KEPT_MAX: u32 = 100;
/// How much of a receiver's reply is kept, in bytes.
pub const REPLY_BYTES_KEPT: usize = 1_024;
/// Longest pause that a receiver can ask for with `Retry-After`, in seconds.
pub const RETRY_AFTER_SECONDS_MAX: i64 = 24 * 3_600;
/// Rows of a page of a list.
pub const PAGE_ROWS_MAX: u32 = 200;
/// Workers are woken at once and look again every few seconds. A queue in which something has been due for longer than
/// this stands still, in seconds.
pub const DUE_SECONDS_MAX: i64 = 60;
/// How often it is looked whether one stands still, in seconds.
pub const STANDSTILL_LOOK_SECONDS: u64 = 10;
/// After so many looks in a row that found one standing still, its owner is told. Together with the first of them less
/// than a minute after the limit has passed.
pub const STANDSTILL_LOOKS: u32 = 4;
/// How long a gateway is asked whether a notification is genuine before the owner has to look, in hours.
pub const CHECK_HOURS_MAX: i64 = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_caps_and_going_beyond_is_said() {
        assert_eq!(Limits::default().check(), Ok(()));
        let limits = Limits { body_bytes_max: 5 * 1024 * 1024, ..Limits::default() };
        assert_eq!(limits.check().unwrap_err().name, "body_bytes_max");
        assert!(Limits { idle_ms: 0, ..Limits::default() }.check().is_err());
    }
}
