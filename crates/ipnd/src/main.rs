//! ipnd: hears what payment gateways say, proves it, and tells the shop what is true.

mod api;
mod backup;
mod bench_client;
mod bench_server;
mod check;
mod cli;
mod config;
mod connect;
mod console;
mod deliveries;
mod demo;
mod demo_key;
mod gateways;
mod init;
mod listen;
mod log;
mod moment;
mod moving;
mod password;
mod patience;
mod progress;
mod rebuild;
mod resend;
mod retention;
mod sample;
mod serve;
mod server;
mod tail;
mod trigger;
mod try_message;

use clap::Parser as _;
use std::process::ExitCode;

/// Every notification takes and gives back many small pieces of memory, for which the system's allocator takes longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ipnd: {}", console::printable(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}
