//! `ipnd export` and `ipnd import`: everything out of one database and into another, such as from SQLite to PostgreSQL.

use crate::config::{self, Flags};
use crate::console::Paper;
use crate::{serve, server};
use anyhow::{Context as _, Result};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use tokio::sync::mpsc;

/// Lines on their way between the database and the file.
const LINES_MAX: usize = 256;

pub(crate) fn export(file: &Path, flags: &Flags) -> Result<()> {
    let config = config::load(flags, std::env::vars())?;
    server::block_on(async {
        let store = serve::open(&config)?;
        let (lines, mut taken) = mpsc::channel::<String>(LINES_MAX);
        let path = file.to_owned();
        let writing = tokio::task::spawn_blocking(move || -> Result<u64> {
            // It holds every secret, so nobody else may read it; and nothing is written over.
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            let mut out = BufWriter::new(file);
            let mut rows = 0;
            while let Some(line) = taken.blocking_recv() {
                writeln!(out, "{line}")?;
                rows += 1;
            }
            out.into_inner()?.sync_all()?;
            Ok(rows)
        });
        let exported = store.export(lines).await;
        let written = writing.await?.with_context(|| format!("cannot write {}", file.display()))?;
        exported?;
        store.close().await;
        let rows = written.saturating_sub(1);
        Paper::new()
            .print(&format!("{rows} rows are in {}. It holds every secret: keep it safe.\n", file.display()));
        Ok(())
    })
}

pub(crate) fn import(file: &Path, flags: &Flags) -> Result<()> {
    let config = config::load(flags, std::env::vars())?;
    let input = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    server::block_on(async {
        let store = serve::open(&config)?;
        let (lines, taken) = mpsc::channel(LINES_MAX);
        let reading = tokio::task::spawn_blocking(move || -> Result<()> {
            for line in BufReader::new(input).lines() {
                if lines.blocking_send(line?).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let imported = store.import(taken).await;
        reading.await?.with_context(|| format!("cannot read {}", file.display()))?;
        let rows = imported?;
        store.close().await;
        Paper::new().print(&format!("{rows} rows are in the database now.\n"));
        Ok(())
    })
}
