//! `ipnd gateways`: what ipnd understands, and whether it understands examples rightly.

use crate::console::{Paper, printable};
use anyhow::{Context as _, Result, bail};
use ipnd_gateways::{ALL, Gateway, SettingKind, check_examples};
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) fn list(as_json: bool) -> Result<()> {
    let paper = Paper::new();
    if as_json {
        let gateways: Vec<Value> = ALL.iter().map(|gateway| describe(gateway)).collect();
        paper.print(&serde_json::to_string_pretty(&json!({ "gateways": gateways }))?);
        return Ok(());
    }
    for gateway in ALL {
        paper.print(&format!("{}  {}", paper.bold(gateway.id), gateway.name));
        for setting in gateway.settings {
            let needed = if setting.required { "" } else { " (optional)" };
            paper.print(&format!("    {}{needed}: {}", setting.key, setting.help.en));
        }
    }
    Ok(())
}

fn describe(gateway: &Gateway) -> Value {
    let settings: Vec<Value> = gateway
        .settings
        .iter()
        .map(|setting| {
            json!({
                "key": setting.key,
                "label": setting.label.en,
                "help": setting.help.en,
                "required": setting.required,
                "secret": setting.kind == SettingKind::Secret,
                "list": setting.kind == SettingKind::List,
                "sandbox_only": setting.kind == SettingKind::SandboxUrl,
            })
        })
        .collect();
    json!({
        "id": gateway.id,
        "name": gateway.name,
        "proof": gateway.proof,
        "asks_back": gateway.resume.is_some(),
        "has_checkout": gateway.checkout.is_some(),
        "settings": settings,
    })
}

pub(crate) fn check(files: &[PathBuf]) -> Result<()> {
    let paper = Paper::new();
    let (mut checked, mut wrong) = (0_usize, 0_usize);
    for file in files {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for line in check_examples(&text) {
            checked += 1;
            if !line.problems.is_empty() {
                wrong += 1;
                paper.print(&printable(&format!("{}: {}", line.name, line.problems.join("; "))));
            }
        }
    }
    if checked == 0 {
        bail!("there is no example of kind ipn in what was given");
    }
    paper.print(&format!("{checked} examples, {wrong} not as expected"));
    if wrong > 0 { bail!("some examples are not understood as expected") } else { Ok(()) }
}
