//! A disk that takes its time: every sync is made longer, so that whatever waits for one shows, on every machine alike.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub(crate) struct SlowSync {
    library: PathBuf,
    counts: PathBuf,
    delay: Duration,
}

impl SlowSync {
    /// Compiles the library with the machine's C compiler.
    pub(crate) fn build(folder: &Path, delay: Duration) -> Result<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bench/slow_sync.c");
        let library = folder.join("slow_sync.so");
        let compiled =
            Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        let compiled = compiled.context("there is no C compiler (cc)")?;
        if !compiled.success() {
            bail!("{} does not compile", source.display());
        }
        let counts = folder.join("slow_sync.counts");
        std::fs::write(&counts, [0; 16])?;
        Ok(Self { library, counts, delay })
    }

    /// Has a program suffer from it.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library);
        command.env("SLOW_SYNC_NANOS", self.delay.as_nanos().to_string());
        command.env("SLOW_SYNC_COUNTS", &self.counts);
    }

    /// Syncs of write-ahead logs so far: what an acknowledgement waits for.
    pub(crate) fn syncs_of_logs(&self) -> Result<u64> {
        let bytes = std::fs::read(&self.counts)?;
        let count = bytes.get(..8).and_then(|part| part.try_into().ok()).map(u64::from_ne_bytes);
        count.context("the counts are cut off")
    }

    /// A time in units of the delay.
    pub(crate) fn in_syncs(&self, micros: u32) -> f64 {
        f64::from(micros) / 1e6 / self.delay.as_secs_f64()
    }
}
