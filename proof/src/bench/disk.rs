//! What is asked of the disk: syncs before an acknowledgement, bytes, the length of the log.

use super::fill;
use super::goals::{Better, Trust, once};
use super::intake::Bench;
use super::slow::SlowSync;
use super::throughput::{self, megabytes};
use super::window::{Plan, Window, number};
use crate::{proc, server};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const DELAY: Duration = Duration::from_millis(5);

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    slow_disk(bench)?;
    saturation(bench)
}

fn slow_disk(bench: &mut Bench) -> Result<()> {
    let slow = SlowSync::build(&bench.stage.folder, DELAY)?;
    let name = "slow disk";
    let shop = bench.stage.shop(name)?;
    let subject = bench.stage.serve(name, &shop, false, |command| slow.apply(command))?;
    let plan = |connections, seconds, rate| Plan {
        connections,
        time: Duration::from_secs(if bench.extent.is_short { 1 } else { seconds }),
        warm_up: Duration::from_millis(200),
        copies: 1,
        rate,
    };
    let (few, many) = (plan(1, 4, 400), plan(64, 5, 9_000));
    let before = slow.syncs_of_logs()?;
    let one = bench.window(&subject, few)?;
    let after = slow.syncs_of_logs()?;
    // The warm-up was acknowledged too, at the same pace.
    let acknowledged = number(one.requests) * (1.0 + few.warm_up.as_secs_f64() / one.seconds);
    let syncs = number(after - before) / acknowledged;
    let all = bench.window(&subject, many)?;
    subject.running.stop()?;
    let trust = bench.trust_in(&[&one, &all]);
    let goals = &mut bench.report.goals;
    let times = once(all.rate / one.rate);
    goals.hold(("G5", "5 ms syncs: rate at 64 connections / at 1"), Better::More, (20.0, 27.0), times, trust);
    for (what, value, marks) in [
        ("5 ms syncs, 64 connections: p50 in syncs", all.p50, (3.0, 2.5)),
        ("5 ms syncs, 64 connections: p99 in syncs", all.p99, (4.0, 3.0)),
        ("5 ms syncs, 64 connections: p99.9 in syncs", all.p999, (8.0, 5.0)),
    ] {
        goals.hold(("G6", what), Better::Less, marks, once(slow.in_syncs(value)), trust);
    }
    let p99 = once(slow.in_syncs(one.p99));
    goals.hold(("G7", "5 ms syncs, 1 connection: p99 in syncs"), Better::Less, (1.5, 1.2), p99, trust);
    goals.hold(
        ("G8", "syncs of the log for each acknowledgement, 1 connection"),
        Better::Less,
        (1.1, 1.05),
        once(syncs),
        Trust::Always,
    );
    goals.hold(
        ("G8", "the same, and never less than one"),
        Better::More,
        (0.95, 0.95),
        once(syncs),
        Trust::Always,
    );
    say(bench, &one);
    say(bench, &all);
    Ok(())
}

fn say(bench: &mut Bench, window: &Window) {
    let line = format!(
        "5 ms syncs: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms",
        window.rate,
        f64::from(window.p50) / 1e3,
        f64::from(window.p99) / 1e3,
        f64::from(window.p999) / 1e3
    );
    bench.remark(line);
}

/// As much as goes, for long: the log must not grow, and bytes are counted.
fn saturation(bench: &mut Bench) -> Result<()> {
    let name = "saturated";
    let shop = bench.stage.shop(name)?;
    let subject = bench.stage.serve(name, &shop, false, |_| {})?;
    let file = server::database(&bench.stage.data(name));
    let watch = Watch::start(&file);
    let written = proc::written(subject.running.pid())?;
    let plan = throughput::plan(bench, 64);
    let plan = Plan { time: plan.time, warm_up: Duration::ZERO, ..plan };
    let (mut sent, mut seconds, mut loaded) = (0, 0.0, 0);
    // In pieces, because what is sent has to be written and signed beforehand; between them the log rests for as long.
    while seconds < bench.extent.saturation.as_secs_f64() {
        let window = bench.window(&subject, plan)?;
        sent += window.requests;
        seconds += window.seconds;
        loaded = loaded.max(proc::pss(&subject.pids()));
    }
    let written = proc::written(subject.running.pid())? - written;
    let most = watch.stop();
    subject.running.stop()?;
    let (size, rows) = fill::size(&file)?;
    anyhow::ensure!(rows == sent, "{sent} were acknowledged, and {rows} are stored");
    let payload = number(fill::payload(&file)?);
    let goals = &mut bench.report.goals;
    goals.hold(
        ("G12", "size of the file / what was sent of it"),
        Better::Less,
        (1.35, 1.2),
        once(number(size) / payload),
        Trust::Always,
    );
    goals.hold(
        ("G13", "written to the disk / what was sent"),
        Better::Less,
        (12.0, 8.0),
        once(number(written) / payload),
        Trust::Always,
    );
    goals.hold(
        ("G14", "longest log while saturated, MB"),
        Better::Less,
        (256.0, 128.0),
        once(megabytes(most)),
        Trust::Always,
    );
    bench.remark(format!(
        "saturated for {seconds:.0} s: {sent} acknowledged and found stored, {:.0}/s; at most {:.0} MB of memory",
        number(sent) / seconds,
        megabytes(loaded)
    ));
    Ok(())
}

/// Looks at the length of a database's log all the time.
struct Watch {
    stop: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn start(database: &Path) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        let (stop, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = std::thread::spawn({
            let (stop, most) = (Arc::clone(&stop), Arc::clone(&most));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let length = std::fs::metadata(&log).map_or(0, |log| log.len());
                    most.fetch_max(length, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        });
        Self { stop, most, thread }
    }

    fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        self.most.load(Ordering::Relaxed)
    }
}
