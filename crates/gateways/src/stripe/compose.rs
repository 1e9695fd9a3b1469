//! The event that Stripe would have sent.

use super::*;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let (kind, object) = Writer::new(event, settings)?.written()?;
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

fn cannot(what: &str) -> CannotCompose {
    CannotCompose { gateway: GATEWAY.id, what: what.to_owned() }
}

type Fields = Vec<(&'static str, Json<'static>)>;

fn text(value: &Option<String>) -> Json<'static> {
    Json::of_some(value.clone())
}

/// Writes the objects that events are about.
struct Writer<'e> {
    event: &'e Event,
    /// The amount in Stripe's smallest unit.
    amount: Json<'static>,
    metadata: Json<'static>,
}

impl<'e> Writer<'e> {
    fn new(event: &'e Event, settings: &Settings) -> Result<Self, CannotCompose> {
        if event.kind.concerns_an_order() && event.amount.is_none() {
            return Err(cannot("an event without an amount"));
        }
        let units = |amount| {
            let units = amount::in_places(amount, places(amount.currency()));
            units.ok_or_else(|| cannot("an amount below its smallest unit"))
        };
        let key = settings.get("order_key").unwrap_or("order_id").to_owned();
        Ok(Self {
            event,
            amount: event.amount.map(units).transpose()?.map_or(Json::Null, Json::of_number),
            metadata: Json::of_fields(event.order_ref.clone().map(|order| (key, Json::of_text(order)))),
        })
    }

    /// Stripe's type for the event, and the object it is about.
    fn written(&self) -> Result<(&'static str, Json<'static>), CannotCompose> {
        use EventKind::*;
        Ok(match self.event.kind {
            PaymentAuthorized => (
                "payment_intent.amount_capturable_updated",
                self.intent("amount_capturable", "requires_capture"),
            ),
            PaymentPending => ("payment_intent.processing", self.intent("amount", "processing")),
            PaymentCompleted if self.event.subscription.is_some() => {
                ("invoice.paid", self.invoice("amount_paid"))
            }
            PaymentCompleted => ("payment_intent.succeeded", self.intent("amount_received", "succeeded")),
            PaymentFailed => {
                ("payment_intent.payment_failed", self.intent("amount", "requires_payment_method"))
            }
            PaymentVoided => ("payment_intent.canceled", self.intent("amount", "canceled")),
            PaymentExpired => ("charge.expired", self.expired_charge()),
            RefundCompleted => ("charge.refunded", self.refunded_charge()),
            RefundFailed => ("refund.failed", self.failed_refund()),
            DisputeOpened => ("charge.dispute.created", self.dispute("needs_response")),
            DisputeUpdated => ("charge.dispute.updated", self.dispute("under_review")),
            DisputeWon => ("charge.dispute.closed", with_status(self.dispute("won"), "won")),
            DisputeLost => ("charge.dispute.closed", with_status(self.dispute("lost"), "lost")),
            SubscriptionStarted => {
                ("customer.subscription.created", with_status(self.subscription("active"), "active"))
            }
            SubscriptionModified => ("customer.subscription.updated", self.subscription("active")),
            SubscriptionSuspended => ("customer.subscription.paused", self.subscription("paused")),
            SubscriptionCancelled => ("customer.subscription.deleted", self.subscription("canceled")),
            SubscriptionPaymentFailed => ("invoice.payment_failed", self.invoice("amount_due")),
            PayoutCompleted => ("payout.paid", self.payout()),
            PayoutFailed => ("payout.failed", self.payout()),
            other => return Err(cannot(other.word())),
        })
    }

    /// What all objects have, and then their own. `status` is said where the event has no word of its own.
    fn object(&self, kind: &'static str, id: String, status: &'static str, own: Fields) -> Json<'static> {
        let currency = self.event.amount.map(|amount| amount.currency().code().to_ascii_lowercase());
        let status = self.event.status.clone().unwrap_or_else(|| status.to_owned());
        let common = [
            ("id", Json::of_text(id)),
            ("object", Json::of_text(kind)),
            ("currency", Json::of_some(currency)),
            ("metadata", self.metadata.clone()),
            ("status", Json::of_text(status)),
        ];
        Json::of_fields(common.into_iter().chain(own))
    }

    fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}_{}", digest_of(self.event))
    }

    fn own_id(&self, prefix: &str) -> String {
        self.event.transaction.clone().unwrap_or_else(|| self.fresh(prefix))
    }

    fn intent(&self, amount: &'static str, status: &'static str) -> Json<'static> {
        let event = self.event;
        let reason = text(&event.reason);
        let why = match event.kind {
            EventKind::PaymentVoided => ("cancellation_reason", reason),
            _ => ("last_payment_error", Json::of_fields([("code", reason)])),
        };
        let own = vec![
            (amount, self.amount.clone()),
            ("receipt_email", text(&event.customer.email)),
            ("shipping", Json::of_fields([("name", text(&event.customer.name))])),
            why,
        ];
        self.object("payment_intent", self.own_id("pi"), status, own)
    }

    fn expired_charge(&self) -> Json<'static> {
        let own = vec![("amount", self.amount.clone()), ("payment_intent", Json::of_text(self.own_id("pi")))];
        self.object("charge", self.fresh("ch"), "failed", own)
    }

    fn refunded_charge(&self) -> Json<'static> {
        let own =
            vec![("amount_refunded", self.amount.clone()), ("payment_intent", text(&self.event.parent))];
        self.object("charge", self.fresh("ch"), "succeeded", own)
    }

    fn failed_refund(&self) -> Json<'static> {
        let own = vec![
            ("amount", self.amount.clone()),
            ("payment_intent", text(&self.event.parent)),
            ("failure_reason", text(&self.event.reason)),
        ];
        self.object("refund", self.own_id("re"), "failed", own)
    }

    fn dispute(&self, status: &'static str) -> Json<'static> {
        let own = vec![
            ("amount", self.amount.clone()),
            ("payment_intent", text(&self.event.parent)),
            ("reason", text(&self.event.reason)),
        ];
        self.object("dispute", self.event.case.clone().unwrap_or_else(|| self.fresh("dp")), status, own)
    }

    fn subscription(&self, status: &'static str) -> Json<'static> {
        let id = self.event.subscription.clone().unwrap_or_else(|| self.fresh("sub"));
        self.object("subscription", id, status, vec![])
    }

    fn invoice(&self, amount: &'static str) -> Json<'static> {
        let event = self.event;
        let details = Json::of_fields([
            ("subscription", text(&event.subscription)),
            ("metadata", self.metadata.clone()),
        ]);
        let own = vec![
            (amount, self.amount.clone()),
            ("attempt_count", Json::of_number(1)),
            ("billing_reason", text(&event.reason)),
            ("customer_email", text(&event.customer.email)),
            ("customer_name", text(&event.customer.name)),
            ("parent", Json::of_fields([("subscription_details", details)])),
        ];
        self.object("invoice", self.own_id("in"), "paid", own)
    }

    fn payout(&self) -> Json<'static> {
        let own = vec![("amount", self.amount.clone()), ("failure_code", text(&self.event.reason))];
        self.object("payout", self.own_id("po"), "paid", own)
    }
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
