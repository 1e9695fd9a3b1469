//! The project's own tool: `cargo xtask test` runs everything, `cargo xtask check` what needs no peers.

mod bench;
mod deps;
mod faults;
mod fuzz;
mod gateways;
mod peers;
mod prove;
mod run;
mod suite;
mod threats;
mod tidy;
mod tools;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Checks and tests of ipnd", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what the tests need where it may, and runs every one of them
    Test {
        /// Leave out the tests in a real browser
        #[arg(long)]
        no_browser: bool,
    },
    /// Only the tests against software that is not ours: libraries, stand-ins, shops, a mail server
    Peers,
    /// Formatting, lints, dependency rules, house rules: everything that runs without peers
    Check,
    /// Starts a gateway: source file, fixtures file, line in the list
    NewGateway {
        /// Its id, such as my-gateway
        id: String,
    },
    /// Writes anew what is made from the gateways: their documentation pages
    Generate,
    /// Random forgeries of everything that gateways accept; none may be accepted
    Forge {
        /// How many, over all gateways
        #[arg(long, default_value_t = 1_000_000)]
        count: u64,
    },
    /// Fuzzes every mechanism and every gateway
    Fuzz {
        /// Only this one
        target: Option<String>,
        /// How long each
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Measures
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Holds ipnd to its promises: kills, broken disks, cut power, copies, jumping clocks, a simulator
    Prove(prove::Options),
    /// Pictures of the pages for docs/pictures, taken from a running demo
    Pictures,
}

#[derive(Subcommand)]
enum Bench {
    /// What a typical notification of each gateway costs
    Gateways,
    /// What accepting a notification and all work behind it cost, beside servers that do less, and against the goals
    Intake {
        /// Seconds instead of minutes: only what a noisy machine cannot break
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
        json: Option<std::path::PathBuf>,
    },
    /// What telling the shop costs beside a loop that only posts, how soon it knows, and what is held when it is down
    Deliver {
        /// Seconds instead of minutes: only what a noisy machine cannot break
        #[arg(long)]
        short: bool,
        /// Only these parts: rates, latency, hanging, backlog
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Write everything that was measured here, too
        #[arg(long, value_name = "FILE")]
        json: Option<std::path::PathBuf>,
    },
    /// What somebody would build instead, beside ipnd: Express, FastAPI and Flask with Stripe's library and PostgreSQL
    Peers {
        /// Write everything that was measured here, too
        #[arg(long, value_name = "FILE")]
        json: Option<std::path::PathBuf>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test { no_browser } => suite::test(!no_browser),
        Command::Peers => suite::peers(),
        Command::Check => suite::check(),
        Command::NewGateway { id } => gateways::new(&id),
        Command::Generate => gateways::generate(),
        Command::Forge { count } => gateways::forge(count),
        Command::Fuzz { target, seconds } => fuzz::fuzz(seconds, target.as_deref(), None),
        Command::Bench { what: Bench::Gateways } => gateways::bench(),
        Command::Bench { what: Bench::Intake { short, full, only, json } } => {
            bench::intake(&bench::Wanted { short, full, only, json })
        }
        Command::Bench { what: Bench::Deliver { short, only, json } } => {
            bench::deliver(&bench::Wanted { short, full: false, only, json })
        }
        Command::Bench { what: Bench::Peers { json } } => bench::peers(json.as_deref()),
        Command::Prove(options) => prove::prove(&options),
        Command::Pictures => suite::pictures(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n!!! {error:#}");
            ExitCode::FAILURE
        }
    }
}
