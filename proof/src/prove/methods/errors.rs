//! M-EIO: every call that brings something to the disk fails, the first, the second, the third ..., once and from then
//! on. Nothing that was acknowledged may be missing afterwards, and after a failed sync the process has to end.

use crate::prove::Ground;
use crate::prove::load::Again;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::{PATIENCE, Under};
use crate::prove::strace::{self, Inject};
use anyhow::{Context as _, Result, ensure};
use std::time::Duration;

/// How long a process may live after a sync has failed (I-03), in milliseconds.
const OUTLIVES_MAX: u64 = 1_000;

/// A scenario, and the calls that fail in it.
struct Play {
    what: &'static str,
    calls: &'static [&'static str],
    count: u64,
    padding: usize,
    /// Of how many places the full form takes one.
    step: u32,
}

const PLAYS: &[Play] = &[
    Play {
        what: "a few small messages",
        calls: &["fdatasync", "fsync", "pwrite64", "write", "ftruncate", "openat"],
        count: 4,
        padding: 0,
        step: 1,
    },
    // So much that the log is brought into the database meanwhile: those syncs count too.
    Play {
        what: "messages until the log is full",
        calls: &["fdatasync", "fsync"],
        count: 60,
        padding: 200_000,
        step: 5,
    },
];

/// What the call says instead of doing its work, and whether only once. The short form has the first two.
const FAILURES: &[(&str, bool)] =
    &[("error=EIO", false), ("error=ENOSPC", true), ("error=ENOSPC", false), ("error=EIO", true)];

pub(crate) fn i_03_every_write_and_sync_fails(ground: &Ground) -> Result<Figures> {
    strace::is_there()?;
    let mut figures = Vec::new();
    // The short form has the first only; the full one ends with it, since it takes longest.
    for play in PLAYS[..ground.pick(1, PLAYS.len())].iter().rev() {
        for call in play.calls {
            figures.push(every(ground, play, call)?);
        }
    }
    Ok(figures)
}

/// Every place of one call, every error, once and sticky.
fn every(ground: &Ground, play: &Play, call: &'static str) -> Result<String> {
    let (mut places, mut ended, mut slowest) = (0, 0, 0);
    let step = ground.pick(if call == "pwrite64" { 120 } else { 12 }, play.step);
    for &(what, is_sticky) in &FAILURES[..ground.pick(2, FAILURES.len())] {
        let mut nth = 1;
        while let Some(outlived) = fails_at(ground, play, &Inject { call, what, nth, is_sticky })? {
            places += 1;
            ended += u32::from(outlived.is_some());
            slowest = slowest.max(outlived.unwrap_or(0));
            nth += step;
        }
    }
    Ok(format!(
        "{call} failed at {places} places of {}: 0 acknowledged and lost; the process ended {ended} times, at the \
         latest {slowest} ms after",
        play.what
    ))
}

/// Nothing when the call does not happen so often; otherwise for how long the process went on, or that it did.
fn fails_at(ground: &Ground, play: &Play, inject: &Inject) -> Result<Option<Option<u64>>> {
    let mut run = Run::new(ground.pattern.stage()?)?;
    let (mut server, _) = run.stage.start(&Under::default())?;
    let tracer = inject.attach(&server, &run.scratch("strace"))?;
    run.send(Sending {
        count: Some(play.count),
        copies: 2,
        connections: 1,
        padding: play.padding,
        again: Again::None,
        patience: 5_000,
        ..Sending::default()
    })?;
    std::thread::sleep(Duration::from_millis(50));
    let is_sync = inject.call.ends_with("sync");
    if is_sync {
        // Whether it ends is the question; it gets the time that it has for that, and some more.
        let _ = server.end(Duration::from_millis(if tracer.has_injected()? { 2 * OUTLIVES_MAX } else { 0 }));
    }
    let seen = tracer.detach()?;
    if seen.injected == 0 {
        return Ok(None);
    }
    let outlived = server.has_ended()?.map(|_| seen.outlived.unwrap_or(0));
    if is_sync {
        let text = inject.text();
        ensure!(outlived.is_some(), "{BROKEN}: the process lives on after {text}");
        ensure!(
            outlived <= Some(OUTLIVES_MAX),
            "{BROKEN}: the process lived on for {outlived:?} ms after {text}"
        );
    }
    // Once more from what is on the disk, and all is there.
    drop(server);
    let (mut server, _) =
        run.stage.start(&Under::default()).context(format!("{BROKEN}: no start after {}", inject.text()))?;
    run.send(Sending { count: Some(2), connections: 1, again: Again::All, ..Sending::default() })?;
    run.settle()?;
    run.audit(true).with_context(|| inject.text())?;
    server.signal("TERM")?;
    server.end(PATIENCE)?;
    Ok(Some(outlived))
}
