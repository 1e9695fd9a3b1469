//! A gateway's table of settings, and an account's settings checked against it.

use ipnd_core::{Environment, Language};
use std::collections::BTreeMap;

/// A field of a gateway's settings. From this table come the check of the configuration, the form in the
/// dashboard, the questions of the command line, the documentation, and the account the sandbox plays.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub key: &'static str,
    pub kind: SettingKind,
    pub required: bool,
    /// What it is, in a few words.
    pub label: Said,
    /// Where to find it and what it is for, in one or two sentences.
    pub help: Said,
    /// A value of the right form, which the sandbox's own account has; empty to leave it out there. Never anybody's
    /// real one.
    pub sample: &'static str,
    /// What else must hold of a value that is there.
    pub check: Option<CheckSetting>,
}

/// Says what is wrong with a value.
pub type CheckSetting = fn(&str) -> Result<(), SettingFault>;

/// The same text in every language ipnd speaks.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    pub en: &'static str,
    pub de: &'static str,
    pub es: &'static str,
    pub uk: &'static str,
}

impl Said {
    #[must_use]
    pub fn r#in(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::De => self.de,
            Language::Es => self.es,
            Language::Uk => self.uk,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// One line.
    Text,
    /// One line that is never shown again.
    Secret,
    /// Secrets that are all good at present, one a line, the newest first; never shown again. For rotation.
    Secrets,
    /// Several values, one a line.
    List,
    /// One of these; the first one where nothing is chosen.
    Choice(&'static [Choice]),
    /// `yes`, or not there.
    Switch,
    /// A text of several lines, such as a key or a description.
    Document,
    /// An address that only an account in the sandbox environment may set (T-A02).
    SandboxUrl,
}

impl SettingKind {
    /// Whether the value is shown to nobody once it has been entered.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Secrets)
    }

    /// The stable word, for the API and for forms.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Secret => "secret",
            Self::Secrets => "secrets",
            Self::List => "list",
            Self::Choice(_) => "choice",
            Self::Switch => "switch",
            Self::Document => "document",
            Self::SandboxUrl => "sandbox_url",
        }
    }

    /// What can be chosen; nothing where the value is free.
    #[must_use]
    pub fn choices(self) -> &'static [Choice] {
        match self {
            Self::Choice(choices) => choices,
            _ => &[],
        }
    }

    /// Whether the value may have several lines.
    #[must_use]
    pub fn has_lines(self) -> bool {
        matches!(self, Self::List | Self::Secrets | Self::Document)
    }
}

/// One value of a setting that has a closed list of them.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    pub word: &'static str,
    pub label: Said,
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Choice {}

/// For gateways whose own proof is not strong: the owner's decision to believe them all the same. Belongs into the
/// table of every such gateway, which a test checks.
pub const ACCEPT_UNCONFIRMED: Setting = Setting {
    key: "accept_unconfirmed",
    kind: SettingKind::Switch,
    required: false,
    label: Said {
        en: "Believe messages that nobody has confirmed",
        de: "Meldungen glauben, die niemand bestätigt hat",
        es: "Creer los mensajes que nadie ha confirmado",
        uk: "Вірити повідомленням, яких ніхто не підтвердив",
    },
    help: Said {
        en: "This gateway's messages prove too little to be believed as they are. Without this, every payment that \
             the gateway's API has not confirmed is put to you as a question. Whoever can guess or copy a message \
             can then mark orders as paid.",
        de: "Die Meldungen dieses Anbieters beweisen zu wenig, um ihnen einfach zu glauben. Ohne diese Einstellung \
             werden Sie bei jeder Zahlung gefragt, die seine Schnittstelle nicht bestätigt hat. Mit ihr kann, wer \
             eine Meldung errät oder kopiert, Bestellungen als bezahlt melden.",
        es: "Los mensajes de esta pasarela prueban demasiado poco para creerlos sin más. Sin esta opción se le \
             pregunta por cada pago que la API de la pasarela no haya confirmado. Con ella, quien adivine o copie \
             un mensaje podrá dar pedidos por pagados.",
        uk: "Повідомлення цього сервісу доводять замало, щоб вірити їм просто так. Без цього дозволу вас питатимуть \
             про кожен платіж, якого не підтвердив сам сервіс. З ним той, хто вгадає чи скопіює повідомлення, зможе \
             позначати замовлення оплаченими.",
    },
    sample: "",
    check: None,
};

/// An account's settings, checked against its gateway's table by [`Settings::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub environment: Environment,
    values: BTreeMap<String, String>,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {fault}")]
pub struct SettingProblem {
    pub key: String,
    pub fault: SettingFault,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingFault {
    #[error("this is needed")]
    Missing,
    #[error("this gateway has no such setting")]
    Unknown,
    #[error("only an account in the sandbox environment may set this")]
    SandboxOnly,
    #[error("this is not an http or https address")]
    NotAnAddress,
    #[error("it contains a control character")]
    ControlCharacter,
    #[error("this is not one of the choices")]
    NotAChoice,
    #[error("this is too short to be a secret (at least {0} characters)")]
    TooShort(usize),
    /// The value is not what the gateway gives out there: a key in the wrong form, say.
    #[error("this does not have the right form: {0}")]
    Malformed(String),
}

/// Shortest secret that can be one, in characters. Gateways that make secrets themselves make longer ones; some let
/// the shop choose (T-A06).
pub const SECRET_CHARS_MIN: usize = 6;

impl Settings {
    /// Checks values against a gateway's table: nothing unknown, nothing required missing or blank, no secret that
    /// is too short to be one (T-A06).
    ///
    /// # Errors
    /// Every problem, one for each field concerned.
    pub fn check(
        table: &[Setting],
        environment: Environment,
        values: BTreeMap<String, String>,
    ) -> Result<Self, Vec<SettingProblem>> {
        let mut problems = Vec::new();
        let values: BTreeMap<String, String> = values
            .into_iter()
            .map(|(key, value)| (key, value.trim().to_owned()))
            // A list of nothing but separators is as empty as one without them.
            .filter(|(_, value)| value.contains(|c: char| c != ',' && !c.is_whitespace()))
            .collect();
        for setting in table.iter().filter(|setting| setting.required) {
            if !values.contains_key(setting.key) {
                problems.push(SettingProblem { key: setting.key.to_owned(), fault: SettingFault::Missing });
            }
        }
        for (key, value) in &values {
            let fault = match table.iter().find(|setting| setting.key == key) {
                None => Some(SettingFault::Unknown),
                Some(setting) => fault(setting, environment, value),
            };
            problems.extend(fault.map(|fault| SettingProblem { key: key.clone(), fault }));
        }
        if problems.is_empty() { Ok(Self { environment, values }) } else { Err(problems) }
    }

    /// Values as they are, whatever a table says: for examples that were made with secrets no account may have.
    pub(crate) fn unchecked(environment: Environment, values: BTreeMap<String, String>) -> Self {
        Self { environment, values }
    }

    /// The account that the sandbox plays: every setting that has a sample value.
    ///
    /// # Panics
    /// When the samples do not pass the table's own check, which a test rules out for every gateway.
    #[must_use]
    pub fn sample(table: &[Setting]) -> Self {
        let values = table.iter().filter(|setting| !setting.sample.is_empty());
        let values = values.map(|setting| (setting.key.to_owned(), setting.sample.to_owned())).collect();
        Self::check(table, Environment::Sandbox, values).expect("a gateway's samples fit its own table")
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The values of a list setting, one a line or separated by commas.
    pub fn list(&self, key: &str) -> impl Iterator<Item = &str> {
        self.get(key).unwrap_or_default().split(['\n', ',']).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The secrets of a setting, one a line: any of them may have made a signature. Never an empty one.
    pub fn secrets(&self, key: &str) -> impl Iterator<Item = &str> {
        self.get(key).unwrap_or_default().lines().map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn is_on(&self, key: &str) -> bool {
        self.get(key) == Some("yes")
    }

    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

fn fault(setting: &Setting, environment: Environment, value: &str) -> Option<SettingFault> {
    let has_lines = setting.kind.has_lines();
    let is_foreign = |c: char| c.is_control() && !(has_lines && matches!(c, '\n' | '\r' | '\t'));
    if value.contains(is_foreign) {
        return Some(SettingFault::ControlCharacter);
    }
    let own = match setting.kind {
        SettingKind::Text | SettingKind::List | SettingKind::Document => None,
        SettingKind::Secret | SettingKind::Secrets => {
            let is_short = |secret: &str| secret.trim().chars().count() < SECRET_CHARS_MIN;
            value.lines().any(is_short).then_some(SettingFault::TooShort(SECRET_CHARS_MIN))
        }
        SettingKind::Choice(choices) => {
            let is_one = choices.iter().any(|choice| choice.word == value);
            (!is_one).then_some(SettingFault::NotAChoice)
        }
        SettingKind::Switch => (value != "yes").then_some(SettingFault::NotAChoice),
        SettingKind::SandboxUrl if environment != Environment::Sandbox => Some(SettingFault::SandboxOnly),
        SettingKind::SandboxUrl => {
            let is_address = url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            (!is_address).then_some(SettingFault::NotAnAddress)
        }
    };
    own.or_else(|| setting.check.and_then(|check| check(value).err()))
}
