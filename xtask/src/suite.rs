//! What `cargo xtask test` and `cargo xtask check` run, in which sequence, and what they say when a part cannot.

use crate::run::{exists, heading, output, root, run};
use crate::{deps, faults, fuzz, peers, prove, threats, tidy, tools};
use anyhow::Result;
use ipnd_testkit::postgres::Server;

/// How long each fuzz target runs within the tests; `cargo xtask fuzz` runs them for longer.
const FUZZ_SECONDS: u32 = 2;

/// What could not be run, and why.
pub(crate) type NotRun = Vec<(&'static str, String)>;

/// Everything that needs nothing but the toolchain.
pub(crate) fn check() -> Result<()> {
    heading("Dependency rules");
    deps::check()?;
    heading("House rules");
    tidy::check()?;
    heading("Formatting");
    run("cargo", &["fmt", "--all", "--check"], &[])?;
    heading("Threat rows and their tests");
    threats::check()?;
    heading("Planted faults still fit");
    faults::check()?;
    heading("Lints");
    run("cargo", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"], &[])
}

/// Everything. What cannot be run is named at the end, loudly.
pub(crate) fn test(with_browser: bool) -> Result<()> {
    let mut not_run = NotRun::new();
    check()?;

    heading("A PostgreSQL server for the tests");
    let postgres = postgres()?;
    let peers_of_tests = [(ipnd_testkit::postgres::SHARED, postgres.base_url())];

    heading("Tests");
    let examples = std::env::var("IPND_EXAMPLES").unwrap_or_default();
    if examples.is_empty() {
        println!("(set IPND_EXAMPLES to a file of example messages to hold the gateways against it as well)");
    }
    if std::env::var_os("IPND_VECTORS").is_none() {
        println!(
            "(set IPND_VECTORS to a folder of signed requests to hold the gateways against them as well)"
        );
    }
    let nextest = exists("cargo-nextest");
    if nextest {
        run("cargo", &["nextest", "run", "--workspace", "--no-fail-fast"], &peers_of_tests)?;
        run("cargo", &["test", "--workspace", "--doc", "--quiet"], &[])?;
    } else {
        run("cargo", &["test", "--workspace", "--no-fail-fast", "--quiet"], &peers_of_tests)?;
    }

    for (variable, what) in [("IPND_VECTORS", "signed requests"), ("IPND_EXAMPLES", "PayPal's messages")] {
        if let Ok(path) = std::env::var(variable) {
            heading(&format!("What the program itself says of {what}"));
            run("cargo", &["run", "--quiet", "--package", "ipnd", "--", "gateways", "check", &path], &[])?;
        }
    }
    fuzz::fuzz(FUZZ_SECONDS, None, Some(1))?;

    peers::test(&mut not_run)?;
    prove::short(&mut not_run)?;

    heading("The database in the ordinary sqlite3 shell");
    match tools::debian("sqlite3", &["sqlite3"]) {
        Ok(()) => ignored("ipnd", "sqlite_shell", &[], &[])?,
        Err(why) => not_run.push(("the look into the database with sqlite3", why)),
    }

    if with_browser {
        heading("The whole loop in a real browser");
        match browser() {
            Ok(()) => ignored("ipnd", "chromium", &["--skip", "pictures"], &[])?,
            Err(why) => not_run.push(("the loop in headless Chromium", why)),
        }
    } else {
        not_run.push(("the loop in headless Chromium", "left out by --no-browser".to_owned()));
    }

    say(&not_run);
    Ok(())
}

/// One server for all tests: starting one for each would take longer than the tests.
fn postgres() -> Result<Server> {
    if !ipnd_testkit::postgres::is_installed() {
        tools::debian("initdb", &["postgresql"]).map_err(anyhow::Error::msg)?;
    }
    Server::start(&["max_connections = 400"])
}

/// Only the tests against software that is not ours.
pub(crate) fn peers() -> Result<()> {
    let mut not_run = NotRun::new();
    peers::test(&mut not_run)?;
    say(&not_run);
    Ok(())
}

fn say(not_run: &NotRun) {
    if not_run.is_empty() {
        println!("\nEverything was run, and everything passed.");
        return;
    }
    println!("\n!!! What ran has passed, but NOT EVERYTHING WAS RUN:");
    for (what, why) in not_run {
        println!("!!!   {what}: {why}");
    }
}

/// Takes the pictures in docs/pictures anew.
pub(crate) fn pictures() -> Result<()> {
    browser().map_err(anyhow::Error::msg)?;
    let folder = root().join("docs/pictures");
    std::fs::create_dir_all(&folder)?;
    ignored("ipnd", "chromium", &["pictures"], &[("IPND_PICTURES", folder.display().to_string())])
}

/// Runs a test file whose tests need a peer and are therefore marked as ignored otherwise. `which` goes to the test
/// runner: a name, or names to skip.
pub(crate) fn ignored(
    package: &str,
    test: &str,
    which: &[&str],
    environment: &[(&str, String)],
) -> Result<()> {
    let mut arguments = vec!["test", "--package", package, "--test", test, "--"];
    arguments.extend(which);
    arguments.extend(["--ignored", "--test-threads", "1"]);
    run("cargo", &arguments, environment)
}

fn browser() -> Result<(), String> {
    tools::debian("chromium", &["chromium", "fonts-noto-color-emoji"])?;
    tools::debian("chromedriver", &["chromium-driver"])
}

/// The files git knows of, as text, with their paths from the root.
pub(crate) fn tracked(endings: &[&str]) -> Result<Vec<(String, String)>> {
    let listing = output("git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    let wanted = |path: &&str| endings.iter().any(|ending| path.ends_with(ending));
    let read = |path: &str| {
        let text = std::fs::read_to_string(root().join(path)).ok()?;
        Some((path.to_owned(), text))
    };
    Ok(listing.lines().filter(wanted).filter_map(read).collect())
}
