//! The settings of an account whose messages are proved by post-back.

use crate::kit::common_settings::SANDBOX_URL;
use crate::{Said, Setting, SettingKind};

/// The shop's own names at PayPal, with which the receivers of a payment are compared (T-B03).
pub(crate) const RECEIVERS: Setting = Setting {
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
};

pub(crate) const POSTBACK_URL: Setting = Setting {
    key: "postback_url",
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
    ..SANDBOX_URL
};
