//! Builds the program as users get it, and has it measured by the crate `ipnd-proof`.

use crate::run::{run, target};
use crate::tools;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// What the peers are built from, each in one exact version.
const NPM: &[&str] = &["express@5.3.0", "stripe@23.1.0", "pg@8.23.1"];
const PYTHON: &[&str] = &[
    "fastapi==0.165.0",
    "uvicorn[standard]==0.54.0",
    "asyncpg==0.32.0",
    "flask==3.1.3",
    "gunicorn==27.0.1",
    "psycopg[binary,pool]==3.3.9",
    "stripe==16.1.0",
];

/// What of it is wanted.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) short: bool,
    pub(crate) full: bool,
    pub(crate) only: Vec<String>,
    pub(crate) json: Option<PathBuf>,
}

pub(crate) fn intake(wanted: &Wanted) -> Result<()> {
    ours("intake", wanted)
}

pub(crate) fn deliver(wanted: &Wanted) -> Result<()> {
    ours("deliver", wanted)
}

fn ours(what: &str, wanted: &Wanted) -> Result<()> {
    let mut arguments = measured(what)?;
    for (is_wanted, flag) in [(wanted.short, "--short"), (wanted.full, "--full")] {
        arguments.extend(is_wanted.then(|| flag.to_owned()));
    }
    if !wanted.only.is_empty() {
        arguments.extend(["--only".to_owned(), wanted.only.join(",")]);
    }
    arguments.extend(to_file(wanted.json.as_deref())?);
    proof(&arguments)
}

pub(crate) fn peers(json: Option<&Path>) -> Result<()> {
    tools::debian("/usr/lib/postgresql/15/bin/postgres", &["postgresql-15"]).map_err(anyhow::Error::msg)?;
    tools::debian("npm", &["nodejs", "npm"]).map_err(anyhow::Error::msg)?;
    let python = tools::python("bench-python", PYTHON).map_err(anyhow::Error::msg)?;
    let npm = target().join("test-tools/npm");
    std::fs::create_dir_all(&npm)?;
    let (npm, python) = (npm.display().to_string(), python.display().to_string());
    let mut install = vec!["install", "--silent", "--no-audit", "--no-fund", "--prefix", &npm];
    install.extend(NPM);
    run("npm", &install, &[])?;
    let mut arguments = measured("peers")?;
    arguments.extend(["--npm".to_owned(), npm, "--python".to_owned(), python]);
    arguments.extend(to_file(json)?);
    proof(&arguments)
}

/// The program runs in the workspace's root, where the same path would mean somewhere else.
fn to_file(json: Option<&Path>) -> Result<Vec<String>> {
    let Some(json) = json else { return Ok(Vec::new()) };
    Ok(vec!["--json".to_owned(), std::path::absolute(json)?.display().to_string()])
}

/// The two programs, built, and the arguments that both measurements need.
fn measured(what: &str) -> Result<Vec<String>> {
    run(
        "cargo",
        &["build", "--quiet", "--profile", "dist", "--package", "ipnd", "--package", "ipnd-proof"],
        &[],
    )?;
    let program = target().join("dist").join(format!("ipnd{}", std::env::consts::EXE_SUFFIX));
    let folder = target().join("bench").join(what);
    let (program, folder) = (program.display().to_string(), folder.display().to_string());
    let arguments = ["bench", what, "--ipnd", &program, "--folder", &folder];
    Ok(arguments.map(str::to_owned).to_vec())
}

fn proof(arguments: &[String]) -> Result<()> {
    let program = target().join("dist").join(format!("ipnd-proof{}", std::env::consts::EXE_SUFFIX));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(&program.display().to_string(), &arguments, &[])
}
