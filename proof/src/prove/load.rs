//! The load generator: a process of its own that sends numbered notifications and keeps its own journal.

use super::journal::Journal;
use super::message;
use crate::http::Client;
use anyhow::{Context as _, Result};
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long somebody who was not answered waits before asking again.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Whom to tell; with several, whoever does not answer or says no is left for the next
    #[arg(long, required = true)]
    address: Vec<SocketAddr>,
    /// Where to post, such as /in/TOKEN
    #[arg(long)]
    path: String,
    #[arg(long)]
    journal: PathBuf,
    /// The first number
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// How many numbers; without it, until standard input ends
    #[arg(long)]
    count: Option<u64>,
    /// Requests for each number, at the same time
    #[arg(long, default_value_t = 1)]
    copies: u64,
    #[arg(long, default_value_t = 16)]
    connections: u64,
    /// Requests a second over all connections, at most; 0 for no limit
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Bytes that each message is longer
    #[arg(long, default_value_t = 0)]
    padding: usize,
    /// Several numbers tell the story of one order: its payment, and refunds
    #[arg(long)]
    stories: bool,
    /// Whether what is not acknowledged is sent again
    #[arg(long, value_enum, default_value_t = Again::Even)]
    again: Again,
    /// A file with the seconds by which the sender's clock is off
    #[arg(long)]
    clock: Option<PathBuf>,
    /// How long an answer may take, in milliseconds
    #[arg(long, default_value_t = 30_000)]
    patience: u64,
}

/// Which numbers are sent until they are acknowledged. The others are tried once, as by a gateway that forgets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Again {
    All,
    Even,
    None,
}

impl Again {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Even => "even",
            Self::None => "none",
        }
    }
}

struct Load {
    options: Options,
    journal: Journal,
    next: AtomicU64,
    is_over: AtomicBool,
    began: Instant,
}

pub(crate) fn run(options: Options) -> Result<()> {
    let journal = Journal::open(&options.journal).context("the journal cannot be opened")?;
    let load = Load {
        options,
        journal,
        next: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        began: Instant::now(),
    };
    let listens = load.options.count.is_none();
    std::thread::scope(|threads| {
        for worker in 0..load.options.connections {
            let load = &load;
            threads.spawn(move || load.work(worker));
        }
        if listens {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            load.is_over.store(true, Ordering::Relaxed);
        }
    });
    load.journal.close()
}

impl Load {
    fn work(&self, worker: u64) {
        let patience = Duration::from_millis(self.options.patience);
        let mut clients: Vec<Client> =
            self.options.address.iter().map(|address| Client::new(*address, patience)).collect();
        let mut turn = usize::try_from(worker).unwrap_or(0);
        let mut done = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            let number = self.options.first + task / self.options.copies;
            if self.options.count.is_some_and(|count| task >= count * self.options.copies) {
                break;
            }
            self.tell(&mut clients, &mut turn, number);
            done += 1;
            self.pace(worker, done);
        }
    }

    /// Sends one number until it is acknowledged, or once.
    fn tell(&self, clients: &mut [Client], turn: &mut usize, number: u64) {
        let body = match self.options.stories {
            true => message::story(number),
            false => message::body(number, self.options.padding),
        };
        let hash = message::hash(&body);
        self.journal.write(&format!("sent {number} {hash}"));
        let is_patient = match self.options.again {
            Again::All => true,
            Again::Even => number.is_multiple_of(2),
            Again::None => false,
        };
        loop {
            let signature = message::signature(&body, self.now());
            let headers = [("stripe-signature", signature.as_str()), ("content-type", "application/json")];
            let whom = *turn % clients.len();
            let is_over = match clients[whom].post(&self.options.path, &headers, &body) {
                Ok(answer) => {
                    self.journal.write(&format!("got {number} {} {hash}", answer.status));
                    (200..300).contains(&answer.status)
                }
                Err(_) => {
                    self.journal.write(&format!("none {number}"));
                    false
                }
            };
            if !is_over {
                *turn = turn.wrapping_add(1);
            }
            if is_over || !is_patient || self.is_over.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn now(&self) -> i64 {
        let now = message::now().as_secs();
        let off = self.options.clock.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let off = off.and_then(|text| text.trim().parse::<i64>().ok()).unwrap_or(0);
        now.cast_signed() + off
    }

    fn pace(&self, worker: u64, done: u64) {
        let Some(each) = (1_000_000 * self.options.connections).checked_div(self.options.rate) else {
            return;
        };
        let due = Duration::from_micros(each * done + each * worker / self.options.connections);
        std::thread::sleep(due.saturating_sub(self.began.elapsed()));
    }
}
