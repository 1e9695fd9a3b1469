//! A proof's run: one stage, one journal, the load generator and the auditor as programs of their own.

use super::audit::{Unsettled, Verdict};
use super::load::Again;
use super::message;
use super::stage::{PATIENCE, Stage};
use anyhow::{Context as _, Result, bail, ensure};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What begins the message when a promise is broken, and not the proof itself. Planted faults are looked for by it.
pub(crate) const BROKEN: &str = "BROKEN PROMISE";

/// What a method has to say at its end.
pub(crate) type Figures = Vec<String>;

pub(crate) struct Run {
    pub(crate) stage: Stage,
    journal: PathBuf,
    folder: tempfile::TempDir,
    /// The next number that nobody has sent.
    next: u64,
}

/// A running load generator.
pub(crate) struct Load(Child);

/// What the load generator is told beyond where to send.
#[derive(Clone, Copy)]
pub(crate) struct Sending<'a> {
    /// Where to, in turn; the stage itself where there is none.
    pub(crate) to: &'a [SocketAddr],
    pub(crate) count: Option<u64>,
    pub(crate) copies: u64,
    pub(crate) connections: u64,
    pub(crate) rate: u64,
    pub(crate) padding: usize,
    /// Several numbers tell the story of one order.
    pub(crate) stories: bool,
    pub(crate) again: Again,
    pub(crate) clock: Option<&'a Path>,
    /// In milliseconds.
    pub(crate) patience: u64,
}

impl Default for Sending<'_> {
    fn default() -> Self {
        Self {
            to: &[],
            count: None,
            copies: 1,
            connections: 16,
            rate: 0,
            padding: 0,
            stories: false,
            again: Again::Even,
            clock: None,
            patience: 30_000,
        }
    }
}

impl Run {
    pub(crate) fn new(stage: Stage) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let journal = folder.path().join("journal");
        Ok(Self { stage, journal, folder, next: 1 })
    }

    /// A place for files of this run.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts sending numbers that were not sent before.
    pub(crate) fn load(&mut self, sending: Sending<'_>) -> Result<Load> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["prove", "load", "--path", &self.stage.path, "--journal"]).arg(&self.journal);
        let own = [self.stage.address];
        for address in if sending.to.is_empty() { &own } else { sending.to } {
            command.args(["--address", &address.to_string()]);
        }
        for (name, value) in [
            ("--first", self.next),
            ("--copies", sending.copies),
            ("--connections", sending.connections),
            ("--rate", sending.rate),
            ("--padding", sending.padding as u64),
            ("--patience", sending.patience),
        ] {
            command.args([name, &value.to_string()]);
        }
        command.args(sending.stories.then_some("--stories"));
        if let Some(count) = sending.count {
            command.args(["--count", &count.to_string()]);
        }
        command.args(["--again", sending.again.word()]);
        if let Some(clock) = sending.clock {
            command.arg("--clock").arg(clock);
        }
        // A load without an end gets numbers that no later one comes near.
        self.next += sending.count.unwrap_or(1_000_000_000);
        Ok(Load(command.stdin(Stdio::piped()).spawn()?))
    }

    /// Sends so many and waits until all were tried.
    pub(crate) fn send(&mut self, sending: Sending<'_>) -> Result<()> {
        self.load(sending)?.wait()
    }

    /// The number that is sent before all others.
    pub(crate) fn first_number(&self) -> u64 {
        1
    }

    /// Writes into the journal that so many were sent and acknowledged, for a database that was made otherwise.
    pub(crate) fn pretend_sent(&mut self, count: u64) -> Result<()> {
        let mut lines = String::new();
        for number in self.next..self.next + count {
            let hash = message::hash(&message::body(number, 0));
            lines += &format!("sent {number} {hash} 0\ngot {number} 200 {hash} 0\n");
        }
        self.next += count;
        Ok(std::fs::write(&self.journal, lines)?)
    }

    pub(crate) fn acknowledged(&self) -> Result<u64> {
        Ok(super::journal::read(&self.journal)?.acknowledged())
    }

    /// The numbers that were acknowledged.
    pub(crate) fn acknowledged_numbers(&self) -> Result<Vec<u64>> {
        let numbers = super::journal::read(&self.journal)?.numbers;
        Ok(numbers.into_iter().filter(|(_, told)| told.is_acknowledged).map(|(number, _)| number).collect())
    }

    /// How often each status came so far.
    pub(crate) fn statuses(&self) -> Result<std::collections::BTreeMap<u16, u64>> {
        Ok(super::journal::read(&self.journal)?.statuses)
    }

    /// Waits until nothing is left to be checked.
    pub(crate) fn settle(&self) -> Result<()> {
        self.settle_or(|| Ok(false))
    }

    /// As [`Run::settle`], or until something else is over.
    pub(crate) fn settle_or(&self, mut is_over: impl FnMut() -> Result<bool>) -> Result<()> {
        let began = Instant::now();
        let mut unsettled = Unsettled::of(&self.stage.source())?;
        let mut fewest = u64::MAX;
        let mut moved = began;
        loop {
            let waiting = unsettled.count()?;
            if waiting == 0 || is_over()? {
                return Ok(());
            }
            if waiting < fewest {
                (fewest, moved) = (waiting, Instant::now());
            }
            if moved.elapsed() > PATIENCE {
                bail!("{BROKEN}: {waiting} notifications are still not settled and nobody is at it");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Has the auditor compare, and says it when something does not fit.
    pub(crate) fn audit(&self, is_settled: bool) -> Result<Verdict> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["prove", "audit", "--json", "--journal"]).arg(&self.journal);
        command.args(["--database", &self.stage.source()]);
        if is_settled {
            command.arg("--settled");
        }
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        let verdict: Verdict = serde_json::from_slice(&output.stdout).context("the auditor failed")?;
        ensure!(verdict.is_clean() && output.status.success(), "{BROKEN}: {}", verdict.text());
        Ok(verdict)
    }
}

impl Load {
    /// Asks it to end, and waits for the answers that are still to come.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.0.stdin.take());
        self.wait()
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    pub(crate) fn wait(mut self) -> Result<()> {
        let status = self.0.wait()?;
        ensure!(status.success(), "the load generator ended with {status}");
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
