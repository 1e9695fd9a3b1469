//! The settings of an account.

use crate::kit::common_settings::SANDBOX_URL;
use crate::{ACCEPT_UNCONFIRMED, Said, Setting, SettingFault, SettingKind};

/// Longest id of a webhook, in characters.
const WEBHOOK_ID_CHARS_MAX: usize = 50;

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "webhook_id",
        kind: SettingKind::Text,
        required: true,
        label: Said {
            en: "Webhook ID", de: "Webhook-ID", es: "ID del webhook", uk: "Ідентифікатор вебхука"
        },
        help: Said {
            en: "PayPal's developer dashboard shows it beside the webhook: Apps & Credentials, your app, Webhooks. It \
                 is part of every signature.",
            de: "PayPals Entwickler-Dashboard zeigt sie neben dem Webhook: Apps & Credentials, Ihre App, Webhooks. \
                 Sie ist ein Teil jeder Signatur.",
            es: "El panel para desarrolladores de PayPal lo muestra junto al webhook: Apps & Credentials, su \
                 aplicación, Webhooks. Forma parte de cada firma.",
            uk: "Панель розробника PayPal показує його біля вебхука: Apps & Credentials, ваш застосунок, Webhooks. Він \
                 є частиною кожного підпису.",
        },
        sample: "5SANDBOX0OF0IPND0",
        check: Some(check_webhook_id),
    },
    Setting {
        key: "client_id",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "Client ID", de: "Client-ID", es: "ID de cliente", uk: "Ідентифікатор клієнта"
        },
        help: Said {
            en: "The client ID of the same app. With it and the secret, ipnd asks PayPal about every message, and you \
                 need not be asked.",
            de: "Die Client-ID derselben App. Mit ihr und dem Geheimnis fragt ipnd PayPal nach jeder Meldung, und Sie \
                 müssen nicht gefragt werden.",
            es: "El ID de cliente de la misma aplicación. Con él y el secreto, ipnd consulta cada mensaje a PayPal y \
                 no hace falta preguntarle a usted.",
            uk: "Ідентифікатор клієнта того самого застосунку. З ним і секретом ipnd питає PayPal про кожне \
                 повідомлення, і вас питати не треба.",
        },
        sample: "AsandboxOfIpndNobodysClientId",
        check: Some(check_access_word),
    },
    Setting {
        key: "client_secret",
        kind: SettingKind::Secret,
        required: false,
        label: Said {
            en: "Client secret",
            de: "Client-Geheimnis",
            es: "Secreto de cliente",
            uk: "Секрет клієнта",
        },
        help: Said {
            en: "The secret that belongs to the client ID: Apps & Credentials, your app, Secret.",
            de: "Das Geheimnis zur Client-ID: Apps & Credentials, Ihre App, Secret.",
            es: "El secreto que corresponde al ID de cliente: Apps & Credentials, su aplicación, Secret.",
            uk: "Секрет до ідентифікатора клієнта: Apps & Credentials, ваш застосунок, Secret.",
        },
        sample: "EsandboxOfIpndNobodysClientSecret",
        check: Some(check_access_word),
    },
    Setting {
        key: "receivers",
        kind: SettingKind::List,
        required: false,
        label: Said {
            en: "Your PayPal account",
            de: "Ihr PayPal-Konto",
            es: "Su cuenta de PayPal",
            uk: "Ваш обліковий запис PayPal",
        },
        help: Said {
            en: "Your merchant ID and every e-mail address of this PayPal account, one a line. A payment that names \
                 somebody else as its receiver is then put to you as a question. Left empty, receivers are not \
                 compared.",
            de: "Ihre Händler-ID und jede E-Mail-Adresse dieses PayPal-Kontos, eine pro Zeile. Nennt eine Zahlung \
                 jemand anderen als Empfänger, werden Sie gefragt. Leer heißt: Empfänger werden nicht verglichen.",
            es: "Su ID de comerciante y todas las direcciones de correo de esta cuenta de PayPal, una por línea. Si un \
                 pago nombra a otro destinatario, se le pregunta a usted. Si se deja vacía, no se comparan los \
                 destinatarios.",
            uk: "Ваш ідентифікатор продавця і кожна адреса пошти цього облікового запису PayPal, по одній у рядку. \
                 Якщо платіж називає іншого отримувача, вас запитають. Якщо порожньо, отримувачів не порівнюють.",
        },
        sample: "seller@example.com\nS8XGHLYDW9T3S",
        check: None,
    },
    Setting {
        key: "issuer_certificates",
        kind: SettingKind::Document,
        required: false,
        label: Said {
            en: "Further certificates",
            de: "Weitere Zertifikate",
            es: "Más certificados",
            uk: "Додаткові сертифікати",
        },
        help: Said {
            en: "Usually empty. If messages wait because the issuer of PayPal's certificate is not known, enter the \
                 issuer's certificate here (PEM). It must itself be signed by a root that ipnd trusts.",
            de: "Meist leer. Wenn Meldungen warten, weil der Aussteller von PayPals Zertifikat nicht bekannt ist, \
                 tragen Sie hier dessen Zertifikat ein (PEM). Es muss selbst von einer Wurzel signiert sein, der ipnd \
                 vertraut.",
            es: "Normalmente vacío. Si hay mensajes en espera porque no se conoce al emisor del certificado de PayPal, \
                 pegue aquí el certificado del emisor (PEM). Debe estar firmado por una raíz en la que ipnd confía.",
            uk: "Зазвичай порожньо. Якщо повідомлення чекають, бо видавець сертифіката PayPal невідомий, вставте тут \
                 сертифікат видавця (PEM). Його має підписати корінь, якому ipnd довіряє.",
        },
        sample: "",
        check: None,
    },
    Setting {
        help: Said {
            en: "Only for trying things out: who is asked instead of PayPal. Left empty, PayPal's own sandbox is asked.",
            de: "Nur zum Ausprobieren: wer statt PayPal gefragt wird. Leer heißt: PayPals eigene Sandbox wird gefragt.",
            es: "Solo para probar: a quién se pregunta en lugar de PayPal. Si se deja vacía, se pregunta al entorno de \
                 pruebas de PayPal.",
            uk: "Лише для спроб: кого питати замість PayPal. Якщо порожньо, питають пробне середовище самого PayPal.",
        },
        ..SANDBOX_URL
    },
    ACCEPT_UNCONFIRMED,
];

fn check_webhook_id(value: &str) -> Result<(), SettingFault> {
    let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain && value.len() <= WEBHOOK_ID_CHARS_MAX {
        Ok(())
    } else {
        Err(SettingFault::Malformed("letters and digits".to_owned()))
    }
}

/// Nothing that could end a header or move the border between user and password.
fn check_access_word(value: &str) -> Result<(), SettingFault> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if is_plain { Ok(()) } else { Err(SettingFault::Malformed("letters, digits, - and _".to_owned())) }
}
