//! M-FULL: the data lies on a small file system of its own, which a ballast file fills and frees again.

use crate::http::Client;
use crate::prove::Ground;
use crate::prove::message;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::{PATIENCE, Under};
use anyhow::{Context as _, Result, ensure};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What I-04 promises: so long after there is room again, messages are accepted.
const AGAIN_WITHIN: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

pub(crate) fn i_04_a_full_disk(ground: &Ground) -> Result<Figures> {
    let cycles = ground.pick(2, 20);
    let small = Small::mount()?;
    let mut run = Run::new(ground.pattern.stage_at(&small.0.join("data"))?)?;
    let (mut server, _) = run.stage.start(&Under::default())?;
    let ballast = small.0.join("ballast");
    let mut slowest = Duration::ZERO;
    let mut refused = 0;
    for cycle in 1..=cycles {
        let load = run.load(Sending { connections: 4, rate: 400, ..Sending::default() })?;
        std::thread::sleep(Duration::from_millis(200));
        fill(&ballast)?;
        refused += until_refused(&run, &ballast).with_context(|| format!("cycle {cycle}"))?;
        // Reading goes on, and it does not pretend to be well.
        let mut client = Client::new(run.stage.address, PATIENCE);
        ensure!(client.get("/healthz")?.status == 200, "{BROKEN}: reading stops when the disk is full");
        std::thread::sleep(Duration::from_millis(300));
        ensure!(server.has_ended()?.is_none(), "{BROKEN}: ipnd ended because the disk is full");
        std::fs::remove_file(&ballast)?;
        slowest = slowest.max(until_accepted(&run)?);
        load.stop()?;
    }
    run.settle()?;
    let verdict = run.audit(true)?;
    let full = run.statuses()?.get(&503).copied().unwrap_or(0);
    Ok(vec![
        format!(
            "{cycles} times full and free again; {} requests refused with 503 and a Retry-After",
            full + refused
        ),
        format!("accepted again {} ms after there was room, at the latest", slowest.as_millis()),
        verdict.text(),
    ])
}

/// A file system of 64 MiB; gone when it is dropped.
struct Small(PathBuf, tempfile::TempDir);

impl Small {
    fn mount() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("small");
        std::fs::create_dir(&path)?;
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"])
            .arg(&path)
            .status()
            .context("mount is missing")?;
        ensure!(status.success(), "a file system of its own needs root");
        Ok(Self(path, folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = &self.1;
    }
}

/// Writes until nothing more goes in.
fn fill(ballast: &Path) -> Result<()> {
    let mut file = File::options().create(true).append(true).open(ballast)?;
    for size in [1 << 20, 4_096, 512, 1] {
        let block = vec![b'x'; size];
        while file.write_all(&block).is_ok() {}
    }
    Ok(())
}

/// A message of our own that is not in the journal: it has the number of one that was sent, so it is a copy at most.
fn probe(run: &Run) -> Result<crate::http::Answer> {
    let body = message::body(run.first_number(), 0);
    let now = message::now().as_secs().cast_signed();
    let signature = message::signature(&body, now);
    let mut client = Client::new(run.stage.address, PATIENCE);
    Ok(client.post(&run.stage.path, &[("stripe-signature", &signature)], &body)?)
}

/// Keeps the disk full until a message is refused, as it has to be.
fn until_refused(run: &Run, ballast: &Path) -> Result<u64> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let answer = probe(run)?;
        if answer.status >= 300 {
            ensure!(
                answer.status == 503 && answer.retry_after.is_some(),
                "{BROKEN}: a full disk is answered with {} and Retry-After {:?}",
                answer.status,
                answer.retry_after
            );
            return Ok(1);
        }
        fill(ballast)?;
    }
    anyhow::bail!("{BROKEN}: a full disk is not noticed, everything is acknowledged")
}

fn until_accepted(run: &Run) -> Result<Duration> {
    let freed = Instant::now();
    loop {
        let status = probe(run)?.status;
        if (200..300).contains(&status) {
            return Ok(freed.elapsed());
        }
        ensure!(
            freed.elapsed() < AGAIN_WITHIN,
            "{BROKEN}: still {status} {AGAIN_WITHIN:?} after there was room"
        );
        std::thread::sleep(LOOK);
    }
}
