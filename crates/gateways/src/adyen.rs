//! Adyen tells a shop what happened by *standard webhooks*: small JSON messages, each about one step of one payment, in
//! which eight fields are signed and the rest is not.
//!
//! ## Setting it up
//!
//! 1. In the Customer Area open *Developers*, *Webhooks*, and add a *Standard webhook* with the method JSON.
//! 2. Paste the intake address that ipnd shows for this account.
//! 3. Generate an *HMAC key* there and paste it here at once: it is shown only this time. After a new one has been
//!    generated, old and new messages come for a while side by side, so keep both keys here, one a line.
//! 4. Choose a user name and a password for basic authentication and enter the same two here. Much of a message is not
//!    signed, so this is worth the minute it takes.
//! 5. Say here whether your merchant account captures by itself. That is a setting of your account at Adyen (*Settings*,
//!    *Capture delay*) which no message shows: where capture is automatic, an authorised payment is a paid one; where
//!    it is not, a payment is paid once a capture message has come.
//! 6. Send your order number as `merchantReference`.
//!
//! The test and the live Customer Area have webhooks and keys of their own: make an account in ipnd for each.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `AUTHORISATION` | `payment.authorized`; with automatic capture `payment.completed`; without success `payment.failed` |
//! | `AUTHORISATION_ADJUSTMENT` | `payment.authorized` with the new amount (manual capture only) |
//! | `PENDING` | `payment.pending` |
//! | `CAPTURE` | `payment.completed`; without success `payment.failed` |
//! | `CAPTURE_FAILED` | `payment.failed`, and `reversal.made` of what a capture may have announced before |
//! | `CANCELLATION`, `TECHNICAL_CANCEL` | `payment.voided` |
//! | `CANCEL_OR_REFUND` | `payment.voided` and `refund.completed`; see the quirks |
//! | `EXPIRE`, `OFFER_CLOSED` | `payment.expired` |
//! | `REFUND`, `REFUND_WITH_DATA` | `refund.completed`; without success `refund.failed` |
//! | `POSTPONED_REFUND` | `refund.pending` |
//! | `REFUND_FAILED`, `REFUNDED_REVERSED` | `refund.failed` |
//! | `REQUEST_FOR_INFORMATION`, `NOTIFICATION_OF_CHARGEBACK` | `dispute.opened` |
//! | `CHARGEBACK` | `dispute.opened` and `reversal.made`: the money has been taken |
//! | `CHARGEBACK_REVERSED` | `dispute.updated` and `reversal.cancelled`: the money is back for now |
//! | `INFORMATION_SUPPLIED`, `ISSUER_COMMENTS` | `dispute.updated` |
//! | `ISSUER_RESPONSE_TIMEFRAME_EXPIRED`, `PREARBITRATION_WON`, `SCHEME_ARBITRATION_WON` | `dispute.won` |
//! | `SECOND_CHARGEBACK`, `PREARBITRATION_LOST`, `SCHEME_ARBITRATION_LOST`, `DISPUTE_DEFENSE_PERIOD_ENDED` | `dispute.lost` |
//! | `RECURRING_CONTRACT` | `agreement.started` |
//! | `PAYOUT_THIRDPARTY` | `payout.completed`; without success `payout.failed` |
//! | `PAYOUT_DECLINE`, `PAYOUT_EXPIRE`, `PAIDOUT_REVERSED` | `payout.failed` |
//!
//! Reports, fraud warnings, manual reviews, orders of several payments (each of which is told of by itself) and the
//! webhooks of Adyen's platform, banking, management and token products are kept and have no effect.
//!
//! ## How it signs
//!
//! Each item carries `additionalData.hmacSignature`: HMAC-SHA256, in base64, with the hexadecimal key decoded to bytes,
//! over eight fields joined by colons: `pspReference`, `originalReference`, `merchantAccountCode`, `merchantReference`,
//! `amount.value`, `amount.currency`, `eventCode`, `success`. What is missing is empty. Nothing is escaped, so a colon
//! may stand in the order number and in no other of these fields. Every item of a message must be signed.
//!
//! Webhooks of the platform products are signed over the whole body instead, in the header `HmacSignature`.
//!
//! There is no time in a signature. A message that comes again is known by its references and its code.
//!
//! ## What it expects back
//!
//! Any 2xx within ten seconds; 202 is what Adyen recommends. The body `[accepted]` satisfies old set-ups.
//!
//! ## Retries
//!
//! After 9, 18 and 27 seconds; then from a queue after 2, 5, 10, 15 and 30 minutes, 1, 2, 4 and 8 hours, and every 8
//! hours for up to 30 days. Messages of one address wait behind each other.
//!
//! ## Quirks
//!
//! * `success` is a word, not a truth value, and means something else for each code: a `REFUND_FAILED` succeeds.
//! * Amounts are whole numbers of the smallest unit by Adyen's own table: CLP and ISK have two decimal places there,
//!   CVE and IDR none.
//! * `live`, the date, the reason and all of `additionalData` are not signed. `live` is compared with the environment of
//!   the account and decides nothing: whoever changes it only makes ipnd ask the owner. The date is believed, because
//!   messages come in any sequence; it moves no money.
//! * Whether `CANCEL_OR_REFUND` has cancelled or refunded is said in a field that is not signed, so it is not asked:
//!   both events are made, and the order itself knows which of them can have happened.
//! * An authorisation of nothing only checks a card, and has no effect.
//! * Where a capture that was announced fails, a further capture is another payment of the same authorisation.
//! * Fees are in no message, only in settlement reports.
//!
//! ## Sources
//!
//! Adyen's documentation of webhooks, HMAC signatures, event codes and currency codes; its OpenAPI description of
//! webhooks; the official libraries for Node and Python and their issues; read in November 2026.

mod compose;

use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, time, token};
use crate::{
    CannotCompose, Choice, Covers, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Repeats,
    Reply, Said, Setting, SettingFault, SettingKind, Settings, Wants,
};
use data_encoding::HEXLOWER_PERMISSIVE;
use ipnd_core::{Currency, Customer, Environment, Event, EventKind, Money, Reason};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "adyen",
    name: "Adyen",
    family: "adyen",
    proof: Proof::Strong,
    covers: Covers::Fields(&SIGNED),
    documentation: include_str!("adyen.rs"),
    settings: SETTINGS,
    receivers: Some("merchant_accounts"),
    tells: TELLS,
    retries: &RETRIES,
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply,
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
    EventKind::RefundPending,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeUpdated,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::AgreementStarted,
    EventKind::PayoutCompleted,
    EventKind::PayoutFailed,
];

/// The documented schedule: it ends in repeats every eight hours until 30 days are over.
const RETRIES: [u32; 100] = {
    let mut pauses = [28_800; 100];
    let first = [9, 18, 27, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400];
    let mut place = 0;
    while place < first.len() {
        pauses[place] = first[place];
        place += 1;
    }
    pauses
};

/// What is signed, in the sequence in which it is joined.
const SIGNED: [&str; 8] = [
    "pspReference",
    "originalReference",
    "merchantAccountCode",
    "merchantReference",
    "amount.value",
    "amount.currency",
    "eventCode",
    "success",
];

const CAPTURE: &[Choice] = &[
    Choice {
        word: "manual",
        label: Said {
            en: "By hand or later: paid once a capture message has come",
            de: "Von Hand oder später: bezahlt, sobald die Einzugsmeldung da ist",
            es: "A mano o más tarde: pagado cuando llega el aviso de captura",
            uk: "Вручну або пізніше: оплачено, коли надійде повідомлення про списання",
        },
    },
    Choice {
        word: "automatic",
        label: Said {
            en: "Automatic: paid as soon as it is authorised",
            de: "Automatisch: bezahlt, sobald die Zahlung autorisiert ist",
            es: "Automática: pagado en cuanto se autoriza",
            uk: "Автоматично: оплачено, щойно платіж авторизовано",
        },
    },
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "hmac_key",
        kind: SettingKind::Secrets,
        required: true,
        label: Said { en: "HMAC key", de: "HMAC-Schlüssel", es: "Clave HMAC", uk: "Ключ HMAC" },
        help: Said {
            en: "From the webhook in Adyen's Customer Area: 64 hexadecimal digits, shown only once. While you change \
                 it, enter both, one a line.",
            de: "Aus dem Webhook in Adyens Customer Area: 64 Hexadezimalziffern, die nur einmal gezeigt werden. \
                 Während Sie ihn wechseln, tragen Sie beide ein, einen pro Zeile.",
            es: "Del webhook en el Customer Area de Adyen: 64 dígitos hexadecimales que solo se muestran una vez. \
                 Mientras la cambia, escriba las dos, una por línea.",
            uk: "З вебхука в Customer Area на Adyen: 64 шістнадцяткові цифри, які показують лише один раз. Під час \
                 заміни впишіть обидва, по одному в рядку.",
        },
        sample: "5A4DB0F51D00000000000000000000C0FFEE000000000000000000000000000A",
        check: Some(is_key),
    },
    Setting {
        key: "capture",
        kind: SettingKind::Choice(CAPTURE),
        required: false,
        label: Said {
            en: "Capture of payments",
            de: "Einzug der Zahlungen",
            es: "Captura de los pagos",
            uk: "Списання платежів",
        },
        help: Said {
            en: "How your merchant account at Adyen captures (Settings, Capture delay). No message shows it. If in \
                 doubt, leave it at manual and let Adyen send capture messages.",
            de: "Wie Ihr Händlerkonto bei Adyen einzieht (Settings, Capture delay). Keine Meldung zeigt es. Im \
                 Zweifel bleiben Sie bei „von Hand“ und lassen Adyen Einzugsmeldungen senden.",
            es: "Cómo captura su cuenta de comercio en Adyen (Settings, Capture delay). Ningún mensaje lo muestra. \
                 Si duda, déjelo en «a mano» y haga que Adyen envíe avisos de captura.",
            uk: "Як ваш торговий рахунок на Adyen списує гроші (Settings, Capture delay). Жодне повідомлення цього не \
                 показує. Якщо сумніваєтеся, залиште «вручну» і нехай Adyen надсилає повідомлення про списання.",
        },
        sample: "",
        check: None,
    },
    Setting {
        key: "user",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "User name", de: "Benutzername", es: "Usuario", uk: "Ім’я користувача"
        },
        help: Said {
            en: "The user name of the basic authentication, as you have entered it at the webhook. Messages without \
                 it are then refused.",
            de: "Der Benutzername der Basic-Authentifizierung, wie Sie ihn beim Webhook eingetragen haben. Meldungen \
                 ohne ihn werden dann abgelehnt.",
            es: "El usuario de la autenticación básica, tal como lo escribió en el webhook. Los mensajes sin él se \
                 rechazan entonces.",
            uk: "Ім’я користувача базової автентифікації, яке ви вписали біля вебхука. Повідомлення без нього тоді \
                 відхиляють.",
        },
        sample: "ipnd-sandbox",
        check: None,
    },
    Setting {
        key: "password",
        kind: SettingKind::Secret,
        required: false,
        label: Said { en: "Password", de: "Passwort", es: "Contraseña", uk: "Пароль" },
        help: Said {
            en: "The password that belongs to the user name.",
            de: "Das Passwort zum Benutzernamen.",
            es: "La contraseña de ese usuario.",
            uk: "Пароль до цього імені користувача.",
        },
        sample: "sandboxOfIpndNobodysPassword",
        check: None,
    },
    Setting {
        key: "merchant_accounts",
        kind: SettingKind::List,
        required: false,
        label: Said {
            en: "Your merchant accounts",
            de: "Ihre Händlerkonten",
            es: "Sus cuentas de comercio",
            uk: "Ваші торгові рахунки",
        },
        help: Said {
            en: "The names of the merchant accounts whose payments belong to this shop, one a line. Left empty: all \
                 that are signed with the key.",
            de: "Die Namen der Händlerkonten, deren Zahlungen zu diesem Shop gehören, einer pro Zeile. Leer heißt: \
                 alle, die mit dem Schlüssel signiert sind.",
            es: "Los nombres de las cuentas de comercio cuyos pagos son de esta tienda, uno por línea. Vacío: todas \
                 las firmadas con la clave.",
            uk: "Назви торгових рахунків, платежі яких належать цьому магазину, по одній у рядку. Якщо порожньо: усі, \
                 що підписані цим ключем.",
        },
        sample: "IpndSandboxECOM",
        check: None,
    },
];

/// A key is at least 16 bytes in hexadecimal; Adyen's have 32.
fn is_key(value: &str) -> Result<(), SettingFault> {
    let is_one = |line: &str| key_bytes(line).is_some_and(|bytes| bytes.len() >= 16);
    let lines = || value.lines().map(str::trim).filter(|line| !line.is_empty());
    if lines().all(is_one) { Ok(()) } else { Err(SettingFault::Malformed("hexadecimal digits".to_owned())) }
}

fn key_bytes(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

fn keys(settings: &Settings) -> impl Iterator<Item = Vec<u8>> {
    settings.secrets("hmac_key").filter_map(key_bytes)
}

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::Base64);

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match verify(request, settings) {
        Ok(verified) => Received::Proven(interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    if settings.get("user").is_some() || settings.get("password").is_some() {
        let part = |key| settings.get(key).unwrap_or_default();
        token::verify_basic(request, part("user"), part("password"))?;
    }
    // The signatures stand inside, so the message has to be read in order to be verified.
    let message = Json::parse(&request.body)?;
    if message.at("notificationItems").is_null() {
        let given = request.only_header("hmacsignature")?;
        return MAC.verify(request, keys(settings), &[&request.body], given);
    }
    let mut verified = Err(Reason::new("field_missing", "notificationItems"));
    for item in items(&message) {
        verified = Ok(verify_item(request, item, settings)?);
    }
    verified
}

fn items<'a>(message: &'a Json<'a>) -> impl Iterator<Item = &'a Json<'a>> {
    message.list("notificationItems").iter().map(|item| item.field("NotificationRequestItem"))
}

fn verify_item<'a>(
    request: &'a RawRequest,
    item: &Json<'_>,
    settings: &Settings,
) -> Result<Verified<'a>, Reason> {
    let given = item.text("additionalData.hmacSignature");
    let given = given.ok_or_else(|| Reason::new("signature_missing", "hmacSignature"))?;
    MAC.verify(request, keys(settings), &[signed_text(item)?.as_bytes()], given)
}

/// The eight fields, joined. Colons are not escaped, so only one field may have any: with two of them, the same text
/// could be read in two ways (T-A16).
fn signed_text(item: &Json<'_>) -> Result<String, Reason> {
    let value = |name: &str| item.scalar(name).unwrap_or_default();
    let has_colon = |name: &&&str| **name != "merchantReference" && value(name).contains(':');
    if let Some(name) = SIGNED.iter().find(has_colon) {
        return Err(Reason::new("field_malformed", *name));
    }
    Ok(SIGNED.map(value).join(":"))
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    let message = match Json::of(verified) {
        Ok(message) => message,
        Err(reason) => return Interpretation::nothing(reason),
    };
    if message.at("notificationItems").is_null() {
        return Interpretation::nothing(Reason::new(
            "nothing_to_do",
            message.text("type").unwrap_or_default(),
        ));
    }
    let environment = match message.scalar("live") {
        Some("true") => Environment::Live,
        Some("false") => Environment::Sandbox,
        _ => settings.environment,
    };
    let is_automatic = settings.get("capture") == Some("automatic");
    let (mut events, mut remark) = (Vec::new(), None);
    for item in items(&message) {
        match (Item { item, environment, is_automatic }).read() {
            Ok(read) => events.extend(read),
            Err(reason) => remark = remark.or(Some(reason)),
        }
    }
    Interpretation { remark, ..Interpretation::events(events) }
}

/// One item of a message.
struct Item<'a> {
    item: &'a Json<'a>,
    environment: Environment,
    /// Whether the merchant account captures by itself.
    is_automatic: bool,
}

impl Item<'_> {
    fn read(&self) -> Result<Vec<Event>, Reason> {
        use EventKind::*;
        let code = self.item.scalar("eventCode").ok_or_else(|| Reason::new("field_missing", "eventCode"))?;
        let has_succeeded = match self.item.scalar("success") {
            Some("true") => true,
            Some("false") => false,
            other => return Err(Reason::new("unknown_status", other.unwrap_or_default())),
        };
        match (code, has_succeeded) {
            ("AUTHORISATION", true) => self.authorised(),
            ("AUTHORISATION", false) => self.payment(PaymentFailed, self.own()).map(one),
            ("AUTHORISATION_ADJUSTMENT", true) if !self.is_automatic => {
                self.payment(PaymentAuthorized, self.original()).map(one)
            }
            ("PENDING", true) => self.payment(PaymentPending, self.own()).map(one),
            ("CAPTURE", true) => self.captured(PaymentCompleted).map(one),
            ("CAPTURE", false) => self.captured(PaymentFailed).map(one),
            ("CAPTURE_FAILED", true) => self.capture_failed(),
            ("CANCELLATION" | "TECHNICAL_CANCEL", true) => {
                self.payment(PaymentVoided, self.original()).map(one)
            }
            ("CANCEL_OR_REFUND", true) => {
                Ok(vec![self.payment(PaymentVoided, self.original())?, self.of_payment(RefundCompleted)?])
            }
            ("EXPIRE" | "OFFER_CLOSED", true) => self.payment(PaymentExpired, self.original()).map(one),
            ("REFUND" | "REFUND_WITH_DATA", true) => self.of_payment(RefundCompleted).map(one),
            ("REFUND" | "REFUND_WITH_DATA", false) | ("REFUND_FAILED" | "REFUNDED_REVERSED", true) => {
                self.of_payment(RefundFailed).map(one)
            }
            ("POSTPONED_REFUND", true) => self.of_payment(RefundPending).map(one),
            ("RECURRING_CONTRACT", true) => self.agreement().map(one),
            ("PAYOUT_THIRDPARTY", true) => self.payout(PayoutCompleted).map(one),
            ("PAYOUT_THIRDPARTY", false)
            | ("PAYOUT_DECLINE" | "PAYOUT_EXPIRE" | "PAIDOUT_REVERSED", true) => {
                self.payout(PayoutFailed).map(one)
            }
            (code, true) => self.dispute(code),
            (code, false) => Err(Reason::new("nothing_to_do", format!("{code}, without success"))),
        }
    }

    fn dispute(&self, code: &str) -> Result<Vec<Event>, Reason> {
        use EventKind::*;
        let kinds: &[EventKind] = match code {
            "REQUEST_FOR_INFORMATION" | "NOTIFICATION_OF_CHARGEBACK" => &[DisputeOpened],
            "CHARGEBACK" => &[DisputeOpened, ReversalMade],
            // The issuer may answer once more, so nothing is won yet.
            "CHARGEBACK_REVERSED" => &[DisputeUpdated, ReversalCancelled],
            "INFORMATION_SUPPLIED" | "ISSUER_COMMENTS" => &[DisputeUpdated],
            "ISSUER_RESPONSE_TIMEFRAME_EXPIRED" | "PREARBITRATION_WON" | "SCHEME_ARBITRATION_WON" => {
                &[DisputeWon]
            }
            "SECOND_CHARGEBACK"
            | "PREARBITRATION_LOST"
            | "SCHEME_ARBITRATION_LOST"
            | "DISPUTE_DEFENSE_PERIOD_ENDED" => &[DisputeLost],
            "AUTHORISATION_ADJUSTMENT"
            | "AUTORESCUE"
            | "CANCEL_AUTORESCUE"
            | "MANUAL_REVIEW_ACCEPT"
            | "MANUAL_REVIEW_REJECT"
            | "NOTIFICATION_OF_FRAUD"
            | "ORDER_CLOSED"
            | "ORDER_OPENED"
            | "REPORT_AVAILABLE"
            | "VOID_PENDING_REFUND" => return Err(Reason::new("nothing_to_do", code)),
            _ => return Err(Reason::new("unknown_type", code)),
        };
        let of_case =
            |kind: &EventKind| Ok(Event { case: self.own().map(str::to_owned), ..self.of_payment(*kind)? });
        kinds.iter().map(of_case).collect()
    }

    fn authorised(&self) -> Result<Vec<Event>, Reason> {
        if self.money()?.is_zero() {
            return Err(Reason::new("nothing_to_do", "only a card was checked"));
        }
        let kind = if self.is_automatic { EventKind::PaymentCompleted } else { EventKind::PaymentAuthorized };
        self.payment(kind, self.own()).map(one)
    }

    /// A capture is a payment of its own under its authorisation, of which there may be several. Where capture is
    /// automatic, the authorisation has told of the same money already, under its own name.
    fn captured(&self, kind: EventKind) -> Result<Event, Reason> {
        let own = if self.is_automatic { self.original() } else { self.own() };
        let parent = self.item.scalar("originalReference").filter(|_| !self.is_automatic);
        Ok(Event { parent: parent.map(str::to_owned), ..self.payment(kind, own)? })
    }

    /// It may come days after the success, which it takes back.
    fn capture_failed(&self) -> Result<Vec<Event>, Reason> {
        let failed = self.captured(EventKind::PaymentFailed)?;
        let of_capture = self.event(EventKind::ReversalMade)?;
        let taken_back = Event { parent: failed.transaction.clone(), ..of_capture };
        Ok(vec![failed, taken_back])
    }

    fn payment(&self, kind: EventKind, transaction: Option<&str>) -> Result<Event, Reason> {
        let transaction = transaction.ok_or_else(|| Reason::new("transaction_missing", ""))?;
        Ok(Event { transaction: Some(transaction.to_owned()), ..self.event(kind)? })
    }

    /// What concerns an earlier payment, and has a reference of its own.
    fn of_payment(&self, kind: EventKind) -> Result<Event, Reason> {
        let parent = self.item.scalar("originalReference").map(str::to_owned);
        Ok(Event { parent, ..self.payment(kind, self.own())? })
    }

    /// A stored card or bank account; its reference is what later charges name.
    fn agreement(&self) -> Result<Event, Reason> {
        let parent = self.item.scalar("originalReference").map(str::to_owned);
        let subscription = self.own().map(str::to_owned);
        Ok(Event { parent, subscription, ..self.event(EventKind::AgreementStarted)? })
    }

    /// The shop's own money going out belongs to no order.
    fn payout(&self, kind: EventKind) -> Result<Event, Reason> {
        Ok(Event { order_ref: None, ..self.of_payment(kind)? })
    }

    fn event(&self, kind: EventKind) -> Result<Event, Reason> {
        let item = self.item;
        let value = |name: &str| item.scalar(name).unwrap_or_default();
        let names = ["pspReference", "eventCode", "success", "amount.value", "amount.currency"];
        let customer = |name: &str| item.field("additionalData").field(name).as_text().map(str::to_owned);
        Ok(Event {
            occurred_at: item.text("eventDate").and_then(time::rfc3339),
            order_ref: item.scalar("merchantReference").map(str::to_owned),
            amount: Some(self.money()?),
            receivers: item.scalar("merchantAccountCode").map(str::to_owned).into_iter().collect(),
            customer: Customer {
                name: customer("cardHolderName"),
                email: customer("shopperEmail"),
                phone: customer("telephoneNumber"),
                ..Customer::default()
            },
            status: item.scalar("eventCode").map(str::to_owned),
            reason: item.text("reason").map(str::to_owned),
            ..Event::new(kind, identity::of(kind, &names.map(value)), self.environment)
        })
    }

    fn own(&self) -> Option<&str> {
        self.item.scalar("pspReference")
    }

    /// The payment that a modification modifies.
    fn original(&self) -> Option<&str> {
        self.item.scalar("originalReference").or_else(|| self.own())
    }

    fn money(&self) -> Result<Money, Reason> {
        let code = self.item.scalar("amount.currency");
        let currency =
            amount::currency(code.ok_or_else(|| Reason::new("field_missing", "amount.currency"))?)?;
        let digits = self.item.scalar("amount.value");
        let digits = digits.ok_or_else(|| Reason::new("field_missing", "amount.value"))?;
        let money = amount::scaled(digits, currency, places(currency))?;
        if money.is_negative() { Err(Reason::new("amount_negative", digits)) } else { Ok(money) }
    }
}

fn one(event: Event) -> Vec<Event> {
    vec![event]
}

/// Decimal places in Adyen's table, which differs from ISO 4217 for four currencies.
fn places(currency: Currency) -> u8 {
    match currency.code() {
        "CVE" | "IDR" => 0,
        "CLP" | "ISK" => 2,
        _ => currency.exponent(),
    }
}

/// Nothing about the reason of a refusal: whoever sent it has not proved to be Adyen.
fn reply(_: &RawRequest, _: &Settings, outcome: Outcome, _: Timestamp) -> Reply {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate | Outcome::Probed => Reply::text(202, "[accepted]"),
        Outcome::Refused => Reply::empty(401),
    }
}

#[cfg(test)]
mod tests;
