//! `bench intake`: everything that is measured of ipnd, in sequence, and the table of goals.

use super::goals::{Goals, Trust};
use super::requests::Maker;
use super::rounds::{self, Rounds};
use super::subject::{Stage, Subject};
use super::window::{self, Plan, Window};
use super::{disk, grown, nodes, throughput};
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use std::path::{Path, PathBuf};
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
    /// Grow the file to five million notifications instead of half a million
    #[arg(long)]
    full: bool,
    /// Only these parts: throughput, disk, grown, nodes
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Write everything that was measured here, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) rounds: usize,
    pub(crate) window: Duration,
    pub(crate) warm_up: Duration,
    pub(crate) saturation: Duration,
    pub(crate) rows: i64,
    pub(crate) is_short: bool,
}

/// Everything that is measured comes together here.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) goals: Goals,
    pub(crate) rounds: Vec<Rounds>,
    /// What has no goal and is good to know.
    pub(crate) remarks: Vec<String>,
}

pub(crate) struct Bench {
    pub(crate) stage: Stage,
    pub(crate) maker: Maker,
    pub(crate) extent: Extent,
    pub(crate) report: Report,
}

impl Bench {
    /// As many good rounds as are wanted.
    pub(crate) fn rounds(&mut self, subjects: &[(&Subject, Plan)]) -> Result<Rounds> {
        let probe = self.stage.folder.join("probe");
        rounds::run(subjects, (self.extent.rounds, !self.extent.is_short), &mut self.maker, &probe)
    }

    pub(crate) fn window(&mut self, subject: &Subject, plan: Plan) -> Result<Window> {
        let probe = self.stage.folder.join("probe");
        window::measure(subject, plan, &mut self.maker, &probe)
    }

    /// Whether what depends on the machine can be believed. In a hurry it never can.
    pub(crate) fn trust(&self, rounds: &Rounds) -> Trust {
        Trust::Unless(self.extent.is_short || rounds.is_noisy)
    }

    /// The same of single windows.
    pub(crate) fn trust_in(&self, windows: &[&Window]) -> Trust {
        Trust::Unless(self.extent.is_short || windows.iter().any(|window| rounds::is_disturbed(window)))
    }

    pub(crate) fn remark(&mut self, remark: String) {
        println!("  {remark}");
        self.report.remarks.push(remark);
    }
}

pub(crate) type Part = fn(&mut Bench) -> Result<()>;

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = options.ipnd.canonicalize().with_context(|| format!("no {}", options.ipnd.display()))?;
    let second = Duration::from_secs(1);
    let extent = if options.short {
        let window = second / 2;
        Extent { rounds: 2, window, warm_up: second / 5, saturation: second, rows: 20_000, is_short: true }
    } else {
        let rows = if options.full { 5_000_000 } else { 500_000 };
        let (window, warm_up) = (second * 2, second / 2);
        Extent { rounds: 5, window, warm_up, saturation: second * 60, rows, is_short: false }
    };
    let parts: [(&str, Part); 4] = [
        ("throughput", throughput::measure),
        ("disk", disk::measure),
        ("grown", grown::measure),
        ("nodes", nodes::measure),
    ];
    let bench = Bench::new(Stage::new(&program, &options.folder)?, extent);
    bench.perform(&parts, &options.only, options.json.as_deref())
}

impl Bench {
    pub(crate) fn new(stage: Stage, extent: Extent) -> Self {
        let report = Report { goals: Goals::default(), rounds: Vec::new(), remarks: Vec::new() };
        Self { stage, maker: Maker::new(), extent, report }
    }

    /// Measures these parts, or those of them that are wanted, and says what came of it.
    pub(crate) fn perform(
        mut self,
        parts: &[(&str, Part)],
        only: &[String],
        json: Option<&Path>,
    ) -> Result<()> {
        for (name, measure) in parts {
            if only.is_empty() || only.iter().any(|only| only == name) {
                println!("\n--- {name}");
                measure(&mut self)?;
            }
        }
        println!("\n{}", self.report.goals.table());
        if let Some(path) = json {
            write(path, &self.report)?;
        }
        let defects = self.report.goals.defects();
        if self.extent.is_short && !defects.is_empty() {
            bail!("below the floor: {}", defects.join(", "));
        }
        Ok(())
    }
}

fn write(path: &Path, report: &Report) -> Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
