//! The messages that CopeCart would send.

use super::{GATEWAY, MAC, is_own_reference};
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding};
use crate::{CannotCompose, RawRequest, Settings, reseller};
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::Timestamp;

/// How CopeCart tells of a kind of event.
struct Form {
    event_type: &'static str,
    status: &'static str,
    test_status: &'static str,
    /// Empty where the message is not about a transaction.
    transaction_type: &'static str,
    /// Which payment of a plan it is about, if the event does not say.
    rate: &'static str,
}

fn form(kind: EventKind) -> Option<Form> {
    use EventKind::*;
    let (event_type, status, test_status, transaction_type, rate) = match kind {
        // Told of a first payment, the shop would also be told that a subscription has begun.
        PaymentCompleted => ("payment.made", "paid", "test_paid", "sale", "2"),
        PaymentPending => ("payment.pending", "pending", "pending", "sale", "1"),
        PaymentFailed => ("payment.failed", "failed", "failed", "sale", "1"),
        SubscriptionPaymentFailed | SubscriptionEnded => ("payment.failed", "failed", "failed", "sale", "2"),
        SubscriptionStarted => ("payment.trial", "trial", "test_trial", "sale", "1"),
        RefundCompleted => {
            ("payment.refunded", "successed_refunded", "test_successed_refunded", "refund", "1")
        }
        ReversalMade => {
            ("payment.charged_back", "chargeback_succeeded", "chargeback_succeeded", "chargeback", "1")
        }
        SubscriptionCancelled => ("payment.recurring.cancelled", "paid", "test_paid", "", "1"),
        _ => return None,
    };
    Some(Form { event_type, status, test_status, transaction_type, rate })
}

/// What the sandbox sells where the event names nothing.
const SAMPLE_PRODUCT: (&str, &str) = ("5a3b1ec0", "Sample product");

pub(super) fn compose(
    event: &Event,
    settings: &Settings,
    now: Timestamp,
) -> Result<RawRequest, CannotCompose> {
    let cannot = |what: &str| CannotCompose { gateway: GATEWAY.id, what: what.to_owned() };
    let form = form(event.kind).ok_or_else(|| cannot(event.kind.word()))?;
    if event.kind.concerns_an_order() && event.amount.is_none() {
        return Err(cannot("an event without an amount"));
    }
    let writer = Writer { event, settings, form, at: event.occurred_at.unwrap_or(now) };
    let body = Json::of_fields(writer.fields()).to_string();
    let secret = settings.secrets("secret_key").next().unwrap_or_default();
    let signature = MAC.sign(secret.as_bytes(), &[body.as_bytes()]);
    Ok(RawRequest::post("application/json", body)
        .with("user-agent", "Copecart")
        .with("accept-encoding", "*")
        .with("x-copecart-signature", signature))
}

struct Writer<'a> {
    event: &'a Event,
    settings: &'a Settings,
    form: Form,
    at: Timestamp,
}

type Field = (&'static str, Json<'static>);

impl Writer<'_> {
    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![("event_type", Json::of_text(self.form.event_type)), ("affiliate", Json::Null)];
        fields.extend(self.buyer());
        fields.extend(self.order());
        if self.is_plan() || self.form.transaction_type.is_empty() {
            fields.extend(self.plan());
        }
        if self.form.transaction_type.is_empty() {
            let said =
                |name: &str, otherwise: &str| Json::of_text(self.said(name).unwrap_or(otherwise).to_owned());
            fields.push(("subscription_state", said("subscription_state", "in_progress")));
            fields.push(("cancelation_reason", said("cancelation_reason", "buyer_cancelation")));
        } else {
            fields.extend(self.transaction());
        }
        fields
    }

    fn buyer(&self) -> Vec<Field> {
        let customer = &self.event.customer;
        let text = |value: Option<&str>| Json::of_some(value.map(str::to_owned));
        let name = customer.name.as_deref();
        let (first, last) = match name.and_then(|name| name.rsplit_once(' ')) {
            Some((first, last)) => (Some(first), Some(last)),
            None => (name, None),
        };
        let (street, place, country) = match customer.address.as_slice() {
            [.., street, place, country] => (Some(street), Some(place), Some(country)),
            _ => (None, None, None),
        };
        let (zip, city) = place.and_then(|place| place.split_once(' ')).unzip();
        let id = self.event.customer.email.as_deref().unwrap_or("nobody");
        vec![
            ("buyer_id", Json::of_text(digest_of(id, 16))),
            ("buyer_email", text(customer.email.as_deref())),
            ("buyer_firstname", text(first)),
            ("buyer_lastname", text(last)),
            ("buyer_company_name", Json::Null),
            ("buyer_vat_number", Json::Null),
            ("buyer_phone_number", Json::of_text(customer.phone.clone().unwrap_or_default())),
            ("buyer_address", text(street.map(String::as_str))),
            ("buyer_zipcode", text(zip)),
            ("buyer_city", text(city)),
            ("buyer_country", text(country.map(String::as_str))),
            ("buyer_country_code", text(customer.country.as_deref())),
            ("buyer_subscribed_for_newsletter", Json::Bool(false)),
        ]
    }

    fn order(&self) -> Vec<Field> {
        let is_test = self.event.environment == Environment::Sandbox;
        let (order, product) = self.item();
        let metadata =
            if is_own_reference(self.settings) { &self.event.order_ref } else { &self.event.custom };
        let text = |text: &str| Json::of_text(text.to_owned());
        let item = self.event.items.first();
        let quantity = match self.event.items.as_slice() {
            [only] => only.quantity,
            _ => 1,
        };
        vec![
            ("order_id", Json::of_text(order)),
            ("order_date", Json::of_text(self.local("%Y-%m-%d"))),
            ("order_time", Json::of_text(self.local("%H:%M"))),
            ("order_source_identifier", Json::Null),
            ("category_name", Json::Null),
            ("category_option_name", Json::Null),
            ("quantity", Json::of_text(quantity.to_string())),
            ("earned_amount", Json::of_some(self.earned())),
            ("payment_status", text(if is_test { self.form.test_status } else { self.form.status })),
            ("payment_method", text(if is_test { "test" } else { "credit_card" })),
            ("payment_plan", text(self.said("payment_plan").unwrap_or(self.usual_plan()))),
            (
                "total_number_of_payments",
                Json::of_some(self.said("total_number_of_payments").map(str::to_owned)),
            ),
            ("is_cancelled_for", Json::of_some(self.cancelled_for())),
            ("is_upsell", Json::Bool(false)),
            ("is_addon", Json::Bool(false)),
            ("product_id", Json::of_text(product)),
            ("product_name", text(item.map_or(SAMPLE_PRODUCT.1, |item| &item.name))),
            ("product_internal_name", Json::Null),
            ("product_type", text("digital")),
            ("shipping_price", Json::Null),
            ("tags", Json::List(Vec::new())),
            ("metadata", Json::of_some(metadata.clone())),
            ("cash_flow_at", Json::Null),
        ]
    }

    fn plan(&self) -> Vec<Field> {
        let next = self.said("next_payment_at").map_or_else(|| self.date_in(30), str::to_owned);
        vec![
            ("frequency", Json::of_text(self.said("frequency").unwrap_or("monthly").to_owned())),
            ("first_payment", Json::of_some(self.event.amount.map(written))),
            ("next_payments", Json::of_some(self.event.amount.map(written))),
            ("next_payment_at", Json::of_text(next)),
        ]
    }

    fn transaction(&self) -> Vec<Field> {
        let event = self.event;
        let amount = || Json::of_some(event.amount.map(written));
        let own = event.transaction.clone().unwrap_or_else(|| digest_of(&event.identity, 16));
        let at = self.local("%Y-%m-%dT%H:%M:%S%:z");
        let rate = if self.is_plan() { self.said("rate_number").unwrap_or(self.form.rate) } else { "1" };
        let nothing = || Json::of_some(event.amount.map(|_| "0.0"));
        let currency = event.amount.map(|amount| amount.currency().code());
        vec![
            ("transaction_id", Json::of_text(own)),
            ("transaction_amount", amount()),
            ("transaction_vat_amount", nothing()),
            ("transaction_earned_amount", Json::of_some(self.earned())),
            ("transaction_currency", Json::of_some(currency)),
            ("transaction_type", Json::of_text(self.form.transaction_type)),
            ("transaction_date", Json::of_text(at.clone())),
            ("transaction_processed_at", Json::of_text(at)),
            ("rate_number", Json::of_text(rate.to_owned())),
            ("test_payment", Json::Bool(event.environment == Environment::Sandbox)),
            ("line_item_amount", amount()),
            ("line_item_vat_amount", nothing()),
            ("transaction_amount_per_product", Json::List(self.per_product())),
        ]
    }

    fn per_product(&self) -> Vec<Json<'static>> {
        let currency = self.event.amount.map(Money::currency);
        let part = |sku: Option<String>, name: String, amount: Option<Money>, is_addon: bool| {
            let amount = amount.filter(|amount| Some(amount.currency()) == currency);
            Json::of_fields([
                ("amount", Json::of_some(amount.map(written))),
                ("vat_amount", Json::of_some(amount.map(|_| "0.0"))),
                ("slug", Json::of_some(sku)),
                ("is_addon", Json::Bool(is_addon)),
                ("name", Json::of_text(name)),
                ("internal_name", Json::Null),
            ])
        };
        if self.event.items.is_empty() {
            return vec![part(Some(self.item().1), SAMPLE_PRODUCT.1.to_owned(), self.event.amount, false)];
        }
        let items = self.event.items.iter().enumerate();
        items.map(|(place, item)| part(item.sku.clone(), item.name.clone(), item.amount, place > 0)).collect()
    }

    /// The order and the product, out of which CopeCart's messages name a subscription.
    fn item(&self) -> (String, String) {
        let is_own = is_own_reference(self.settings);
        if let Some((order, product)) = reseller::order_and_product(self.event, is_own) {
            return (order.to_owned(), product.to_owned());
        }
        let order = self.event.order_ref.as_deref().filter(|_| !is_own);
        let product = self.event.subscription.as_deref().map(|own| digest_of(own, 8));
        let fallback = self.event.order_ref.as_deref().unwrap_or(&self.event.identity);
        let order = order.map_or_else(|| digest_of(fallback, 8), str::to_owned);
        (order, product.unwrap_or_else(|| SAMPLE_PRODUCT.0.to_owned()))
    }

    fn is_plan(&self) -> bool {
        reseller::is_plan(self.event)
    }

    fn usual_plan(&self) -> &'static str {
        if self.is_plan() { "abonnement" } else { "one_time_payment" }
    }

    /// What the event keeps of a message that told of it before.
    fn said(&self, name: &str) -> Option<&str> {
        reseller::said(self.event, name)
    }

    fn cancelled_for(&self) -> Option<String> {
        let said = self.said("is_cancelled_for").map(str::to_owned);
        said.or_else(|| match self.event.kind {
            EventKind::SubscriptionCancelled => Some(self.date_in(30)),
            EventKind::SubscriptionEnded => Some(self.date_in(0)),
            _ => None,
        })
    }

    fn earned(&self) -> Option<String> {
        let amount = self.event.amount?;
        let kept = self.event.fee.filter(|fee| fee.is_positive());
        Some(written(kept.and_then(|fee| amount.minus(fee).ok()).unwrap_or(amount)))
    }

    fn local(&self, format: &str) -> String {
        reseller::write_time(self.at, format)
    }

    fn date_in(&self, days: i64) -> String {
        reseller::write_day_after(self.at, days)
    }
}

/// As CopeCart writes amounts: `119.0`, `29.99`.
fn written(amount: Money) -> String {
    let digits = amount.decimal();
    let (whole, places) = digits.split_once('.').unwrap_or((&digits, ""));
    let places = places.trim_end_matches('0');
    format!("{whole}.{}", if places.is_empty() { "0" } else { places })
}

/// A stable id of that many characters for what has none of its own.
fn digest_of(text: &str, chars: usize) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[text.as_bytes()]);
    Encoding::HexLower.encode(&digest[..chars / 2])
}
