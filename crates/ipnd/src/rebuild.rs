//! `ipnd rebuild`: works everything out again and shows what differs.

use crate::config::{self, Flags};
use crate::console::{Paper, printable};
use crate::progress::Progress;
use crate::serve::DATABASE;
use anyhow::{Result, bail};
use ipnd_store::{Clock, How, RebuildStep, Rebuilt, postgres, sqlite};
use serde_json::{Value, json};

/// Lines that are printed for people; JSON has all.
const SHOWN_MAX: usize = 200;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Put right what differs, in one transaction; ipnd must be stopped
    #[arg(long)]
    apply: bool,
    /// With --apply: send the mails that only now turn out to be due, and take units out of stock. Without it such mails
    /// are kept as not sent
    #[arg(long, requires = "apply")]
    send: bool,
    /// One JSON document instead of text for people
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let config = config::load(&options.flags, std::env::vars())?;
    let database = config.data.join(DATABASE);
    let how = if options.apply { How::Apply { sends: options.send } } else { How::Tell };
    let mut progress = Progress::new();
    let clock = Clock::system();
    let mut show = |step| match step {
        RebuildStep::Played { done, of } => progress.show("working out", done, Some(of)),
        RebuildStep::Comparing => progress.show("comparing", 0, None),
        RebuildStep::Applying => progress.show("putting right", 0, None),
    };
    let rebuilt = match &config.database {
        Some(url) => {
            let scratch = std::env::temp_dir().join(format!("ipnd-rebuild-{}.db", std::process::id()));
            let server = (url.as_str(), config.outgoing.extra_ca_files.as_slice());
            postgres::rebuild(server, &scratch, how, &clock, &mut show)
        }
        None => sqlite::rebuild(&database, how, &clock, &mut show),
    };
    progress.end();
    let rebuilt = rebuilt?;
    let paper = Paper::new();
    if options.json {
        paper.print(&serde_json::to_string_pretty(&as_json(&rebuilt))?);
    } else {
        paper.print(&as_text(&rebuilt, &progress.took()));
    }
    outcome(&rebuilt, options.apply)
}

fn outcome(rebuilt: &Rebuilt, applies: bool) -> Result<()> {
    let count = rebuilt.differences.len()
        + rebuilt.proofs.len()
        + rebuilt.new_mails.len()
        + rebuilt.new_notices.len()
        + rebuilt.new_stock.len();
    if !rebuilt.problems.is_empty() {
        bail!("{} steps could not be played once more; nothing was changed", rebuilt.problems.len());
    }
    if count > 0 && !applies {
        bail!("{count} differences; nothing was changed (--apply puts them right, while ipnd is stopped)");
    }
    Ok(())
}

fn as_text(rebuilt: &Rebuilt, took: &str) -> String {
    let mut lines = vec![format!("{} notifications were read once more, in {took}.", rebuilt.read_again)];
    for (why, count) in &rebuilt.kept_as_told {
        lines.push(format!("{count} could not be: {why}. What they told then stands."));
    }
    lines.extend(
        rebuilt.problems.iter().map(|problem| format!("It could not be played once more: {problem}")),
    );
    let mut found: Vec<String> = Vec::new();
    found.extend(rebuilt.proofs.iter().map(|(id, now)| format!("{id} reads as {now} now")));
    found.extend(rebuilt.differences.iter().map(|it| {
        let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.to_owned() };
        format!("{}: {}: {} is stored, {} follows", it.about, it.field, shown(&it.before), shown(&it.after))
    }));
    found.extend(
        rebuilt.new_mails.iter().map(|(about, kind)| format!("{about}: the mail {kind} turns out to be due")),
    );
    found.extend(
        rebuilt.new_notices.iter().map(|(about, kind)| format!("{about}: the shop was not told of {kind}")),
    );
    found.extend(
        rebuilt
            .new_stock
            .iter()
            .map(|(about, sku, units)| format!("{about}: {units} of {sku} turn out to have left")),
    );
    if found.len() > SHOWN_MAX {
        let more = found.len() - SHOWN_MAX;
        found.truncate(SHOWN_MAX);
        found.push(format!("and {more} more; --json lists all"));
    }
    lines.extend(found.iter().map(|line| printable(line).replace('\n', " ")));
    lines.push(match (rebuilt.is_the_same(), rebuilt.is_applied) {
        (true, _) => "Nothing differs: what is stored is what follows from the notifications.".to_owned(),
        (false, true) => "All of this has been put right.".to_owned(),
        (false, false) => String::new(),
    });
    lines.join("\n").trim_end().to_owned()
}

fn as_json(rebuilt: &Rebuilt) -> Value {
    let differences: Vec<Value> = rebuilt
        .differences
        .iter()
        .map(|it| json!({ "about": it.about, "field": it.field, "stored": it.before, "follows": it.after }))
        .collect();
    let proofs = rebuilt.proofs.iter().map(|(id, now)| json!({ "notification": id, "now": now }));
    let mails = rebuilt.new_mails.iter().map(|(about, kind)| json!({ "about": about, "kind": kind }));
    let notices = rebuilt.new_notices.iter().map(|(about, kind)| json!({ "about": about, "kind": kind }));
    let stock = rebuilt
        .new_stock
        .iter()
        .map(|(about, sku, units)| json!({ "about": about, "sku": sku, "units": units }));
    json!({
        "is_the_same": rebuilt.is_the_same(),
        "is_applied": rebuilt.is_applied,
        "read_again": rebuilt.read_again,
        "kept_as_told": rebuilt.kept_as_told,
        "problems": rebuilt.problems,
        "proofs": proofs.collect::<Vec<_>>(),
        "differences": differences,
        "new_mails": mails.collect::<Vec<_>>(),
        "new_notices": notices.collect::<Vec<_>>(),
        "new_stock": stock.collect::<Vec<_>>(),
    })
}
