//! Plays 2Checkout: a notification with every field of a real one, in the sequence of a real one.

use super::message::Message;
use super::{GATEWAY, SCHEMES};
use crate::kit::mac::Algorithm;
use crate::{CannotCompose, RawRequest, Settings};
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

type Fields = Vec<(&'static str, String)>;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    let words = Words::of(event).ok_or_else(|| cannot(event.kind.word()))?;
    let amount = event.amount.ok_or_else(|| cannot("an event without an amount"))?;
    let parts = [
        head(event, &words, now),
        buyer(event),
        recipient(event),
        place(event, &words, amount, now),
        items(event, amount),
        messages(event, &words, now),
        totals(event, amount),
        tail(event, &words, amount, now),
    ];
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parts.into_iter().flatten());
    let unsigned = form.finish();
    let message = Message::read(unsigned.as_bytes()).map_err(|reason| cannot(&reason.code))?;
    let text = message.signed_texts().into_iter().next().unwrap_or_default();
    let secret = settings.secrets("secret_key").next().unwrap_or_default().as_bytes();
    let signatures = SCHEMES.iter().rev().map(|scheme| (scheme.field, scheme.mac.sign(secret, &[&text])));
    let mut form = form_urlencoded::Serializer::new(unsigned);
    form.extend_pairs(signatures);
    Ok(RawRequest::post("application/x-www-form-urlencoded", form.finish()))
}

/// 2Checkout's words for an event.
struct Words {
    status: &'static str,
    chargeback: &'static str,
    fraud: &'static str,
    message: &'static str,
}

impl Words {
    fn of(event: &Event) -> Option<Self> {
        use EventKind::*;
        let own =
            |known: &[&'static str]| known.iter().copied().find(|word| event.status.as_deref() == Some(word));
        let pending =
            ["PAYMENT_AUTHORIZED", "AUTHRECEIVED", "PURCHASE_PENDING", "PENDING_APPROVAL", "SUSPECT"];
        let waits = ["PENDING", "APPROVED"].into_iter().find(|word| event.reason.as_deref() == Some(word));
        let (status, chargeback, fraud) = match event.kind {
            PaymentPending => (own(&pending).unwrap_or("PENDING"), "NONE", waits.unwrap_or("UNDER REVIEW")),
            PaymentCompleted => (own(&["PAYMENT_RECEIVED"]).unwrap_or("COMPLETE"), "NONE", "APPROVED"),
            PaymentFailed => (own(&["INVALID"]).unwrap_or("CANCELED"), "NONE", "APPROVED"),
            PaymentDenied => ("PENDING", "NONE", "DENIED"),
            PaymentVoided => ("REVERSED", "NONE", "APPROVED"),
            RefundCompleted => (own(&["REVERSED"]).unwrap_or("REFUND"), "NONE", "APPROVED"),
            ReversalMade | DisputeOpened => ("COMPLETE", "OPEN", "APPROVED"),
            DisputeWon => ("COMPLETE", "WON", "APPROVED"),
            DisputeLost => ("COMPLETE", own(&["ACCEPTED"]).unwrap_or("LOST"), "APPROVED"),
            _ => return None,
        };
        let message = if status == "PAYMENT_AUTHORIZED" { "AUTH" } else { status };
        Some(Self { status, chargeback, fraud, message })
    }
}

fn head(event: &Event, words: &Words, now: Timestamp) -> Fields {
    let at = local(event, now, "%Y-%m-%d %H:%M:%S");
    vec![
        ("GIFT_ORDER", "0".to_owned()),
        ("SALEDATE", at.clone()),
        ("PAYMENTDATE", at),
        ("REFNO", number(event)),
        ("REFNOEXT", event.order_ref.clone().unwrap_or_default()),
        ("SHOPPER_REFERENCE_NUMBER", String::new()),
        ("ORDERNO", "1".to_owned()),
        ("ORDERSTATUS", words.status.to_owned()),
        ("PAYMETHOD", "Visa/MasterCard".to_owned()),
        ("PAYMETHOD_CODE", "CCVISAMC".to_owned()),
    ]
}

fn buyer(event: &Event) -> Fields {
    let [first, last, line, more, country, email, phone] = person(event);
    let mut fields = vec![("FIRSTNAME", first), ("LASTNAME", last)];
    let empty = ["COMPANY", "REGISTRATIONNUMBER", "FISCALCODE", "TAX_OFFICE", "CBANKNAME", "CBANKACCOUNT"];
    fields.extend(empty.map(|name| (name, String::new())));
    fields.extend([("ADDRESS1", line), ("ADDRESS2", more)]);
    fields.extend(["CITY", "STATE", "ZIPCODE"].map(|name| (name, String::new())));
    fields.extend([("COUNTRY", country.clone()), ("COUNTRY_CODE", country), ("PHONE", phone)]);
    fields.extend([("FAX", String::new()), ("CUSTOMEREMAIL", email)]);
    fields
}

fn recipient(event: &Event) -> Fields {
    let [first, last, line, more, country, email, phone] = person(event);
    let mut fields = vec![("FIRSTNAME_D", first), ("LASTNAME_D", last), ("COMPANY_D", String::new())];
    fields.extend([("ADDRESS1_D", line), ("ADDRESS2_D", more)]);
    fields.extend(["CITY_D", "STATE_D", "ZIPCODE_D"].map(|name| (name, String::new())));
    fields.extend([("COUNTRY_D", country.clone()), ("COUNTRY_D_CODE", country)]);
    fields.extend([("PHONE_D", phone), ("EMAIL_D", email)]);
    fields
}

/// First and last name, two lines of address, country, mail address and telephone number.
fn person(event: &Event) -> [String; 7] {
    let customer = &event.customer;
    let own = |value: &Option<String>| value.clone().unwrap_or_default();
    let name = customer.name.as_deref().unwrap_or_default();
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    let line = customer.address.first().cloned().unwrap_or_default();
    let more = customer.address.get(1..).unwrap_or_default().join(", ");
    let country = own(&customer.country).to_ascii_lowercase();
    [first.to_owned(), last.to_owned(), line, more, country, own(&customer.email), own(&customer.phone)]
}

fn place(event: &Event, words: &Words, amount: Money, now: Timestamp) -> Fields {
    let is_complete = words.status == "COMPLETE";
    let at = if is_complete { local(event, now, "%Y-%m-%d %H:%M:%S") } else { String::new() };
    vec![
        ("IPADDRESS", "192.0.2.1".to_owned()),
        ("IPCOUNTRY", String::new()),
        ("COMPLETE_DATE", at),
        ("TIMEZONE_OFFSET", "GMT+03:00".to_owned()),
        ("CURRENCY", amount.currency().code().to_owned()),
        ("LANGUAGE", "en".to_owned()),
        ("ORDERFLOW", "REGULAR".to_owned()),
    ]
}

/// Lists, one after the other; an order without lines has one for everything.
fn items(event: &Event, amount: Money) -> Fields {
    let lines: Vec<[String; 4]> = event
        .items
        .iter()
        .map(|item| {
            let own = item.amount.filter(|own| own.currency() == amount.currency());
            let sku = item.sku.clone().unwrap_or_default();
            [sku, item.name.clone(), item.quantity.to_string(), total(own.unwrap_or(amount))]
        })
        .collect();
    let whole = || vec![[String::new(), "Order".to_owned(), "1".to_owned(), total(amount)]];
    let lines = if lines.is_empty() { whole() } else { lines };
    let mut fields = Fields::new();
    let mut list = |name: &'static str, value: &dyn Fn(usize, &[String; 4]) -> String| {
        fields.extend(lines.iter().enumerate().map(|(place, line)| (name, value(place, line))));
    };
    list("IPN_PID[]", &|place, _| format!("{}", 40_000_001 + place));
    list("IPN_PNAME[]", &|_, line| line[1].clone());
    list("IPN_PCODE[]", &|_, line| line[0].clone());
    for name in ["IPN_EXTERNAL_REFERENCE[]", "IPN_INFO[]"] {
        list(name, &|_, _| String::new());
    }
    list("IPN_QTY[]", &|_, line| line[2].clone());
    list("IPN_PRICE[]", &|_, line| line[3].clone());
    list("IPN_VAT[]", &|_, _| "0.00".to_owned());
    list("IPN_VAT_RATE[]", &|_, _| "0.0000".to_owned());
    list("IPN_VER[]", &|_, _| "1".to_owned());
    list("IPN_DISCOUNT[]", &|_, _| "0.00".to_owned());
    for name in ["IPN_PROMOTION_CATEGORY[]", "IPN_PROMONAME[]", "IPN_PROMOCODE[]"] {
        list(name, &|_, _| String::new());
    }
    list("IPN_ORDER_COSTS[]", &|_, _| "0".to_owned());
    list("IPN_SKU[]", &|_, line| line[0].clone());
    fields
}

fn messages(event: &Event, words: &Words, now: Timestamp) -> Fields {
    vec![
        ("IPN_PARTNER_CODE", String::new()),
        ("IPN_PGROUP[]", "0".to_owned()),
        ("IPN_PGROUP_NAME[]", String::new()),
        ("MESSAGE_ID", format!("2{:011}", now.as_second())),
        ("MESSAGE_TYPE", words.message.to_owned()),
        ("IPN_LICENSE_PROD[]", "40000001".to_owned()),
        ("IPN_LICENSE_TYPE[]", "REGULAR".to_owned()),
        ("IPN_LICENSE_REF[]", format!("L{}", number(event))),
        ("IPN_LICENSE_EXP[]", "9999-12-31 23:59:59".to_owned()),
        ("IPN_LICENSE_START[]", local(event, now, "%Y-%m-%d %H:%M:%S")),
        ("IPN_LICENSE_LIFETIME[]", "YES".to_owned()),
        ("IPN_LICENSE_ADDITIONAL_INFO[]", String::new()),
        ("IPN_DELIVEREDCODES[]", String::new()),
        ("IPN_DOWNLOAD_LINK", String::new()),
    ]
}

fn totals(event: &Event, amount: Money) -> Fields {
    let own = event.items.iter().map(|item| item.amount.filter(|own| own.currency() == amount.currency()));
    let mut lines: Vec<Money> = own.map(|own| own.unwrap_or(amount)).collect();
    if lines.is_empty() {
        lines.push(amount);
    }
    let fee = event.fee.filter(|fee| fee.currency() == amount.currency());
    let mut fields: Fields = lines.into_iter().map(|line| ("IPN_TOTAL[]", total(line))).collect();
    fields.extend([("IPN_TOTALGENERAL", total(amount))]);
    fields.extend(["IPN_SHIPPING", "IPN_SHIPPING_TAX"].map(|name| (name, "0.00".to_owned())));
    fields.extend([("AVANGATE_CUSTOMER_REFERENCE", "700000001".to_owned())]);
    fields.extend([("EXTERNAL_CUSTOMER_REFERENCE", event.custom.clone().unwrap_or_default())]);
    let margins = ["IPN_PARTNER_MARGIN_PERCENT", "IPN_PARTNER_MARGIN", "IPN_EXTRA_MARGIN"];
    fields.extend(margins.map(|name| (name, "0.00".to_owned())));
    fields.extend(["IPN_EXTRA_DISCOUNT", "IPN_COUPON_DISCOUNT"].map(|name| (name, "0.00".to_owned())));
    fields.extend([("IPN_LINK_SOURCE", String::new())]);
    fields.extend([("IPN_COMMISSION", fee.map_or_else(|| "0.00".to_owned(), total))]);
    fields
}

fn tail(event: &Event, words: &Words, amount: Money, now: Timestamp) -> Fields {
    let is_test = event.environment == Environment::Sandbox;
    let reason = || event.reason.clone().unwrap_or_default();
    let is_chargeback = words.chargeback != "NONE";
    let failed = matches!(event.kind, EventKind::PaymentFailed | EventKind::PaymentDenied);
    vec![
        ("REFUND_TYPE", if words.status == "REFUND" { "TOTAL".to_owned() } else { String::new() }),
        ("CHARGEBACK_RESOLUTION", words.chargeback.to_owned()),
        ("CHARGEBACK_REASON_CODE", if is_chargeback { reason() } else { String::new() }),
        ("TEST_ORDER", if is_test { "1" } else { "0" }.to_owned()),
        ("IPN_ORDER_ORIGIN", "API".to_owned()),
        ("FRAUD_STATUS", words.fraud.to_owned()),
        ("CARD_TYPE", "visa".to_owned()),
        ("CARD_LAST_DIGITS", "4417".to_owned()),
        ("CARD_EXPIRATION_DATE", "12/30".to_owned()),
        ("GATEWAY_RESPONSE", if failed { reason() } else { "Approved".to_owned() }),
        ("IPN_DATE", written(now, "%Y%m%d%H%M%S")),
        ("FX_RATE", "1".to_owned()),
        ("FX_MARKUP", "0".to_owned()),
        ("PAYABLE_AMOUNT", total(amount)),
        ("PAYOUT_CURRENCY", amount.currency().code().to_owned()),
        ("VENDOR_CODE", "000000000000".to_owned()),
        ("PROPOSAL_ID", String::new()),
    ]
}

/// An amount as 2Checkout writes it: always with decimals.
fn total(amount: Money) -> String {
    let decimal = amount.decimal();
    if decimal.contains('.') { decimal } else { format!("{decimal}.00") }
}

/// 2Checkout's number of the order: the one that is known, or a stable one.
fn number(event: &Event) -> String {
    let is_number = |name: &&String| name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    let names = [&event.transaction, &event.parent, &event.case];
    let known = names.into_iter().flatten().find(is_number).cloned();
    known.unwrap_or_else(|| {
        let name = event.order_ref.as_ref().unwrap_or(&event.identity);
        let digest = Algorithm::Sha256.compute(&[], &[name.as_bytes()]);
        let number = digest.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        format!("{}", 200_000_000 + number % 100_000_000)
    })
}

/// When it happened, on 2Checkout's own clock.
fn local(event: &Event, now: Timestamp, form: &str) -> String {
    written(event.occurred_at.unwrap_or(now), form)
}

fn written(at: Timestamp, form: &str) -> String {
    at.to_zoned(TimeZone::fixed(Offset::constant(3))).strftime(form).to_string()
}
