//! Mollie tells a shop only *that* something about a payment has changed, by the payment's id. ipnd then fetches the
//! payment with your API key and believes what Mollie's own API says. The newer *webhooks* with signed events are
//! understood at the same address.
//!
//! ## Setting it up
//!
//! 1. In Mollie's dashboard open *Developers*, *API keys* and paste the key of the website profile here: the live key
//!    for a live account, the test key for a sandbox account. An organisation access token (`access_...`) works, too.
//! 2. Give ipnd's intake address as `webhookUrl` whenever your shop creates a payment or a subscription, or enter it
//!    where your shop's Mollie plugin asks for it. There is no place for it in the dashboard.
//! 3. Put your order number into the payment's `metadata` as `order_id`, or name the key you use instead. Metadata that
//!    are nothing but a text count as the order number.
//! 4. Only for the newer events: add the same address under *Developers*, *Webhooks*, and paste the secret that Mollie
//!    shows once. Choose `payment.*`, `refund.*`, `chargeback.*` and `payout.*`.
//!
//! ## What it sends
//!
//! | what the payment's record says | event here |
//! |---|---|
//! | `pending` | `payment.pending` |
//! | `authorized` | `payment.authorized` |
//! | `paid` | `payment.completed`, with the subscription of a renewal |
//! | `paid`, the first of a series and of nothing | `agreement.started` |
//! | `failed` | `payment.failed`, or `subscription.payment_failed` of a renewal |
//! | `canceled` | `payment.voided` |
//! | `expired` | `payment.expired` |
//! | a refund `queued` or `pending` | `refund.pending` |
//! | a refund `processing` or `refunded` | `refund.completed` |
//! | a refund `failed` or `canceled` | `refund.failed` |
//! | a chargeback | `reversal.made` and `dispute.opened` |
//! | a chargeback with `reversedAt` | `reversal.cancelled` and `dispute.won` as well |
//! | event `payout.initiated`, `payout.processing-at-bank` | `payout.pending` |
//! | event `payout.completed` | `payout.completed` |
//! | event `payout.failed`, `payout.canceled` | `payout.failed` |
//!
//! One message can give several events. Everything else is kept and has no effect. An event about a payment link, a
//! capture or an invoice leads to the payment behind it.
//!
//! ## How it signs
//!
//! The classic message, `id=tr_...`, carries no proof at all. It is a reason to ask, and nothing of it is believed. The
//! newer events carry `X-Mollie-Signature`: HMAC-SHA256 of the body in lower-case hexadecimal, with or without
//! `sha256=` in front. Several signatures and several secrets may be good at once. A payment or payout inside a signed
//! event is believed; for everything else, and for every event without a signature, the payment's record is fetched.
//! There is no time in the signature, so an old event can be sent again; it says the same and counts once.
//!
//! ## What it expects back
//!
//! 200 within 15 seconds, also for ids that do not exist, so that nobody can find out which ids do.
//!
//! ## Retries
//!
//! Ten attempts in 26 hours: after 1, 2, 4, 8, 16 and 29 minutes, then after 1, 2 and 22 hours. Nothing is published
//! about the newer events.
//!
//! ## Quirks
//!
//! * Refunds and chargebacks come months later, with the same bytes as the first message. So the same message once more
//!   is always a reason to ask again.
//! * Renewals of a subscription have payment ids that the shop has never seen.
//! * A key of the other mode does not see the payment: the API answers 404, as for an id that was made up.
//! * A redirect in front of the address (http to https) loses the message.
//! * Fees are in no payment, only in balances and settlements.
//! * The older Orders API (`ord_...`) is asked with its payments and refunds. Its chargebacks are told by payment id.
//!
//! ## Sources
//!
//! Mollie's documentation of webhooks, their best practices and the newer events; its OpenAPI description; the official
//! PHP client; read in November 2026.

mod play;
mod read;

use crate::kit::common_settings::{METADATA_KEY, SANDBOX_URL};
use crate::kit::fetch;
use crate::kit::form::{Form, percent_decoded};
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::reply;
use crate::kit::verified::Verified;
use crate::{
    ACCEPT_UNCONFIRMED, Ask, AskedAnswer, Covers, Gateway, Interpretation, Proof, RawRequest, Received,
    Repeats, Resumed, Said, Setting, SettingFault, SettingKind, Settings, Wants,
};
use ipnd_core::{Environment, EventKind, Reason};
use jiff::Timestamp;
use read::Reading;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "mollie",
    name: "Mollie",
    family: "mollie",
    proof: Proof::Hint,
    covers: Covers::Nothing,
    documentation: include_str!("mod.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    retries: &[60, 120, 240, 480, 960, 1_740, 3_600, 7_200, 79_200],
    repeats: Repeats::AreNews,
    receive,
    resume: Some(resume),
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose: play::compose,
    answer: Some(play::answer),
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentVoided,
    EventKind::PaymentExpired,
    EventKind::RefundPending,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::SubscriptionPaymentFailed,
    EventKind::AgreementStarted,
    EventKind::PayoutPending,
    EventKind::PayoutCompleted,
    EventKind::PayoutFailed,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "api_key",
        kind: SettingKind::Secret,
        required: true,
        label: Said { en: "API key", de: "API-Schlüssel", es: "Clave de API", uk: "Ключ API" },
        help: Said {
            en: "Mollie: Developers, API keys. The live key (live_...) for a live account, the test key (test_...) \
                 for a sandbox account; an organisation access token (access_...) works, too.",
            de: "Mollie: Entwickler, API-Schlüssel. Der Live-Schlüssel (live_...) für ein Live-Konto, der \
                 Test-Schlüssel (test_...) für ein Sandbox-Konto; ein Zugangstoken der Organisation (access_...) \
                 geht auch.",
            es: "Mollie: Desarrolladores, claves de API. La clave real (live_...) para una cuenta real, la de prueba \
                 (test_...) para una cuenta de pruebas; también sirve un token de acceso de la organización \
                 (access_...).",
            uk: "Mollie: Розробникам, ключі API. Бойовий ключ (live_...) для справжнього облікового запису, тестовий \
                 (test_...) для пробного; токен доступу організації (access_...) теж підходить.",
        },
        sample: "test_sandboxOfIpndNobodysApiKey0000",
        check: Some(check_api_key),
    },
    Setting {
        key: "webhook_secret",
        kind: SettingKind::Secrets,
        required: false,
        label: Said {
            en: "Webhook secret",
            de: "Webhook-Geheimnis",
            es: "Secreto del webhook",
            uk: "Секрет вебхука",
        },
        help: Said {
            en: "Only for the newer signed events: Mollie shows it once when you add a webhook. While you change it, \
                 enter both, one a line.",
            de: "Nur für die neueren signierten Ereignisse: Mollie zeigt es einmal, wenn Sie einen Webhook anlegen. \
                 Während Sie es wechseln, tragen Sie beide ein, eines pro Zeile.",
            es: "Solo para los eventos nuevos con firma: Mollie lo muestra una vez al crear un webhook. Mientras lo \
                 cambia, escriba los dos, uno por línea.",
            uk: "Лише для нових підписаних подій: Mollie показує його один раз, коли ви додаєте вебхук. Під час \
                 заміни впишіть обидва, по одному в рядку.",
        },
        sample: "sandboxOfIpndNobodysWebhookSecret0",
        check: None,
    },
    METADATA_KEY,
    Setting {
        help: Said {
            en: "Only for trying things out: who is asked instead of Mollie. Left empty, Mollie is asked with your \
                 test key.",
            de: "Nur zum Ausprobieren: wer statt Mollie gefragt wird. Leer heißt: Mollie wird mit Ihrem \
                 Test-Schlüssel gefragt.",
            es: "Solo para probar: a quién se pregunta en lugar de Mollie. Si se deja vacía, se pregunta a Mollie con \
                 su clave de prueba.",
            uk: "Лише для спроб: кого питати замість Mollie. Якщо порожньо, питають Mollie з вашим тестовим ключем.",
        },
        ..SANDBOX_URL
    },
    ACCEPT_UNCONFIRMED,
];

fn check_api_key(value: &str) -> Result<(), SettingFault> {
    let is_key = ["live_", "test_", "access_"].iter().any(|prefix| value.starts_with(prefix));
    if is_key { Ok(()) } else { Err(SettingFault::Malformed("live_..., test_... or access_...".to_owned())) }
}

const API: &str = "https://api.mollie.com";

/// Signatures of the newer events.
const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match worth(request, settings) {
        Ok(Worth::Told(interpretation)) => Received::Proven(interpretation),
        Ok(Worth::Named(thing)) => Received::Ask(thing.ask(settings)),
        Err(reason) => Received::Refused(reason),
    }
}

/// Reads the answers: the record of the thing that was named, and if that only leads to a payment, the payment's.
fn resume(request: &RawRequest, settings: &Settings, answers: &[AskedAnswer], _: Timestamp) -> Resumed {
    let mut thing = match worth(request, settings) {
        Ok(Worth::Named(thing)) => thing,
        Ok(Worth::Told(interpretation)) => return Resumed::Genuine(interpretation),
        Err(reason) => return Resumed::NotYetKnown(reason),
    };
    for answer in answers {
        let record = match fetch::read(request, answer, thing.id()).found() {
            Ok(verified) => verified,
            Err(ended) => return ended,
        };
        match thing.read(record, settings) {
            Ok(Worth::Told(interpretation)) => return Resumed::Genuine(interpretation),
            Ok(Worth::Named(next)) => thing = next,
            Err(reason) => return Resumed::NotYetKnown(reason),
        }
    }
    Resumed::Ask(thing.ask(settings))
}

/// What a message or a record is good for.
enum Worth {
    /// It tells everything itself, and is proved to be Mollie's.
    Told(Interpretation),
    /// It names a thing to fetch.
    Named(Thing),
}

/// What can be fetched.
enum Thing {
    Payment(String),
    Order(String),
    Link(String),
    Event(String),
}

fn worth(request: &RawRequest, settings: &Settings) -> Result<Worth, Reason> {
    request.must_be_posted()?;
    let is_signed = request.header("x-mollie-signature").is_some();
    if !is_signed && !request.body.trim_ascii_start().starts_with(b"{") {
        return classic(request).map(Worth::Named);
    }
    if is_signed && settings.secrets("webhook_secret").next().is_some() {
        return signed_event(verify(request, settings)?, settings);
    }
    // Nobody has proved this event, so only its names are looked at, to fetch what they name.
    let event = Json::parse(&request.body)?;
    named_by(&event).map(Worth::Named)
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Verified<'a>, Reason> {
    let headers = request.headers.iter().filter(|(name, _)| name == "x-mollie-signature");
    let given = headers.flat_map(|(_, value)| value.split(',')).map(str::trim);
    let given = given.map(|value| value.strip_prefix("sha256=").unwrap_or(value));
    MAC.verify_any(request, settings.secrets("webhook_secret"), &[&request.body], given)
}

/// `id=tr_...`, which anybody may have sent.
fn classic(request: &RawRequest) -> Result<Thing, Reason> {
    let form = Form::cut(&request.body).map_err(|_| Reason::new("too_many_fields", ""))?;
    if form.repeated(|name| name == "id").is_some() {
        return Err(Reason::new("duplicate_field", "id"));
    }
    let id =
        form.fields().find(|field| field.name == "id").ok_or_else(|| Reason::new("field_missing", "id"))?;
    let id = String::from_utf8(percent_decoded(id.raw_value).into_owned());
    Thing::named(&id.map_err(|_| Reason::new("field_malformed", "id"))?)
}

/// An event that is proved to be Mollie's. Its snapshot of a thing counts as if it had been fetched.
fn signed_event(verified: Verified<'_>, settings: &Settings) -> Result<Worth, Reason> {
    // What is signed and cannot be read will not become readable by being sent again.
    let event = match Json::of(verified) {
        Ok(event) => event,
        Err(reason) => return Ok(Worth::Told(Interpretation::nothing(reason))),
    };
    Ok(told_by(&event, settings).unwrap_or_else(|| match named_by(&event) {
        Ok(thing) => Worth::Named(thing),
        Err(reason) => Worth::Told(Interpretation::nothing(reason)),
    }))
}

/// What an event that is proved says by itself. `None` where it only names something.
fn told_by(event: &Json<'_>, settings: &Settings) -> Option<Worth> {
    let kind = event.first(&["type", "event_type"]).unwrap_or_default();
    let (topic, _) = kind.split_once('.').unwrap_or((&kind, ""));
    match topic {
        "hook" => return Some(Worth::Told(Interpretation::nothing(Reason::new("test_message", &kind)))),
        "payment" | "refund" | "chargeback" | "capture" | "payout" | "payment-link" | "sales-invoice" => {}
        _ => return Some(Worth::Told(Interpretation::nothing(Reason::new("nothing_to_do", &kind)))),
    }
    let entity = event.at("_embedded.entity");
    let is_named = event.text("entityId").is_none_or(|named| entity.text("id") == Some(named));
    if !entity.is_object() || !is_named {
        return None;
    }
    let mut reading = Reading::new(settings);
    match topic {
        "payment" => reading.payment(entity, None),
        "payout" => reading.payout(&kind, event),
        // A refund or chargeback says less than its payment's record, and one thing must always be told in the same way.
        _ => {
            let nothing = || Worth::Told(Interpretation::nothing(Reason::new("nothing_to_do", &kind)));
            return Some(Thing::behind(entity).map_or_else(nothing, Worth::Named));
        }
    }
    Some(Worth::Told(reading.into()))
}

/// What an event names: the thing it is about where that can be fetched, or else itself.
fn named_by(event: &Json<'_>) -> Result<Thing, Reason> {
    let about = event.text("entityId").and_then(|id| Thing::named(id).ok());
    let itself = || Thing::named(event.text("id").ok_or_else(|| Reason::new("field_missing", "id"))?);
    about.map_or_else(itself, Ok)
}

impl Thing {
    /// By the id's prefix. An id becomes part of an address, so it must have an id's form (T-B19).
    fn named(id: &str) -> Result<Self, Reason> {
        let malformed = || Reason::new("field_malformed", "id");
        let (prefix, rest) = id.split_once('_').ok_or_else(malformed)?;
        let is_plain = !prefix.is_empty()
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
            && !rest.contains(['_', '-'])
            && fetch::is_plain_name(rest)
            && fetch::is_plain_name(id);
        if !is_plain {
            return Err(malformed());
        }
        match prefix {
            "tr" => Ok(Self::Payment(id.to_owned())),
            "ord" => Ok(Self::Order(id.to_owned())),
            "pl" => Ok(Self::Link(id.to_owned())),
            // Older examples have the second one.
            "event" | "whe" => Ok(Self::Event(id.to_owned())),
            _ => Err(Reason::new("unknown_type", id)),
        }
    }

    /// The payment that Mollie's record of something else leads to.
    fn behind(entity: &Json<'_>) -> Option<Self> {
        let names = ["id", "paymentId", "paymentDetails.sourceReference"];
        let things = names.iter().filter_map(|name| Self::named(entity.text(name)?).ok());
        things.into_iter().find(|thing| matches!(thing, Self::Payment(_) | Self::Link(_)))
    }

    fn id(&self) -> &str {
        match self {
            Self::Payment(id) | Self::Order(id) | Self::Link(id) | Self::Event(id) => id,
        }
    }

    fn ask(&self, settings: &Settings) -> Ask {
        let (path, query) = match self {
            Self::Payment(id) => (format!("payments/{id}"), "embed=refunds,chargebacks"),
            Self::Order(id) => (format!("orders/{id}"), "embed=payments,refunds"),
            Self::Link(id) => (format!("payment-links/{id}/payments"), ""),
            Self::Event(id) => (format!("events/{id}"), ""),
        };
        let key = settings.get("api_key").unwrap_or_default();
        // The keys of a profile have a mode of their own; a token of the organisation has to be told.
        let has_no_mode = key.starts_with("access_") && settings.environment == Environment::Sandbox;
        let queries = [query, if has_no_mode { "testmode=true" } else { "" }];
        let query = queries.iter().filter(|query| !query.is_empty()).copied().collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let host = settings.get("api_url").unwrap_or(API).trim_end_matches('/');
        Ask::get(format!("{host}/v2/{path}{mark}{query}")).with("authorization", format!("Bearer {key}"))
    }

    /// Mollie's own record of the thing.
    fn read(&self, record: Verified<'_>, settings: &Settings) -> Result<Worth, Reason> {
        let record = Json::of(record).map_err(|reason| Reason::new("api_unclear", reason.detail))?;
        if !matches!(self, Self::Link(_)) && record.text("id") != Some(self.id()) {
            return Err(Reason::new("api_contradicts", self.id()));
        }
        let mut reading = Reading::new(settings);
        match self {
            Self::Payment(_) => reading.payment(&record, None),
            Self::Order(_) => reading.order(&record),
            Self::Link(_) => {
                record.list("_embedded.payments").iter().for_each(|own| reading.payment(own, None))
            }
            Self::Event(_) => return Ok(self.read_event(&record, settings)),
        }
        Ok(Worth::Told(reading.into()))
    }

    /// A record of an event counts like a signed one, but for the payment, which is fetched in its present state.
    fn read_event(&self, event: &Json<'_>, settings: &Settings) -> Worth {
        let about = event.text("entityId").and_then(|id| Self::named(id).ok());
        let payment = about.or_else(|| Self::behind(event.at("_embedded.entity")));
        match payment {
            Some(thing @ (Self::Payment(_) | Self::Order(_) | Self::Link(_))) => Worth::Named(thing),
            _ => told_by(event, settings).unwrap_or_else(|| {
                Worth::Told(Interpretation::nothing(Reason::new("nothing_to_do", self.id())))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(environment: Environment, key: &str, secret: &str) -> Settings {
        let values = [("api_key", key), ("webhook_secret", secret)];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Settings::check(SETTINGS, environment, values).unwrap()
    }

    fn asked(request: &RawRequest, settings: &Settings) -> Option<String> {
        match receive(request, settings, Timestamp::UNIX_EPOCH) {
            Received::Ask(ask) => Some(ask.url),
            _ => None,
        }
    }

    #[test]
    fn t_a01_no_verification_at_all_an_unsigned_event_is_only_a_reason_to_ask() {
        let event = r#"{"id":"event_1","type":"payment.paid","entityId":"tr_1",
            "_embedded":{"entity":{"resource":"payment","id":"tr_1","status":"paid"}}}"#;
        let request = RawRequest::post("application/json", event);
        for secret in ["", "a webhook secret"] {
            let settings = settings(Environment::Live, "live_key", secret);
            let url = "https://api.mollie.com/v2/payments/tr_1?embed=refunds,chargebacks";
            assert_eq!(asked(&request, &settings).as_deref(), Some(url));
        }
        let settings = settings(Environment::Live, "live_key", "a webhook secret");
        let signed = request.with("x-mollie-signature", "sha256=");
        assert!(matches!(receive(&signed, &settings, Timestamp::UNIX_EPOCH), Received::Refused(_)));
    }

    #[test]
    fn t_b19_ids_used_inside_gateway_urls_have_the_form_of_ids() {
        let settings = settings(Environment::Live, "live_key", "");
        for id in [
            "tr_", "tr", "_a", "TR_a", "tr_a_b", "tr_a-b", "tr_a/b", "tr_a%2Fb", "tr_a?b", "tr_é", "re_a",
            "x_a",
        ] {
            let request = RawRequest::post("application/x-www-form-urlencoded", format!("id={id}"));
            assert_eq!(asked(&request, &settings), None, "{id}");
        }
    }

    #[test]
    fn a_token_of_the_organisation_is_told_which_mode_is_meant() {
        let request = RawRequest::post("application/x-www-form-urlencoded", "id=tr_1");
        let is_test = |environment, key| {
            asked(&request, &settings(environment, key, "")).unwrap().ends_with("&testmode=true")
        };
        assert!(is_test(Environment::Sandbox, "access_token"));
        assert!(!is_test(Environment::Live, "access_token"));
        assert!(!is_test(Environment::Sandbox, "test_key"));
    }
}
