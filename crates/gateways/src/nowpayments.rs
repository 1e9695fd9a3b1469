//! NOWPayments takes crypto currencies for a shop that names its prices in its own currency, and tells it of every step
//! of a payment by *instant payment notifications* (IPN).
//!
//! ## Setting it up
//!
//! 1. In NOWPayments open *Settings*, *Payments*, *Instant payment notifications* and generate an *IPN secret key*. It
//!    is shown only once; without it nothing is sent. Paste it here.
//! 2. Enter the intake address that ipnd shows for this account as the IPN callback URL there, or pass it as
//!    `ipn_callback_url` with every payment or invoice that your shop creates.
//! 3. Pass your order number as `order_id`.
//! 4. Choose in the dashboard how often a notification that nobody took is sent again, and at what distance.
//!
//! ## What it sends
//!
//! | `payment_status` | event here |
//! |---|---|
//! | `waiting` | `payment.ordered`: an address was given out, nothing has come |
//! | `confirming`, `confirmed`, `sending` | `payment.pending` |
//! | `finished` | `payment.completed`, with the price that was asked for |
//! | `partially_paid` | `payment.underpaid` |
//! | `failed` | `payment.failed` |
//! | `expired` | `payment.expired` |
//! | `refunded` | `refund.completed`, of the whole payment |
//!
//! Notifications about payouts and about balances of sub-accounts come to the same address. They are kept and have no
//! effect.
//!
//! ## How it signs
//!
//! `x-nowpayments-sig: HEX`: HMAC-SHA512 with the IPN secret over the message written anew: the keys of every object
//! sorted, no spaces, numbers and texts as JavaScript writes them. Numbers are therefore never read as numbers here,
//! but kept as they were sent. If that does not fit, the body as it came is tried, and nothing else. There is no time
//! in it: an old message stays good, and counts once.
//!
//! ## What it expects back
//!
//! Any 2xx within three seconds.
//!
//! ## Retries
//!
//! As often and at the distance that the shop has set in the dashboard; by hand at any time.
//!
//! ## Quirks
//!
//! * The amount of an event is the price (`price_amount`). How much came is counted in the coin, and the difference is
//!   the shop's own affair: the dashboard lets payments that are a little short finish. A payment that finished with
//!   less than 95 in 100 of the coins asked for is taken as underpaid all the same.
//! * A second deposit to the same address, or one in another coin, is a payment of its own that names the first one
//!   (`parent_payment_id`). It can be `finished` although its amount is anything, so it tells no amount here, and the
//!   owner is asked what it is worth.
//! * A payment that has expired can still come to life when the coins arrive late.
//! * The price may be in a coin. Currencies that ipnd does not know are kept and tell nothing.
//! * Nothing names the customer, and nothing says whether it is a test: the sandbox has a secret of its own.
//!
//! ## Sources
//!
//! NOWPayments' documentation of its API with the examples of notifications, and its help centre; read in November
//! 2026.

use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::verified::Verified;
use crate::kit::{amount, identity, reply, time};
use crate::{
    CannotCompose, Covers, Gateway, Interpretation, Proof, RawRequest, Received, Repeats, Said, Setting,
    SettingKind, Settings, Wants,
};
use ipnd_core::{Event, EventKind, Money, Reason};
use jiff::Timestamp;
use std::borrow::Cow;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "nowpayments",
    name: "NOWPayments",
    family: "nowpayments",
    proof: Proof::Strong,
    // Everything that is said; how it is laid out is free.
    covers: Covers::Fields(&[
        "payment_id",
        "parent_payment_id",
        "payment_status",
        "price_amount",
        "price_currency",
        "pay_amount",
        "actually_paid",
        "pay_currency",
        "order_id",
        "order_description",
        "outcome_amount",
        "outcome_currency",
        "fee",
        "created_at",
        "updated_at",
    ]),
    documentation: include_str!("nowpayments.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // The shop's own choice in the dashboard; this is the example of the documentation.
    retries: &[60, 60, 60],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::empty,
    wants: Wants::AnySuccess,
    compose,
    answer: None,
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentOrdered,
    EventKind::PaymentPending,
    EventKind::PaymentUnderpaid,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::PaymentExpired,
    EventKind::RefundCompleted,
];

const SETTINGS: &[Setting] = &[Setting {
    key: "ipn_secret",
    kind: SettingKind::Secrets,
    required: true,
    label: Said {
        en: "IPN secret key",
        de: "Geheimer IPN-Schlüssel",
        es: "Clave secreta de IPN",
        uk: "Секретний ключ IPN",
    },
    help: Said {
        en: "NOWPayments shows it once, when you generate it in the payment settings. While you change it, enter \
             both, one a line.",
        de: "NOWPayments zeigt ihn einmal, wenn Sie ihn in den Zahlungseinstellungen erzeugen. Während Sie ihn \
             wechseln, tragen Sie beide ein, einen pro Zeile.",
        es: "NOWPayments la muestra una sola vez, al generarla en los ajustes de pago. Mientras la cambia, escriba \
             las dos, una por línea.",
        uk: "NOWPayments показує його один раз, коли ви створюєте його в налаштуваннях платежів. Під час заміни \
             впишіть обидва, по одному в рядку.",
    },
    sample: "sandboxOfIpndNobodysIpnSecret",
    check: None,
}];

const MAC: Mac = Mac::new(Algorithm::HmacSha512, Encoding::HexLower);

/// Of 100 coins that were asked for, how many must have come for a finished payment to be one.
const ENOUGH_OF_100: i128 = 95;

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match verify(request, settings) {
        Ok(verified) => Received::Proven(interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let given = request.only_header("x-nowpayments-sig")?;
    let fits = |text: &[u8]| MAC.verify(request, settings.secrets("ipn_secret"), &[text], given);
    for text in written_anew(&request.body) {
        if let Ok(verified) = fits(text.as_bytes()) {
            return Ok(verified);
        }
    }
    fits(&request.body)
}

/// The texts that NOWPayments may have signed. Its own example turns lists into objects on the way, which no message
/// has shown so far, so a message with a list is tried in both forms.
fn written_anew(body: &[u8]) -> Vec<String> {
    let Ok(message) = Json::parse(body) else { return Vec::new() };
    let sorted = message.sorted();
    let with_objects = without_lists(&sorted);
    let mut texts = vec![sorted.to_string()];
    if with_objects != sorted {
        texts.push(with_objects.to_string());
    }
    texts
}

/// Every list as an object whose keys are the places, in their sequence, as JavaScript keeps them.
fn without_lists<'a>(value: &Json<'a>) -> Json<'a> {
    match value {
        Json::List(values) => Json::Object(
            values
                .iter()
                .enumerate()
                .map(|(place, value)| (Cow::Owned(place.to_string()), without_lists(value)))
                .collect(),
        ),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), without_lists(value))).collect())
        }
        other => other.clone(),
    }
}

fn interpret(verified: Verified<'_>, settings: &Settings) -> Interpretation {
    match Json::of(verified) {
        Ok(message) => read(&message, settings).into(),
        Err(reason) => Interpretation::nothing(reason),
    }
}

fn read(message: &Json<'_>, settings: &Settings) -> Result<Event, Reason> {
    use EventKind::*;
    let Some(id) = message.scalar("payment_id") else {
        let is_known = ["batch_withdrawal_id", "id"].iter().any(|name| !message.field(name).is_null());
        let (code, detail) =
            if is_known { ("nothing_to_do", "not a payment") } else { ("field_missing", "payment_id") };
        return Err(Reason::new(code, detail));
    };
    let first = message.scalar("parent_payment_id").map(str::to_owned);
    let status = message.text("payment_status").unwrap_or_default();
    let (kind, identity): (EventKind, &[&str]) = match status {
        "waiting" => (PaymentOrdered, &[id]),
        "confirming" | "confirmed" | "sending" => (PaymentPending, &[id, status]),
        "finished" if first.is_none() && is_short(message) => (PaymentUnderpaid, &[id, paid(message)]),
        "finished" => (PaymentCompleted, &[id]),
        "partially_paid" => (PaymentUnderpaid, &[id, paid(message)]),
        "failed" => (PaymentFailed, &[id]),
        "expired" => (PaymentExpired, &[id]),
        "refunded" => (RefundCompleted, &[id]),
        other => return Err(Reason::new("unknown_status", other)),
    };
    let is_refund = kind == RefundCompleted;
    // Nobody asked for a second deposit, so the price says nothing about it. Without an amount it settles nothing
    // before the owner has said what it is worth.
    let amount = if first.is_some() { None } else { Some(price(message)?) };
    let moment = |name: &str| {
        let text = message.scalar(name)?;
        time::rfc3339(text).or_else(|| time::milliseconds(text))
    };
    Ok(Event {
        occurred_at: moment("updated_at").or_else(|| moment("created_at")),
        order_ref: message.first(&["order_id"]),
        transaction: (!is_refund).then(|| id.to_owned()),
        parent: if is_refund { Some(id.to_owned()) } else { first },
        amount,
        status: Some(status.to_owned()),
        reason: (kind == PaymentUnderpaid).then(|| shortfall(message)),
        custom: message.first(&["order_description"]),
        ..Event::new(kind, identity::of(kind, identity), settings.environment)
    })
}

fn paid<'m>(message: &'m Json<'_>) -> &'m str {
    message.scalar("actually_paid").unwrap_or_default()
}

fn price(message: &Json<'_>) -> Result<Money, Reason> {
    let missing = |name: &str| Reason::new("field_missing", name);
    let code = message.text("price_currency").ok_or_else(|| missing("price_currency"))?;
    let digits = message.scalar("price_amount").ok_or_else(|| missing("price_amount"))?;
    let money = amount::decimal(digits, amount::currency(code)?)?;
    if money.is_negative() { Err(Reason::new("amount_negative", digits)) } else { Ok(money) }
}

/// What came and what was asked for, for the owner to read.
fn shortfall(message: &Json<'_>) -> String {
    let text = |name: &str| message.scalar(name).unwrap_or("?");
    format!("{} / {} {}", text("actually_paid"), text("pay_amount"), text("pay_currency"))
}

/// Whether clearly less came than was asked for. Not where either number cannot be read.
fn is_short(message: &Json<'_>) -> bool {
    let number = |name: &str| message.scalar(name).and_then(Coins::read);
    let (Some(came), Some(asked)) = (number("actually_paid"), number("pay_amount")) else { return false };
    came.is_less_than(asked, ENOUGH_OF_100).unwrap_or(false)
}

/// A number of coins as JavaScript writes it: `14.8106`, `1.2e-7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Coins {
    digits: i128,
    /// How many of the digits stand behind the point; negative for zeros in front of it.
    places: i32,
}

impl Coins {
    fn read(text: &str) -> Option<Self> {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().ok().filter(|exponent| (-99..=99).contains(exponent))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_plain(whole) || !is_plain(fraction) || fraction.len() > 40 {
            return None;
        }
        let digits = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { digits, places: i32::try_from(fraction.len()).ok()? - exponent })
    }

    /// Whether this is less than so many hundredths of another; `None` where they are too far apart to say.
    fn is_less_than(self, other: Self, of_100: i128) -> Option<bool> {
        let places = self.places.max(other.places);
        let scaled = |own: Self, factor: i128| {
            let zeros = u32::try_from(places - own.places).ok()?;
            own.digits.checked_mul(factor)?.checked_mul(10_i128.checked_pow(zeros)?)
        };
        Some(scaled(self, 100)? < scaled(other, of_100)?)
    }
}

fn compose(event: &Event, settings: &Settings, _: Timestamp) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    if event.environment != settings.environment {
        return Err(cannot("an event of the other environment"));
    }
    let status = match event.kind {
        EventKind::PaymentOrdered => "waiting",
        EventKind::PaymentPending => {
            let own = ["confirming", "confirmed", "sending"];
            own.into_iter().find(|own| event.status.as_deref() == Some(own)).unwrap_or("confirming")
        }
        EventKind::PaymentUnderpaid => "partially_paid",
        EventKind::PaymentCompleted => "finished",
        EventKind::PaymentFailed => "failed",
        EventKind::PaymentExpired => "expired",
        EventKind::RefundCompleted => "refunded",
        other => return Err(cannot(other.word())),
    };
    let price = event.amount.ok_or_else(|| cannot("an event without an amount"))?;
    let message = message(event, status, price);
    let secret = settings.secrets("ipn_secret").next().unwrap_or_default();
    let signature = MAC.sign(secret.as_bytes(), &[message.sorted().to_string().as_bytes()]);
    Ok(RawRequest::post("application/json", message.to_string()).with("x-nowpayments-sig", signature))
}

/// The message in the sequence in which NOWPayments writes it. The coin is one that is worth what the price says.
fn message<'a>(event: &'a Event, status: &'static str, price: Money) -> Json<'a> {
    let name = if event.kind == EventKind::RefundCompleted { &event.parent } else { &event.transaction };
    let id = name.clone().unwrap_or_else(|| fresh(event));
    let id = if is_number(&id) { Json::of_number(id) } else { Json::of_text(id) };
    let asked = in_javascript(price);
    // Half of it, so that everybody can see that it is too little.
    let half = in_javascript(Money::from_minor(price.minor() / 2, price.currency()));
    let came = match status {
        "waiting" | "expired" => "0".to_owned(),
        "partially_paid" => half,
        _ => asked.clone(),
    };
    let coin = || Json::of_text("usdttrc20");
    let at = || Json::of_some(event.occurred_at.map(|at| at.to_string()));
    let zero = || Json::of_number(0);
    Json::of_fields([
        ("payment_id", id),
        ("parent_payment_id", Json::Null),
        ("invoice_id", Json::Null),
        ("payment_status", Json::of_text(status)),
        ("pay_address", Json::of_text("TSandboxOfIpndNobodysAddress000000")),
        ("payin_extra_id", Json::Null),
        ("price_amount", Json::of_number(&asked)),
        ("price_currency", Json::of_text(price.currency().code().to_ascii_lowercase())),
        ("pay_amount", Json::of_number(&asked)),
        ("actually_paid", Json::of_number(came)),
        ("actually_paid_at_fiat", zero()),
        ("pay_currency", coin()),
        ("order_id", Json::of_some(event.order_ref.as_deref())),
        ("order_description", Json::of_some(event.custom.as_deref())),
        ("purchase_id", Json::of_text(fresh(event))),
        ("outcome_amount", Json::of_number(asked)),
        ("outcome_currency", coin()),
        ("payment_extra_ids", Json::Null),
        ("created_at", at()),
        ("updated_at", at()),
        (
            "fee",
            Json::of_fields([
                ("currency", coin()),
                ("depositFee", zero()),
                ("withdrawalFee", zero()),
                ("serviceFee", zero()),
            ]),
        ),
    ])
}

/// Whether JavaScript could have written this as a whole number and got it back.
fn is_number(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0') && (1..16).contains(&id.len())
}

/// An id that stays the same for this event.
fn fresh(event: &Event) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[event.identity.as_bytes()]);
    digest[..4].iter().fold("5".to_owned(), |id, byte| id + &format!("{:02}", byte % 100))
}

/// The decimal without the zeros that JavaScript leaves out.
fn in_javascript(money: Money) -> String {
    let decimal = money.decimal();
    match decimal.split_once('.') {
        Some(_) => decimal.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => decimal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Environment;
    use std::collections::BTreeMap;

    const SECRET: &str = "a secret of nobody";

    fn received(body: &str, signed: &str) -> Received {
        let values = BTreeMap::from([("ipn_secret".to_owned(), SECRET.to_owned())]);
        let settings = Settings::check(SETTINGS, Environment::Sandbox, values).unwrap();
        let signature = MAC.sign(SECRET.as_bytes(), &[signed.as_bytes()]);
        let request = RawRequest::post("application/json", body).with("x-nowpayments-sig", signature);
        receive(&request, &settings, Timestamp::UNIX_EPOCH)
    }

    fn is_accepted(body: &str, signed: &str) -> bool {
        matches!(received(body, signed), Received::Proven(_))
    }

    #[test]
    fn the_message_written_anew_or_as_it_came_and_nothing_else() {
        let body = r#"{ "b": {"z": 1.10, "a": "é\/\u20ac"}, "a": [3, 1e-7] }"#;
        assert!(is_accepted(body, r#"{"a":[3,1e-7],"b":{"a":"é/€","z":1.10}}"#));
        assert!(is_accepted(body, r#"{"a":{"0":3,"1":1e-7},"b":{"a":"é/€","z":1.10}}"#));
        assert!(is_accepted(body, body));
        for other in [
            "",
            "null",
            r#"{"a":[3,1e-7],"b":{"z":1.10,"a":"é/€"}}"#,
            r#"{"a":[1e-7,3],"b":{"a":"é/€","z":1.10}}"#,
            r#"{"a":[3,0.0000001],"b":{"a":"é/€","z":1.1}}"#,
            r#"{"a":[3,1e-7],"b":{}}"#,
            r#"{"a":[3,1e-7],"b":{"a":"\u00e9\/\u20ac","z":1.10}}"#,
        ] {
            assert!(!is_accepted(body, other), "{other}");
        }
    }

    #[test]
    fn lists_keep_their_sequence_beyond_ten() {
        let list: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        let object: Vec<String> = list.iter().map(|number| format!("\"{number}\":{number}")).collect();
        let body = format!(r#"{{"a":[{}]}}"#, list.join(","));
        assert!(is_accepted(&body, &format!(r#"{{"a":{{{}}}}}"#, object.join(","))));
    }

    #[test]
    fn t_b11_duplicate_json_keys_say_nothing() {
        let body = r#"{"payment_id":1,"payment_status":"waiting","payment_status":"finished"}"#;
        for signed in [
            r#"{"payment_id":1,"payment_status":"finished"}"#,
            r#"{"payment_id":1,"payment_status":"waiting"}"#,
        ] {
            assert!(!is_accepted(body, signed), "{signed}");
        }
        let Received::Proven(interpretation) = received(body, body) else {
            panic!("it is signed as it came")
        };
        assert_eq!(interpretation.remark.unwrap().code, "duplicate_field");
    }

    #[test]
    fn coins_are_compared_exactly() {
        let is_short = |came: &str, asked: &str| {
            let number = |text| Coins::read(text).unwrap();
            number(came).is_less_than(number(asked), ENOUGH_OF_100)
        };
        for (came, asked, expected) in [
            ("15", "15", false),
            ("14.25", "15", false),
            ("14.2499999", "15", true),
            ("16", "15.0", false),
            ("0", "15", true),
            ("1.2e-7", "0.00000012", false),
            ("1.1e-7", "1.2e-7", true),
            ("0.00000012", "1.2e-7", false),
            ("1e21", "1000000000000000000000", false),
            ("0", "0", false),
        ] {
            assert_eq!(is_short(came, asked), Some(expected), "{came} of {asked}");
        }
        assert_eq!(is_short("1e-90", "1e21"), None, "too far apart");
        for text in ["", "-1", "1,5", "NaN", "e5", "1e", "1e1000", ".5", "0x1", "٣", &"9".repeat(60)] {
            assert_eq!(Coins::read(text), None, "{text}");
        }
    }
}
