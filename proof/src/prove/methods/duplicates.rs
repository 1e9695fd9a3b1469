//! M-DUP: many copies of each notification at the same time, over many connections, with kills in between.

use crate::prove::Ground;
use crate::prove::load::Again;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::Under;
use anyhow::{Result, ensure};
use std::time::Duration;

const COPIES: u64 = 20;

pub(crate) fn i_05_copies_at_the_same_time_count_once(ground: &Ground) -> Result<Figures> {
    let count = ground.pick(500, 10_000);
    let mut dice = ground.dice();
    let mut run = Run::new(ground.pattern.stage()?)?;
    let mut kills = 0_u32;
    let (mut server, _) = run.stage.start(&Under::default())?;
    let sending = Sending {
        count: Some(count),
        copies: COPIES,
        connections: 64,
        again: Again::All,
        ..Sending::default()
    };
    let mut load = run.load(sending)?;
    while !load.has_ended()? {
        std::thread::sleep(Duration::from_millis(dice.between(300, ground.pick(600, 3_000))));
        server.kill()?;
        kills += 1;
        (server, _) = run.stage.start(&Under::default())?;
    }
    load.wait()?;
    run.settle()?;
    let verdict = run.audit(true)?;
    let all = verdict.acknowledged == count && verdict.stored == count;
    ensure!(all, "{BROKEN}: {count} were sent until acknowledged: {}", verdict.text());
    Ok(vec![
        format!("{count} notifications, {COPIES} copies each over 64 connections, {kills} kills"),
        format!("exactly {} effects; {}", verdict.stored, verdict.text()),
    ])
}
