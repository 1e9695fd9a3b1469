//! What the owner pastes from 2Checkout's Control Panel.

use crate::{ACCEPT_UNCONFIRMED, Said, Setting, SettingFault, SettingKind};

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "secret_key",
        kind: SettingKind::Secrets,
        required: true,
        label: Said {
            en: "Secret key", de: "Geheimer Schlüssel", es: "Clave secreta", uk: "Секретний ключ"
        },
        help: Said {
            en: "Stands in the Control Panel under Integrations, Webhooks & API. While you change it, enter both, one a \
                 line.",
            de: "Steht im Control Panel unter Integrations, Webhooks & API. Während Sie ihn wechseln, tragen Sie beide \
                 ein, einen pro Zeile.",
            es: "Está en el Control Panel, en Integrations, Webhooks & API. Mientras la cambia, escriba las dos, una por \
                 línea.",
            uk: "Є в Control Panel, розділ Integrations, Webhooks & API. Під час заміни впишіть обидва, по одному в рядку.",
        },
        sample: "IpndNobodysKey(0)00%",
        check: None,
    },
    Setting {
        key: "merchant_code",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "Merchant code",
            de: "Händlernummer",
            es: "Código de comercio",
            uk: "Код мерчанта",
        },
        help: Said {
            en: "The number beside the secret key. With it, ipnd asks 2Checkout about each order before it believes a \
                 message. Left empty, payments are put to you as questions.",
            de: "Die Nummer neben dem geheimen Schlüssel. Mit ihr fragt ipnd bei 2Checkout zu jeder Bestellung nach, bevor \
                 es einer Meldung glaubt. Leer heißt: Zahlungen werden Ihnen als Fragen vorgelegt.",
            es: "El número junto a la clave secreta. Con él, ipnd pregunta a 2Checkout por cada pedido antes de creer un \
                 mensaje. Si se deja vacío, los pagos se le presentan como preguntas.",
            uk: "Номер поруч із секретним ключем. З ним ipnd запитує 2Checkout про кожне замовлення, перш ніж повірити \
                 повідомленню. Якщо порожньо, про платежі питатимуть вас.",
        },
        sample: "000000000000",
        check: Some(is_number),
    },
    Setting {
        key: "refuse_md5",
        kind: SettingKind::Switch,
        required: false,
        label: Said {
            en: "Refuse MD5", de: "MD5 ablehnen", es: "Rechazar MD5", uk: "Відхиляти MD5"
        },
        help: Said {
            en: "Switch this on once 2Checkout sends you SHA signatures: then messages that carry only the old MD5 \
                 signature are refused.",
            de: "Schalten Sie das ein, sobald 2Checkout Ihnen SHA-Signaturen sendet: Dann werden Meldungen abgelehnt, die \
                 nur die alte MD5-Signatur tragen.",
            es: "Actívelo cuando 2Checkout le envíe firmas SHA: entonces se rechazan los mensajes que solo llevan la \
                 antigua firma MD5.",
            uk: "Увімкніть, коли 2Checkout почне надсилати вам підписи SHA: тоді повідомлення лише зі старим підписом MD5 \
                 відхиляються.",
        },
        sample: "",
        check: None,
    },
    Setting {
        key: "api_url",
        kind: SettingKind::SandboxUrl,
        required: false,
        label: Said {
            en: "Address of the API",
            de: "Adresse der Schnittstelle",
            es: "Dirección de la API",
            uk: "Адреса API",
        },
        help: Said {
            en: "For tests against a server that plays 2Checkout. Left empty: 2Checkout itself.",
            de: "Für Tests mit einem Server, der 2Checkout spielt. Leer heißt: 2Checkout selbst.",
            es: "Para pruebas con un servidor que hace de 2Checkout. Si se deja vacía: 2Checkout mismo.",
            uk: "Для перевірок із сервером, що грає роль 2Checkout. Якщо порожньо: сам 2Checkout.",
        },
        sample: "",
        check: None,
    },
    ACCEPT_UNCONFIRMED,
];

fn is_number(value: &str) -> Result<(), SettingFault> {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(()) } else { Err(SettingFault::Malformed("digits".to_owned())) }
}
