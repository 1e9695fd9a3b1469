//! Digistore24 sells as a reseller in its own name and tells the vendor about every payment, refund and change of a
//! plan: a form with some 170 fields, signed over all of them.
//!
//! ## Setting it up
//!
//! 1. In Digistore24 open *Settings*, *Integrations (IPN)*, *Add new connection* and choose the type **Generic**.
//! 2. Paste the intake address that ipnd shows for this account. It must be public and https.
//! 3. Choose the products and all events, those that are off by default too (`payment_denial`).
//! 4. Invent a long passphrase there (up to 63 characters) and paste the same one here.
//! 5. Choose *delayed* as the timing, unless you need the notification before the buyer sees the thank-you page.
//! 6. Save. Digistore24 looks whether the address answers, and sends a connection test.
//! 7. If your own order numbers shall come back, add `custom=NUMBER` to the link to the order form and choose `custom`
//!    as the order reference. Otherwise Digistore24's own order number is the reference.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `on_payment` | `payment.completed`; the first payment of a plan is also `subscription.started` |
//! | `on_payment_subscription_signup` | `subscription.started`; with a payment in it also `payment.completed` |
//! | `on_payment_missed` | `subscription.payment_failed` |
//! | `payment_denial` | `payment.failed`; from the second payment of a plan on `subscription.payment_failed` |
//! | `on_refund` | `refund.completed` |
//! | `on_chargeback` | `reversal.made` |
//! | `on_rebill_cancelled` | `subscription.cancelled`; access goes on |
//! | `on_rebill_resumed` | `subscription.modified`: the cancellation was withdrawn |
//! | `last_paid_day` | `subscription.ended` |
//! | `on_affiliation`, `eticket`, `custom_form`, `connection_test` | nothing to do |
//!
//! Subscriptions and payment by instalments are both plans. The subscription is named after the order and the product
//! (`ORDER-PRODUCT`), and each further payment is a `payment.completed` that carries this name. What a message says about
//! its plan stands in the event's reason, in Digistore24's own words: `pay_sequence_no`, `next_payment_at`,
//! `billing_stop_reason` and others.
//!
//! ## How it signs
//!
//! Every field that is not empty, sorted by name, is written as `name=value` with the passphrase behind each of them; the
//! field `sha_sign` is the SHA-512 of that in hexadecimal. `0` is not empty. Nothing keeps two fields apart but the
//! passphrase, so a message is refused when the passphrase occurs in a field, when a name holds `=`, and when a name
//! comes twice. Digistore24's own sample can also sign upper-case names; live messages have not been seen to. Such a
//! message is put to you as a question unless you have switched that on.
//!
//! There is no time in the signature. A message that somebody has kept could be sent again; it would be the same news
//! and change nothing.
//!
//! ## What it expects back
//!
//! Status 200 and `OK` as the first line, also for a mere look with GET. A redirect counts as a failure.
//!
//! ## Retries
//!
//! At least 20 times within ten days: the first after three minutes, then with growing pauses, from the tenth on once a
//! day. After that only by hand, under *Reports*, *Integrations (IPN)*.
//!
//! ## Quirks
//!
//! * The passphrase must not be an ordinary word: a message whose buyer happens to write it is refused.
//! * Dates have no zone. They are taken for German time.
//! * `parent_transaction_id` is filled in payments, too, where it means nothing; in refunds it names the payment.
//! * `on_rebill_cancelled` is not the end of access: `last_paid_day` is. `on_payment_missed` may still be followed by a
//!   payment.
//! * An upgrade is a new order that names the old one (`upgraded_order_id`).
//! * Test orders come to the same address; `api_mode` or `pay_method` say `test`. They pay nothing on a live account.
//! * The fee here is whatever does not reach the vendor: Digistore24's share, the VAT that it pays as the seller, and
//!   commissions. Refunds do not say what became of it.
//! * A buyer can change `custom` in the link. Amount and currency are compared with the order all the same.
//!
//! ## Sources
//!
//! Digistore24's own skill for IPN with its published vectors; its developer articles; the PHP library of GoSuccess;
//! read in November 2026.

mod compose;
mod message;
mod parameters;

use crate::kit::common_settings::ORDER_REFERENCE;
use crate::kit::reply;
use crate::{
    Choice, Covers, Gateway, Proof, RawRequest, Received, Repeats, Said, Setting, SettingKind, Settings,
    Wants,
};
use compose::compose;
use ipnd_core::EventKind;
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "digistore24",
    name: "Digistore24",
    family: "digistore24",
    proof: Proof::Strong,
    // All fields that are not empty are covered; these are the ones that are read.
    covers: Covers::Fields(COVERED),
    documentation: include_str!("mod.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // The first pause and the daily tail are published; in between they are only said to grow.
    retries: &[
        180, 360, 720, 1_440, 2_880, 5_760, 11_520, 23_040, 46_080, 86_400, 86_400, 86_400, 86_400, 86_400,
        86_400, 86_400, 86_400, 86_400, 86_400, 86_400,
    ],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::ok,
    wants: Wants::FirstLine,
    compose,
    answer: None,
    checkout: None,
};

const COVERED: &[&str] = &[
    "event",
    "api_mode",
    "pay_method",
    "order_id",
    "order_item_id",
    "custom",
    "transaction_id",
    "parent_transaction_id",
    "transaction_type",
    "transaction_amount",
    "transaction_currency",
    "transaction_date",
    "transaction_time",
    "amount_brutto",
    "amount",
    "amount_vendor",
    "currency",
    "billing_type",
    "billing_status",
    "billing_stop_reason",
    "pay_sequence_no",
    "number_of_installments",
    "next_payment_at",
    "is_cancelled_for",
    "rebill_stop_noted_at",
    "upgraded_order_id",
    "product_id",
    "product_name",
    "quantity",
    "email",
];

const TELLS: &[EventKind] = &[
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "passphrase",
        kind: SettingKind::Secrets,
        required: true,
        label: Said {
            en: "IPN passphrase",
            de: "IPN-Passphrase",
            es: "Frase de contraseña de la IPN",
            uk: "Парольна фраза IPN",
        },
        help: Said {
            en: "The passphrase that you gave the connection in Digistore24: long, and not a word that a buyer might \
                 write. While you change it, enter both, one a line.",
            de: "Die Passphrase, die Sie der Anbindung in Digistore24 gegeben haben: lang, und kein Wort, das ein \
                 Käufer schreiben könnte. Während Sie sie wechseln, tragen Sie beide ein, eine pro Zeile.",
            es: "La frase que usted dio a la conexión en Digistore24: larga, y ninguna palabra que un comprador pueda \
                 escribir. Mientras la cambia, escriba las dos, una por línea.",
            uk: "Фраза, яку ви задали для підключення в Digistore24: довга і не слово, яке може написати покупець. Під \
                 час заміни впишіть обидві, по одній у рядку.",
        },
        sample: "sandbox-Passphrase-0f-N0body",
        check: None,
    },
    Setting {
        kind: SettingKind::Choice(ORDER_REFERENCES),
        help: Said {
            en: "Which number names the order. Choose custom only if every link to the order form carries your own \
                 order number (custom=NUMBER).",
            de: "Welche Nummer die Bestellung benennt. Wählen Sie custom nur, wenn jeder Link zum Bestellformular Ihre \
                 eigene Bestellnummer trägt (custom=NUMMER).",
            es: "Qué número identifica el pedido. Elija custom solo si todos los enlaces al formulario de pedido llevan \
                 su propio número (custom=NÚMERO).",
            uk: "Який номер позначає замовлення. Вибирайте custom, лише якщо кожне посилання на форму замовлення \
                 містить ваш власний номер (custom=НОМЕР).",
        },
        ..ORDER_REFERENCE
    },
    Setting {
        key: "upper_case_names",
        kind: SettingKind::Switch,
        required: false,
        label: Said {
            en: "Believe signatures over upper-case names",
            de: "Signaturen über großgeschriebene Namen glauben",
            es: "Creer las firmas sobre nombres en mayúsculas",
            uk: "Вірити підписам над назвами великими літерами",
        },
        help: Said {
            en: "Only if payments are put to you as unproven: then your connection signs the field names in upper \
                 case, as one of Digistore24's samples does.",
            de: "Nur wenn Ihnen Zahlungen als unbewiesen vorgelegt werden: Dann signiert Ihre Anbindung die Feldnamen \
                 in Großbuchstaben, wie es ein Beispiel von Digistore24 tut.",
            es: "Solo si se le presentan pagos como no probados: en ese caso su conexión firma los nombres de los \
                 campos en mayúsculas, como hace un ejemplo de Digistore24.",
            uk: "Лише якщо вам показують платежі як недоведені: тоді ваше підключення підписує назви полів великими \
                 літерами, як це робить один із прикладів Digistore24.",
        },
        sample: "",
        check: None,
    },
];

const ORDER_REFERENCES: &[Choice] = &[
    Choice {
        word: "order_id",
        label: Said {
            en: "Digistore24's order number (order_id)",
            de: "Bestellnummer von Digistore24 (order_id)",
            es: "Número de pedido de Digistore24 (order_id)",
            uk: "Номер замовлення Digistore24 (order_id)",
        },
    },
    Choice {
        word: "custom",
        label: Said {
            en: "The shop's own number (custom)",
            de: "Eigene Nummer des Shops (custom)",
            es: "Número propio de la tienda (custom)",
            uk: "Власний номер магазину (custom)",
        },
    },
];

/// Whether the shop's own number in `custom` names the order, and not Digistore24's.
fn is_own_reference(settings: &Settings) -> bool {
    settings.get("order_reference") == Some("custom")
}

fn receive(request: &RawRequest, settings: &Settings, _: Timestamp) -> Received {
    if matches!(request.method.as_str(), "GET" | "HEAD") && request.body.is_empty() {
        return Received::Probe;
    }
    match parameters::verify(request, settings) {
        Ok(proved) => {
            let interpretation = message::interpret(&proved, settings);
            let is_believed = !proved.has_upper_case_names || settings.is_on("upper_case_names");
            Received::Proven(interpretation.at_most(if is_believed { Proof::Strong } else { Proof::Weak }))
        }
        Err(reason) => Received::Refused(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Currency, Customer, Environment, Event, EventItem, Money};

    fn told(event: &Event, reference: &str) -> Vec<Event> {
        let values = [("passphrase", "teahouse-Digi-2026"), ("order_reference", reference)];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let settings = Settings::check(SETTINGS, Environment::Live, values).unwrap();
        let request = compose(event, &settings, Timestamp::UNIX_EPOCH).unwrap();
        match receive(&request, &settings, Timestamp::UNIX_EPOCH) {
            Received::Proven(interpretation) => interpretation.events,
            other => panic!("{other:?}"),
        }
    }

    fn payment() -> Event {
        let money = |minor| Some(Money::from_minor(minor, Currency::from_code("EUR").unwrap()));
        let item = |sku: &str, minor| EventItem {
            sku: Some(sku.to_owned()),
            name: format!("Tea {sku}"),
            quantity: 2,
            amount: money(minor),
        };
        Event {
            occurred_at: Some(Timestamp::constant(1_782_000_000, 0)),
            order_ref: Some("T-4001".to_owned()),
            transaction: Some("4811201".to_owned()),
            parent: Some("TEA7K2QX-412001".to_owned()),
            amount: money(4_900),
            fee: money(1_230),
            customer: Customer {
                name: Some("Mia Lindner".to_owned()),
                email: Some("mia.lindner@example.com".to_owned()),
                phone: Some("+43 1 1234".to_owned()),
                address: ["Mia Lindner", "Am Hang 7", "1020 Wien", "Österreich"].map(str::to_owned).into(),
                country: Some("AT".to_owned()),
            },
            items: vec![item("412001", 3_400), item("412002", 1_500)],
            status: Some("completed".to_owned()),
            custom: Some("T-4001".to_owned()),
            ..Event::new(EventKind::PaymentCompleted, "", Environment::Live)
        }
    }

    #[test]
    fn all_that_a_payment_says_is_told_again() {
        for (reference, order) in [("custom", "T-4001"), ("order_id", "TEA7K2QX")] {
            let event = Event { order_ref: Some(order.to_owned()), ..payment() };
            let [told] = told(&event, reference).try_into().unwrap();
            assert_eq!(told, Event { identity: told.identity.clone(), ..event });
        }
    }

    #[test]
    fn a_first_payment_pays_and_begins_a_plan() {
        let reason = "billing_type=installment; pay_sequence_no=1; number_of_installments=3; next_payment_at=2026-07-21";
        let item = Some("TEA7K2QX-412001".to_owned());
        let event = Event { subscription: item, reason: Some(reason.to_owned()), ..payment() };
        let [paid, started] = told(&event, "custom").try_into().unwrap();
        assert_eq!(paid, Event { identity: paid.identity.clone(), ..event });
        assert_eq!((started.kind, started.amount), (EventKind::SubscriptionStarted, None));
    }

    #[test]
    fn t_a16_what_holds_the_passphrase_is_not_even_told() {
        let event = Event { custom: Some("my teahouse-Digi-2026".to_owned()), ..payment() };
        assert!(compose(&event, &settings_of("teahouse-Digi-2026"), Timestamp::UNIX_EPOCH).is_err());
        assert!(compose(&event, &settings_of("another-Digi-2026"), Timestamp::UNIX_EPOCH).is_ok());
    }

    fn settings_of(passphrase: &str) -> Settings {
        let values = [("passphrase".to_owned(), passphrase.to_owned())].into();
        Settings::check(SETTINGS, Environment::Live, values).unwrap()
    }
}
