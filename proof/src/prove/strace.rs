//! System calls made to fail, or to be the last: strace does it from outside.

use super::stage::{PATIENCE, Server, signal};
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A tracer at work over a running program.
pub(crate) struct Tracer {
    child: Child,
    log: PathBuf,
}

/// What is done to which call.
#[derive(Clone)]
pub(crate) struct Inject {
    pub(crate) call: &'static str,
    /// `signal=KILL`, `error=EIO` ...
    pub(crate) what: &'static str,
    /// The how manieth call of a thread, from 1.
    pub(crate) nth: u32,
    /// That one and all that follow.
    pub(crate) is_sticky: bool,
}

impl Inject {
    fn words(&self) -> [String; 4] {
        let Self { call, what, nth, .. } = self;
        let on = if self.is_sticky { "+" } else { "" };
        let inject = format!("inject={call}:{what}:when={nth}{on}");
        ["-e".to_owned(), format!("trace={call}"), "-e".to_owned(), inject]
    }

    pub(crate) fn text(&self) -> String {
        let on = if self.is_sticky { " and all that follow" } else { "" };
        format!("{} at {} number {}{on}", self.what, self.call, self.nth)
    }

    /// The words before a program that is to run like this from its start.
    pub(crate) fn before_program(&self, log: &Path) -> Vec<String> {
        let mut words: Vec<String> = ["strace", "-f", "-ttt", "-o"].map(str::to_owned).into();
        words.push(log.display().to_string());
        words.extend(self.words());
        words
    }

    /// Comes to a program that runs; returns when all of its threads are under way again.
    pub(crate) fn attach(&self, server: &Server, log: &Path) -> Result<Tracer> {
        let _ = std::fs::remove_file(log);
        let id = server.id();
        let mut command = Command::new("strace");
        command.args(["-f", "-ttt", "-o"]).arg(log).args(self.words()).arg("-p").arg(id.to_string());
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let tracer = Tracer { child, log: log.to_owned() };
        let began = Instant::now();
        while !is_traced(id) {
            ensure!(began.elapsed() < PATIENCE, "strace does not get hold of ipnd");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(tracer)
    }
}

fn is_traced(process: u32) -> bool {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{process}/task")) else { return false };
    tasks.flatten().all(|task| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|tracer| tracer.trim() != "0")
    })
}

impl Tracer {
    pub(crate) fn has_injected(&self) -> Result<bool> {
        Ok(seen(&self.log)?.injected > 0)
    }

    /// Lets go; what was traced goes on as if nothing had been.
    pub(crate) fn detach(mut self) -> Result<Seen> {
        if self.child.try_wait()?.is_none() {
            let _ = signal(self.child.id(), "TERM");
        }
        self.child.wait()?;
        seen(&self.log)
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a tracer wrote down.
#[derive(Default)]
pub(crate) struct Seen {
    /// Calls that were made to fail.
    pub(crate) injected: u32,
    /// From the first of them to the end of the program, in milliseconds; `None` while it lives.
    pub(crate) outlived: Option<u64>,
    pub(crate) was_killed: bool,
}

pub(crate) fn seen(log: &Path) -> Result<Seen> {
    let text = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    let mut seen = Seen::default();
    let mut first = None;
    let mut last = None;
    for line in text.lines() {
        if line.contains("(INJECTED)") {
            seen.injected += 1;
            first = first.or_else(|| milliseconds(line));
        }
        if line.contains("+++ exited with") || line.contains("+++ killed by") {
            last = milliseconds(line);
        }
        seen.was_killed |= line.contains("+++ killed by SIGKILL");
    }
    seen.outlived = first.zip(last).map(|(first, last)| last.saturating_sub(first));
    Ok(seen)
}

/// The time in a line such as `1234 1700000000.123456 fdatasync(9) = ...`.
fn milliseconds(line: &str) -> Option<u64> {
    let time = line.split_whitespace().nth(1)?;
    let (seconds, rest) = time.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 1_000 + rest.get(..3)?.parse::<u64>().ok()?)
}

/// The program that a tracer has started.
pub(crate) fn traced_by(tracer: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

pub(crate) fn is_there() -> Result<()> {
    ensure!(
        Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok(),
        "strace is missing (the Debian package strace)"
    );
    Ok(())
}
