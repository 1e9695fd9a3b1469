//! `ipnd gateways try`: what would become of a message at an account, step by step.

use crate::console::{Paper, printable};
use anyhow::{Context as _, Result, anyhow, bail};
use ipnd_core::{Environment, Language};
use ipnd_gateways::try_out::{Tried, Verdict};
use ipnd_gateways::try_out::{request_of_text, time_of_text, try_out};
use ipnd_gateways::{Gateway, Settings};
use ipnd_store::Clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which gateway the message is from: its name in `ipnd gateways`
    gateway: String,
    /// The account's settings, in TOML: a line `key = "value"` for each, and `environment = "live"` if it is one
    #[arg(long, value_name = "FILE")]
    settings: PathBuf,
    /// The message, as a raw HTTP request in text
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// When it came, as 2026-11-03T10:15:00Z or in seconds since 1970; now, if left out
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

/// Tells step by step, and ends with an error when the message is refused.
pub(crate) fn run(options: &Options, as_json: bool) -> Result<()> {
    let gateway = ipnd_gateways::find(&options.gateway)
        .ok_or_else(|| anyhow!("no gateway is called {}; see: ipnd gateways", options.gateway))?;
    let settings = settings(gateway, &options.settings)?;
    let text = std::fs::read(&options.request)
        .with_context(|| format!("cannot read {}", options.request.display()))?;
    let request = request_of_text(&text)
        .map_err(|what| anyhow!("{} is no HTTP request: {what}", options.request.display()))?;
    let now = match &options.now {
        None => Clock::system().now(),
        Some(text) => time_of_text(text).ok_or_else(|| anyhow!("“{text}” is no time"))?,
    };
    let tried = try_out(gateway, &settings, &request, now);
    let paper = Paper::new();
    paper.print(&if as_json { written(&tried)? } else { printable(&told(&tried)) });
    match &tried.reason {
        Some(reason) if tried.verdict == Verdict::Refused => {
            bail!("refused: {}", printable(&reason.sentence(Language::En)))
        }
        _ => Ok(()),
    }
}

fn settings(gateway: &Gateway, path: &Path) -> Result<Settings> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let table: toml::Table =
        toml::from_str(&text).with_context(|| format!("{} is not TOML", path.display()))?;
    let mut environment = Environment::Sandbox;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let value = value_of(&key, value)?;
        if key == "environment" {
            environment = Environment::from_word(&value)
                .ok_or_else(|| anyhow!("environment is live or sandbox, not “{value}”"))?;
        } else {
            values.insert(key, value);
        }
    }
    Settings::check(gateway.settings, environment, values).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        anyhow!("the settings in {} do not fit:{}", path.display(), problems.concat())
    })
}

/// A text as it is, a list one a line, and a switch by `true` and `false`.
fn value_of(key: &str, value: toml::Value) -> Result<String> {
    match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Boolean(is_on) => Ok(if is_on { "yes".to_owned() } else { String::new() }),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Array(values) => {
            let lines: Result<Vec<String>> = values.into_iter().map(|value| value_of(key, value)).collect();
            Ok(lines?.join("\n"))
        }
        _ => bail!("the setting {key} must be a text, a list of texts, or true"),
    }
}

/// For people.
fn told(tried: &Tried) -> String {
    let mut lines = Vec::new();
    for step in &tried.steps {
        lines.push(step.sentence.clone());
        let shown = step.shown.iter().flat_map(|text| text.lines());
        lines.extend(shown.map(|line| format!("    {line}")));
    }
    if !tried.fields.is_empty() {
        lines.push("This is what the description finds:".to_owned());
        let width = tried.fields.iter().map(|field| field.name.len()).max().unwrap_or_default();
        lines.extend(tried.fields.iter().map(|field| {
            let value = field.value.as_deref().unwrap_or("(nothing there)");
            format!("    {:width$}  {} = {value}", field.name, field.path)
        }));
    }
    lines.join("\n")
}

fn written(tried: &Tried) -> Result<String> {
    let mut value: Value = serde_json::to_value(tried)?;
    value["reason"] = tried.reason.as_ref().map_or(Value::Null, |reason| {
        json!({ "code": reason.code, "detail": reason.detail, "sentence": reason.sentence(Language::En) })
    });
    Ok(serde_json::to_string_pretty(&value)?)
}
