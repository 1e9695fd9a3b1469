//! COPE is the successor platform of CopeCart. It tells a shop what happened by *events*: JSON in the form of
//! CloudEvents, signed with a secret of the address it is sent to. CopeCart's classic IPN is a gateway of its own.
//!
//! ## Setting it up
//!
//! 1. In COPE open *Settings*, *Developers* and add a webhook endpoint with the intake address that ipnd shows for this
//!    account. It must be https.
//! 2. Choose `cart.order.completed` for what is paid, and everything under `payment.refund`, `payment.dispute`,
//!    `payment.chargeback` and `subscription`. Add `payment.sale.succeeded` if you sell subscriptions.
//! 3. Copy the signing secret (`whsec_...`), which is shown only once, and paste it here with its prefix.
//! 4. If messages carry an order number of your own, write down where it stands in `data` under *Place of the order
//!    number*, for instance `metadata.order_id`. COPE has not published such a place; look at a message that has come.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `cart.order.completed`, `payment.sale.succeeded` | `payment.completed` |
//! | `payment.refund.created` | `refund.completed` |
//! | `payment.refund.reversed` | `refund.failed`: the money is with the shop again |
//! | `payment.dispute.opened` / `.won` / `.lost` | `dispute.opened`, `dispute.won`, `dispute.lost` |
//! | `payment.chargeback.created` | `reversal.made` |
//! | `payment.chargeback.reversed` | `reversal.cancelled` |
//! | `subscription.cancelled` | `subscription.cancelled` |
//! | `subscription.amount_changed` | `subscription.modified` |
//! | `payment.dispute.counter_fee.created`, `payout.*` | nothing to do |
//!
//! A completed order and its sale tell of the same money. They count once if both name the payment, or if neither does;
//! otherwise you are asked whether it was paid twice.
//!
//! ## How it signs
//!
//! `X-Cope-Signature: t=SECONDS,v1=HEX[,v1=HEX]`: HMAC-SHA256 over `t`, a full stop and the body, with the whole text of
//! the secret, `whsec_` included. That looks like Standard Webhooks and is not. Test messages have come with
//! `X-Webhook-Signature` in its place, which is read as well. A signature may be five minutes old or, for clocks, early.
//!
//! ## What it expects back
//!
//! Any 2xx. A 4xx is final and not repeated; a 5xx is.
//!
//! ## Retries
//!
//! With growing pauses that COPE does not publish. Messages can also be sent again through its API.
//!
//! ## Quirks
//!
//! * COPE has published the names of messages, and only a part of what stands in them. What is not known is looked for
//!   in several places; what is not found stays empty. The message itself is kept in any case.
//! * A sample of COPE's own sends the content without the envelope of CloudEvents. Both forms are read, and a prefix
//!   `cope.` in front of the type is passed over.
//! * Amounts are cents. What a cent of a currency without cents may be is not published; such an amount is not guessed.
//! * Nothing is told of payments that wait or fail.
//! * Messages do not say whether they are about play money; the account decides.
//!
//! ## Sources
//!
//! COPE's documentation of webhooks, their deliveries and events; the samples of its own at GitHub; a public receiver;
//! read in November 2026.

use crate::kit::common_settings::SIGNING_SECRET;
use crate::kit::json::Json;
use crate::kit::mac::{self, Algorithm, Encoding, Mac};
use crate::kit::mapping::Path;
use crate::kit::signed_time::USUAL;
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, time};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Repeats, Reply,
    Said, Setting, SettingFault, SettingKind, Settings, Wants,
};
use ipnd_core::{Currency, Customer, Event, EventItem, EventKind, Money, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "cope",
    name: "COPE",
    family: "cope",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("cope.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // That it repeats with growing pauses is published, the pauses are not.
    retries: &[60, 300, 1_800, 7_200, 18_000, 36_000, 86_400],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply,
    wants: Wants::AnySuccess,
    compose,
    answer: None,
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentCompleted,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionCancelled,
];

const SETTINGS: &[Setting] = &[
    Setting {
        help: Said {
            en: "COPE shows it once, when you add the webhook endpoint (whsec_...). While you change it, enter both, one \
                 a line.",
            de: "COPE zeigt es einmal, wenn Sie den Webhook-Endpunkt anlegen (whsec_...). Während Sie es wechseln, tragen \
                 Sie beide ein, eines pro Zeile.",
            es: "COPE lo muestra una sola vez, al crear el endpoint del webhook (whsec_...). Mientras lo cambia, escriba \
                 los dos, uno por línea.",
            uk: "COPE показує його один раз, коли ви додаєте адресу вебхука (whsec_...). Під час заміни впишіть обидва, \
                 по одному в рядку.",
        },
        sample: "whsec_sandboxOfIpndNobodysSecret00",
        check: Some(has_prefix),
        ..SIGNING_SECRET
    },
    Setting {
        key: "order_path",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "Place of the order number",
            de: "Stelle der Bestellnummer",
            es: "Lugar del número de pedido",
            uk: "Місце номера замовлення",
        },
        help: Said {
            en: "Where your shop's order number stands in the message's data, with dots in between: metadata.order_id. \
                 Left empty: COPE's own order.",
            de: "Wo die Bestellnummer Ihres Shops in den Daten der Meldung steht, mit Punkten dazwischen: \
                 metadata.order_id. Leer heißt: die Bestellung von COPE.",
            es: "Dónde está el número de pedido de su tienda en los datos del mensaje, con puntos en medio: \
                 metadata.order_id. Si se deja vacío: el pedido de COPE.",
            uk: "Де в даних повідомлення стоїть номер замовлення вашого магазину, через крапки: metadata.order_id. Якщо \
                 порожньо: замовлення COPE.",
        },
        sample: "",
        check: Some(is_path),
    },
];

fn has_prefix(secrets: &str) -> Result<(), SettingFault> {
    let is_good =
        secrets.lines().all(|secret| secret.trim().is_empty() || secret.trim().starts_with("whsec_"));
    if is_good { Ok(()) } else { Err(SettingFault::Malformed("whsec_...".to_owned())) }
}

fn is_path(text: &str) -> Result<(), SettingFault> {
    Path::parse(text).map(|_| ()).map_err(SettingFault::Malformed)
}

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

/// The header of the documentation, and the one that test messages have come with.
const SIGNATURE_HEADERS: [&str; 2] = ["x-cope-signature", "x-webhook-signature"];

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match verify(request, settings, now) {
        Ok(verified) => Received::Proven(interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings, now: Timestamp) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let header = match SIGNATURE_HEADERS.map(|name| request.header(name).is_some()) {
        [true, true] => return Err(Reason::new("duplicate_field", SIGNATURE_HEADERS[1])),
        [false, true] => request.only_header(SIGNATURE_HEADERS[1])?,
        _ => request.only_header(SIGNATURE_HEADERS[0])?,
    };
    let named =
        |name: &'static str| mac::parts(header, ',').filter(move |part| part.0 == name).map(|part| part.1);
    let mut times = named("t");
    let (Some(signed_at), None) = (times.next(), times.next()) else {
        return Err(Reason::new("timestamp_missing", "x-cope-signature"));
    };
    let text: [&[u8]; 3] = [signed_at.as_bytes(), b".", &request.body];
    let verified = MAC.verify_any(request, settings.secrets("signing_secret"), &text, named("v1"))?;
    USUAL.check(signed_at, now)?;
    Ok(verified)
}

/// A 4xx is final here, so it is given for nothing but what is not COPE's.
fn reply(_: &RawRequest, _: &Settings, outcome: Outcome, _: Timestamp) -> Reply {
    Reply::empty(if outcome == Outcome::Refused { 401 } else { 200 })
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let body = match Json::of(verified) {
        Ok(body) => body,
        Err(reason) => return Interpretation::nothing(reason),
    };
    let data = Some(body.field("data")).filter(|data| data.is_object()).unwrap_or(&body);
    Message { body: &body, data, settings }.read().into()
}

struct Message<'a> {
    body: &'a Json<'a>,
    /// What stands in the envelope, or everything where there is none.
    data: &'a Json<'a>,
    settings: &'a Settings,
}

impl Message<'_> {
    fn read(&self) -> Result<Event, Reason> {
        use EventKind::*;
        let Some(named) = self.body.first(&["type", "event_type", "data.event_type"]) else {
            let is_test = self.data.text("message").is_some();
            return Err(if is_test {
                Reason::new("test_message", "")
            } else {
                Reason::new("field_missing", "type")
            });
        };
        let name = named.strip_prefix("cope.").unwrap_or(&named);
        match name {
            "cart.order.completed" | "payment.sale.succeeded" => self.paid(name),
            "payment.refund.created" => self.refund(RefundCompleted, name),
            "payment.refund.reversed" => self.refund(RefundFailed, name),
            "payment.dispute.opened" => self.dispute(DisputeOpened, name),
            "payment.dispute.won" => self.dispute(DisputeWon, name),
            "payment.dispute.lost" => self.dispute(DisputeLost, name),
            "payment.chargeback.created" => self.chargeback(ReversalMade, name),
            "payment.chargeback.reversed" => self.chargeback(ReversalCancelled, name),
            "subscription.cancelled" => self.subscription(SubscriptionCancelled, name),
            "subscription.amount_changed" => self.subscription(SubscriptionModified, name),
            "payment.dispute.counter_fee.created" => Err(Reason::new("nothing_to_do", name)),
            _ if name.starts_with("payout.") => Err(Reason::new("nothing_to_do", name)),
            other => Err(Reason::new("unknown_type", other)),
        }
    }

    /// The order stands in for a payment that is not named, so that both messages about it mean the same one.
    fn paid(&self, name: &str) -> Result<Event, Reason> {
        let event = self.event(EventKind::PaymentCompleted, name)?;
        let order = self.order();
        if order.is_none() && event.transaction.is_none() {
            return Err(Reason::new("transaction_missing", ""));
        }
        // A sale may be a part of what the order comes to.
        let own = ["payment.amount_cents", "amount_cents", "totals.gross_cents"];
        let whole = ["totals.gross_cents", "payment.amount_cents", "amount_cents"];
        let total = self.cents(if name == "cart.order.completed" { &whole } else { &own })?;
        let amount = match total {
            None => self.sum_of_lines()?,
            total => total,
        };
        if let Some(negative) = amount.filter(|amount| amount.is_negative()) {
            return Err(Reason::new("amount_negative", negative.decimal()));
        }
        Ok(Event {
            amount,
            fee: self.cents(&["payment.platform_fee_cents", "platform_fee_cents"])?,
            transaction: event.transaction.or(order),
            ..event
        })
    }

    fn refund(&self, kind: EventKind, name: &str) -> Result<Event, Reason> {
        let own = self.id("refund").ok_or_else(|| Reason::new("transaction_missing", ""))?;
        let event = self.event(kind, name)?;
        Ok(Event {
            amount: self.own_cents("refund")?,
            parent: self.payment("refund"),
            transaction: Some(own),
            ..event
        })
    }

    fn dispute(&self, kind: EventKind, name: &str) -> Result<Event, Reason> {
        let event = self.event(kind, name)?;
        Ok(Event {
            amount: self.own_cents("dispute")?,
            parent: self.payment("dispute"),
            case: self.id("dispute"),
            transaction: None,
            ..event
        })
    }

    fn chargeback(&self, kind: EventKind, name: &str) -> Result<Event, Reason> {
        let event = self.event(kind, name)?;
        Ok(Event {
            amount: self.own_cents("chargeback")?,
            parent: self.payment("chargeback"),
            case: self.id("dispute"),
            transaction: self.id("chargeback"),
            ..event
        })
    }

    fn subscription(&self, kind: EventKind, name: &str) -> Result<Event, Reason> {
        let own = self.id("subscription").ok_or_else(|| Reason::new("field_missing", "subscription"))?;
        Ok(Event { subscription: Some(own), transaction: None, ..self.event(kind, name)? })
    }

    fn event(&self, kind: EventKind, name: &str) -> Result<Event, Reason> {
        let id = self.body.first(&["id", "idempotency_key", "data.idempotency_key"]);
        // The event's id is signed here; the one in the header is not.
        let id = id.ok_or_else(|| Reason::new("field_missing", "id"))?;
        let source = self.body.text("source").unwrap_or_default();
        let whens = [self.body.text("time"), self.data.text("occurred_at"), self.data.text("created_at")];
        let order_ref = match self.settings.get("order_path") {
            Some(path) => Path::parse(path).ok().and_then(|path| path.find(self.data).map(str::to_owned)),
            None => self.order(),
        };
        let object = name.split('.').rev().nth(1).unwrap_or_default();
        Ok(Event {
            occurred_at: whens.into_iter().flatten().find_map(time::rfc3339),
            order_ref,
            transaction: self.payment("payment"),
            subscription: self.id("subscription"),
            customer: self.customer(),
            items: self.items(),
            status: self.data.first(&[&format!("{object}.state"), "payment.state", "state"]),
            reason: self.data.first(&[&format!("{object}.reason"), "reason"]),
            ..Event::new(kind, identity::of(kind, &[source, &id]), self.settings.environment)
        })
    }

    /// The id of an object, wherever messages of this kind might carry it.
    fn id(&self, object: &str) -> Option<String> {
        let own =
            ["{}.uuid", "{}.{}_uuid", "{}.id", "{}_uuid", "{}_id"].map(|place| place.replace("{}", object));
        let subject =
            self.body.text("subject").and_then(|subject| subject.strip_prefix(object)?.strip_prefix(':'));
        self.data.first(&own.each_ref().map(String::as_str)).or_else(|| subject.map(str::to_owned))
    }

    fn order(&self) -> Option<String> {
        self.id("order")
    }

    /// The payment that an object is about.
    fn payment(&self, object: &str) -> Option<String> {
        let places = ["original_payment_uuid", "payment_uuid"];
        let inside = places.map(|place| format!("{object}.{place}"));
        let named = self.data.first(&inside.each_ref().map(String::as_str));
        named.or_else(|| self.data.first(&places)).or_else(|| self.id("payment"))
    }

    fn currency(&self) -> Result<Currency, Reason> {
        let places =
            ["currency", "totals.currency", "payment.currency", "dispute.currency", "refund.currency"];
        let code = self.data.first(&places).or_else(|| self.data.first(&["chargeback.currency"]));
        amount::currency(&code.ok_or_else(|| Reason::new("field_missing", "currency"))?)
    }

    /// The first of these amounts. Nothing where there is none; an error where there is one that cannot be read.
    fn cents(&self, places: &[&str]) -> Result<Option<Money>, Reason> {
        let Some(digits) = self.data.first(places) else { return Ok(None) };
        let currency = self.currency()?;
        cents(&digits, currency).map(Some)
    }

    /// The amount of a refund, a dispute or a chargeback. Its kind says which way the money goes.
    fn own_cents(&self, object: &str) -> Result<Option<Money>, Reason> {
        let own =
            [format!("{object}.amount_cents"), format!("{object}_amount_cents"), "amount_cents".to_owned()];
        Ok(self.cents(&own.each_ref().map(String::as_str))?.map(Money::abs))
    }

    /// What the lines add up to, if every one has an amount.
    fn sum_of_lines(&self) -> Result<Option<Money>, Reason> {
        let lines = self.data.list("line_items");
        let digits: Option<Vec<&str>> = lines.iter().map(|line| line.scalar("amounts.gross_cents")).collect();
        let Some(digits) = digits.filter(|digits| !digits.is_empty()) else { return Ok(None) };
        let currency = self.currency()?;
        let sum = digits.into_iter().try_fold(Money::zero(currency), |sum, digits| {
            let line = cents(digits, currency)?;
            sum.plus(line).map_err(|_| Reason::new("amount_unreadable", digits))
        });
        sum.map(Some)
    }

    fn customer(&self) -> Customer {
        let buyer = self.data.field("buyer");
        let parts: Vec<&str> =
            ["first_name", "last_name"].iter().filter_map(|name| buyer.text(name)).collect();
        let joined = (!parts.is_empty()).then(|| parts.join(" "));
        Customer {
            name: buyer.first(&["name", "full_name"]).or(joined),
            email: buyer.first(&["email"]),
            phone: buyer.first(&["phone", "phone_number"]),
            address: Vec::new(),
            country: buyer.first(&["country_code", "country", "address.country_code", "address.country"]),
        }
    }

    fn items(&self) -> Vec<EventItem> {
        let currency = self.currency().ok();
        let amount = |line: &Json<'_>| cents(line.scalar("amounts.gross_cents")?, currency?).ok();
        let item = |line: &Json<'_>| {
            Some(EventItem {
                sku: line.first(&["product.uuid", "product.id", "sku"]),
                name: line.first(&["product.name", "name", "title", "product.uuid", "product.id", "sku"])?,
                quantity: line.scalar("quantity").and_then(|number| number.parse().ok()).unwrap_or(1),
                amount: amount(line),
            })
        };
        self.data.list("line_items").iter().filter_map(item).collect()
    }
}

/// Cents are hundredths; of a currency that has none, or more than a hundred, nobody knows what is meant.
fn cents(digits: &str, currency: Currency) -> Result<Money, Reason> {
    if currency.exponent() != 2 {
        return Err(Reason::new("amount_unreadable", format!("{digits} cents {currency}")));
    }
    amount::scaled(digits, currency, 2)
}

/// The type of message for an event, its source, and what it is about.
fn form(event: &Event) -> Option<(&'static str, &'static str, &'static str)> {
    use EventKind::*;
    Some(match event.kind {
        // A renewal is a sale without an order of its own.
        PaymentCompleted if event.subscription.is_some() => {
            ("payment.sale.succeeded", "cope.payment", "payment")
        }
        PaymentCompleted => ("cart.order.completed", "cope.cart", "order"),
        RefundCompleted => ("payment.refund.created", "cope.payment", "refund"),
        RefundFailed => ("payment.refund.reversed", "cope.payment", "refund"),
        DisputeOpened => ("payment.dispute.opened", "cope.payment", "dispute"),
        DisputeWon => ("payment.dispute.won", "cope.payment", "dispute"),
        DisputeLost => ("payment.dispute.lost", "cope.payment", "dispute"),
        ReversalMade => ("payment.chargeback.created", "cope.payment", "chargeback"),
        ReversalCancelled => ("payment.chargeback.reversed", "cope.payment", "chargeback"),
        SubscriptionModified => ("subscription.amount_changed", "cope.subscription", "subscription"),
        SubscriptionCancelled => ("subscription.cancelled", "cope.subscription", "subscription"),
        _ => return None,
    })
}

fn compose(event: &Event, settings: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    let (name, source, object) = form(event).ok_or_else(|| cannot(event.kind.word()))?;
    if event.amount.is_some_and(|amount| amount.currency().exponent() != 2) {
        return Err(cannot("an amount that is not in hundredths"));
    }
    // What is told again keeps its id.
    let known = event.identity.rsplit('/').next().filter(|part| part.starts_with("evt_"));
    let id = known.map_or_else(|| format!("evt_{}", digest_of(&event.identity)), str::to_owned);
    let (own, mut data) = data(event, object);
    if let (Some(path), Some(order)) = (settings.get("order_path"), &event.order_ref) {
        let put = Path::parse(path).and_then(|path| path.put(&mut data, Json::of_text(order.clone())));
        put.map_err(|_| cannot("an order number at that place"))?;
    }
    let body = Json::of_fields([
        ("specversion", Json::of_text("1.0")),
        ("id", Json::of_text(id.clone())),
        ("source", Json::of_text(source)),
        ("type", Json::of_text(name)),
        ("subject", Json::of_text(format!("{object}:{own}"))),
        ("time", Json::of_text(event.occurred_at.unwrap_or(now).to_string())),
        ("datacontenttype", Json::of_text("application/json")),
        ("dataschema", Json::of_text(format!("https://schemas.cope.com/events/{name}/v1"))),
        ("idempotency_key", Json::of_text(format!("{name}:{own}"))),
        ("data", data),
    ])
    .to_string();
    let signed_at = now.as_second().to_string();
    let signatures: String = settings
        .secrets("signing_secret")
        .map(|secret| MAC.sign(secret.as_bytes(), &[signed_at.as_bytes(), b".", body.as_bytes()]))
        .map(|signature| format!(",v1={signature}"))
        .collect();
    Ok(RawRequest::post("application/json", body)
        .with("x-cope-signature", format!("t={signed_at}{signatures}"))
        .with("x-cope-timestamp", signed_at)
        .with("x-cope-event-id", id))
}

/// The id of what an event is about, and the content of its message.
fn data(event: &Event, object: &'static str) -> (String, Json<'static>) {
    let text = |value: &Option<String>| Json::of_some(value.clone());
    let cents = |amount: Option<Money>| amount.map_or(Json::Null, |amount| Json::of_number(amount.minor()));
    let currency = || Json::of_some(event.amount.map(|amount| amount.currency().code()));
    let fresh = || digest_of(&event.identity);
    let own = match object {
        "order" => event.order_ref.clone(),
        "dispute" => event.case.clone(),
        "subscription" => event.subscription.clone(),
        _ => event.transaction.clone(),
    };
    let own = own.unwrap_or_else(fresh);
    let uuid = |id: Json<'static>| Json::of_fields([("uuid", id)]);
    let buyer = [("email", text(&event.customer.email)), ("name", text(&event.customer.name))];
    let more = [("phone", text(&event.customer.phone)), ("country_code", text(&event.customer.country))];
    let mut fields = vec![
        ("currency", currency()),
        ("buyer", Json::of_fields(buyer.into_iter().chain(more))),
        ("order", uuid(text(&event.order_ref))),
        ("line_items", Json::List(event.items.iter().map(|item| line(item, event.amount)).collect())),
        ("schema_version", Json::of_text("1.3")),
    ];
    if event.subscription.is_some() {
        fields.push(("subscription", uuid(text(&event.subscription))));
    }
    match object {
        "order" | "payment" => {
            let payment = [
                ("uuid", text(&event.transaction)),
                ("amount_cents", cents(event.amount)),
                ("platform_fee_cents", cents(event.fee)),
                ("state", Json::of_text(event.status.clone().unwrap_or_else(|| "succeeded".to_owned()))),
            ];
            fields.push(("payment", Json::of_fields(payment)));
            fields.push(("totals", Json::of_fields([("gross_cents", cents(event.amount))])));
        }
        "subscription" => {}
        _ => {
            let payment =
                event.parent.as_ref().or(event.transaction.as_ref().filter(|_| object == "dispute"));
            let inside = [
                (format!("{object}_uuid"), Json::of_text(own.clone())),
                ("amount_cents".to_owned(), cents(event.amount)),
                ("currency".to_owned(), currency()),
                ("original_payment_uuid".to_owned(), Json::of_some(payment.cloned())),
                ("reason".to_owned(), text(&event.reason)),
                ("state".to_owned(), text(&event.status)),
            ];
            fields.push((object, Json::of_fields(inside)));
            if object == "chargeback" {
                fields.push(("dispute_uuid", text(&event.case)));
            }
        }
    }
    (own, Json::of_fields(fields))
}

fn line(item: &EventItem, total: Option<Money>) -> Json<'static> {
    let amount =
        item.amount.filter(|amount| total.is_some_and(|total| total.currency() == amount.currency()));
    let product = [("uuid", Json::of_some(item.sku.clone())), ("name", Json::of_text(item.name.clone()))];
    let gross = amount.map_or(Json::Null, |amount| Json::of_number(amount.minor()));
    Json::of_fields([
        ("product", Json::of_fields(product)),
        ("quantity", Json::of_number(item.quantity)),
        ("amounts", Json::of_fields([("gross_cents", gross)])),
    ])
}

/// A stable id for what has none of its own.
fn digest_of(text: &str) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[text.as_bytes()]);
    Encoding::HexLower.encode(&digest[..16])
}

#[cfg(test)]
mod tests;
