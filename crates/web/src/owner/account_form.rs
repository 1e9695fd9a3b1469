//! The form of an account, made from its gateway's table of settings.

use super::accounts::PATH;
use super::failure::Failure;
use super::fields::Fields;
use super::frame::{Frame, Section};
use super::inputs::{self, Entered, Input, PREFIX, in_words, keep_secrets};
use super::proof::Worth;
use super::visit::Visit;
use super::words::Words;
use crate::page;
use askama::Template;
use axum::response::Response;
use http::StatusCode;
use ipnd_core::Environment;
use ipnd_gateways::{Gateway, Setting, SettingKind, Settings};
use ipnd_store::Account;
use std::collections::BTreeMap;

const NAME_CHARS_MAX: usize = 80;
/// Characters of one setting.
const VALUE_CHARS_MAX: usize = 10_000;

/// The form as it was filled in, with what is wrong.
pub(super) struct Form {
    pub(super) name: String,
    environment: Option<Environment>,
    pub(super) creates_orders: bool,
    values: BTreeMap<String, String>,
    /// Which secrets were typed. They are never shown, so if something is wrong they have to be typed again.
    typed_secrets: Vec<&'static str>,
    problems: BTreeMap<String, String>,
}

#[derive(Template)]
#[template(path = "owner/account_form.html")]
struct FormPage {
    page: Frame,
    title: String,
    action: String,
    try_action: String,
    back: String,
    gateway: &'static Gateway,
    is_new: bool,
    name: String,
    environment: &'static str,
    creates_orders: bool,
    inputs: Vec<Input>,
    problems: BTreeMap<String, String>,
    worth: Worth,
}

/// A setting as it is shown beside the account.
pub(super) struct ShownValue {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) is_document: bool,
}

impl Form {
    pub(super) fn new(gateway: &Gateway) -> Self {
        Self {
            name: gateway.name.to_owned(),
            environment: None,
            creates_orders: false,
            values: BTreeMap::new(),
            typed_secrets: Vec::new(),
            problems: BTreeMap::new(),
        }
    }

    /// The form of an account as it is. Secrets stay where they are.
    pub(super) fn of(gateway: &Gateway, account: &Account) -> Self {
        let is_shown = |key: &str| {
            let setting = gateway.settings.iter().find(|setting| setting.key == key);
            setting.is_some_and(|setting| !setting.kind.is_secret())
        };
        let values = account.settings.iter().filter(|(key, _)| is_shown(key));
        Self {
            name: account.name.clone(),
            environment: Some(account.environment),
            creates_orders: account.creates_orders,
            values: values.map(|(key, value)| (key.clone(), value.clone())).collect(),
            typed_secrets: Vec::new(),
            problems: BTreeMap::new(),
        }
    }

    /// Reads what was sent and checks it against the gateway's table.
    pub(super) fn read(gateway: &Gateway, fields: &Fields, known: Option<&Account>, words: Words) -> Self {
        let environment = match known {
            Some(account) => Some(account.environment),
            None => Environment::from_word(fields.get("environment")),
        };
        let mut values: BTreeMap<String, String> = fields.beginning_with(PREFIX).collect();
        // A live form has the field of the sandbox's address too; left empty it means nothing.
        values.retain(|_, value| !value.trim().is_empty());
        let secrets = gateway.settings.iter().filter(|setting| setting.kind.is_secret());
        let typed_secrets = secrets.map(|setting| setting.key).filter(|key| values.contains_key(*key));
        let mut form = Self {
            typed_secrets: typed_secrets.collect(),
            name: fields.get("name").to_owned(),
            environment,
            creates_orders: fields.is_set("creates_orders"),
            values,
            problems: BTreeMap::new(),
        };
        if let Some(account) = known {
            keep_secrets(gateway.settings.iter(), fields, &account.settings, &mut form.values);
        }
        form.check(gateway, words);
        form
    }

    fn check(&mut self, gateway: &Gateway, words: Words) {
        let mut wrong = |key: &str, problem: String| {
            self.problems.insert(key.to_owned(), problem);
        };
        let is_line = !self.name.is_empty() && !self.name.chars().any(char::is_control);
        if !is_line || self.name.chars().count() > NAME_CHARS_MAX {
            wrong("name", words.t("accounts.problem_name"));
        }
        if self.environment.is_none() {
            wrong("environment", words.t("accounts.problem_environment"));
        }
        for (key, _) in self.values.iter().filter(|(_, value)| value.chars().count() > VALUE_CHARS_MAX) {
            wrong(key, words.t("accounts.problem_long"));
        }
        // Without a choice, sandbox is the milder one: the problem above stops the form anyway.
        let environment = self.environment.unwrap_or(Environment::Sandbox);
        if let Err(problems) = Settings::check(gateway.settings, environment, self.values.clone()) {
            for problem in problems {
                wrong(&problem.key, in_words(&problem.fault, words));
            }
        }
    }

    /// What may be kept, if nothing is wrong.
    pub(super) fn checked(&self) -> Option<(Environment, BTreeMap<String, String>)> {
        let environment = self.environment.filter(|_| self.problems.is_empty())?;
        let values = self.values.iter().map(|(key, value)| (key.clone(), value.trim().to_owned()));
        Some((environment, values.collect()))
    }

    /// What is wrong, with the names of the fields, for a page without the form.
    pub(super) fn problems_in_words(&self, gateway: &Gateway, words: Words) -> Vec<String> {
        let label = |key: &str| match gateway.settings.iter().find(|setting| setting.key == key) {
            Some(setting) => setting.label.r#in(words.0).to_owned(),
            None if matches!(key, "name" | "environment") => words.t(&format!("accounts.{key}")),
            None => key.to_owned(),
        };
        self.problems.iter().map(|(key, problem)| format!("{}: {problem}", label(key))).collect()
    }

    /// The settings as they are shown beside the account, without secrets.
    pub(super) fn shown_values(&self, gateway: &Gateway, words: Words) -> Vec<ShownValue> {
        let shown = |setting: &Setting| {
            let value = self.values.get(setting.key).filter(|_| !setting.kind.is_secret())?;
            let choice = setting.kind.choices().iter().find(|choice| choice.word == value);
            let value = match (setting.kind, choice) {
                (SettingKind::Switch, _) => words.t("word.yes"),
                (_, Some(choice)) => choice.label.r#in(words.0).to_owned(),
                (_, None) => value.clone(),
            };
            let is_document = setting.kind == SettingKind::Document;
            Some(ShownValue { label: setting.label.r#in(words.0), value, is_document })
        };
        gateway.settings.iter().filter_map(shown).collect()
    }
}

pub(super) async fn form_page(
    visit: &Visit,
    gateway: &'static Gateway,
    account: Option<&Account>,
    form: Form,
) -> Result<Response, Failure> {
    let words = visit.words;
    let status = if form.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let here = account.map(|account| format!("{PATH}/{}", account.id));
    // Once the environment is fixed, settings of the other one are not offered.
    let fits = |setting: &&Setting| {
        let is_live = account.is_some_and(|account| account.environment == Environment::Live);
        !(is_live && setting.kind == SettingKind::SandboxUrl)
    };
    let inputs = gateway.settings.iter().filter(fits).map(|setting| input(setting, account, &form, words));
    let shown = FormPage {
        page: visit.frame(Section::Accounts).await?,
        title: match account {
            Some(account) => words.with("accounts.edit", "name", &account.name),
            None => words.t("accounts.add"),
        },
        action: here.as_ref().map_or_else(|| format!("{PATH}/new"), |here| format!("{here}/edit")),
        try_action: format!("{}/try", here.as_deref().unwrap_or("/owner/accounts/new")),
        back: here.unwrap_or_else(|| PATH.to_owned()),
        gateway,
        is_new: account.is_none(),
        environment: form.environment.map_or("", Environment::word),
        creates_orders: form.creates_orders,
        inputs: inputs.collect(),
        worth: Worth::of(gateway, words),
        problems: form.problems.clone(),
        name: form.name,
    };
    Ok(page::html(status, &shown))
}

fn input(setting: &Setting, account: Option<&Account>, form: &Form, words: Words) -> Input {
    let entered = Entered {
        values: &form.values,
        kept: account.map(|account| &account.settings),
        typed_secrets: &form.typed_secrets,
        problems: &form.problems,
    };
    inputs::input(setting, &entered, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Language;
    use ipnd_gateways::Said;
    use jiff::Timestamp;

    /// One setting of each kind.
    fn gateway() -> Gateway {
        let same = |text| Said { en: text, de: text, es: text, uk: text };
        let setting = |key, kind, required| Setting {
            key,
            kind,
            required,
            label: same("Label"),
            help: same("Help"),
            sample: "",
            check: None,
        };
        let table = vec![
            setting("ids", SettingKind::List, true),
            setting("secret", SettingKind::Secret, true),
            setting("url", SettingKind::SandboxUrl, false),
        ];
        let known = ipnd_gateways::ALL[0];
        Gateway { id: "test", name: "Test", family: "test", settings: table.leak(), ..*known }
    }

    fn account(settings: &[(&str, &str)]) -> Account {
        Account {
            id: ipnd_store::AccountId(1),
            shop: ipnd_store::ShopId(1),
            gateway: "test".into(),
            name: "Mine".into(),
            environment: Environment::Live,
            settings: settings.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            creates_orders: false,
            token: "t".into(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn read(body: &str, known: Option<&Account>) -> Form {
        Form::read(&gateway(), &Fields::parse(body.as_bytes()).unwrap(), known, Words(Language::En))
    }

    #[test]
    fn problems_stand_beside_their_fields() {
        let form = read("name=&set.url=x&set.other=1", None);
        let keys: Vec<&str> = form.problems.keys().map(String::as_str).collect();
        assert_eq!(keys, ["environment", "ids", "name", "other", "secret", "url"]);
        assert!(form.checked().is_none());
    }

    #[test]
    fn every_problem_of_the_check_is_said_in_the_pages_language() {
        let english = read("name=x&environment=live&set.url=http://a.test&set.other=1", None);
        let german = Form::read(
            &gateway(),
            &Fields::parse(b"name=x&environment=live&set.url=http://a.test&set.other=1").unwrap(),
            None,
            Words(Language::De),
        );
        for (key, problem) in &english.problems {
            assert_ne!(Some(problem), german.problems.get(key), "{key}");
        }
    }

    #[test]
    fn a_secret_is_kept_when_left_empty_and_never_shown() {
        let known = account(&[("ids", "A"), ("secret", "s3cret")]);
        let form = read("name=Mine&set.ids=B&set.secret=", Some(&known));
        let (environment, settings) = form.checked().unwrap();
        assert_eq!(
            (environment, settings["ids"].as_str(), settings["secret"].as_str()),
            (Environment::Live, "B", "s3cret")
        );
        let shown = input(&gateway().settings[1], Some(&known), &form, Words(Language::En));
        assert!(shown.value.is_empty() && shown.is_kept);
        assert!(!Form::of(&gateway(), &known).values.contains_key("secret"));
    }

    #[test]
    fn t_d13_signing_secret_leaks_into_no_form_so_one_that_was_refused_asks_for_it_again() {
        let gateway = gateway();
        let asks = |body: &str, known: Option<&Account>| {
            let form = read(body, known);
            let inputs =
                gateway.settings.iter().map(|setting| input(setting, known, &form, Words(Language::En)));
            let inputs: Vec<Input> = inputs.collect();
            assert!(inputs.iter().all(|input| !input.value.contains("s3cret")));
            inputs.into_iter().filter(|input| input.is_lost).map(|input| input.name).collect::<Vec<_>>()
        };
        let known = account(&[("ids", "A"), ("secret", "old-s3cret")]);
        // The name is missing.
        assert_eq!(asks("name=&set.ids=A&set.secret=new-s3cret", Some(&known)), ["set.secret"]);
        assert_eq!(asks("name=&environment=live&set.ids=A&set.secret=new-s3cret", None), ["set.secret"]);
        // Nothing was typed that could be lost, and nothing is wrong.
        assert_eq!(asks("name=&set.ids=A&set.secret=", Some(&known)), [""; 0]);
        assert_eq!(asks("name=x&set.ids=A&set.secret=new-s3cret", Some(&known)), [""; 0]);
    }

    #[test]
    fn a_switch_that_is_unticked_is_off_and_a_secret_can_be_removed() {
        let mut gateway = gateway();
        let mut table = gateway.settings.to_vec();
        table.push(ipnd_gateways::ACCEPT_UNCONFIRMED);
        table.push(Setting { key: "api_key", required: false, ..table[1] });
        gateway.settings = table.leak();
        let known = account(&[
            ("ids", "A"),
            ("secret", "s3cret"),
            ("accept_unconfirmed", "yes"),
            ("api_key", "s3cret"),
        ]);
        let read = |body: &str| {
            let fields = Fields::parse(body.as_bytes()).unwrap();
            let form = Form::read(&gateway, &fields, Some(&known), Words(Language::En));
            form.checked().map(|(_, settings)| settings.into_keys().collect::<Vec<_>>().join(" "))
        };
        let kept = read("name=x&set.ids=A&set.accept_unconfirmed=yes&set.api_key=");
        assert_eq!(kept.as_deref(), Some("accept_unconfirmed api_key ids secret"));
        assert_eq!(read("name=x&set.ids=A").as_deref(), Some("api_key ids secret"));
        assert_eq!(read("name=x&set.ids=A&drop.api_key=yes").as_deref(), Some("ids secret"));
        assert_eq!(read("name=x&set.ids=A&drop.secret=yes"), None, "this one is needed");
        let drops: Vec<bool> = gateway
            .settings
            .iter()
            .map(|setting| {
                let form = Form::of(&gateway, &known);
                input(setting, Some(&known), &form, Words(Language::En)).drop_name.is_some()
            })
            .collect();
        assert_eq!(drops, [false, false, false, false, true]);
    }

    #[test]
    fn t_a02_the_address_of_a_sandbox_cannot_be_set_in_a_live_account() {
        let form = read("name=x&environment=live&set.ids=A&set.secret=s&set.url=http://evil.test", None);
        assert!(form.checked().is_none() && form.problems.contains_key("url"));
        // A form cannot move an account to the other environment either.
        let known = account(&[("ids", "A"), ("secret", "s")]);
        let form = read("name=x&environment=sandbox&set.ids=A&set.url=http://evil.test", Some(&known));
        assert!(form.checked().is_none() && form.problems.contains_key("url"));
    }
}
