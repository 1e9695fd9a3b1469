//! SIGTERM while requests come in: each that was accepted is answered before the end.

use crate::prove::Ground;
use crate::prove::load::Again;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::Under;
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// What I-14 promises.
const STOP_MAX: Duration = Duration::from_secs(10);

pub(crate) fn i_14_sigterm_under_load(ground: &Ground) -> Result<Figures> {
    let stops = ground.pick(12, 200);
    let mut dice = ground.dice();
    let mut run = Run::new(ground.pattern.stage()?)?;
    let load = run.load(Sending { again: Again::None, rate: 2_000, ..Sending::default() })?;
    let mut slowest = Duration::ZERO;
    for _ in 0..stops {
        let (mut server, _) = run.stage.start(&Under::default())?;
        std::thread::sleep(Duration::from_millis(dice.between(20, 300)));
        let asked = Instant::now();
        server.signal("TERM")?;
        let status = server.end(STOP_MAX * 2)?;
        slowest = slowest.max(asked.elapsed());
        ensure!(status.success(), "{BROKEN}: ipnd ended with {status}");
    }
    load.stop()?;
    let (_server, _) = run.stage.start(&Under::default())?;
    run.settle()?;
    let verdict = run.audit(true)?;
    ensure!(
        verdict.acknowledged >= stops,
        "too little was acknowledged to prove anything: {}",
        verdict.text()
    );
    ensure!(verdict.unanswered == 0, "{BROKEN}: {} were kept and never answered", verdict.unanswered);
    ensure!(slowest <= STOP_MAX, "{BROKEN}: a stop took {slowest:?}");
    Ok(vec![
        format!(
            "{stops} stops, the slowest {} ms, {} accepted and not answered",
            slowest.as_millis(),
            verdict.unanswered
        ),
        verdict.text(),
    ])
}
