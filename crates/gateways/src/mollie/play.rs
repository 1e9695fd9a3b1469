//! Mollie's own side: the messages it would have sent, and what its API would answer.

use super::{GATEWAY, MAC, TELLS};
use crate::kit::custom_data;
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding};
use crate::kit::played::{self, latest};
use crate::{Ask, AskedAnswer, CannotCompose, RawRequest, Settings, Told};
use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use jiff::Timestamp;

/// Payments are told by their id alone; payouts, which the classic messages do not know, by a signed event.
pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    if !TELLS.contains(&event.kind) {
        return Err(cannot(event.kind.word()));
    }
    if event.amount.is_none() && event.kind != EventKind::AgreementStarted {
        return Err(cannot("an event without an amount"));
    }
    if let Some(kind) = payout_type(event.kind) {
        let secret = settings.secrets("webhook_secret").next();
        let secret = secret.ok_or_else(|| cannot("payouts, without a webhook secret"))?;
        let body = payout_event(event, kind, now).to_string();
        let signature = MAC.sign(secret.as_bytes(), &[body.as_bytes()]);
        return Ok(RawRequest::post("application/json", body)
            .with("user-agent", "Mollie HTTP client/1.0")
            .with("x-mollie-signature", format!("sha256={signature}")));
    }
    let body = format!("id={}", payment_id(event));
    Ok(RawRequest::post("application/x-www-form-urlencoded", body)
        .with("user-agent", "Mollie HTTP client/1.0"))
}

fn payout_type(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::PayoutPending => Some("payout.initiated"),
        EventKind::PayoutCompleted => Some("payout.completed"),
        EventKind::PayoutFailed => Some("payout.failed"),
        _ => None,
    }
}

fn payout_event(event: &Event, kind: &'static str, now: Timestamp) -> Json<'static> {
    let id = id_of("payout", &[&event.transaction], &event.identity);
    let status = event.status.clone().unwrap_or_else(|| kind.trim_start_matches("payout.").to_owned());
    let at = event.occurred_at.unwrap_or(now);
    let entity = Json::of_fields([
        ("resource", Json::of_text("payout")),
        ("id", Json::of_text(id.clone())),
        ("mode", Json::of_text(mode(event))),
        ("amount", event.amount.map_or(Json::Null, of_money)),
        ("status", Json::of_text(status)),
        ("createdAt", date(at)),
    ]);
    Json::of_fields([
        ("resource", Json::of_text("event")),
        ("id", Json::of_text(derived("event", &format!("{}/{}", event.kind.word(), id)))),
        ("type", Json::of_text(kind)),
        ("entityId", Json::of_text(id)),
        ("createdAt", date(at)),
        ("_embedded", Json::of_fields([("entity", entity)])),
        ("_links", Json::of_fields::<&str>([])),
    ])
}

/// Answers from everything that was told about the thing that is asked for.
pub(super) fn answer(ask: &Ask, told: &[Told], settings: &Settings, now: Timestamp) -> AskedAnswer {
    let key = format!("Bearer {}", settings.get("api_key").unwrap_or_default());
    if ask.header("authorization") != Some(&key) {
        return problem(401, "Unauthorized Request", "Missing authentication, or failed to authenticate");
    }
    let path = ask.target().split_once("/v2/").map_or("", |(_, path)| path);
    let path = path.split('?').next().unwrap_or_default();
    let found = match path.split_once('/') {
        Some(("payments", id)) => {
            let about = told.iter().map(|told| &told.event).filter(|event| payment_id(event) == id);
            let about: Vec<&Event> = about
                .filter(|event| TELLS.contains(&event.kind) && payout_type(event.kind).is_none())
                .collect();
            payment(id, &about, settings, now)
        }
        Some(("events", id)) => told.iter().find_map(|told| {
            let event = Json::parse(&told.request.body).ok()?;
            (event.text("id") == Some(id)).then(|| event.to_string())
        }),
        _ => None,
    };
    match found {
        Some(body) => AskedAnswer::new(200, body),
        None => problem(404, "Not Found", "No such thing exists."),
    }
}

fn problem(status: u16, title: &'static str, detail: &'static str) -> AskedAnswer {
    let fields = [
        ("status", Json::of_number(status)),
        ("title", Json::of_text(title)),
        ("detail", Json::of_text(detail)),
    ];
    AskedAnswer::new(status, Json::of_fields(fields).to_string())
}

/// A refund or chargeback as the record shows it.
struct Part {
    id: String,
    amount: Money,
    status: &'static str,
    created_at: Option<Timestamp>,
    reversed_at: Option<Timestamp>,
    reason: Option<String>,
}

/// The payment's record, as it is after all these events, in their sequence.
fn payment(id: &str, about: &[&Event], settings: &Settings, now: Timestamp) -> Option<String> {
    let last = about.last()?;
    let itself = about.iter().rev().find(|event| state_of(event.kind).is_some()).copied();
    let (status, dated) = itself.and_then(|event| state_of(event.kind)).unwrap_or(("paid", "paidAt"));
    let at = itself.unwrap_or(last).occurred_at.unwrap_or(now);
    let key = settings.get("order_key").unwrap_or("order_id");
    let passed = Event {
        order_ref: latest(about, |event| event.order_ref.clone()),
        custom: latest(about, |event| event.custom.clone()),
        ..(*last).clone()
    };
    let mut fields = vec![
        ("resource", Json::of_text("payment")),
        ("id", Json::of_text(id.to_owned())),
        ("mode", Json::of_text(mode(last))),
        ("createdAt", date(at)),
        ("description", Json::of_text(described(about))),
        ("method", Json::of_text("ideal")),
        ("metadata", custom_data::of_event(&passed, key)),
        ("status", Json::of_text(status)),
        ("profileId", Json::of_text(profile(about))),
        ("details", details(about, itself)),
        ("billingAddress", billing(about)),
    ];
    if dated != "createdAt" {
        fields.push((dated, date(at)));
    }
    fields.extend(series(about, itself));
    fields.extend(sums(id, about, amount(itself, about), now));
    Some(Json::of_fields(fields).to_string())
}

/// How the payment belongs to a series of them.
fn series(about: &[&Event], itself: Option<&Event>) -> Vec<(&'static str, Json<'static>)> {
    let agreement = itself.filter(|event| event.kind == EventKind::AgreementStarted);
    if let Some(event) = agreement {
        let mandate = id_of("mdt", &[&event.subscription], &event.identity);
        return vec![("sequenceType", Json::of_text("first")), ("mandateId", Json::of_text(mandate))];
    }
    let Some(subscription) = latest(about, |event| event.subscription.clone()) else {
        return vec![("sequenceType", Json::of_text("oneoff"))];
    };
    let subscription = id_of("sub", &[&Some(subscription)], "");
    vec![("sequenceType", Json::of_text("recurring")), ("subscriptionId", Json::of_text(subscription))]
}

/// What was paid, what went back of it, and how.
fn sums(id: &str, about: &[&Event], amount: Money, now: Timestamp) -> Vec<(&'static str, Json<'static>)> {
    let refunds = refunds(about);
    let chargebacks = chargebacks(about, now);
    let zero = Money::zero(amount.currency());
    let sum =
        |parts: Vec<&Part>| parts.iter().try_fold(zero, |sum, part| sum.plus(part.amount)).unwrap_or(amount);
    let refunded = sum(refunds.iter().filter(|refund| refund.status == "refunded").collect());
    let charged_back = sum(chargebacks.iter().filter(|own| own.reversed_at.is_none()).collect());
    let remaining = amount.minus(refunded).ok().filter(|rest| !rest.is_negative());
    let records = |resource: &'static str, parts: &[Part]| {
        Json::List(parts.iter().map(|part| part.record(resource, id)).collect())
    };
    let parts =
        [("refunds", records("refund", &refunds)), ("chargebacks", records("chargeback", &chargebacks))];
    vec![
        ("amount", of_money(amount)),
        ("amountRefunded", of_money(refunded)),
        ("amountRemaining", of_money(remaining.unwrap_or(zero))),
        ("amountChargedBack", of_money(charged_back)),
        ("_embedded", Json::of_fields(parts)),
    ]
}

/// Mollie's word for the state that an event leaves a payment in, and the date that goes with it.
fn state_of(kind: EventKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        EventKind::PaymentPending => ("pending", "createdAt"),
        EventKind::PaymentAuthorized => ("authorized", "authorizedAt"),
        EventKind::PaymentCompleted | EventKind::AgreementStarted => ("paid", "paidAt"),
        EventKind::PaymentFailed | EventKind::SubscriptionPaymentFailed => ("failed", "failedAt"),
        EventKind::PaymentVoided => ("canceled", "canceledAt"),
        EventKind::PaymentExpired => ("expired", "expiredAt"),
        _ => return None,
    })
}

/// What the payment is of: what it was told to be of, or at least the largest part of it that was told of.
fn amount(itself: Option<&Event>, about: &[&Event]) -> Money {
    let nothing = || Money::zero(Currency::from_code("EUR").expect("the euro is known"));
    match itself {
        Some(event) if event.kind == EventKind::AgreementStarted => {
            event.amount.map_or_else(nothing, |amount| Money::zero(amount.currency()))
        }
        Some(event) => event.amount.unwrap_or_else(nothing),
        None => {
            let amounts = about.iter().filter_map(|event| event.amount);
            amounts.max_by_key(|amount| amount.minor()).unwrap_or_else(nothing)
        }
    }
}

/// The refunds, each in its last state. A total counts as one more refund, of what it adds.
fn refunds(about: &[&Event]) -> Vec<Part> {
    let mut refunds: Vec<Part> = Vec::new();
    for event in about {
        let status = match event.kind {
            EventKind::RefundPending => "pending",
            EventKind::RefundCompleted => "refunded",
            EventKind::RefundFailed => "failed",
            _ => continue,
        };
        let before = refunds.iter().filter(|refund| refund.status == "refunded").map(|refund| refund.amount);
        let Some(amount) = played::refunded(event, before) else { continue };
        let own = event.transaction.clone().filter(|own| event.parent.as_ref() != Some(own));
        let id = id_of("re", &[&own], &event.identity);
        let created_at = event.occurred_at;
        refunds.retain(|refund| refund.id != id);
        refunds.push(Part { id, amount, status, created_at, reversed_at: None, reason: None });
    }
    refunds
}

fn chargebacks(about: &[&Event], now: Timestamp) -> Vec<Part> {
    let mut chargebacks: Vec<Part> = Vec::new();
    for event in about {
        let is_over = match event.kind {
            EventKind::ReversalMade | EventKind::DisputeOpened => false,
            EventKind::ReversalCancelled | EventKind::DisputeWon => true,
            _ => continue,
        };
        let Some(amount) = event.amount else { continue };
        let id = id_of("chb", &[&event.case, &event.transaction], &event.identity);
        let reversed_at = is_over.then(|| event.occurred_at.unwrap_or(now));
        match chargebacks.iter_mut().find(|own| own.id == id) {
            Some(own) => own.reversed_at = reversed_at.or(own.reversed_at),
            None => chargebacks.push(Part {
                id,
                amount,
                status: "",
                created_at: event.occurred_at,
                reversed_at,
                reason: event.reason.clone(),
            }),
        }
    }
    chargebacks
}

impl Part {
    fn record(&self, resource: &'static str, payment: &str) -> Json<'static> {
        let mut fields = vec![
            ("resource", Json::of_text(resource)),
            ("id", Json::of_text(self.id.clone())),
            ("amount", of_money(self.amount)),
            ("createdAt", self.created_at.map_or(Json::Null, date)),
            ("paymentId", Json::of_text(payment.to_owned())),
        ];
        if resource == "refund" {
            fields.push(("status", Json::of_text(self.status)));
            fields.push(("description", Json::of_text("")));
            fields.push(("metadata", Json::Null));
        } else {
            fields.push(("settlementAmount", of_money(self.amount.negated())));
            fields.push(("reversedAt", self.reversed_at.map_or(Json::Null, date)));
            let code = self.reason.clone().map(|code| Json::of_fields([("code", Json::of_text(code))]));
            fields.push(("reason", code.unwrap_or(Json::Null)));
        }
        Json::of_fields(fields)
    }
}

fn described(about: &[&Event]) -> String {
    latest(about, |event| event.order_ref.clone()).map_or_else(String::new, |order| format!("Order {order}"))
}

fn profile(about: &[&Event]) -> String {
    let own = latest(about, |event| event.receivers.iter().find(|own| own.starts_with("pfl_")).cloned());
    own.unwrap_or_else(|| "pfl_SandboxOfIpnd".to_owned())
}

fn details(about: &[&Event], itself: Option<&Event>) -> Json<'static> {
    let name = latest(about, |event| event.customer.name.clone());
    let reason = itself.and_then(|event| event.reason.clone());
    let fields = [("consumerName", name), ("failureReason", reason)];
    let fields = fields.into_iter().filter_map(|(own, value)| Some((own, Json::of_text(value?))));
    Json::of_fields(fields)
}

fn billing(about: &[&Event]) -> Json<'static> {
    let customer = |part: fn(&Event) -> Option<String>| latest(about, part);
    let fields = [
        ("email", customer(|event| event.customer.email.clone())),
        ("phone", customer(|event| event.customer.phone.clone())),
        ("country", customer(|event| event.customer.country.clone())),
    ];
    Json::of_fields(fields.into_iter().filter_map(|(name, value)| Some((name, Json::of_text(value?)))))
}

fn mode(event: &Event) -> &'static str {
    match event.environment {
        Environment::Live => "live",
        Environment::Sandbox => "test",
    }
}

fn of_money(money: Money) -> Json<'static> {
    let fields =
        [("currency", Json::of_text(money.currency().code())), ("value", Json::of_text(money.decimal()))];
    Json::of_fields(fields)
}

/// As Mollie writes dates.
fn date(at: Timestamp) -> Json<'static> {
    Json::of_text(at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string())
}

/// The payment that an event is about: its own, or for everything that follows from a payment, that one.
fn payment_id(event: &Event) -> String {
    let is_own = state_of(event.kind).is_some();
    let parent = if is_own { &None } else { &event.parent };
    id_of("tr", &[parent, &event.transaction], &event.identity)
}

/// The first of these names in Mollie's own form. A name in another form always gives the same id.
fn id_of(prefix: &str, names: &[&Option<String>], otherwise: &str) -> String {
    let names = || names.iter().filter_map(|name| name.as_deref());
    let is_own = |name: &&str| {
        let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
        rest.is_some_and(|rest| {
            !rest.is_empty() && rest.len() < 100 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    let own = names().find(is_own).map(str::to_owned);
    own.unwrap_or_else(|| derived(prefix, names().next().unwrap_or(otherwise)))
}

fn derived(prefix: &str, name: &str) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[name.as_bytes()]);
    format!("{prefix}_{}", Encoding::HexLower.encode(&digest[..11]))
}
