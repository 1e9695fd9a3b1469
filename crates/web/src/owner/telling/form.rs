//! The form of an endpoint, as it was filled in, with what is wrong.

use super::super::fields::Fields;
use super::super::inputs::{self, Entered, Input, PREFIX, in_words, keep_secrets};
use super::super::words::Words;
use super::{headers, kinds};
use crate::endpoints::{check, settings_of, usual};
use crate::problem::FieldProblem;
use ipnd_core::Environment;
use ipnd_core::limits::{
    ENDPOINT_CONCURRENCY, ENDPOINT_CONCURRENCY_MAX, ENDPOINT_HEADERS_MAX, ENDPOINT_RATE_MAX,
};
use ipnd_gateways::dialect::Dialect;
use ipnd_gateways::{Setting, SettingKind, Settings};
use ipnd_store::{Account, Endpoint, EndpointPlan};
use std::collections::BTreeMap;

/// In front of an account's id, in the form.
const ACCOUNT: &str = "account.";
/// Chosen where the endpoint is to fetch what it is told.
const FETCH: &str = "fetch";

pub(super) struct Form {
    pub(super) dialect: Dialect,
    pub(super) plan: EndpointPlan,
    pub(super) is_pair: bool,
    /// As they were typed, so that nothing has to be typed twice.
    pub(super) concurrency: String,
    pub(super) rate: String,
    /// Values of headers were typed into a form in which something is wrong: they have to be typed again.
    pub(super) headers_are_lost: bool,
    typed_secrets: Vec<&'static str>,
    pub(super) problems: BTreeMap<String, String>,
}

/// Addresses of a gateway's sandbox are asked by an account; an endpoint asks nobody.
fn table(dialect: Dialect) -> impl Iterator<Item = &'static Setting> {
    settings_of(dialect).filter(|setting| setting.kind != SettingKind::SandboxUrl)
}

impl Form {
    pub(super) fn new(dialect: Dialect) -> Self {
        let plan = EndpointPlan { url: Some(String::new()), dialect: dialect.id().to_owned(), ..usual() };
        Self::with(dialect, plan)
    }

    /// The form of an endpoint as it is, or in another dialect.
    pub(super) fn of(endpoint: &Endpoint, dialect: Dialect) -> Self {
        let mut plan = endpoint.plan.clone();
        if plan.dialect != dialect.id() {
            dialect.id().clone_into(&mut plan.dialect);
            // Settings of another form mean nothing in this one.
            plan.settings.clear();
        }
        Self::with(dialect, plan)
    }

    fn with(dialect: Dialect, plan: EndpointPlan) -> Self {
        Self {
            dialect,
            is_pair: false,
            concurrency: plan.concurrency.to_string(),
            rate: plan.rate.to_string(),
            headers_are_lost: false,
            typed_secrets: Vec::new(),
            problems: BTreeMap::new(),
            plan,
        }
    }

    /// Reads what was sent, and checks it.
    pub(super) fn read(
        dialect: Dialect,
        fields: &Fields,
        known: Option<&Endpoint>,
        accounts: &[Account],
        words: Words,
    ) -> Self {
        let mut form = match known {
            Some(endpoint) => Self::of(endpoint, dialect),
            None => Self::new(dialect),
        };
        let plan = &mut form.plan;
        fields.get("name").clone_into(&mut plan.name);
        // Which of the two it is, is decided when it is made.
        let fetches = match known {
            Some(_) => plan.url.is_none(),
            None => fields.get("way") == FETCH,
        };
        plan.url = (!fetches).then(|| fields.get("url").to_owned());
        plan.filter.kinds = kinds::read(fields);
        let is_chosen = |account: &&Account| fields.is_set(&format!("{ACCOUNT}{}", account.id));
        plan.filter.accounts = accounts.iter().filter(is_chosen).map(|account| account.id).collect();
        plan.filter.products = lines(&fields.text("products"));
        plan.filter.environment = Environment::from_word(fields.get("environment"));
        fields.get("expression").clone_into(&mut plan.filter.expression);
        form.is_pair = fields.is_set("key_pair");
        // Whoever fetches sets its own pace, and always gets an order's messages in their sequence.
        if !fetches {
            form.plan.is_ordered = fields.is_set("ordered");
            form.read_pace(fields);
        }
        form.read_settings(fields, words);
        let typed = headers::read(&fields.text("headers"), &form.plan.headers, words);
        form.plan.headers = typed.headers;
        form.check(words);
        if let Some(problem) = typed.problem {
            form.problems.insert("headers".to_owned(), problem);
        }
        form.headers_are_lost = typed.has_values && !form.problems.is_empty();
        form
    }

    /// What is no number is none that is allowed.
    fn read_pace(&mut self, fields: &Fields) {
        let number = |text: &str, empty: u32, wrong: u32| {
            if text.is_empty() { empty } else { text.parse().unwrap_or(wrong) }
        };
        fields.get("concurrency").clone_into(&mut self.concurrency);
        fields.get("rate").clone_into(&mut self.rate);
        self.plan.concurrency = number(&self.concurrency, ENDPOINT_CONCURRENCY, 0);
        self.plan.rate = number(&self.rate, 0, u32::MAX);
    }

    fn read_settings(&mut self, fields: &Fields, words: Words) {
        let mut values: BTreeMap<String, String> = fields.beginning_with(PREFIX).collect();
        values.retain(|_, value| !value.trim().is_empty());
        let typed = table(self.dialect).filter(|setting| setting.kind.is_secret()).map(|setting| setting.key);
        self.typed_secrets = typed.filter(|key| values.contains_key(*key)).collect();
        keep_secrets(table(self.dialect), fields, &self.plan.settings, &mut values);
        for value in values.values_mut() {
            *value = value.trim().to_owned();
        }
        // Sandbox, as the check of the plan itself: the addresses that only it may set are not among the fields.
        let checked = Settings::check(self.dialect.settings(), Environment::Sandbox, values.clone());
        for problem in checked.err().into_iter().flatten() {
            self.problems.insert(problem.key.clone(), in_words(&problem.fault, words));
        }
        self.plan.settings = values;
    }

    fn check(&mut self, words: Words) {
        let mut wrong = match check(self.plan.clone()) {
            Ok(plan) => {
                self.plan = plan;
                return;
            }
            Err(wrong) => wrong,
        };
        // Those of the settings have been said already, in the page's own language.
        wrong.retain(|problem| !problem.field.starts_with("settings."));
        for problem in wrong {
            let (field, said) = self.in_words(&problem, words);
            self.problems.entry(field.to_owned()).or_insert(said);
        }
    }

    /// The field of the page, and what is wrong with it.
    fn in_words(&self, problem: &FieldProblem, words: Words) -> (&'static str, String) {
        let detail = &problem.problem;
        match problem.field.as_str() {
            "name" => ("name", words.t("settings.problem_key_name")),
            "url" if self.plan.url.as_deref() == Some("") => ("url", words.t("accounts.problem_needed")),
            "url" => ("url", words.with("endpoints.problem_url", "detail", detail)),
            "concurrency" => {
                ("concurrency", words.with("endpoints.problem_concurrency", "max", ENDPOINT_CONCURRENCY_MAX))
            }
            "rate" => ("rate", words.with("endpoints.problem_rate", "max", ENDPOINT_RATE_MAX)),
            "headers" => ("headers", words.with("endpoints.problem_headers", "max", ENDPOINT_HEADERS_MAX)),
            "filter.expression" => {
                ("expression", words.with("endpoints.problem_expression", "detail", detail))
            }
            field if field.starts_with("headers[") => {
                ("headers", words.with("endpoints.problem_header", "detail", detail))
            }
            _ => ("filter", words.with("endpoints.problem_filter", "detail", detail)),
        }
    }

    pub(super) fn inputs(&self, known: Option<&Endpoint>, words: Words) -> Vec<Input> {
        let known = known.filter(|endpoint| endpoint.plan.dialect == self.dialect.id());
        let entered = Entered {
            values: &self.plan.settings,
            kept: known.map(|endpoint| &endpoint.plan.settings),
            typed_secrets: &self.typed_secrets,
            problems: &self.problems,
        };
        table(self.dialect).map(|setting| inputs::input(setting, &entered, words)).collect()
    }

    pub(super) fn accounts(&self, accounts: &[Account]) -> Vec<(String, String, bool)> {
        let one = |account: &Account| {
            let is_chosen = self.plan.filter.accounts.contains(&account.id);
            (format!("{ACCOUNT}{}", account.id), account.name.clone(), is_chosen)
        };
        accounts.iter().map(one).collect()
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Language;

    fn read(dialect: &str, body: &str, language: Language) -> Form {
        let fields = Fields::parse(body.as_bytes()).unwrap();
        Form::read(Dialect::find(dialect).unwrap(), &fields, None, &[], Words(language))
    }

    const WRONG: &str =
        "name=&url=ftp://x&concurrency=many&rate=-1&expression=1+%2B&headers=Content-Length:1&set.nothing=1";

    #[test]
    fn problems_stand_beside_their_fields_and_speak_the_pages_language() {
        let english = read("paypal-ipn", WRONG, Language::En);
        let german = read("paypal-ipn", WRONG, Language::De);
        let fields: Vec<&str> = english.problems.keys().map(String::as_str).collect();
        assert_eq!(
            fields,
            ["concurrency", "expression", "headers", "name", "nothing", "rate", "receivers", "url"]
        );
        for (field, problem) in &english.problems {
            assert_ne!(Some(problem), german.problems.get(field), "{field}");
        }
        assert!(english.headers_are_lost && english.concurrency == "many");
    }

    #[test]
    fn what_is_left_empty_is_as_usual() {
        let form = read(
            "standard",
            "name=+Shop+&url=https://shop.example.com/x&concurrency=&rate=&products=a%0D%0A%0D%0Ab",
            Language::En,
        );
        assert!(form.problems.is_empty(), "{:?}", form.problems);
        assert_eq!(
            (form.plan.name.as_str(), form.plan.concurrency, form.plan.rate),
            ("Shop", ENDPOINT_CONCURRENCY, 0)
        );
        assert_eq!(form.plan.filter.products, ["a", "b"]);
    }

    #[test]
    fn nothing_asks_for_what_only_reading_needs() {
        for dialect in Dialect::all() {
            let form = Form::new(dialect);
            let inputs = form.inputs(None, Words(Language::En));
            assert!(inputs.iter().all(|input| !["sandbox_url"].contains(&input.kind)), "{dialect:?}");
            assert!(inputs.iter().all(|input| input.name != "set.accept_unconfirmed"), "{dialect:?}");
        }
    }
}
