//! The methods: each breaks one thing on purpose, and each is tried with planted faults that it has to find.

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum Command {}

pub(crate) fn run(method: &Command) -> Result<()> {
    match *method {}
}
