//! Adaptive Payments was PayPal's way for one customer to pay several receivers at once: a marketplace and its vendors,
//! say. It takes no new users, and goes on for those who have it. Its messages go only to the address that the payment
//! request named, and look different from the [classic notifications](paypal-ipn.md).
//!
//! ## Setting it up
//!
//! 1. Enter every e-mail address, and the merchant ID, of your own PayPal account as receivers here. They decide which
//!    part of a payment is yours.
//! 2. Have your program send the intake address of this account as `ipnNotificationUrl` with every `Pay` and
//!    `Preapproval` request. The address in PayPal's account settings is not used for these messages.
//! 3. Have it put your order number into `invoiceId` of the receiver, or into `trackingId` of the request.
//! 4. If classic notifications come too, give them an account of their own (*PayPal (IPN)*). What both tell of counts
//!    once.
//!
//! ## What it sends
//!
//! An ordinary form by `POST`. `transaction_type` says what it is about; every receiver has variables of its own, whose
//! names have brackets and a dot: `transaction[0].amount`, written as they are or as `transaction%5B0%5D.amount`.
//!
//! | message | told by | event here, for each receiver that is yours |
//! |---|---|---|
//! | payment | `Adaptive Payment PAY`, the transaction `Completed` | `payment.completed` |
//! | payment that waits | the transaction `Pending`, `PROCESSING`, `CREATED`, or not there yet | `payment.pending` |
//! | payment refused | the transaction `DENIED` or `FAILED` | `payment.denied`, `payment.failed` |
//! | request failed | `status` `ERROR` | `payment.failed` |
//! | refund | `Adjustment`, the transaction `Refunded` or `PARTIALLY_REFUNDED`, or `reason_code` `Refund` | `refund.completed` |
//! | money taken back | `Adjustment`, the transaction `REVERSED`, or `reason_code` `Chargeback Settlement` or `Admin reversal` | `reversal.made` |
//! | permission for later payments | `Adaptive Payment PREAPPROVAL`, `ACTIVE` and approved | `agreement.started` |
//! | permission withdrawn | `CANCELED`, `DEACTIVED` | `agreement.cancelled` |
//!
//! Everything else is kept and has no effect; classic notifications, too.
//!
//! **Parallel payments.** Every receiver of yours gives an event of its own, with its own amount, transaction and order
//! number. Those that pay the same order add up there. What other receivers get is nobody's money here.
//!
//! **Chained payments.** The customer pays the primary receiver, who passes parts on. If the primary receiver is you, its
//! amount counts, and nothing is added to it. If you are one of the others, your own part counts.
//!
//! **Delayed chained payments.** The request stays `INCOMPLETE` until the others are paid. The primary receiver's payment
//! counts from its first message on.
//!
//! If no receiver is yours, you are asked.
//!
//! ## How it signs
//!
//! As the classic notification: not at all. The same bytes go back with `cmd=_notify-validate` in front, and PayPal answers
//! `VERIFIED` or `INVALID`. Live accounts ask `ipnpb.paypal.com`, sandbox accounts `ipnpb.sandbox.paypal.com`; the account
//! decides, never the message. Anything else means "not yet known" and is asked again.
//!
//! ## What it expects back
//!
//! An empty 200, within 20 seconds, and without a redirect.
//!
//! ## Retries
//!
//! Until it hears 200, PayPal repeats the message after 10 seconds, then after twice the pause each time, up to a day, for
//! about four days.
//!
//! ## Quirks
//!
//! * `status` is about the request and not about money: it is `COMPLETED` while every transaction waits for its receiver,
//!   and stays `COMPLETED` after a refund. What happened is told by the receiver's transaction.
//! * A transaction has no `id` before it is executed. Until then its payment is named by the request and the place in it
//!   (`AP-...:0`), which the later payment names as its parent.
//! * `payment_request_date` is when the payment was asked for; the customer may pay hours later. So a completed payment
//!   has no date here, and neither has a refund.
//! * Some refunds come without an id or an amount of their own. Then the amount is taken as what has gone back in all.
//! * Amounts carry their currency (`USD 5.00`). Whether `refund_amount` does is not documented; both are read.
//! * `tracking_id` in messages is `trackingId` in the documentation, `id_for_sender_txn` is `id_for_sender`.
//! * Whoever asks for a chained payment decides how much the primary receiver passes on. The full amount counts as paid.
//! * The sequence of the variables is random. Slashes may stand there unescaped.
//!
//! ## Sources
//!
//! PayPal's Adaptive Payments developer guide and its list of variables (developer.paypal.com, undated; read in 2026), its
//! SDKs for PHP and .NET with the messages in their tests, and messages of 2012 to 2015 published in the tests of
//! open-source shops.

mod compose;
mod fields;
mod interpret;
mod message;

use crate::kit::reply;
use crate::paypal::postback::{self, Messages};
use crate::paypal::settings::{POSTBACK_URL, RECEIVERS};
use crate::{
    AskedAnswer, Covers, Gateway, Proof, RawRequest, Received, Repeats, Resumed, Setting, Settings, Wants,
};
use ipnd_core::EventKind;
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "paypal-adaptive",
    name: "PayPal (Adaptive Payments)",
    family: "paypal",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("mod.rs"),
    settings: SETTINGS,
    receivers: Some("receivers"),
    tells: TELLS,
    retries: postback::RETRIES,
    repeats: Repeats::AreCopies,
    receive,
    resume: Some(resume),
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose: compose::compose,
    answer: Some(postback::answer),
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentCompleted,
    EventKind::PaymentDenied,
    EventKind::PaymentFailed,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::AgreementStarted,
    EventKind::AgreementCancelled,
];

const SETTINGS: &[Setting] = &[RECEIVERS, POSTBACK_URL];

const MESSAGES: Messages = Messages { is_known: fields::is_known, interpret: interpret::interpret };

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    MESSAGES.receive(request, settings)
}

fn resume(request: &RawRequest, settings: &Settings, answers: &[AskedAnswer], _: Timestamp) -> Resumed {
    MESSAGES.resume(request, settings, answers)
}
