//! A process that is stopped for longer than its leases last, and then goes on as if nothing had happened. Its clock is
//! libfaketime's, so that the minutes of a lease pass in a moment.

use super::clock::Faketime;
use crate::prove::Ground;
use crate::prove::run::{Figures, Run, Sending};
use anyhow::Result;
use std::time::Duration;

/// Longer than twice the longest lease.
const PAUSE_SECONDS: i64 = 400;

pub(crate) fn i_17_a_pause_longer_than_the_lease(ground: &Ground) -> Result<Figures> {
    let pauses = ground.pick(4, 100);
    let mut dice = ground.dice();
    let mut run = Run::new(ground.pattern.stage()?)?;
    let clock = Faketime::at(&run.scratch("clock"))?;
    let (server, _) = run.stage.start(&clock.under())?;
    let sender = run.scratch("sender");
    std::fs::write(&sender, "0")?;
    let load = run.load(Sending { rate: 1_000, clock: Some(&sender), ..Sending::default() })?;
    for number in 1..=pauses {
        std::thread::sleep(Duration::from_millis(dice.between(50, 300)));
        server.signal("STOP")?;
        clock.set(number * PAUSE_SECONDS)?;
        std::fs::write(&sender, (number * PAUSE_SECONDS).to_string())?;
        std::thread::sleep(Duration::from_millis(dice.between(10, 100)));
        server.signal("CONT")?;
    }
    load.stop()?;
    run.settle()?;
    let verdict = run.audit(true)?;
    Ok(vec![format!("{pauses} pauses of {PAUSE_SECONDS} s by its own clock"), verdict.text()])
}
