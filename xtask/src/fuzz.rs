//! Fuzzing: one target for each mechanism of the kit and each gateway's `receive`, guided by coverage.
//!
//! The targets are ordinary ones for cargo-fuzz (`fuzz/`), but need neither it nor a nightly toolchain: the coverage
//! instrumentation is asked for by stable compiler options. Seeds come from the fixtures and from composed messages.

use crate::gateways::gateways;
use crate::run::{heading, output, root, target};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

/// What libFuzzer needs to see which way a run went.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks";

/// Longest input, in bytes: the size that the time limit of the threat model speaks of (I-27).
const INPUT_BYTES: u32 = 64 * 1024;

/// Mechanisms of the kit, each a case of the target `kit`.
pub(crate) const MECHANISMS: &[&str] = &[
    "form",
    "json",
    "xml",
    "mac",
    "signed_time",
    "amount",
    "dates",
    "charset",
    "asymmetric",
    "x509",
    "cipher",
    "token",
    "mapping",
];

/// Fuzzes each target for so many seconds. With a seed, a run begins the same way every time: what is part of the tests
/// has to fail for a change and not by chance.
pub(crate) fn fuzz(seconds: u32, only: Option<&str>, seed: Option<u32>) -> Result<()> {
    heading("Fuzzing");
    let mut cases: Vec<(&str, String)> = MECHANISMS.iter().map(|name| ("kit", (*name).to_owned())).collect();
    cases.extend(gateways()?.into_iter().map(|id| ("gateway", id)));
    cases.retain(|(_, name)| only.is_none_or(|only| only == name));
    if cases.is_empty() {
        bail!("there is no such target");
    }
    let built = target().join("fuzz");
    // With a target named, the instrumentation is for the targets alone and not for what builds them.
    let host = host()?;
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host])
        .arg("--target-dir")
        .arg(&built)
        .env("RUSTFLAGS", COVERAGE)
        .current_dir(root())
        .stdin(Stdio::null())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("the fuzz targets do not build");
    }
    for (binary, name) in &cases {
        one(&built.join(&host), binary, name, seconds, seed)?;
    }
    println!("\n{} targets for {seconds} s each: no panic, nothing slower than a second.", cases.len());
    Ok(())
}

/// The machine that compiles, as rustc calls it.
fn host() -> Result<String> {
    let told = output("rustc", &["-vV"])?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what machine this is")?.to_owned())
}

fn one(built: &Path, binary: &str, name: &str, seconds: u32, seed: Option<u32>) -> Result<()> {
    let folder = |kind: &str| target().join("fuzz-corpus").join(kind).join(name);
    let (corpus, found) = (folder("corpus"), folder("found"));
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&found)?;
    let output = Command::new(built.join("release").join(binary))
        .arg(&corpus)
        .args([
            format!("-max_total_time={seconds}"),
            format!("-max_len={INPUT_BYTES}"),
            "-timeout=1".to_owned(),
            "-rss_limit_mb=1024".to_owned(),
            "-print_final_stats=1".to_owned(),
            // 0 is libFuzzer's word for a seed of its own choice.
            format!("-seed={}", seed.unwrap_or_default()),
            format!("-artifact_prefix={}/", found.display()),
        ])
        .env("IPND_FUZZ", name)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("the target {binary} could not be started"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let stat = |what: &str| {
        let line = log.lines().find(|line| line.contains(what))?;
        line.split_whitespace().last().map(str::to_owned)
    };
    println!(
        "{name:<18} {:>10} runs, {:>5} in the corpus, slowest {} s",
        stat("stat::number_of_executed_units").unwrap_or_default(),
        std::fs::read_dir(&corpus)?.count(),
        stat("stat::slowest_unit_time_sec").unwrap_or_default(),
    );
    if output.status.success() {
        return Ok(());
    }
    let from = log.lines().rev().take(40).collect::<Vec<_>>();
    let tail: Vec<&str> = from.into_iter().rev().collect();
    bail!("{name} failed; the input lies in {}\n{}", found.display(), tail.join("\n"))
}
