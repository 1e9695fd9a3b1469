//! `ipnd backup`: a copy of the database that can be put in its place.

use crate::config::{self, Flags};
use crate::console::{Paper, printable};
use crate::progress::Progress;
use crate::serve::DATABASE;
use anyhow::{Result, bail};
use ipnd_store::sqlite::{self, BackupStep};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to write the copy. While it grows, it is called FILE.partial
    file: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let config = config::load(&options.flags, std::env::vars())?;
    if config.database.is_some() {
        bail!(
            "the database is in PostgreSQL, whose own tools make copies while ipnd runs, such as: \
             pg_dump --format=custom --file={} and the address of the database",
            options.file.display()
        );
    }
    let database = config.data.join(DATABASE);
    let mut progress = Progress::new();
    let copied = sqlite::backup(&database, &options.file, options.force, &mut |step| match step {
        BackupStep::Copied { done, of } => progress.show("copying", done, Some(of)),
        BackupStep::Examining => progress.show("examining the copy", 0, None),
    });
    progress.end();
    let backup = copied?;
    Paper::new().print(&printable(&format!(
        "{} holds everything that was acknowledged before it began: {} notifications, {}, in {}.",
        options.file.display(),
        backup.notifications,
        size(backup.bytes),
        progress.took(),
    )));
    Ok(())
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_said_for_people() {
        let all = [1, 999_999, 1_250_000, 3_990_000_000].map(super::size);
        assert_eq!(all, ["1 kB", "1000 kB", "1.2 MB", "3.9 GB"]);
    }
}
