//! What a notification costs, measured in pairs.
//!
//! Absolute rates say more about the machine than about ipnd. Everything here is therefore measured beside a server of
//! the same make that does nothing, in the same minute, and compared with that.
#![allow(clippy::float_arithmetic, reason = "figures of a machine, not money")]

mod deliver;
mod disk;
mod fill;
mod goals;
mod grown;
mod intake;
mod load;
mod nodes;
mod peers;
mod requests;
mod rounds;
mod slow;
mod subject;
mod throughput;
mod window;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// ipnd beside servers that do less, and against its goals
    Intake(intake::Options),
    /// What telling the shop costs, beside a loop that only posts
    Deliver(deliver::Options),
    /// ipnd beside what somebody would build instead
    Peers(peers::Options),
}

pub(crate) fn run(what: &Command) -> Result<()> {
    match what {
        Command::Intake(options) => intake::run(options),
        Command::Deliver(options) => deliver::run(options),
        Command::Peers(options) => peers::run(options),
    }
}
