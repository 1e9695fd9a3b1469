//! Lemon Squeezy sells in its own name for a shop and tells it what happened by *webhooks*: JSON:API documents about
//! orders, subscriptions and the invoices of subscriptions.
//!
//! ## Setting it up
//!
//! 1. In Lemon Squeezy open *Settings*, *Webhooks* and press the plus sign.
//! 2. Paste the intake address that ipnd shows for this account as the callback URL.
//! 3. Invent a *signing secret* of 6 to 40 characters (long and random) and enter it there and here.
//! 4. Choose the events `order_created`, `order_refunded` and all that begin with `subscription_`.
//! 5. Test mode and live mode have webhooks of their own: make an account in ipnd for each.
//! 6. Pass your order number to the checkout under the key `order`: `?checkout[custom][order]=A-1001` in the address
//!    of the checkout, or `checkout_data.custom` through the API.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `order_created`, by the order's status | `payment.completed` (paid), `payment.pending`, `payment.failed` |
//! | `order_created` that Lemon Squeezy takes for a fraud | `payment.denied` |
//! | `order_refunded` | `refund.completed`, with the sum of all refunds so far |
//! | `subscription_created` | `subscription.started` |
//! | `subscription_payment_success` of a renewal or a change, `subscription_payment_recovered` | `payment.completed` |
//! | `subscription_payment_success` of the first invoice | nothing: `order_created` has told of that money |
//! | `subscription_payment_failed` | `subscription.payment_failed` |
//! | `subscription_payment_refunded` | `refund.completed`, with the sum of all refunds so far |
//! | `subscription_paused` | `subscription.suspended` |
//! | `subscription_resumed`, `subscription_unpaused`, `subscription_plan_changed` | `subscription.modified` |
//! | `subscription_cancelled` | `subscription.cancelled`: the customer keeps what is paid for until it ends |
//! | `subscription_expired` | `subscription.ended` |
//!
//! Everything else is kept and has no effect, among it `subscription_updated`, which comes beside nearly every other
//! message about a subscription and says nothing new. Nothing is sent about disputes.
//!
//! ## How it signs
//!
//! `X-Signature: HEX`: HMAC-SHA256 over the body as it is, with the signing secret. The header `X-Event-Name` is not
//! signed and not looked at. There is no time in it: an old message stays good, and counts once.
//!
//! ## What it expects back
//!
//! Status 200 and no other, not even another 2xx.
//!
//! ## Retries
//!
//! After 5, 25 and 125 seconds, then never again by itself: a server that was down for three minutes has missed
//! messages. They can be sent again by hand from Lemon Squeezy's list of webhooks.
//!
//! ## Quirks
//!
//! * Amounts are whole numbers of the smallest unit, tax included; what Lemon Squeezy keeps of them is in no message.
//! * An order of several products shows only the first one.
//! * Orders and invoices are numbered apart: order 7 and invoice 7 have nothing to do with each other. Here they are
//!   called `orders:7` and `subscription-invoices:7`.
//! * Invoices name no order; they belong to a subscription.
//! * Whether amounts in yen are yen or hundredths is documented nowhere; here they are yen.
//! * Invoices of nothing come when a trial begins. They are passed over.
//! * `refunded_amount` may be missing in older documents; a refund in full then counts as the whole total.
//!
//! ## Sources
//!
//! Lemon Squeezy's documentation of webhooks and their API; its package for Laravel; read in November 2026.

use crate::kit::common_settings::SIGNING_SECRET;
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::verified::Verified;
use crate::kit::{amount, custom_data, identity, reply, time};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Said, Setting,
    SettingKind, Settings, Wants,
};
use ipnd_core::{Customer, Environment, Event, EventItem, EventKind, Money, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "lemonsqueezy",
    name: "Lemon Squeezy",
    family: "lemonsqueezy",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("lemonsqueezy.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    retries: &[5, 25, 125],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose,
    answer: None,
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentDenied,
    EventKind::RefundCompleted,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
];

const SETTINGS: &[Setting] = &[
    Setting {
        help: Said {
            en: "The text that you entered as the signing secret of the webhook. While you change it, enter both, one \
                 a line.",
            de: "Der Text, den Sie beim Webhook als „Signing secret“ eingetragen haben. Während Sie ihn wechseln, \
                 tragen Sie beide ein, einen pro Zeile.",
            es: "El texto que escribió como secreto de firma (signing secret) del webhook. Mientras lo cambia, \
                 escriba los dos, uno por línea.",
            uk: "Текст, який ви вписали як секрет підпису (signing secret) вебхука. Під час заміни впишіть обидва, по \
                 одному в рядку.",
        },
        sample: "sandbox-of-ipnd-nobodys-secret",
        ..SIGNING_SECRET
    },
    Setting {
        key: "order_key",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "Key of the order number in the custom data",
            de: "Schlüssel der Bestellnummer in den eigenen Daten",
            es: "Clave del número de pedido en los datos propios",
            uk: "Ключ номера замовлення у власних даних",
        },
        help: Said {
            en: "Under which key your shop passes the order number to the checkout. Left empty: order.",
            de: "Unter welchem Schlüssel Ihr Shop dem Bezahlvorgang die Bestellnummer mitgibt. Leer heißt: order.",
            es: "Con qué clave su tienda pasa el número de pedido al proceso de pago. Si se deja vacía: order.",
            uk: "Під яким ключем ваш магазин передає номер замовлення до оплати. Якщо порожньо: order.",
        },
        sample: "",
        check: None,
    },
];

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

fn order_key(settings: &Settings) -> &str {
    settings.get("order_key").unwrap_or("order")
}

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match verify(request, settings) {
        Ok(verified) => Received::Proven(interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let given = request.only_header("x-signature")?;
    MAC.verify(request, settings.secrets("signing_secret"), &[&request.body], given)
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    match Json::of(verified) {
        Ok(document) => {
            Document { document: &document, attributes: document.at("data.attributes"), settings }
                .read()
                .into()
        }
        Err(reason) => Interpretation::nothing(reason),
    }
}

/// A document about one thing.
struct Document<'a> {
    document: &'a Json<'a>,
    attributes: &'a Json<'a>,
    settings: &'a Settings,
}

const ORDERS: &str = "orders";
const INVOICES: &str = "subscription-invoices";

impl Document<'_> {
    fn read(&self) -> Result<Event, Reason> {
        use EventKind::*;
        let missing = || Reason::new("field_missing", "meta.event_name");
        let kind = self.document.text("meta.event_name").ok_or_else(missing)?;
        match kind {
            "order_created" => self.order(),
            "order_refunded" => self.refund(ORDERS, "partial_refund"),
            "subscription_created" => self.subscription(SubscriptionStarted, false),
            "subscription_paused" => self.subscription(SubscriptionSuspended, true),
            "subscription_resumed" | "subscription_unpaused" | "subscription_plan_changed" => {
                self.subscription(SubscriptionModified, true)
            }
            // A cancellation can be withdrawn and made again, but not twice for the same end.
            "subscription_cancelled" => self.subscription(SubscriptionCancelled, true),
            "subscription_expired" => self.subscription(SubscriptionEnded, false),
            "subscription_payment_success" | "subscription_payment_recovered" => self.invoice_paid(),
            "subscription_payment_failed" => self.invoice_failed(),
            "subscription_payment_refunded" => self.refund(INVOICES, "partial_refunded"),
            "subscription_updated"
            | "license_key_created"
            | "license_key_updated"
            | "affiliate_activated" => Err(Reason::new("nothing_to_do", kind)),
            other => Err(Reason::new("unknown_type", other)),
        }
    }

    /// The id of the thing, which must be of this type.
    fn id(&self, thing: &str) -> Result<&str, Reason> {
        if self.document.text("data.type") != Some(thing) {
            return Err(Reason::new("field_malformed", "data.type"));
        }
        self.document.scalar("data.id").ok_or_else(|| Reason::new("field_missing", "data.id"))
    }

    /// The state of a thing, where nothing else tells two messages about it apart.
    fn updated_at(&self) -> &str {
        self.attributes.text("updated_at").unwrap_or_default()
    }

    /// What the messages about all things have in common.
    fn event(&self, kind: EventKind, identity: &[&str], at: &[&str]) -> Event {
        let data = self.document.at("meta.custom_data");
        let key = order_key(self.settings);
        let is_test = self.document.is_true("meta.test_mode") || self.attributes.is_true("test_mode");
        let environment = if is_test { Environment::Sandbox } else { Environment::Live };
        Event {
            occurred_at: self.attributes.first(at).and_then(|text| time::rfc3339(&text)),
            order_ref: custom_data::order_ref(data, key),
            customer: Customer {
                name: self.attributes.first(&["user_name"]),
                email: self.attributes.first(&["user_email"]),
                ..Customer::default()
            },
            status: self.attributes.first(&["status"]),
            custom: custom_data::custom(data, key),
            ..Event::new(kind, identity::of(kind, identity), environment)
        }
    }

    fn money(&self, field: &str) -> Result<Money, Reason> {
        let code =
            self.attributes.text("currency").ok_or_else(|| Reason::new("field_missing", "currency"))?;
        let currency = amount::currency(code)?;
        let digits = self.attributes.scalar(field).ok_or_else(|| Reason::new("amount_unreadable", field))?;
        let money = amount::minor(digits, currency)?;
        if money.is_negative() { Err(Reason::new("amount_negative", digits)) } else { Ok(money) }
    }

    fn order(&self) -> Result<Event, Reason> {
        let kind = match self.attributes.text("status") {
            // The message may come again after the money went back: it was there all the same.
            Some("paid" | "refunded" | "partial_refund") => EventKind::PaymentCompleted,
            Some("pending") => EventKind::PaymentPending,
            Some("failed") => EventKind::PaymentFailed,
            Some("fraudulent") => EventKind::PaymentDenied,
            other => return Err(Reason::new("unknown_status", other.unwrap_or_default())),
        };
        let id = self.id(ORDERS)?;
        Ok(Event {
            transaction: Some(named(ORDERS, id)),
            amount: Some(self.money("total")?),
            items: self.items(),
            ..self.event(kind, &[ORDERS, id], &["created_at"])
        })
    }

    /// Only the first item of an order is shown.
    fn items(&self) -> Vec<EventItem> {
        let item = self.attributes.at("first_order_item");
        let Some(product) = item.text("product_name") else { return Vec::new() };
        let variant = item.text("variant_name").filter(|variant| *variant != "Default");
        let code = self.attributes.text("currency").unwrap_or_default();
        let price = item.scalar("price").map(|digits| amount::minor(digits, amount::currency(code)?));
        let quantity = item.scalar("quantity").and_then(|text| text.parse().ok()).unwrap_or(1);
        vec![EventItem {
            sku: item.first(&["variant_id", "product_id"]),
            name: variant.map_or_else(|| product.to_owned(), |variant| format!("{product} ({variant})")),
            quantity,
            amount: price.and_then(Result::ok).and_then(|price| price.times(quantity).ok()),
        }]
    }

    /// Money that went back, of an order or of an invoice.
    fn refund(&self, thing: &str, partial: &str) -> Result<Event, Reason> {
        let id = self.id(thing)?;
        let status = self.attributes.text("status").unwrap_or_default();
        if status != "refunded" && status != partial {
            return Err(Reason::new("unknown_status", status));
        }
        let so_far = match self.money("refunded_amount") {
            Ok(so_far) if so_far.is_positive() => so_far,
            _ if status == "refunded" => self.money("total")?,
            _ => return Err(Reason::new("amount_unreadable", "refunded_amount")),
        };
        let kind = EventKind::RefundCompleted;
        let event = self.event(kind, &[thing, id, &so_far.decimal()], &["refunded_at", "updated_at"]);
        let name = Some(named(thing, id));
        // The money of the first invoice is the order's, which the invoice does not name.
        let is_first = thing == INVOICES && self.attributes.text("billing_reason") == Some("initial");
        let (transaction, parent) = if is_first { (name, None) } else { (None, name) };
        Ok(Event {
            transaction,
            parent,
            amount: Some(so_far),
            amount_is_total: true,
            subscription: self.attributes.first(&["subscription_id"]).map(|id| named(SUBSCRIPTIONS, &id)),
            ..event
        })
    }

    fn invoice_paid(&self) -> Result<Event, Reason> {
        let id = self.id(INVOICES)?;
        let reason = self.attributes.text("billing_reason").unwrap_or_default();
        match self.attributes.text("status") {
            Some("paid" | "refunded" | "partial_refunded") => {}
            other => return Err(Reason::new("unknown_status", other.unwrap_or_default())),
        }
        if reason == "initial" {
            return Err(Reason::new("nothing_to_do", "the first invoice; the order has told of its money"));
        }
        let paid = self.money("total")?;
        if paid.is_zero() {
            return Err(Reason::new("nothing_to_do", "an invoice of nothing"));
        }
        Ok(Event {
            transaction: Some(named(INVOICES, id)),
            amount: Some(paid),
            ..self.invoice(EventKind::PaymentCompleted, &[INVOICES, id])
        })
    }

    fn invoice_failed(&self) -> Result<Event, Reason> {
        let id = self.id(INVOICES)?;
        Ok(Event {
            transaction: Some(named(INVOICES, id)),
            amount: Some(self.money("total")?),
            // It is tried again several times, each time with a new state of the invoice.
            ..self.invoice(EventKind::SubscriptionPaymentFailed, &[INVOICES, id, self.updated_at()])
        })
    }

    fn invoice(&self, kind: EventKind, identity: &[&str]) -> Event {
        Event {
            subscription: self.attributes.first(&["subscription_id"]).map(|id| named(SUBSCRIPTIONS, &id)),
            reason: self.attributes.first(&["billing_reason"]),
            ..self.event(kind, identity, &["updated_at", "created_at"])
        }
    }

    fn subscription(&self, kind: EventKind, comes_again: bool) -> Result<Event, Reason> {
        let id = self.id(SUBSCRIPTIONS)?;
        let which = match kind {
            EventKind::SubscriptionCancelled => self.attributes.text("ends_at").unwrap_or_default(),
            _ => self.updated_at(),
        };
        let identity: &[&str] = if comes_again { &[id, which] } else { &[id] };
        let event = self.event(kind, identity, &["updated_at", "created_at"]);
        Ok(Event { subscription: Some(named(SUBSCRIPTIONS, id)), ..event })
    }
}

const SUBSCRIPTIONS: &str = "subscriptions";

/// Ids are counted for each type of thing, so only both together name one.
fn named(thing: &str, id: &str) -> String {
    format!("{thing}:{id}")
}

fn compose(event: &Event, settings: &Settings, _: Timestamp) -> Result<RawRequest, CannotCompose> {
    let told = Told { event };
    let written = told.written()?;
    let is_test = event.environment == Environment::Sandbox;
    let meta = Json::of_fields([
        ("test_mode", Json::Bool(is_test)),
        ("event_name", Json::of_text(written.event_name)),
        ("webhook_id", Json::of_text(told.uuid())),
        ("custom_data", custom_data::of_event(event, order_key(settings))),
    ]);
    let data = Json::of_fields([
        ("type", Json::of_text(written.thing)),
        ("id", Json::of_text(written.id)),
        ("attributes", Json::of_fields(written.attributes)),
    ]);
    let body = Json::of_fields([("meta", meta), ("data", data)]).to_string();
    let secret = settings.secrets("signing_secret").next().unwrap_or_default();
    let signature = MAC.sign(secret.as_bytes(), &[body.as_bytes()]);
    Ok(RawRequest::post("application/json", body)
        .with("user-agent", "LemonSqueezy-Hookshot")
        .with("x-event-name", written.event_name)
        .with("x-signature", signature))
}

/// An event that is to be told as a document.
struct Told<'a> {
    event: &'a Event,
}

/// The document without what all documents have.
struct Written<'a> {
    event_name: &'static str,
    thing: &'static str,
    id: String,
    attributes: Vec<(&'static str, Json<'a>)>,
}

impl<'a> Told<'a> {
    fn cannot(what: &str) -> CannotCompose {
        CannotCompose { gateway: GATEWAY.id, what: what.to_owned() }
    }

    fn digest(&self) -> String {
        Encoding::HexLower.encode(&Algorithm::Sha256.compute(&[], &[self.event.identity.as_bytes()]))
    }

    fn uuid(&self) -> String {
        let digest = self.digest();
        format!(
            "{}-{}-4{}-8{}-{}",
            &digest[..8],
            &digest[8..12],
            &digest[13..16],
            &digest[17..20],
            &digest[20..32]
        )
    }

    /// The id that a name holds, or a number that stays the same for this event.
    fn id_of(&self, name: Option<&String>, thing: &str) -> String {
        let known =
            name.map(|name| name.strip_prefix(thing).and_then(|id| id.strip_prefix(':')).unwrap_or(name));
        known.map_or_else(
            || self.digest().bytes().filter(u8::is_ascii_digit).take(7).map(char::from).collect(),
            str::to_owned,
        )
    }

    fn written(&self) -> Result<Written<'a>, CannotCompose> {
        use EventKind::*;
        let event = self.event;
        Ok(match event.kind {
            PaymentCompleted if event.subscription.is_some() => {
                self.invoice("subscription_payment_success", "paid")?
            }
            SubscriptionPaymentFailed => self.invoice("subscription_payment_failed", "pending")?,
            PaymentCompleted => self.order("order_created", "paid")?,
            PaymentPending => self.order("order_created", "pending")?,
            PaymentFailed => self.order("order_created", "failed")?,
            PaymentDenied => self.order("order_created", "fraudulent")?,
            RefundCompleted => self.refund()?,
            SubscriptionStarted => self.subscription("subscription_created", "active"),
            SubscriptionModified => self.subscription("subscription_resumed", "active"),
            SubscriptionSuspended => self.subscription("subscription_paused", "paused"),
            SubscriptionCancelled => self.subscription("subscription_cancelled", "cancelled"),
            SubscriptionEnded => self.subscription("subscription_expired", "expired"),
            other => return Err(Self::cannot(other.word())),
        })
    }

    /// What documents about money have in common.
    fn money(&self, status: &'static str) -> Result<Vec<(&'static str, Json<'a>)>, CannotCompose> {
        let event = self.event;
        let amount = event.amount.ok_or_else(|| Self::cannot("an event without an amount"))?;
        let is_refund = event.kind == EventKind::RefundCompleted;
        let units = || Json::of_number(amount.minor());
        let zero = || Json::of_number(0);
        let mut fields = self.common(status);
        fields.extend([
            ("currency", Json::of_text(amount.currency().code())),
            ("subtotal", units()),
            ("discount_total", zero()),
            ("tax", zero()),
            ("total", units()),
            ("refunded", Json::Bool(is_refund)),
            ("refunded_at", if is_refund { self.at() } else { Json::Null }),
            ("refunded_amount", if is_refund { units() } else { zero() }),
        ]);
        Ok(fields)
    }

    fn common(&self, status: &'static str) -> Vec<(&'static str, Json<'a>)> {
        vec![
            ("store_id", Json::of_number(1)),
            ("user_name", Json::of_some(self.event.customer.name.as_deref())),
            ("user_email", Json::of_some(self.event.customer.email.as_deref())),
            ("status", Json::of_text(status)),
            ("created_at", self.at()),
            ("updated_at", self.at()),
            ("test_mode", Json::Bool(self.event.environment == Environment::Sandbox)),
        ]
    }

    fn at(&self) -> Json<'a> {
        Json::of_some(self.event.occurred_at.map(|at| at.to_string()))
    }

    fn order(&self, event_name: &'static str, status: &'static str) -> Result<Written<'a>, CannotCompose> {
        let id = self.id_of(self.event.transaction.as_ref(), ORDERS);
        let mut attributes = self.money(status)?;
        attributes.push(("identifier", Json::of_text(self.uuid())));
        attributes.extend(self.event.items.first().map(|item| ("first_order_item", self.item(item))));
        Ok(Written { event_name, thing: ORDERS, id, attributes })
    }

    fn item(&self, item: &'a EventItem) -> Json<'a> {
        let quantity = i128::from(item.quantity.max(1));
        let price = item.amount.map(|amount| Json::of_number(amount.minor() / quantity));
        Json::of_fields([
            ("variant_id", Json::of_some(item.sku.as_deref())),
            ("product_name", Json::of_text(item.name.as_str())),
            ("variant_name", Json::of_text("Default")),
            ("price", price.unwrap_or(Json::Null)),
            ("quantity", Json::of_number(item.quantity)),
        ])
    }

    /// A refund is told as the sum so far: of an invoice where its payment is one, of an order otherwise.
    fn refund(&self) -> Result<Written<'a>, CannotCompose> {
        let parent = self.event.parent.as_ref();
        if parent.is_some_and(|parent| parent.starts_with(INVOICES)) || self.event.subscription.is_some() {
            let invoice = self.invoice("subscription_payment_refunded", "refunded")?;
            return Ok(Written { id: self.id_of(parent, INVOICES), ..invoice });
        }
        let order = self.order("order_refunded", "refunded")?;
        Ok(Written { id: self.id_of(parent, ORDERS), ..order })
    }

    fn invoice(&self, event_name: &'static str, status: &'static str) -> Result<Written<'a>, CannotCompose> {
        let id = self.id_of(self.event.transaction.as_ref(), INVOICES);
        let mut attributes = self.money(status)?;
        let subscription = self.event.subscription.as_ref();
        let subscription = subscription.map(|_| self.id_of(subscription, SUBSCRIPTIONS));
        attributes.push(("subscription_id", Json::of_some(subscription)));
        // The first invoice is told of by its order, so what is told by an invoice is never the first.
        let reason = self.event.reason.as_deref().filter(|reason| matches!(*reason, "renewal" | "updated"));
        attributes.push(("billing_reason", Json::of_text(reason.unwrap_or("renewal"))));
        Ok(Written { event_name, thing: INVOICES, id, attributes })
    }

    fn subscription(&self, event_name: &'static str, status: &'static str) -> Written<'a> {
        let id = self.id_of(self.event.subscription.as_ref(), SUBSCRIPTIONS);
        let mut attributes = self.common(status);
        let ends = matches!(status, "cancelled" | "expired");
        attributes.push(("cancelled", Json::Bool(ends)));
        attributes.push(("trial_ends_at", Json::Null));
        attributes.push(("ends_at", if ends { self.at() } else { Json::Null }));
        Written { event_name, thing: SUBSCRIPTIONS, id, attributes }
    }
}
