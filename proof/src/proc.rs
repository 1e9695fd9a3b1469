//! What the kernel knows of processes and of the machine (Linux).

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// Linux counts processor time in hundredths of a second wherever it runs.
const TICK: Duration = Duration::from_millis(10);

/// A process and everything it has started.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        found.extend(children.get(pid).into_iter().flatten());
        next += 1;
    }
    found
}

/// The fields of `/proc/PID/stat` behind the name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Processor time that these processes have taken. One that has ended counts nothing.
pub(crate) fn cpu(pids: &[u32]) -> Duration {
    let ticks = |pid: &u32| {
        let fields = stat(*pid)?;
        Some(fields.get(11)?.parse::<u32>().ok()? + fields.get(12)?.parse::<u32>().ok()?)
    };
    TICK * pids.iter().filter_map(ticks).sum::<u32>()
}

/// The memory that these processes have for themselves, and their share of what they share, in bytes.
pub(crate) fn pss(pids: &[u32]) -> u64 {
    let of = |pid: &u32| number(Path::new(&format!("/proc/{pid}/smaps_rollup")), "Pss:");
    1024 * pids.iter().filter_map(of).sum::<u64>()
}

/// What a process has in memory, shared or not: now, and the most there has been, in bytes.
pub(crate) fn resident(pid: u32) -> Option<(u64, u64)> {
    let path = format!("/proc/{pid}/status");
    let of = |name| number(Path::new(&path), name).map(|kilobytes| 1024 * kilobytes);
    Some((of("VmRSS:")?, of("VmHWM:")?))
}

/// What a process has had written to disks, in bytes.
pub(crate) fn written(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/io");
    number(Path::new(&path), "write_bytes:").with_context(|| format!("{path} does not tell"))
}

fn number(path: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What all processors of the machine have done since it started.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    pub(crate) busy: Duration,
    /// Another machine ran on our processors meanwhile.
    pub(crate) stolen: Duration,
}

impl Machine {
    pub(crate) fn now() -> Result<Self> {
        let text = std::fs::read_to_string("/proc/stat").context("/proc/stat cannot be read")?;
        let fields = text.lines().next().unwrap_or_default().split_whitespace().skip(1);
        let ticks: Vec<u32> = fields.map(|field| field.parse().unwrap_or(0)).collect();
        let at = |place: usize| TICK * ticks.get(place).copied().unwrap_or(0);
        // user, nice, system, idle, waiting for a disk, interrupts, softer interrupts, stolen
        Ok(Self { busy: at(0) + at(1) + at(2) + at(5) + at(6), stolen: at(7) })
    }
}
