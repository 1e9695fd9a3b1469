//! M-SYNC: a short scenario, again and again, in which the process is killed at the first, the second, the third ...
//! call of a kind, until it gets through unharmed.
//!
//! A call at which it is killed is not made any more. Killed at a sync, what was written is not synced; killed at the
//! answer, it is synced and nobody has been told; killed at a write, part of a transaction is in the log. What was
//! written and not synced survives a kill: that it may be gone is the affair of M-CUT.

use crate::prove::Ground;
use crate::prove::load::Again;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::{PATIENCE, Under};
use crate::prove::strace::{self, Inject};
use anyhow::{Context as _, Result, ensure};

/// Every kind of call by which something gets to the disk or to whoever waits.
const CALLS: &[&str] = &["fdatasync", "fsync", "pwrite64", "ftruncate", "sendto", "writev", "unlink"];

pub(crate) fn i_02_the_process_ends_at_every_sync(ground: &Ground) -> Result<Figures> {
    strace::is_there()?;
    let mut figures = Vec::new();
    for call in CALLS {
        let (mut kills, mut acknowledged) = (0, 0);
        let mut nth = 1;
        while let Some(got) = killed_at(ground, call, nth)? {
            kills += 1;
            acknowledged += got;
            nth += ground.pick(if *call == "pwrite64" { 45 } else { 5 }, 1);
        }
        figures.push(format!("killed at {kills} places of {call}: {acknowledged} acknowledged, 0 lost"));
    }
    Ok(figures)
}

/// Plays the scenario. Gives what had been acknowledged, or nothing when there is no such call in it.
fn killed_at(ground: &Ground, call: &'static str, nth: u32) -> Result<Option<u64>> {
    let inject = Inject { call, what: "signal=KILL", nth, is_sticky: false };
    let mut run = Run::new(ground.pattern.stage()?)?;
    let (mut server, _) = run.stage.start(&Under::default())?;
    let tracer = inject.attach(&server, &run.scratch("strace"))?;
    let sending =
        Sending { count: Some(5), copies: 2, connections: 1, again: Again::None, ..Sending::default() };
    run.send(sending)?;
    if server.has_ended()?.is_none() {
        run.settle_or(|| Ok(server.has_ended()?.is_some()))?;
        let _ = server.signal("TERM");
        server.end(PATIENCE)?;
    }
    if !tracer.detach()?.was_killed {
        return Ok(None);
    }
    drop(server);
    let (_server, _) =
        run.stage.start(&Under::default()).context(format!("{BROKEN}: no start after {}", inject.text()))?;
    run.settle()?;
    let verdict = run.audit(true).with_context(|| inject.text())?;
    ensure!(verdict.sent > 0, "nothing was sent");
    Ok(Some(verdict.acknowledged))
}
