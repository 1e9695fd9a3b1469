//! One window of measuring: what was answered, what it cost, and whether the machine was ours meanwhile.

use super::load::{self, Answers, Load};
use super::requests::Maker;
use super::subject::Subject;
use crate::proc::{self, Machine};
use anyhow::{Result, ensure};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// A window that ends early, because all requests are sent, has to have been at least this long.
const SHORTEST: f64 = 0.2;

/// How a window is run.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// Before that, uncounted.
    pub(crate) warm_up: Duration,
    pub(crate) copies: usize,
    /// New requests a second that are prepared for a server that needs new ones.
    pub(crate) rate: usize,
}

#[derive(Clone, Serialize)]
pub(crate) struct Window {
    pub(crate) subject: &'static str,
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) rate: f64,
    /// Processor time of the server for each request.
    pub(crate) cpu_micros: f64,
    /// That of the load.
    pub(crate) load_micros: f64,
    pub(crate) p50: u32,
    pub(crate) p99: u32,
    pub(crate) p999: u32,
    /// Processors that somebody else used, and that another machine took.
    pub(crate) foreign: f64,
    pub(crate) stolen: f64,
    /// Microseconds of a small write with its sync, just before.
    pub(crate) probe_micros: f64,
}

/// The value below which `part` of all lie.
pub(crate) fn percentile(sorted: &[u32], part: f64) -> u32 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = (last as f64 * part).round() as usize;
    sorted.get(place).copied().unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// Measures one window.
pub(crate) fn measure(subject: &Subject, plan: Plan, maker: &mut Maker, probe: &Path) -> Result<Window> {
    let load = Load {
        address: subject.address,
        other: subject.other.as_ref().map(|(address, _)| *address),
        connections: plan.connections,
        time: plan.warm_up,
        copies: plan.copies,
        again: subject.repeats,
    };
    let count = |time: Duration| {
        let millis = usize::try_from(time.as_millis()).unwrap_or(0);
        (plan.rate * millis / 1_000 / plan.copies).max(plan.connections)
    };
    if !plan.warm_up.is_zero() {
        let answers = load::run(load, subject.requests(maker, count(plan.warm_up)))?;
        acknowledge(subject, &answers);
        subject.finish()?;
    }
    let requests = subject.requests(maker, count(plan.time));
    let cost = Cost { subject: subject.name, of: &subject.pids(), known: &[] };
    around(&cost, probe, || {
        let began = Instant::now();
        let answers = load::run(Load { time: plan.time, ..load }, requests)?;
        let answered = began.elapsed();
        subject.finish()?;
        acknowledge(subject, &answers);
        ensure!(answers.refused == 0, "{}: {} requests were refused", subject.name, answers.refused);
        ensure!(!answers.micros.is_empty(), "{}: nothing was answered", subject.name);
        ensure!(
            answered.as_secs_f64() >= SHORTEST,
            "{}: all was sent within {answered:?}; more has to be prepared",
            subject.name
        );
        let took = if subject.works_on.is_some() { began.elapsed() } else { answers.took };
        Ok(Done { requests: answers.micros.len() as u64, micros: answers.micros, took })
    })
}

/// Whose processor time is measured.
pub(crate) struct Cost<'a> {
    pub(crate) subject: &'static str,
    pub(crate) of: &'a [u32],
    /// Whose time is neither that nor a stranger's.
    pub(crate) known: &'a [u32],
}

/// What was done in a window.
pub(crate) struct Done {
    pub(crate) requests: u64,
    /// How long each took, in rising sequence, where that is known.
    pub(crate) micros: Vec<u32>,
    pub(crate) took: Duration,
}

/// Measures while `work` is done.
pub(crate) fn around(cost: &Cost<'_>, probe: &Path, work: impl FnOnce() -> Result<Done>) -> Result<Window> {
    let probe_micros = sync_micros(probe)?;
    let own = [std::process::id()];
    // It may be the one that is measured, or only look on.
    let is_named = cost.of.contains(&own[0]) || cost.known.contains(&own[0]);
    let own = if is_named { &[][..] } else { &own[..] };
    let before = [cost.of, own, cost.known].map(proc::cpu);
    let (machine, began) = (Machine::now()?, Instant::now());
    let done = work()?;
    let after = [cost.of, own, cost.known].map(proc::cpu);
    let [server, ours, known] = std::array::from_fn(|place| after[place].saturating_sub(before[place]));
    let (now, elapsed) = (Machine::now()?, began.elapsed().as_secs_f64());
    let (requests, seconds) = (number(done.requests), done.took.as_secs_f64());
    let busy = now.busy.saturating_sub(machine.busy);
    Ok(Window {
        subject: cost.subject,
        requests: done.requests,
        seconds,
        rate: requests / seconds,
        cpu_micros: server.as_secs_f64() * 1e6 / requests,
        load_micros: ours.as_secs_f64() * 1e6 / requests,
        p50: percentile(&done.micros, 0.5),
        p99: percentile(&done.micros, 0.99),
        p999: percentile(&done.micros, 0.999),
        foreign: busy.saturating_sub(server + ours + known).as_secs_f64() / elapsed,
        stolen: now.stolen.saturating_sub(machine.stolen).as_secs_f64() / elapsed,
        probe_micros,
    })
}

fn acknowledge(subject: &Subject, answers: &Answers) {
    subject.acknowledged.update(|sum| sum + answers.micros.len() as u64);
}

/// How long a small overwrite with its sync takes on the disk that is measured: the middle of many.
fn sync_micros(path: &Path) -> Result<f64> {
    const WRITES: usize = 100;
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    let page = [7; 4_096];
    file.write_all(&page)?;
    file.sync_all()?;
    let mut micros = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let began = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&page)?;
        file.sync_data()?;
        micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    micros.sort_unstable();
    Ok(f64::from(percentile(&micros, 0.5)))
}
