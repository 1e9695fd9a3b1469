//! What a message says and where it stands there: for senders that are described by a table instead of by code.
//!
//! A [`Mapping`] has a [`Path`] for each part of an event, and the sender's own words for kinds of events. It reads an
//! event from a message and writes the message that would say it, so reading undoes writing. Forms and XML are read
//! as the same tree as JSON; whoever uses a mapping makes it one.

mod path;

pub use path::{OWN_TEXT, Path};

use super::json::Json;
use super::mac::{Algorithm, Encoding};
use super::{amount, identity, time};
use ipnd_core::{Currency, Customer, Environment, Event, EventKind, Money, Reason};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// The unit in which amounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Whole units with decimals: `25.99`.
    Major,
    /// The currency's smallest unit by ISO 4217: `2599` for 25.99 EUR and for 2599 JPY.
    Minor,
    /// A whole number of a unit with this many decimal places in every currency.
    Places(u8),
}

impl Unit {
    /// # Errors
    /// `amount_unreadable`.
    pub fn read(self, text: &str, currency: Currency) -> Result<Money, Reason> {
        match self {
            Self::Major => amount::decimal(text, currency),
            Self::Minor => amount::minor(text, currency),
            Self::Places(places) => amount::scaled(text, currency, places),
        }
    }

    /// `None` where the unit is too coarse for the amount.
    #[must_use]
    pub fn write(self, money: Money) -> Option<Json<'static>> {
        match self {
            Self::Major => Some(Json::of_text(money.decimal())),
            Self::Minor => Some(Json::of_number(money.minor())),
            Self::Places(places) => amount::in_places(money, places).map(Json::of_number),
        }
    }
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// `2026-11-03T10:15:00Z`, or with an offset.
    Rfc3339,
    /// Unix seconds.
    Seconds,
    /// Unix milliseconds.
    Milliseconds,
    /// `2026-11-03 10:15:00` at a fixed offset.
    Local(Offset),
}

impl Clock {
    #[must_use]
    pub fn read(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => time::rfc3339(text),
            Self::Seconds => time::seconds(text),
            Self::Milliseconds => time::milliseconds(text),
            Self::Local(offset) => time::local(text, offset),
        }
    }

    #[must_use]
    pub fn write(self, at: Timestamp) -> Json<'static> {
        match self {
            Self::Rfc3339 => Json::of_text(at.to_string()),
            Self::Seconds => Json::of_number(at.as_second()),
            Self::Milliseconds => Json::of_number(at.as_millisecond()),
            Self::Local(offset) => {
                let local = at.to_zoned(TimeZone::fixed(offset));
                Json::of_text(local.strftime("%Y-%m-%d %H:%M:%S").to_string())
            }
        }
    }
}

/// In which currency amounts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CurrencyAt {
    Path(Path),
    Always(Currency),
}

/// What one of the sender's words means. No kinds at all: genuine, and nothing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    Kinds(Vec<EventKind>),
    /// It depends on the status that stands beside it.
    ByStatus(Vec<(String, Vec<EventKind>)>),
}

/// The word of a message that is about play money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFlag {
    pub path: Path,
    pub word: String,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Who it is, in one word: part of every identity, so that two senders that both count from 1 keep apart. May be
    /// empty where there can be only one.
    pub sender: String,
    /// Where the word stands that says what happened.
    pub kind: Path,
    /// A second word that some kinds need.
    pub status: Option<Path>,
    pub words: Vec<(String, Meaning)>,
    pub order: Option<Path>,
    pub transaction: Option<Path>,
    pub parent: Option<Path>,
    pub subscription: Option<Path>,
    pub case: Option<Path>,
    pub amount: Option<(Path, Unit)>,
    pub currency: Option<CurrencyAt>,
    /// Kinds whose amount is the sum so far.
    pub totals: Vec<EventKind>,
    pub fee: Option<Path>,
    pub occurred_at: Option<(Path, Clock)>,
    pub customer_name: Option<Path>,
    pub customer_email: Option<Path>,
    pub reason: Option<Path>,
    pub custom: Option<Path>,
    pub test: Option<TestFlag>,
    /// What makes two messages the same news. Empty: the references, the words and the amount.
    pub identity: Vec<Path>,
}

impl Mapping {
    /// One that only knows where the word for the kind stands.
    #[must_use]
    pub fn new(kind: Path) -> Self {
        Self {
            sender: String::new(),
            kind,
            status: None,
            words: Vec::new(),
            order: None,
            transaction: None,
            parent: None,
            subscription: None,
            case: None,
            amount: None,
            currency: None,
            totals: Vec::new(),
            fee: None,
            occurred_at: None,
            customer_name: None,
            customer_email: None,
            reason: None,
            custom: None,
            test: None,
            identity: Vec::new(),
        }
    }

    /// What is looked for, with where, for people to see.
    pub fn places(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let currency = match &self.currency {
            Some(CurrencyAt::Path(path)) => Some(path),
            _ => None,
        };
        let named = [
            ("type", Some(&self.kind)),
            ("status", self.status.as_ref()),
            ("order", self.order.as_ref()),
            ("transaction", self.transaction.as_ref()),
            ("parent", self.parent.as_ref()),
            ("subscription", self.subscription.as_ref()),
            ("case", self.case.as_ref()),
            ("amount", self.amount.as_ref().map(|(path, _)| path)),
            ("currency", currency),
            ("fee", self.fee.as_ref()),
            ("time", self.occurred_at.as_ref().map(|(path, _)| path)),
            ("customer_name", self.customer_name.as_ref()),
            ("customer_email", self.customer_email.as_ref()),
            ("reason", self.reason.as_ref()),
            ("custom", self.custom.as_ref()),
            ("test", self.test.as_ref().map(|flag| &flag.path)),
        ];
        let identity = self.identity.iter().map(|path| ("identity", path));
        named.into_iter().filter_map(|(name, path)| Some((name, path?))).chain(identity)
    }

    /// Everything that moves money, what says whether it is money at all, and what decides whether two messages are one.
    pub fn decisive(&self) -> impl Iterator<Item = &Path> {
        let currency = match &self.currency {
            Some(CurrencyAt::Path(path)) => Some(path),
            _ => None,
        };
        let names = [&self.order, &self.transaction, &self.parent, &self.subscription, &self.case];
        let status = self.status.as_ref().filter(|_| self.status_decides());
        std::iter::once(&self.kind)
            .chain(status)
            .chain(names.into_iter().flatten())
            .chain(self.amount.as_ref().map(|(path, _)| path))
            .chain(currency)
            .chain(self.test.as_ref().map(|flag| &flag.path))
            .chain(&self.identity)
    }

    fn status_decides(&self) -> bool {
        self.words.iter().any(|(_, meaning)| matches!(meaning, Meaning::ByStatus(_)))
    }

    /// What a message says. No event at all where its word means nothing to do.
    ///
    /// # Errors
    /// `nothing_to_do`, `unknown_type`, `unknown_status`, `field_missing`, `duplicate_field`, and what amounts and
    /// currencies can be wrong with.
    pub fn read(&self, content: &Json<'_>, environment: Environment) -> Result<Vec<Event>, Reason> {
        if let Some(path) = self.decisive().find(|path| path.is_repeated(content)) {
            return Err(Reason::new("duplicate_field", path.to_string()));
        }
        let word = self.kind.find(content);
        let word = word.ok_or_else(|| Reason::new("field_missing", self.kind.to_string()))?;
        let meaning = self.words.iter().find(|(own, _)| own == word).map(|(_, meaning)| meaning);
        let kinds = match meaning.ok_or_else(|| Reason::new("unknown_type", word))? {
            Meaning::Kinds(kinds) => kinds,
            Meaning::ByStatus(words) => {
                let status = find(self.status.as_ref(), content).unwrap_or_default();
                let own = words.iter().find(|(own, _)| *own == status);
                &own.ok_or_else(|| Reason::new("unknown_status", format!("{word}, {status}")))?.1
            }
        };
        if kinds.is_empty() {
            return Err(Reason::new("nothing_to_do", word));
        }
        kinds.iter().map(|kind| self.event(*kind, content, environment)).collect()
    }

    fn event(&self, kind: EventKind, content: &Json<'_>, environment: Environment) -> Result<Event, Reason> {
        let text = |path: &Option<Path>| find(path.as_ref(), content).map(str::to_owned);
        let amount = self.money(self.amount.as_ref().map(|(path, _)| path), content)?;
        if kind.is_payment() && amount.is_some_and(Money::is_negative) {
            let shown = amount.map(|amount| amount.to_string()).unwrap_or_default();
            return Err(Reason::new("amount_negative", shown));
        }
        let mut event = Event {
            occurred_at: self.occurred_at.as_ref().and_then(|(path, clock)| clock.read(path.find(content)?)),
            order_ref: text(&self.order),
            transaction: text(&self.transaction),
            parent: text(&self.parent),
            // The kind says which way the money goes.
            amount: amount.map(Money::abs),
            amount_is_total: self.totals.contains(&kind),
            fee: self.money(self.fee.as_ref(), content)?,
            customer: Customer {
                name: text(&self.customer_name),
                email: text(&self.customer_email),
                ..Customer::default()
            },
            subscription: text(&self.subscription),
            case: text(&self.case),
            status: text(&self.status).or_else(|| self.kind.find(content).map(str::to_owned)),
            reason: text(&self.reason),
            custom: text(&self.custom),
            ..Event::new(kind, String::new(), self.environment(content, environment))
        };
        event.identity = self.identity(&event, content);
        Ok(event)
    }

    fn identity(&self, event: &Event, content: &Json<'_>) -> String {
        let sender = Some(self.sender.as_str()).filter(|sender| !sender.is_empty());
        if !self.identity.is_empty() {
            let values = self.identity.iter().map(|path| path.find(content).unwrap_or_default());
            return identity::of(event.kind, &sender.into_iter().chain(values).collect::<Vec<_>>());
        }
        let amount = event.amount.map(|amount| amount.to_string());
        let names = [&event.transaction, &event.subscription, &event.case];
        let names: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        // What has no name of its own is at least about this order.
        let order = event.order_ref.as_deref().filter(|_| names.is_empty());
        let words =
            [self.kind.find(content), find(self.status.as_ref().filter(|_| self.status_decides()), content)];
        let parts = sender.into_iter().chain(names).chain(order).chain(words.into_iter().flatten());
        identity::of(event.kind, &parts.chain(amount.as_deref()).collect::<Vec<_>>())
    }

    /// What the message claims, or the account's own environment where it claims nothing.
    fn environment(&self, content: &Json<'_>, own: Environment) -> Environment {
        let Some(flag) = &self.test else { return own };
        match flag.path.find(content) {
            Some(word) if word == flag.word => Environment::Sandbox,
            Some(_) => Environment::Live,
            None => own,
        }
    }

    fn money(&self, path: Option<&Path>, content: &Json<'_>) -> Result<Option<Money>, Reason> {
        let (Some(text), Some((_, unit))) = (find(path, content), &self.amount) else { return Ok(None) };
        let currency = match &self.currency {
            Some(CurrencyAt::Always(currency)) => *currency,
            Some(CurrencyAt::Path(path)) => {
                let code =
                    path.find(content).ok_or_else(|| Reason::new("field_missing", path.to_string()))?;
                amount::currency(code)?
            }
            None => return Ok(None),
        };
        unit.read(text, currency).map(Some)
    }
}

fn find<'j>(path: Option<&Path>, content: &'j Json<'_>) -> Option<&'j str> {
    path.and_then(|path| path.find(content))
}

/// The other way.
impl Mapping {
    /// The message that says this, without whatever proves it.
    ///
    /// # Errors
    /// Why it cannot be said.
    pub fn write(&self, event: &Event, own: Environment, now: Timestamp) -> Result<Json<'static>, String> {
        let mut content = Json::Object(Vec::new());
        let (word, status) = self.words_for(event.kind).ok_or_else(|| event.kind.word().to_owned())?;
        put(&mut content, Some(&self.kind), Some(Json::of_text(word.to_owned())))?;
        let said = status.map(str::to_owned).or_else(|| event.status.clone().filter(|own| own != word));
        put(&mut content, self.status.as_ref(), said.map(Json::of_text))?;
        for (path, value, must_be_said) in [
            (&self.order, &event.order_ref, event.kind.is_payment()),
            (&self.transaction, &event.transaction, false),
            (&self.parent, &event.parent, false),
            (&self.subscription, &event.subscription, false),
            (&self.case, &event.case, false),
            (&self.customer_name, &event.customer.name, false),
            (&self.customer_email, &event.customer.email, false),
            (&self.reason, &event.reason, false),
            (&self.custom, &event.custom, false),
        ] {
            if must_be_said && value.is_some() && path.is_none() {
                return Err("the order's reference".to_owned());
            }
            put(&mut content, path.as_ref(), value.clone().map(Json::of_text))?;
        }
        self.put_money(&mut content, event)?;
        if let Some((path, clock)) = &self.occurred_at {
            put(&mut content, Some(path), Some(clock.write(event.occurred_at.unwrap_or(now))))?;
        }
        self.put_test_flag(&mut content, event.environment, own)?;
        self.put_identity(&mut content, event)?;
        Ok(content)
    }

    /// The first word that means nothing but this, else the first one that means this too.
    fn words_for(&self, kind: EventKind) -> Option<(&str, Option<&str>)> {
        let mut others = None;
        for (word, meaning) in &self.words {
            let (alone, by_status) = match meaning {
                Meaning::Kinds(kinds) => (Some((None, kinds)), &[][..]),
                Meaning::ByStatus(words) => (None, words.as_slice()),
            };
            let by_status = by_status.iter().map(|(status, kinds)| (Some(status.as_str()), kinds));
            for (status, kinds) in alone.into_iter().chain(by_status) {
                if kinds.as_slice() == [kind] {
                    return Some((word, status));
                }
                if kinds.contains(&kind) {
                    others = others.or(Some((word.as_str(), status)));
                }
            }
        }
        others
    }

    fn put_money(&self, content: &mut Json<'static>, event: &Event) -> Result<(), String> {
        let Some(money) = event.amount else { return Ok(()) };
        if event.amount_is_total != self.totals.contains(&event.kind) {
            return Err("whether the amount is a sum".to_owned());
        }
        let (Some((path, unit)), Some(currency)) = (&self.amount, &self.currency) else {
            return if event.kind.concerns_an_order() { Err("an amount".to_owned()) } else { Ok(()) };
        };
        let in_unit = |money: Money| unit.write(money).ok_or_else(|| format!("{money} in its unit"));
        put(content, Some(path), Some(in_unit(money)?))?;
        if let (Some(path), Some(fee)) = (&self.fee, event.fee) {
            put(content, Some(path), Some(in_unit(fee)?))?;
        }
        match currency {
            CurrencyAt::Always(own) if *own != money.currency() => Err(money.currency().to_string()),
            CurrencyAt::Always(_) => Ok(()),
            CurrencyAt::Path(path) => put(content, Some(path), Some(Json::of_text(money.currency().code()))),
        }
    }

    fn put_test_flag(
        &self,
        content: &mut Json<'static>,
        environment: Environment,
        own: Environment,
    ) -> Result<(), String> {
        let cannot = || format!("the environment {}", environment.word());
        let Some(flag) = &self.test else { return if environment == own { Ok(()) } else { Err(cannot()) } };
        let word = match (environment, flag.word.as_str()) {
            (Environment::Sandbox, word) => word,
            (Environment::Live, "true") => "false",
            (Environment::Live, "false") => "true",
            (Environment::Live, "1") => "0",
            (Environment::Live, "0") => "1",
            (Environment::Live, _) => "live",
        };
        let value = match word {
            "true" | "false" => Json::Bool(word == "true"),
            "0" | "1" => Json::of_number(word),
            other => Json::of_text(other.to_owned()),
        };
        put(content, Some(&flag.path), Some(value))
    }

    /// What is told again keeps what made it one piece of news; the rest gets names of its own.
    fn put_identity(&self, content: &mut Json<'static>, event: &Event) -> Result<(), String> {
        let mut known: Vec<String> = event.identity.split('/').skip(1).map(plain).collect();
        if !self.sender.is_empty() && known.first() == Some(&self.sender) {
            known.remove(0);
        }
        for (place, path) in self.identity.iter().enumerate() {
            if path.value(content).is_some() {
                continue;
            }
            let known =
                known.get(place).filter(|part| known.len() == self.identity.len() && !part.is_empty());
            let value = known.cloned().unwrap_or_else(|| {
                let digest = Algorithm::Sha256
                    .compute(&[], &[event.identity.as_bytes(), place.to_string().as_bytes()]);
                format!("msg_{}", Encoding::HexLower.encode(&digest[..12]))
            });
            put(content, Some(path), Some(Json::of_text(value)))?;
        }
        Ok(())
    }
}

/// Undoes what [`identity::of`] does to a part.
fn plain(part: &str) -> String {
    part.replace("%2F", "/").replace("%25", "%")
}

fn put(content: &mut Json<'static>, path: Option<&Path>, value: Option<Json<'static>>) -> Result<(), String> {
    match (path, value) {
        (Some(path), Some(value)) => path.put(content, value),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
