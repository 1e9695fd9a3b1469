//! The replies that most gateways want to hear.

use crate::{Outcome, RawRequest, Reply, Settings};
use jiff::Timestamp;

/// An empty 200 for whatever was kept; an empty 400 for what is not acceptable. A refusal says nothing about its
/// reason: whoever sent the request has not proved to be the gateway.
#[must_use]
pub fn empty(_: &RawRequest, _: &Settings, outcome: Outcome, _: Timestamp) -> Reply {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate | Outcome::Probed => Reply::empty(200),
        Outcome::Refused => Reply::empty(400),
    }
}

/// The same with `OK` as the text.
#[must_use]
pub fn ok(_: &RawRequest, _: &Settings, outcome: Outcome, _: Timestamp) -> Reply {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate | Outcome::Probed => Reply::text(200, "OK"),
        Outcome::Refused => Reply::empty(401),
    }
}
