//! M-KILL: a supervisor that kills the server after a random time, starts it again, and has the auditor look.

use crate::prove::Ground;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::{PATIENCE, Under};
use anyhow::{Context as _, Result, ensure};
use std::time::Duration;

/// What I-13 promises.
const RESTART_MAX: Duration = Duration::from_secs(5);

pub(crate) fn i_01_i_13_sigkill_at_any_instant(ground: &Ground) -> Result<Figures> {
    let kills = ground.pick(50, 1_000);
    let longest = ground.pick(350, 2_000);
    let mut dice = ground.dice();
    let mut run = Run::new(ground.pattern.stage()?)?;
    let load = run.load(Sending { rate: ground.pick(2_000, 1_000), ..Sending::default() })?;
    let (mut slowest, mut during_start) = (Duration::ZERO, 0_u32);
    for _ in 0..kills {
        let wait = Duration::from_millis(dice.between(5, longest));
        // One of four may be killed while it starts.
        let server = if dice.between(1, 4) == 1 {
            let server = run.stage.spawn(&Under::default())?;
            std::thread::sleep(wait / 8);
            during_start += 1;
            server
        } else {
            let (server, took) =
                run.stage.start(&Under::default()).context(format!("{BROKEN}: no restart without a hand"))?;
            slowest = slowest.max(took);
            std::thread::sleep(wait);
            server
        };
        server.kill()?;
    }
    let (mut server, took) = run.stage.start(&Under::default())?;
    slowest = slowest.max(took);
    load.stop()?;
    run.settle()?;
    let verdict = run.audit(true)?;
    server.signal("TERM")?;
    server.end(PATIENCE)?;
    run.audit(true)?;
    ensure!(
        verdict.acknowledged >= kills,
        "too little was acknowledged to prove anything: {}",
        verdict.text()
    );
    ensure!(slowest <= RESTART_MAX, "{BROKEN}: a restart took {slowest:?}");
    Ok(vec![
        format!("{kills} kills, {during_start} of them within the first moments of a start"),
        format!(
            "slowest restart {} ms, with {} notifications at the end",
            slowest.as_millis(),
            verdict.stored
        ),
        verdict.text(),
    ])
}
