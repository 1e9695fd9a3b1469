//! The identities that only the classic notification has to make: those of subscriptions. All others are shared
//! with PayPal's other ways of telling ([`crate::paypal::identity`]).

use super::message::Message;
use crate::kit::dates;
use crate::paypal::identity::last_word;
use ipnd_core::EventKind;

pub(super) use crate::paypal::identity::{
    of_adjustment, of_agreement, of_dispute, of_payout, of_transaction,
};

/// Of an event in the life of a subscription. It begins, is cancelled and ends once; everything else can happen again
/// and is told apart by the date that PayPal gives it, and by the message's track id where there may be no date.
pub(super) fn of_subscription(kind: EventKind, subscription: &str, message: &Message) -> String {
    let mut identity = format!("subscription/{subscription}/{}", last_word(kind));
    if happens_once(kind) {
        return identity;
    }
    let date = ["retry_at", "subscr_effective", "subscr_date"].iter().find_map(|name| message.get(name));
    let parts = match date {
        Some(date) => [Some(moment(date)), None],
        None => {
            let next = message.get("next_payment_date").and_then(dates::parse);
            [next.map(|next| next.to_string()), message.text("ipn_track_id")]
        }
    };
    for part in parts.into_iter().flatten() {
        identity.push('/');
        identity.push_str(&part);
    }
    identity
}

pub(super) fn happens_once(kind: EventKind) -> bool {
    use EventKind::{SubscriptionCancelled, SubscriptionEnded, SubscriptionStarted};
    matches!(kind, SubscriptionStarted | SubscriptionCancelled | SubscriptionEnded)
}

/// A date in one spelling, or its text when it cannot be read.
fn moment(date: &str) -> String {
    dates::parse(date).map_or_else(|| date.to_owned(), |at| at.to_string())
}
