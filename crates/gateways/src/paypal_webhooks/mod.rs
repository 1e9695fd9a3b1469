//! PayPal's webhooks tell in JSON what happened at its REST API: captures, refunds, disputes, subscriptions, payouts.
//! They come from the app that made the payment, so they suit a shop whose checkout uses PayPal's newer interfaces.
//! Whatever is told here and by the classic notification (IPN) as well counts once.
//!
//! ## Setting it up
//!
//! 1. In PayPal's developer dashboard (developer.paypal.com) open *Apps & Credentials*, choose *Live* or *Sandbox*, and
//!    open the app that your shop uses.
//! 2. Under *Webhooks* choose *Add Webhook*, paste the intake address that ipnd shows for this account, and choose *All
//!    events*.
//! 3. PayPal then shows the webhook's ID. Enter it here; without it no signature can be checked.
//! 4. Enter the app's client ID and secret, too. PayPal's signature alone proves too little (see *How it signs*), and
//!    with them ipnd asks PayPal about every message before an order counts as paid. Without them, every payment is put
//!    to you as a question.
//!
//! ## What it sends
//!
//! | event type | event here |
//! |---|---|
//! | `PAYMENT.CAPTURE.COMPLETED`, `PAYMENT.SALE.COMPLETED` | `payment.completed`; with a subscription where `billing_agreement_id` names one |
//! | `PAYMENT.CAPTURE.PENDING`, `PAYMENT.SALE.PENDING` | `payment.pending` |
//! | `PAYMENT.CAPTURE.DECLINED`, `.DENIED`, `PAYMENT.SALE.DENIED` | `payment.denied` |
//! | `PAYMENT.AUTHORIZATION.CREATED`, `.VOIDED` | `payment.authorized`, `payment.voided` |
//! | `CHECKOUT.ORDER.APPROVED`, `PAYMENT.ORDER.CREATED` | `payment.ordered`: approved by the customer, not paid |
//! | `CHECKOUT.ORDER.VOIDED`, `PAYMENT.ORDER.CANCELLED` | `payment.voided` |
//! | `PAYMENT.CAPTURE.REFUNDED`, `PAYMENT.SALE.REFUNDED`, `PAYMENT.REFUND.*` | by status: `refund.completed`, `refund.pending`, `refund.failed` |
//! | `PAYMENT.CAPTURE.REVERSED`, `PAYMENT.SALE.REVERSED` | `reversal.made` |
//! | `CUSTOMER.DISPUTE.CREATED`, `.UPDATED` | `dispute.opened`, `dispute.updated` |
//! | `CUSTOMER.DISPUTE.RESOLVED` | by outcome: `dispute.lost` (buyer's favour, accepted), `dispute.won` (seller's favour, with payout, cancelled, denied) |
//! | `BILLING.SUBSCRIPTION.ACTIVATED`, `.UPDATED`, `.RE-ACTIVATED` | `subscription.started`, `subscription.modified` |
//! | `BILLING.SUBSCRIPTION.SUSPENDED`, `.CANCELLED`, `.EXPIRED` | `subscription.suspended`, `subscription.cancelled`, `subscription.ended` |
//! | `BILLING.SUBSCRIPTION.PAYMENT.FAILED` | `subscription.payment_failed` |
//! | `PAYMENT.PAYOUTS-ITEM.*` | by status: `payout.completed`, `payout.pending`, `payout.failed` |
//!
//! Plans, products, invoices, stored cards, and orders that are told again by their captures are kept, and nothing
//! follows from them. The order is found by `invoice_id` or `invoice_number`, else by `custom_id` or `custom`.
//!
//! ## How it signs
//!
//! With RSA (PKCS#1 v1.5, SHA-256), in `PAYPAL-TRANSMISSION-SIG`. What is signed is the transmission's id, its time, the
//! webhook's id and the CRC-32 of the body, with `|` between them. The certificate is named by `PAYPAL-CERT-URL`. It is
//! fetched from PayPal's own host alone, must have been valid at the transmission's time, be made out to
//! `messageverificationcerts.paypal.com` (or its sandbox), and hang from one of three roots that ipnd carries with it.
//!
//! A CRC-32 is no protection: whoever has caught one genuine message can make another body with the same checksum in a
//! moment. So the signature only opens the door. With the app's access data, ipnd then reads the payment, refund, dispute
//! or subscription from PayPal's API and believes that record alone; a message with another amount or another order is
//! refused. Without them, nothing is paid until you say so. A transmission may be four days old; older ones are accepted
//! only where the API can confirm them.
//!
//! ## What it expects back
//!
//! An empty 200, soon. Everything else makes PayPal send it again.
//!
//! ## Retries
//!
//! Within minutes at first, several times on the first day; 25 times over three days, by what is commonly said. Any
//! message can be sent again from the developer dashboard.
//!
//! ## Quirks
//!
//! * The simulator on the developer site signs with the webhook id `WEBHOOK_ID` and PayPal's live certificate, and its
//!   payments do not exist. Accounts of the sandbox environment accept it, and ask you about what it says.
//! * The amount of a refund is positive in the newer resources and negative in the older ones (`sale`), whose status
//!   stays `completed` although the money went back.
//! * A refund names its payment only in a link.
//! * Dates can be invalid (`2018-19-12`). They do not matter.
//! * A message can come before its record can be read from the API; ipnd asks again.
//! * Captures do not name the customer, and say who received the money only now and then. Where they do not, it is the
//!   account whose webhook id is in the signature.
//! * PayPal gives out its certificate without the one between it and the root. Should PayPal change its authority before
//!   ipnd knows the new one, messages wait, and the missing certificate can be entered in the settings.
//!
//! ## Sources
//!
//! PayPal's guide to webhooks and its list of event names; its OpenAPI descriptions on GitHub (February 2024); PayPal's
//! SDKs for Python, Node.js and .NET and their issues; genuine messages of 2015 and 2024 with their certificates; read in
//! November 2026.

mod confirm;
mod read;
mod settings;
mod signed;
#[cfg(test)]
mod tests;
mod topic;
mod write;

use crate::kit::json::Json;
use crate::kit::reply;
use crate::{
    AskedAnswer, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Resumed, Settings,
    Wants,
};
use confirm::{Access, Claim};
use ipnd_core::{EventKind, Reason};
use jiff::Timestamp;
use signed::{Headers, SIMULATOR_ID};
pub(crate) use signed::{SANDBOX_CERTIFICATE, signed as signed_for_sandbox};
use topic::{Topic, topic};

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "paypal-webhooks",
    name: "PayPal (webhooks)",
    family: "paypal",
    proof: Proof::Weak,
    covers: Covers::Fields(&["paypal-transmission-id", "paypal-transmission-time"]),
    documentation: include_str!("mod.rs"),
    settings: settings::SETTINGS,
    receivers: Some("receivers"),
    tells: TELLS,
    // 25 times over three days: quickly at first, then about every four hours.
    retries: &[
        60, 120, 240, 480, 960, 1_800, 3_600, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000,
        14_000, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000, 14_000,
    ],
    repeats: Repeats::AreCopies,
    receive,
    resume: Some(resume),
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose: write::compose,
    answer: Some(write::answer),
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentOrdered,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentDenied,
    EventKind::PaymentVoided,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::DisputeOpened,
    EventKind::DisputeUpdated,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
    EventKind::PayoutPending,
    EventKind::PayoutCompleted,
    EventKind::PayoutFailed,
];

/// Where PayPal's API and its certificates are.
struct ApiHosts {
    live: &'static str,
    sandbox: &'static str,
    live_certificates: &'static str,
    sandbox_certificates: &'static str,
}

const API_HOSTS: ApiHosts = ApiHosts {
    live: "https://api-m.paypal.com",
    sandbox: "https://api-m.sandbox.paypal.com",
    live_certificates: "https://api.paypal.com",
    sandbox_certificates: "https://api.sandbox.paypal.com",
};

/// Looks at the headers alone: the certificate has to be fetched before anything is proved.
fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match Headers::read(request, settings, now) {
        Ok(headers) if headers.is_stale() && Access::of(settings).is_none() => Received::Refused(stale()),
        Ok(headers) => Received::Ask(headers.ask()),
        Err(reason) => Received::Refused(reason),
    }
}

fn stale() -> Reason {
    Reason::new("timestamp_stale", "more than four days")
}

fn resume(request: &RawRequest, settings: &Settings, answers: &[AskedAnswer], now: Timestamp) -> Resumed {
    match proceed(request, settings, answers, now) {
        Ok(resumed) | Err(resumed) => resumed,
    }
}

/// The certificate, then a token, then the record. `Err` is how it ends early.
fn proceed(
    request: &RawRequest,
    settings: &Settings,
    answers: &[AskedAnswer],
    now: Timestamp,
) -> Result<Resumed, Resumed> {
    let headers = Headers::read(request, settings, now).map_err(Resumed::NotYetKnown)?;
    let Some((certificate, answers)) = answers.split_first() else {
        return Ok(Resumed::Ask(headers.ask()));
    };
    let (verified, signed_by) = headers.verify(request, settings, certificate)?;
    let nothing = |reason| Resumed::Genuine(Interpretation::nothing(reason));
    let message = Json::of(verified).map_err(nothing)?;
    let event_type = message.text("event_type").unwrap_or_default();
    let topic = topic(event_type);
    match topic {
        Topic::Nothing => return Err(nothing(Reason::new("nothing_to_do", event_type))),
        Topic::Unknown => return Err(nothing(Reason::new("unknown_type", event_type))),
        _ => {}
    }
    let resource = message.at("resource");
    let event = read::event(topic, resource, settings).map_err(nothing)?;
    // What the simulator tells of does not exist, so there is no record of it.
    let access = Access::of(settings).filter(|_| signed_by != SIMULATOR_ID);
    match (access, topic.path(resource)) {
        (Some(access), Some(path)) => {
            access.proceed(request, &Claim { topic, resource, event }, &path, answers)
        }
        _ if headers.is_stale() => Err(Resumed::Forged(stale())),
        _ => Ok(Resumed::Genuine(Interpretation::event(event).at_most(Proof::Weak))),
    }
}
