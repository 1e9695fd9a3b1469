//! What somebody wants to be told, and everything that can be wrong with it.

use super::fault::Fault;
use super::scenario::Scenario;
use ipnd_core::{Currency, Environment, EventKind, Money};
use ipnd_gateways::{Gateway, Setting, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Messages that one wish may ask for.
pub const TIMES_MAX: u32 = 100;
/// An hour takes 3.6 seconds.
pub const SPEED_DEFAULT: u32 = 1_000;
pub const SPEED_MAX: u32 = 1_000_000;
/// Characters of any one field.
const TEXT_CHARS_MAX: usize = 255;

/// One event or one scenario of one gateway. What is left out is made up sensibly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    pub gateway: String,
    pub event: Option<String>,
    pub scenario: Option<String>,
    /// Decimal text, such as `12.34`.
    pub amount: Option<String>,
    pub currency: Option<String>,
    pub order: Option<String>,
    pub transaction: Option<String>,
    pub parent: Option<String>,
    pub subscription: Option<String>,
    pub case: Option<String>,
    pub reason: Option<String>,
    pub custom: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub country: Option<String>,
    /// Settings that differ from those of the sandbox's own account.
    pub settings: BTreeMap<String, String>,
    pub fault: Option<Fault>,
    pub times: u32,
    /// All pauses are divided by this.
    pub speed: u32,
    /// Fewer repeats than the gateway's own schedule has.
    pub repeats_max: Option<u32>,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            gateway: String::new(),
            event: None,
            scenario: None,
            amount: None,
            currency: None,
            order: None,
            transaction: None,
            parent: None,
            subscription: None,
            case: None,
            reason: None,
            custom: None,
            name: None,
            email: None,
            phone: None,
            country: None,
            settings: BTreeMap::new(),
            fault: None,
            times: 1,
            speed: SPEED_DEFAULT,
            repeats_max: None,
        }
    }
}

/// Why a wish cannot be played. The texts say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishProblem {
    #[error("no gateway is called “{0}”. `ipnd trigger --list` shows all of them")]
    NoGateway(String),
    #[error("say what to play: an event or a scenario, and not both")]
    NothingChosen,
    #[error("no event is called “{event}”, or {gateway} does not tell of it. It tells of: {told}")]
    NoEvent { gateway: &'static str, event: String, told: String },
    #[error("no scenario is called “{scenario}”, or {gateway} lacks the words for it. It can play: {known}")]
    NoScenario { gateway: &'static str, scenario: String, known: String },
    #[error("“{amount}” is no amount in {currency}. Write it with a full stop, such as 12.34")]
    Amount { amount: String, currency: &'static str },
    #[error("no currency is called “{0}”. Use a code of three capital letters, such as EUR")]
    Currency(String),
    #[error("{gateway} cannot say this: {why}. Try another currency or amount")]
    CannotSay { gateway: &'static str, why: String },
    #[error("the settings do not fit the table of {gateway}: {problems}")]
    Settings { gateway: &'static str, problems: String },
    #[error(
        "{gateway} cannot misbehave like that (“{fault}”): nothing in this message could be wrong in that way"
    )]
    Fault { gateway: &'static str, fault: &'static str },
    #[error(
        "two messages can only change places where there are two: choose a scenario, or more than one time"
    )]
    NothingToSwap,
    #[error("times must be between 1 and {TIMES_MAX}, speed between 1 and {SPEED_MAX}")]
    Number,
    #[error("“{0}” is longer than {TEXT_CHARS_MAX} characters or contains control characters")]
    Text(&'static str),
    #[error("there is no account of {0} here that could be told")]
    NoAccount(&'static str),
}

impl WishProblem {
    /// Its text in the catalogue.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::NoGateway(_) | Self::NoAccount(_) => "wish.no_gateway",
            Self::NothingChosen => "wish.nothing_chosen",
            Self::NoEvent { .. } => "wish.no_event",
            Self::NoScenario { .. } => "wish.no_scenario",
            Self::Amount { .. } => "wish.amount",
            Self::Currency(_) => "wish.currency",
            Self::CannotSay { .. } => "wish.cannot_say",
            Self::Settings { .. } => "wish.settings",
            Self::Fault { .. } => "wish.fault",
            Self::NothingToSwap => "wish.nothing_to_swap",
            Self::Number => "wish.number",
            Self::Text(_) => "wish.text",
        }
    }
}

impl WishProblem {
    /// What makes the text concrete, in any language.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::NoGateway(id) => id.clone(),
            Self::NoAccount(id) => (*id).to_owned(),
            Self::NoEvent { told, .. } => told.clone(),
            Self::NoScenario { known, .. } => known.clone(),
            Self::Amount { amount, currency } => format!("{amount} {currency}"),
            Self::Currency(code) => code.clone(),
            Self::CannotSay { why, .. } => why.clone(),
            Self::Settings { problems, .. } => problems.clone(),
            Self::Fault { fault, .. } => (*fault).to_owned(),
            Self::Text(name) => (*name).to_owned(),
            Self::NothingChosen | Self::NothingToSwap | Self::Number => String::new(),
        }
    }
}

/// What is to be played, understood.
pub(super) enum Chosen {
    Event(EventKind),
    Scenario(&'static Scenario),
}

impl Wish {
    pub(super) fn gateway(&self) -> Result<&'static Gateway, WishProblem> {
        ipnd_gateways::find(&self.gateway).ok_or_else(|| WishProblem::NoGateway(self.gateway.clone()))
    }

    pub(super) fn chosen(&self, gateway: &'static Gateway) -> Result<Chosen, WishProblem> {
        match (&self.event, &self.scenario) {
            (Some(event), None) => {
                let kind = EventKind::from_word(event).filter(|kind| gateway.tells.contains(kind));
                kind.map(Chosen::Event).ok_or_else(|| WishProblem::NoEvent {
                    gateway: gateway.id,
                    event: event.clone(),
                    told: gateway.tells.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", "),
                })
            }
            (None, Some(name)) => {
                let scenario = Scenario::of(gateway).find(|scenario| scenario.name == name);
                scenario.map(Chosen::Scenario).ok_or_else(|| WishProblem::NoScenario {
                    gateway: gateway.id,
                    scenario: name.clone(),
                    known: Scenario::of(gateway).map(|scenario| scenario.name).collect::<Vec<_>>().join(", "),
                })
            }
            _ => Err(WishProblem::NothingChosen),
        }
    }

    pub(super) fn currency(&self) -> Result<Option<Currency>, WishProblem> {
        let read = |code: &String| {
            Currency::from_code(code).map_err(|_| WishProblem::Currency(code.chars().take(20).collect()))
        };
        self.currency.as_ref().map(read).transpose()
    }

    /// The amount in this currency, if one was named.
    pub(super) fn amount(&self, currency: Currency) -> Result<Option<Money>, WishProblem> {
        let read = |text: &String| {
            let money = Money::parse(text, currency).ok().filter(|money| money.is_positive());
            money.ok_or_else(|| WishProblem::Amount {
                amount: text.chars().take(40).collect(),
                currency: currency.code(),
            })
        };
        self.amount.as_ref().map(read).transpose()
    }

    /// Everything that can be looked at by itself.
    pub(super) fn check(&self) -> Result<(), WishProblem> {
        if !(1..=TIMES_MAX).contains(&self.times) || !(1..=SPEED_MAX).contains(&self.speed) {
            return Err(WishProblem::Number);
        }
        let texts = [
            ("order", &self.order),
            ("transaction", &self.transaction),
            ("parent", &self.parent),
            ("subscription", &self.subscription),
            ("case", &self.case),
            ("reason", &self.reason),
            ("custom", &self.custom),
            ("name", &self.name),
            ("email", &self.email),
            ("phone", &self.phone),
            ("country", &self.country),
        ];
        let is_bad = |text: &str| text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control);
        match texts.iter().find(|(_, text)| text.as_deref().is_some_and(is_bad)) {
            Some((name, _)) => Err(WishProblem::Text(name)),
            None => Ok(()),
        }
    }
}

/// A sandbox account's settings: the table's samples with these in their place.
///
/// # Errors
/// When they do not fit the gateway's table.
pub fn settings(gateway: &Gateway, own: &BTreeMap<String, String>) -> Result<Settings, WishProblem> {
    let mut values = Settings::sample(gateway.settings).values().clone();
    values.extend(own.clone());
    Settings::check(gateway.settings, Environment::Sandbox, values).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        WishProblem::Settings { gateway: gateway.id, problems: problems.join("; ") }
    })
}

/// The setting that says where an account in the sandbox asks its gateway, if this gateway has one.
#[must_use]
pub fn sandbox_setting(gateway: &Gateway) -> Option<&'static Setting> {
    gateway.settings.iter().find(|setting| setting.kind == ipnd_gateways::SettingKind::SandboxUrl)
}
