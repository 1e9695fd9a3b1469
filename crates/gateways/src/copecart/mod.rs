//! CopeCart sells as a reseller in its own name and tells the vendor about every single transaction: one signed JSON
//! object for each payment of each product. This page is about its classic IPN; the successor COPE is a gateway of its
//! own.
//!
//! ## Setting it up
//!
//! 1. In CopeCart open *Settings*, *IPN Integrations*, *Create New* and choose the type **Generic**; or open the
//!    product and its tab *Interfaces*.
//! 2. Paste the intake address that ipnd shows for this account, and switch the integration on.
//! 3. Invent a long secret key there and paste the same one here. Each integration has a secret of its own.
//! 4. Declare the buyer's name and address as needed in the product's privacy settings if you want to see them: what
//!    is not needed is not sent.
//! 5. If your own order numbers shall come back, add `?metadata=NUMBER` to the link to the checkout and choose
//!    `metadata` as the order reference. Otherwise CopeCart's own order number is the reference.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `payment.made` | `payment.completed`; the first payment of a plan is also `subscription.started` |
//! | `payment.trial` | `subscription.started`; no money yet |
//! | `payment.pending` | `payment.pending` |
//! | `payment.failed` | `payment.failed`; from the second payment of a plan on `subscription.payment_failed`, and `subscription.ended` when that was cancelled and is paid no longer |
//! | `payment.refunded` | `refund.completed` |
//! | `payment.charged_back` (of old `payment.charge_back`) | `reversal.made` |
//! | `payment.recurring.cancelled` | `subscription.cancelled` |
//! | `payment.recurring.upcoming` | nothing to do |
//!
//! A subscription (`abonnement`) and payment by instalments (`breakdown_payment`) are both plans. The subscription is
//! named after the order and the product (`ORDER-PRODUCT`), and each further payment is a `payment.completed` that
//! carries this name. What a message says about its plan stands in the event's reason, in CopeCart's own words:
//! `payment_plan`, `rate_number`, `next_payment_at` and, after a cancellation, `is_cancelled_for`, the day until which
//! access has been paid.
//!
//! ## How it signs
//!
//! `X-Copecart-Signature`: HMAC-SHA256 of the body with the secret key, in Base64. There is no time in it, so a message
//! that somebody has kept could be sent again; it would be the same news and change nothing.
//!
//! ## What it expects back
//!
//! `OK` as plain text with status 200, also for what came before. A wrong signature hears 401.
//!
//! ## Retries
//!
//! Ten more times within three hours; CopeCart does not publish the pauses.
//!
//! ## Quirks
//!
//! * The main product and each upsell come as messages of their own, with one order number. What ties a refund or a
//!   chargeback to its payment is the order and the product, so this pair is each payment's parent here.
//! * Numbers come as text (`"55.0"`), and much of what is documented as a number or text comes as null.
//! * `payment.recurring.cancelled` is not the end of access: it has been paid until `is_cancelled_for`. It does not say
//!   when it happened.
//! * A test order comes to the same address. `test_payment` marks it, and it pays nothing on a live account.
//! * The fee here is whatever does not reach the vendor: CopeCart's share, the VAT that CopeCart pays as the seller,
//!   and commissions. Refunds do not say what became of it.
//! * A buyer can change `metadata` in the link. Amount and currency are compared with the order all the same.
//! * A refund that is only a part is not marked; its amount tells.
//!
//! ## Sources
//!
//! CopeCart's IPN documentation 1.6.7 of June 2025; help pages of CopeCart and of sellers' tools; a public receiver that
//! shows what is really sent; read in November 2026.

mod compose;
mod message;

use crate::kit::common_settings::ORDER_REFERENCE;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::reply;
use crate::kit::verified::Verified;
use crate::{
    Choice, Covers, Gateway, Proof, RawRequest, Received, Repeats, Said, Setting, SettingKind, Settings,
    Wants,
};
use compose::compose;
use ipnd_core::{EventKind, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "copecart",
    name: "CopeCart",
    family: "copecart",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("mod.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // Ten repeats within three hours are published, their pauses are not.
    retries: &[60, 120, 300, 600, 900, 1_200, 1_500, 1_800, 2_100, 2_220],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::ok,
    wants: Wants::Reply,
    compose,
    answer: None,
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "secret_key",
        kind: SettingKind::Secrets,
        required: true,
        label: Said {
            en: "Secret key",
            de: "Geheimer Schlüssel (Kennwort)",
            es: "Clave secreta",
            uk: "Секретний ключ",
        },
        help: Said {
            en: "The secret key that you gave the IPN integration in CopeCart. While you change it, enter both, one a \
                 line.",
            de: "Der geheime Schlüssel, den Sie der IPN-Integration in CopeCart gegeben haben. Während Sie ihn \
                 wechseln, tragen Sie beide ein, einen pro Zeile.",
            es: "La clave secreta que usted dio a la integración IPN en CopeCart. Mientras la cambia, escriba las dos, \
                 una por línea.",
            uk: "Секретний ключ, який ви задали для інтеграції IPN у CopeCart. Під час заміни впишіть обидва, по \
                 одному в рядку.",
        },
        sample: "sandbox-key-of-nobody-1",
        check: None,
    },
    Setting {
        kind: SettingKind::Choice(ORDER_REFERENCES),
        help: Said {
            en: "Which number names the order. Choose metadata only if every link to CopeCart's checkout carries your \
                 own order number (?metadata=NUMBER).",
            de: "Welche Nummer die Bestellung benennt. Wählen Sie metadata nur, wenn jeder Link zur Kasse von CopeCart \
                 Ihre eigene Bestellnummer trägt (?metadata=NUMMER).",
            es: "Qué número identifica el pedido. Elija metadata solo si todos los enlaces a la caja de CopeCart llevan \
                 su propio número de pedido (?metadata=NÚMERO).",
            uk: "Який номер позначає замовлення. Вибирайте metadata, лише якщо кожне посилання на оформлення в CopeCart \
                 містить ваш власний номер замовлення (?metadata=НОМЕР).",
        },
        ..ORDER_REFERENCE
    },
];

const ORDER_REFERENCES: &[Choice] = &[
    Choice {
        word: "order_id",
        label: Said {
            en: "CopeCart's order number (order_id)",
            de: "Bestellnummer von CopeCart (order_id)",
            es: "Número de pedido de CopeCart (order_id)",
            uk: "Номер замовлення CopeCart (order_id)",
        },
    },
    Choice {
        word: "metadata",
        label: Said {
            en: "The shop's own number (metadata)",
            de: "Eigene Nummer des Shops (metadata)",
            es: "Número propio de la tienda (metadata)",
            uk: "Власний номер магазину (metadata)",
        },
    },
];

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::Base64);

/// Whether the shop's own number in `metadata` names the order, and not CopeCart's.
fn is_own_reference(settings: &Settings) -> bool {
    settings.get("order_reference") == Some("metadata")
}

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    match verify(request, settings) {
        Ok(verified) => Received::Proven(message::interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let given = request.only_header("x-copecart-signature")?;
    MAC.verify(request, settings.secrets("secret_key"), &[&request.body], given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Currency, Customer, Environment, Event, EventItem, Money};
    use std::collections::BTreeMap;

    fn settings(reference: &str) -> Settings {
        let values = [("secret_key", "teahouse-copecart-key"), ("order_reference", reference)];
        let values: BTreeMap<_, _> = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Settings::check(SETTINGS, Environment::Live, values).unwrap()
    }

    fn told(event: &Event, settings: &Settings) -> Vec<Event> {
        let request = compose(event, settings, Timestamp::UNIX_EPOCH).unwrap();
        match receive(&request, settings, Timestamp::UNIX_EPOCH) {
            Received::Proven(interpretation) => interpretation.events,
            other => panic!("{other:?}"),
        }
    }

    fn payment() -> Event {
        let money = |minor| Some(Money::from_minor(minor, Currency::from_code("EUR").unwrap()));
        let item = |sku: &str, quantity, minor| EventItem {
            sku: Some(sku.to_owned()),
            name: format!("Tea {sku}"),
            quantity,
            amount: money(minor),
        };
        Event {
            occurred_at: Some(Timestamp::constant(1_782_000_000, 0)),
            order_ref: Some("T-3001".to_owned()),
            transaction: Some("a91c04d27e5b6f30".to_owned()),
            parent: Some("hT3wQ9zK-7c1e22aa".to_owned()),
            amount: money(4_900),
            fee: money(1_760),
            customer: Customer {
                name: Some("Mia Lindner".to_owned()),
                email: Some("mia.lindner@example.com".to_owned()),
                phone: Some("+49 361 1234".to_owned()),
                address: ["Mia Lindner", "Am Hang 7", "99084 Erfurt", "Deutschland"]
                    .map(str::to_owned)
                    .into(),
                country: Some("DE".to_owned()),
            },
            items: vec![item("7c1e22aa", 2, 4_900)],
            status: Some("paid".to_owned()),
            custom: Some("T-3001".to_owned()),
            ..Event::new(EventKind::PaymentCompleted, "payment.completed/a91c04d27e5b6f30", Environment::Live)
        }
    }

    #[test]
    fn all_that_a_payment_says_is_told_again() {
        let event = payment();
        assert_eq!(told(&event, &settings("metadata")), std::slice::from_ref(&event));
        let reference = Some("hT3wQ9zK".to_owned());
        let event = Event { order_ref: reference, ..event };
        assert_eq!(told(&event, &settings("order_id")), [event]);
    }

    #[test]
    fn a_first_payment_pays_and_begins_a_plan() {
        let reason = "payment_plan=abonnement; frequency=monthly; rate_number=1; next_payment_at=2026-07-20";
        let item = Some("hT3wQ9zK-7c1e22aa".to_owned());
        let event = Event { subscription: item, reason: Some(reason.to_owned()), ..payment() };
        let [paid, started] = told(&event, &settings("metadata")).try_into().unwrap();
        assert_eq!(paid, event);
        assert_eq!((started.kind, started.amount), (EventKind::SubscriptionStarted, None));
        assert_eq!(started.subscription, event.subscription);
    }

    #[test]
    fn t_b05_a_status_that_does_not_fit_moves_no_money() {
        let settings = settings("order_id");
        for (kind, status) in
            [("payment.made", "trial"), ("payment.refunded", "pending"), ("payment.made", "x")]
        {
            let text = format!(
                r#"{{"event_type":"{kind}","payment_status":"{status}","order_id":"a","transaction_id":"b"}}"#
            );
            let signature = MAC.sign(b"teahouse-copecart-key", &[text.as_bytes()]);
            let request = RawRequest::post("application/json", text).with("x-copecart-signature", signature);
            let Received::Proven(read) = receive(&request, &settings, Timestamp::UNIX_EPOCH) else {
                panic!()
            };
            assert_eq!(
                (read.events.len(), read.remark.unwrap().code.as_str()),
                (0, "unknown_status"),
                "{status}"
            );
        }
    }
}
