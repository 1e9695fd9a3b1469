#![doc = include_str!("documentation.md")]

mod checkout;
mod classify;
mod compose;
mod customer;
mod fields;
mod identity;
mod interpret;
mod items;
mod message;
mod payouts;
mod receive;

use crate::kit::reply;
use crate::paypal::postback;
use crate::paypal::settings::{POSTBACK_URL, RECEIVERS};
use crate::{Covers, Gateway, Proof, Repeats, Setting, Wants};
use ipnd_core::EventKind;

pub const GATEWAY: Gateway = Gateway {
    id: "paypal-ipn",
    name: "PayPal (IPN)",
    family: "paypal",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("documentation.md"),
    settings: SETTINGS,
    receivers: Some("receivers"),
    tells: TELLS,
    retries: postback::RETRIES,
    repeats: Repeats::AreCopies,
    receive: receive::receive,
    resume: Some(receive::resume),
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose: compose::compose,
    answer: Some(postback::answer),
    checkout: Some(checkout::checkout),
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentOrdered,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentDenied,
    EventKind::PaymentFailed,
    EventKind::PaymentVoided,
    EventKind::PaymentExpired,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionPaymentSkipped,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
    EventKind::AgreementStarted,
    EventKind::AgreementCancelled,
    EventKind::PayoutPending,
    EventKind::PayoutCompleted,
    EventKind::PayoutFailed,
];

const SETTINGS: &[Setting] = &[RECEIVERS, POSTBACK_URL];
