//! `ipnd gateways`: what ipnd understands, and whether it understands examples rightly.

use crate::console::{Paper, printable};
use anyhow::{Context as _, Result, bail};
use ipnd_gateways::{ALL, CheckLine, Gateway, check_examples, check_vectors};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

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
                "kind": setting.kind.word(),
                "choices": setting.kind.choices().iter().map(|choice| choice.word).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "id": gateway.id,
        "name": gateway.name,
        "proof": gateway.proof,
        "events": gateway.tells,
        "asks_back": gateway.resume.is_some(),
        "has_checkout": gateway.checkout.is_some(),
        "settings": settings,
    })
}

/// Files that a check reads: those given, and in folders every file that looks like one.
struct Found {
    path: PathBuf,
    /// Whether it was named itself: then it has to be of use.
    is_named: bool,
}

pub(crate) fn check(paths: &[PathBuf]) -> Result<()> {
    let paper = Paper::new();
    let (mut checked, mut wrong, mut passed_over) = (0_usize, 0_usize, Vec::new());
    for found in found(paths)? {
        let name = found.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&found.path)
            .with_context(|| format!("cannot read {}", found.path.display()))?;
        let lines = match lines(&found.path, &name, &text) {
            Some(lines) => lines,
            None if found.is_named => bail!("no gateway is called {name}"),
            None => {
                passed_over.push(name);
                continue;
            }
        };
        for CheckLine { name: example, problems } in lines {
            checked += 1;
            let verdict = if problems.is_empty() { "ok".to_owned() } else { problems.join("; ") };
            wrong += usize::from(!problems.is_empty());
            paper.print(&printable(&format!("{name}: {example}: {verdict}")));
        }
    }
    if !passed_over.is_empty() {
        paper.print(&printable(&format!("passed over, no such gateway: {}", passed_over.join(", "))));
    }
    if checked == 0 {
        bail!("there is no example in what was given");
    }
    paper.print(&format!("{checked} examples, {wrong} not as expected"));
    if wrong > 0 { bail!("some examples are not understood as expected") } else { Ok(()) }
}

/// `None` where the file is named after no gateway.
fn lines(path: &Path, name: &str, text: &str) -> Option<Vec<CheckLine>> {
    if path.extension().is_some_and(|extension| extension == "jsonl") {
        return Some(check_examples(text));
    }
    ipnd_gateways::find(name).map(|gateway| check_vectors(gateway, text))
}

fn found(paths: &[PathBuf]) -> Result<Vec<Found>> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(Found { path: path.clone(), is_named: true });
            continue;
        }
        let listing =
            std::fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
        let mut inside = Vec::new();
        for entry in listing {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl") {
                inside.push(path);
            }
        }
        inside.sort();
        all.extend(inside.into_iter().map(|path| Found { path, is_named: false }));
    }
    Ok(all)
}
