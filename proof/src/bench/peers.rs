//! `bench peers`: what somebody would build instead, as its documentation would have it, beside ipnd in the same run.
//!
//! Each verifies the signature with Stripe's own library, inserts a row into PostgreSQL and answers 200. That is less than
//! ipnd does with a notification before it answers.

use super::goals::{Better, Goals, Trust, shown};
use super::requests::Maker;
use super::rounds::{self, Rounds};
use super::subject::{Stage, Subject};
use super::throughput::{cpu, rate};
use super::window::{Plan, number};
use crate::postgres::Postgres;
use crate::proc;
use crate::server::{self, Running, SIGNING_SECRET};
use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The program to measure, built for release
    #[arg(long)]
    ipnd: PathBuf,
    /// A folder for data, on the disk that is to be measured. It is emptied first
    #[arg(long)]
    folder: PathBuf,
    /// A folder with the packages of Express in `node_modules`
    #[arg(long)]
    npm: PathBuf,
    /// A Python with the packages of FastAPI and Flask
    #[arg(long)]
    python: PathBuf,
    /// Rounds that count
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Write everything that was measured here, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

const IPND: &str = "ipnd accepts";
const EXPRESS: &str = "Express";
const FASTAPI: &str = "FastAPI";
const FLASK: &str = "Flask";
const CONNECTIONS: usize = 64;

const TABLE: &str = "CREATE TABLE notifications (
    id bigserial PRIMARY KEY,
    event_id text NOT NULL UNIQUE,
    type text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    headers text NOT NULL,
    body bytea NOT NULL)";

#[derive(Serialize)]
struct Report {
    goals: Goals,
    rounds: Vec<Rounds>,
    remarks: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = options.ipnd.canonicalize().with_context(|| format!("no {}", options.ipnd.display()))?;
    let stage = Stage::new(&program, &options.folder)?;
    let postgres = Postgres::start()?;
    let shop = stage.shop(IPND)?;
    let ipnd = stage.serve(IPND, &shop, false, |_| {})?;
    let peers = [
        (EXPRESS, "express", express(options)),
        (FASTAPI, "fastapi", fastapi(options)),
        (FLASK, "flask", flask(options)),
    ];
    let mut subjects = vec![ipnd];
    for (name, database, command) in peers {
        subjects.push(start(&stage, &postgres, name, database, command)?);
    }
    let second = Duration::from_secs(1);
    let plan = |rate| Plan { connections: CONNECTIONS, time: 3 * second, warm_up: second, copies: 1, rate };
    let plans = [45_000, 8_000, 4_000, 4_000].map(plan);
    let measured: Vec<(&Subject, Plan)> = subjects.iter().zip(plans).collect();
    let mut maker = Maker::new();
    let rounds = rounds::run(&measured, (options.rounds, true), &mut maker, &stage.folder.join("probe"))?;
    let remarks = remarks(&rounds, &subjects);
    subjects.remove(0).running.stop()?;
    stored(&subjects, &postgres)?;
    let goals = goals(&rounds);
    println!("\n{}\n{}", remarks.join("\n"), goals.table());
    if let Some(path) = &options.json {
        let report = Report { goals, rounds: vec![rounds], remarks };
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}

fn goals(rounds: &Rounds) -> Goals {
    let mut goals = Goals::default();
    for (peer, what, marks) in [
        (EXPRESS, "rate, 64 connections: ipnd / Express, stripe, pg", (5.0, 8.0)),
        (FASTAPI, "rate, 64 connections: ipnd / FastAPI, stripe, asyncpg", (10.0, 17.0)),
        (FLASK, "rate, 64 connections: ipnd / Flask, stripe, psycopg", (15.0, 25.0)),
    ] {
        let trust = Trust::Unless(rounds.is_noisy);
        goals.hold(("G21", what), Better::More, marks, rounds.ratio(IPND, peer, rate), trust);
    }
    goals
}

fn remarks(rounds: &Rounds, subjects: &[Subject]) -> Vec<String> {
    let line = |subject: &Subject| {
        let name = subject.name;
        let of = |figure| rounds.of(name, figure).map_or(0.0, |middle| middle.median);
        let dearer = rounds.ratio(name, IPND, cpu).map_or(0.0, |middle| middle.median);
        let own = proc::pss(&proc::tree(subject.running.pid()));
        format!(
            "{name}: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {:.0} us of processor time each ({} times ipnd's), {:.0} MB \
             of memory without its database; {} acknowledged",
            of(rate),
            of(|window| f64::from(window.p50)) / 1e3,
            of(|window| f64::from(window.p99)) / 1e3,
            of(cpu),
            shown(dearer),
            number(own) / 1e6,
            subject.acknowledged.get()
        )
    };
    subjects.iter().map(line).collect()
}

/// Whatever was acknowledged has to be there, ours and theirs.
fn stored(subjects: &[Subject], postgres: &Postgres) -> Result<()> {
    for subject in subjects {
        let database = subject.name.to_ascii_lowercase();
        let rows: u64 = postgres.ask(&database, "SELECT count(*) FROM notifications")?.parse()?;
        let acknowledged = subject.acknowledged.get();
        ensure!(rows == acknowledged, "{}: {acknowledged} acknowledged, {rows} stored", subject.name);
    }
    Ok(())
}

fn start(
    stage: &Stage,
    postgres: &Postgres,
    name: &'static str,
    database: &str,
    mut command: Command,
) -> Result<Subject> {
    postgres.ask("postgres", &format!("CREATE DATABASE {database}"))?;
    postgres.ask(database, TABLE)?;
    let address = server::free_address()?;
    command.env("PORT", address.port().to_string());
    command.env("DATABASE_URL", postgres.url(database)).env("SIGNING_SECRET", SIGNING_SECRET);
    for argument in ["--port", "--bind"] {
        if command.get_args().any(|given| given == argument) {
            command.arg(if argument == "--port" { address.port().to_string() } else { address.to_string() });
        }
    }
    command.current_dir(peers());
    let mut running = Running::start(&mut command, &stage.folder.join(format!("{database}.log")))?;
    running.listens(address)?;
    let mut subject = Subject::new(name, address, "/webhook", running);
    subject.database = Some(postgres.pid());
    Ok(subject)
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn express(options: &Options) -> Command {
    let mut command = Command::new("node");
    command.arg(peers().join("express.js"));
    command.env("NODE_PATH", options.npm.join("node_modules")).env("NODE_ENV", "production");
    command
}

// The last argument of both is completed with the address.

fn fastapi(options: &Options) -> Command {
    let mut command = python(options);
    command.args([
        "uvicorn",
        "fastapi_app:app",
        "--workers",
        "2",
        "--no-access-log",
        "--log-level",
        "warning",
        "--port",
    ]);
    command
}

fn flask(options: &Options) -> Command {
    let mut command = python(options);
    command.args(["gunicorn", "flask_app:app", "--workers", "2", "--log-level", "warning", "--bind"]);
    command
}

fn python(options: &Options) -> Command {
    let mut command = Command::new(&options.python);
    // Nothing is written beside the programs.
    command.args(["-B", "-m"]);
    command
}
