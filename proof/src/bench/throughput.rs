//! Rates and processor time, beside servers that do less.

use super::goals::{Better, Trust, once};
use super::intake::Bench;
use super::rounds::Rounds;
use super::subject::Subject;
use super::window::{Plan, Window};
use crate::proc;
use crate::server;
use anyhow::Result;

/// New requests a second that are prepared for whoever needs new ones.
const RATE: usize = 45_000;
const COPIES: usize = 2;
const MANY: usize = 64;

const NOTHING: &str = "no-op";
const VERIFY: &str = "no-op with proof";
const HAND_OVER: &str = "handed over";
const ACCEPT: &str = "ipnd accepts";
const HALF_COPIES: &str = "ipnd, half copies";
const EVERYTHING: &str = "ipnd with all work";

pub(crate) fn rate(window: &Window) -> f64 {
    window.rate
}

pub(crate) fn cpu(window: &Window) -> f64 {
    window.cpu_micros
}

fn p99(window: &Window) -> f64 {
    f64::from(window.p99)
}

pub(crate) fn plan(bench: &Bench, connections: usize) -> Plan {
    let extent = bench.extent;
    Plan { connections, time: extent.window, warm_up: extent.warm_up, copies: 1, rate: RATE }
}

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let nothing = bench.stage.yardstick(NOTHING, "nothing")?;
    let shop = bench.stage.shop(ACCEPT)?;
    let accepts = bench.stage.serve(ACCEPT, &shop, false, |_| {})?;
    let shop = bench.stage.shop(EVERYTHING)?;
    let mut everything = bench.stage.serve(EVERYTHING, &shop, true, |_| {})?;
    everything.works_on = Some(server::database(&bench.stage.data(EVERYTHING)));
    idle(bench, &everything);
    many(bench, &nothing, &accepts)?;
    all_work(bench, &nothing, &everything)?;
    if !bench.extent.is_short {
        others(bench, &nothing, &accepts)?;
    }
    accepts.running.stop()?;
    everything.running.stop()
}

fn idle(bench: &mut Bench, subject: &Subject) {
    let idle = megabytes(proc::pss(&subject.pids()));
    bench.report.goals.hold(
        ("G15", "memory of its own while idle, MB"),
        Better::Less,
        (30.0, 20.0),
        once(idle),
        Trust::Always,
    );
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and memory")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// 64 connections, with all yardsticks.
fn many(bench: &mut Bench, nothing: &Subject, accepts: &Subject) -> Result<()> {
    let verify = bench.stage.yardstick(VERIFY, "verify")?;
    let hand_over = bench.stage.yardstick(HAND_OVER, "hand-over")?;
    let shop = bench.stage.shop(HALF_COPIES)?;
    let copies = bench.stage.serve(HALF_COPIES, &shop, false, |_| {})?;
    let plan = plan(bench, MANY);
    let subjects = [
        (nothing, plan),
        (&verify, plan),
        (&hand_over, plan),
        (accepts, plan),
        (&copies, Plan { copies: COPIES, ..plan }),
    ];
    let rounds = bench.rounds(&subjects)?;
    let loaded = megabytes(proc::pss(&accepts.pids()));
    let trust = bench.trust(&rounds);
    let goals = &mut bench.report.goals;
    let ratio = rounds.ratio(ACCEPT, NOTHING, rate);
    goals.hold(("G1", "rate, 64 connections: accepting / no-op"), Better::More, (0.22, 0.30), ratio, trust);
    let ratio = rounds.ratio(ACCEPT, NOTHING, cpu);
    goals.hold(
        ("G3", "processor time, 64 connections: accepting / no-op"),
        Better::Less,
        (5.5, 4.0),
        ratio,
        trust,
    );
    let ratio = rounds.ratio(ACCEPT, HAND_OVER, rate);
    goals.hold(("G4", "rate: accepting / handed over to a thread"), Better::More, (0.40, 0.50), ratio, trust);
    let ratio = rounds.ratio(ACCEPT, VERIFY, p99);
    goals.hold(
        ("G9", "p99, saturated: accepting / no-op with proof"),
        Better::Less,
        (3.0, 2.0),
        ratio,
        trust,
    );
    let ratio = rounds.ratio(HALF_COPIES, ACCEPT, rate);
    goals.hold(("G22", "rate: half of all copies / all new"), Better::More, (1.0, 1.0), ratio, trust);
    goals.hold(
        ("G15", "memory of its own under load, MB"),
        Better::Less,
        (64.0, 40.0),
        once(loaded),
        Trust::Always,
    );
    say(bench, &rounds, &[NOTHING, VERIFY, HAND_OVER, ACCEPT, HALF_COPIES]);
    bench.report.rounds.push(rounds);
    copies.running.stop()
}

/// Everything behind it, until nothing is left to do.
fn all_work(bench: &mut Bench, nothing: &Subject, everything: &Subject) -> Result<()> {
    let plan = plan(bench, MANY);
    let time = if bench.extent.is_short { plan.time } else { plan.time / 2 };
    let subjects = [(nothing, plan), (everything, Plan { time, warm_up: time / 4, ..plan })];
    let rounds = bench.rounds(&subjects)?;
    let (ratio, trust) = (rounds.ratio(EVERYTHING, NOTHING, cpu), bench.trust(&rounds));
    bench.report.goals.hold(
        ("G19", "processor time, end to end: accepted, read, order made, mail in the outbox / no-op"),
        Better::Less,
        (14.0, 9.0),
        ratio,
        trust,
    );
    say(bench, &rounds, &[NOTHING, EVERYTHING]);
    bench.report.rounds.push(rounds);
    Ok(())
}

/// Fewer and more connections.
fn others(bench: &mut Bench, nothing: &Subject, accepts: &Subject) -> Result<()> {
    let marks = [
        (256, "rate, 256 connections: accepting / no-op", (0.22, 0.30)),
        (16, "rate, 16 connections: accepting / no-op", (0.15, 0.22)),
        (1, "rate, 1 connection: accepting / no-op", (0.07, 0.11)),
    ];
    for (connections, what, marks) in marks {
        let plan = plan(bench, connections);
        let subjects = [(nothing, plan), (accepts, plan)];
        let rounds = bench.rounds(&subjects)?;
        let (ratio, trust) = (rounds.ratio(ACCEPT, NOTHING, rate), bench.trust(&rounds));
        bench.report.goals.hold(("G2", what), Better::More, marks, ratio, trust);
        say(bench, &rounds, &[NOTHING, ACCEPT]);
        bench.report.rounds.push(rounds);
    }
    Ok(())
}

/// One line for each, with medians.
pub(crate) fn say(bench: &mut Bench, rounds: &Rounds, names: &[&str]) {
    for name in names {
        let of = |figure: fn(&Window) -> f64| rounds.of(name, figure).map_or(0.0, |middle| middle.median);
        let remark = format!(
            "{:>3} connections, {name}: {:.0}/s, {:.1} us of processor time, p50 {:.2} ms, p99 {:.2} ms",
            rounds.connections,
            of(rate),
            of(cpu),
            of(|window| f64::from(window.p50)) / 1e3,
            of(p99) / 1e3
        );
        bench.remark(remark);
    }
}
