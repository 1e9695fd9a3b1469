//! The messages that Digistore24 would send.

use super::{GATEWAY, is_own_reference, parameters};
use crate::kit::mac::{Algorithm, Encoding};
use crate::{CannotCompose, RawRequest, Settings, reseller};
use ipnd_core::{Environment, Event, EventKind, Money};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Fields that are sent and empty in most messages: names and values are what receivers have to cope with.
const EMPTY: &str = "address_city address_company address_first_name address_last_name address_phone_no address_salutation \
     address_state address_street address_street2 address_title address_zipcode address_country \
     address_country_name affiliate_id affiliate_name billing_city billing_country billing_first_name \
     billing_last_name billing_stop_reason billing_street billing_zipcode buyer_address_country \
     buyer_email buyer_first_name buyer_last_name campaignkey click_id custom email is_cancelled_for \
     license_accessdata_keys license_key next_payment_at parent_transaction_id rebill_stop_noted_at \
     rebilling_stop_url tag tags trackingkey upsell_path utm_campaign utm_medium utm_source voucher_code";

/// Fields that say the same in every message here.
const USUAL: &[(&str, &str)] = &[
    ("amount_affiliate", "0.00"),
    ("amount_credited", "0.00"),
    ("amount_fee", "0.00"),
    ("amount_main_affiliate", "0.00"),
    ("amount_partner", "0.00"),
    ("amount_vat", "0.00"),
    ("buyer_language", "de"),
    ("checkout_url", "https://www.checkout-ds24.com/product/490001"),
    ("country", "DE"),
    ("has_custom_forms", "N"),
    ("ipn_config_id", "400001"),
    ("ipn_config_product_ids", "all"),
    ("ipn_version", "1.6"),
    ("is_gdpr_country", "Y"),
    ("language", "de"),
    ("language_name", "German"),
    ("merchant_id", "4000001"),
    ("merchant_name", "teahouse"),
    ("newsletter_choice", "none"),
    ("newsletter_choice_msg", "No entry"),
    ("order_type", "regular"),
    ("orderform_id", "1"),
    ("product_delivery_type", "digital"),
    ("product_language", "de"),
    ("product_shipping_amount", "0"),
    ("product_txn_shipping", "0"),
    ("refund_days", "14"),
    ("transaction_vat_amount", "0.00"),
    ("upsell_no", "0"),
    ("vat_amount", "0.00"),
    ("vat_rate", "0.00"),
];

const BILLING_STATUSES: [&str; 5] = ["paying", "aborted", "unpaid", "reminding", "completed"];

/// What the sandbox sells where the event names nothing.
const SAMPLE_PRODUCT: (&str, &str) = ("490001", "Sample product");

/// How Digistore24 tells of a kind of event.
struct Form {
    event: &'static str,
    /// Empty where the message is not about a transaction.
    transaction_type: &'static str,
    billing_status: &'static str,
    /// Which payment of a plan it is about, if the event does not say.
    sequence: &'static str,
}

fn form(kind: EventKind) -> Option<Form> {
    use EventKind::*;
    let (event, transaction_type, billing_status, sequence) = match kind {
        // Told of a first payment, the shop would also be told that a subscription has begun.
        PaymentCompleted => ("on_payment", "payment", "paying", "2"),
        PaymentFailed => ("payment_denial", "payment_denial", "unpaid", "1"),
        RefundCompleted => ("on_refund", "refund", "aborted", "1"),
        ReversalMade => ("on_chargeback", "chargeback", "aborted", "1"),
        SubscriptionStarted => ("on_payment_subscription_signup", "", "paying", "1"),
        SubscriptionModified => ("on_rebill_resumed", "", "paying", "1"),
        SubscriptionPaymentFailed => ("on_payment_missed", "payment_missed", "reminding", "2"),
        SubscriptionCancelled => ("on_rebill_cancelled", "", "aborted", "1"),
        SubscriptionEnded => ("last_paid_day", "", "aborted", "1"),
        _ => return None,
    };
    Some(Form { event, transaction_type, billing_status, sequence })
}

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
    let name = form.event;
    let fields = Writer { event, settings, form, at: event.occurred_at.unwrap_or(now) }.fields();
    let mut sent: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    sent.push(("event", name));
    let passphrase = settings.secrets("passphrase").next().unwrap_or_default();
    let signature =
        parameters::sign(&sent, passphrase).map_err(|_| cannot("a text that holds the passphrase"))?;
    sent.push(("sha_sign", &signature));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(sent).finish();
    Ok(RawRequest::post("application/x-www-form-urlencoded", body).with("accept", "*/*"))
}

struct Writer<'a> {
    event: &'a Event,
    settings: &'a Settings,
    form: Form,
    at: Timestamp,
}

/// Sorted by name, as Digistore24 sends them.
type Fields = BTreeMap<String, String>;

impl Writer<'_> {
    fn fields(&self) -> Fields {
        let empty = EMPTY.split_whitespace().map(|name| (name.to_owned(), String::new()));
        let usual = USUAL.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut fields: Fields = empty.chain(usual).collect();
        let known = self.order().into_iter().chain(self.buyer()).chain(self.plan()).chain(self.transaction());
        fields.extend(known.map(|(name, value)| (name.to_owned(), value)));
        fields.extend(self.products());
        fields
    }

    fn order(&self) -> Vec<(&'static str, String)> {
        let event = self.event;
        let is_test = event.environment == Environment::Sandbox;
        let (order, product) = self.item();
        let custom = if is_own_reference(self.settings) { &event.order_ref } else { &event.custom };
        let link = |what: &str| format!("https://www.digistore24.com/{what}/{order}");
        vec![
            ("api_mode", if is_test { "test" } else { "live" }.to_owned()),
            ("pay_method", if is_test { "test" } else { "creditcard" }.to_owned()),
            ("custom", custom.clone().unwrap_or_default()),
            ("order_item_id", number_of(&format!("{order}-{product}"), 8)),
            ("order_date", self.local("%Y-%m-%d")),
            ("order_time", self.local("%H:%M:%S")),
            ("order_date_time", self.local("%Y-%m-%d %H:%M:%S")),
            ("payment_id", format!("PAYID-10-T{}", number_of(&event.identity, 7))),
            ("invoice_url", link("invoice")),
            ("receipt_url", link("receipt")),
            ("support_url", link("support")),
            ("request_refund_url", link("order/cancel")),
            ("order_id", order),
        ]
    }

    fn buyer(&self) -> Vec<(&'static str, String)> {
        let customer = &self.event.customer;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let name = customer.name.as_deref();
        let (first, last) = match name.and_then(|name| name.rsplit_once(' ')) {
            Some((first, last)) => (Some(first), Some(last)),
            None => (name, None),
        };
        let (street, place, land) = match customer.address.as_slice() {
            [.., street, place, land] => (Some(street.as_str()), Some(place.as_str()), Some(land.as_str())),
            _ => (None, None, None),
        };
        let (zip, city) = place.and_then(|place| place.split_once(' ')).unzip();
        vec![
            ("address_first_name", text(first)),
            ("address_last_name", text(last)),
            ("address_street", text(street)),
            ("address_zipcode", text(zip)),
            ("address_city", text(city)),
            ("address_country", text(customer.country.as_deref())),
            ("address_country_name", text(land)),
            ("address_phone_no", text(customer.phone.as_deref())),
            ("billing_first_name", text(first)),
            ("billing_last_name", text(last)),
            ("buyer_first_name", text(first)),
            ("buyer_last_name", text(last)),
            ("buyer_id", number_of(customer.email.as_deref().unwrap_or("nobody"), 6)),
            ("buyer_email", text(customer.email.as_deref())),
            ("email", text(customer.email.as_deref())),
        ]
    }

    fn plan(&self) -> Vec<(&'static str, String)> {
        let is_plan = self.is_plan();
        let said = |name: &str, otherwise: &str| self.said(name).unwrap_or(otherwise).to_owned();
        let amount = self.event.amount.map(Money::decimal).unwrap_or_default();
        let status = if is_plan { self.form.billing_status } else { "completed" };
        let own_status = self.event.status.as_deref().filter(|status| BILLING_STATUSES.contains(status));
        let goes_on = is_plan && matches!(self.form.billing_status, "paying" | "reminding");
        let next = if goes_on { self.date_in(30) } else { String::new() };
        let is_cancelled = self.event.kind == EventKind::SubscriptionCancelled;
        let noted_at = if is_cancelled { self.local("%Y-%m-%d %H:%M:%S") } else { String::new() };
        vec![
            ("billing_status", own_status.unwrap_or(status).to_owned()),
            ("billing_type", said("billing_type", if is_plan { "subscription" } else { "single_payment" })),
            ("billing_stop_reason", said("billing_stop_reason", if is_cancelled { "by_buyer" } else { "" })),
            ("rebill_stop_noted_at", said("rebill_stop_noted_at", &noted_at)),
            ("is_cancelled_for", said("is_cancelled_for", "")),
            ("upgraded_order_id", said("upgraded_order_id", "")),
            ("is_payment_planned", if is_plan { "Y" } else { "N" }.to_owned()),
            ("next_payment_at", said("next_payment_at", &next)),
            ("number_of_installments", said("number_of_installments", if is_plan { "0" } else { "1" })),
            ("pay_sequence_no", said("pay_sequence_no", if is_plan { self.form.sequence } else { "0" })),
            ("first_amount", amount.clone()),
            ("monthly_amount", if is_plan { amount.clone() } else { "0.00".to_owned() }),
            ("other_amounts", if is_plan { amount } else { "0.00".to_owned() }),
        ]
    }

    fn transaction(&self) -> Vec<(&'static str, String)> {
        let event = self.event;
        let amount = event.amount.map(Money::decimal).unwrap_or_default();
        let currency = event.amount.map(|amount| amount.currency().code().to_owned()).unwrap_or_default();
        let of_order =
            [("amount", amount.clone()), ("amount_brutto", amount.clone()), ("amount_netto", amount.clone())];
        let mut fields: Vec<_> = of_order.into();
        fields.push(("amount_vendor", self.earned()));
        fields.push(("amount_payout", self.earned()));
        fields.push(("amount_provider", event.fee.map(Money::decimal).unwrap_or_default()));
        fields.push(("currency", currency.clone()));
        if self.form.transaction_type.is_empty() {
            return fields;
        }
        let own = event.transaction.clone().unwrap_or_else(|| number_of(&event.identity, 7));
        let is_about_a_payment = matches!(event.kind, EventKind::RefundCompleted | EventKind::ReversalMade);
        let (order, product) = self.item();
        let item = format!("{order}-{product}");
        let parent = event.parent.clone().filter(|parent| is_about_a_payment && *parent != item);
        // Payments carry the number before their own there, which means nothing.
        let before =
            own.parse::<u64>().ok().and_then(|own| own.checked_sub(1)).filter(|_| !is_about_a_payment);
        let parent = parent.or(before.map(|number| number.to_string())).unwrap_or_default();
        fields.extend([
            ("parent_transaction_id", parent),
            ("transaction_id", own),
            ("transaction_type", self.form.transaction_type.to_owned()),
            ("transaction_amount", amount),
            ("transaction_currency", currency),
            ("transaction_date", self.local("%Y-%m-%d")),
            ("transaction_time", self.local("%H:%M:%S")),
        ]);
        fields
    }

    /// The first product without a number in its names, the next one with `_2`.
    fn products(&self) -> Fields {
        let currency = self.event.amount.map(Money::currency);
        let mut fields = Fields::new();
        let mut put = |place: usize, id: &str, name: &str, quantity: u32, amount: Option<Money>| {
            let suffix = if place == 0 { String::new() } else { format!("_{}", place + 1) };
            let amount =
                amount.filter(|amount| Some(amount.currency()) == currency).map(short).unwrap_or_default();
            for (field, value) in [
                ("product_id", id),
                ("product_name", name),
                ("product_name_intern", name),
                ("product_amount", &amount),
                ("product_txn_amount", &amount),
                ("quantity", &quantity.to_string()),
            ] {
                fields.insert(format!("{field}{suffix}"), value.to_owned());
            }
        };
        let own = self.item().1;
        if self.event.items.is_empty() {
            put(0, &own, SAMPLE_PRODUCT.1, 1, self.event.amount);
        }
        for (place, item) in self.event.items.iter().enumerate() {
            let id = if place == 0 { &own } else { item.sku.as_ref().unwrap_or(&own) };
            put(place, id, &item.name, item.quantity, item.amount);
        }
        fields.insert("item_count".to_owned(), self.event.items.len().max(1).to_string());
        fields
    }

    /// The order and the product, out of which Digistore24's messages name a subscription.
    fn item(&self) -> (String, String) {
        let is_own = is_own_reference(self.settings);
        if let Some((order, product)) = reseller::order_and_product(self.event, is_own) {
            return (order.to_owned(), product.to_owned());
        }
        let order = self.event.order_ref.as_deref().filter(|_| !is_own);
        let product = self.event.subscription.as_deref().map(|own| number_of(own, 6));
        let fallback = self.event.order_ref.as_deref().unwrap_or(&self.event.identity);
        let order = order.map_or_else(|| digest_of(fallback)[..8].to_ascii_uppercase(), str::to_owned);
        (order, product.unwrap_or_else(|| SAMPLE_PRODUCT.0.to_owned()))
    }

    fn is_plan(&self) -> bool {
        reseller::is_plan(self.event)
    }

    /// What the event keeps of a message that told of it before.
    fn said(&self, name: &str) -> Option<&str> {
        reseller::said(self.event, name)
    }

    fn earned(&self) -> String {
        let Some(amount) = self.event.amount else { return String::new() };
        let kept = self.event.fee.filter(|fee| fee.is_positive());
        kept.and_then(|fee| amount.minus(fee).ok()).unwrap_or(amount).decimal()
    }

    fn local(&self, format: &str) -> String {
        reseller::write_time(self.at, format)
    }

    fn date_in(&self, days: i64) -> String {
        reseller::write_day_after(self.at, days)
    }
}

/// As amounts of products are written: without decimal places where they are zero.
fn short(amount: Money) -> String {
    let digits = amount.decimal();
    digits.strip_suffix(".00").unwrap_or(&digits).to_owned()
}

fn digest_of(text: &str) -> String {
    Encoding::HexLower.encode(&Algorithm::Sha256.compute(&[], &[text.as_bytes()]))
}

/// A stable number of that many digits for what has none of its own.
fn number_of(text: &str, digits: usize) -> String {
    let number = u64::from_str_radix(&digest_of(text)[..12], 16).unwrap_or_default();
    let text = format!("4{number:0>15}");
    text[..1].to_owned() + &text[text.len() + 1 - digits..]
}
