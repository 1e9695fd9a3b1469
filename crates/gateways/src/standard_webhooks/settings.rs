//! The settings in which an owner describes what the messages of a sender mean.

use super::types;
use crate::kit::amount;
use crate::kit::mapping::Path;
use crate::{Choice, Said, Setting, SettingFault, SettingKind};

pub(super) const TABLE: &[Setting] = &[
    SECRET,
    PUBLIC_KEY,
    MAPPING,
    TYPE_TABLE,
    TYPE_PATH,
    ORDER_PATH,
    TRANSACTION_PATH,
    PARENT_PATH,
    AMOUNT_PATH,
    AMOUNT_UNIT,
    CURRENCY_PATH,
    SUBSCRIPTION_PATH,
    TIME_PATH,
    EMAIL_PATH,
    CUSTOM_PATH,
    IDENTITY_PATH,
    TEST_WHEN,
];

/// One of the two kinds of keys. Neither is marked as needed, because either is enough.
pub(super) const SECRET: Setting = Setting {
    key: "secret",
    kind: SettingKind::Secrets,
    required: false,
    label: Said {
        en: "Signing secret",
        de: "Signaturgeheimnis",
        es: "Secreto de firma",
        uk: "Секрет підпису",
    },
    help: Said {
        en: "The sender shows it at the endpoint (whsec_...). While you change it, enter both, one a line. Needed \
             unless there is a public key.",
        de: "Der Absender zeigt es beim Endpunkt (whsec_...). Während Sie es wechseln, tragen Sie beide ein, \
             eines pro Zeile. Nötig, wenn es keinen öffentlichen Schlüssel gibt.",
        es: "El remitente lo muestra en el endpoint (whsec_...). Mientras lo cambia, escriba los dos, uno por \
             línea. Es necesario si no hay clave pública.",
        uk: "Відправник показує його біля адреси (whsec_...). Під час заміни впишіть обидва, по одному в рядку. \
             Потрібен, якщо немає відкритого ключа.",
    },
    sample: "whsec_c2FuZGJveCBvZiBpcG5kLCBubyBvbmVz",
    check: Some(are_secrets),
};

/// The other kind.
pub(super) const PUBLIC_KEY: Setting = Setting {
    key: "public_key",
    kind: SettingKind::List,
    required: false,
    label: Said {
        en: "Public key", de: "Öffentlicher Schlüssel", es: "Clave pública", uk: "Відкритий ключ"
    },
    help: Said {
        en: "Only for senders that sign with Ed25519 (whpk_...). While it changes, enter both, one a line.",
        de: "Nur für Absender, die mit Ed25519 signieren (whpk_...). Während er wechselt, tragen Sie beide ein, \
             einen pro Zeile.",
        es: "Solo para remitentes que firman con Ed25519 (whpk_...). Mientras cambia, escriba las dos, una por \
             línea.",
        uk: "Лише для відправників, що підписують через Ed25519 (whpk_...). Під час заміни впишіть обидва, по \
             одному в рядку.",
    },
    sample: "",
    check: Some(are_public_keys),
};

/// The choice of [`MAPPING`] that lets messages have an effect.
pub(super) const APPLY: &str = "apply";

/// The choice of [`AMOUNT_UNIT`] for amounts in whole units.
pub(super) const MAJOR: &str = "major";

const MAPPINGS: &[Choice] = &[
    Choice {
        word: "keep",
        label: Said {
            en: "Not confirmed: keep messages, do nothing",
            de: "Nicht bestätigt: Meldungen aufheben, nichts tun",
            es: "Sin confirmar: guardar los mensajes y no hacer nada",
            uk: "Не підтверджено: зберігати повідомлення й нічого не робити",
        },
    },
    Choice {
        word: APPLY,
        label: Said {
            en: "Confirmed: act on messages as described here",
            de: "Bestätigt: nach dieser Beschreibung handeln",
            es: "Confirmado: actuar según esta descripción",
            uk: "Підтверджено: діяти за цим описом",
        },
    },
];

/// The owner's word that the description fits. Needed, so that nobody switches it on by accident or forgets it.
pub(super) const MAPPING: Setting = Setting {
    key: "mapping",
    kind: SettingKind::Choice(MAPPINGS),
    required: true,
    label: Said {
        en: "What messages mean",
        de: "Was Meldungen bedeuten",
        es: "Qué significan los mensajes",
        uk: "Що означають повідомлення",
    },
    help: Said {
        en: "ipnd does not know this sender. Confirm only after you have compared real messages of it with the \
             fields and the table below; until then everything is kept, and nothing follows from it.",
        de: "ipnd kennt diesen Absender nicht. Bestätigen Sie erst, wenn Sie echte Meldungen mit den Feldern und \
             der Tabelle unten verglichen haben; bis dahin wird alles aufgehoben, und nichts folgt daraus.",
        es: "ipnd no conoce a este remitente. Confirme solo después de comparar mensajes reales con los campos y \
             la tabla de abajo; hasta entonces todo se guarda y no tiene ningún efecto.",
        uk: "ipnd не знає цього відправника. Підтверджуйте лише після того, як порівняли справжні повідомлення з \
             полями й таблицею нижче; доти все зберігається й не має наслідків.",
    },
    sample: "apply",
    check: None,
};

/// Which type of message means what.
pub(super) const TYPE_TABLE: Setting = Setting {
    key: "type_table",
    kind: SettingKind::Document,
    required: false,
    label: Said {
        en: "Types of message",
        de: "Arten von Meldungen",
        es: "Tipos de mensaje",
        uk: "Види повідомлень",
    },
    help: Said {
        en: "One line each, such as: charge.done = payment.completed. A * stands for anything, the first line \
             that fits counts, and *.x = nothing passes messages over. Other types are read as usual, for \
             instance *.paid as payment.completed.",
        de: "Eine Zeile je Art, zum Beispiel: charge.done = payment.completed. Ein * steht für alles, die erste \
             passende Zeile zählt, und *.x = nothing übergeht Meldungen. Andere Arten werden wie üblich gelesen, \
             etwa *.paid als payment.completed.",
        es: "Una línea por tipo, por ejemplo: charge.done = payment.completed. Un * vale por cualquier texto, \
             cuenta la primera línea que encaje y *.x = nothing pasa mensajes por alto. Los demás tipos se leen \
             como es habitual, por ejemplo *.paid como payment.completed.",
        uk: "По рядку на вид, наприклад: charge.done = payment.completed. Знак * означає будь-що, діє перший \
             рядок, що підходить, а *.x = nothing пропускає повідомлення. Інші види читаються як звичайно, \
             наприклад *.paid як payment.completed.",
    },
    sample: "",
    check: Some(types::check),
};

pub(super) const TYPE_PATH: Setting = Setting {
    key: "type_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the type", de: "Feld der Art", es: "Campo del tipo", uk: "Поле виду"
    },
    help: Said {
        en: "Where the type of a message stands, such as: type. Several with | between them: the first that is \
             there. Left empty: the usual names.",
        de: "Wo die Art einer Meldung steht, zum Beispiel: type. Mehrere mit | dazwischen: das erste, das da ist. \
             Leer heißt: die üblichen Namen.",
        es: "Dónde está el tipo del mensaje, por ejemplo: type. Varios separados por |: el primero que exista. Si \
             se deja vacío: los nombres habituales.",
        uk: "Де стоїть вид повідомлення, наприклад: type. Кілька через |: перше, яке є. Якщо порожньо: звичайні \
             назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const ORDER_PATH: Setting = Setting {
    key: "order_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the order number",
        de: "Feld der Bestellnummer",
        es: "Campo del número de pedido",
        uk: "Поле номера замовлення",
    },
    help: Said {
        en: "Where your order number comes back, such as: data.metadata.order_id. Several with | between them: \
             the first that is there. Left empty: the usual names.",
        de: "Wo Ihre Bestellnummer zurückkommt, zum Beispiel: data.metadata.order_id. Mehrere mit | dazwischen: \
             das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde vuelve su número de pedido, por ejemplo: data.metadata.order_id. Varios separados por |: el \
             primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де повертається ваш номер замовлення, наприклад: data.metadata.order_id. Кілька через |: перше, яке \
             є. Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const TRANSACTION_PATH: Setting = Setting {
    key: "transaction_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the transaction",
        de: "Feld der Transaktion",
        es: "Campo de la transacción",
        uk: "Поле транзакції",
    },
    help: Said {
        en: "Where the sender names the payment or the refund itself, such as: data.id. Several with | between \
             them: the first that is there. Left empty: the usual names.",
        de: "Wo der Absender die Zahlung oder die Erstattung selbst nennt, zum Beispiel: data.id. Mehrere mit | \
             dazwischen: das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde el remitente nombra el pago o el reembolso mismo, por ejemplo: data.id. Varios separados por \
             |: el primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де відправник називає сам платіж або повернення, наприклад: data.id. Кілька через |: перше, яке є. \
             Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const PARENT_PATH: Setting = Setting {
    key: "parent_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the payment that is refunded or disputed",
        de: "Feld der Zahlung, die erstattet oder bestritten wird",
        es: "Campo del pago reembolsado o disputado",
        uk: "Поле платежу, який повертають або оскаржують",
    },
    help: Said {
        en: "Where a refund or a dispute names its payment, such as: data.payment_id. Several with | between \
             them: the first that is there. Left empty: the usual names.",
        de: "Wo eine Erstattung oder ein Streitfall seine Zahlung nennt, zum Beispiel: data.payment_id. Mehrere \
             mit | dazwischen: das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde un reembolso o una disputa nombra su pago, por ejemplo: data.payment_id. Varios separados por \
             |: el primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де повернення або спір називає свій платіж, наприклад: data.payment_id. Кілька через |: перше, яке \
             є. Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const AMOUNT_PATH: Setting = Setting {
    key: "amount_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the amount",
        de: "Feld des Betrags",
        es: "Campo del importe",
        uk: "Поле суми",
    },
    help: Said {
        en: "Where the amount stands, such as: data.amount. Several with | between them: the first that is there. \
             Left empty: the usual names.",
        de: "Wo der Betrag steht, zum Beispiel: data.amount. Mehrere mit | dazwischen: das erste, das da ist. \
             Leer heißt: die üblichen Namen.",
        es: "Dónde está el importe, por ejemplo: data.amount. Varios separados por |: el primero que exista. Si \
             se deja vacío: los nombres habituales.",
        uk: "Де стоїть сума, наприклад: data.amount. Кілька через |: перше, яке є. Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

const AMOUNT_UNITS: &[Choice] = &[
    Choice {
        word: "minor",
        label: Said {
            en: "Smallest units: 2599 is 25.99 EUR",
            de: "Kleinste Einheiten: 2599 sind 25,99 EUR",
            es: "Unidades menores: 2599 son 25,99 EUR",
            uk: "Найменші одиниці: 2599 — це 25,99 EUR",
        },
    },
    Choice {
        word: MAJOR,
        label: Said {
            en: "Whole units: 25.99 is 25.99 EUR",
            de: "Ganze Einheiten: 25.99 sind 25,99 EUR",
            es: "Unidades enteras: 25.99 son 25,99 EUR",
            uk: "Цілі одиниці: 25.99 — це 25,99 EUR",
        },
    },
];

pub(super) const AMOUNT_UNIT: Setting = Setting {
    key: "amount_unit",
    kind: SettingKind::Choice(AMOUNT_UNITS),
    required: false,
    label: Said {
        en: "Unit of amounts",
        de: "Einheit der Beträge",
        es: "Unidad de los importes",
        uk: "Одиниця сум",
    },
    help: Said {
        en: "How the sender writes amounts. The currency says how many smallest units a whole one has.",
        de: "Wie der Absender Beträge schreibt. Die Währung sagt, wie viele kleinste Einheiten eine ganze hat.",
        es: "Cómo escribe el remitente los importes. La moneda dice cuántas unidades menores tiene una entera.",
        uk: "Як відправник пише суми. Валюта каже, скільки найменших одиниць у цілій.",
    },
    sample: "",
    check: None,
};

pub(super) const CURRENCY_PATH: Setting = Setting {
    key: "currency_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the currency",
        de: "Feld der Währung",
        es: "Campo de la moneda",
        uk: "Поле валюти",
    },
    help: Said {
        en: "Where the currency stands, such as: data.currency. If messages never name one: =EUR. Several with | \
             between them: the first that is there. Left empty: the usual names.",
        de: "Wo die Währung steht, zum Beispiel: data.currency. Wenn Meldungen nie eine nennen: =EUR. Mehrere mit \
             | dazwischen: das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde está la moneda, por ejemplo: data.currency. Si los mensajes nunca la nombran: =EUR. Varios \
             separados por |: el primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де стоїть валюта, наприклад: data.currency. Якщо повідомлення ніколи її не називають: =EUR. Кілька \
             через |: перше, яке є. Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_currency),
};

pub(super) const SUBSCRIPTION_PATH: Setting = Setting {
    key: "subscription_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the subscription",
        de: "Feld des Abonnements",
        es: "Campo de la suscripción",
        uk: "Поле підписки",
    },
    help: Said {
        en: "Where the sender names the subscription, such as: data.subscription_id. Several with | between them: \
             the first that is there. Left empty: the usual names.",
        de: "Wo der Absender das Abonnement nennt, zum Beispiel: data.subscription_id. Mehrere mit | dazwischen: \
             das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde el remitente nombra la suscripción, por ejemplo: data.subscription_id. Varios separados por |: \
             el primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де відправник називає підписку, наприклад: data.subscription_id. Кілька через |: перше, яке є. Якщо \
             порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const TIME_PATH: Setting = Setting {
    key: "time_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the time",
        de: "Feld des Zeitpunkts",
        es: "Campo de la hora",
        uk: "Поле часу",
    },
    help: Said {
        en: "When it happened, as in 2026-11-03T20:26:10Z or in seconds since 1970, such as: timestamp. Several \
             with | between them: the first that is there. Left empty: the usual names.",
        de: "Wann es geschah, wie in 2026-11-03T20:26:10Z oder in Sekunden seit 1970, zum Beispiel: timestamp. \
             Mehrere mit | dazwischen: das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Cuándo ocurrió, como 2026-11-03T20:26:10Z o en segundos desde 1970, por ejemplo: timestamp. Varios \
             separados por |: el primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Коли це сталося, як 2026-11-03T20:26:10Z або в секундах від 1970 року, наприклад: timestamp. Кілька \
             через |: перше, яке є. Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const EMAIL_PATH: Setting = Setting {
    key: "email_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of the customer's mail address",
        de: "Feld der Mailadresse des Kunden",
        es: "Campo del correo del cliente",
        uk: "Поле поштової адреси покупця",
    },
    help: Said {
        en: "Where the customer's mail address stands, such as: data.customer.email. Several with | between them: \
             the first that is there. Left empty: the usual names.",
        de: "Wo die Mailadresse des Kunden steht, zum Beispiel: data.customer.email. Mehrere mit | dazwischen: \
             das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde está el correo del cliente, por ejemplo: data.customer.email. Varios separados por |: el \
             primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де стоїть поштова адреса покупця, наприклад: data.customer.email. Кілька через |: перше, яке є. Якщо \
             порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const CUSTOM_PATH: Setting = Setting {
    key: "custom_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Field of what your shop passes along",
        de: "Feld dessen, was Ihr Shop mitgibt",
        es: "Campo de lo que su tienda envía consigo",
        uk: "Поле того, що передає ваш магазин",
    },
    help: Said {
        en: "Where a text that your shop has passed along comes back, such as: data.custom. Several with | \
             between them: the first that is there. Left empty: the usual names.",
        de: "Wo ein Text zurückkommt, den Ihr Shop mitgegeben hat, zum Beispiel: data.custom. Mehrere mit | \
             dazwischen: das erste, das da ist. Leer heißt: die üblichen Namen.",
        es: "Dónde vuelve un texto que su tienda envió consigo, por ejemplo: data.custom. Varios separados por |: \
             el primero que exista. Si se deja vacío: los nombres habituales.",
        uk: "Де повертається текст, який передав ваш магазин, наприклад: data.custom. Кілька через |: перше, яке \
             є. Якщо порожньо: звичайні назви.",
    },
    sample: "",
    check: Some(is_path),
};

pub(super) const IDENTITY_PATH: Setting = Setting {
    key: "identity_path",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "Fields that tell news apart",
        de: "Felder, die Neues unterscheiden",
        es: "Campos que distinguen las novedades",
        uk: "Поля, що розрізняють новини",
    },
    help: Said {
        en: "Two messages of one type count once if all these fields are the same, such as: data.id, data.status. \
             They must be the same when a message is sent again. Left empty: the id that the sender gives each \
             message, or what it is about.",
        de: "Zwei Meldungen einer Art zählen einmal, wenn alle diese Felder gleich sind, zum Beispiel: data.id, \
             data.status. Sie müssen gleich bleiben, wenn eine Meldung noch einmal kommt. Leer heißt: die \
             Kennung, die der Absender jeder Meldung gibt, oder das, wovon sie handelt.",
        es: "Dos mensajes de un tipo cuentan una vez si todos estos campos son iguales, por ejemplo: data.id, \
             data.status. Deben ser iguales cuando un mensaje se envía de nuevo. Si se deja vacío: el \
             identificador que el remitente da a cada mensaje, o aquello de lo que trata.",
        uk: "Два повідомлення одного виду рахуються один раз, якщо всі ці поля однакові, наприклад: data.id, \
             data.status. Вони мають бути однакові, коли повідомлення надходить знову. Якщо порожньо: позначка, \
             яку відправник дає кожному повідомленню, або те, про що воно.",
    },
    sample: "",
    check: Some(are_paths),
};

pub(super) const TEST_WHEN: Setting = Setting {
    key: "test_when",
    kind: SettingKind::Text,
    required: false,
    label: Said {
        en: "How to tell a test",
        de: "Woran ein Test zu erkennen ist",
        es: "Cómo se reconoce una prueba",
        uk: "Як розпізнати пробу",
    },
    help: Said {
        en: "The field and the value that only test messages have, such as: data.livemode = false. Left empty: \
             messages do not say it, and the account's environment counts.",
        de: "Das Feld und der Wert, die nur Testmeldungen haben, zum Beispiel: data.livemode = false. Leer heißt: \
             Meldungen sagen es nicht, und die Umgebung des Kontos gilt.",
        es: "El campo y el valor que solo tienen los mensajes de prueba, por ejemplo: data.livemode = false. Si \
             se deja vacío: los mensajes no lo dicen y vale el entorno de la cuenta.",
        uk: "Поле і значення, які мають лише пробні повідомлення, наприклад: data.livemode = false. Якщо \
             порожньо: повідомлення цього не кажуть, і діє середовище рахунку.",
    },
    sample: "",
    check: Some(is_comparison),
};

/// The place of a value, or several to be tried.
fn is_path(text: &str) -> Result<(), SettingFault> {
    Path::parse(text).map(|_| ()).map_err(SettingFault::Malformed)
}

/// A path, or a currency that all amounts are in.
fn is_currency(text: &str) -> Result<(), SettingFault> {
    match text.strip_prefix('=') {
        Some(code) if amount::currency(code.trim()).is_ok() => Ok(()),
        Some(code) => Err(SettingFault::Malformed(format!("“{code}” is no currency"))),
        None => is_path(text),
    }
}

/// Paths with commas between them, none of them empty.
fn are_paths(text: &str) -> Result<(), SettingFault> {
    text.split(',').try_for_each(|path| is_path(path.trim()))
}

/// A path, and the word that stands there.
fn is_comparison(text: &str) -> Result<(), SettingFault> {
    match text.split_once('=') {
        Some((path, word)) if !word.trim().is_empty() => is_path(path.trim()),
        _ => Err(SettingFault::Malformed("field = value".to_owned())),
    }
}

/// Secrets whose Base64 can be read. An empty one is passed over when a message is checked, like an empty line.
fn are_secrets(text: &str) -> Result<(), SettingFault> {
    let fault = || SettingFault::Malformed("whsec_ and Base64".to_owned());
    let is_good = |line: &str| super::key_bytes(super::SECRET_PREFIX, line).is_some();
    if text.lines().map(str::trim).all(is_good) { Ok(()) } else { Err(fault()) }
}

fn are_public_keys(text: &str) -> Result<(), SettingFault> {
    let fault = || SettingFault::Malformed("whpk_ and the Base64 of 32 bytes".to_owned());
    let is_good = |key: &str| super::public_key(key).is_ok();
    let mut keys = text.split(['\n', ',']).map(str::trim).filter(|key| !key.is_empty());
    if keys.all(is_good) { Ok(()) } else { Err(fault()) }
}
