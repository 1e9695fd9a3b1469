//! monobank's acquiring (*plata by mono*, Ukraine) tells a shop of every change of an invoice, signed with a key of its
//! own that anybody can check with the public half.
//!
//! ## Setting it up
//!
//! 1. In monobank's merchant cabinet (`web.monobank.ua`) make a *token* for the shop and paste it here. For trying things out
//!    take a test token from `api.monobank.ua` and make a sandbox account.
//! 2. Give ipnd's intake address as `webHookUrl` whenever your shop creates an invoice, and as `chargeUrl` and
//!    `statusUrl` of subscriptions, or enter it where your shop's plugin asks for it. Without it nothing is sent.
//! 3. Give your order number as `merchantPaymInfo.reference`.
//! 4. If ipnd is not to ask monobank for its key, fetch the key once (`GET /api/merchant/pubkey` with your token) and
//!    paste it as the public key. When monobank changes its key, you have to paste the new one.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `created`, `processing` | `payment.pending` |
//! | `hold` | `payment.authorized` |
//! | `success` | `payment.completed` |
//! | `failure` | `payment.failed`, or `subscription.payment_failed` of a subscription's charge |
//! | `reversed`, and any entry of `cancelList` | `refund.completed`, `refund.pending`, `refund.failed` |
//! | a subscription `active` | `subscription.started` |
//! | a subscription `paused` | `subscription.suspended` |
//! | a subscription `cancelled`, `removed` | `subscription.cancelled` |
//!
//! ## How it signs
//!
//! `X-Sign`: ECDSA on the curve P-256 with SHA-256 over the body, as DER in Base64. The public key belongs to the token
//! and is asked for with it, once a day. When a signature does not fit the key that is known, the key is asked for
//! once more, at most once a minute.
//!
//! ## What it expects back
//!
//! Exactly 200. What stands in the answer does not matter.
//!
//! ## Retries
//!
//! Three attempts in all for each change; the pauses are not published. After that nothing more comes.
//!
//! ## Quirks
//!
//! * Nothing is sent when an invoice expires.
//! * Messages overtake each other: `success` can come before `processing`.
//! * Amounts are whole numbers of the smallest unit, currencies are numbers: 980 is UAH.
//! * `amount` is what was asked for, `finalAmount` what is left after refunds. A reserved amount that was taken in part
//!   shows only in `finalAmount`.
//! * A reserved amount that was released is called `reversed`, too. No payment was completed then, so the refund that
//!   is told has no effect.
//! * Neither the customer's name nor address is in the messages, nor whether it was a test.
//! * What is published about subscriptions comes from other people's libraries.
//!
//! ## Sources
//!
//! monobank's documentation of acquiring and its OpenAPI description, the description of webhooks in a library for it;
//! read in November 2026.

use crate::kit::asymmetric::{PublicKey, Scheme, SigningKey, published};
use crate::kit::common_settings::SANDBOX_URL;
use crate::kit::fetch::{self, Fetched};
use crate::kit::json::Json;
use crate::kit::mac::{self, Algorithm, Encoding};
use crate::kit::verified::Verified;
use crate::kit::{amount, currency_numbers, identity, reply, time};
use crate::{
    Ask, AskedAnswer, CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats,
    Resumed, Said, Setting, SettingFault, SettingKind, Settings, Told, Wants,
};
use data_encoding::BASE64;
use ipnd_core::{Currency, Environment, Event, EventKind, Money, Reason};
use jiff::{SignedDuration, Timestamp};

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "monobank",
    name: "monobank (plata by mono)",
    family: "monobank",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("monobank.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // Three attempts in all; the pauses are a guess.
    retries: &[60, 600],
    repeats: Repeats::AreCopies,
    receive,
    resume: Some(resume),
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose,
    answer: Some(answer),
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::RefundPending,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "token",
        kind: SettingKind::Secret,
        required: false,
        label: Said { en: "Token", de: "Token", es: "Token", uk: "Токен" },
        help: Said {
            en: "From monobank's merchant cabinet, or a test token for a sandbox account. With it ipnd asks monobank \
                 for the key that signatures are checked with. Needed unless you enter the public key.",
            de: "Aus monobanks Händlerbereich, oder ein Test-Token für ein Sandbox-Konto. Damit fragt ipnd monobank \
                 nach dem Schlüssel, mit dem Signaturen geprüft werden. Nötig, wenn Sie den öffentlichen Schlüssel \
                 nicht eintragen.",
            es: "Del área de comercios de monobank, o un token de prueba para una cuenta de pruebas. Con él, ipnd \
                 pide a monobank la clave con la que se comprueban las firmas. Hace falta si no escribe la clave \
                 pública.",
            uk: "З кабінету мерчанта monobank або тестовий токен для пробного облікового запису. З ним ipnd питає \
                 monobank про ключ для перевірки підписів. Потрібен, якщо ви не впишете відкритий ключ.",
        },
        sample: "uSandboxOfIpndNobodysMerchantToken0000000000",
        check: None,
    },
    Setting {
        key: "public_key",
        kind: SettingKind::Document,
        required: false,
        label: Said {
            en: "Public key",
            de: "Öffentlicher Schlüssel",
            es: "Clave pública",
            uk: "Відкритий ключ",
        },
        help: Said {
            en: "Only if ipnd is not to ask for it: the key that monobank's API gives (/api/merchant/pubkey), just as \
                 it gives it. It then holds until you change it.",
            de: "Nur wenn ipnd nicht danach fragen soll: der Schlüssel, den monobanks API gibt \
                 (/api/merchant/pubkey), so wie sie ihn gibt. Er gilt dann, bis Sie ihn ändern.",
            es: "Solo si ipnd no debe pedirla: la clave que da la API de monobank (/api/merchant/pubkey), tal como la \
                 da. Vale entonces hasta que usted la cambie.",
            uk: "Лише якщо ipnd не має питати про нього: ключ, який дає API monobank (/api/merchant/pubkey), так, як \
                 він його дає. Тоді він діє, доки ви його не зміните.",
        },
        sample: "",
        check: Some(check_public_key),
    },
    Setting {
        help: Said {
            en: "Only for trying things out: who is asked for the key instead of monobank.",
            de: "Nur zum Ausprobieren: wer statt monobank nach dem Schlüssel gefragt wird.",
            es: "Solo para probar: a quién se pide la clave en lugar de a monobank.",
            uk: "Лише для спроб: кого питати про ключ замість monobank.",
        },
        ..SANDBOX_URL
    },
];

fn check_public_key(value: &str) -> Result<(), SettingFault> {
    let malformed = |reason: Reason| SettingFault::Malformed(reason.detail);
    public_key(value, Environment::Sandbox).map(|_| ()).map_err(malformed)
}

const API: &str = "https://api.monobank.ua";
const SCHEME: Scheme = Scheme::EcdsaP256Sha256;

/// How long a key is good without being asked for again.
const KEY_FRESH_FOR: SignedDuration = SignedDuration::from_hours(24);

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    let pinned = settings.get("public_key");
    let worth = signature(request).and_then(|given| match pinned {
        Some(key) => {
            let verified =
                public_key(key, settings.environment)?.verify(request, &[&request.body], &given)?;
            Ok(Received::Proven(interpret(verified, settings)))
        }
        None if settings.get("token").is_some() => Ok(Received::Ask(ask(settings).fresh_for(KEY_FRESH_FOR))),
        None => Err(Reason::new("settings_incomplete", "token")),
    });
    worth.unwrap_or_else(Received::Refused)
}

/// What a sender has to bring along, whatever the key is.
fn signature(request: &RawRequest) -> Result<Vec<u8>, Reason> {
    request.must_be_posted()?;
    let given = request.only_header("x-sign")?;
    Encoding::Base64.decode(given).ok_or_else(|| Reason::new("signature_malformed", "x-sign"))
}

fn ask(settings: &Settings) -> Ask {
    let host = settings.get("api_url").unwrap_or(API).trim_end_matches('/');
    Ask::get(format!("{host}/api/merchant/pubkey")).with("x-token", settings.get("token").unwrap_or_default())
}

/// The first answer may be a remembered key, the second is a new one.
fn resume(request: &RawRequest, settings: &Settings, answers: &[AskedAnswer], now: Timestamp) -> Resumed {
    let Some(answer) = answers.last() else {
        return match receive(request, settings, now) {
            Received::Ask(ask) => Resumed::Ask(ask),
            _ => Resumed::NotYetKnown(Reason::new("settings_incomplete", "token")),
        };
    };
    let verified = signature(request).and_then(|given| {
        let key = answered_key(request, settings, answer)?;
        key.verify(request, &[&request.body], &given)
    });
    match verified {
        Ok(verified) => Resumed::Genuine(interpret(verified, settings)),
        Err(reason) if !reason.code.starts_with("signature_") => Resumed::NotYetKnown(reason),
        // monobank may have changed its key since.
        Err(_) if answer.is_remembered && answers.len() == 1 => Resumed::Ask(ask(settings)),
        Err(reason) => Resumed::Forged(reason),
    }
}

/// The key in monobank's answer. Whatever else it says, it does not say that a message is forged.
fn answered_key(
    request: &RawRequest,
    settings: &Settings,
    answer: &AskedAnswer,
) -> Result<PublicKey, Reason> {
    let verified = match fetch::read(request, answer, "pubkey") {
        Fetched::Found(verified) => verified,
        Fetched::Unknown(reason) | Fetched::Unclear(reason) => return Err(reason),
    };
    let body = Json::of(verified).map_err(|reason| Reason::new("api_unclear", reason.detail))?;
    let key = body.text("key").ok_or_else(|| Reason::new("api_unclear", "key"))?;
    public_key(key, settings.environment)
}

/// A key as the API gives it: a PEM text in Base64. The PEM text itself will do as well.
fn public_key(text: &str, environment: Environment) -> Result<PublicKey, Reason> {
    let unusable = |why: &str| Reason::new("key_unusable", why);
    let pem = if text.contains("-----") {
        text.to_owned()
    } else {
        let text: String = text.split_whitespace().collect();
        let decoded = BASE64.decode(text.as_bytes()).map_err(|_| unusable("neither PEM nor Base64"))?;
        String::from_utf8(decoded).map_err(|_| unusable("no PEM in Base64"))?
    };
    let bare = |pem: &str| pem.split_whitespace().collect::<String>();
    if environment == Environment::Live && bare(&pem) == bare(published::P256_PUBLIC) {
        return Err(unusable("the sandbox's own key, with which anybody can sign"));
    }
    PublicKey::from_pem(SCHEME, &pem)
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let message = match Json::of(verified) {
        Ok(message) => message,
        Err(reason) => return Interpretation::nothing(reason),
    };
    if message.text("invoiceId").is_none() && message.text("subscriptionId").is_some() {
        return subscription(&message, settings).into();
    }
    let invoice = match Invoice::read(&message, settings) {
        Ok(invoice) => invoice,
        Err(reason) => return Interpretation::nothing(reason),
    };
    let refunds = message.list("cancelList").iter().map(|entry| invoice.refund(entry));
    let told: Vec<Result<Event, Reason>> = invoice.itself().into_iter().chain(refunds).collect();
    let remark = told.iter().find_map(|read| read.as_ref().err()).cloned();
    let events: Vec<Event> = told.into_iter().flatten().collect();
    let nothing = || Reason::new("nothing_to_do", message.text("status").unwrap_or_default());
    let remark = if events.is_empty() { Some(remark.unwrap_or_else(nothing)) } else { remark };
    Interpretation { remark, ..Interpretation::events(events) }
}

fn subscription(message: &Json<'_>, settings: &Settings) -> Result<Event, Reason> {
    use EventKind::*;
    let status = message.text("status").unwrap_or_default();
    let kind = match status {
        "active" => SubscriptionStarted,
        "paused" => SubscriptionSuspended,
        "cancelled" | "removed" => SubscriptionCancelled,
        "created" | "pending" => return Err(Reason::new("nothing_to_do", status)),
        other => return Err(Reason::new("unknown_status", other)),
    };
    let id = message.text("subscriptionId").unwrap_or_default();
    let modified = message.text("modifiedDate").unwrap_or_default();
    Ok(Event {
        occurred_at: time::rfc3339(modified),
        order_ref: message.first(&["reference"]),
        subscription: Some(id.to_owned()),
        status: Some(status.to_owned()),
        ..Event::new(kind, identity::of(kind, &["subscription", id, status, modified]), settings.environment)
    })
}

/// An invoice as a message shows it.
struct Invoice<'a> {
    message: &'a Json<'a>,
    id: &'a str,
    amount: Money,
    environment: Environment,
}

impl<'a> Invoice<'a> {
    fn read(message: &'a Json<'a>, settings: &Settings) -> Result<Self, Reason> {
        let id = message.text("invoiceId").ok_or_else(|| Reason::new("field_missing", "invoiceId"))?;
        let number = message.scalar("ccy").ok_or_else(|| Reason::new("field_missing", "ccy"))?;
        let amount = money(message, "amount", currency_numbers::currency(number)?)?;
        Ok(Self { message, id, amount, environment: settings.environment })
    }

    /// An event about this part of the invoice. What else tells it apart from others comes behind.
    fn event(&self, kind: EventKind, part: &str, apart: &[&str]) -> Event {
        let parts: Vec<&str> = [part, self.id].into_iter().chain(apart.iter().copied()).collect();
        Event {
            order_ref: self.message.first(&["reference"]),
            subscription: self.message.first(&["subscriptionId"]),
            ..Event::new(kind, identity::of(kind, &parts), self.environment)
        }
    }

    /// What is said of the payment. `None` when only refunds are told of.
    fn itself(&self) -> Option<Result<Event, Reason>> {
        use EventKind::*;
        let status = self.message.text("status").unwrap_or_default();
        let is_charge = self.message.text("subscriptionId").is_some();
        let kind = match status {
            "created" | "processing" => PaymentPending,
            "hold" => PaymentAuthorized,
            "success" if self.message.list("cancelList").is_empty() => PaymentCompleted,
            "success" => return Some(self.earlier()),
            "failure" if is_charge => SubscriptionPaymentFailed,
            "failure" => PaymentFailed,
            "expired" => PaymentExpired,
            // Only refunds of a payment that was told of before, or the release of a reserved amount.
            "reversed" if self.message.list("cancelList").is_empty() => return Some(self.refunded_in_full()),
            "reversed" => return None,
            other => return Some(Err(Reason::new("unknown_status", other))),
        };
        let modified = self.message.text("modifiedDate").unwrap_or_default();
        Some(self.paid(kind).map(|amount| Event {
            occurred_at: time::rfc3339(modified),
            transaction: Some(self.id.to_owned()),
            amount: Some(amount),
            fee: self.fee().filter(|_| kind == PaymentCompleted),
            status: Some(status.to_owned()),
            reason: self.message.first(&["errCode", "failureReason"]),
            ..self.event(kind, "payment", &[status, modified])
        }))
    }

    fn fee(&self) -> Option<Money> {
        money(self.message, "paymentInfo.fee", self.amount.currency()).ok()
    }

    /// The payment before anything of it went back, in case that message was lost. When it came is not known any more.
    fn earlier(&self) -> Result<Event, Reason> {
        let kind = EventKind::PaymentCompleted;
        let paid = self.paid(kind)?;
        Ok(Event {
            transaction: Some(self.id.to_owned()),
            amount: Some(paid),
            ..self.event(kind, "earlier", &[&paid.decimal()])
        })
    }

    /// What was asked for; or of a reserved amount, what was taken in the end: what is left, and what went back.
    fn paid(&self, kind: EventKind) -> Result<Money, Reason> {
        if kind != EventKind::PaymentCompleted || self.message.at("finalAmount").is_null() {
            return Ok(self.amount);
        }
        let done =
            self.message.list("cancelList").iter().filter(|entry| entry.text("status") == Some("success"));
        let left = money(self.message, "finalAmount", self.amount.currency())?;
        let paid = done.map(|entry| self.entry_amount(entry)).try_fold(left, |sum, part| {
            sum.plus(part?).map_err(|error| Reason::new("amount_unreadable", error.to_string()))
        })?;
        Ok(if paid.minor() < self.amount.minor() { paid } else { self.amount })
    }

    fn entry_amount(&self, entry: &Json<'_>) -> Result<Money, Reason> {
        let currency = entry.scalar("ccy").map(currency_numbers::currency).transpose()?;
        money(entry, "amount", currency.unwrap_or(self.amount.currency()))
    }

    /// An entry of `cancelList`. The shop's own number of the refund is its own only within the invoice.
    fn refund(&self, entry: &Json<'_>) -> Result<Event, Reason> {
        let kind = match entry.text("status").unwrap_or_default() {
            "success" => EventKind::RefundCompleted,
            "processing" => EventKind::RefundPending,
            "failure" => EventKind::RefundFailed,
            other => return Err(Reason::new("unknown_status", other)),
        };
        let created = entry.text("createdDate").unwrap_or_default();
        let amount = self.entry_amount(entry)?;
        let own = entry.text("extRef");
        let name = own.map_or_else(|| format!("{created} {}", amount.minor()), str::to_owned);
        Ok(Event {
            occurred_at: time::rfc3339(created),
            transaction: own.map(|own| format!("{}/{own}", self.id)),
            parent: Some(self.id.to_owned()),
            amount: Some(amount),
            subscription: None,
            ..self.event(kind, "refund", &[&name])
        })
    }

    fn refunded_in_full(&self) -> Result<Event, Reason> {
        let kind = EventKind::RefundCompleted;
        Ok(Event {
            parent: Some(self.id.to_owned()),
            amount: Some(self.amount),
            amount_is_total: true,
            subscription: None,
            ..self.event(kind, "refunds", &[&self.amount.decimal()])
        })
    }
}

fn money(place: &Json<'_>, name: &str, currency: Currency) -> Result<Money, Reason> {
    let digits = place.scalar(name).ok_or_else(|| Reason::new("amount_unreadable", name))?;
    let money = amount::minor(digits, currency)?;
    if money.is_negative() { Err(Reason::new("amount_negative", name)) } else { Ok(money) }
}

/// monobank's side: it knows its token and has a key. In the sandbox that is the published one.
fn answer(ask: &Ask, _: &[Told], settings: &Settings, _: Timestamp) -> AskedAnswer {
    let is_known = ask
        .header("x-token")
        .zip(settings.get("token"))
        .is_some_and(|(given, own)| mac::is_same(given.as_bytes(), own.as_bytes()));
    let fields = if is_known {
        vec![("key", Json::of_text(BASE64.encode(published::P256_PUBLIC.as_bytes())))]
    } else {
        vec![("errCode", Json::of_text("FORBIDDEN")), ("errText", Json::of_text("forbidden"))]
    };
    AskedAnswer::new(if is_known { 200 } else { 403 }, Json::of_fields(fields).to_string())
}

fn compose(event: &Event, _: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    if !TELLS.contains(&event.kind) {
        return Err(cannot(event.kind.word()));
    }
    let body = match subscription_status(event.kind) {
        Some(status) => written_subscription(event, status, now),
        None => {
            let amount = event.amount.ok_or_else(|| cannot("an event without an amount"))?;
            let ccy = currency_numbers::number(amount.currency());
            written_invoice(event, amount, ccy.ok_or_else(|| cannot("a currency without a number"))?, now)
        }
    };
    let body = body.to_string();
    let key = SigningKey::from_pem(SCHEME, published::P256_PRIVATE);
    let signature = key.and_then(|key| key.sign(&[body.as_bytes()]));
    let signature = signature.map_err(|reason| cannot(&format!("anything: {}", reason.detail)))?;
    Ok(RawRequest::post("application/json", body).with("x-sign", BASE64.encode(&signature)))
}

fn subscription_status(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::SubscriptionStarted => Some("active"),
        EventKind::SubscriptionSuspended => Some("paused"),
        EventKind::SubscriptionCancelled => Some("cancelled"),
        _ => None,
    }
}

fn written_subscription(event: &Event, status: &'static str, now: Timestamp) -> Json<'static> {
    let at = event.occurred_at.unwrap_or(now);
    Json::of_fields([
        ("subscriptionId", Json::of_text(named(event.subscription.as_deref(), &event.identity))),
        ("status", Json::of_text(status)),
        ("reference", Json::of_some(event.order_ref.clone())),
        ("createdDate", date(at)),
        ("modifiedDate", date(at)),
    ])
}

fn written_invoice(event: &Event, amount: Money, ccy: u16, now: Timestamp) -> Json<'static> {
    use EventKind::*;
    let at = event.occurred_at.unwrap_or(now);
    let is_refund = matches!(event.kind, RefundPending | RefundCompleted | RefundFailed);
    let id = named(
        if is_refund { event.parent.as_deref() } else { event.transaction.as_deref() },
        &event.identity,
    );
    let status = match event.kind {
        PaymentPending => {
            event.status.clone().filter(|own| own == "created").unwrap_or_else(|| "processing".to_owned())
        }
        PaymentAuthorized => "hold".to_owned(),
        PaymentFailed | SubscriptionPaymentFailed => "failure".to_owned(),
        RefundCompleted => "reversed".to_owned(),
        _ => "success".to_owned(),
    };
    let left = if event.kind == RefundCompleted { Money::zero(amount.currency()) } else { amount };
    let minor = |money: Money| Json::of_number(money.minor());
    let mut fields = vec![
        ("invoiceId", Json::of_text(id.clone())),
        ("status", Json::of_text(status)),
        ("payMethod", Json::of_text("pan")),
        ("amount", minor(amount)),
        ("ccy", Json::of_number(ccy)),
        ("finalAmount", minor(left)),
        ("createdDate", date(at)),
        ("modifiedDate", date(at)),
    ];
    let mut add = |name: &'static str, text: Option<String>| {
        fields.extend(text.map(|text| (name, Json::of_text(text))));
    };
    add("reference", event.order_ref.clone());
    add("errCode", event.reason.clone());
    add("subscriptionId", event.subscription.as_deref().map(|own| named(Some(own), "")));
    let info =
        vec![("maskedPan", Json::of_text("444403******1902")), ("paymentSystem", Json::of_text("visa"))];
    let fee = event.fee.filter(|fee| fee.currency() == amount.currency());
    let info = info.into_iter().chain(fee.map(|fee| ("fee", minor(fee))));
    fields.push(("paymentInfo", Json::of_fields(info)));
    if is_refund {
        fields.push(("cancelList", Json::List(vec![cancel_entry(event, &id, amount, ccy, at)])));
    }
    Json::of_fields(fields)
}

fn cancel_entry(event: &Event, invoice: &str, amount: Money, ccy: u16, at: Timestamp) -> Json<'static> {
    let status = match event.kind {
        EventKind::RefundPending => "processing",
        EventKind::RefundFailed => "failure",
        _ => "success",
    };
    let own = event.transaction.as_deref();
    let own = own.map(|own| own.strip_prefix(invoice).and_then(|own| own.strip_prefix('/')).unwrap_or(own));
    let fields = [
        ("status", Json::of_text(status)),
        ("amount", Json::of_number(amount.minor())),
        ("ccy", Json::of_number(ccy)),
        ("createdDate", date(at)),
        ("modifiedDate", date(at)),
    ];
    let own = own.map(|own| ("extRef", Json::of_text(own.to_owned())));
    Json::of_fields(fields.into_iter().chain(own))
}

fn date(at: Timestamp) -> Json<'static> {
    Json::of_text(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A name in the form of monobank's ids. One in another form always gives the same id.
fn named(name: Option<&str>, otherwise: &str) -> String {
    let name = name.unwrap_or(otherwise);
    let is_plain = fetch::is_plain_name(name) && name.len() <= 64;
    if is_plain {
        return name.to_owned();
    }
    let digest = Algorithm::Sha256.compute(&[], &[name.as_bytes()]);
    Encoding::HexLower.encode(&digest[..8])
}

#[cfg(test)]
mod tests;
