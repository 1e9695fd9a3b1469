//! Mercado Pago tells a shop that something has changed, and what its id is. ipnd then fetches the payment, order or
//! subscription with your access token and believes what Mercado Pago's own API says, whether the message was signed
//! (*webhooks*) or not (*IPN*, and payments by QR code).
//!
//! ## Setting it up
//!
//! 1. In Mercado Pago open *Your integrations*, choose the application, and copy the *access token*: the production
//!    one for a live account, the test one for a sandbox account. Paste it here.
//! 2. In the same application open *Webhooks*, enter ipnd's intake address, tick *Payments*, and *Subscriptions* and
//!    *Chargebacks* where you have them. Copy the *secret signature* that appears there and paste it here.
//! 3. Or give the address as `notification_url` of each payment or preference, with `?source_news=webhooks` behind it.
//! 4. Put your order number into `external_reference`.
//! 5. Tick either *Payments* or *Commercial orders* or *Orders*. They tell of the same money, and an order that was
//!    paid in several parts is told there by its sum.
//!
//! ## What it sends
//!
//! | what the record says | event here |
//! |---|---|
//! | payment `pending`, `in_process` | `payment.pending` |
//! | payment `authorized` | `payment.authorized` |
//! | payment `approved` | `payment.completed` |
//! | payment `rejected` | `payment.failed` |
//! | payment `cancelled` | `payment.expired` where that is the reason, else `payment.voided` |
//! | payment `refunded`, or `approved` with a part refunded | `refund.completed` (`refund.pending`, `refund.failed`) |
//! | payment `charged_back` | `reversal.made`; `reversal.cancelled` once reimbursed, `dispute.lost` once settled |
//! | payment `in_mediation` | `dispute.opened` |
//! | commercial order | `payment.completed` with the sum of its payments, or `payment.underpaid`; `refund.completed` |
//! | order of the Orders API | as its payments and refunds say |
//! | chargeback | `reversal.made` and `dispute.opened`; `dispute.won` and `reversal.cancelled`, or `dispute.lost` |
//! | claim | `dispute.opened`, `dispute.won`, `dispute.lost` |
//! | subscription `authorized`, `paused`, `cancelled` | `subscription.started`, `.suspended`, `.cancelled` |
//! | charge of a subscription | `payment.completed` with the subscription, or `subscription.payment_failed` |
//!
//! Everything else is kept and has no effect. A payment that was refunded or charged back is told of as completed, too,
//! in case the first message was lost.
//!
//! ## How it signs
//!
//! `x-signature: ts=...,v1=...`: HMAC-SHA256 in lower-case hexadecimal over `id:ID;request-id:ID;ts:TS;`, with the
//! `data.id` of the address (not of the body) and the header `x-request-id`; what is missing is left out. Mercado Pago
//! contradicts itself about capital letters in ids, so the id is tried as it came and in small letters. `ts` counts
//! seconds or milliseconds, and may be five minutes away from now. The body is not signed, and nothing of it is
//! believed. IPN (recognised by `topic` in the address) and messages about QR codes carry no signature. In every case
//! what counts is fetched.
//!
//! ## What it expects back
//!
//! 200 or 201 within 22 seconds.
//!
//! ## Retries
//!
//! Every 15 minutes, after the third attempt with longer pauses. For how long is not published.
//!
//! ## Quirks
//!
//! * A payment can be unknown to the API for a moment after the message about it. A signed message is therefore asked
//!   about again; an unsigned one about something that does not exist is called forged.
//! * The panel's simulator sends an id that does not exist. It is signed, so it stays unproven until it is given up.
//! * Payments with test access data cause no messages, by the documentation; users report exceptions. Payments of test
//!   users call themselves live.
//! * A retry with an old time is refused. Everything it could tell is told by the next message, too.
//! * The fields of the Orders API, of claims and of a subscription's charges are documented in part only.
//! * Amounts are in whole units; Chile's peso has no decimal places.
//!
//! ## Sources
//!
//! Mercado Pago's documentation of webhooks, IPN and payment statuses; its SDK for Node and an issue of its SDK for
//! Java about the signature; read in November 2026.

mod play;
mod read;

use crate::kit::common_settings::SANDBOX_URL;
use crate::kit::fetch::{self, Fetched};
use crate::kit::form::{Form, percent_decoded};
use crate::kit::json::Json;
use crate::kit::mac::{self, Algorithm, Encoding, Mac};
use crate::kit::reply;
use crate::kit::signed_time::USUAL;
use crate::kit::verified::Verified;
use crate::{
    ACCEPT_UNCONFIRMED, Ask, AskedAnswer, Covers, Gateway, Interpretation, Proof, RawRequest, Received,
    Repeats, Resumed, Said, Setting, SettingKind, Settings, Wants,
};
use ipnd_core::{EventKind, Reason};
use jiff::Timestamp;
use read::Reading;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "mercado-pago",
    name: "Mercado Pago",
    family: "mercado-pago",
    proof: Proof::Hint,
    covers: Covers::Nothing,
    documentation: include_str!("mod.rs"),
    settings: SETTINGS,
    receivers: Some("collector_id"),
    tells: TELLS,
    // Only the first three pauses are published.
    retries: &[900, 900, 900, 3_600, 7_200, 21_600, 43_200, 86_400],
    repeats: Repeats::AreNews,
    receive,
    resume: Some(resume),
    reply: reply::empty,
    wants: Wants::Status(&[200, 201]),
    compose: play::compose,
    answer: Some(play::answer),
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentUnderpaid,
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
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "access_token",
        kind: SettingKind::Secret,
        required: true,
        label: Said {
            en: "Access token",
            de: "Access Token",
            es: "Access Token",
            uk: "Токен доступу (access token)",
        },
        help: Said {
            en: "Mercado Pago: Your integrations, the application, credentials. The production token for a live \
                 account, the test token for a sandbox account.",
            de: "Mercado Pago: Ihre Integrationen, die Anwendung, Zugangsdaten. Das Produktions-Token für ein \
                 Live-Konto, das Test-Token für ein Sandbox-Konto.",
            es: "Mercado Pago: Tus integraciones, la aplicación, credenciales. El de producción para una cuenta real, \
                 el de prueba para una cuenta de pruebas.",
            uk: "Mercado Pago: ваші інтеграції, застосунок, облікові дані. Бойовий токен для справжнього облікового \
                 запису, тестовий для пробного.",
        },
        sample: "TEST-sandbox-of-ipnd-nobodys-token-000",
        check: None,
    },
    Setting {
        key: "webhook_secret",
        kind: SettingKind::Secrets,
        required: false,
        label: Said {
            en: "Secret signature",
            de: "Geheime Signatur",
            es: "Clave secreta",
            uk: "Секретний підпис",
        },
        help: Said {
            en: "Mercado Pago shows it under Webhooks once an address has been entered there. While you renew it, \
                 enter both, one a line. IPN needs none.",
            de: "Mercado Pago zeigt sie unter Webhooks, sobald dort eine Adresse eingetragen ist. Während Sie sie \
                 erneuern, tragen Sie beide ein, eine pro Zeile. IPN braucht keine.",
            es: "Mercado Pago la muestra en Webhooks cuando ya hay una dirección. Mientras la renueva, escriba las \
                 dos, una por línea. IPN no la necesita.",
            uk: "Mercado Pago показує його в розділі Webhooks, щойно там указано адресу. Під час заміни впишіть \
                 обидва, по одному в рядку. Для IPN він не потрібен.",
        },
        sample: "sandboxOfIpndNobodysSecretSignature",
        check: None,
    },
    Setting {
        key: "collector_id",
        kind: SettingKind::List,
        required: false,
        label: Said {
            en: "Your user numbers",
            de: "Ihre Benutzernummern",
            es: "Sus números de usuario",
            uk: "Ваші номери користувача",
        },
        help: Said {
            en: "The numbers of the Mercado Pago accounts that may receive your payments (collector_id), one a line. \
                 A payment to anybody else is put to you as a question. Left empty, this is not compared.",
            de: "Die Nummern der Mercado-Pago-Konten, die Ihre Zahlungen erhalten dürfen (collector_id), eine pro \
                 Zeile. Bei einer Zahlung an jemand anderen werden Sie gefragt. Leer heißt: wird nicht verglichen.",
            es: "Los números de las cuentas de Mercado Pago que pueden recibir sus pagos (collector_id), uno por \
                 línea. Si un pago va a otra persona, se le pregunta a usted. Si se deja vacía, no se compara.",
            uk: "Номери облікових записів Mercado Pago, які можуть отримувати ваші платежі (collector_id), по одному \
                 в рядку. Про платіж комусь іншому вас запитають. Якщо порожньо, це не порівнюється.",
        },
        sample: "123456789",
        check: None,
    },
    Setting {
        help: Said {
            en: "Only for trying things out: who is asked instead of Mercado Pago. Left empty, Mercado Pago is asked \
                 with your test token.",
            de: "Nur zum Ausprobieren: wer statt Mercado Pago gefragt wird. Leer heißt: Mercado Pago wird mit Ihrem \
                 Test-Token gefragt.",
            es: "Solo para probar: a quién se pregunta en lugar de Mercado Pago. Si se deja vacía, se pregunta a \
                 Mercado Pago con su token de prueba.",
            uk: "Лише для спроб: кого питати замість Mercado Pago. Якщо порожньо, питають Mercado Pago з вашим \
                 тестовим токеном.",
        },
        ..SANDBOX_URL
    },
    ACCEPT_UNCONFIRMED,
];

const API: &str = "https://api.mercadopago.com";

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match worth(request, settings, now) {
        Ok(Worth::Nothing(reason)) => Received::Proven(Interpretation::nothing(reason)),
        Ok(Worth::Named { thing, id, .. }) => Received::Ask(thing.ask(&id, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn resume(request: &RawRequest, settings: &Settings, answers: &[AskedAnswer], now: Timestamp) -> Resumed {
    match worth(request, settings, now) {
        Ok(Worth::Nothing(reason)) => Resumed::Genuine(Interpretation::nothing(reason)),
        Ok(Worth::Named { thing, id, is_signed }) => {
            let fetching = Fetching { request, settings, is_signed };
            fetching.read(thing, &id, answers).unwrap_or_else(|ended| *ended)
        }
        Err(reason) => Resumed::NotYetKnown(reason),
    }
}

/// What a message is good for.
#[derive(Debug)]
enum Worth {
    /// Signed, and nothing follows from it.
    Nothing(Reason),
    Named {
        thing: Thing,
        id: String,
        is_signed: bool,
    },
}

/// What can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thing {
    Payment,
    Order,
    MerchantOrder,
    Subscription,
    Charge,
    Chargeback,
    Claim,
}

/// What the address of the message says. The body is not signed and decides nothing.
struct Address {
    data_id: Option<String>,
    id: Option<String>,
    kind: Option<String>,
    topic: Option<String>,
}

impl Address {
    fn read(query: &str) -> Result<Self, Reason> {
        let form = Form::cut(query.as_bytes()).map_err(|_| Reason::new("too_many_fields", ""))?;
        if let Some(name) = form.repeated(|name| matches!(name, "data.id" | "id" | "type" | "topic")) {
            return Err(Reason::new("duplicate_field", name));
        }
        let field = |name: &str| {
            let field = form.fields().find(|field| field.name == name)?;
            let text = String::from_utf8_lossy(&percent_decoded(field.raw_value)).into_owned();
            (!text.is_empty()).then_some(text)
        };
        Ok(Self { data_id: field("data.id"), id: field("id"), kind: field("type"), topic: field("topic") })
    }
}

fn worth(request: &RawRequest, settings: &Settings, now: Timestamp) -> Result<Worth, Reason> {
    if request.method != "POST" {
        return Err(Reason::new("not_post", &request.method));
    }
    let address = Address::read(&request.query)?;
    // IPN says everything in the address; what it has for a body is no matter.
    let is_ipn = address.topic.is_some();
    let body = match Json::parse(&request.body) {
        Ok(body) => body,
        Err(_) if is_ipn => Json::Null,
        Err(_) if request.body.is_empty() => return Err(Reason::new("body_empty", "")),
        Err(reason) => return Err(reason),
    };
    if let (Some(own), Some(other)) = (&address.data_id, body.scalar("data.id"))
        && own != other
    {
        return Err(Reason::new("field_malformed", "data.id"));
    }
    // IPN may carry the header, too, and Mercado Pago says that it proves nothing there.
    let has_secret = settings.secrets("webhook_secret").next().is_some();
    let is_signed = !is_ipn && has_secret && request.header("x-signature").is_some();
    if is_signed {
        verify(request, settings, &address, now)?;
    }
    let kind = address.kind.or(address.topic);
    // What to fetch is only a question of where to look, so the body's word will do where the address has none.
    let kind = kind.or_else(|| body.first(&["type", "topic"])).unwrap_or_default();
    let nothing = |reason: Reason| if is_signed { Ok(Worth::Nothing(reason)) } else { Err(reason) };
    let Some(thing) = Thing::of(&kind) else {
        return nothing(Reason::new(if is_signed { "nothing_to_do" } else { "unknown_type" }, &kind));
    };
    match address.data_id.or(address.id) {
        None => nothing(Reason::new("field_missing", "data.id")),
        Some(id) if fetch::is_plain_name(&id) => Ok(Worth::Named { thing, id, is_signed }),
        Some(_) => Err(Reason::new("field_malformed", "data.id")),
    }
}

fn verify<'a>(
    request: &'a RawRequest,
    settings: &Settings,
    address: &Address,
    now: Timestamp,
) -> Result<Verified<'a>, Reason> {
    let header = request.only_header("x-signature")?;
    let only = |name: &str| {
        let mut values = mac::parts(header, ',').filter(|part| part.0.eq_ignore_ascii_case(name));
        values.next().filter(|_| values.next().is_none()).map(|part| part.1)
    };
    let signed_at = only("ts").ok_or_else(|| Reason::new("timestamp_missing", "x-signature"))?;
    let given = only("v1").ok_or_else(|| Reason::new("signature_malformed", "x-signature"))?;
    let request_id = match request.header("x-request-id") {
        Some(_) => Some(request.only_header("x-request-id")?),
        None => None,
    };
    // An id with a separator in it could take the place of the next field (T-A16).
    let id = address.data_id.as_deref();
    if id.is_some_and(|id| !fetch::is_plain_name(id)) {
        return Err(Reason::new("field_malformed", "data.id"));
    }
    let check = |id: Option<&str>| {
        let manifest = manifest(id, request_id, signed_at);
        MAC.verify(request, settings.secrets("webhook_secret"), &[manifest.as_bytes()], given)
    };
    let lowered = id.map(str::to_ascii_lowercase);
    let verified = check(id)
        .or_else(|wrong| if lowered.as_deref() == id { Err(wrong) } else { check(lowered.as_deref()) })?;
    USUAL.check_either_unit(signed_at, now)?;
    Ok(verified)
}

/// What is signed: what is missing is left out with its name.
fn manifest(id: Option<&str>, request_id: Option<&str>, signed_at: &str) -> String {
    let parts = [("id", id), ("request-id", request_id), ("ts", Some(signed_at))];
    let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}:{};", value?)));
    parts.collect()
}

impl Thing {
    /// By the names of webhooks and of IPN.
    fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "payment" => Self::Payment,
            "order" | "orders" => Self::Order,
            "topic_merchant_order_wh" | "merchant_order" => Self::MerchantOrder,
            "subscription_preapproval" => Self::Subscription,
            "subscription_authorized_payment" => Self::Charge,
            "topic_chargebacks_wh" | "chargebacks" => Self::Chargeback,
            "topic_claims_integration_wh" => Self::Claim,
            _ => return None,
        })
    }

    fn path(self) -> &'static str {
        match self {
            Self::Payment => "/v1/payments/",
            Self::Order => "/v1/orders/",
            Self::MerchantOrder => "/merchant_orders/",
            Self::Subscription => "/preapproval/",
            Self::Charge => "/authorized_payments/",
            Self::Chargeback => "/v1/chargebacks/",
            Self::Claim => "/post-purchase/v1/claims/",
        }
    }

    fn ask(self, id: &str, settings: &Settings) -> Ask {
        let token = settings.get("access_token").unwrap_or_default();
        Ask::get(format!("{}{}{id}", host(settings), self.path()))
            .with("authorization", format!("Bearer {token}"))
    }
}

fn host(settings: &Settings) -> &str {
    settings.get("api_url").unwrap_or(API).trim_end_matches('/')
}

/// Reads the answers to the questions about one message.
struct Fetching<'a> {
    request: &'a RawRequest,
    settings: &'a Settings,
    is_signed: bool,
}

impl Fetching<'_> {
    fn read(&self, thing: Thing, id: &str, answers: &[AskedAnswer]) -> Result<Resumed, Box<Resumed>> {
        let Some(first) = answers.first() else {
            return Ok(Resumed::Ask(thing.ask(id, self.settings)));
        };
        let record = self.record(first, id)?;
        let mut reading = Reading::new(self.settings);
        let payment = match thing {
            Thing::Chargeback => record.first(&["payment_id", "payments.0.id", "payments.0"]),
            Thing::Claim if record.text("resource") == Some("payment") => record.first(&["resource_id"]),
            // The record of a charge does not say whose account has received it.
            Thing::Charge if self.settings.list("collector_id").next().is_some() => {
                record.first(&["payment.id"])
            }
            _ => None,
        };
        let payment = match payment.filter(|payment| fetch::is_plain_name(payment)) {
            None => Json::Null,
            Some(payment) => match answers.get(1) {
                None => return Ok(Resumed::Ask(Thing::Payment.ask(&payment, self.settings))),
                Some(second) => self.record(second, &payment)?,
            },
        };
        match thing {
            Thing::Payment => reading.payment(&record),
            Thing::Order => reading.order(&record),
            Thing::MerchantOrder => reading.merchant_order(&record),
            Thing::Subscription => reading.subscription(&record),
            Thing::Charge => reading.charge(&record, &payment),
            Thing::Chargeback => reading.chargeback(&record, &payment),
            Thing::Claim => reading.claim(&record, &payment),
        }
        if payment.is_object() {
            reading.payment(&payment);
        }
        Ok(Resumed::Genuine(reading.into()))
    }

    /// Mercado Pago's own record of the thing of this id.
    fn record<'b>(&'b self, answer: &'b AskedAnswer, id: &str) -> Result<Json<'b>, Box<Resumed>> {
        let verified = match fetch::read(self.request, answer, id) {
            // What was signed exists, or will in a moment.
            Fetched::Unknown(reason) if self.is_signed => return Err(Box::new(Resumed::NotYetKnown(reason))),
            other => other.found().map_err(Box::new)?,
        };
        let record = Json::of(verified);
        let unclear = |reason: Reason| Resumed::NotYetKnown(Reason::new("api_unclear", reason.detail));
        let record = record.map_err(|reason| Box::new(unclear(reason)))?;
        if record.scalar("id").is_none_or(|own| !own.eq_ignore_ascii_case(id)) {
            return Err(Box::new(Resumed::NotYetKnown(Reason::new("api_contradicts", id))));
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Environment;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn settings(secret: &str) -> Settings {
        let values = [("access_token", "APP_USR-token"), ("webhook_secret", secret)];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Settings::check(SETTINGS, Environment::Live, values).unwrap()
    }

    /// A message about this id, signed with a manifest for `signed`.
    fn message(id: &str, signed: Option<&str>, request_id: &str) -> RawRequest {
        let text = manifest(signed, Some(request_id), "1790000000");
        let signature = MAC.sign(b"the secret", &[text.as_bytes()]);
        let request = RawRequest::post("application/json", "{}")
            .with("x-request-id", request_id)
            .with("x-signature", format!("ts=1790000000,v1={signature}"));
        RawRequest { query: format!("data.id={id}&type=payment"), ..request }
    }

    fn asked(request: &RawRequest) -> Result<String, String> {
        match receive(request, &settings("the secret"), NOW) {
            Received::Ask(ask) => Ok(ask.url),
            Received::Refused(reason) => Err(reason.code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_id_may_be_signed_in_small_letters_but_in_no_others() {
        assert!(asked(&message("ORD1a", Some("ORD1a"), "r")).is_ok());
        assert_eq!(asked(&message("ORD1a", Some("ord1a"), "r")).unwrap(), format!("{API}/v1/payments/ORD1a"));
        assert_eq!(asked(&message("ORD1a", Some("ORD1A"), "r")), Err("signature_wrong".to_owned()));
        assert_eq!(asked(&message("ord1a", Some("ORD1A"), "r")), Err("signature_wrong".to_owned()));
    }

    #[test]
    fn t_a16_joined_fields_collide_only_where_an_id_may_hold_a_separator() {
        let genuine = message("1", Some("1"), "r;x:2");
        assert!(asked(&genuine).is_ok());
        // The same text, cut elsewhere: the id has swallowed the beginning of the header.
        for id in ["1;request-id:r", "1%3Brequest-id%3Ar"] {
            let mut headers = genuine.headers.clone();
            headers.retain(|(name, _)| name != "x-request-id");
            let bent = RawRequest { query: format!("data.id={id}&type=payment"), headers, ..genuine.clone() };
            assert_eq!(asked(&bent), Err("field_malformed".to_owned()));
        }
    }

    #[test]
    fn t_a17_unsigned_fields_the_body_names_nothing() {
        let mut request = message("1", Some("1"), "r");
        request.body = br#"{"data":{"id":"2"},"type":"payment"}"#.to_vec();
        assert_eq!(asked(&request), Err("field_malformed".to_owned()));
        request.body = br#"{"data":{"id":"1"},"resource":"https://evil.example/x"}"#.to_vec();
        assert_eq!(asked(&request).unwrap(), format!("{API}/v1/payments/1"));
    }

    #[test]
    fn t_b19_ids_used_inside_gateway_urls_have_the_form_of_ids() {
        for id in ["..", "1/2", "1%2F2", "1?x", "1%3Fx", "%C3%A9", "1.2", "1%00"] {
            let query = format!("topic=payment&id={id}");
            let request = RawRequest { query, ..RawRequest::post("application/json", "{}") };
            assert_eq!(asked(&request), Err("field_malformed".to_owned()), "{id}");
        }
    }

    #[test]
    fn what_is_signed_and_not_there_yet_is_asked_about_again() {
        let not_found = [AskedAnswer::new(404, "{}")];
        let signed = message("1", Some("1"), "r");
        let ended = resume(&signed, &settings("the secret"), &not_found, NOW);
        assert!(matches!(ended, Resumed::NotYetKnown(_)));
        let ipn = RawRequest { query: "topic=payment&id=1".to_owned(), ..signed };
        assert!(matches!(resume(&ipn, &settings("the secret"), &not_found, NOW), Resumed::Forged(_)));
    }
}
