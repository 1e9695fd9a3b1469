//! The methods: each breaks one thing on purpose, and each is tried with planted faults that it has to find.

mod audit;
mod certificate;
mod deliveries;
mod dice;
mod guard;
mod journal;
mod load;
mod message;
mod methods;
mod run;
mod smtp;
mod stage;
mod strace;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use dice::Dice;
use stage::Pattern;
use std::path::PathBuf;
use std::time::Instant;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sends numbered notifications and keeps a journal of its own
    Load(load::Options),
    /// Holds a journal against a database: lost, phantom, double, unacknowledged
    Audit(audit::Options),
    /// The method of the guard, for a network that has nothing else in it
    Guarded(Inside),
    /// Runs methods by name; without a name, all of them
    Methods(Form),
}

#[derive(clap::Args)]
pub(crate) struct Form {
    methods: Vec<String>,
    /// The program that is to be held to its promises
    #[arg(long)]
    ipnd: PathBuf,
    /// All of it, as before a release, instead of the short form
    #[arg(long)]
    full: bool,
    /// What chance begins with; printed by every run
    #[arg(long)]
    seed: Option<u64>,
}

/// What a method is told that runs in a network of its own.
#[derive(clap::Args)]
pub(crate) struct Inside {
    #[arg(long)]
    ipnd: PathBuf,
    #[arg(long)]
    full: bool,
    #[arg(long)]
    seed: u64,
}

/// What a method stands on.
pub(crate) struct Ground {
    pattern: Pattern,
    is_full: bool,
    seed: u64,
}

impl Ground {
    /// The short form's number or the full form's.
    fn pick<T>(&self, short: T, full: T) -> T {
        if self.is_full { full } else { short }
    }

    fn dice(&self) -> Dice {
        Dice::new(self.seed)
    }
}

pub(crate) fn run(method: Command) -> Result<()> {
    match method {
        Command::Load(options) => load::run(options),
        Command::Audit(options) => audit::run(&options),
        Command::Guarded(inside) => methods::within(|| {
            Ok(Ground { pattern: Pattern::make(&inside.ipnd)?, is_full: inside.full, seed: inside.seed })
        }),
        Command::Methods(form) => prove(&form),
    }
}

fn prove(form: &Form) -> Result<()> {
    let known = |name: &String| methods::ALL.iter().find(|method| method.name == name);
    let mut chosen = Vec::new();
    for name in &form.methods {
        let names: Vec<&str> = methods::ALL.iter().map(|method| method.name).collect();
        let method = known(name);
        chosen.push(
            method.with_context(|| format!("no method is called {name}; there are: {}", names.join(", ")))?,
        );
    }
    if chosen.is_empty() {
        chosen = methods::ALL.iter().collect();
    }
    let seed = form.seed.unwrap_or_else(Dice::fresh_seed);
    let ground = Ground { pattern: Pattern::make(&form.ipnd)?, is_full: form.full, seed };
    println!("seed {seed}");
    let mut broken = Vec::new();
    for method in chosen {
        println!("\n--- {}: {}", method.name, method.what);
        let began = Instant::now();
        match (method.run)(&ground) {
            Ok(figures) => figures.iter().for_each(|line| println!("  {line}")),
            Err(error) => {
                println!("  !!! {error:#}");
                broken.push(method.name);
            }
        }
        println!("  ({} s)", began.elapsed().as_secs());
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("these methods did not pass: {} (seed {seed})", broken.join(", "))
}
