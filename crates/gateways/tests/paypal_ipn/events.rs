//! Generated events: in PayPal's own power of expression, and beyond it.

use ipnd_core::{Currency, Customer, Environment, Event, EventItem, EventKind, Money};
use jiff::Timestamp;
use proptest::option::of as maybe;
use proptest::prelude::*;

/// What events are made of, in forms that PayPal can say.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) kind: EventKind,
    environment: Environment,
    at: Timestamp,
    later: Timestamp,
    id: String,
    track: String,
    parent: Option<String>,
    money: Money,
    fee: Option<i64>,
    receivers: Vec<String>,
    customer: Customer,
    items: Vec<(Option<String>, String, u32, Option<i64>)>,
    subscription: Option<String>,
    case: Option<String>,
    word: Option<String>,
    order_ref: Option<String>,
    custom: Option<String>,
    note: Option<String>,
    profile: bool,
}

/// Any text a person could write, several scripts and all that means something in a form included.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9äöüéßñ€ЧайКиїв购买&=%+;/?#'\"<>@._-]{1,12}( [A-Za-z0-9äЧ购&=%+._-]{1,8}){0,2}"
}

fn line() -> impl Strategy<Value = String> {
    "[A-Za-zäЧ][A-Za-z0-9äЧ购&=%+,._-]{0,10}( [A-Za-z0-9äЧ,.]{1,6}){0,2}"
}

fn id() -> impl Strategy<Value = String> {
    "[0-9A-Z]{17}"
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![Just("echeck"), Just("refund"), Just("buyer_complaint"), Just("paymentreview"), Just("other")]
        .prop_map(str::to_owned)
}

fn second() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn customer() -> impl Strategy<Value = Customer> {
    let address = prop_oneof![
        proptest::collection::vec(line(), 0..6),
        Just(vec!["Mia Muster".into(), "Weg 1".into(), "10115 Berlin".into(), "Germany".into()]),
        Just(vec![
            "Alex".into(),
            "1 Main St".into(),
            "Apt 2".into(),
            "San Jose, CA 95131".into(),
            "USA".into()
        ]),
    ];
    (text(), maybe("[a-z]{1,8}@example\\.com"), maybe("[0-9 ]{3,12}"), address, maybe("[A-Z]{2}")).prop_map(
        |(name, email, phone, address, country)| Customer {
            name: Some(name),
            email,
            phone,
            address,
            country,
        },
    )
}

fn receivers() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        Just(vec!["MERCHANT12345".to_owned()]),
        Just(vec!["shop@example.com".to_owned()]),
        Just(vec!["MERCHANT12345".to_owned(), "Shop@Example.com".to_owned()]),
        Just(vec!["MERCHANT12345".to_owned(), "a@example.com".to_owned(), "b@example.com".to_owned()]),
    ]
}

fn money() -> impl Strategy<Value = Money> {
    let code = prop_oneof![Just("EUR"), Just("USD"), Just("JPY"), Just("KWD"), Just("HUF")];
    (1_i64..10_000_000_000, code)
        .prop_map(|(minor, code)| Money::from_minor(minor.into(), Currency::from_code(code).unwrap()))
}

/// PayPal has no message for these.
pub(crate) const UNTOLD: &[EventKind] = &[
    EventKind::PaymentUnderpaid,
    EventKind::RefundPending,
    EventKind::RefundFailed,
    EventKind::DisputeUpdated,
];

/// The kinds that PayPal has a message for.
pub(crate) fn told() -> Vec<EventKind> {
    EventKind::ALL.iter().copied().filter(|kind| !UNTOLD.contains(kind)).collect()
}

pub(crate) fn parts() -> impl Strategy<Value = Parts> {
    let environment = prop_oneof![Just(Environment::Live), Just(Environment::Sandbox)];
    let items = proptest::collection::vec((maybe(text()), text(), 0_u32..100, maybe(0_i64..100_000)), 0..4);
    let whole = (proptest::sample::select(told()), environment, second(), second(), any::<bool>());
    let names = (id(), "[0-9a-f]{13}", maybe(id()), maybe("[IB]-[0-9A-Z]{12}"), maybe("PP-D-[0-9]{5}"));
    let texts = (maybe(word()), maybe(text()), maybe(text()), maybe(text()));
    (whole, names, texts, money(), maybe(-5_000_i64..5_000), receivers(), customer(), items).prop_map(
        |(whole, names, texts, money, fee, receivers, customer, items)| {
            let (kind, environment, at, later, profile) = whole;
            let (id, track, parent, subscription, case) = names;
            let (word, order_ref, custom, note) = texts;
            Parts {
                kind,
                environment,
                at,
                later,
                id,
                track,
                parent,
                money,
                fee,
                receivers,
                customer,
                items,
                subscription,
                case,
                word,
                order_ref,
                custom,
                note,
                profile,
            }
        },
    )
}

impl Parts {
    /// An event of these parts, as PayPal would tell it.
    pub(crate) fn event(&self) -> Event {
        use EventKind::*;
        match self.kind {
            kind if kind.is_payment() => self.payment(),
            RefundCompleted | ReversalMade | ReversalCancelled => self.money_back(),
            DisputeOpened => self.dispute(),
            DisputeWon | DisputeLost => self.adjustment(),
            AgreementStarted | AgreementCancelled => self.agreement(),
            PayoutPending | PayoutCompleted | PayoutFailed => self.payout(),
            _ => self.subscription_event(),
        }
    }

    fn items(&self) -> Vec<EventItem> {
        let item = |(sku, name, quantity, amount): &(Option<String>, String, u32, Option<i64>)| EventItem {
            sku: sku.clone(),
            name: name.clone(),
            quantity: *quantity,
            amount: amount.map(|minor| Money::from_minor(minor.into(), self.money.currency())),
        };
        self.items.iter().map(item).collect()
    }

    /// Without an amount of the whole there is no currency, and no amount of a line.
    fn items_without_amounts(&self) -> Vec<EventItem> {
        self.items().into_iter().map(|item| EventItem { amount: None, ..item }).collect()
    }

    fn base(&self, identity: String) -> Event {
        Event {
            // The pass-through value is the reference where there is no other.
            order_ref: self.order_ref.clone().or(self.custom.clone()),
            receivers: self.receivers.clone(),
            customer: self.customer.clone(),
            items: self.items(),
            custom: self.custom.clone(),
            ..Event::new(self.kind, identity, self.environment)
        }
    }

    fn fee(&self) -> Option<Money> {
        self.fee.map(|minor| Money::from_minor(minor.into(), self.money.currency()))
    }

    fn payment(&self) -> Event {
        use EventKind::*;
        let (state, status, reason) = match self.kind {
            PaymentAuthorized => ("authorized", "Pending", Some("authorization".to_owned())),
            PaymentOrdered => ("ordered", "Pending", Some("order".to_owned())),
            PaymentPending if self.profile => ("pending", "Processed", self.word.clone()),
            PaymentPending => ("pending", "Pending", self.word.clone()),
            PaymentDenied => ("denied", "Denied", self.word.clone()),
            PaymentFailed => ("failed", "Failed", self.word.clone()),
            PaymentVoided => ("voided", "Voided", self.word.clone()),
            PaymentExpired => ("expired", "Expired", self.word.clone()),
            _ => ("completed", "Completed", self.word.clone()),
        };
        let mut identity = format!("payment/{}/{state}", self.id);
        if let (PaymentPending, Some(reason)) = (self.kind, &reason) {
            identity = format!("{identity}/{reason}");
        }
        let mut event = Event {
            occurred_at: Some(self.at),
            transaction: Some(self.id.clone()),
            parent: self.parent.clone(),
            amount: Some(self.money),
            fee: self.fee(),
            subscription: self.subscription.clone(),
            case: self.case.clone(),
            status: Some(status.to_owned()),
            reason,
            note: self.note.clone(),
            ..self.base(identity)
        };
        if let ([item], true) = (event.items.as_mut_slice(), self.profile) {
            item.amount = Some(self.money); // a single purchase
        }
        event
    }

    fn money_back(&self) -> Event {
        let (word, status) = match self.kind {
            EventKind::RefundCompleted => ("refund", "Refunded"),
            EventKind::ReversalMade => ("reversal", "Reversed"),
            _ => ("reversal_cancelled", "Canceled_Reversal"),
        };
        Event {
            identity: format!("{word}/{}", self.id),
            status: Some(status.to_owned()),
            reason: self.word.clone(),
            ..self.payment()
        }
    }

    fn dispute(&self) -> Event {
        let case = self.case.clone().unwrap_or("PP-1".to_owned());
        let reason = self.word.clone().map(|word| format!("/{word}")).unwrap_or_default();
        Event {
            items: self.items_without_amounts(),
            occurred_at: Some(self.at),
            parent: self.parent.clone(),
            status: Some("chargeback".to_owned()),
            reason: self.word.clone(),
            case: Some(case.clone()),
            ..self.base(format!("dispute/{case}/opened/chargeback{reason}"))
        }
    }

    fn adjustment(&self) -> Event {
        Event {
            occurred_at: Some(self.at),
            transaction: Some(self.id.clone()),
            parent: self.parent.clone(),
            amount: Some(self.money),
            fee: self.fee(),
            case: self.case.clone(),
            status: Some("Completed".to_owned()),
            reason: self.word.clone(),
            customer: Customer::default(),
            items: Vec::new(),
            ..self.base(format!("adjustment/{}", self.id))
        }
    }

    fn agreement(&self) -> Event {
        let state = if self.kind == EventKind::AgreementStarted { "started" } else { "cancelled" };
        Event {
            order_ref: self.order_ref.clone(),
            subscription: Some(self.id.clone()),
            items: Vec::new(),
            ..self.base(format!("agreement/{}/{state}", self.id))
        }
    }

    /// A button's subscription, or a recurring profile, which has a status and words of its own.
    fn subscription_event(&self) -> Event {
        use EventKind::*;
        let profile = match self.kind {
            SubscriptionPaymentSkipped | SubscriptionSuspended => true,
            SubscriptionModified => false,
            _ => self.profile,
        };
        let (state, at) = match self.kind {
            SubscriptionStarted => ("started".to_owned(), Some(self.at)),
            SubscriptionModified => (format!("modified/{}", self.later), Some(self.at)),
            SubscriptionCancelled => ("cancelled".to_owned(), (!profile).then_some(self.at)),
            SubscriptionEnded => ("ended".to_owned(), None),
            SubscriptionPaymentFailed if !profile => (format!("payment_failed/{}", self.later), None),
            SubscriptionPaymentFailed => (format!("payment_failed/{}/{}", self.later, self.track), None),
            SubscriptionPaymentSkipped => (format!("payment_skipped/{}", self.track), None),
            _ => (format!("suspended/{}", self.track), None),
        };
        Event {
            items: self.items_without_amounts(),
            occurred_at: at,
            subscription: Some(self.id.clone()),
            status: profile.then(|| "Active".to_owned()),
            ..self.base(format!("subscription/{}/{state}", self.id))
        }
    }

    fn payout(&self) -> Event {
        let (state, status) = match self.kind {
            EventKind::PayoutCompleted => ("completed", "Completed"),
            EventKind::PayoutPending => ("pending", "Pending"),
            _ => ("failed", "Returned"),
        };
        let transaction = self.parent.clone();
        let own_id = if transaction.is_none() { Some(self.track.clone()) } else { self.custom.clone() };
        let id = transaction.clone().unwrap_or_else(|| format!("{}@{}", self.track, self.at));
        Event {
            occurred_at: Some(self.at),
            transaction,
            amount: Some(self.money),
            fee: self.fee(),
            receivers: self.receivers.iter().take(1).cloned().collect(),
            status: Some(status.to_owned()),
            reason: self.word.clone(),
            custom: own_id,
            ..Event::new(self.kind, format!("payout/{id}/{state}"), self.environment)
        }
    }
}

/// An event of any texts at all, as another gateway could tell it.
pub(crate) fn wild() -> impl Strategy<Value = Event> {
    // A byte order mark is not text; decoding drops it.
    let text = || maybe("[^\u{feff}]{0,12}");
    let texts = proptest::collection::vec(text(), 14);
    let lists = (
        proptest::collection::vec("[^\u{feff}]{0,8}", 0..4),
        proptest::collection::vec("[^\u{feff}]{0,8}", 0..7),
        proptest::collection::vec((text(), "[^\u{feff}]{0,6}", any::<u32>(), maybe(-500_i64..500)), 0..4),
    );
    (parts(), texts, lists, maybe(second()), maybe(money())).prop_map(
        |(parts, mut texts, (receivers, address, items), at, amount)| {
            let mut text = || texts.pop().flatten();
            Event {
                occurred_at: at,
                order_ref: text(),
                transaction: text(),
                parent: text(),
                amount: amount.map(Money::negated),
                fee: parts.fee(),
                receivers,
                customer: Customer { name: text(), email: text(), phone: text(), address, country: text() },
                items: items
                    .into_iter()
                    .map(|(sku, name, quantity, amount)| EventItem {
                        sku,
                        name,
                        quantity,
                        amount: amount.map(|minor| Money::from_minor(minor.into(), parts.money.currency())),
                    })
                    .collect(),
                subscription: text(),
                case: text(),
                status: text(),
                reason: text(),
                custom: text(),
                note: text(),
                ..Event::new(parts.kind, text().unwrap_or_default(), parts.environment)
            }
        },
    )
}
