//! The project's own tool: `cargo xtask test` runs everything, `cargo xtask check` what needs no peers.

mod deps;
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
    /// Formatting, lints, dependency rules, house rules: everything that runs without peers
    Check,
    /// Pictures of the pages for docs/pictures, taken from a running demo
    Pictures,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test { no_browser } => suite::test(!no_browser),
        Command::Check => suite::check(),
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
