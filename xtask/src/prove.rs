//! `cargo xtask prove`: builds ipnd, and has it held to its promises from outside (`proof/`) and from inside (the
//! simulator and the permutations of `crates/store`).

use crate::run::{heading, output, root, run, target};
use crate::suite::NotRun;
use crate::{faults, tools};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// The methods that know ipnd only from outside, and the Debian packages without which they cannot run: a program, and
/// the package that has it.
const OUTSIDE: &[(&str, &[(&str, &str)])] = &[
    ("kill", &[]),
    ("sync", &[("strace", "strace")]),
    ("errors", &[("strace", "strace")]),
    ("full-disk", &[]),
    ("cut", &[("nbdkit", "nbdkit"), ("nbdfuse", "libnbd-bin"), ("fusermount3", "fuse3")]),
    ("duplicates", &[]),
    ("stop", &[]),
    ("pause", &[("faketime", "faketime")]),
    ("clock", &[("faketime", "faketime")]),
    ("migration", &[("strace", "strace")]),
    ("nodes", &[("faketime", "faketime"), ("pg_lsclusters", "postgresql")]),
    ("smtp", &[("faketime", "faketime")]),
    ("deliveries", &[("faketime", "faketime")]),
    ("guard", &[("ip", "iproute2"), ("unshare", "util-linux")]),
];

/// Those that mount something, or make a network.
const NEED_ROOT: &[&str] = &["full-disk", "cut", "guard"];

/// The methods that are tests of the store: the test file, and the variable that says how much of it.
pub(crate) const INSIDE: &[(&str, &str, &str)] =
    &[("sim", "simulation", "IPND_SIM_SEEDS"), ("permutations", "permutations", "IPND_PERMUTATIONS")];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which: kill, sync, errors, full-disk, cut, duplicates, stop, pause, clock, migration, nodes, smtp, deliveries,
    /// guard, sim, permutations, or faults, which tries the methods with planted defects (all, or those named after it).
    /// Without one, all but the faults
    methods: Vec<String>,
    /// All of it, as before a release, instead of the short form
    #[arg(long)]
    full: bool,
    /// What chance begins with
    #[arg(long)]
    seed: Option<u64>,
    /// How many histories the simulator makes up
    #[arg(long)]
    seeds: Option<u64>,
}

pub(crate) fn prove(options: &Options) -> Result<()> {
    if let Some(("faults", names)) = options.methods.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        return faults::find(names);
    }
    let known = |name: &str| {
        OUTSIDE.iter().any(|method| method.0 == name) || INSIDE.iter().any(|method| method.0 == name)
    };
    if let Some(unknown) = options.methods.iter().find(|name| !known(name)) {
        bail!("no method is called {unknown}; see: cargo xtask prove --help");
    }
    let wanted = |name: &str| options.methods.is_empty() || options.methods.iter().any(|own| own == name);
    let mut not_run = NotRun::new();
    let outside: Vec<&str> = OUTSIDE
        .iter()
        .filter(|method| wanted(method.0))
        .filter(|method| can(method, &mut not_run))
        .map(|method| method.0)
        .collect();
    if !outside.is_empty() {
        let tools = build(options.full)?;
        tools.run(&outside, options.full, options.seed)?;
    }
    for (name, test, variable) in INSIDE.iter().filter(|method| wanted(method.0)) {
        heading(name);
        let much = match (*name, options.seeds) {
            ("sim", Some(seeds)) => seeds.to_string(),
            ("sim", None) => if options.full { "100000" } else { "1000" }.to_owned(),
            _ => if options.full { "all" } else { "some" }.to_owned(),
        };
        let words = ["test", "--release", "--package", "ipnd-store", "--test", test, "--", "--nocapture"];
        run("cargo", &words, &[(variable, much)])?;
    }
    for (what, why) in &not_run {
        println!("!!! NOT RUN: {what}: {why}");
    }
    if !not_run.is_empty() && !options.methods.is_empty() {
        bail!("not everything that was asked for was run");
    }
    Ok(())
}

/// The short forms, as a part of the tests. Those inside the store are among its own tests.
pub(crate) fn short(not_run: &mut NotRun) -> Result<()> {
    heading("Proofs, in their short form");
    let names: Vec<&str> =
        OUTSIDE.iter().filter(|method| can(method, not_run)).map(|method| method.0).collect();
    build(false)?.run(&names, false, None)
}

/// Whether all is there that a method needs.
fn can((name, packages): &(&'static str, &[(&str, &str)]), not_run: &mut NotRun) -> bool {
    if NEED_ROOT.contains(name) && output("id", &["-u"]).map(|id| id.trim() != "0").unwrap_or(true) {
        not_run.push((name, "it mounts file systems or makes a network, which needs root".to_owned()));
        return false;
    }
    for (program, package) in *packages {
        if let Err(why) = tools::debian(program, &[package]) {
            not_run.push((name, why));
            return false;
        }
    }
    true
}

/// The programs that a proof needs.
struct Tools {
    folder: PathBuf,
}

/// A build to be killed may be quick to make; a full run is about what users run.
fn build(is_release: bool) -> Result<Tools> {
    built(&["ipnd", "ipnd-proof"], is_release)
}

/// The methods without anything to try them on.
pub(crate) fn build_proof() -> Result<PathBuf> {
    built(&["ipnd-proof"], false).map(|tools| tools.folder.join("ipnd-proof"))
}

fn built(packages: &[&str], is_release: bool) -> Result<Tools> {
    let mut words = vec!["build"];
    packages.iter().for_each(|package| words.extend(["--package", package]));
    words.extend(is_release.then_some("--release"));
    run("cargo", &words, &[])?;
    Ok(Tools { folder: target().join(if is_release { "release" } else { "debug" }) })
}

impl Tools {
    fn run(&self, methods: &[&str], is_full: bool, seed: Option<u64>) -> Result<()> {
        let ipnd = text(&self.folder.join("ipnd"));
        let seed = seed.map(|seed| seed.to_string());
        let mut words = vec!["prove", "methods", "--ipnd", &ipnd];
        words.extend(is_full.then_some("--full"));
        if let Some(seed) = &seed {
            words.extend(["--seed", seed]);
        }
        words.extend(methods);
        run(&text(&self.folder.join("ipnd-proof")), &words, &[])
    }
}

pub(crate) fn text(path: &Path) -> String {
    let absolute = if path.is_absolute() { path.to_owned() } else { root().join(path) };
    absolute.to_str().expect("paths of the target folder are text").to_owned()
}
