//! What must hold for a gateway's entry itself.

use ipnd_core::{Environment, EventKind};
use ipnd_gateways::{ACCEPT_UNCONFIRMED, Covers, Gateway, Proof, SettingKind, Settings};
use libtest_mimic::Failed;
use std::collections::{BTreeMap, BTreeSet};

/// The headings of every documentation page, in this sequence.
const HEADINGS: [&str; 7] = [
    "## Setting it up",
    "## What it sends",
    "## How it signs",
    "## What it expects back",
    "## Retries",
    "## Quirks",
    "## Sources",
];

pub(crate) fn check(gateway: &Gateway) -> Result<(), Failed> {
    let ensure = |holds: bool, otherwise: &str| if holds { Ok(()) } else { Err(Failed::from(otherwise)) };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure(!gateway.id.is_empty() && gateway.id.chars().all(is_plain), "the id is not plain")?;

    let keys: BTreeSet<&str> = gateway.settings.iter().map(|setting| setting.key).collect();
    ensure(keys.len() == gateway.settings.len(), "two settings have one key")?;
    for setting in gateway.settings {
        for said in [setting.label, setting.help] {
            let texts = [said.en, said.de, said.es, said.uk];
            let is_said = texts.iter().all(|text| !text.is_empty() && !text.contains("  "));
            ensure(is_said, &format!("{} is not said in every language, on one line", setting.key))?;
        }
    }
    let _passes_its_own_check = Settings::sample(gateway.settings);
    let accepts = keys.contains(ACCEPT_UNCONFIRMED.key);
    ensure(gateway.needs_confirmation() == accepts, "a proof that is not strong needs ACCEPT_UNCONFIRMED")?;
    ensure(
        gateway.proof == Proof::Strong || gateway.covers != Covers::Body || gateway.resume.is_some(),
        "weak, and covers all",
    )?;
    let lists =
        |key| gateway.settings.iter().any(|setting| setting.key == key && setting.kind == SettingKind::List);
    ensure(gateway.receivers.is_none_or(lists), "the receivers are no list among the settings")?;
    ensure(
        gateway.resume.is_some() == gateway.answer.is_some(),
        "who asks must be able to play who answers",
    )?;

    // Nothing that is needed may be left out, and nothing that is secret may be blank (T-A06).
    for setting in gateway.settings.iter().filter(|setting| setting.required) {
        for blank in ["", " ", "\n", "\t \n"] {
            let mut values: BTreeMap<String, String> = Settings::sample(gateway.settings).values().clone();
            values.insert(setting.key.to_owned(), blank.to_owned());
            let checked = Settings::check(gateway.settings, Environment::Sandbox, values);
            ensure(checked.is_err(), &format!("{} may be blank", setting.key))?;
        }
    }

    let tells: BTreeSet<EventKind> = gateway.tells.iter().copied().collect();
    ensure(
        tells.len() == gateway.tells.len() && !tells.is_empty(),
        "a kind of event is told twice, or none at all",
    )?;

    let page = gateway.page();
    let found: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    ensure(found == HEADINGS, &format!("the documentation has the headings {found:?}"))?;
    ensure(!page.contains("fn receive"), "the documentation runs on into the code")
}
