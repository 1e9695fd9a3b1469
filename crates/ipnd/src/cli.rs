//! The commands.

use crate::{
    backup, bench_client, bench_server, check, config, connect, deliveries, demo, gateways, init, listen,
    moving, password, rebuild, resend, serve, tail, trigger, try_message,
};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Hears what payment gateways say, proves it, and tells your shop what is true.
#[derive(Parser)]
#[command(
    name = "ipnd",
    version,
    max_term_width = 100,
    after_help = "Start with `ipnd demo`. For a real shop: `ipnd init`, then `ipnd serve`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(hide = true)]
    BenchClient(bench_client::Options),
    #[command(hide = true)]
    BenchServer(bench_server::Options),
    /// Start a sample shop with everything around it, to try ipnd out
    ///
    /// A shop with a few products, a sandbox that plays every gateway over real HTTP, a mailbox that catches all mails, and
    /// the owner's pages. Nothing leaves this machine. Without --data everything is forgotten at the end.
    Demo(demo::Options),
    /// Have a gateway tell something, to see what a receiver makes of it
    ///
    /// Writes the message as the gateway would, signs it with the sandbox account's secrets (--set has others), sends it
    /// and says whether the gateway would be content with the reply. Without --to, the sandbox of a running demo plays.
    #[command(
        after_help = "ipnd trigger stripe payment.completed --order A-1001 --amount 34.30 --currency EUR"
    )]
    Trigger(Box<trigger::Options>),
    /// Bring what the running ipnd tells to a program on this machine
    ///
    /// Makes an endpoint that fetches what it is told, so that no address has to be reachable from outside, and forwards
    /// each message with exactly its headers and body. Prints a line for each with what your program replied. Goes on by
    /// itself when ipnd was away. Ctrl-C ends it and removes the endpoint.
    #[command(
        after_help = "ipnd listen --forward-to http://localhost:3000/ipn --events 'payment.*,refund.*'"
    )]
    Listen(Box<listen::Options>),
    /// Follow what happens in the running ipnd
    ///
    /// Prints a line for each event that is recorded, and for each message to the shop with what came of it, from now on
    /// until Ctrl-C.
    Tail(tail::Options),
    /// Show what was told to the shop, what was not, and why
    ///
    /// Without an ID, a table, newest first. With one, that delivery with all its attempts and replies.
    #[command(after_help = "ipnd deliveries --missing")]
    Deliveries(deliveries::Options),
    /// Tell the shop something again
    ///
    /// One delivery by its ID, or many by endpoint, time and state. Of many, it first counts and asks. Each keeps the id
    /// that went out with it, so that a receiver can tell a repeat.
    #[command(after_help = "ipnd resend --endpoint Shop --since 12h --state failed --dry-run")]
    Resend(resend::Options),
    /// Run ipnd for a real shop
    ///
    /// Options come from the configuration file, then from the environment (IPND_LISTEN, IPND_MAIL_HOST ...), then
    /// from the command line; what comes later wins.
    Serve {
        #[command(flatten)]
        flags: config::Flags,
        /// Only accepts and answers: what came in waits for a start that works on it. For measurements
        #[arg(long, hide = true)]
        no_workers: bool,
    },
    /// Write a configuration file with every option explained
    Init {
        /// Where to write it
        #[arg(default_value = "ipnd.toml")]
        file: PathBuf,
    },
    /// Make an account at a gateway, while ipnd is stopped
    ///
    /// Asks for every setting of the gateway that --set does not give, makes the account, and says where the gateway has
    /// to report and what is left to do there. Without a terminal, everything that is needed has to be given.
    #[command(after_help = "ipnd connect stripe --environment live --set signing_secret=whsec_...")]
    Connect(Box<connect::Options>),
    /// Give an owner a new password, while ipnd is stopped
    ///
    /// Prints the new password once and ends all sessions of that owner.
    Password {
        /// The address the owner logs in with
        email: String,
        #[command(flatten)]
        flags: config::Flags,
    },
    /// Write everything into one file, while ipnd is stopped, to take it to another database
    ///
    /// The file holds every secret. Read it into an empty database with `ipnd import`, such as to go from SQLite to
    /// PostgreSQL. For a copy to fall back on, a backup is quicker.
    #[command(after_help = "ipnd export shop.jsonl && IPND_DATABASE=postgres://... ipnd import shop.jsonl")]
    Export {
        /// Where to write it; there must be nothing yet
        file: PathBuf,
        #[command(flatten)]
        flags: config::Flags,
    },
    /// Read a file of `ipnd export` into an empty database
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        flags: config::Flags,
    },
    /// Copy the database into a file, while ipnd runs or not
    ///
    /// The copy is of one moment and holds everything that was acknowledged before. It is examined before it gets its
    /// name. To restore it, stop ipnd and put it in the place of the database.
    #[command(after_help = "ipnd backup /backups/ipnd.db --force")]
    Backup(backup::Options),
    /// Look through the database for anything that does not fit together
    ///
    /// Changes nothing, and ipnd may run meanwhile. Says for each rule whether it holds, what is wrong where it does not,
    /// and what to do. Ends with an error when there is a finding.
    Check(check::Options),
    /// Work everything out again from the notifications, and show what differs
    ///
    /// Plays all that was received, registered and decided once more, beside the database, with this version of ipnd.
    /// Changes nothing without --apply, and ipnd may run meanwhile. Ends with an error when anything differs.
    Rebuild(rebuild::Options),
    /// List the gateways that ipnd understands, check examples, or try a message out
    Gateways {
        #[command(subcommand)]
        command: Option<GatewaysCommand>,
        /// One JSON document instead of text for people
        #[arg(long, global = true)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum GatewaysCommand {
    /// Hold files of example messages against what ipnd makes of them
    ///
    /// NAME.json is a list of signed requests of the gateway NAME with what is expected of each; a file that ends in
    /// .jsonl has one PayPal message a line. Of a folder, every such file is read. Prints a line for each example.
    Check {
        #[arg(required = true, value_name = "FILE|FOLDER")]
        files: Vec<PathBuf>,
    },
    /// Try a message out at an account, step by step
    ///
    /// Does with a message what the running ipnd would do, and tells what is signed, what is read where, what would come
    /// of it and what the sender would hear. It asks nobody over the network and shows no secret. Ends with an error
    /// when the message is refused.
    Try(try_message::Options),
}

impl Cli {
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::Demo(options) => demo::run(&options),
            Command::Trigger(options) => trigger::run(&options),
            Command::Listen(options) => listen::run(&options),
            Command::Tail(options) => tail::run(&options),
            Command::Deliveries(options) => deliveries::run(&options),
            Command::Resend(options) => resend::run(&options),
            Command::BenchClient(options) => bench_client::run(&options),
            Command::BenchServer(options) => bench_server::run(&options),
            Command::Serve { flags, no_workers } => serve::run(&flags, !no_workers),
            Command::Init { file } => init::run(&file),
            Command::Connect(options) => connect::run(&options),
            Command::Password { email, flags } => password::run(&email, &flags),
            Command::Export { file, flags } => moving::export(&file, &flags),
            Command::Import { file, flags } => moving::import(&file, &flags),
            Command::Backup(options) => backup::run(&options),
            Command::Check(options) => check::run(&options),
            Command::Rebuild(options) => rebuild::run(&options),
            Command::Gateways { command: None, json } => gateways::list(json),
            Command::Gateways { command: Some(GatewaysCommand::Check { files }), .. } => {
                gateways::check(&files)
            }
            Command::Gateways { command: Some(GatewaysCommand::Try(options)), json } => {
                try_message::run(&options, json)
            }
        }
    }
}

/// Where the demo listens unless it is told otherwise; the default of `serve` too.
pub(crate) fn default_listen() -> SocketAddr {
    config::Config::default().listen
}
