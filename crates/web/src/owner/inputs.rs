//! The fields of a form that a gateway's table of settings makes: of an account, and of an endpoint in that gateway's form.

use super::fields::Fields;
use super::words::Words;
use ipnd_gateways::{Setting, SettingFault};
use std::collections::BTreeMap;

/// In front of a setting's key, in the form.
pub(super) const PREFIX: &str = "set.";
/// In front of the key of a secret that is to be removed.
const DROP_PREFIX: &str = "drop.";

/// A field, ready for the template `owner/setting_inputs.html`.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) help: String,
    pub(super) kind: &'static str,
    pub(super) required: bool,
    pub(super) value: String,
    /// Word and label of what can be chosen.
    pub(super) choices: Vec<(&'static str, &'static str)>,
    /// A secret that is there already and is not shown.
    pub(super) is_kept: bool,
    /// A secret that was typed into a form in which something is wrong, so that it has to be typed again.
    pub(super) is_lost: bool,
    /// The name of the box that removes it, where it can be done without.
    pub(super) drop_name: Option<String>,
    pub(super) problem: Option<String>,
}

/// What stands in the fields, and what is kept already.
pub(super) struct Entered<'a> {
    pub(super) values: &'a BTreeMap<String, String>,
    pub(super) kept: Option<&'a BTreeMap<String, String>>,
    /// Keys of secrets that were typed.
    pub(super) typed_secrets: &'a [&'static str],
    /// By key, and whatever else is wrong in the whole form.
    pub(super) problems: &'a BTreeMap<String, String>,
}

pub(super) fn input(setting: &Setting, entered: &Entered<'_>, words: Words) -> Input {
    let is_secret = setting.kind.is_secret();
    let choices = setting.kind.choices();
    let is_kept = is_secret && entered.kept.is_some_and(|kept| kept.contains_key(setting.key));
    Input {
        name: format!("{PREFIX}{}", setting.key),
        label: setting.label.r#in(words.0).to_owned(),
        help: setting.help.r#in(words.0).to_owned(),
        kind: setting.kind.word(),
        required: setting.required,
        value: entered.values.get(setting.key).filter(|_| !is_secret).cloned().unwrap_or_default(),
        choices: choices.iter().map(|choice| (choice.word, choice.label.r#in(words.0))).collect(),
        is_kept,
        is_lost: entered.typed_secrets.contains(&setting.key) && !entered.problems.is_empty(),
        drop_name: (is_kept && !setting.required).then(|| format!("{DROP_PREFIX}{}", setting.key)),
        problem: entered.problems.get(setting.key).cloned(),
    }
}

/// A secret that was left empty stays as it is, unless it is to be removed.
pub(super) fn keep_secrets<'a>(
    settings: impl Iterator<Item = &'a Setting>,
    fields: &Fields,
    kept: &BTreeMap<String, String>,
    values: &mut BTreeMap<String, String>,
) {
    for setting in settings.filter(|setting| setting.kind.is_secret()) {
        if fields.is_set(&format!("{DROP_PREFIX}{}", setting.key)) {
            continue;
        }
        if let Some(secret) = kept.get(setting.key) {
            values.entry(setting.key.to_owned()).or_insert_with(|| secret.clone());
        }
    }
}

/// The gateways' own check speaks English; the page says the same in its own language.
pub(super) fn in_words(fault: &SettingFault, words: Words) -> String {
    match fault {
        SettingFault::Missing => words.t("accounts.problem_needed"),
        SettingFault::Unknown => words.t("accounts.problem_unknown"),
        SettingFault::SandboxOnly => words.t("accounts.problem_sandbox_only"),
        SettingFault::NotAnAddress => words.t("accounts.problem_not_url"),
        SettingFault::ControlCharacter => words.t("accounts.problem_control_character"),
        SettingFault::NotAChoice => words.t("accounts.problem_no_choice"),
        SettingFault::TooShort(least) => words.with("accounts.problem_short", "least", least),
        SettingFault::Malformed(detail) => words.with("accounts.problem_malformed", "detail", detail),
    }
}
