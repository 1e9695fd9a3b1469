//! What a message says and where it stands there: for senders that are described by a table instead of by code.
//!
//! A [`Mapping`] has a [`Path`] for each part of an event, and the sender's own words for kinds of events. It reads an
//! event from a message and writes the message that would say it, so reading undoes writing. Forms and XML are read
//! as the same tree as JSON (see [`super::content`]).

use super::json::Json;
use super::mac::{Algorithm, Encoding};
use super::{amount, identity, time};
use ipnd_core::{Currency, Customer, Environment, Event, EventKind, Money, Reason};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::borrow::Cow;
use std::fmt;

/// Longest path that is read, in steps and in bytes of its text.
const STEPS_MAX: usize = 16;
const PATH_BYTES_MAX: usize = 200;

/// Highest place in a list that is written.
const PLACE_MAX: usize = 16;

/// The text of an element that has attributes.
pub const OWN_TEXT: &str = "#text";

/// Where a value stands: names and places in lists, one inside the other. There may be several ways, of which the
/// first one counts that leads to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    ways: Vec<Vec<String>>,
}

impl Path {
    /// From a text such as `data.order.id` or `items.0.price`, and `data.order_id|data.metadata.order_id` for two ways.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATH_BYTES_MAX {
            return Err(format!("“{text:.40}...” is too long to be a path"));
        }
        let ways = text.split('|').map(|way| way.split('.').map(str::to_owned).collect());
        Self::of_ways(ways.collect(), text)
    }

    /// One way, in whose names a full stop is an ordinary character.
    ///
    /// # Errors
    /// As [`Path::parse`].
    pub fn of_steps(steps: Vec<String>) -> Result<Self, String> {
        let text = steps.join(".");
        Self::of_ways(vec![steps], &text)
    }

    fn of_ways(ways: Vec<Vec<String>>, text: &str) -> Result<Self, String> {
        let is_good = |way: &Vec<String>| {
            (1..=STEPS_MAX).contains(&way.len())
                && way.iter().all(|step| !step.is_empty() && step.trim() == step)
        };
        if ways.iter().all(is_good) { Ok(Self { ways }) } else { Err(format!("“{text}” is no path")) }
    }

    /// The text, number or truth value there, as it was written, unless it is empty.
    #[must_use]
    pub fn find<'j>(&self, content: &'j Json<'_>) -> Option<&'j str> {
        self.ways.iter().find_map(|way| scalar(at(content, way)))
    }

    /// The value at the first way that leads to one.
    #[must_use]
    pub fn value<'j, 'a>(&self, content: &'j Json<'a>) -> Option<&'j Json<'a>> {
        self.ways.iter().map(|way| at(content, way)).find(|value| !value.is_null())
    }

    /// Whether several values stand there, so that nobody can say which one counts.
    #[must_use]
    pub fn is_repeated(&self, content: &Json<'_>) -> bool {
        self.ways.iter().any(|way| matches!(at(content, way), Json::List(_)))
    }

    /// Puts a value there, by the first way. Not where another value stands already.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn put(&self, content: &mut Json<'static>, value: Json<'static>) -> Result<(), String> {
        let mut place = content;
        for step in &self.ways[0] {
            place = inside(place, step).ok_or_else(|| format!("there is no room at {self}"))?;
        }
        if place.is_null() || *place == value {
            *place = value;
            return Ok(());
        }
        Err(format!("two different values would stand at {self}"))
    }

    /// Whether whoever has all of those has this, too. A path of several ways stands only for the first one that leads
    /// to something, so it stands for none of them alone.
    #[must_use]
    pub fn is_among(&self, others: &[Self]) -> bool {
        let is_one = |way: &Vec<String>| others.iter().any(|other| other.ways == std::slice::from_ref(way));
        others.contains(self) || self.ways.iter().all(is_one)
    }

    /// The only name of a path of one way and one step, as fields of forms have.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.ways.as_slice() {
            [way] => match way.as_slice() {
                [name] => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the path leads into something, by any of its ways.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.ways.iter().any(|way| way.len() > 1)
    }
}

/// As it is written in a description.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways: Vec<String> = self.ways.iter().map(|way| way.join(".")).collect();
        f.write_str(&ways.join("|"))
    }
}

static NULL: Json<'static> = Json::Null;

fn at<'j, 'a>(content: &'j Json<'a>, way: &[String]) -> &'j Json<'a> {
    way.iter().fold(content, |value, step| match value {
        Json::List(values) => step.parse::<usize>().ok().and_then(|place| values.get(place)).unwrap_or(&NULL),
        other => other.field(step),
    })
}

fn scalar<'j>(value: &'j Json<'_>) -> Option<&'j str> {
    if value.is_object() { value.field(OWN_TEXT).as_scalar() } else { value.as_scalar() }
}

/// The place behind one step, made where there is none. `None` where something else stands in the way.
fn inside<'j>(place: &'j mut Json<'static>, step: &str) -> Option<&'j mut Json<'static>> {
    let number = step.parse::<usize>().ok().filter(|number| *number <= PLACE_MAX);
    if place.is_null() {
        *place = if number.is_some() { Json::List(Vec::new()) } else { Json::Object(Vec::new()) };
    }
    match (place, number) {
        (Json::List(values), Some(number)) => {
            while values.len() <= number {
                values.push(Json::Null);
            }
            values.get_mut(number)
        }
        (Json::Object(fields), _) => {
            let known = fields.iter().position(|(name, _)| name == step);
            let place = known.unwrap_or(fields.len());
            if known.is_none() {
                fields.push((Cow::Owned(step.to_owned()), Json::Null));
            }
            Some(&mut fields[place].1)
        }
        _ => None,
    }
}

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

    /// Everything that moves money, and what decides whether two messages are one.
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
mod tests {
    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text).unwrap()
    }

    fn json(text: &str) -> Json<'_> {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn paths_lead_to_values_by_several_ways() {
        let content = json(
            r##"{"data":{"id":7,"list":[{"a":""},{"a":"x"}],"e":{"#text":"25.99","@cur":"EUR"}},"a.b":"dot"}"##,
        );
        let find = |text: &str| path(text).find(&content).map(str::to_owned);
        assert_eq!(find("data.id").as_deref(), Some("7"));
        assert_eq!(find("data.list.1.a").as_deref(), Some("x"));
        assert_eq!(find("data.list.0.a|data.none|data.id").as_deref(), Some("7"));
        assert_eq!(find("data.e").as_deref(), Some("25.99"));
        assert_eq!(find("a.b"), None);
        assert_eq!(Path::of_steps(vec!["a.b".into()]).unwrap().find(&content), Some("dot"));
        assert!(path("data.list").is_repeated(&content));
        for text in ["", ".", "a.", "a..b", "|a", "a| ", " a", &"a.".repeat(200)] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn one_of_two_places_is_not_both() {
        let either = [path("a|b")];
        assert!(path("a|b").is_among(&either));
        assert!(!path("a").is_among(&either) && !path("b").is_among(&either));
        assert!(path("a|b").is_among(&[path("b"), path("a")]));
        assert!(!path("a|c").is_among(&[path("b"), path("a")]));
    }

    #[test]
    fn writing_makes_what_reading_finds() {
        let mut content = Json::Object(Vec::new());
        for (at, value) in [("data.items.1.id", "x"), ("data.items.0.id", "y"), ("type", "paid")] {
            path(at).put(&mut content, Json::of_text(value)).unwrap();
        }
        assert_eq!(content.to_string(), r#"{"data":{"items":[{"id":"y"},{"id":"x"}]},"type":"paid"}"#);
        assert!(
            path("type").put(&mut content, Json::of_text("other")).is_err(),
            "something else stands there"
        );
        assert!(
            path("type").put(&mut content, Json::of_text("paid")).is_ok(),
            "the same value may be named twice"
        );
        assert!(path("type.x").put(&mut content, Json::of_text("a")).is_err());
        assert!(path("data.x").put(&mut content, Json::of_text("a")).is_ok());
    }

    fn mapping() -> Mapping {
        Mapping {
            status: Some(path("data.status")),
            words: vec![
                (
                    "payment".into(),
                    Meaning::ByStatus(vec![
                        ("paid".into(), vec![EventKind::PaymentCompleted]),
                        ("open".into(), vec![]),
                    ]),
                ),
                (
                    "chargeback".into(),
                    Meaning::Kinds(vec![EventKind::DisputeOpened, EventKind::ReversalMade]),
                ),
            ],
            order: Some(path("data.order")),
            transaction: Some(path("data.id")),
            amount: Some((path("data.amount"), Unit::Minor)),
            currency: Some(CurrencyAt::Path(path("data.currency"))),
            test: Some(TestFlag { path: path("live"), word: "false".into() }),
            ..Mapping::new(path("type"))
        }
    }

    fn read(text: &str) -> Result<Vec<Event>, String> {
        mapping().read(&json(text), Environment::Live).map_err(|reason| reason.code)
    }

    #[test]
    fn words_are_kept_where_nobody_knows_them() {
        let with = |kind: &str, status: &str| {
            let data = r#""id":"t","order":"A","amount":2599,"currency":"eur""#;
            read(&format!(r#"{{"type":"{kind}","data":{{"status":"{status}",{data}}}}}"#))
        };
        let paid = with("payment", "paid").unwrap();
        assert_eq!(
            (paid[0].kind, paid[0].identity.as_str()),
            (EventKind::PaymentCompleted, "payment.completed/t/payment/paid/25.99 EUR")
        );
        assert_eq!(paid[0].environment, Environment::Live, "the message claims nothing");
        assert_eq!(with("chargeback", "").unwrap().len(), 2);
        assert_eq!(with("payment", "open"), Err("nothing_to_do".into()));
        assert_eq!(with("payment", "PAID"), Err("unknown_status".into()));
        assert_eq!(with("payout", "paid"), Err("unknown_type".into()));
        assert_eq!(read("{}"), Err("field_missing".into()));
    }

    #[test]
    fn t_b10_type_confusion_and_t_b12_duplicates_in_decisive_fields() {
        let with = |amount: &str| {
            read(&format!(
                r#"{{"type":"payment","data":{{"status":"paid","id":"t","amount":{amount},"currency":"EUR"}}}}"#
            ))
        };
        assert_eq!(with("[2599]"), Err("duplicate_field".into()));
        assert_eq!(with("true"), Err("amount_unreadable".into()));
        assert_eq!(with("\"0e1\""), Err("amount_unreadable".into()));
        assert_eq!(with("-1"), Err("amount_negative".into()));
        assert_eq!(with("{}").unwrap()[0].amount, None);
        assert_eq!(with("null").unwrap()[0].amount, None);
    }

    #[test]
    fn reading_undoes_writing() {
        let euro = amount::currency("EUR").unwrap();
        let event = Event {
            order_ref: Some("A-1".into()),
            transaction: Some("t1".into()),
            amount: Some(Money::from_minor(2599, euro)),
            ..Event::new(EventKind::PaymentCompleted, "payment.completed/elsewhere", Environment::Sandbox)
        };
        for identity in [vec![], vec![path("id")], vec![path("id"), path("data.id")]] {
            let mapping = Mapping { identity, sender: "teapay".into(), ..mapping() };
            let write =
                |event: &Event| mapping.write(event, Environment::Sandbox, Timestamp::UNIX_EPOCH).unwrap();
            let once = mapping.read(&write(&event), Environment::Sandbox).unwrap().remove(0);
            assert_eq!(
                (once.amount, &once.order_ref, once.environment),
                (event.amount, &event.order_ref, event.environment)
            );
            assert_eq!(mapping.read(&write(&once), Environment::Sandbox).unwrap(), [once]);
        }
    }
}
