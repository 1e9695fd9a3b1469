//! `bench deliver`: what telling the shop costs, how soon it knows, and what waits when it cannot be told.

mod backlog;
mod client;
mod latency;
mod paced;
mod rates;
mod shop;
mod sink;

use super::intake::{Bench, Extent, Part};
use super::subject::Stage;
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The program to measure, built for release
    #[arg(long)]
    ipnd: PathBuf,
    /// A folder for data, on the disk that is to be measured. It is emptied first
    #[arg(long)]
    folder: PathBuf,
    /// Seconds instead of minutes: only what noise cannot break
    #[arg(long)]
    short: bool,
    /// Only these parts: rates, latency, hanging, backlog
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write everything that was measured here, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = options.ipnd.canonicalize().with_context(|| format!("no {}", options.ipnd.display()))?;
    let second = Duration::from_secs(1);
    let extent = if options.short {
        Extent {
            rounds: 2,
            window: second,
            warm_up: second / 5,
            saturation: second,
            rows: 10_000,
            is_short: true,
        }
    } else {
        Extent {
            rounds: 5,
            window: second * 10,
            warm_up: second,
            saturation: second * 2,
            rows: 100_000,
            is_short: false,
        }
    };
    let parts: [(&str, Part); 4] = [
        ("rates", rates::measure),
        ("latency", latency::measure),
        ("hanging", latency::hanging),
        ("backlog", backlog::measure),
    ];
    let bench = Bench::new(Stage::new(&program, &options.folder)?, extent);
    bench.perform(&parts, &options.only, options.json.as_deref())
}
