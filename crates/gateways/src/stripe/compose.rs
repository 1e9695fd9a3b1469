//! The event that Stripe would have sent.

use super::*;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let (kind, object) = written(event, settings)?;
    // What is told again keeps its id.
    let known = event.identity.rsplit('/').next().filter(|part| part.starts_with("evt_"));
    let id = known.map_or_else(|| format!("evt_{}", digest_of(event)), str::to_owned);
    let created = event.occurred_at.unwrap_or(now).as_second();
    let body = Json::of_fields([
        ("id", Json::of_text(id)),
        ("object", Json::of_text("event")),
        ("api_version", Json::of_text("2026-10-28.endive")),
        ("created", Json::of_number(created)),
        ("data", Json::of_fields([("object", object)])),
        ("livemode", Json::Bool(event.environment == Environment::Live)),
        ("pending_webhooks", Json::of_number(1)),
        ("type", Json::of_text(kind)),
    ])
    .to_string();
    let signed_at = now.as_second().to_string();
    let secrets = settings.secrets("signing_secret");
    let signatures: String = secrets
        .map(|secret| MAC.sign(secret.as_bytes(), &[signed_at.as_bytes(), b".", body.as_bytes()]))
        .map(|signature| format!(",v1={signature}"))
        .collect();
    Ok(RawRequest::post("application/json; charset=utf-8", body)
        .with("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .with("stripe-signature", format!("t={signed_at}{signatures}")))
}

/// A stable id for what has none of its own.
fn digest_of(event: &Event) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[event.identity.as_bytes()]);
    Encoding::HexLower.encode(&digest[..12])
}

/// Stripe's type for an event, and the object it is about.
fn written(event: &Event, settings: &Settings) -> Result<(&'static str, Json<'static>), CannotCompose> {
    use EventKind::*;
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    let text = |value: &Option<String>| Json::of_some(value.clone());
    let transaction = event.transaction.clone();
    let units = event.amount.map(|amount| {
        amount::in_places(amount, places(amount.currency()))
            .ok_or_else(|| cannot("an amount below its smallest unit"))
    });
    let units = units.transpose()?;
    let currency = event.amount.map(|amount| amount.currency().code().to_ascii_lowercase());
    let number = || units.map_or(Json::Null, Json::of_number);
    let key = settings.get("order_key").unwrap_or("order_id").to_owned();
    let metadata = Json::of_fields(event.order_ref.clone().map(|order| (key, Json::of_text(order))));
    let object =
        |kind: &'static str, id: String, status: &'static str, own: Vec<(&'static str, Json<'static>)>| {
            let status = event.status.clone().unwrap_or_else(|| status.to_owned());
            let common = [
                ("id", Json::of_text(id)),
                ("object", Json::of_text(kind)),
                ("currency", Json::of_some(currency.clone())),
                ("metadata", metadata.clone()),
                ("status", Json::of_text(status)),
            ];
            Json::of_fields(common.into_iter().chain(own))
        };
    let fresh = |prefix: &str| format!("{prefix}_{}", digest_of(event));
    let own_id = |prefix: &str| transaction.clone().unwrap_or_else(|| fresh(prefix));
    let of_payment = |amount: &'static str, status: &'static str, error: &'static str| {
        let mut own = vec![(amount, number()), ("receipt_email", text(&event.customer.email))];
        let named = |value| Json::of_fields([("name", value)]);
        own.push(("shipping", named(text(&event.customer.name))));
        match error {
            "" => {}
            "cancellation_reason" => own.push((error, text(&event.reason))),
            _ => own.push(("last_payment_error", Json::of_fields([("code", text(&event.reason))]))),
        }
        object("payment_intent", own_id("pi"), status, own)
    };
    if event.kind.concerns_an_order() && units.is_none() {
        return Err(cannot("an event without an amount"));
    }
    let dispute = |status: &'static str| {
        let own = vec![
            ("amount", number()),
            ("payment_intent", text(&event.parent)),
            ("reason", text(&event.reason)),
        ];
        object("dispute", event.case.clone().unwrap_or_else(|| fresh("dp")), status, own)
    };
    let subscription = |status: &'static str| {
        let id = event.subscription.clone().unwrap_or_else(|| fresh("sub"));
        object("subscription", id, status, vec![])
    };
    let invoice = |amount: &'static str| {
        let details =
            Json::of_fields([("subscription", text(&event.subscription)), ("metadata", metadata.clone())]);
        let parent = Json::of_fields([("subscription_details", details)]);
        let own = vec![
            (amount, number()),
            ("attempt_count", Json::of_number(1)),
            ("billing_reason", text(&event.reason)),
            ("customer_email", text(&event.customer.email)),
            ("customer_name", text(&event.customer.name)),
            ("parent", parent),
        ];
        object("invoice", own_id("in"), "paid", own)
    };
    let payout = || {
        object(
            "payout",
            own_id("po"),
            "paid",
            vec![("amount", number()), ("failure_code", text(&event.reason))],
        )
    };
    Ok(match event.kind {
        PaymentAuthorized => (
            "payment_intent.amount_capturable_updated",
            of_payment("amount_capturable", "requires_capture", "last_payment_error"),
        ),
        PaymentPending => {
            ("payment_intent.processing", of_payment("amount", "processing", "last_payment_error"))
        }
        PaymentCompleted if event.subscription.is_some() => ("invoice.paid", invoice("amount_paid")),
        PaymentCompleted => {
            ("payment_intent.succeeded", of_payment("amount_received", "succeeded", "last_payment_error"))
        }
        PaymentFailed => (
            "payment_intent.payment_failed",
            of_payment("amount", "requires_payment_method", "last_payment_error"),
        ),
        PaymentVoided => ("payment_intent.canceled", of_payment("amount", "canceled", "cancellation_reason")),
        PaymentExpired => {
            let own = vec![("amount", number()), ("payment_intent", Json::of_text(own_id("pi")))];
            ("charge.expired", object("charge", fresh("ch"), "failed", own))
        }
        RefundCompleted => {
            let own = vec![("amount_refunded", number()), ("payment_intent", text(&event.parent))];
            ("charge.refunded", object("charge", fresh("ch"), "succeeded", own))
        }
        RefundFailed => {
            let own = vec![
                ("amount", number()),
                ("payment_intent", text(&event.parent)),
                ("failure_reason", text(&event.reason)),
            ];
            ("refund.failed", object("refund", own_id("re"), "failed", own))
        }
        DisputeOpened => ("charge.dispute.created", dispute("needs_response")),
        DisputeUpdated => ("charge.dispute.updated", dispute("under_review")),
        DisputeWon => ("charge.dispute.closed", with_status(dispute("won"), "won")),
        DisputeLost => ("charge.dispute.closed", with_status(dispute("lost"), "lost")),
        SubscriptionStarted => {
            ("customer.subscription.created", with_status(subscription("active"), "active"))
        }
        SubscriptionModified => ("customer.subscription.updated", subscription("active")),
        SubscriptionSuspended => ("customer.subscription.paused", subscription("paused")),
        SubscriptionCancelled => ("customer.subscription.deleted", subscription("canceled")),
        SubscriptionPaymentFailed => ("invoice.payment_failed", invoice("amount_due")),
        PayoutCompleted => ("payout.paid", payout()),
        PayoutFailed => ("payout.failed", payout()),
        other => return Err(cannot(other.word())),
    })
}

/// Where Stripe's own word for the status decides what is meant, an event's own word must not stand in its place.
fn with_status(object: Json<'static>, status: &'static str) -> Json<'static> {
    let Json::Object(fields) = object else { return object };
    let replaced = fields.into_iter().map(|(name, value)| {
        let value = if name == "status" { Json::of_text(status) } else { value };
        (name, value)
    });
    Json::Object(replaced.collect())
}
