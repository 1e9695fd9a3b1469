//! An event in Paddle's words.

use super::{GATEWAY, MAC, order_key};
use crate::kit::custom_data;
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding};
use crate::{CannotCompose, RawRequest, Settings};
use ipnd_core::{Event, EventItem, EventKind};
use jiff::Timestamp;

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let told = Told { event, settings };
    let (kind, data) = told.written()?;
    // What is told again keeps its id.
    let known = event.identity.rsplit('/').next().filter(|part| part.starts_with("evt_"));
    let id = known.map_or_else(|| told.fresh("evt"), str::to_owned);
    let occurred_at = event.occurred_at.unwrap_or(now).to_string();
    let body = Json::of_fields([
        ("data", data),
        ("event_id", Json::of_text(id)),
        ("event_type", Json::of_text(kind)),
        ("occurred_at", Json::of_text(occurred_at)),
        ("notification_id", Json::of_text(told.fresh("ntf"))),
    ])
    .to_string();
    let signed_at = now.as_second().to_string();
    let signatures: String = settings
        .secrets("secret_key")
        .map(|secret| MAC.sign(secret.as_bytes(), &[signed_at.as_bytes(), b":", body.as_bytes()]))
        .map(|signature| format!(";h1={signature}"))
        .collect();
    Ok(RawRequest::post("application/json", body)
        .with("user-agent", "Paddle")
        .with("paddle-signature", format!("ts={signed_at}{signatures}")))
}

/// An event that is to be told in Paddle's words.
struct Told<'a> {
    event: &'a Event,
    settings: &'a Settings,
}

impl<'a> Told<'a> {
    /// A stable id for what has none of its own, of the length and letters of Paddle's own ids.
    fn fresh(&self, prefix: &str) -> String {
        let digest = Algorithm::Sha256.compute(&[], &[prefix.as_bytes(), self.event.identity.as_bytes()]);
        format!("{prefix}_{}", Encoding::HexLower.encode(&digest[..13]))
    }

    fn cannot(what: &str) -> CannotCompose {
        CannotCompose { gateway: GATEWAY.id, what: what.to_owned() }
    }

    /// Paddle's type for the event, and the thing it is about.
    fn written(&self) -> Result<(&'static str, Json<'a>), CannotCompose> {
        use EventKind::*;
        Ok(match self.event.kind {
            PaymentOrdered => ("transaction.billed", self.transaction("billed")?),
            PaymentPending => ("transaction.paid", self.transaction("paid")?),
            PaymentCompleted => ("transaction.completed", self.transaction("completed")?),
            PaymentFailed if self.event.status.as_deref() == Some("canceled") => {
                ("transaction.canceled", self.transaction("canceled")?)
            }
            PaymentFailed => ("transaction.payment_failed", self.transaction("ready")?),
            SubscriptionPaymentFailed => ("subscription.past_due", self.subscription("past_due")),
            RefundCompleted => ("adjustment.updated", self.adjustment("refund", "approved")?),
            RefundFailed => ("adjustment.updated", self.adjustment("refund", "reversed")?),
            ReversalMade | DisputeOpened => {
                ("adjustment.created", self.adjustment("chargeback", "approved")?)
            }
            ReversalCancelled | DisputeWon => {
                ("adjustment.created", self.adjustment("chargeback_reverse", "approved")?)
            }
            SubscriptionStarted => ("subscription.created", self.subscription("active")),
            SubscriptionModified | SubscriptionCancelled => {
                ("subscription.updated", self.subscription("active"))
            }
            SubscriptionSuspended => ("subscription.paused", self.subscription("paused")),
            SubscriptionEnded => ("subscription.canceled", self.subscription("canceled")),
            other => return Err(Self::cannot(other.word())),
        })
    }

    fn units(&self) -> Result<(String, &'static str), CannotCompose> {
        let amount = self.event.amount.ok_or_else(|| Self::cannot("an event without an amount"))?;
        Ok((amount.minor().to_string(), amount.currency().code()))
    }

    fn at(&self) -> Json<'a> {
        Json::of_some(self.event.occurred_at.map(|at| at.to_string()))
    }

    fn transaction(&self, status: &'static str) -> Result<Json<'a>, CannotCompose> {
        let event = self.event;
        let (units, code) = self.units()?;
        let id = event.transaction.clone().unwrap_or_else(|| self.fresh("txn"));
        let total = || Json::of_text(units.clone());
        let zero = || Json::of_text("0");
        let fee = event.fee.map(|fee| fee.minor().to_string());
        let earnings = event.amount.zip(event.fee).and_then(|(paid, fee)| paid.minus(fee).ok());
        let totals = Json::of_fields([
            ("subtotal", total()),
            ("discount", zero()),
            ("tax", zero()),
            ("total", total()),
            ("credit", zero()),
            ("credit_to_balance", zero()),
            ("balance", if status == "billed" { total() } else { zero() }),
            ("grand_total", total()),
            ("fee", Json::of_some(fee)),
            ("earnings", Json::of_some(earnings.map(|money| money.minor().to_string()))),
            ("currency_code", Json::of_text(code)),
        ]);
        let origin = if event.subscription.is_some() { "subscription_recurring" } else { "web" };
        Ok(Json::of_fields([
            ("id", Json::of_text(id)),
            ("status", Json::of_text(status)),
            ("customer_id", Json::of_text(self.fresh("ctm"))),
            ("address_id", Json::of_text(self.fresh("add"))),
            ("business_id", Json::Null),
            ("custom_data", custom_data::of_event(event, order_key(self.settings))),
            ("currency_code", Json::of_text(code)),
            ("origin", Json::of_text(origin)),
            ("subscription_id", Json::of_some(event.subscription.as_deref())),
            ("invoice_number", Json::Null),
            ("collection_mode", Json::of_text(if status == "billed" { "manual" } else { "automatic" })),
            ("discount_id", Json::Null),
            ("billing_period", Json::Null),
            ("items", Json::List(event.items.iter().map(|item| self.item(item, false)).collect())),
            (
                "details",
                Json::of_fields([
                    ("tax_rates_used", Json::List(vec![])),
                    ("totals", totals),
                    (
                        "line_items",
                        Json::List(event.items.iter().map(|item| self.item(item, true)).collect()),
                    ),
                ]),
            ),
            ("payments", Json::List(if status == "billed" { vec![] } else { vec![self.attempt(&units)] })),
            ("created_at", self.at()),
            ("updated_at", self.at()),
            ("billed_at", self.at()),
        ]))
    }

    /// The attempt to pay that the transaction is at.
    fn attempt(&self, units: &str) -> Json<'a> {
        let is_failed = self.event.kind == EventKind::PaymentFailed;
        Json::of_fields([
            ("payment_attempt_id", Json::of_text(self.fresh("pay"))),
            ("payment_method_id", Json::of_text(self.fresh("paymtd"))),
            ("stored_payment_method_id", Json::of_text(self.fresh("stored"))),
            ("amount", Json::of_text(units.to_owned())),
            ("status", Json::of_text(if is_failed { "error" } else { "captured" })),
            ("error_code", Json::of_some(self.event.reason.as_deref())),
            ("method_details", Json::of_fields([("type", Json::of_text("unknown")), ("card", Json::Null)])),
            ("created_at", self.at()),
            ("captured_at", if is_failed { Json::Null } else { self.at() }),
        ])
    }

    /// A line of a transaction: what was chosen, or with its totals.
    fn item(&self, item: &'a EventItem, is_line: bool) -> Json<'a> {
        let price = item.sku.clone().unwrap_or_else(|| self.fresh("pri"));
        let units = item.amount.map(|amount| amount.minor().to_string());
        let quantity = ("quantity", Json::of_number(item.quantity));
        let product = ("product", Json::of_fields([("name", Json::of_text(item.name.as_str()))]));
        if is_line {
            let totals = Json::of_fields([("total", Json::of_some(units))]);
            return Json::of_fields([
                ("price_id", Json::of_text(price)),
                quantity,
                ("totals", totals),
                product,
            ]);
        }
        let price =
            Json::of_fields([("id", Json::of_text(price)), ("name", Json::of_text(item.name.as_str()))]);
        Json::of_fields([("price", price), quantity])
    }

    fn adjustment(&self, action: &'static str, status: &'static str) -> Result<Json<'a>, CannotCompose> {
        let event = self.event;
        let (units, code) = self.units()?;
        // The way back of a chargeback names no case, so what is told again takes the id from its identity.
        let known = || event.identity.rsplit('/').next().filter(|part| part.starts_with("adj_"));
        let own = match event.kind {
            EventKind::DisputeOpened => event.case.as_deref(),
            EventKind::DisputeWon => known(),
            _ => event.transaction.as_deref(),
        };
        let id = own.map_or_else(|| self.fresh("adj"), str::to_owned);
        let total = || Json::of_text(units.clone());
        let totals = Json::of_fields([
            ("subtotal", total()),
            ("tax", Json::of_text("0")),
            ("total", total()),
            ("fee", Json::of_text("0")),
            ("earnings", total()),
            ("currency_code", Json::of_text(code)),
        ]);
        Ok(Json::of_fields([
            ("id", Json::of_text(id)),
            ("action", Json::of_text(action)),
            ("type", Json::of_text("partial")),
            ("transaction_id", Json::of_some(event.parent.as_deref())),
            ("subscription_id", Json::of_some(event.subscription.as_deref())),
            ("customer_id", Json::of_text(self.fresh("ctm"))),
            ("reason", Json::of_some(event.reason.as_deref())),
            ("currency_code", Json::of_text(code)),
            ("status", Json::of_text(status)),
            ("items", Json::List(vec![])),
            ("totals", totals),
            ("payout_totals", Json::Null),
            ("created_at", self.at()),
            ("updated_at", self.at()),
        ]))
    }

    fn subscription(&self, status: &'static str) -> Json<'a> {
        let event = self.event;
        let change = Json::of_fields([
            ("action", Json::of_text("cancel")),
            ("effective_at", self.at()),
            ("resume_at", Json::Null),
        ]);
        let is_planned = event.kind == EventKind::SubscriptionCancelled;
        let period = Json::of_fields([("starts_at", self.at()), ("ends_at", self.at())]);
        let ended_at = if status == "canceled" { self.at() } else { Json::Null };
        let cycle =
            Json::of_fields([("interval", Json::of_text("month")), ("frequency", Json::of_number(1))]);
        Json::of_fields([
            ("id", Json::of_text(event.subscription.clone().unwrap_or_else(|| self.fresh("sub")))),
            ("status", Json::of_text(status)),
            ("customer_id", Json::of_text(self.fresh("ctm"))),
            ("address_id", Json::of_text(self.fresh("add"))),
            ("business_id", Json::Null),
            ("transaction_id", Json::of_some(event.transaction.as_deref())),
            ("currency_code", Json::of_some(event.amount.map(|amount| amount.currency().code()))),
            ("custom_data", custom_data::of_event(event, order_key(self.settings))),
            ("billing_cycle", cycle),
            ("collection_mode", Json::of_text("automatic")),
            ("current_billing_period", period),
            ("scheduled_change", if is_planned { change } else { Json::Null }),
            ("next_billed_at", Json::Null),
            ("created_at", self.at()),
            ("started_at", self.at()),
            ("canceled_at", ended_at),
            ("items", Json::List(vec![])),
            ("updated_at", self.at()),
        ])
    }
}
