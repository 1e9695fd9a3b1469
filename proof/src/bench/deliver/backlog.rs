//! What ipnd holds when nobody can be told for a while.

use super::shop::TellingShop;
use crate::bench::goals::{Better, Trust, once};
use crate::bench::intake::Bench;
use crate::proc;
use crate::server;
use anyhow::{Context as _, Result, ensure};
use std::net::SocketAddr;

const NAME: &str = "nobody to tell";
/// The last of them is paused, the others are down.
const RECEIVERS: usize = 5;

pub(crate) fn measure(bench: &mut Bench) -> Result<()> {
    let deliveries = usize::try_from(bench.extent.rows)?;
    // Nobody listens there.
    let to: Vec<SocketAddr> = (0..RECEIVERS).map(|_| server::free_address()).collect::<Result<_>>()?;
    let mut shop = TellingShop::open(bench, NAME, &to, 8)?;
    shop.turn("pause", RECEIVERS - 1)?;
    let idle = mebibytes(proc::resident(shop.subject.running.pid()).context("it runs")?.0);
    shop.is_paid(bench, deliveries / RECEIVERS)?;
    let waiting = shop.waiting()?;
    ensure!(waiting.unsigned_abs() == deliveries as u64, "{waiting} wait, and {deliveries} should");
    let (now, most) = proc::resident(shop.subject.running.pid()).context("it runs")?;
    bench.report.goals.hold(
        ("D", "100,000 undelivered: memory of its own, MiB, at the most"),
        Better::Less,
        (256.0, 256.0),
        once(mebibytes(most)),
        Trust::Always,
    );
    bench.remark(format!(
        "{waiting} undelivered: {:.1} MiB resident, {:.1} MiB at the most, {idle:.1} MiB before the first",
        mebibytes(now),
        mebibytes(most)
    ));
    shop.subject.running.stop()
}

fn mebibytes(bytes: u64) -> f64 {
    crate::bench::window::number(bytes) / 1_048_576.0
}
