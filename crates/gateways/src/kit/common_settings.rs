//! Settings that several gateways have. What differs from one gateway to the next is written where it is used:
//! `Setting { help: ..., ..SANDBOX_URL }`.

use crate::{Said, Setting, SettingKind};

const NOTHING: Said = Said { en: "", de: "", es: "", uk: "" };

/// Who is asked instead of the gateway's own API.
pub const SANDBOX_URL: Setting = Setting {
    key: "api_url",
    kind: SettingKind::SandboxUrl,
    required: false,
    label: Said {
        en: "Address of the sandbox",
        de: "Adresse der Sandbox",
        es: "Dirección del entorno de pruebas",
        uk: "Адреса пробного середовища",
    },
    help: NOTHING,
    sample: "",
    check: None,
};

/// The secrets by which messages are signed.
pub const SIGNING_SECRET: Setting = Setting {
    key: "signing_secret",
    kind: SettingKind::Secrets,
    required: true,
    label: Said {
        en: "Signing secret",
        de: "Signaturgeheimnis",
        es: "Secreto de firma",
        uk: "Секрет підпису",
    },
    help: NOTHING,
    sample: "",
    check: None,
};

/// Under which key the order's number stands in metadata.
pub const METADATA_KEY: Setting = Setting {
    key: "order_key",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Metadata key of the order number",
        de: "Metadatenschlüssel der Bestellnummer",
        es: "Clave de metadatos del número de pedido",
        uk: "Ключ метаданих із номером замовлення",
    },
    help: Said {
        en: "Under which key your shop puts the order number into the metadata. Left empty: order_id.",
        de: "Unter welchem Schlüssel Ihr Shop die Bestellnummer in die Metadaten schreibt. Leer heißt: order_id.",
        es: "Con qué clave su tienda pone el número de pedido en los metadatos. Si se deja vacía: order_id.",
        uk: "Під яким ключем ваш магазин записує номер замовлення в метадані. Якщо порожньо: order_id.",
    },
    sample: "",
    check: None,
};

/// Whether the seller's own number names the order, or the shop's, which is passed along.
pub const ORDER_REFERENCE: Setting = Setting {
    key: "order_reference",
    kind: SettingKind::Choice(&[]),
    required: false,
    label: Said {
        en: "Order reference",
        de: "Bestellnummer",
        es: "Referencia del pedido",
        uk: "Номер замовлення",
    },
    help: NOTHING,
    sample: "",
    check: None,
};
