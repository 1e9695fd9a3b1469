//! What an owner has said about a sender, as a table that reads and writes its messages.

use super::settings;
use super::types::{self, Meaning};
use crate::Settings;
use crate::kit::json::Json;
use crate::kit::mapping::{Clock, CurrencyAt, Mapping, Meaning as Word, Path, TestFlag, Unit};
use crate::kit::{amount, identity, time};
use ipnd_core::{Event, EventKind, Money, Reason};
use jiff::Timestamp;

/// Where things stand that the owner has named no place for.
const TYPE: &str = "type|event_type|event";
const ORDER: &str = "data.order_id|data.order|data.reference|data.metadata.order_id|order_id|order|reference|metadata.order_id";
const TRANSACTION: &str = "data.id|data.payment_id|data.transaction_id|payment_id|transaction_id";
const PARENT: &str = "data.payment_id|data.payment.id|data.charge_id|payment_id";
const AMOUNT: &str = "data.amount|amount";
const CURRENCY: &str = "data.currency|currency";
const SUBSCRIPTION: &str = "data.subscription_id|data.subscription.id|subscription_id";
const TIME: &str = "timestamp|created_at|data.created_at";
const EMAIL: &str = "data.customer.email|data.customer_email|data.email|customer.email|email";
const CUSTOM: &str = "data.custom|custom";

/// Where things stand for which there is no setting.
const NAME: &str = "data.customer.name|data.customer_name|customer.name";
const STATUS: &str = "data.status|status";
const REASON: &str = "data.reason|data.failure_reason|data.failure_code|reason";
const CASE: &str = "data.dispute_id|data.case_id|dispute_id|case_id";

/// An account's description of its sender.
#[derive(Clone, Copy)]
pub(super) struct Description<'s> {
    pub(super) settings: &'s Settings,
}

/// What belongs to a subscription and not to a payment of it.
fn is_of_subscription(kind: EventKind) -> bool {
    kind.word().starts_with("subscription.")
}

impl Description<'_> {
    /// Whether the owner has said that it fits.
    pub(super) fn is_confirmed(self) -> bool {
        self.settings.get(settings::MAPPING.key) == Some(settings::APPLY)
    }

    /// What a message says. `message_id` is the same over all attempts to deliver it.
    pub(super) fn read(self, content: &Json<'_>, message_id: &str) -> Result<Event, Reason> {
        if !self.is_confirmed() {
            return Err(Reason::new("nothing_to_do", "nobody has confirmed what its types mean"));
        }
        let kind_at = self.path(settings::TYPE_PATH.key, TYPE)?;
        let word = kind_at.find(content).ok_or_else(|| Reason::new("field_missing", kind_at.to_string()))?;
        let (kind, is_total) = match types::meaning(self.table(), word) {
            Meaning::Event { kind, is_total } => (kind, is_total),
            Meaning::Nothing => return Err(Reason::new("nothing_to_do", word)),
            Meaning::Test => return Err(Reason::new("test_message", word)),
            Meaning::Unknown => return Err(Reason::new("unknown_type", word)),
        };
        let mapping = self.mapping(kind, is_total, word)?;
        let mut events = mapping.read(content, self.settings.environment)?;
        let event = events.pop().ok_or_else(|| Reason::new("nothing_to_do", word))?;
        if kind.is_payment() && event.transaction.is_none() {
            return Err(Reason::new("transaction_missing", ""));
        }
        let at = mapping.occurred_at.as_ref().and_then(|(path, _)| path.find(content));
        Ok(Event {
            occurred_at: event.occurred_at.or_else(|| at.and_then(since_1970)),
            identity: self.identity(&event, message_id),
            ..event
        })
    }

    /// The sender's own id tells messages apart, unless the owner has named fields that do. A sum that has grown is
    /// news whatever else has stayed the same.
    fn identity(self, event: &Event, message_id: &str) -> String {
        if self.settings.get(settings::IDENTITY_PATH.key).is_some() {
            return event.identity.clone();
        }
        let sum = event.amount.filter(|_| event.amount_is_total).map(Money::decimal);
        let parts: Vec<&str> = std::iter::once(message_id).chain(sum.as_deref()).collect();
        identity::of(event.kind, &parts)
    }

    /// The message that says this.
    pub(super) fn write(self, event: &Event, fresh: &str, now: Timestamp) -> Result<Json<'static>, String> {
        let wanted = Meaning::Event { kind: event.kind, is_total: event.amount_is_total };
        let word = types::types_for(self.table(), event.kind)
            .find(|word| types::meaning(self.table(), word) == wanted)
            .ok_or_else(|| event.kind.word().to_owned())?;
        let mapping =
            self.mapping(event.kind, event.amount_is_total, &word).map_err(|reason| reason.detail)?;
        let named = |name: &Option<String>, kind: &str, is_needed: bool| {
            name.clone().or_else(|| is_needed.then(|| format!("{kind}_{fresh}")))
        };
        let told = Event {
            transaction: named(&event.transaction, "pay", event.kind.is_payment()),
            subscription: named(&event.subscription, "sub", is_of_subscription(event.kind)),
            ..event.clone()
        };
        mapping.write(&told, self.settings.environment, now)
    }

    fn table(&self) -> &str {
        self.settings.get(settings::TYPE_TABLE.key).unwrap_or_default()
    }

    /// The path of a setting, or the usual one.
    fn path(self, key: &str, usual: &str) -> Result<Path, Reason> {
        let text = self.settings.get(key).unwrap_or(usual);
        Path::parse(text).map_err(|fault| Reason::new("settings_incomplete", fault))
    }

    /// The table for messages of one type.
    fn mapping(self, kind: EventKind, is_total: bool, word: &str) -> Result<Mapping, Reason> {
        let own = |setting: &crate::Setting, usual: &str| self.path(setting.key, usual).map(Some);
        let transaction = own(&settings::TRANSACTION_PATH, TRANSACTION)?;
        let subscription = own(&settings::SUBSCRIPTION_PATH, SUBSCRIPTION)?;
        // A message about a subscription often calls it by the field by which another calls a payment.
        let (subscription, transaction) = if is_of_subscription(kind) {
            let either = [subscription, transaction].into_iter().flatten().map(|path| path.to_string());
            let either = either.collect::<Vec<_>>().join("|");
            (Path::parse(&either).ok(), None)
        } else {
            (subscription, transaction)
        };
        let unit = match self.settings.get(settings::AMOUNT_UNIT.key) {
            Some(settings::MAJOR) => Unit::Major,
            _ => Unit::Minor,
        };
        Ok(Mapping {
            status: Path::parse(STATUS).ok(),
            words: vec![(word.to_owned(), Word::Kinds(vec![kind]))],
            order: own(&settings::ORDER_PATH, ORDER)?,
            transaction,
            // Only what follows a payment refers to one; a payment may well call itself by the same field.
            parent: own(&settings::PARENT_PATH, PARENT)?
                .filter(|_| !kind.is_payment() && !is_of_subscription(kind)),
            subscription,
            case: Path::parse(CASE).ok().filter(|_| kind.word().starts_with("dispute.")),
            amount: own(&settings::AMOUNT_PATH, AMOUNT)?.map(|path| (path, unit)),
            currency: Some(self.currency()?),
            totals: if is_total { vec![kind] } else { Vec::new() },
            occurred_at: own(&settings::TIME_PATH, TIME)?.map(|path| (path, Clock::Rfc3339)),
            customer_name: Path::parse(NAME).ok(),
            customer_email: own(&settings::EMAIL_PATH, EMAIL)?,
            reason: Path::parse(REASON).ok(),
            custom: own(&settings::CUSTOM_PATH, CUSTOM)?,
            test: self.test_flag()?,
            identity: self.identity_paths()?,
            ..Mapping::new(self.path(settings::TYPE_PATH.key, TYPE)?)
        })
    }

    fn currency(self) -> Result<CurrencyAt, Reason> {
        match self.settings.get(settings::CURRENCY_PATH.key).and_then(|text| text.strip_prefix('=')) {
            Some(code) => amount::currency(code.trim()).map(CurrencyAt::Always),
            None => self.path(settings::CURRENCY_PATH.key, CURRENCY).map(CurrencyAt::Path),
        }
    }

    fn test_flag(self) -> Result<Option<TestFlag>, Reason> {
        let described = self.settings.get(settings::TEST_WHEN.key).and_then(|text| text.split_once('='));
        let Some((path, word)) = described else { return Ok(None) };
        let path = Path::parse(path.trim()).map_err(|fault| Reason::new("settings_incomplete", fault))?;
        Ok(Some(TestFlag { path, word: word.trim().to_owned() }))
    }

    fn identity_paths(self) -> Result<Vec<Path>, Reason> {
        let paths = self.settings.list(settings::IDENTITY_PATH.key).map(Path::parse);
        paths.collect::<Result<_, _>>().map_err(|fault| Reason::new("settings_incomplete", fault))
    }
}

/// Unix seconds, or milliseconds where seconds would lie thousands of years ahead.
fn since_1970(text: &str) -> Option<Timestamp> {
    if text.len() > 11 { time::milliseconds(text) } else { time::seconds(text) }
}
