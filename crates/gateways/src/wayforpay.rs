//! WayForPay tells a shop how a payment stands by posting one JSON object to the shop's `serviceUrl`, each time its
//! status changes, and wants a signed answer back.
//!
//! ## Setting it up
//!
//! 1. In WayForPay's cabinet open *Shop settings* and copy the *merchant login* and the *secret key* (`Merchant secret
//!    key`) into this account.
//! 2. Paste the intake address that ipnd shows for this account as the `Service URL`, either there or as `serviceUrl`
//!    in every request for a payment. Not as `returnUrl`: that is where the customer's browser goes.
//! 3. `orderReference` is your order number and has to be a new one for each order.
//! 4. The public test shop is `test_merch_n1`: make an account of its own for it, in the sandbox environment.
//!
//! ## What it sends
//!
//! | `transactionStatus` | event here |
//! |---|---|
//! | `Approved` with `reasonCode` 1100 | `payment.completed` |
//! | `WaitingAuthComplete` | `payment.authorized` |
//! | `Created`, `InProcessing`, `Pending` | `payment.pending` |
//! | `Declined` | `payment.failed`; of a renewal: `subscription.payment_failed` |
//! | `Expired` | `payment.expired` |
//! | `Refunded` | `refund.completed` |
//! | `Voided` | `payment.voided` and `refund.completed`: either a hold was released, or a payment of the same day taken back |
//! | `RefundInProcessing` | `refund.pending` |
//!
//! `Approved` with any other reason pays nothing. WayForPay tells of no chargebacks, and of a subscription only its
//! charges: each is a payment whose `orderReference` is that of the first one with `_WFPREG-...` behind it.
//!
//! ## How it signs
//!
//! `merchantSignature` is the HMAC-MD5, in lower-case hexadecimal, of eight values with semicolons between: merchant,
//! `orderReference`, `amount`, `currency`, `authCode`, `cardPan`, `transactionStatus`, `reasonCode`. What is not there is
//! empty and keeps its semicolon. The merchant is taken from this account's settings and not from the message. A value
//! that contains a semicolon could be two, so it is refused (T-A16).
//!
//! Nothing else is signed: not the dates, not the fee, not the customer. They are shown, and decide nothing; the fee
//! is left out, because it is money.
//!
//! ## What it expects back
//!
//! Status 200 and a JSON object `{"orderReference":...,"status":"accept","time":...,"signature":...}`, the signature being
//! the HMAC-MD5 of these three values with semicolons between. Anything else counts as not delivered.
//!
//! ## Retries
//!
//! For up to four days, as shops report; no schedule is published.
//!
//! ## Quirks
//!
//! * The JSON is labelled as a form. It is told by its first character; genuine forms are read as well.
//! * `amount` is signed as PHP prints a number: `100`, not `100.00`. The digits of the message are tried first.
//! * There is no transaction number. Payments are told apart by merchant and `orderReference`; `authCode` is the
//!   bank's code and far too short to be unique.
//! * WayForPay does not say whether a partial refund carries its own amount or the sum so far. It is read as the sum,
//!   so that nothing is counted twice; after a second partial refund compare with the cabinet.
//! * Nothing in a message says that it is a test.
//!
//! ## Sources
//!
//! WayForPay's wiki (purchase, refund, regular payments, reason codes) and its official PHP library; integrations that
//! show what is really sent; read in November 2026.

use crate::kit::form::{self, Form};
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, time};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Repeats, Reply,
    Said, Setting, SettingFault, SettingKind, Settings, Wants,
};
use ipnd_core::{Customer, Environment, Event, EventKind, Money, Reason};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "wayforpay",
    name: "WayForPay",
    family: "wayforpay",
    proof: Proof::Strong,
    covers: Covers::Fields(&SIGNED),
    documentation: include_str!("wayforpay.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // Four days in all; the steps are not published.
    retries: &[60, 300, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400, 86_400],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply,
    wants: Wants::Reply,
    compose,
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
    EventKind::RefundPending,
    EventKind::RefundCompleted,
    EventKind::SubscriptionPaymentFailed,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "merchant_account",
        kind: SettingKind::Text,
        required: true,
        label: Said {
            en: "Merchant login",
            de: "Händlername",
            es: "Nombre del comercio",
            uk: "Логін мерчанта",
        },
        help: Said {
            en: "Stands in WayForPay's cabinet in the shop's settings (merchant login). It is part of every signature.",
            de: "Steht im Kabinett von WayForPay in den Einstellungen des Shops (merchant login). Er ist Teil jeder \
                 Signatur.",
            es: "Está en el gabinete de WayForPay, en la configuración de la tienda (merchant login). Forma parte de cada \
                 firma.",
            uk: "Є в кабінеті WayForPay у налаштуваннях магазину (merchant login). Він входить до кожного підпису.",
        },
        sample: "ipnd_sandbox_shop",
        check: Some(is_plain_account),
    },
    Setting {
        key: "secret_key",
        kind: SettingKind::Secrets,
        required: true,
        label: Said {
            en: "Secret key", de: "Geheimer Schlüssel", es: "Clave secreta", uk: "Секретний ключ"
        },
        help: Said {
            en: "Stands beside the merchant login (merchant secret key). While you change it, enter both, one a line.",
            de: "Steht neben dem Händlernamen (merchant secret key). Während Sie ihn wechseln, tragen Sie beide ein, \
                 einen pro Zeile.",
            es: "Está junto al nombre del comercio (merchant secret key). Mientras la cambia, escriba las dos, una por \
                 línea.",
            uk: "Є поруч із логіном мерчанта (merchant secret key). Під час заміни впишіть обидва, по одному в рядку.",
        },
        sample: "ipndNobodysSecretKey0000000000",
        check: None,
    },
];

fn is_plain_account(value: &str) -> Result<(), SettingFault> {
    let is_plain =
        value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let fault = || SettingFault::Malformed("letters, digits, _, - and .".to_owned());
    if is_plain { Ok(()) } else { Err(fault()) }
}

const MAC: Mac = Mac::new(Algorithm::HmacMd5, Encoding::HexLower);

/// What is signed, in this sequence, behind the merchant.
const SIGNED: [&str; 7] =
    ["orderReference", "amount", "currency", "authCode", "cardPan", "transactionStatus", "reasonCode"];

/// What is read besides, and must not be taken for proved.
const UNSIGNED: [&str; 7] =
    ["merchantAccount", "merchantSignature", "reason", "processingDate", "createdDate", "email", "phone"];

/// What stands behind the order number in each further charge of a subscription.
const RENEWAL: &str = "_WFPREG-";

/// The public test shop of WayForPay.
const TEST_SHOP: &str = "test_merch_n1";

/// The fields of a message that are of interest, with their values as they were written.
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    fn read(body: &[u8]) -> Result<Self, Reason> {
        let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
        if start.first() == Some(&b'{') { Self::of_json(body) } else { Self::of_form(body) }
    }

    fn of_json(body: &[u8]) -> Result<Self, Reason> {
        let message = Json::parse(body)?;
        let mut fields = BTreeMap::new();
        for name in SIGNED.into_iter().chain(UNSIGNED) {
            match message.field(name) {
                Json::Number(text) | Json::Text(text) => {
                    fields.insert(name, text.clone().into_owned());
                }
                Json::Null => {}
                _ if SIGNED.contains(&name) => return Err(Reason::new("field_malformed", name)),
                _ => {}
            }
        }
        Ok(Self(fields))
    }

    fn of_form(body: &[u8]) -> Result<Self, Reason> {
        let form = Form::cut(body).map_err(|_| Reason::new("too_many_fields", ""))?;
        let known = |name: &str| SIGNED.into_iter().chain(UNSIGNED).find(|own| *own == name);
        if let Some(name) = form.repeated(|name| known(name).is_some()) {
            return Err(Reason::new("duplicate_field", name));
        }
        let mut fields = BTreeMap::new();
        for field in form.fields() {
            let Some(name) = known(&field.name) else { continue };
            match String::from_utf8(form::percent_decoded(field.raw_value).into_owned()) {
                Ok(text) => drop(fields.insert(name, text)),
                Err(_) if SIGNED.contains(&name) => return Err(Reason::new("field_malformed", name)),
                Err(_) => {}
            }
        }
        Ok(Self(fields))
    }

    /// The value of a field, unless it is empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The texts that may have been signed: with the amount as it was written, and as PHP would have printed it.
    fn signed_texts(&self, account: &str) -> Result<Vec<String>, Reason> {
        let with = |amount: &str| {
            let value =
                |name: &str| if name == "amount" { amount } else { self.get(name).unwrap_or_default() };
            let values: Vec<&str> = std::iter::once(account).chain(SIGNED.map(value)).collect();
            values.join(";")
        };
        for name in SIGNED {
            let value = self.get(name).unwrap_or_default();
            let is_good = match name {
                "orderReference" => !value.is_empty() && !value.contains(';'),
                "amount" => value.is_empty() || is_number(value),
                "currency" | "transactionStatus" => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
                "reasonCode" => value.bytes().all(|byte| byte.is_ascii_digit()),
                _ => !value.contains(';'),
            };
            if !is_good {
                return Err(Reason::new("field_malformed", name));
            }
        }
        let raw = self.get("amount").unwrap_or_default();
        let mut texts = vec![with(raw)];
        texts.extend(Some(printed(raw)).filter(|printed| *printed != raw).map(with));
        Ok(texts)
    }
}

/// Digits with at most one point between them.
fn is_number(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    text.len() <= 30 && is_digits(whole) && is_digits(fraction)
}

/// A number as PHP prints it: no zeros at the end of its decimals.
fn printed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match verify(request, settings) {
        Ok((verified, _)) => {
            let read = interpret(verified, settings);
            Received::Proven(read.unwrap_or_else(Interpretation::nothing))
        }
        Err(reason) => Received::Refused(reason),
    }
}

/// Also gives the secret that it was signed with, which the answer has to be signed with too.
fn verify<'a, 's>(
    request: &'a RawRequest,
    settings: &'s Settings,
) -> Result<(Verified<'a>, &'s str), Reason> {
    request.must_be_posted()?;
    let fields = Fields::read(&request.body)?;
    let given = fields
        .get("merchantSignature")
        .ok_or_else(|| Reason::new("signature_missing", "merchantSignature"))?;
    let account = account(settings);
    if let Some(other) = fields.get("merchantAccount").filter(|named| *named != account) {
        return Err(Reason::new("wrong_account", other));
    }
    let mut refusal = Reason::new("secret_unusable", "secret_key");
    for text in fields.signed_texts(account)? {
        for secret in settings.secrets("secret_key") {
            match MAC.verify(request, [secret], &[text.as_bytes()], given) {
                Ok(verified) => return Ok((verified, secret)),
                Err(reason) => refusal = reason,
            }
        }
    }
    Err(refusal)
}

fn account(settings: &Settings) -> &str {
    settings.get("merchant_account").unwrap_or_default()
}

fn environment(settings: &Settings) -> Environment {
    if account(settings) == TEST_SHOP { Environment::Sandbox } else { settings.environment }
}

/// A message is about a payment as it stands. Only what is signed decides what is said here.
fn interpret(verified: Verified<'_>, settings: &Settings) -> Result<Interpretation, Reason> {
    use EventKind::*;
    let fields = Fields::read(verified.body())?;
    let message = Message { fields: &fields, settings };
    let status =
        fields.get("transactionStatus").ok_or_else(|| Reason::new("field_missing", "transactionStatus"))?;
    let code = fields.get("reasonCode").unwrap_or_default();
    let events = match status {
        "Approved" if code == "1100" => vec![message.payment(PaymentCompleted)?],
        "Approved" => return Err(Reason::new("unknown_status", format!("Approved, {code}"))),
        "WaitingAuthComplete" => vec![message.payment(PaymentAuthorized)?],
        "Created" | "InProcessing" | "Pending" => vec![message.payment(PaymentPending)?],
        "Declined" if message.renewed().is_some() => vec![message.payment(SubscriptionPaymentFailed)?],
        "Declined" => vec![message.payment(PaymentFailed)?],
        "Expired" => vec![message.payment(PaymentExpired)?],
        "Refunded" => vec![message.refund(RefundCompleted)?],
        "Voided" => vec![message.payment(PaymentVoided)?, message.refund(RefundCompleted)?],
        "RefundInProcessing" => vec![message.refund(RefundPending)?],
        other => return Err(Reason::new("unknown_status", other)),
    };
    Ok(Interpretation::events(events))
}

struct Message<'a> {
    fields: &'a Fields,
    settings: &'a Settings,
}

impl Message<'_> {
    /// The order number as it was sent.
    fn reference(&self) -> &str {
        self.fields.get("orderReference").unwrap_or_default()
    }

    /// The order number of the subscription that this is a further charge of.
    fn renewed(&self) -> Option<&str> {
        self.reference().split_once(RENEWAL).map(|(first, _)| first).filter(|first| !first.is_empty())
    }

    /// What all messages have in common. There is no number of the payment but the shop's own, and other shops have the
    /// same ones: so the merchant belongs to the name.
    fn event(&self, kind: EventKind, more: &[&str]) -> Result<(Event, String), Reason> {
        let name = format!("{}/{}", account(self.settings), self.reference());
        let status = self.fields.get("transactionStatus").unwrap_or_default();
        let parts: Vec<&str> = [name.as_str(), status].into_iter().chain(more.iter().copied()).collect();
        // A customer may be declined more than once for one order, and nothing that is signed tells the attempts apart.
        // They are one piece of news, so they must not differ in their date.
        let has_moved = matches!(status, "Approved" | "WaitingAuthComplete" | "Refunded" | "Voided");
        let dates =
            if has_moved { ["processingDate", "createdDate"] } else { ["createdDate", "processingDate"] };
        let date = dates.into_iter().find_map(|name| self.fields.get(name));
        let event = Event {
            occurred_at: date.and_then(time::seconds),
            order_ref: Some(self.renewed().unwrap_or(self.reference()).to_owned()),
            subscription: self.renewed().map(str::to_owned),
            receivers: vec![account(self.settings).to_owned()],
            customer: Customer {
                email: self.fields.get("email").map(str::to_owned),
                phone: self.fields.get("phone").map(str::to_owned),
                ..Customer::default()
            },
            status: Some(status.to_owned()),
            reason: self.reason(),
            ..Event::new(kind, identity::of(kind, &parts), environment(self.settings))
        };
        Ok((event, name))
    }

    fn payment(&self, kind: EventKind) -> Result<Event, Reason> {
        let amount = self.money()?;
        let signed = |name: &str| self.fields.get(name).unwrap_or_default();
        let digits = amount.map(Money::decimal).unwrap_or_default();
        let (event, name) = self.event(kind, &[signed("authCode"), signed("reasonCode"), &digits])?;
        let parent = self.fields.get("authCode").map(str::to_owned);
        Ok(Event { transaction: Some(name), parent, amount, ..event })
    }

    fn refund(&self, kind: EventKind) -> Result<Event, Reason> {
        let amount = self.money()?.ok_or_else(|| Reason::new("field_missing", "amount"))?;
        let (event, name) = self.event(kind, &[&amount.decimal()])?;
        Ok(Event {
            transaction: self.fields.get("authCode").map(str::to_owned),
            parent: Some(name),
            amount: Some(amount),
            amount_is_total: kind == EventKind::RefundCompleted,
            ..event
        })
    }

    fn money(&self) -> Result<Option<Money>, Reason> {
        let Some(digits) = self.fields.get("amount") else { return Ok(None) };
        let currency = self.fields.get("currency").ok_or_else(|| Reason::new("field_missing", "currency"))?;
        amount::decimal(digits, amount::currency(currency)?).map(Some)
    }

    /// The code with its text, unless all went well. The text is not signed, and is only shown.
    fn reason(&self) -> Option<String> {
        let code = self.fields.get("reasonCode").filter(|code| *code != "1100")?;
        let text = self.fields.get("reason").unwrap_or_default();
        Some(format!("{code} {text}").trim_end().to_owned())
    }
}

/// The signed answer. It says that the message is kept, not that the order is known.
fn reply(request: &RawRequest, settings: &Settings, outcome: Outcome, now: Timestamp) -> Reply {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate => {}
        Outcome::Probed => return Reply::empty(200),
        Outcome::Refused => return Reply::empty(400),
    }
    let fields = Fields::read(&request.body).unwrap_or(Fields(BTreeMap::new()));
    let order = fields.get("orderReference").unwrap_or_default();
    let secret = verify(request, settings).map(|(_, secret)| secret).ok();
    let secret = secret.or_else(|| settings.secrets("secret_key").next()).unwrap_or_default();
    let at = now.as_second().to_string();
    let signature = MAC.sign(secret.as_bytes(), &[format!("{order};accept;{at}").as_bytes()]);
    let answer = Json::of_fields([
        ("orderReference", Json::of_text(order)),
        ("status", Json::of_text("accept")),
        ("time", Json::of_number(at)),
        ("signature", Json::of_text(signature)),
    ]);
    Reply::json(200, answer.to_string())
}

fn compose(event: &Event, settings: &Settings, now: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    let status = word(event).ok_or_else(|| cannot(event.kind.word()))?;
    let amount = event.amount.ok_or_else(|| cannot("an event without an amount"))?;
    let order = event.order_ref.as_ref().or(event.subscription.as_ref());
    let order = order.ok_or_else(|| cannot("an event without an order"))?;
    if order.contains(';') || order.contains(RENEWAL) {
        return Err(cannot("such an order number"));
    }
    let has_gone_well = matches!(status, "Approved" | "Refunded" | "Voided" | "WaitingAuthComplete");
    let (code, text) = if has_gone_well { ("1100", "Ok") } else { reason_of(event, status) };
    let decimal = amount.decimal();
    let reference = reference(event, order);
    let auth_code = if has_gone_well { auth_code(event, order) } else { String::new() };
    let values = [
        reference.as_str(),
        printed(&decimal),
        amount.currency().code(),
        &auth_code,
        if has_gone_well { "53****4417" } else { "" },
        status,
        code,
    ];
    let signed = std::iter::once(account(settings)).chain(values).collect::<Vec<_>>().join(";");
    let secret = settings.secrets("secret_key").next().unwrap_or_default();
    let signature = MAC.sign(secret.as_bytes(), &[signed.as_bytes()]);
    let at = event.occurred_at.unwrap_or(now);
    // Labelled as real ones are.
    let body = written(event, account(settings), values, &signature, text, at).to_string();
    Ok(RawRequest::post("application/x-www-form-urlencoded", body))
}

/// The whole message around the values that are signed.
fn written(
    event: &Event,
    account: &str,
    values: [&str; 7],
    signature: &str,
    reason: &str,
    at: Timestamp,
) -> Json<'static> {
    let text = |text: &str| Json::of_text(text.to_owned());
    let [reference, amount, currency, auth_code, pan, status, code] = values;
    Json::of_fields([
        ("merchantAccount", text(account)),
        ("orderReference", text(reference)),
        ("merchantSignature", text(signature)),
        ("amount", Json::of_number(amount)),
        ("currency", text(currency)),
        ("authCode", text(auth_code)),
        ("email", Json::of_some(event.customer.email.clone())),
        ("phone", Json::of_some(event.customer.phone.clone())),
        ("createdDate", Json::of_number(at.as_second())),
        ("processingDate", Json::of_number(at.as_second())),
        ("cardPan", text(pan)),
        ("cardType", text("MasterCard")),
        ("issuerBankCountry", text("Ukraine")),
        ("issuerBankName", text("Test Bank")),
        ("recToken", text("")),
        ("transactionStatus", text(status)),
        ("reason", text(reason)),
        ("reasonCode", Json::of_number(code)),
        ("fee", Json::of_number(0)),
        ("paymentSystem", text("card")),
    ])
}

/// WayForPay's status for an event.
fn word(event: &Event) -> Option<&'static str> {
    use EventKind::*;
    let pending = ["Created", "InProcessing"].into_iter().find(|word| event.status.as_deref() == Some(word));
    Some(match event.kind {
        PaymentPending => pending.unwrap_or("Pending"),
        PaymentAuthorized => "WaitingAuthComplete",
        PaymentCompleted => "Approved",
        PaymentFailed | SubscriptionPaymentFailed => "Declined",
        PaymentVoided => "Voided",
        PaymentExpired => "Expired",
        RefundPending => "RefundInProcessing",
        RefundCompleted => "Refunded",
        _ => return None,
    })
}

/// The code and the text of an event that has not gone well, or the usual ones of its status.
fn reason_of<'e>(event: &'e Event, status: &str) -> (&'e str, &'e str) {
    let own = event.reason.as_deref().unwrap_or_default();
    let (code, text) = own.split_once(' ').unwrap_or((own, ""));
    let is_code = code.len() == 4 && code != "1100" && code.bytes().all(|byte| byte.is_ascii_digit());
    match status {
        _ if is_code => (code, text),
        "Declined" => ("1101", "Declined To Card Issuer"),
        "Expired" => ("1124", "Cardholder session expired"),
        "RefundInProcessing" => ("1138", "Refund in processing"),
        _ => ("1134", "Transaction in processing"),
    }
}

/// The order number, with WayForPay's mark of a renewal where the event is one.
fn reference(event: &Event, order: &str) -> String {
    if event.subscription.is_none() && event.kind != EventKind::SubscriptionPaymentFailed {
        return order.to_owned();
    }
    let names = [event.transaction.as_deref(), event.parent.as_deref()];
    let mut told = names.into_iter().flatten().filter_map(|name| Some(name.split_once('/')?.1));
    let known = told.rfind(|name| name.split_once(RENEWAL).is_some_and(|(first, _)| first == order));
    known.map_or_else(|| format!("{order}{RENEWAL}{}-1", digits_of(order)), str::to_owned)
}

/// The bank's code: the one that is known, or a stable one.
fn auth_code(event: &Event, order: &str) -> String {
    let is_refund = matches!(event.kind, EventKind::RefundCompleted | EventKind::RefundPending);
    let known = if is_refund { &event.transaction } else { &event.parent };
    let known = known.as_deref().filter(|code| code.len() <= 40 && !code.contains([';', '/']));
    known.map_or_else(|| digits_of(order), str::to_owned)
}

/// Six digits that are always the same for the same text.
fn digits_of(text: &str) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[text.as_bytes()]);
    let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{}", 100_000 + number % 900_000)
}

#[cfg(test)]
mod tests;
