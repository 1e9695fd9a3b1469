//! Mercado Pago's own side: the messages it would have sent, and what its API would answer.

use super::{GATEWAY, MAC, TELLS, Thing, host, manifest};
use crate::kit::custom_data;
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding};
use crate::kit::played::{self, latest};
use crate::{Ask, AskedAnswer, CannotCompose, RawRequest, Settings, Told};
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    if !TELLS.contains(&event.kind) {
        return Err(cannot(event.kind.word()));
    }
    let (thing, id) = about(event);
    if event.amount.is_none() && thing != Thing::Subscription {
        return Err(cannot("an event without an amount"));
    }
    let kind = word(thing);
    let body = Json::of_fields([
        ("action", Json::of_text(format!("{}.updated", kind.trim_start_matches("topic_")))),
        ("api_version", Json::of_text("v1")),
        ("data", Json::of_fields([("id", Json::of_text(id.clone()))])),
        (
            "date_created",
            Json::of_text(event.occurred_at.unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ),
        ("id", Json::of_number(derived("notification", &event.identity))),
        ("live_mode", Json::Bool(event.environment == Environment::Live)),
        ("type", Json::of_text(kind)),
        ("user_id", Json::of_text(collector(&[], settings))),
    ]);
    let request_id = hex(&event.identity, 16);
    let request = RawRequest::post("application/json", body.to_string())
        .with("user-agent", "MercadoPago WebHook v1.0 payment")
        .with("x-request-id", request_id.clone());
    let signed_at = now.as_second().to_string();
    let signature = settings.secrets("webhook_secret").next().map(|secret| {
        let manifest = manifest(Some(&id), Some(&request_id), &signed_at);
        format!("ts={signed_at},v1={}", MAC.sign(secret.as_bytes(), &[manifest.as_bytes()]))
    });
    let request = RawRequest { query: format!("data.id={id}&type={kind}"), ..request };
    Ok(match signature {
        Some(signature) => request.with("x-signature", signature),
        None => request,
    })
}

fn word(thing: Thing) -> &'static str {
    match thing {
        Thing::Payment => "payment",
        Thing::Order => "order",
        Thing::MerchantOrder => "topic_merchant_order_wh",
        Thing::Subscription => "subscription_preapproval",
        Thing::Charge => "subscription_authorized_payment",
        Thing::Chargeback => "topic_chargebacks_wh",
        Thing::Claim => "topic_claims_integration_wh",
    }
}

/// The thing whose change tells of an event, with its id.
fn about(event: &Event) -> (Thing, String) {
    use EventKind::*;
    match event.kind {
        SubscriptionStarted | SubscriptionSuspended | SubscriptionCancelled => {
            (Thing::Subscription, subscription_id(event))
        }
        SubscriptionPaymentFailed => (Thing::Charge, charge_id(event)),
        PaymentCompleted if event.subscription.is_some() => (Thing::Charge, charge_id(event)),
        PaymentUnderpaid => (Thing::MerchantOrder, charge_id(event)),
        DisputeOpened | DisputeWon | DisputeLost => (Thing::Chargeback, case_id(event)),
        ReversalMade | ReversalCancelled if event.case.is_some() => (Thing::Chargeback, case_id(event)),
        _ => (Thing::Payment, payment_id(event)),
    }
}

/// Answers from everything that was told about the thing that is asked for.
pub(super) fn answer(ask: &Ask, told: &[Told], settings: &Settings, now: Timestamp) -> AskedAnswer {
    let token = format!("Bearer {}", settings.get("access_token").unwrap_or_default());
    if ask.header("authorization") != Some(&token) {
        return problem(401, "invalid access token");
    }
    let path = ask.url.strip_prefix(host(settings)).unwrap_or(ask.target());
    let told: Vec<&Event> =
        told.iter().map(|told| &told.event).filter(|own| TELLS.contains(&own.kind)).collect();
    let of = |thing: Thing, id: &str| -> Vec<&Event> {
        told.iter().copied().filter(|event| about(event) == (thing, id.to_owned())).collect()
    };
    let things =
        [Thing::Payment, Thing::MerchantOrder, Thing::Subscription, Thing::Charge, Thing::Chargeback];
    let asked = things.iter().find_map(|thing| Some((*thing, path.strip_prefix(thing.path())?)));
    let found = match asked {
        Some((Thing::Payment, id)) => {
            let is_elsewhere = |thing: Thing| matches!(thing, Thing::Subscription | Thing::MerchantOrder);
            let is_about = |event: &&Event| !is_elsewhere(about(event).0) && payment_id(event) == id;
            payment(id, &told.iter().copied().filter(is_about).collect::<Vec<_>>(), settings, now)
        }
        Some((Thing::MerchantOrder, id)) => merchant_order(id, &of(Thing::MerchantOrder, id), settings),
        Some((Thing::Subscription, id)) => subscription(id, &of(Thing::Subscription, id), now),
        Some((Thing::Charge, id)) => charge(id, &of(Thing::Charge, id), now),
        Some((Thing::Chargeback, id)) => chargeback(id, &of(Thing::Chargeback, id), now),
        _ => None,
    };
    found.map_or_else(|| problem(404, "not found"), |body| AskedAnswer::new(200, body))
}

fn problem(status: u16, message: &'static str) -> AskedAnswer {
    let fields = [("message", Json::of_text(message)), ("status", Json::of_number(status))];
    AskedAnswer::new(status, Json::of_fields(fields).to_string())
}

/// The payment's record, as it is after all these events, in their sequence.
fn payment(id: &str, about: &[&Event], settings: &Settings, now: Timestamp) -> Option<String> {
    let last = about.last()?;
    let itself = about.iter().rev().find(|event| state_of(event.kind).is_some()).copied();
    let (status, detail) =
        itself.and_then(|event| state_of(event.kind)).unwrap_or(("approved", "accredited"));
    let amount = itself.and_then(|event| event.amount).or_else(|| largest(about))?;
    let zero = Money::zero(amount.currency());
    let refunds = refunds(about);
    let completed = refunds.iter().filter(|refund| refund.status == "approved");
    let refunded = completed.fold(zero, |sum, refund| sum.plus(refund.amount).unwrap_or(sum));
    let (status, detail) = match held(about) {
        Some(detail) => ("charged_back", detail),
        None if refunded.is_positive() && refunded.minor() >= amount.minor() => ("refunded", "refunded"),
        None if refunded.is_positive() => ("approved", "partially_refunded"),
        None => (status, itself.and_then(|own| own.reason.as_deref()).unwrap_or(detail)),
    };
    let at = itself.unwrap_or(last).occurred_at.unwrap_or(now);
    let is_approved = matches!(status, "approved" | "refunded" | "charged_back");
    let fee = itself.and_then(|event| event.fee).unwrap_or(zero);
    let passed =
        Event { order_ref: None, custom: latest(about, |event| event.custom.clone()), ..(*last).clone() };
    let metadata = custom_data::of_event(&passed, "");
    let net = amount.minus(fee).unwrap_or(amount);
    let fees = Json::of_fields([
        ("type", Json::of_text("mercadopago_fee")),
        ("amount", Json::of_number(fee.decimal())),
        ("fee_payer", Json::of_text("collector")),
    ]);
    let sums = Json::of_fields([
        ("net_received_amount", Json::of_number(net.decimal())),
        ("total_paid_amount", Json::of_number(amount.decimal())),
    ]);
    let order = latest(about, |event| event.order_ref.clone());
    let fields = [
        ("id", Json::of_number(id)),
        ("date_created", date(at)),
        ("date_approved", if is_approved { date(at) } else { Json::Null }),
        ("date_last_updated", date(last.occurred_at.unwrap_or(now))),
        ("operation_type", Json::of_text("regular_payment")),
        ("payment_method_id", Json::of_text("visa")),
        ("payment_type_id", Json::of_text("credit_card")),
        ("status", Json::of_text(status)),
        ("status_detail", Json::of_text(detail.to_owned())),
        ("currency_id", Json::of_text(amount.currency().code())),
        ("live_mode", Json::Bool(last.environment == Environment::Live)),
        ("collector_id", Json::of_text(collector(about, settings))),
        ("payer", payer(about)),
        ("metadata", if metadata.is_null() { Json::of_fields::<&str>([]) } else { metadata }),
        ("external_reference", Json::of_some(order)),
        ("transaction_amount", Json::of_number(amount.decimal())),
        ("transaction_amount_refunded", Json::of_number(refunded.decimal())),
        ("captured", Json::Bool(status != "authorized")),
        ("transaction_details", sums),
        ("fee_details", Json::List(if fee.is_zero() { Vec::new() } else { vec![fees] })),
        ("refunds", Json::List(refunds.iter().map(|refund| refund.record(id)).collect())),
    ];
    Some(Json::of_fields(fields).to_string())
}

/// Mercado Pago's words for the state that an event leaves a payment in.
fn state_of(kind: EventKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        EventKind::PaymentPending => ("pending", "pending_waiting_payment"),
        EventKind::PaymentAuthorized => ("authorized", "pending_capture"),
        EventKind::PaymentCompleted | EventKind::PaymentUnderpaid => ("approved", "accredited"),
        EventKind::PaymentFailed | EventKind::SubscriptionPaymentFailed => {
            ("rejected", "cc_rejected_other_reason")
        }
        EventKind::PaymentVoided => ("cancelled", "by_collector"),
        EventKind::PaymentExpired => ("cancelled", "expired"),
        _ => return None,
    })
}

/// What became of the money that was taken back, if any was.
fn held(about: &[&Event]) -> Option<&'static str> {
    about.iter().rev().find_map(|event| match event.kind {
        EventKind::ReversalMade | EventKind::DisputeOpened => Some("in_process"),
        EventKind::ReversalCancelled | EventKind::DisputeWon => Some("reimbursed"),
        EventKind::DisputeLost => Some("settled"),
        _ => None,
    })
}

struct Refund {
    id: String,
    amount: Money,
    status: &'static str,
    at: Option<Timestamp>,
}

/// The refunds, each in its last state. A total counts as one more refund, of what it adds.
fn refunds(about: &[&Event]) -> Vec<Refund> {
    let mut refunds: Vec<Refund> = Vec::new();
    for event in about {
        let status = match event.kind {
            EventKind::RefundPending => "in_process",
            EventKind::RefundCompleted => "approved",
            EventKind::RefundFailed => "rejected",
            _ => continue,
        };
        let before = refunds.iter().filter(|refund| refund.status == "approved").map(|refund| refund.amount);
        let Some(amount) = played::refunded(event, before) else { continue };
        let own = event.transaction.as_deref().filter(|own| event.parent.as_deref() != Some(own));
        let id = number_of(&[own], "refund", &event.identity);
        refunds.retain(|refund| refund.id != id);
        refunds.push(Refund { id, amount, status, at: event.occurred_at });
    }
    refunds
}

impl Refund {
    fn record(&self, payment: &str) -> Json<'static> {
        Json::of_fields([
            ("id", Json::of_number(&self.id)),
            ("payment_id", Json::of_number(payment)),
            ("amount", Json::of_number(self.amount.decimal())),
            ("status", Json::of_text(self.status)),
            ("date_created", self.at.map_or(Json::Null, date)),
        ])
    }
}

/// Part of what was asked for has been paid.
fn merchant_order(id: &str, about: &[&Event], settings: &Settings) -> Option<String> {
    let last = about.last()?;
    let amount = last.amount?;
    let total = amount.times(2).ok()?;
    let code = amount.currency().code();
    let payment = Json::of_fields([
        ("id", Json::of_number(payment_id(last))),
        ("transaction_amount", Json::of_number(amount.decimal())),
        ("total_paid_amount", Json::of_number(amount.decimal())),
        ("currency_id", Json::of_text(code)),
        ("status", Json::of_text("approved")),
        ("amount_refunded", Json::of_number(0)),
    ]);
    let fields = [
        ("id", Json::of_number(id)),
        ("status", Json::of_text("opened")),
        ("external_reference", Json::of_some(last.order_ref.clone())),
        ("collector", Json::of_fields([("id", Json::of_text(collector(about, settings)))])),
        ("payments", Json::List(vec![payment])),
        ("paid_amount", Json::of_number(amount.decimal())),
        ("refunded_amount", Json::of_number(0)),
        ("total_amount", Json::of_number(total.decimal())),
        ("order_status", Json::of_text("partially_paid")),
        ("cancelled", Json::Bool(false)),
        ("is_test", Json::Bool(last.environment == Environment::Sandbox)),
    ];
    Some(Json::of_fields(fields).to_string())
}

fn subscription(id: &str, about: &[&Event], now: Timestamp) -> Option<String> {
    let last = about.last()?;
    let status = match last.kind {
        EventKind::SubscriptionSuspended => "paused",
        EventKind::SubscriptionCancelled => "cancelled",
        _ => "authorized",
    };
    let started = about.iter().find(|event| event.kind == EventKind::SubscriptionStarted).unwrap_or(last);
    let mut fields = vec![
        ("id", Json::of_text(id.to_owned())),
        ("status", Json::of_text(status)),
        ("date_created", date(started.occurred_at.unwrap_or(now))),
        ("last_modified", date(last.occurred_at.unwrap_or(now))),
        ("external_reference", Json::of_some(last.order_ref.clone())),
        ("payer_email", Json::of_some(last.customer.email.clone())),
        ("live_mode", Json::Bool(last.environment == Environment::Live)),
    ];
    if let Some(amount) = last.amount {
        let recurring = Json::of_fields([
            ("transaction_amount", Json::of_number(amount.decimal())),
            ("currency_id", Json::of_text(amount.currency().code())),
        ]);
        fields.push(("auto_recurring", recurring));
    }
    Some(Json::of_fields(fields).to_string())
}

fn charge(id: &str, about: &[&Event], now: Timestamp) -> Option<String> {
    let last = about.last()?;
    let amount = last.amount?;
    let (status, (paid, detail)) = match last.kind {
        EventKind::SubscriptionPaymentFailed => ("recycling", ("rejected", "cc_rejected_other_reason")),
        _ => ("processed", ("approved", "accredited")),
    };
    let detail = last.reason.clone().unwrap_or_else(|| detail.to_owned());
    let payment = Json::of_fields([
        ("id", Json::of_number(payment_id(last))),
        ("status", Json::of_text(paid)),
        ("status_detail", Json::of_text(detail)),
    ]);
    let fields = [
        ("id", Json::of_number(id)),
        ("preapproval_id", Json::of_text(subscription_id(last))),
        ("type", Json::of_text("scheduled")),
        ("status", Json::of_text(status)),
        ("date_created", date(last.occurred_at.unwrap_or(now))),
        ("transaction_amount", Json::of_number(amount.decimal())),
        ("currency_id", Json::of_text(amount.currency().code())),
        ("external_reference", Json::of_some(last.order_ref.clone())),
        ("payment", payment),
    ];
    Some(Json::of_fields(fields).to_string())
}

fn chargeback(id: &str, about: &[&Event], now: Timestamp) -> Option<String> {
    let last = about.last()?;
    let amount = last.amount.or_else(|| largest(about))?;
    let status = match held(about) {
        Some("reimbursed") => "won",
        Some("settled") => "lost",
        _ => "new",
    };
    let first = about.first()?;
    let fields = [
        ("id", Json::of_number(id)),
        ("payment_id", Json::of_number(payment_id(last))),
        ("amount", Json::of_number(amount.decimal())),
        ("currency_id", Json::of_text(amount.currency().code())),
        ("reason", Json::of_some(latest(about, |event| event.reason.clone()))),
        ("status", Json::of_text(status)),
        ("date_created", date(first.occurred_at.unwrap_or(now))),
        ("date_last_updated", date(last.occurred_at.unwrap_or(now))),
    ];
    Some(Json::of_fields(fields).to_string())
}

fn largest(about: &[&Event]) -> Option<Money> {
    about.iter().filter_map(|event| event.amount).max_by_key(|amount| amount.minor())
}

fn collector(about: &[&Event], settings: &Settings) -> String {
    let own = latest(about, |event| event.receivers.first().cloned());
    own.or_else(|| settings.list("collector_id").next().map(str::to_owned))
        .unwrap_or_else(|| "123456789".to_owned())
}

fn payer(about: &[&Event]) -> Json<'static> {
    let customer = |part: fn(&Event) -> Option<String>| latest(about, part);
    let fields = [
        ("email", customer(|event| event.customer.email.clone())),
        ("first_name", customer(|event| event.customer.name.clone())),
    ];
    Json::of_fields(fields.into_iter().filter_map(|(name, value)| Some((name, Json::of_text(value?)))))
}

/// As Mercado Pago writes dates, four hours behind.
fn date(at: Timestamp) -> Json<'static> {
    let local = at.to_zoned(TimeZone::fixed(Offset::constant(-4)));
    Json::of_text(local.strftime("%Y-%m-%dT%H:%M:%S.000%:z").to_string())
}

/// The payment that an event is about: its own, or for everything that follows from a payment, that one.
fn payment_id(event: &Event) -> String {
    let parent = event.parent.as_deref().filter(|_| state_of(event.kind).is_none());
    number_of(&[parent, event.transaction.as_deref()], "payment", &event.identity)
}

/// The charge or commercial order that a payment belongs to.
fn charge_id(event: &Event) -> String {
    number_of(&[event.parent.as_deref()], "charge", &payment_id(event))
}

fn case_id(event: &Event) -> String {
    number_of(&[event.case.as_deref(), event.transaction.as_deref()], "case", &event.identity)
}

fn subscription_id(event: &Event) -> String {
    let name = event.subscription.as_deref().unwrap_or(&event.identity);
    let is_own = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_own { name.to_owned() } else { hex(name, 16) }
}

/// The first of these names that is a number. A name in another form always gives the same number.
fn number_of(names: &[Option<&str>], what: &str, otherwise: &str) -> String {
    let mut names = names.iter().copied().flatten().peekable();
    let first = names.peek().copied().unwrap_or(otherwise);
    let is_number = |name: &str| {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
        is_plain && (1..=18).contains(&name.len())
    };
    names.find(|name| is_number(name)).map_or_else(|| derived(what, first).to_string(), str::to_owned)
}

/// Twelve digits.
fn derived(what: &str, name: &str) -> u64 {
    let digest = Algorithm::Sha256.compute(&[], &[what.as_bytes(), b"/", name.as_bytes()]);
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    100_000_000_000 + number % 900_000_000_000
}

fn hex(name: &str, bytes: usize) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[name.as_bytes()]);
    Encoding::HexLower.encode(&digest[..bytes])
}
