//! What a notification costs, measured in pairs.

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(what: &Command) -> Result<()> {
    match *what {}
}
