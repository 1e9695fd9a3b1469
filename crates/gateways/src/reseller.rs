//! What the two German resellers, CopeCart and Digistore24, have in common: German time, an order that is named by its
//! seller or by the shop, and subscriptions that are named after the order and the product.

use crate::kit::mac;
use ipnd_core::Event;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// German time by the rules of the European Union.
const GERMAN_TIME: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// A date without a zone, which is taken for German time.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    let local: DateTime = text.parse().ok()?;
    TimeZone::posix(GERMAN_TIME).ok()?.to_timestamp(local).ok()
}

/// German time in the manner of `strftime`.
pub(crate) fn write_time(at: Timestamp, format: &str) -> String {
    let german = TimeZone::posix(GERMAN_TIME).expect("a valid POSIX time zone");
    strtime::format(format, &at.to_zoned(german)).expect("a time with a zone has all these parts")
}

/// The day so many days later.
pub(crate) fn write_day_after(at: Timestamp, days: i64) -> String {
    write_time(at.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(at), "%Y-%m-%d")
}

/// The order and the product in the name of a subscription or of a payment's parent, where the event has one that is
/// made of them. `is_own_reference` says that the shop's own number names the order, so the seller's is not known.
pub(crate) fn order_and_product(event: &Event, is_own_reference: bool) -> Option<(&str, &str)> {
    let named = event.subscription.as_deref().or(event.parent.as_deref())?;
    match event.order_ref.as_deref().filter(|_| !is_own_reference) {
        Some(order) => Some((order, named.strip_prefix(order)?.strip_prefix('-')?)),
        None => named.rsplit_once('-'),
    }
}

/// Whether a message about this event is about a plan.
pub(crate) fn is_plan(event: &Event) -> bool {
    event.subscription.is_some() || !event.kind.concerns_an_order()
}

/// What the event keeps of a message that told of it before: `name=value; name=value`.
pub(crate) fn said<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    let reason = event.reason.as_deref()?;
    mac::parts(reason, ';').find(|(own, _)| *own == name).map(|(_, value)| value)
}
