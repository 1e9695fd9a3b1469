//! Age: the same with a file that has become large, and how soon the first notification is accepted.

use super::fill;
use super::goals::{Better, Trust, once, shown};
use super::intake::Bench;
use super::load::{self, Load};
use super::rounds;
use super::throughput::{self, cpu, rate};
use super::window::number;
use crate::server::{self, Shop};
use anyhow::Result;
use std::rc::Rc;
use std::time::{Duration, Instant};

const EMPTY: &str = "empty";
const GROWN: &str = "grown";
const STARTS: usize = 5;

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let empty = bench.stage.shop(EMPTY)?;
    let grown = bench.stage.shop(GROWN)?;
    let file = server::database(&bench.stage.data(GROWN));
    let subject = bench.stage.serve(GROWN, &grown, false, |_| {})?;
    let first = subject.requests(&mut bench.maker, 1_000);
    let once_each = Load {
        address: subject.address,
        other: None,
        connections: 16,
        time: Duration::from_secs(30),
        copies: 1,
        again: false,
    };
    load::run(once_each, first)?;
    subject.running.stop()?;
    let rows = bench.extent.rows;
    let tenth = rows / 10;
    fill::fill(&file, tenth)?;
    let early = fill::look_up_micros(&file)?;
    let began = Instant::now();
    fill::fill(&file, rows)?;
    let late = fill::look_up_micros(&file)?;
    let (size, _) = fill::size(&file)?;
    bench.remark(format!(
        "grown to {rows} notifications, {:.1} GB, in {:.0} s",
        number(size) / 1e9,
        began.elapsed().as_secs_f64()
    ));
    let goals = &mut bench.report.goals;
    goals.hold(
        ("G11", "finding a known one: full size / a tenth of it"),
        Better::Less,
        (2.5, 2.5),
        once(late / early),
        Trust::Always,
    );
    goals.hold(("G11", "finding a known one, us"), Better::Less, (25.0, 25.0), once(late), Trust::Always);
    starts(bench, &empty, &grown)?;
    on_line(bench, &empty, &grown)
}

/// From the start of the process to the first acknowledged notification.
fn starts(bench: &mut Bench, empty: &Shop, grown: &Shop) -> Result<()> {
    let (mut few, mut many) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        few.push(start(bench, EMPTY, empty)?);
        many.push(start(bench, GROWN, grown)?);
    }
    let ratio = rounds::middle(many.iter().zip(&few).map(|(many, few)| many / few).collect());
    let (few, many) = (rounds::middle(few), rounds::middle(many));
    let goals = &mut bench.report.goals;
    goals.hold(
        ("G16", "start to first acknowledgement, empty, ms"),
        Better::Less,
        (100.0, 50.0),
        few,
        Trust::Always,
    );
    goals.hold(
        ("G16", "start to first acknowledgement, grown, ms"),
        Better::Less,
        (100.0, 50.0),
        many,
        Trust::Always,
    );
    goals.hold(("G16", "the same, grown / empty"), Better::Less, (1.5, 1.5), ratio, Trust::Always);
    Ok(())
}

fn start(bench: &mut Bench, name: &'static str, shop: &Shop) -> Result<f64> {
    let address = server::free_address()?;
    let request = bench.maker.make(address, &shop.intake, 1);
    let began = Instant::now();
    let subject = bench.stage.serve_at(name, shop, address)?;
    let one =
        Load { address, other: None, connections: 1, time: Duration::from_secs(5), copies: 1, again: false };
    let answers = load::run(one, Rc::new(request))?;
    let took = began.elapsed();
    anyhow::ensure!(answers.micros.len() == 1, "the first notification was refused");
    subject.running.stop()?;
    Ok(took.as_secs_f64() * 1e3)
}

fn on_line(bench: &mut Bench, empty: &Shop, grown: &Shop) -> Result<()> {
    let few = bench.stage.serve(EMPTY, empty, false, |_| {})?;
    let many = bench.stage.serve(GROWN, grown, false, |_| {})?;
    let plan = throughput::plan(bench, 64);
    let rounds = bench.rounds(&[(&few, plan), (&many, plan)])?;
    let (ratio, trust) = (rounds.ratio(GROWN, EMPTY, rate), bench.trust(&rounds));
    bench.report.goals.hold(("G10", "rate: grown / empty"), Better::More, (0.9, 1.0), ratio, trust);
    throughput::say(bench, &rounds, &[EMPTY, GROWN]);
    let ratio = rounds.ratio(GROWN, EMPTY, cpu).map_or(0.0, |middle| middle.median);
    bench.remark(format!("processor time, grown / empty: {}", shown(ratio)));
    bench.report.rounds.push(rounds);
    few.running.stop()?;
    many.running.stop()
}
