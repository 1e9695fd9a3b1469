//! `ipnd check`: whether everything that is stored fits together.

use crate::config::{self, Flags};
use crate::console::{Paper, printable};
use crate::progress::Progress;
use crate::serve::DATABASE;
use anyhow::{Result, bail};
use ipnd_store::{Examined, postgres, sqlite};
use serde_json::{Value, json};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// One JSON document instead of text for people
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let config = config::load(&options.flags, std::env::vars())?;
    let database = config.data.join(DATABASE);
    let mut progress = Progress::new();
    let mut show = |rule: &'static str, looked_at| progress.show(rule, looked_at, None);
    let examined = match &config.database {
        Some(url) => postgres::examine(url, &config.outgoing.extra_ca_files, &mut show),
        None => sqlite::examine(&database, &mut show),
    };
    progress.end();
    let rules = examined?;
    let paper = Paper::new();
    if options.json {
        paper.print(&serde_json::to_string_pretty(&as_json(&rules))?);
    } else {
        rules.iter().for_each(|rule| paper.print(&as_text(&paper, rule)));
    }
    let broken = rules.iter().filter(|rule| !rule.is_fine()).count();
    if broken > 0 {
        bail!("{broken} of {} rules do not hold", rules.len());
    }
    if !options.json {
        paper.print(&format!("\nEverything fits together. Looked through in {}.", progress.took()));
    }
    Ok(())
}

fn as_text(paper: &Paper, rule: &Examined) -> String {
    if rule.is_fine() {
        let remarks: String = rule.remarks.iter().map(|remark| format!("; {remark}")).collect();
        return format!(
            "✓ {}: {} ({} looked at{remarks})",
            paper.bold(rule.rule),
            rule.holds,
            rule.looked_at
        );
    }
    let mut text = format!("✗ {}: it does not hold that {}", paper.bold(rule.rule), rule.holds);
    for finding in &rule.findings {
        text.push_str(&format!("\n    {}", printable(finding).replace('\n', " ")));
    }
    if rule.unnamed > 0 {
        text.push_str(&format!("\n    and {} more of this kind", rule.unnamed));
    }
    text.push_str(&format!("\n  What to do: {}", rule.advice));
    text
}

fn as_json(rules: &[Examined]) -> Value {
    let rows: Vec<Value> = rules
        .iter()
        .map(|rule| {
            json!({
                "rule": rule.rule,
                "holds": rule.is_fine(),
                "what": rule.holds,
                "looked_at": rule.looked_at,
                "findings": rule.findings,
                "findings_unnamed": rule.unnamed,
                "advice": rule.advice,
                "remarks": rule.remarks,
            })
        })
        .collect();
    json!({ "holds": rules.iter().all(Examined::is_fine), "rules": rows })
}
