#![doc = include_str!("documentation.md")]

mod checkout;
mod classify;
mod compose;
mod customer;
mod fields;
mod identity;
mod interpret;
mod items;
mod message;
mod payouts;
mod receive;

use crate::kit::reply;
use crate::{Covers, Gateway, Proof, Repeats, Said, Setting, SettingKind};
use ipnd_core::EventKind;

pub const GATEWAY: Gateway = Gateway {
    id: "paypal-ipn",
    name: "PayPal (IPN)",
    family: "paypal",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("documentation.md"),
    settings: SETTINGS,
    receivers: Some("receivers"),
    tells: TELLS,
    // Doubling from ten seconds, up to four days.
    retries: &[10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240, 20_480, 40_960, 81_920, 86_400],
    repeats: Repeats::AreCopies,
    receive: receive::receive,
    resume: Some(receive::resume),
    reply: reply::empty,
    compose: compose::compose,
    answer: Some(receive::answer),
    checkout: Some(checkout::checkout),
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentPending,
    EventKind::PaymentOrdered,
    EventKind::PaymentAuthorized,
    EventKind::PaymentCompleted,
    EventKind::PaymentDenied,
    EventKind::PaymentFailed,
    EventKind::PaymentVoided,
    EventKind::PaymentExpired,
    EventKind::RefundCompleted,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::DisputeLost,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionPaymentSkipped,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
    EventKind::AgreementStarted,
    EventKind::AgreementCancelled,
    EventKind::PayoutPending,
    EventKind::PayoutCompleted,
    EventKind::PayoutFailed,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "receivers",
        kind: SettingKind::List,
        required: true,
        label: Said {
            en: "Your PayPal account",
            de: "Ihr PayPal-Konto",
            es: "Su cuenta de PayPal",
            uk: "Ваш обліковий запис PayPal",
        },
        help: Said {
            en: "Your merchant ID (PayPal: Account settings, Business information) and every e-mail \
                     address of this PayPal account, one a line. A payment to anybody else is put to you as \
                     a question.",
            de: "Ihre Händler-ID (PayPal: Kontoeinstellungen, Geschäftsinformationen) und jede \
                     E-Mail-Adresse dieses PayPal-Kontos, eine pro Zeile. Bei einer Zahlung an jemand \
                     anderen werden Sie gefragt.",
            es: "Su ID de comerciante (PayPal: configuración de la cuenta, información de la empresa) y \
                     todas las direcciones de correo de esta cuenta de PayPal, una por línea. Si un pago va \
                     a otra persona, se le pregunta a usted.",
            uk: "Ваш ідентифікатор продавця (PayPal: налаштування облікового запису, відомості про \
                     бізнес) і кожна адреса пошти цього облікового запису PayPal, по одній у рядку. Про \
                     платіж комусь іншому вас запитають.",
        },
        sample: "seller@example.com\nS8XGHLYDW9T3S",
        check: None,
    },
    Setting {
        key: "postback_url",
        kind: SettingKind::SandboxUrl,
        required: false,
        label: Said {
            en: "Address of the sandbox",
            de: "Adresse der Sandbox",
            es: "Dirección del entorno de pruebas",
            uk: "Адреса пробного середовища",
        },
        help: Said {
            en: "Only for trying things out: where to ask whether a message is genuine, and where to \
                     send customers to pay. Left empty, PayPal's own sandbox is used.",
            de: "Nur zum Ausprobieren: wo gefragt wird, ob eine Meldung echt ist, und wohin Kunden zum \
                     Bezahlen geschickt werden. Leer heißt: PayPals eigene Sandbox.",
            es: "Solo para probar: dónde se pregunta si un mensaje es auténtico y adónde se envía a los \
                     clientes a pagar. Si se deja vacía, se usa el entorno de pruebas de PayPal.",
            uk: "Лише для спроб: де питати, чи справжнє повідомлення, і куди направляти покупців для \
                     оплати. Якщо порожньо, використовується пробне середовище самого PayPal.",
        },
        sample: "",
        check: None,
    },
];
