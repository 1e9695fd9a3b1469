//! The same on PostgreSQL, with one node and with two.

use super::goals::Better;
use super::intake::Bench;
use super::subject::Subject;
use super::throughput::{self, cpu, rate};
use crate::postgres::Postgres;
use anyhow::{Result, ensure};

const NOTHING: &str = "no-op";
const ONE: &str = "PostgreSQL, one node";
const TWO: &str = "PostgreSQL, two nodes";
const DATABASES: [(&str, &str); 2] = [(ONE, "one"), (TWO, "two")];

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    if bench.extent.is_short {
        return Ok(());
    }
    let postgres = Postgres::start()?;
    let nothing = bench.stage.yardstick(NOTHING, "nothing")?;
    let mut subjects = Vec::new();
    for (name, database) in DATABASES {
        postgres.ask("postgres", &format!("CREATE DATABASE {database}"))?;
        let place = vec!["--database".to_owned(), postgres.url(database)];
        let shop = bench.stage.shop_at(place)?;
        let mut subject = bench.stage.serve(name, &shop, false, |_| {})?;
        subject.database = Some(postgres.pid());
        if name == TWO {
            let second = bench.stage.serve("second node", &shop, false, |_| {})?;
            subject.other = Some((second.address, second.running));
        }
        subjects.push(subject);
    }
    let plan = throughput::plan(bench, 64);
    let [one, two] = &subjects[..] else { unreachable!("two were made") };
    let rounds = bench.rounds(&[(&nothing, plan), (one, plan), (two, plan)])?;
    let trust = bench.trust(&rounds);
    let ratio = rounds.ratio(TWO, ONE, rate);
    let goals = &mut bench.report.goals;
    goals.hold(
        ("G17", "PostgreSQL, rate: two nodes / one, on one machine"),
        Better::More,
        (0.75, 0.84),
        ratio,
        trust,
    );
    throughput::say(bench, &rounds, &[NOTHING, ONE, TWO]);
    let against = |figure| rounds.ratio(ONE, NOTHING, figure).map_or(0.0, |middle| middle.median);
    let (rates, times) = (against(rate), against(cpu));
    bench.remark(format!(
        "PostgreSQL, one node / no-op: {rates:.2} of the rate, {times:.1} times the processor time"
    ));
    bench.report.rounds.push(rounds);
    for subject in subjects {
        stored(bench, &postgres, subject)?;
    }
    Ok(())
}

/// What was acknowledged is there, once.
fn stored(bench: &mut Bench, postgres: &Postgres, subject: Subject) -> Result<()> {
    let (name, acknowledged) = (subject.name, subject.acknowledged.get());
    subject.running.stop()?;
    if let Some((_, other)) = subject.other {
        other.stop()?;
    }
    let database = DATABASES.iter().find(|(own, _)| *own == name).map_or("", |(_, database)| database);
    let rows: u64 = postgres.ask(database, "SELECT count(*) FROM notifications")?.parse()?;
    ensure!(rows == acknowledged, "{name}: {acknowledged} acknowledged, {rows} stored");
    bench.remark(format!("{name}: {acknowledged} acknowledged, and as many stored"));
    Ok(())
}
