//! Paddle (Paddle Billing) sells in its own name for a shop and tells it by *notifications* what happened to
//! transactions, adjustments (refunds and chargebacks) and subscriptions. Paddle Classic is another gateway.
//!
//! ## Setting it up
//!
//! 1. In Paddle's dashboard open *Developer tools*, *Notifications* and add a *New destination* of the type *URL*.
//! 2. Paste the intake address that ipnd shows for this account.
//! 3. Choose these events, or all of them: `transaction.*`, `adjustment.*`, `subscription.*`.
//! 4. Open the destination, copy its *secret key* (`pdl_ntfset_...`) and paste it here. Sandbox and live are two
//!    separate Paddle accounts: make an account in ipnd for each.
//! 5. Pass your order number to the checkout in its custom data, under the key `order`:
//!    `Paddle.Checkout.open({ items: ..., customData: { order: "A-1001" } })`. Without it the transaction's own id
//!    (`txn_...`) is taken for the order number, which suits shops that create transactions through Paddle's API.
//!
//! ## What it sends
//!
//! | message | event here |
//! |---|---|
//! | `transaction.billed` (an invoice was issued) | `payment.ordered` |
//! | `transaction.paid` | `payment.pending`: the money is there, Paddle still works on the transaction |
//! | `transaction.completed` | `payment.completed`, with `subscription` set where it belongs to one |
//! | `transaction.payment_failed` | `payment.failed`; for a renewal `subscription.payment_failed` |
//! | `transaction.canceled` | `payment.failed` |
//! | `transaction.past_due`, `subscription.past_due` | `subscription.payment_failed` |
//! | `adjustment.*`, a refund that is approved | `refund.completed`; `refund.failed` when it is reversed later |
//! | `adjustment.*`, a chargeback that is approved | `reversal.made` and `dispute.opened` |
//! | `adjustment.*`, a chargeback that is reversed | `reversal.cancelled` and `dispute.won` |
//! | `subscription.created`, `subscription.trialing` | `subscription.started` |
//! | `subscription.activated`, `.updated`, `.resumed` | `subscription.modified` |
//! | `subscription.updated` with a cancellation planned | `subscription.cancelled` |
//! | `subscription.paused` | `subscription.suspended` |
//! | `subscription.canceled` | `subscription.cancelled` and `subscription.ended`, because it takes effect at once |
//!
//! Everything else is kept and has no effect, among it refunds that wait for Paddle's approval or are rejected,
//! credits on invoices, and warnings of chargebacks.
//!
//! ## How it signs
//!
//! `Paddle-Signature: ts=SECONDS;h1=HEX[;h1=HEX]`: HMAC-SHA256 over `ts`, a colon and the body, with the whole text of
//! the secret key. One `h1` that fits is enough, because Paddle sends two while a secret is being changed. A signature
//! may be five seconds old, as in Paddle's own libraries, unless the account allows more; for clocks that are slow it
//! may be five minutes early.
//!
//! ## What it expects back
//!
//! Status 200 within five seconds. The text of the reply does not matter.
//!
//! ## Retries
//!
//! Up to 60 times within three days, the first after a minute and then with slowly growing pauses; in the sandbox three
//! times within a quarter of an hour. Each attempt has a new signature.
//!
//! ## Quirks
//!
//! * Amounts are whole numbers of the smallest unit, written as text.
//! * Nothing comes in order, and `transaction.paid` and `transaction.completed` tell of the same money.
//! * There are no messages about refunds as such: refunds and chargebacks are adjustments, and what counts is that
//!   one has been approved. No message says that a dispute was lost; the money just stays away.
//! * Transactions of nothing come when a trial begins or a card is changed. They are passed over.
//! * Transactions name the customer only by Paddle's own number, so no name and no mail address is known.
//! * No message says whether it is a test: live and sandbox differ by their secrets.
//!
//! ## Sources
//!
//! Paddle's documentation of webhooks, signatures and event types; the official libraries for Node and Python; read
//! in November 2026.

mod read;
mod write;

use crate::kit::mac::{self, Algorithm, Encoding, Mac};
use crate::kit::reply;
use crate::kit::signed_time::Window;
use crate::kit::verified::Verified;
use crate::{
    Covers, Gateway, Proof, RawRequest, Received, Repeats, Said, Setting, SettingFault, SettingKind,
    Settings, Wants,
};
use ipnd_core::{EventKind, Reason};
use jiff::Timestamp;

pub(crate) const GATEWAY: Gateway = Gateway {
    id: "paddle",
    name: "Paddle",
    family: "paddle",
    proof: Proof::Strong,
    covers: Covers::Body,
    documentation: include_str!("mod.rs"),
    settings: SETTINGS,
    receivers: None,
    tells: TELLS,
    // Sixty in truth; these lie as Paddle's do: from a minute on, each pause a little longer, three days in all.
    retries: &[60, 66, 73, 80, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 57_600, 57_600],
    repeats: Repeats::AreCopies,
    receive,
    resume: None,
    reply: reply::empty,
    wants: Wants::Status(&[200]),
    compose: write::compose,
    answer: None,
    checkout: None,
};

const TELLS: &[EventKind] = &[
    EventKind::PaymentOrdered,
    EventKind::PaymentPending,
    EventKind::PaymentCompleted,
    EventKind::PaymentFailed,
    EventKind::RefundCompleted,
    EventKind::RefundFailed,
    EventKind::ReversalMade,
    EventKind::ReversalCancelled,
    EventKind::DisputeOpened,
    EventKind::DisputeWon,
    EventKind::SubscriptionStarted,
    EventKind::SubscriptionModified,
    EventKind::SubscriptionPaymentFailed,
    EventKind::SubscriptionSuspended,
    EventKind::SubscriptionCancelled,
    EventKind::SubscriptionEnded,
];

const SETTINGS: &[Setting] = &[
    Setting {
        key: "secret_key",
        kind: SettingKind::Secrets,
        required: true,
        label: Said {
            en: "Secret key of the destination",
            de: "Geheimer Schlüssel des Ziels",
            es: "Clave secreta del destino",
            uk: "Секретний ключ адреси призначення",
        },
        help: Said {
            en: "Paddle shows it at the notification destination (pdl_ntfset_...). While you change it, enter both, \
                 one a line.",
            de: "Paddle zeigt ihn beim Benachrichtigungsziel (pdl_ntfset_...). Während Sie ihn wechseln, tragen Sie \
                 beide ein, einen pro Zeile.",
            es: "Paddle la muestra en el destino de notificaciones (pdl_ntfset_...). Mientras la cambia, escriba las \
                 dos, una por línea.",
            uk: "Paddle показує його біля адреси сповіщень (pdl_ntfset_...). Під час заміни впишіть обидва, по одному \
                 в рядку.",
        },
        sample: "pdl_ntfset_sandbox_of_ipnd_nobodys_secret",
        check: None,
    },
    Setting {
        key: "order_key",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "Key of the order number in the custom data",
            de: "Schlüssel der Bestellnummer in den eigenen Daten",
            es: "Clave del número de pedido en los datos propios",
            uk: "Ключ номера замовлення у власних даних",
        },
        help: Said {
            en: "Under which key your shop puts the order number into Paddle's custom data. Left empty: order.",
            de: "Unter welchem Schlüssel Ihr Shop die Bestellnummer in die „custom data“ von Paddle schreibt. Leer \
                 heißt: order.",
            es: "Con qué clave su tienda pone el número de pedido en los datos propios (custom data) de Paddle. Si \
                 se deja vacía: order.",
            uk: "Під яким ключем ваш магазин записує номер замовлення у власні дані (custom data) Paddle. Якщо \
                 порожньо: order.",
        },
        sample: "",
        check: None,
    },
    Setting {
        key: "tolerance_seconds",
        kind: SettingKind::Text,
        required: false,
        label: Said {
            en: "How old a message may be, in seconds",
            de: "Wie alt eine Meldung sein darf, in Sekunden",
            es: "Antigüedad permitida de un mensaje, en segundos",
            uk: "Наскільки старим може бути повідомлення, у секундах",
        },
        help: Said {
            en: "From 5 to 600. Left empty: 5, as in Paddle's own libraries. Choose more only if this server's clock \
                 cannot be kept exact and genuine messages are refused as too old.",
            de: "Von 5 bis 600. Leer heißt: 5, wie in den Bibliotheken von Paddle. Wählen Sie nur dann mehr, wenn die \
                 Uhr dieses Servers nicht genau geht und echte Meldungen als zu alt abgelehnt werden.",
            es: "De 5 a 600. Si se deja vacío: 5, como en las bibliotecas de Paddle. Elija más solo si el reloj de \
                 este servidor no puede ser exacto y se rechazan mensajes auténticos por antiguos.",
            uk: "Від 5 до 600. Якщо порожньо: 5, як у бібліотеках Paddle. Більше обирайте лише тоді, коли годинник \
                 цього сервера неточний і справжні повідомлення відхиляються як застарілі.",
        },
        sample: "",
        check: Some(is_tolerance),
    },
];

/// Seconds that Paddle's own libraries allow.
const TOLERANCE_S: i64 = 5;

/// Seconds that an account may allow at most, the hard limit of the threat model.
const TOLERANCE_S_MAX: i64 = 600;

/// How far ahead of ours Paddle's clock may be. Its libraries do not look at that side at all.
const FUTURE_S: i64 = 300;

fn is_tolerance(text: &str) -> Result<(), SettingFault> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|seconds| (TOLERANCE_S..=TOLERANCE_S_MAX).contains(seconds));
    match seconds {
        Some(_) if is_plain => Ok(()),
        _ => Err(SettingFault::Malformed(format!("a number from {TOLERANCE_S} to {TOLERANCE_S_MAX}"))),
    }
}

const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

fn order_key(settings: &Settings) -> &str {
    settings.get("order_key").unwrap_or("order")
}

fn receive(request: &RawRequest, settings: &Settings, now: Timestamp) -> Received {
    match verify(request, settings, now) {
        Ok(verified) => Received::Proven(read::interpret(verified, settings)),
        Err(reason) => Received::Refused(reason),
    }
}

fn verify<'a>(request: &'a RawRequest, settings: &Settings, now: Timestamp) -> Result<Verified<'a>, Reason> {
    request.must_be_posted()?;
    let header = request.only_header("paddle-signature")?;
    let named =
        |name: &'static str| mac::parts(header, ';').filter(move |part| part.0 == name).map(|part| part.1);
    let mut times = named("ts");
    let (Some(signed_at), None) = (times.next(), times.next()) else {
        return Err(Reason::new("timestamp_missing", "paddle-signature"));
    };
    let text: [&[u8]; 3] = [signed_at.as_bytes(), b":", &request.body];
    let verified = MAC.verify_any(request, settings.secrets("secret_key"), &text, named("h1"))?;
    let past_s = settings.get("tolerance_seconds").and_then(|text| text.parse().ok()).unwrap_or(TOLERANCE_S);
    Window { past_s, future_s: FUTURE_S }.check(signed_at, now)?;
    Ok(verified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Environment, Event, Money};
    use std::collections::BTreeMap;

    fn settings(tolerance: Option<&str>) -> Settings {
        let mut values = BTreeMap::from([("secret_key".to_owned(), "pdl_ntfset_test".to_owned())]);
        values.extend(tolerance.map(|text| ("tolerance_seconds".to_owned(), text.to_owned())));
        Settings::check(SETTINGS, Environment::Sandbox, values).unwrap()
    }

    #[test]
    fn the_window_is_as_wide_as_the_account_says_and_bounded_on_both_sides() {
        let signed_at = Timestamp::from_second(1_790_000_000).unwrap();
        let mut event = Event::new(EventKind::PaymentCompleted, "x", Environment::Sandbox);
        event.amount = Some(Money::from_minor(100, crate::kit::amount::currency("EUR").unwrap()));
        let request = (GATEWAY.compose)(&event, &settings(None), signed_at).unwrap();
        let code = |tolerance: Option<&str>, seconds: i64| {
            let now = Timestamp::from_second(signed_at.as_second() + seconds).unwrap();
            match receive(&request, &settings(tolerance), now) {
                Received::Refused(reason) => reason.code,
                _ => "accepted".to_owned(),
            }
        };
        for (tolerance, past) in [(None, 5), (Some("5"), 5), (Some("60"), 60), (Some("600"), 600)] {
            assert_eq!(code(tolerance, past), "accepted");
            assert_eq!(code(tolerance, past + 1), "timestamp_stale");
            assert_eq!(code(tolerance, -300), "accepted");
            assert_eq!(code(tolerance, -301), "timestamp_future");
        }
    }

    #[test]
    fn a_tolerance_is_a_plain_number_in_its_bounds() {
        for text in ["5", "10", "600"] {
            assert!(is_tolerance(text).is_ok(), "{text}");
        }
        for text in ["", "0", "4", "601", "+10", "-5", "5.0", "5 s", "٥", "99999999999999999999"] {
            assert!(is_tolerance(text).is_err(), "{text}");
        }
    }
}
