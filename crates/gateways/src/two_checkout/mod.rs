//! 2Checkout (Verifone, once Avangate) tells a shop about each step of an order with an *instant payment notification*:
//! a form of up to a hundred fields, signed over the lengths and values of all of them, which wants a signed answer.
//!
//! ## Setting it up
//!
//! 1. In the Control Panel open *Integrations*, *Webhooks & API*, and copy the *secret key* and the *merchant code*
//!    into this account.
//! 2. In *IPN settings* add the intake address that ipnd shows for this account. 2Checkout looks at once whether it
//!    answers. Choose every trigger.
//! 3. Tick the parameters `REFNO`, `REFNOEXT`, `ORDERSTATUS`, `CURRENCY`, `IPN_TOTALGENERAL`, `CHARGEBACK_RESOLUTION`,
//!    `TEST_ORDER` and `FRAUD_STATUS`: without them a message is refused, and the refusal names what is missing. Tick
//!    all others you want to see, the dates and `TIMEZONE_OFFSET` above all.
//! 4. Give your order number to 2Checkout as the external reference (`REFNOEXT`). Without one, `REFNO` stands for it.
//! 5. With the merchant code, ipnd asks 2Checkout about each order a message is about and believes it then. Without it
//!    every payment is put to you as a question, unless you choose to believe unconfirmed messages.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `PENDING`, `PURCHASE_PENDING`, `PENDING_APPROVAL`, `PENDING_ORDER_APPROVAL`, `SUSPECT`, `PAYMENT_AUTHORIZED`, `AUTHRECEIVED` | `payment.pending` |
//! | `PAYMENT_RECEIVED`, `COMPLETE` | `payment.completed` |
//! | `CANCELED`, `INVALID` | `payment.failed` |
//! | `FRAUD_STATUS` is `DENIED` | `payment.denied` |
//! | `REFUND` | `refund.completed` |
//! | `REVERSED` | `payment.voided` and `refund.completed`: what does not fit what came before has no effect |
//! | `CHARGEBACK_RESOLUTION` is `WON` | `dispute.won` |
//! | ... `LOST`, `ACCEPTED` | `dispute.lost` |
//! | ... anything else but `NONE` | `reversal.made` and `dispute.opened` |
//!
//! A renewal is an order of its own. Which subscription it belongs to is in no field that can be relied on.
//!
//! ## How it signs
//!
//! For every field in the sequence of the form, the number of bytes of its value and the value; all values of `X[]` where
//! the first of them stands. Over this text, HMAC with the secret key: `SIGNATURE_SHA3_256`, `SIGNATURE_SHA2_256`, and
//! `HASH` with MD5. The strongest one that is there decides. Old accounts send only `HASH`. That is accepted until
//! *Refuse MD5* is switched on: nobody can forge an HMAC with MD5 either, and an account that sends nothing else would be
//! cut off.
//!
//! What is **not** signed is the names, and where one value ends: `1` and `0` read the same as ten bytes to come. Who
//! has seen a genuine message could give its values other names, or cut them elsewhere, and the signature would still
//! fit (T-A16, T-A17). So the names that decide anything must be there, once, in 2Checkout's sequence and with values
//! of the right form, but that makes it hard and not impossible. A message is therefore taken for weak until 2Checkout's
//! own record of the order bears it out. The record says nothing of chargebacks: these you are asked about.
//!
//! ## What it expects back
//!
//! Status 200 with `<sig algo="sha3-256" date="...">...</sig>` (`sha256` likewise), or `<EPAYMENT>date|...</EPAYMENT>` for
//! MD5: the HMAC, by the algorithm of the message, over length and value of its first `IPN_PID[]`, first `IPN_PNAME[]`,
//! `IPN_DATE` and the date of the answer. A look by GET is answered with 200.
//!
//! ## Retries
//!
//! Twice within five minutes, four times every quarter of an hour, then hourly, for two days.
//!
//! ## Quirks
//!
//! * Times are local, at the offset in `TIMEZONE_OFFSET`. `IPN_DATE` and `MESSAGE_ID` are new in every copy of a message.
//!   So refunds and chargebacks, which have no date of their own, are told without one.
//! * `IPN_TOTALGENERAL` of a refund is the order's total. An order goes on from `REFUND` to `REVERSED`: it is the same
//!   money, so what is refunded is taken for the sum so far.
//! * `MESSAGE_TYPE` and `REFUND_TYPE` depend on the way of paying, are not documented in full, and decide nothing.
//! * The commission has four decimal places. It is told as the fee only where the currency can say it.
//! * 2Checkout's API wants the time in its password. If it does not let ipnd in, the message stays unconfirmed.
//!
//! ## Sources
//!
//! 2Checkout's documentation of the IPN, its answer, its failure recovery and the REST API 6.0; its PHP, Python, C# and
//! WooCommerce code; read in November 2026.

mod api;
mod compose;
mod interpret;
mod message;
mod settings;

use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::{
    Covers, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Repeats, Reply, Settings, Wants,
};
use ipnd_core::{EventKind, Reason};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use message::{DECISIVE, Message};

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "2checkout",
    name: "2Checkout",
    family: "2checkout",
    proof: Proof::Weak,
    covers: Covers::Fields(&DECISIVE),
    documentation: include_str!("mod.rs"),
    settings: settings::SETTINGS,
    receivers: None,
    tells: TELLS,
    retries: &RETRIES,
    repeats: Repeats::AreCopies,
    receive,
    resume: Some(api::resume),
    reply,
    wants: Wants::Reply,
    compose: compose::compose,
    answer: Some(api::answer),
    checkout: None,
};

/// Twice within five minutes, four times every quarter of an hour, then hourly until two days are over.
const RETRIES: [u32; 52] = {
    let mut pauses = [3_600; 52];
    (pauses[0], pauses[1]) = (120, 180);
    (pauses[2], pauses[3], pauses[4], pauses[5]) = (900, 900, 900, 900);
    pauses
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentDenied,
    EventKind::PaymentVoided,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
];

/// A way of signing: the field it stands in, and how the answer names it.
#[derive(Debug)]
struct Scheme {
    field: &'static str,
    mac: Mac,
    /// Empty for the old form of the answer.
    answer: &'static str,
}

/// The strongest first.
const SCHEMES: [Scheme; 3] = [
    Scheme {
        field: "SIGNATURE_SHA3_256",
        mac: Mac::new(Algorithm::HmacSha3_256, Encoding::HexAnyCase),
        answer: "sha3-256",
    },
    Scheme {
        field: "SIGNATURE_SHA2_256",
        mac: Mac::new(Algorithm::HmacSha256, Encoding::HexAnyCase),
        answer: "sha256",
    },
    Scheme { field: "HASH", mac: Mac::new(Algorithm::HmacMd5, Encoding::HexAnyCase), answer: "" },
];

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    if matches!(request.method.as_str(), "GET" | "HEAD") {
        return Received::Probe;
    }
    match verify(request, settings).and_then(|proved| proved.told()) {
        Ok(interpretation) => match api::ask(&interpretation, settings, now) {
            Some(ask) => Received::Ask(ask),
            None => Received::Proven(interpretation),
        },
        Err(reason) => Received::Refused(reason),
    }
}

/// A message that carries the right signature, with what its answer has to be signed with.
struct Proved<'a, 's> {
    /// What is proved.
    message: Message<'a>,
    scheme: &'static Scheme,
    secret: &'s str,
}

fn verify<'a, 's>(request: &'a RawRequest, settings: &'s Settings) -> Result<Proved<'a, 's>, Reason> {
    request.must_be_posted()?;
    let message = Message::read(&request.body)?;
    message.has_each_name_once()?;
    let present = SCHEMES.iter().find_map(|scheme| Some((scheme, message.text(scheme.field)?)));
    let (scheme, given) = present.ok_or_else(|| Reason::new("signature_missing", SCHEMES[0].field))?;
    if scheme.mac.algorithm == Algorithm::HmacMd5 && settings.is_on("refuse_md5") {
        return Err(Reason::new("algorithm_refused", "MD5"));
    }
    let mut refusal = Reason::new("secret_unusable", "secret_key");
    for text in message.signed_texts() {
        for secret in settings.secrets("secret_key") {
            match scheme.mac.verify(request, [secret], &[&text], given) {
                // It is the whole body that was proved, and the message was read from nothing else.
                Ok(_) => return Ok(Proved { message, scheme, secret }),
                Err(reason) => refusal = reason,
            }
        }
    }
    Err(refusal)
}

impl Proved<'_, '_> {
    /// What the message says, as far as it can be believed without asking.
    fn told(&self) -> Result<Interpretation, Reason> {
        let message = &self.message;
        // The vendor's own code demands it. What has none is no order, and nobody's mistake.
        if message.text("REFNO").is_none() {
            return Ok(Interpretation::nothing(Reason::new("field_missing", "REFNO")).at_most(Proof::Weak));
        }
        message.is_laid_out_as_known()?;
        let read = interpret::events(message);
        Ok(read.map_or_else(Interpretation::nothing, Interpretation::events).at_most(Proof::Weak))
    }
}

/// The signed answer, by the algorithm and with the secret of the message.
fn reply(request: &RawRequest, settings: &Settings, outcome: Outcome, now: Timestamp) -> Reply {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate => {}
        Outcome::Probed => return Reply::empty(200),
        Outcome::Refused => return Reply::empty(400),
    }
    let Ok(proved) = verify(request, settings) else { return Reply::empty(200) };
    let date = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
    let first = |name: &str| proved.message.first(name).unwrap_or_default();
    let answered = [first("IPN_PID[]"), first("IPN_PNAME[]"), first("IPN_DATE"), date.as_bytes()];
    let text = message::with_lengths(answered);
    let hash = proved.scheme.mac.sign(proved.secret.as_bytes(), &[&text]);
    Reply::text(
        200,
        match proved.scheme.answer {
            "" => format!("<EPAYMENT>{date}|{hash}</EPAYMENT>"),
            algorithm => format!("<sig algo=\"{algorithm}\" date=\"{date}\">{hash}</sig>"),
        },
    )
}

#[cfg(test)]
mod tests;
