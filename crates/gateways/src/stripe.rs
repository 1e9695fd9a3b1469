//! Stripe tells a shop what happened by *events*: one JSON object for each step in the life of a payment, a dispute, an
//! invoice or a subscription, signed with a secret of the address it is sent to.
//!
//! ## Setting it up
//!
//! 1. In Stripe's dashboard open *Developers*, *Webhooks* and add a destination of the type *Webhook endpoint*.
//! 2. Paste the intake address that ipnd shows for this account.
//! 3. Choose these events, or all of them: `payment_intent.*`, `checkout.session.*`, `charge.refunded`, `refund.*`,
//!    `charge.dispute.*`, `invoice.*`, `customer.subscription.*`, `payout.*`.
//! 4. Reveal the *signing secret* (`whsec_...`) and paste it here. Test mode and live mode have addresses and secrets
//!    of their own: make an account in ipnd for each.
//! 5. Put your order number into the metadata of the payment (`order_id`), or into `client_reference_id` of a
//!    Checkout session. Metadata of a session reach its payment only as `payment_intent_data[metadata]`.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `payment_intent.amount_capturable_updated` | `payment.authorized` |
//! | `payment_intent.processing`, `checkout.session.completed` while unpaid | `payment.pending` |
//! | `payment_intent.succeeded`, `checkout.session.completed` when paid, `checkout.session.async_payment_succeeded`, `invoice.paid`, `invoice.payment_succeeded` | `payment.completed` |
//! | `payment_intent.payment_failed`, `checkout.session.async_payment_failed` | `payment.failed` |
//! | `payment_intent.canceled` | `payment.voided` |
//! | `checkout.session.expired`, `charge.expired` | `payment.expired` |
//! | `charge.refunded` | `refund.completed`, with the sum of all refunds so far |
//! | `refund.failed`, `refund.updated` when failed | `refund.failed` |
//! | `charge.dispute.created` / `.updated` / `.closed` | `dispute.opened`, `dispute.updated`, `dispute.won`, `dispute.lost` |
//! | `invoice.payment_failed` | `subscription.payment_failed` |
//! | `customer.subscription.created` / `.updated` / `.paused` / `.deleted` | `subscription.*` |
//! | `payout.paid`, `payout.failed`, `payout.canceled` | `payout.*` |
//!
//! Everything else is kept and has no effect. The same money is told of by several messages: a payment intent, its
//! Checkout session and its charge. They carry the same payment intent and count once; `charge.succeeded` is
//! therefore passed over.
//!
//! ## How it signs
//!
//! `Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]`: HMAC-SHA256 over `t`, a full stop and the body, with the whole text
//! of the secret, `whsec_` included. One `v1` that fits is enough, so secrets can be changed without a gap. `v0` is a
//! false scheme on purpose and never accepted. A signature may be five minutes old or, for clocks, early.
//!
//! ## What it expects back
//!
//! Any 2xx, quickly. A redirect counts as a failure.
//!
//! ## Retries
//!
//! For three days with growing pauses, each time with a new signature; three times within hours in test mode.
//!
//! ## Quirks
//!
//! * Amounts are whole numbers of the smallest unit by Stripe's own table: MGA has none, ISK and UGX have two decimal
//!   places there although they have none.
//! * `charge.refunded` carries the sum of all refunds, not the last one.
//! * `invoice.paid` also comes for nothing at all, when a trial begins.
//! * A dispute that was only an inquiry ends as `warning_closed`: nothing was taken.
//! * Fees are in no message.
//!
//! ## Sources
//!
//! Stripe's documentation of webhooks, events and currencies; the official libraries for Python and Node; read in
//! November 2026.

mod compose;

use crate::kit::common_settings::{METADATA_KEY, SIGNING_SECRET};
use crate::kit::json::Json;
use crate::kit::mac::{self, Algorithm, Encoding, Mac};
use crate::kit::signed_time::USUAL;
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, reply, time};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Said, Setting,
    Settings, Wants,
};
use ipnd_core::{Currency, Customer, Environment, Event, EventKind, Money, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "stripe",
    name: "Stripe",
    family: "stripe",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("stripe.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // Stripe publishes only that it repeats for three days with growing pauses.
    retries: &[60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::empty,
    wants: Wants::AnySuccess,
    compose: compose::compose,
    answer: None,
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentVoided,
    EventKind::PaymentExpired,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::DisputeOpened,
    EventKind::DisputeUpdated,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionCancelled,
    EventKind::PayoutCompleted,
    EventKind::PayoutFailed,
];

const SETTINGS: &[Setting] = &[
    Setting {
        help: Said {
            en: "Stripe shows it at the webhook endpoint (whsec_...). While you change it, enter both, one a line.",
            de: "Stripe zeigt es beim Webhook-Endpunkt (whsec_...). Während Sie es wechseln, tragen Sie beide ein, \
                 eines pro Zeile.",
            es: "Stripe lo muestra en el endpoint del webhook (whsec_...). Mientras lo cambia, escriba los dos, uno \
                 por línea.",
            uk: "Stripe показує його біля адреси вебхука (whsec_...). Під час заміни впишіть обидва, по одному в \
                 рядку.",
        },
        sample: "whsec_sandboxOfIpndNobodysSecret00",
        ..SIGNING_SECRET
    },
    METADATA_KEY,
];

/// `v0` is deliberately fake, and only `v1` counts.
const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match verify(request, settings, now) {
        Ok(verified) => Received::Proven(interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings, now: Timestamp) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let header = request.only_header("stripe-signature")?;
    let named =
        |name: &'static str| mac::parts(header, ',').filter(move |part| part.0 == name).map(|part| part.1);
    let mut times = named("t");
    let (Some(signed_at), None) = (times.next(), times.next()) else {
        return Err(Reason::new("timestamp_missing", "stripe-signature"));
    };
    let text: [&[u8]; 3] = [signed_at.as_bytes(), b".", &request.body];
    let verified = MAC.verify_any(request, settings.secrets("signing_secret"), &text, named("v1"))?;
    USUAL.check(signed_at, now)?;
    Ok(verified)
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    match Json::of(verified) {
        Ok(message) => {
            Message { message: &message, object: message.at("data.object"), settings }.read().into()
        }
        Err(reason) => Interpretation::nothing(reason),
    }
}

/// An event of Stripe's with the object it is about.
struct Message<'a> {
    message: &'a Json<'a>,
    object: &'a Json<'a>,
    settings: &'a Settings,
}

impl Message<'_> {
    fn read(&self) -> Result<Event, Reason> {
        use EventKind::*;
        if self.message.text("object") == Some("v2.core.event") {
            return Err(Reason::new("nothing_to_do", "a thin event (v2)"));
        }
        let kind = self.message.text("type").ok_or_else(|| Reason::new("field_missing", "type"))?;
        let object = self.object;
        match kind {
            "payment_intent.amount_capturable_updated" => self.intent(PaymentAuthorized, "amount_capturable"),
            "payment_intent.processing" => self.intent(PaymentPending, "amount"),
            "payment_intent.succeeded" => self.intent(PaymentCompleted, "amount_received"),
            "payment_intent.payment_failed" => self.intent(PaymentFailed, "amount"),
            "payment_intent.canceled" => self.intent(PaymentVoided, "amount"),
            "charge.expired" => self.charge(PaymentExpired, "amount"),
            "charge.refunded" => self
                .charge(RefundCompleted, "amount_refunded")
                .map(|event| Event { amount_is_total: true, ..event }),
            "refund.failed" => self.refund(),
            "refund.updated" if object.text("status") == Some("failed") => self.refund(),
            "charge.dispute.created" => self.dispute(DisputeOpened),
            "charge.dispute.updated" => self.dispute(DisputeUpdated),
            "charge.dispute.closed" => match object.text("status") {
                Some("won" | "warning_closed") => self.dispute(DisputeWon),
                Some("lost") => self.dispute(DisputeLost),
                other => Err(Reason::new("unknown_status", other.unwrap_or_default())),
            },
            "checkout.session.completed" => match object.text("payment_status") {
                Some("paid" | "no_payment_required") => self.session(PaymentCompleted),
                Some("unpaid") => self.session(PaymentPending),
                other => Err(Reason::new("unknown_status", other.unwrap_or_default())),
            },
            "checkout.session.async_payment_succeeded" => self.session(PaymentCompleted),
            "checkout.session.async_payment_failed" => self.session(PaymentFailed),
            "checkout.session.expired" => self.session(PaymentExpired),
            "invoice.paid" => self.invoice(),
            // The older message of the two; the same invoice counts once. It may also tell of a part.
            "invoice.payment_succeeded" if object.text("status") == Some("paid") => self.invoice(),
            "invoice.payment_failed" => self.invoice_failed(),
            "customer.subscription.created" => match object.text("status") {
                Some("active" | "trialing") => self.subscription(SubscriptionStarted),
                Some(status) => {
                    self.subscription(PaymentPending).map_err(|_| Reason::new("nothing_to_do", status))
                }
                None => Err(Reason::new("field_missing", "status")),
            },
            "customer.subscription.updated" | "customer.subscription.resumed" => {
                self.subscription(SubscriptionModified)
            }
            "customer.subscription.paused" => self.subscription(SubscriptionSuspended),
            "customer.subscription.deleted" => self.subscription(SubscriptionCancelled),
            "payout.paid" => self.payout(PayoutCompleted),
            "payout.failed" | "payout.canceled" => self.payout(PayoutFailed),
            other => Err(Reason::new("nothing_to_do", other)),
        }
    }
}

impl Message<'_> {
    /// What the messages about all objects have in common. `name` is what the event is about.
    fn event(&self, kind: EventKind, name: &str, transaction: Option<&str>) -> Result<Event, Reason> {
        let object = self.object;
        let id = object.text("id").ok_or_else(|| Reason::new("field_missing", "data.object.id"))?;
        let is_live = self.message.at("livemode");
        let environment = if *is_live == Json::Bool(true) { Environment::Live } else { Environment::Sandbox };
        let status = object.text("status").unwrap_or_default();
        Ok(Event {
            occurred_at: self.message.scalar("created").and_then(time::seconds),
            order_ref: self.order_ref(),
            transaction: transaction.map(str::to_owned),
            customer: self.customer(),
            status: object.text("status").map(str::to_owned),
            custom: object.text("client_reference_id").map(str::to_owned),
            ..Event::new(kind, identity::of(kind, &[name, id, status]), environment)
        })
    }

    /// The shop's own number: in the metadata of the object, of its subscription, or of a Checkout session.
    fn order_ref(&self) -> Option<String> {
        let key = self.settings.get("order_key").unwrap_or("order_id");
        let places = ["metadata", "parent.subscription_details.metadata", "subscription_details.metadata"];
        let named = places.iter().find_map(|place| self.object.at(place).field(key).as_scalar());
        named.or_else(|| self.object.text("client_reference_id")).map(str::to_owned)
    }

    fn customer(&self) -> Customer {
        let object = self.object;
        let address = object.first(&["customer_details.address.country", "billing_details.address.country"]);
        Customer {
            name: object.first(&[
                "customer_details.name",
                "billing_details.name",
                "customer_name",
                "shipping.name",
            ]),
            email: object.first(&[
                "customer_details.email",
                "billing_details.email",
                "receipt_email",
                "customer_email",
            ]),
            phone: object.first(&["customer_details.phone", "billing_details.phone", "customer_phone"]),
            address: Vec::new(),
            country: address,
        }
    }

    /// The amount of a field in Stripe's own smallest unit.
    fn money(&self, field: &str) -> Result<Money, Reason> {
        let code = self.object.text("currency").ok_or_else(|| Reason::new("field_missing", "currency"))?;
        let currency = amount::currency(code)?;
        let digits = self.object.scalar(field).ok_or_else(|| Reason::new("amount_unreadable", field))?;
        amount::scaled(digits, currency, places(currency))
    }

    fn intent(&self, kind: EventKind, amount: &str) -> Result<Event, Reason> {
        if let Some(invoice) = self.object.text("invoice") {
            return Err(Reason::new("nothing_to_do", format!("told of by the invoice {invoice}")));
        }
        let error = ["last_payment_error.decline_code", "last_payment_error.code", "cancellation_reason"];
        let id = self.object.text("id");
        Ok(Event {
            amount: Some(self.money(amount)?),
            reason: self.object.first(&error),
            ..self.event(kind, "payment_intent", id)?
        })
    }

    /// About a charge, which belongs to a payment intent. A refund's own transaction is not named here.
    fn charge(&self, kind: EventKind, amount: &str) -> Result<Event, Reason> {
        let amount = self.money(amount)?;
        let payment = self.object.text("payment_intent").or(self.object.text("id"));
        let event = self.event(kind, "charge", payment.filter(|_| kind.is_payment()))?;
        let parent = if kind.is_payment() { None } else { payment.map(str::to_owned) };
        let identity = identity::of(kind, &[payment.unwrap_or_default(), &amount.decimal()]);
        Ok(Event { amount: Some(amount), parent, identity, ..event })
    }

    /// A refund that did not go through. Only its sum over the charge is ever counted, so it is told by its own id.
    fn refund(&self) -> Result<Event, Reason> {
        let id = self.object.text("id");
        Ok(Event {
            amount: Some(self.money("amount")?),
            parent: self.object.first(&["payment_intent", "charge"]),
            reason: self.object.first(&["failure_reason"]),
            ..self.event(EventKind::RefundFailed, "refund", id)?
        })
    }

    fn dispute(&self, kind: EventKind) -> Result<Event, Reason> {
        Ok(Event {
            amount: Some(self.money("amount")?),
            parent: self.object.first(&["payment_intent", "charge"]),
            case: self.object.first(&["id"]),
            reason: self.object.first(&["reason"]),
            ..self.event(kind, "dispute", None)?
        })
    }

    /// A Checkout session. Its payment is a payment intent, or the first invoice of a subscription.
    fn session(&self, kind: EventKind) -> Result<Event, Reason> {
        let own = self.object.text("id");
        let payment = self.object.text("payment_intent").or(self.object.text("invoice"));
        Ok(Event {
            amount: Some(self.money("amount_total")?),
            parent: own.filter(|_| payment.is_some()).map(str::to_owned),
            subscription: self.object.first(&["subscription"]),
            status: self.object.first(&["payment_status"]),
            ..self.event(kind, "checkout.session", payment.or(own))?
        })
    }

    fn invoice(&self) -> Result<Event, Reason> {
        let paid = self.money("amount_paid")?;
        let subscription = self.subscription_of_invoice();
        // The first invoice of a subscription is told of by its Checkout session too, with the same transaction.
        let is_trial = paid.is_zero() && subscription.is_some();
        let kind = if is_trial { EventKind::SubscriptionStarted } else { EventKind::PaymentCompleted };
        Ok(Event {
            amount: Some(paid),
            subscription,
            reason: self.object.first(&["billing_reason"]),
            ..self.event(kind, "invoice", self.object.text("id"))?
        })
    }

    fn invoice_failed(&self) -> Result<Event, Reason> {
        let attempt = self.object.scalar("attempt_count").unwrap_or_default();
        let id = self.object.text("id").unwrap_or_default();
        let kind = EventKind::SubscriptionPaymentFailed;
        Ok(Event {
            amount: Some(self.money("amount_due")?),
            subscription: self.subscription_of_invoice(),
            reason: self.object.first(&["billing_reason"]),
            ..self.event(kind, "invoice", self.object.text("id"))?
        })
        .map(|event| Event { identity: identity::of(kind, &["invoice", id, attempt]), ..event })
    }

    /// Where it stands has moved with Stripe's API versions.
    fn subscription_of_invoice(&self) -> Option<String> {
        self.object.first(&["parent.subscription_details.subscription", "subscription"])
    }

    fn subscription(&self, kind: EventKind) -> Result<Event, Reason> {
        let id = self.object.text("id").unwrap_or_default();
        let told_by = self.message.text("id").unwrap_or_default();
        let event = self.event(kind, "subscription", None)?;
        // A subscription is changed often, and nothing but the event itself tells one change from the next.
        let identity = match kind {
            EventKind::SubscriptionModified => identity::of(kind, &[id, told_by]),
            _ => event.identity.clone(),
        };
        Ok(Event { subscription: Some(id.to_owned()), identity, ..event })
    }

    fn payout(&self, kind: EventKind) -> Result<Event, Reason> {
        Ok(Event {
            amount: Some(self.money("amount")?),
            reason: self.object.first(&["failure_code"]),
            ..self.event(kind, "payout", self.object.text("id"))?
        })
    }
}

/// Decimal places in Stripe's table, which differs from ISO 4217 for three currencies.
fn places(currency: Currency) -> u8 {
    match currency.code() {
        "MGA" => 0,
        "ISK" | "UGX" => 2,
        _ => currency.exponent(),
    }
}
