//! What the owner of a shop enters, and a description that is a whole example.

use super::{description, is_public_key};
use crate::{ACCEPT_UNCONFIRMED, Said, Setting, SettingKind};

/// A whole description, which the sandbox plays: HMAC-SHA256 over a JSON body.
const SAMPLE: &str = include_str!("sample.toml");

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        key: "description",
        kind: SettingKind::Document,
        required: true,
        label: Said {
            en: "Description of the sender",
            de: "Beschreibung des Absenders",
            es: "Descripción del remitente",
            uk: "Опис відправника",
        },
        help: Said {
            en: "How its messages are signed, where everything stands in them and what its words mean, in TOML. The \
                 page “Custom gateways” explains every line; try it with ipnd gateways try.",
            de: "Wie seine Meldungen signiert sind, was wo darin steht und was seine Wörter bedeuten, in TOML. Die \
                 Seite „Custom gateways“ erklärt jede Zeile; probieren Sie es mit ipnd gateways try aus.",
            es: "Cómo firma sus mensajes, dónde está cada cosa en ellos y qué significan sus palabras, en TOML. La \
                 página «Custom gateways» explica cada línea; pruébelo con ipnd gateways try.",
            uk: "Як підписано його повідомлення, що і де в них стоїть і що означають його слова, у форматі TOML. \
                 Сторінка «Custom gateways» пояснює кожен рядок; спробуйте командою ipnd gateways try.",
        },
        sample: SAMPLE,
        check: Some(description::check),
    },
    Setting {
        key: "secrets",
        kind: SettingKind::Secrets,
        required: false,
        label: Said { en: "Secrets", de: "Geheimnisse", es: "Secretos", uk: "Секрети" },
        help: Said {
            en: "What you and the sender know: the signing secret, the token or the password. While you change it, \
                 enter both, one a line. Not needed where the sender signs with a key of its own.",
            de: "Was Sie und der Absender wissen: das Signaturgeheimnis, das Token oder das Passwort. Während Sie es \
                 wechseln, tragen Sie beide ein, eines pro Zeile. Nicht nötig, wenn der Absender mit einem eigenen \
                 Schlüssel signiert.",
            es: "Lo que saben usted y el remitente: el secreto de firma, el token o la contraseña. Mientras lo \
                 cambia, escriba los dos, uno por línea. No hace falta si el remitente firma con una clave propia.",
            uk: "Те, що знаєте ви й відправник: секрет підпису, токен або пароль. Під час заміни впишіть обидва, по \
                 одному в рядку. Не потрібно, якщо відправник підписує власним ключем.",
        },
        sample: "sandbox-of-ipnd-nobodys-secret",
        check: None,
    },
    Setting {
        key: "public_key",
        kind: SettingKind::Document,
        required: false,
        label: Said {
            en: "Public key of the sender",
            de: "Öffentlicher Schlüssel des Absenders",
            es: "Clave pública del remitente",
            uk: "Відкритий ключ відправника",
        },
        help: Said {
            en: "For descriptions with by = \"signature\": the key that the sender publishes, from BEGIN PUBLIC KEY to \
                 END PUBLIC KEY.",
            de: "Für Beschreibungen mit by = \"signature\": der Schlüssel, den der Absender veröffentlicht, von BEGIN \
                 PUBLIC KEY bis END PUBLIC KEY.",
            es: "Para descripciones con by = \"signature\": la clave que publica el remitente, desde BEGIN PUBLIC KEY \
                 hasta END PUBLIC KEY.",
            uk: "Для описів з by = \"signature\": ключ, який публікує відправник, від BEGIN PUBLIC KEY до END PUBLIC \
                 KEY.",
        },
        sample: "",
        check: Some(is_public_key),
    },
    ACCEPT_UNCONFIRMED,
];
