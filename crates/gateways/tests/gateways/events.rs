//! Events to be told: one of every kind, and random ones.

use ipnd_core::{Currency, Customer, Environment, Event, EventKind, Money};
use jiff::Timestamp;
use proptest::prelude::*;

/// When the tests take place. Of no meaning, but all dates lie before it.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// Currencies with two, none and three places, and those about which gateways disagree with ISO 4217.
const CURRENCIES: [&str; 10] = ["EUR", "USD", "UAH", "BRL", "GBP", "JPY", "KWD", "ISK", "CLP", "HUF"];

/// An ordinary event of this kind.
pub(crate) fn ordinary(kind: EventKind, code: &str) -> Event {
    told(kind, code, 2599, "A-1001", "T1001", Some("Jörg Müller"))
}

fn told(kind: EventKind, code: &str, units: i128, order: &str, name: &str, person: Option<&str>) -> Event {
    let currency = Currency::from_code(code).unwrap();
    let word = kind.word();
    let is_subscription = word.starts_with("subscription.") || word.starts_with("agreement.");
    Event {
        occurred_at: Some(Timestamp::constant(1_789_999_000, 0)),
        order_ref: (!word.starts_with("payout.")).then(|| order.to_owned()),
        transaction: (!is_subscription).then(|| format!("{name}x")),
        parent: word.starts_with("refund.").then(|| name.to_owned()),
        subscription: is_subscription.then(|| format!("S{name}")),
        case: word.starts_with("dispute.").then(|| format!("C{name}")),
        amount: Some(Money::from_minor(units, currency)),
        customer: Customer {
            name: person.map(str::to_owned),
            email: person.map(|_| "buyer@example.com".to_owned()),
            ..Customer::default()
        },
        ..Event::new(kind, format!("{word}/{name}"), Environment::Sandbox)
    }
}

/// Events as a shop might see them, of these kinds.
pub(crate) fn some(kinds: &'static [EventKind]) -> impl Strategy<Value = Event> {
    let people = prop::option::of(prop::sample::select(vec![
        "Ada Example",
        "Jörg Müller",
        "Олена Приклад",
        "O'Neil; & Co",
    ]));
    let parts = (
        prop::sample::select(kinds),
        prop::sample::select(CURRENCIES.to_vec()),
        1_i128..10_000_000,
        "[A-Za-z0-9][A-Za-z0-9_:/.-]{0,24}",
        "[A-Za-z0-9]{6,20}",
        people,
        any::<bool>(),
    );
    parts.prop_map(|(kind, code, units, order, name, person, renews)| {
        let mut event = told(kind, code, units, &order, &name, person);
        if kind == EventKind::PaymentCompleted && renews {
            event.subscription = Some(format!("S{name}"));
        }
        if kind.word().starts_with("dispute.") || kind.word().starts_with("reversal.") {
            event.parent = Some(name);
        }
        event
    })
}
