//! What Mercado Pago's records say.
//!
//! A record goes on changing after the news in it, and it is fetched at every message. So an event says only what stays
//! as it is, or has what can change in its identity; otherwise one fetch would contradict the other.

use crate::kit::found::Found;
use crate::kit::json::Json;
use crate::kit::{amount, custom_data, identity, time};
use crate::{Interpretation, Settings};
use ipnd_core::{Currency, Customer, Environment, Event, EventItem, EventKind, Money, Reason};

/// Reads record after record.
pub(super) struct Reading<'s> {
    settings: &'s Settings,
    found: Found,
}

impl From<Reading<'_>> for Interpretation {
    fn from(reading: Reading<'_>) -> Self {
        reading.found.into()
    }
}

impl<'s> Reading<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self { settings, found: Found::default() }
    }

    fn record<'a>(&self, record: &'a Json<'a>) -> Record<'a>
    where
        's: 'a,
    {
        Record { record, settings: self.settings }
    }

    pub(super) fn payment(&mut self, payment: &Json<'_>) {
        use EventKind::*;
        let settings = self.settings;
        let record = Record { record: payment, settings };
        let detail = payment.text("status_detail").unwrap_or_default();
        let created = payment.text("date_created");
        let updated = payment.text("date_last_updated");
        match payment.text("status").unwrap_or_default() {
            "approved" if record.is_whole() => self.found.take(record.completed()),
            "approved" | "refunded" => {
                self.earlier(&record);
                self.refunds(&record);
            }
            "charged_back" => {
                self.earlier(&record);
                self.charged_back(&record, detail);
            }
            "in_mediation" => {
                self.earlier(&record);
                self.found.take(record.follow_up(DisputeOpened, &["mediation"], updated).map(|event| {
                    Event {
                        case: payment.first(&["id"]),
                        // It names no case, so it is one for each payment, however often it is told.
                        occurred_at: None,
                        ..event
                    }
                }));
            }
            "authorized" => self.found.take(record.itself(PaymentAuthorized, detail, created)),
            "pending" | "in_process" => self.found.take(record.itself(PaymentPending, detail, created)),
            "rejected" => self.found.take(record.itself(PaymentFailed, detail, created)),
            "cancelled" if detail == "expired" => {
                self.found.take(record.itself(PaymentExpired, detail, updated))
            }
            "cancelled" => self.found.take(record.itself(PaymentVoided, detail, updated)),
            other => self.found.take(Err(Reason::new("unknown_status", other))),
        }
    }

    /// The payment before anything happened to it, in case nobody was told of it.
    fn earlier(&mut self, record: &Record<'_>) {
        if let Some(approved) = record.record.text("date_approved") {
            let kind = EventKind::PaymentCompleted;
            self.found.take(record.id().and_then(|id| {
                Ok(Event {
                    occurred_at: time::rfc3339(approved),
                    transaction: Some(id.to_owned()),
                    amount: Some(record.money("transaction_amount")?),
                    receivers: record.receivers(),
                    ..record.bare(kind, identity::of(kind, &["earlier", id]))
                })
            }));
        }
    }

    fn charged_back(&mut self, record: &Record<'_>, detail: &str) {
        use EventKind::*;
        let updated = record.record.text("date_last_updated");
        let kind = match detail {
            "reimbursed" => ReversalCancelled,
            "settled" => DisputeLost,
            _ => ReversalMade,
        };
        // The same can happen twice to one payment, so the date tells one time from the other.
        self.found.take(record.follow_up(kind, &["payment", detail, updated.unwrap_or_default()], updated));
    }

    /// Each refund by its own id; where they are not listed, their sum.
    fn refunds(&mut self, record: &Record<'_>) {
        let refunds = record.record.list("refunds");
        for refund in refunds {
            let kind = match refund.text("status").unwrap_or("approved") {
                "approved" => EventKind::RefundCompleted,
                "in_process" | "authorized" | "pending" => EventKind::RefundPending,
                "rejected" | "cancelled" => EventKind::RefundFailed,
                other => return self.found.take(Err(Reason::new("unknown_status", other))),
            };
            let Some(id) = refund.scalar("id") else {
                return self.found.take(Err(Reason::new("field_missing", "refunds.id")));
            };
            let read = record.money_at(refund, "amount").and_then(|amount| {
                Ok(Event {
                    occurred_at: refund.text("date_created").and_then(time::rfc3339),
                    transaction: Some(id.to_owned()),
                    parent: Some(record.id()?.to_owned()),
                    amount: Some(amount),
                    ..record.bare(kind, identity::of(kind, &["refund", id]))
                })
            });
            self.found.take(read);
        }
        if refunds.is_empty() {
            let refunded = record.money("transaction_amount_refunded");
            let is_all = record.record.text("status") == Some("refunded")
                && !refunded.as_ref().is_ok_and(|refunded| refunded.is_positive());
            let sum = if is_all { record.money("transaction_amount") } else { refunded };
            self.found.take(sum.and_then(|sum| record.refunds_so_far(sum)));
        }
    }
}

impl Reading<'_> {
    /// Some payments together pay what a preference asked for.
    pub(super) fn merchant_order(&mut self, order: &Json<'_>) {
        use EventKind::*;
        let own = order.first(&["payments.0.currency_id", "items.0.currency_id", "currency_id"]);
        let read = amount::currency(&own.unwrap_or_default()).and_then(|currency| {
            let record = MerchantOrder { order, currency, environment: self.settings.environment };
            let paid = record.paid()?;
            let total = record.money(order, "total_amount")?;
            let is_enough = paid.is_positive() && paid.minor() >= total.minor();
            match order.text("order_status").unwrap_or_default() {
                _ if is_enough => self.found.take(record.event(PaymentCompleted, paid)),
                "expired" => self.found.take(record.event(PaymentExpired, total)),
                _ if order.is_true("cancelled") => self.found.take(record.event(PaymentVoided, total)),
                _ if paid.is_positive() => self.found.take(record.event(PaymentUnderpaid, paid)),
                "payment_in_process" => self.found.take(record.event(PaymentPending, total)),
                other => self.found.take(Err(Reason::new("nothing_to_do", other))),
            }
            let refunded = record.money(order, "refunded_amount").unwrap_or(Money::zero(currency));
            if refunded.is_positive() {
                self.found.take(record.refunded(refunded));
            }
            Ok(())
        });
        if let Err(reason) = read {
            self.found.take(Err(reason));
        }
    }

    /// An order of the Orders API: its payments and refunds stand under it.
    pub(super) fn order(&mut self, order: &Json<'_>) {
        let currency = order.first(&["currency", "currency_id"]).or_else(|| {
            let country = order.text("country_code")?;
            COUNTRIES.iter().find(|row| row.0 == country || row.1 == country).map(|row| row.2.to_owned())
        });
        let currency = match amount::currency(&currency.unwrap_or_default()) {
            Ok(currency) => currency,
            Err(reason) => return self.found.take(Err(reason)),
        };
        let payments = order.list("transactions.payments");
        let record = OrderRecord { order, currency, settings: self.settings };
        payments.iter().for_each(|payment| self.found.take(record.payment(payment)));
        for refund in order.list("transactions.refunds") {
            self.found.take(record.refund(refund, payments));
        }
        if payments.is_empty() {
            self.found.take(Err(Reason::new("nothing_to_do", order.text("status").unwrap_or_default())));
        }
    }

    pub(super) fn subscription(&mut self, subscription: &Json<'_>) {
        use EventKind::*;
        let record = self.record(subscription);
        let modified = subscription.text("last_modified").unwrap_or_default();
        let created = subscription.text("date_created").unwrap_or_default();
        let (kind, at) = match subscription.text("status").unwrap_or_default() {
            "authorized" => (SubscriptionStarted, created),
            "paused" => (SubscriptionSuspended, modified),
            "cancelled" => (SubscriptionCancelled, modified),
            "pending" => return self.found.take(Err(Reason::new("nothing_to_do", "pending"))),
            other => return self.found.take(Err(Reason::new("unknown_status", other))),
        };
        let read = record.id().map(|id| Event {
            occurred_at: time::rfc3339(at),
            subscription: Some(id.to_owned()),
            ..record.bare(kind, identity::of(kind, &["preapproval", id, at]))
        });
        self.found.take(read);
    }

    /// A charge of a subscription. `payment` is the record of the payment it made, where that was needed.
    pub(super) fn charge(&mut self, charge: &Json<'_>, payment: &Json<'_>) {
        use EventKind::*;
        let settings = self.settings;
        let record = Record { record: charge, settings };
        let paid = charge.text("payment.status").unwrap_or_default();
        let kind = match (paid, charge.text("status").unwrap_or_default()) {
            ("approved", _) => PaymentCompleted,
            ("rejected", _) | (_, "recycling") => SubscriptionPaymentFailed,
            (_, "scheduled") => return self.found.take(Err(Reason::new("nothing_to_do", "scheduled"))),
            (_, "cancelled") => return self.found.take(Err(Reason::new("nothing_to_do", "cancelled"))),
            ("pending" | "in_process" | "authorized", _) => PaymentPending,
            (_, other) => return self.found.take(Err(Reason::new("unknown_status", other))),
        };
        let read = record.id().and_then(|id| {
            // Each attempt makes a payment of its own; without one yet, the charge stands for it.
            let transaction = charge.scalar("payment.id").unwrap_or(id);
            let event = record.bare(kind, identity::of(kind, &["authorized_payment", id, transaction]));
            let of_payment = Record { record: payment, settings }.bare(kind, String::new());
            Ok(Event {
                environment: if payment.is_object() { of_payment.environment } else { event.environment },
                occurred_at: charge.text("date_created").and_then(time::rfc3339),
                transaction: Some(transaction.to_owned()),
                parent: Some(id.to_owned()),
                amount: Some(record.money("transaction_amount")?),
                subscription: charge.first(&["preapproval_id"]),
                receivers: payment.first(&["collector_id"]).into_iter().collect(),
                reason: charge.first(&["payment.status_detail"]).filter(|_| kind != PaymentCompleted),
                ..event
            })
        });
        self.found.take(read);
    }

    /// `payment` is the record of the payment that it is about.
    pub(super) fn chargeback(&mut self, chargeback: &Json<'_>, payment: &Json<'_>) {
        use EventKind::*;
        let record = self.record(payment);
        let covered = chargeback.scalar("coverage_applied");
        let status = match (chargeback.text("status"), covered) {
            (Some(status), _) => status,
            (None, Some("true")) => "won",
            (None, Some("false")) => "lost",
            (None, _) => "new",
        };
        let end = match status {
            "won" | "reimbursed" => &[ReversalCancelled, DisputeWon][..],
            "lost" | "settled" => &[DisputeLost],
            "new" | "in_review" | "in_process" | "documentation_pending" => &[],
            other => return self.found.take(Err(Reason::new("unknown_status", other))),
        };
        let created = chargeback.text("date_created").unwrap_or_default();
        let updated = chargeback.text("date_last_updated").unwrap_or_default();
        let begin = [ReversalMade, DisputeOpened];
        let told = begin.iter().map(|kind| (*kind, created)).chain(end.iter().map(|kind| (*kind, updated)));
        for (kind, at) in told {
            let read =
                chargeback.scalar("id").ok_or_else(|| Reason::new("field_missing", "id")).and_then(|id| {
                    Ok(Event {
                        occurred_at: time::rfc3339(at),
                        parent: payment.first(&["id"]),
                        amount: Some(record.money_at(chargeback, "amount")?),
                        case: Some(id.to_owned()),
                        reason: chargeback.first(&["reason", "reason_code"]),
                        ..record.bare(kind, identity::of(kind, &["chargeback", id, at]))
                    })
                });
            self.found.take(read);
        }
    }

    /// A customer's complaint to Mercado Pago. Money that it moves is told of by the payment.
    pub(super) fn claim(&mut self, claim: &Json<'_>, payment: &Json<'_>) {
        use EventKind::*;
        let record = self.record(payment);
        let for_whom = claim.list("resolution.benefited").iter().find_map(Json::as_text);
        let for_whom = for_whom.or_else(|| claim.text("resolution.benefited"));
        let (kind, at) = match (claim.text("status").unwrap_or_default(), for_whom) {
            ("opened", _) => (DisputeOpened, "date_created"),
            ("closed", Some("respondent")) => (DisputeWon, "last_updated"),
            ("closed", Some("complainant")) => (DisputeLost, "last_updated"),
            (other, _) => return self.found.take(Err(Reason::new("nothing_to_do", other))),
        };
        let read = claim.scalar("id").ok_or_else(|| Reason::new("field_missing", "id")).map(|id| {
            let at = claim.text(at).unwrap_or_default();
            Event {
                occurred_at: time::rfc3339(at),
                parent: payment.first(&["id"]),
                case: Some(id.to_owned()),
                reason: claim.first(&["reason_id"]),
                ..record.bare(kind, identity::of(kind, &["claim", id, at]))
            }
        });
        self.found.take(read);
    }
}

/// Which currency a country pays in, for records that name only the country.
const COUNTRIES: &[(&str, &str, &str)] = &[
    ("AR", "ARG", "ARS"),
    ("BR", "BRA", "BRL"),
    ("CL", "CHL", "CLP"),
    ("CO", "COL", "COP"),
    ("MX", "MEX", "MXN"),
    ("PE", "PER", "PEN"),
    ("UY", "URY", "UYU"),
];

/// The record of a payment, or of something with the same fields.
struct Record<'a> {
    record: &'a Json<'a>,
    settings: &'a Settings,
}

impl Record<'_> {
    fn id(&self) -> Result<&str, Reason> {
        self.record.scalar("id").ok_or_else(|| Reason::new("field_missing", "id"))
    }

    /// An event with what every one says of the order.
    fn bare(&self, kind: EventKind, identity: String) -> Event {
        let environment = match self.record.scalar("live_mode") {
            Some("true") => Environment::Live,
            Some("false") => Environment::Sandbox,
            _ => self.settings.environment,
        };
        let order_ref = self.record.first(&["external_reference"]);
        Event { order_ref, ..Event::new(kind, identity, environment) }
    }

    fn receivers(&self) -> Vec<String> {
        self.record.first(&["collector_id", "collector.id"]).into_iter().collect()
    }

    fn money(&self, name: &str) -> Result<Money, Reason> {
        self.money_at(self.record, name)
    }

    /// An amount somewhere else, in the record's currency unless it has its own.
    fn money_at(&self, place: &Json<'_>, name: &str) -> Result<Money, Reason> {
        let code = place.text("currency_id").or_else(|| self.record.text("currency_id"));
        money(
            place,
            name,
            amount::currency(code.ok_or_else(|| Reason::new("field_missing", "currency_id"))?)?,
        )
    }

    /// Approved, and nothing has gone back.
    fn is_whole(&self) -> bool {
        let is_untouched = self.record.text("status_detail") != Some("partially_refunded");
        let is_refunded = self.money("transaction_amount_refunded").is_ok_and(Money::is_positive);
        is_untouched && !is_refunded && self.record.list("refunds").is_empty()
    }

    fn completed(&self) -> Result<Event, Reason> {
        let kind = EventKind::PaymentCompleted;
        let id = self.id()?;
        Ok(Event {
            occurred_at: self.record.text("date_approved").and_then(time::rfc3339),
            fee: self.fee(),
            identity: identity::of(kind, &["payment", id]),
            reason: None,
            ..self.itself(kind, "", None)?
        })
    }

    /// A payment in this state.
    fn itself(&self, kind: EventKind, detail: &str, date: Option<&str>) -> Result<Event, Reason> {
        let id = self.id()?;
        let identity = identity::of(kind, &["payment", id, detail, date.unwrap_or_default()]);
        Ok(Event {
            occurred_at: date.and_then(time::rfc3339),
            transaction: Some(id.to_owned()),
            amount: Some(self.money("transaction_amount")?),
            receivers: self.receivers(),
            customer: self.customer(),
            items: self.items(),
            status: self.record.first(&["status"]),
            reason: self.record.first(&["status_detail"]),
            custom: custom_data::custom(self.record.at("metadata"), ""),
            ..self.bare(kind, identity)
        })
    }

    /// Something that was done to the payment.
    fn follow_up(&self, kind: EventKind, parts: &[&str], date: Option<&str>) -> Result<Event, Reason> {
        let id = self.id()?;
        let parts: Vec<&str> = std::iter::once(id).chain(parts.iter().copied()).collect();
        Ok(Event {
            occurred_at: date.and_then(time::rfc3339),
            parent: Some(id.to_owned()),
            amount: Some(self.money("transaction_amount")?),
            ..self.bare(kind, identity::of(kind, &parts))
        })
    }

    fn refunds_so_far(&self, sum: Money) -> Result<Event, Reason> {
        let kind = EventKind::RefundCompleted;
        let id = self.id()?;
        Ok(Event {
            parent: Some(id.to_owned()),
            amount: Some(sum),
            amount_is_total: true,
            ..self.bare(kind, identity::of(kind, &["refunds", id, &sum.decimal()]))
        })
    }

    /// What the shop pays; the buyer's part of the fees is not the shop's.
    fn fee(&self) -> Option<Money> {
        let fees = self.record.list("fee_details").iter();
        let mut own = fees.filter(|fee| fee.text("fee_payer").is_none_or(|payer| payer == "collector"));
        let first = self.money_at(own.next()?, "amount").ok()?;
        own.try_fold(first, |sum, fee| sum.plus(self.money_at(fee, "amount").ok()?).ok())
    }

    fn customer(&self) -> Customer {
        let payer = self.record.at("payer");
        let joined = |names: [&str; 2]| {
            let parts: Vec<&str> = names.iter().filter_map(|name| payer.scalar(name)).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        };
        Customer {
            name: joined(["first_name", "last_name"]),
            email: payer.first(&["email"]),
            phone: joined(["phone.area_code", "phone.number"]),
            ..Customer::default()
        }
    }

    fn items(&self) -> Vec<EventItem> {
        let item = |item: &Json<'_>| {
            let quantity = item.scalar("quantity").and_then(|count| count.parse().ok()).unwrap_or(1);
            EventItem {
                sku: item.first(&["id"]),
                name: item.first(&["title", "description"]).unwrap_or_default(),
                quantity,
                amount: self.money_at(item, "unit_price").ok().and_then(|price| price.times(quantity).ok()),
            }
        };
        self.record.list("additional_info.items").iter().map(item).collect()
    }
}

/// A preference's order with the payments that were made for it.
struct MerchantOrder<'a> {
    order: &'a Json<'a>,
    currency: Currency,
    environment: Environment,
}

impl MerchantOrder<'_> {
    fn money(&self, place: &Json<'_>, name: &str) -> Result<Money, Reason> {
        money(place, name, self.currency)
    }

    fn approved(&self) -> impl Iterator<Item = &Json<'_>> {
        self.order.list("payments").iter().filter(|payment| payment.text("status") == Some("approved"))
    }

    fn paid(&self) -> Result<Money, Reason> {
        self.approved().try_fold(Money::zero(self.currency), |sum, payment| {
            let own = payment.text("currency_id").map(amount::currency).transpose()?.unwrap_or(self.currency);
            let paid = money(payment, "transaction_amount", own)?;
            sum.plus(paid).map_err(|error| Reason::new("amount_unreadable", error.to_string()))
        })
    }

    /// A single payment goes by its own number, under which it is told of elsewhere; several together by the order's.
    fn transaction(&self) -> Result<&str, Reason> {
        let own = || self.order.scalar("id").ok_or_else(|| Reason::new("field_missing", "id"));
        let mut approved = self.approved();
        match (approved.next().and_then(|payment| payment.scalar("id")), approved.next()) {
            (Some(payment), None) => Ok(payment),
            _ => own(),
        }
    }

    fn bare(&self, kind: EventKind, parts: &[&str]) -> Result<Event, Reason> {
        let id = self.order.scalar("id").ok_or_else(|| Reason::new("field_missing", "id"))?;
        let parts: Vec<&str> = ["merchant_order", id].into_iter().chain(parts.iter().copied()).collect();
        let environment = match self.order.scalar("is_test") {
            Some("true") => Environment::Sandbox,
            Some("false") => Environment::Live,
            _ => self.environment,
        };
        Ok(Event {
            order_ref: self.order.first(&["external_reference"]),
            receivers: self.order.first(&["collector.id"]).into_iter().collect(),
            ..Event::new(kind, identity::of(kind, &parts), environment)
        })
    }

    fn event(&self, kind: EventKind, amount: Money) -> Result<Event, Reason> {
        let transaction = self.transaction()?;
        Ok(Event {
            transaction: Some(transaction.to_owned()),
            parent: self.order.first(&["id"]).filter(|id| id != transaction),
            amount: Some(amount),
            ..self.bare(kind, &[transaction, &amount.decimal()])?
        })
    }

    fn refunded(&self, sum: Money) -> Result<Event, Reason> {
        Ok(Event {
            parent: Some(self.transaction()?.to_owned()),
            amount: Some(sum),
            amount_is_total: true,
            ..self.bare(EventKind::RefundCompleted, &[&sum.decimal()])?
        })
    }
}

/// An order of the Orders API.
struct OrderRecord<'a> {
    order: &'a Json<'a>,
    currency: Currency,
    settings: &'a Settings,
}

impl OrderRecord<'_> {
    fn payment(&self, payment: &Json<'_>) -> Result<Event, Reason> {
        use EventKind::*;
        let detail = payment.text("status_detail").unwrap_or_default();
        let kind = match payment.text("status").unwrap_or_default() {
            "processed" | "refunded" => PaymentCompleted,
            "charged_back" => ReversalMade,
            _ if detail == "waiting_capture" => PaymentAuthorized,
            "processing" | "in_process" | "in_review" | "action_required" => PaymentPending,
            "failed" => PaymentFailed,
            "canceled" | "cancelled" => PaymentVoided,
            "expired" => PaymentExpired,
            "created" | "at_terminal" => return Err(Reason::new("nothing_to_do", "created")),
            other => return Err(Reason::new("unknown_status", other)),
        };
        let id = transaction(payment)?;
        let parts = ["order", id, detail];
        let parts = if kind == PaymentCompleted { &parts[..2] } else { &parts };
        Ok(Event {
            transaction: kind.is_payment().then(|| id.to_owned()),
            parent: (!kind.is_payment()).then(|| id.to_owned()),
            amount: Some(money(payment, "amount", self.currency)?),
            receivers: self.order.first(&["user_id", "collector_id"]).into_iter().collect(),
            reason: Some(detail.to_owned()).filter(|detail| !detail.is_empty() && kind != PaymentCompleted),
            ..self.bare(kind, identity::of(kind, parts))
        })
    }

    fn refund(&self, refund: &Json<'_>, payments: &[Json<'_>]) -> Result<Event, Reason> {
        use EventKind::*;
        let kind = match refund.text("status").unwrap_or_default() {
            "processed" | "approved" => RefundCompleted,
            "processing" | "in_process" | "pending" => RefundPending,
            "failed" | "rejected" | "cancelled" | "canceled" => RefundFailed,
            other => return Err(Reason::new("unknown_status", other)),
        };
        let id = refund.scalar("id").ok_or_else(|| Reason::new("field_missing", "refunds.id"))?;
        let of = refund.text("transaction_id");
        let payment = payments.iter().find(|payment| of.is_some() && payment.text("id") == of);
        Ok(Event {
            transaction: Some(id.to_owned()),
            parent: payment.map(transaction).transpose()?.map(str::to_owned),
            amount: Some(money(refund, "amount", self.currency)?),
            ..self.bare(kind, identity::of(kind, &["order_refund", id]))
        })
    }

    fn bare(&self, kind: EventKind, identity: String) -> Event {
        Record { record: self.order, settings: self.settings }.bare(kind, identity)
    }
}

/// The number under which the payment is told of elsewhere, or the one it has in the order.
fn transaction<'a>(payment: &'a Json<'_>) -> Result<&'a str, Reason> {
    let number = payment.scalar("reference_id").filter(|own| own.bytes().all(|byte| byte.is_ascii_digit()));
    number.or(payment.scalar("id")).ok_or_else(|| Reason::new("field_missing", "payments.id"))
}

fn money(place: &Json<'_>, name: &str, currency: Currency) -> Result<Money, Reason> {
    let text = place.scalar(name).ok_or_else(|| Reason::new("amount_unreadable", name))?;
    let money = amount::decimal(text, currency)?;
    if money.is_negative() { Err(Reason::new("amount_negative", name)) } else { Ok(money) }
}
