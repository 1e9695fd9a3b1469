//! `ipnd check`: whether everything that is stored fits together.

use crate::config::{self, Flags};
use crate::console::{Paper, printable};
use crate::progress::Progress;
use crate::serve::DATABASE;
use anyhow::{Result, bail};
use ipnd_store::Examined;
use ipnd_store::sqlite;
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
    if config.database.is_some() {
        bail!("this is for SQLite; a database in PostgreSQL cannot be looked through by this version");
    }
    let database = config.data.join(DATABASE);
    let mut progress = Progress::new();
    let examined = sqlite::examine(&database, &mut |rule, looked_at| progress.show(rule, looked_at, None));
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
        return format!("✓ {}: {} ({} looked at)", paper.bold(rule.rule), rule.holds, rule.looked_at);
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
            })
        })
        .collect();
    json!({ "holds": rules.iter().all(Examined::is_fine), "rules": rows })
}
