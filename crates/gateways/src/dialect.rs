//! Dialects: the forms in which a shop can be told what happened.
//!
//! The default is signed as Standard Webhooks has it, CloudEvents wraps the same content, and every gateway's own form is
//! a dialect too, by its `compose`. So a shop that only understands one gateway can be told of every payment, whichever
//! gateway it came by.

use crate::kit::mac::{Algorithm, Encoding};
use crate::kit::webhook_signing::sign;
use crate::{CannotCompose, Gateway, Outcome, RawRequest, Setting, Settings, Wants, find};
use ipnd_core::{Customer, Event, EventItem, EventKind, Item, Language, Money, OrderStatus, Reason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The type of a message that only tries the connection.
pub const TEST_TYPE: &str = "ipnd.test";

/// A form in which a shop is told.
#[derive(Clone, Copy)]
pub enum Dialect {
    /// JSON, signed as Standard Webhooks 1.0 has it.
    Standard,
    /// CloudEvents 1.0 as structured JSON, with the same signature.
    CloudEvents,
    /// As this gateway would tell it.
    Gateway(&'static Gateway),
}

/// What a shop is told: one event, and how its order stood once it had been taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When the shop's ipnd took it in, which is when this was put into the outbox.
    pub noted_at: Timestamp,
    /// The gateway that told of it.
    pub gateway: String,
    /// `None` tries the connection.
    pub event: Option<Event>,
    /// `None` where the event concerns no order.
    pub order: Option<NoticeOrder>,
    /// Of a refund: what it gave back.
    pub refund: Option<NoticeRefund>,
}

/// What one refund gave back. Some gateways tell the single amount and others the total so far; a shop is told whichever
/// its form tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRefund {
    /// By this refund alone.
    pub amount: Money,
    /// With all before it, of the same payment.
    pub total: Money,
    /// The payment's transaction.
    pub payment: String,
}

/// The order as it stood then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NoticeOrder {
    /// The order's id here, as text.
    pub id: String,
    /// The shop's own.
    pub reference: String,
    /// The number of this message within its order: 1, 2, 3 ... without a gap.
    pub sequence: u32,
    pub status: OrderStatus,
    pub total: Money,
    pub paid: Money,
    pub refunded: Money,
    pub reversed: Money,
    pub items: Vec<Item>,
    pub customer: Customer,
    pub language: Option<Language>,
}

/// What surrounds the content when it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// The delivery's id, the same over all attempts.
    pub id: &'a str,
    /// Good at present, the newest first: `whsec_...` or `whsk_...`.
    pub keys: &'a [String],
    /// Of a gateway's form.
    pub settings: &'a BTreeMap<String, String>,
    /// Who tells, as a CloudEvents source.
    pub source: &'a str,
    pub now: Timestamp,
}

/// The dialect has no words for it, or cannot sign it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotTell {
    #[error(transparent)]
    Compose(#[from] CannotCompose),
    #[error("it cannot be signed: {0}")]
    Unsigned(String),
}

#[derive(Serialize)]
struct Content<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Event>,
    #[serde(skip_serializing_if = "str::is_empty")]
    gateway: &'a str,
    order: Option<&'a NoticeOrder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<&'a NoticeRefund>,
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    time: Timestamp,
    datacontenttype: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// Of the sequence extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<String>,
    data: Data<'a>,
}

impl Dialect {
    const STANDARD: &'static str = "standard";
    const CLOUD_EVENTS: &'static str = "cloudevents";

    /// Every one, the default first.
    pub fn all() -> impl Iterator<Item = Self> {
        let gateways = crate::ALL.iter().copied().filter(|gateway| is_a_form(gateway));
        [Self::Standard, Self::CloudEvents].into_iter().chain(gateways.map(Self::Gateway))
    }

    /// The one of this id.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        match id {
            Self::STANDARD => Some(Self::Standard),
            Self::CLOUD_EVENTS => Some(Self::CloudEvents),
            other => find(other).filter(|gateway| is_a_form(gateway)).map(Self::Gateway),
        }
    }

    /// Stable, lower-case: a gateway's own, `standard` or `cloudevents`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Standard => Self::STANDARD,
            Self::CloudEvents => Self::CLOUD_EVENTS,
            Self::Gateway(gateway) => gateway.id,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard Webhooks",
            Self::CloudEvents => "CloudEvents",
            Self::Gateway(gateway) => gateway.name,
        }
    }

    /// What has to be known to write it: the settings of an account at the gateway.
    #[must_use]
    pub fn settings(self) -> &'static [Setting] {
        match self {
            Self::Standard | Self::CloudEvents => &[],
            Self::Gateway(gateway) => gateway.settings,
        }
    }

    /// Whether messages are signed with keys that ipnd makes.
    #[must_use]
    pub fn has_keys(self) -> bool {
        matches!(self, Self::Standard | Self::CloudEvents)
    }

    /// Whether it has words for such an event.
    #[must_use]
    pub fn tells(self, kind: EventKind) -> bool {
        match self {
            Self::Standard | Self::CloudEvents => true,
            Self::Gateway(gateway) => gateway.tells.contains(&kind),
        }
    }

    /// Whether the receiver asks back, with the bytes it got, whether they are genuine.
    #[must_use]
    pub fn is_asked_back(self) -> bool {
        matches!(self, Self::Gateway(gateway)
            if [crate::paypal_ipn::GATEWAY.id, crate::paypal_adaptive::GATEWAY.id].contains(&gateway.id))
    }

    /// The request of one attempt. The same notice has the same body in every attempt, unless settings change in
    /// between; times of signing move on.
    ///
    /// # Errors
    /// [`CannotTell`].
    pub fn write(self, notice: &Notice, sending: &Sending<'_>) -> Result<RawRequest, CannotTell> {
        match self {
            Self::Standard => signed("application/json", json(&content(notice)), sending),
            Self::CloudEvents => {
                let body = json(&cloud_event(notice, sending));
                signed("application/cloudevents+json", body, sending)
            }
            Self::Gateway(gateway) => {
                let event = event_for(gateway, notice);
                let settings = Settings::unchecked(event.environment, sending.settings.clone());
                Ok((gateway.compose)(&event, &settings, sending.now)?)
            }
        }
    }

    /// Whether this reply means that the shop has it.
    #[must_use]
    pub fn is_content(self, request: &RawRequest, sending: &Sending<'_>, status: u16, body: &[u8]) -> bool {
        match self {
            Self::Standard | Self::CloudEvents => (200..=299).contains(&status),
            Self::Gateway(gateway) if matches!(gateway.wants, Wants::AnySuccess) => {
                (200..=299).contains(&status)
            }
            Self::Gateway(gateway) => {
                let environment = ipnd_core::Environment::Sandbox;
                let settings = Settings::unchecked(environment, sending.settings.clone());
                let own = (gateway.reply)(request, &settings, Outcome::Accepted, sending.now);
                gateway.wants.is_met_by(&own, status, body)
            }
        }
    }
}

impl std::fmt::Debug for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

/// Not those that only read what others define: their form is the default's, or nobody's.
fn is_a_form(gateway: &Gateway) -> bool {
    ![crate::custom::GATEWAY.id, crate::standard_webhooks::GATEWAY.id, crate::ipnd::GATEWAY.id]
        .contains(&gateway.id)
}

/// What filters look at, and what the default dialect says.
#[must_use]
pub fn content_of(notice: &Notice) -> serde_json::Value {
    serde_json::to_value(content(notice)).expect("texts, numbers and lists of them")
}

fn content(notice: &Notice) -> Content<'_> {
    let data = Data {
        event: notice.event.as_ref(),
        gateway: &notice.gateway,
        order: notice.order.as_ref(),
        refund: notice.refund.as_ref(),
    };
    Content { r#type: notice.word(), timestamp: notice.noted_at, data }
}

impl Notice {
    /// The kind of its event.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.event.as_ref().map_or(TEST_TYPE, |event| event.kind.word())
    }
}

fn cloud_event<'a>(notice: &'a Notice, sending: &Sending<'a>) -> CloudEvent<'a> {
    let order = notice.order.as_ref();
    CloudEvent {
        specversion: "1.0",
        id: sending.id,
        source: sending.source,
        r#type: notice.word(),
        time: notice.noted_at,
        datacontenttype: "application/json",
        subject: order.map(|order| order.reference.as_str()),
        sequence: order.map(|order| format!("{:010}", order.sequence)),
        data: content(notice).data,
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts, numbers and lists of them")
}

fn signed(content_type: &str, body: Vec<u8>, sending: &Sending<'_>) -> Result<RawRequest, CannotTell> {
    let keys = sending.keys.iter().map(String::as_str);
    let unsigned = |reason: Reason| CannotTell::Unsigned(format!("{} {}", reason.code, reason.detail));
    let signature = sign(sending.id, sending.now, &body, keys).map_err(unsigned)?;
    Ok(RawRequest::post(content_type, body)
        .with("webhook-id", sending.id)
        .with("webhook-timestamp", sending.now.as_second().to_string())
        .with("webhook-signature", signature))
}

/// The event as the gateway would know it: with the shop's own receiver, and with what the order knows where the event
/// does not.
fn event_for(gateway: &Gateway, notice: &Notice) -> Event {
    let mut event = notice.event.clone().unwrap_or_else(|| sample(notice));
    // So that every attempt has the same bytes.
    event.occurred_at = event.occurred_at.or(Some(notice.noted_at));
    if notice.gateway != gateway.id {
        // Those of another gateway's account would mean nothing to the shop. `compose` takes the endpoint's own.
        event.receivers.clear();
        // Words of another gateway.
        event.status = None;
        event.reason = None;
        if event.transaction.is_none() {
            event.transaction = Some(derived_id(&event.identity));
        }
        if let Some(refund) = &notice.refund {
            as_the_form_tells(gateway, &mut event, refund);
        }
    }
    if let Some(order) = &notice.order {
        event.order_ref = Some(order.reference.clone());
        if event.items.is_empty() {
            event.items = order.items.iter().map(item).collect();
        }
        let customer = &mut event.customer;
        for (own, known) in [
            (&mut customer.name, &order.customer.name),
            (&mut customer.email, &order.customer.email),
            (&mut customer.phone, &order.customer.phone),
            (&mut customer.country, &order.customer.country),
        ] {
            if own.is_none() {
                own.clone_from(known);
            }
        }
        if customer.address.is_empty() {
            customer.address.clone_from(&order.customer.address);
        }
    }
    event
}

/// Gateways whose messages about refunds name the sum of all refunds of a payment, and not the single one.
const TELL_TOTALS: [&str; 5] = [
    crate::lemonsqueezy::GATEWAY.id,
    crate::liqpay::GATEWAY.id,
    crate::stripe::GATEWAY.id,
    crate::two_checkout::GATEWAY.id,
    crate::wayforpay::GATEWAY.id,
];

fn as_the_form_tells(gateway: &Gateway, event: &mut Event, refund: &NoticeRefund) {
    event.parent = Some(refund.payment.clone());
    if TELL_TOTALS.contains(&gateway.id) {
        event.amount = Some(refund.total);
        event.amount_is_total = true;
        return;
    }
    event.amount = Some(refund.amount);
    // Several totals may share the payment's transaction; what was told one by one has a name each.
    if event.amount_is_total || event.transaction.as_deref() == Some(refund.payment.as_str()) {
        event.transaction = Some(derived_id(&event.identity));
    }
    event.amount_is_total = false;
}

/// A name for what its gateway has no name for: the same again each time.
fn derived_id(identity: &str) -> String {
    let digest = Algorithm::Sha256.compute(&[], &[identity.as_bytes()]);
    Encoding::HexLower.encode(&digest[..9]).to_uppercase()
}

fn item(item: &Item) -> EventItem {
    EventItem {
        sku: Some(item.sku.clone()).filter(|sku| !sku.is_empty()),
        name: item.name.clone(),
        quantity: item.quantity,
        amount: item.total().ok(),
    }
}

/// A payment that nobody has made, in play money, for an order that no shop has.
fn sample(notice: &Notice) -> Event {
    let at = notice.noted_at.as_second();
    let mut event =
        Event::new(EventKind::PaymentCompleted, format!("test/{at}"), ipnd_core::Environment::Sandbox);
    event.transaction = Some(format!("TEST{at}"));
    event.order_ref = Some(format!("TEST-{at}"));
    event.occurred_at = Some(notice.noted_at);
    event.amount = ipnd_core::Currency::from_code("EUR").ok().map(|euro| Money::from_minor(100, euro));
    event
}

#[cfg(test)]
mod tests;
