//! From the acknowledgement of a notification to the receipt by the shop; alone, and beside receivers that hang.

use super::paced;
use super::shop::TellingShop;
use super::sink::Sink;
use crate::bench::goals::Better;
use crate::bench::intake::Bench;
use crate::bench::rounds::{self, Rounds};
use crate::bench::window::{self, Cost, Done, Window};
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

const ALONE: &str = "told at 200 a second";
const NONE_HANG: &str = "20 receivers";
const HALF_HANG: &str = "20 receivers, 10 hang";

const RATE: u32 = 200;
/// With twenty receivers each.
const RATE_OF_MANY: u32 = 25;
const MANY: usize = 20;
const HEALTHY: usize = 10;
/// How long what was acknowledged may be on its way.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shop, its receivers, and how many of them count: the first ones.
struct Told {
    shop: TellingShop,
    sink: Sink,
    counted: usize,
    rate: u32,
}

impl Told {
    fn open(
        bench: &Bench,
        name: &'static str,
        hangs: &[bool],
        (counted, rate): (usize, u32),
    ) -> Result<Self> {
        let sink = Sink::start(hangs)?;
        let shop = TellingShop::open(bench, name, &sink.addresses, 8)?;
        Ok(Self { shop, sink, counted, rate })
    }

    /// One window of payments; how long the receivers that count waited for each.
    fn window(&self, bench: &mut Bench, time: Duration) -> Result<Window> {
        let count = usize::try_from(u64::from(self.rate) * u64::try_from(time.as_millis())? / 1_000)?;
        let subject = &self.shop.subject;
        let first = bench.maker.next_number();
        let requests = subject.requests(&mut bench.maker, count);
        self.sink.take();
        let cost = Cost { subject: subject.name, of: &subject.pids(), known: &[] };
        window::around(&cost, &bench.stage.folder.join("probe"), || {
            let began = Instant::now();
            let acknowledged = paced::send(subject.address, requests, self.rate)?;
            let took = began.elapsed();
            let wanted = count * self.counted;
            while self.sink.count_before(self.counted) < wanted {
                ensure!(began.elapsed() < took + PATIENCE, "{}: not all was told", subject.name);
                std::thread::sleep(Duration::from_millis(5));
            }
            let receipts = self.sink.take();
            let mut micros = Vec::with_capacity(wanted);
            for (number, at) in acknowledged {
                for place in 0..self.counted {
                    let arrived = receipts.get(&(place, first + number as u64)).copied();
                    // It may be there before its sender has read the answer.
                    let waited = arrived.unwrap_or(at).saturating_duration_since(at);
                    micros.push(u32::try_from(waited.as_micros()).unwrap_or(u32::MAX));
                }
            }
            micros.sort_unstable();
            Ok(Done { requests: micros.len() as u64, micros, took })
        })
    }
}

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let told = Told::open(bench, ALONE, &[false], (1, RATE))?;
    told.window(bench, bench.extent.warm_up)?;
    let (extent, time) = ((bench.extent.rounds, !bench.extent.is_short), bench.extent.window);
    let rounds = rounds::collect(1, extent, || Ok(vec![told.window(bench, time)?]))?;
    say(bench, &rounds, &[ALONE]);
    bench.report.rounds.push(rounds);
    told.shop.subject.running.stop()
}

pub(crate) fn hanging(bench: &mut Bench) -> Result<()> {
    let none = Told::open(bench, NONE_HANG, &[false; MANY], (HEALTHY, RATE_OF_MANY))?;
    let hangs: Vec<bool> = (0..MANY).map(|place| place >= HEALTHY).collect();
    let half = Told::open(bench, HALF_HANG, &hangs, (HEALTHY, RATE_OF_MANY))?;
    for told in [&none, &half] {
        told.window(bench, bench.extent.warm_up)?;
    }
    let (extent, time) = ((bench.extent.rounds, !bench.extent.is_short), bench.extent.window);
    let rounds =
        rounds::collect(MANY, extent, || Ok(vec![none.window(bench, time)?, half.window(bench, time)?]))?;
    let trust = bench.trust(&rounds);
    let ratio = rounds.ratio(HALF_HANG, NONE_HANG, |window| f64::from(window.p99));
    bench.report.goals.hold(
        ("I-20", "99 % told within, healthy receivers: half of 20 hang / none hang"),
        Better::Less,
        (2.0, 2.0),
        ratio,
        trust,
    );
    say(bench, &rounds, &[NONE_HANG, HALF_HANG]);
    bench.report.rounds.push(rounds);
    none.shop.subject.running.stop()?;
    // What hangs may hold up its end.
    drop(half);
    Ok(())
}

fn say(bench: &mut Bench, rounds: &Rounds, names: &[&str]) {
    for name in names {
        let of = |figure: fn(&Window) -> f64| {
            rounds.of(name, figure).map_or((0.0, 0.0, 0.0), |middle| {
                (middle.median / 1e3, middle.least / 1e3, middle.most / 1e3)
            })
        };
        let (half, most) = (of(|window| f64::from(window.p50)), of(|window| f64::from(window.p99)));
        bench.remark(format!(
            "{name}: from acknowledged to received: half within {:.2} ms ({:.2} to {:.2}), 99 % within {:.2} ms ({:.2} to {:.2})",
            half.0, half.1, half.2, most.0, most.1, most.2
        ));
    }
}
