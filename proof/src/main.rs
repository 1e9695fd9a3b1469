//! Holds ipnd to its promises from outside: load, kills, broken disks, and an auditor that reads what is left; and
//! measures what it costs. It knows the program by its command line, its HTTP and its database, not by its code.

mod api;
mod bench;
mod http;
mod postgres;
mod proc;
mod prove;
mod server;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Proofs and measurements of ipnd", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures
    Bench {
        #[command(subcommand)]
        what: bench::Command,
    },
    /// Breaks things on purpose and counts what was lost
    Prove {
        #[command(subcommand)]
        method: prove::Command,
    },
}

#[allow(unreachable_code, unused_variables, reason = "the frame is still empty")]
fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Bench { what } => bench::run(&what),
        Command::Prove { method } => prove::run(method),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n!!! {error:#}");
            ExitCode::FAILURE
        }
    }
}
