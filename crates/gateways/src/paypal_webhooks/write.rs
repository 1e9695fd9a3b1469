//! The webhook that PayPal would have sent to tell of an event, and what its API would answer about it.

use super::topic::topic;
use super::{GATEWAY, TELLS, signed};
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding};
use crate::kit::token::basic;
use crate::{Ask, AskedAnswer, CannotCompose, RawRequest, Settings, Told};
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::Timestamp;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    if !TELLS.contains(&event.kind) {
        return Err(cannot(event.kind.word()));
    }
    if event.amount_is_total {
        return Err(cannot("the total of several events"));
    }
    if event.amount.is_none() && !event.kind.word().starts_with("subscription.") {
        return Err(cannot("an event without an amount"));
    }
    let message = Message { event, settings, now };
    let (event_type, resource_type, version, resource) = message.told().ok_or_else(|| cannot("it"))?;
    let digest = message.digest();
    let body = Json::of_fields([
        ("id", Json::of_text(format!("WH-{}-{}", &digest[..17], &digest[17..34]))),
        ("event_version", Json::of_text("1.0")),
        ("create_time", message.at()),
        ("resource_type", Json::of_text(resource_type)),
        ("resource_version", Json::of_text(version)),
        ("event_type", Json::of_text(event_type)),
        ("summary", Json::of_text(event_type)),
        ("resource", resource),
        ("links", Json::List(Vec::new())),
    ]);
    let low = digest.to_ascii_lowercase();
    let id = format!("{}-{}-11ef-{}-{}", &low[34..42], &low[42..46], &low[46..50], &low[50..62]);
    signed::signed(body.to_string(), &id, settings, now).map_err(|reason| cannot(&reason.code))
}

struct Message<'e> {
    event: &'e Event,
    settings: &'e Settings,
    now: Timestamp,
}

type Fields = Vec<(&'static str, Json<'static>)>;

fn text(text: impl Into<String>) -> Json<'static> {
    Json::of_text(text.into())
}

fn some(text: &Option<String>) -> Json<'static> {
    Json::of_some(text.clone())
}

fn money(amount: Money) -> Json<'static> {
    let fields = [("currency_code", text(amount.currency().code())), ("value", text(amount.decimal()))];
    Json::of_fields(fields)
}

fn some_money(amount: Option<Money>) -> Json<'static> {
    amount.map_or(Json::Null, money)
}

/// An object without the fields that say nothing, as PayPal leaves them out.
fn object(fields: impl IntoIterator<Item = (&'static str, Json<'static>)>) -> Json<'static> {
    Json::of_fields(fields.into_iter().filter(|(_, value)| !value.is_null()))
}

impl Message<'_> {
    /// Type, kind and version of the resource, and the resource.
    fn told(&self) -> Option<(&'static str, &'static str, &'static str, Json<'static>)> {
        use EventKind::*;
        let is_renewal = self.event.subscription.is_some();
        let transaction = |event_type, status| (event_type, "capture", "2.0", self.transaction(status));
        Some(match self.event.kind {
            PaymentCompleted if is_renewal => ("PAYMENT.SALE.COMPLETED", "sale", "1.0", self.sale()),
            PaymentCompleted => transaction("PAYMENT.CAPTURE.COMPLETED", "COMPLETED"),
            PaymentPending => transaction("PAYMENT.CAPTURE.PENDING", "PENDING"),
            PaymentDenied => transaction("PAYMENT.CAPTURE.DECLINED", "DECLINED"),
            PaymentAuthorized => {
                ("PAYMENT.AUTHORIZATION.CREATED", "authorization", "2.0", self.transaction("CREATED"))
            }
            PaymentVoided => {
                ("PAYMENT.AUTHORIZATION.VOIDED", "authorization", "2.0", self.transaction("VOIDED"))
            }
            PaymentOrdered => ("CHECKOUT.ORDER.APPROVED", "checkout-order", "2.0", self.order()),
            RefundCompleted => ("PAYMENT.CAPTURE.REFUNDED", "refund", "2.0", self.refund()),
            ReversalMade => ("PAYMENT.CAPTURE.REVERSED", "refund", "2.0", self.refund()),
            DisputeOpened => ("CUSTOMER.DISPUTE.CREATED", "dispute", "1.0", self.dispute("OPEN", "")),
            DisputeUpdated => {
                ("CUSTOMER.DISPUTE.UPDATED", "dispute", "1.0", self.dispute("UNDER_REVIEW", ""))
            }
            DisputeWon => {
                ("CUSTOMER.DISPUTE.RESOLVED", "dispute", "1.0", self.resolved("RESOLVED_SELLER_FAVOUR"))
            }
            DisputeLost => {
                ("CUSTOMER.DISPUTE.RESOLVED", "dispute", "1.0", self.resolved("RESOLVED_BUYER_FAVOUR"))
            }
            SubscriptionStarted => self.subscription("BILLING.SUBSCRIPTION.ACTIVATED", "ACTIVE"),
            SubscriptionModified => self.subscription("BILLING.SUBSCRIPTION.UPDATED", "ACTIVE"),
            SubscriptionSuspended => self.subscription("BILLING.SUBSCRIPTION.SUSPENDED", "SUSPENDED"),
            SubscriptionCancelled => self.subscription("BILLING.SUBSCRIPTION.CANCELLED", "CANCELLED"),
            SubscriptionEnded => self.subscription("BILLING.SUBSCRIPTION.EXPIRED", "EXPIRED"),
            SubscriptionPaymentFailed => self.subscription("BILLING.SUBSCRIPTION.PAYMENT.FAILED", "ACTIVE"),
            PayoutCompleted => self.payout("PAYMENT.PAYOUTS-ITEM.SUCCEEDED", "SUCCESS"),
            PayoutPending => self.payout("PAYMENT.PAYOUTS-ITEM.UNCLAIMED", "UNCLAIMED"),
            PayoutFailed => self.payout("PAYMENT.PAYOUTS-ITEM.FAILED", "FAILED"),
            _ => return None,
        })
    }

    /// Sixty-four digits that tell this event from others.
    fn digest(&self) -> String {
        let digest = Algorithm::Sha256.compute(&[], &[self.event.identity.as_bytes()]);
        Encoding::HexUpper.encode(&digest)
    }

    fn at(&self) -> Json<'static> {
        text(self.event.occurred_at.unwrap_or(self.now).to_string())
    }

    fn id(&self) -> String {
        self.event.transaction.clone().unwrap_or_else(|| self.digest()[..17].to_owned())
    }

    /// The event's own word where it fits the kind anyway, or where nothing depends on it.
    fn status(&self, usual: &'static str) -> Json<'static> {
        let free = matches!(self.event.kind, EventKind::PaymentPending | EventKind::PaymentOrdered);
        text(self.event.status.clone().filter(|_| free).unwrap_or_else(|| usual.to_owned()))
    }

    /// Pass-through and reference. A reference that is the pass-through value itself needs no invoice.
    fn references(&self) -> Fields {
        let invoice = self.event.order_ref.clone().filter(|_| self.event.order_ref != self.event.custom);
        vec![("invoice_id", Json::of_some(invoice)), ("custom_id", some(&self.event.custom))]
    }

    fn payee(&self) -> Json<'static> {
        let own: Vec<String> = self.settings.list("receivers").map(str::to_owned).collect();
        let receivers = if self.event.receivers.is_empty() { &own } else { &self.event.receivers };
        let id = receivers.iter().find(|name| !name.contains('@')).cloned();
        let address = receivers.iter().find(|name| name.contains('@')).cloned();
        if receivers.is_empty() {
            return Json::Null;
        }
        object([("merchant_id", Json::of_some(id)), ("email_address", Json::of_some(address))])
    }

    fn api(&self, path: &str) -> Json<'static> {
        let host = match self.settings.environment {
            Environment::Live => super::API_HOSTS.live_certificates,
            Environment::Sandbox => super::API_HOSTS.sandbox_certificates,
        };
        text(format!("{host}{path}"))
    }

    fn link(&self, relation: &'static str, path: &str) -> Json<'static> {
        object([("href", self.api(path)), ("rel", text(relation)), ("method", text("GET"))])
    }

    fn transaction(&self, status: &'static str) -> Json<'static> {
        let event = self.event;
        let fee = event.fee.map(|fee| {
            let net = event.amount.and_then(|amount| amount.minus(fee).ok());
            object([
                ("gross_amount", some_money(event.amount)),
                ("paypal_fee", money(fee)),
                ("net_amount", some_money(net)),
            ])
        });
        let authorization =
            event.parent.as_ref().filter(|_| event.kind.is_payment()).map(|parent| {
                object([("related_ids", object([("authorization_id", text(parent.clone()))]))])
            });
        let reason = event.reason.clone().map(|reason| object([("reason", text(reason))]));
        let mut fields: Fields = vec![
            ("id", text(self.id())),
            ("amount", some_money(event.amount)),
            ("final_capture", Json::Bool(true)),
            ("seller_receivable_breakdown", fee.unwrap_or(Json::Null)),
        ];
        fields.extend(self.references());
        fields.extend([
            ("payee", self.payee()),
            ("status", self.status(status)),
            ("status_details", reason.unwrap_or(Json::Null)),
            ("supplementary_data", authorization.unwrap_or(Json::Null)),
            ("create_time", self.at()),
            ("update_time", self.at()),
        ]);
        object(fields)
    }

    /// A subscription's charge, which PayPal tells in the older form.
    fn sale(&self) -> Json<'static> {
        let event = self.event;
        let older = |name: &'static str, amount: Money| {
            object([(name, text(amount.decimal())), ("currency", text(amount.currency().code()))])
        };
        let invoice = event.order_ref.clone().filter(|_| event.order_ref != event.custom);
        object([
            ("id", text(self.id())),
            ("state", text("completed")),
            ("amount", event.amount.map_or(Json::Null, |amount| older("total", amount))),
            ("payment_mode", text("INSTANT_TRANSFER")),
            ("transaction_fee", event.fee.map_or(Json::Null, |fee| older("value", fee))),
            ("billing_agreement_id", some(&event.subscription)),
            ("reason_code", some(&event.reason)),
            ("invoice_number", Json::of_some(invoice)),
            ("custom", some(&event.custom)),
            ("payee", self.payee()),
            ("create_time", self.at()),
            ("update_time", self.at()),
        ])
    }

    fn order(&self) -> Json<'static> {
        let event = self.event;
        let items = event.items.iter().map(|item| {
            let each = item.amount.filter(|_| item.quantity == 1).map(money);
            object([
                ("name", text(item.name.clone())),
                ("sku", some(&item.sku)),
                ("quantity", text(item.quantity.to_string())),
                ("unit_amount", each.unwrap_or(Json::Null)),
            ])
        });
        let items: Vec<_> = items.collect();
        let mut unit: Fields = vec![("reference_id", text("default")), ("amount", some_money(event.amount))];
        unit.extend(self.references());
        unit.push(("payee", self.payee()));
        unit.push(("items", if items.is_empty() { Json::Null } else { Json::List(items) }));
        object([
            ("id", text(self.id())),
            ("intent", text("CAPTURE")),
            ("status", self.status("APPROVED")),
            ("purchase_units", Json::List(vec![object(unit)])),
            ("payer", self.person()),
            ("create_time", self.at()),
        ])
    }

    /// The customer as PayPal names a payer.
    fn person(&self) -> Json<'static> {
        let customer = &self.event.customer;
        let name = customer.name.as_deref().map(|name| {
            let (given, surname) = name.rsplit_once(' ').unwrap_or((name, ""));
            let surname = Some(surname.to_owned()).filter(|surname| !surname.is_empty());
            object([("given_name", text(given)), ("surname", Json::of_some(surname))])
        });
        let country = customer.country.clone().map(|country| object([("country_code", text(country))]));
        let phone = customer
            .phone
            .clone()
            .map(|number| object([("phone_number", object([("national_number", text(number))]))]));
        object([
            ("name", name.unwrap_or(Json::Null)),
            ("email_address", some(&customer.email)),
            ("phone", phone.unwrap_or(Json::Null)),
            ("address", country.unwrap_or(Json::Null)),
        ])
    }

    fn refund(&self) -> Json<'static> {
        let event = self.event;
        let fee = event.fee.map(|fee| object([("paypal_fee", money(fee.abs()))]));
        let id = self.id();
        let mut links = vec![self.link("self", &format!("/v2/payments/refunds/{id}"))];
        links.extend(
            event.parent.iter().map(|parent| self.link("up", &format!("/v2/payments/captures/{parent}"))),
        );
        let mut fields: Fields = vec![
            ("id", text(id)),
            ("amount", some_money(event.amount)),
            ("note_to_payer", some(&event.reason)),
            ("seller_payable_breakdown", fee.unwrap_or(Json::Null)),
            ("status", text("COMPLETED")),
        ];
        fields.extend(self.references());
        fields.extend([
            ("payee", self.payee()),
            ("create_time", self.at()),
            ("update_time", self.at()),
            ("links", Json::List(links)),
        ]);
        object(fields)
    }

    fn resolved(&self, outcome: &'static str) -> Json<'static> {
        self.dispute("RESOLVED", outcome)
    }

    fn dispute(&self, status: &'static str, outcome: &'static str) -> Json<'static> {
        let event = self.event;
        let about = object([
            ("seller_transaction_id", some(&event.parent)),
            (
                "invoice_number",
                Json::of_some(event.order_ref.clone().filter(|_| event.order_ref != event.custom)),
            ),
            ("custom", some(&event.custom)),
            ("gross_amount", some_money(event.amount)),
            ("seller", self.payee()),
        ]);
        let case = event.case.clone().unwrap_or_else(|| format!("PP-D-{}", &self.digest()[..8]));
        let outcome =
            object([("outcome_code", Json::of_some(Some(outcome).filter(|outcome| !outcome.is_empty())))]);
        object([
            ("dispute_id", text(case)),
            ("create_time", self.at()),
            ("update_time", self.at()),
            ("disputed_transactions", Json::List(vec![about])),
            ("reason", some(&event.reason)),
            ("status", text(status)),
            ("dispute_amount", some_money(event.amount)),
            ("dispute_outcome", if status == "RESOLVED" { outcome } else { Json::Null }),
            ("dispute_life_cycle_stage", text("INQUIRY")),
            ("dispute_channel", text("INTERNAL")),
        ])
    }

    fn subscription(
        &self,
        event_type: &'static str,
        status: &'static str,
    ) -> (&'static str, &'static str, &'static str, Json<'static>) {
        let event = self.event;
        let failed = object([
            ("amount", some_money(event.amount)),
            ("time", self.at()),
            ("reason_code", some(&event.reason)),
        ]);
        let is_failure = event.kind == EventKind::SubscriptionPaymentFailed;
        let billing = is_failure.then(|| object([("last_failed_payment", failed)]));
        let id = event.subscription.clone().unwrap_or_else(|| format!("I-{}", &self.digest()[..12]));
        let reference = event.order_ref.clone().or_else(|| event.custom.clone());
        let resource = object([
            ("id", text(id)),
            ("status", text(status)),
            ("status_update_time", self.at()),
            ("custom_id", Json::of_some(reference)),
            ("subscriber", self.person()),
            ("payee", self.payee()),
            ("billing_info", billing.unwrap_or(Json::Null)),
            ("create_time", self.at()),
        ]);
        (event_type, "subscription", "2.0", resource)
    }

    fn payout(
        &self,
        event_type: &'static str,
        status: &'static str,
    ) -> (&'static str, &'static str, &'static str, Json<'static>) {
        let event = self.event;
        let older = |amount: Money| {
            object([("value", text(amount.decimal())), ("currency", text(amount.currency().code()))])
        };
        let line = object([
            ("amount", event.amount.map_or(Json::Null, older)),
            ("receiver", Json::of_some(event.receivers.first().cloned())),
            ("sender_item_id", some(&event.custom)),
        ]);
        let errors = event.reason.clone().map(|reason| object([("name", text(reason))]));
        let resource = object([
            ("payout_item_id", text(self.digest()[..12].to_owned())),
            ("transaction_id", text(self.id())),
            ("transaction_status", text(status)),
            ("payout_item_fee", event.fee.map_or(Json::Null, older)),
            ("payout_item", line),
            ("errors", errors.unwrap_or(Json::Null)),
            ("time_processed", self.at()),
        ]);
        (event_type, "payouts_item", "1.0", resource)
    }
}

/// PayPal's API: its certificate, access tokens, and the resources of everything that was told.
pub(super) fn answer(ask: &Ask, told: &[Told], settings: &Settings, _: Timestamp) -> AskedAnswer {
    let target = ask.target();
    let path = target.find("/v1/").or_else(|| target.find("/v2/")).map_or("", |at| &target[at..]);
    if path.starts_with("/v1/notifications/certs/") {
        return AskedAnswer::new(200, signed::SANDBOX_CERTIFICATE);
    }
    let (id, secret) = (settings.get("client_id").unwrap_or_default(), settings.get("client_secret"));
    let token = Algorithm::Sha256.compute(&[], &[b"token/", id.as_bytes()]);
    let token = format!("A21AA{}", Encoding::HexUpper.encode(&token));
    if path == "/v1/oauth2/token" {
        let is_own = secret.is_some_and(|secret| ask.header("authorization") == Some(&basic(id, secret)));
        let given = object([
            ("access_token", text(token)),
            ("token_type", text("Bearer")),
            ("expires_in", Json::of_number(32_400)),
        ]);
        return if is_own {
            AskedAnswer::new(200, given.to_string())
        } else {
            problem(401, "invalid_client")
        };
    }
    if secret.is_none() || ask.header("authorization") != Some(&format!("Bearer {token}")) {
        return problem(401, "invalid_token");
    }
    let record = told.iter().rev().find_map(|told| {
        let message = Json::parse(&told.request.body).ok()?;
        let resource = message.at("resource");
        let own = topic(message.text("event_type")?).path(resource)?;
        (own == path).then(|| resource.to_string())
    });
    record.map_or_else(|| problem(404, "RESOURCE_NOT_FOUND"), |record| AskedAnswer::new(200, record))
}

fn problem(status: u16, name: &'static str) -> AskedAnswer {
    AskedAnswer::new(status, object([("name", text(name))]).to_string())
}
