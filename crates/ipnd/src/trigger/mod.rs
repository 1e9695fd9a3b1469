//! `ipnd trigger`: has a gateway tell something, to see what a receiver makes of it.

mod direct;
mod list;
mod running;
mod show;

use crate::{cli, server};
use anyhow::{Result, bail};
use ipnd_sandbox::player::{Fault, Report, Wish};
use ipnd_store::Clock;
use std::net::SocketAddr;

/// Repeats of a message whose reply is ignored on purpose, when nobody says how many.
const REPEATS_IGNORED: u32 = 2;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Who tells, by its id, such as `stripe`
    #[arg(value_name = "GATEWAY", required_unless_present = "list")]
    gateway: Option<String>,
    /// What is told, such as `payment.completed`
    #[arg(value_name = "EVENT", required_unless_present_any = ["list", "scenario"])]
    event: Option<String>,
    /// Tell a whole history instead of one event
    #[arg(long, value_name = "NAME", conflicts_with = "event")]
    scenario: Option<String>,
    /// Show every gateway with the events and scenarios that it can tell
    #[arg(long, conflicts_with_all = ["scenario", "to", "print"])]
    list: bool,
    /// Send it to this address instead of to the running demo
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Where the demo runs
    #[arg(long, value_name = "URL", conflicts_with = "to")]
    demo: Option<String>,
    /// Decimal, such as 12.34
    #[arg(long)]
    amount: Option<String>,
    /// Three capital letters, such as EUR
    #[arg(long)]
    currency: Option<String>,
    /// The shop's reference of the order
    #[arg(long, value_name = "REF")]
    order: Option<String>,
    /// The gateway's id of the transaction
    #[arg(long, value_name = "ID")]
    transaction: Option<String>,
    /// The payment that a refund or a dispute is about
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// The gateway's id of the subscription
    #[arg(long, value_name = "ID")]
    subscription: Option<String>,
    /// The gateway's id of the dispute
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// The gateway's word for why
    #[arg(long)]
    reason: Option<String>,
    /// What the shop had passed along
    #[arg(long)]
    custom: Option<String>,
    /// The customer's name
    #[arg(long)]
    name: Option<String>,
    /// The customer's address
    #[arg(long)]
    email: Option<String>,
    /// The customer's telephone number
    #[arg(long)]
    phone: Option<String>,
    /// The customer's country, such as DE
    #[arg(long)]
    country: Option<String>,
    /// A setting of the account that differs from the sandbox's own, such as a secret; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
    /// Misbehave in this way
    #[arg(long, value_name = "NAME", value_parser = fault)]
    fault: Option<Fault>,
    /// How many of them, each with ids of its own
    #[arg(long, value_name = "N", default_value_t = 1)]
    times: u32,
    /// How often a message is sent again at most when the reply is not as it should be [default: 0, and 2 for
    /// `reply-ignored`]
    #[arg(long, value_name = "N")]
    repeats: Option<u32>,
    /// How much faster than in reality time goes in pauses and delays
    #[arg(long, value_name = "N", default_value_t = ipnd_sandbox::player::SPEED_DEFAULT)]
    speed: u32,
    /// Write the request instead of sending it
    #[arg(long, conflicts_with = "json")]
    print: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// With --to: where to play the API of a gateway that is asked back
    #[arg(long, value_name = "ADDRESS", default_value_t = default_api())]
    serve_at: SocketAddr,
    /// With --to: how long to wait for everything, and for questions
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    serve_for: u32,
}

/// The port beside that of the demo.
fn default_api() -> SocketAddr {
    let demo = cli::default_listen();
    SocketAddr::new(demo.ip(), demo.port() + 1)
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

fn fault(text: &str) -> Result<Fault, String> {
    let known = || Fault::ALL.iter().map(|fault| fault.word()).collect::<Vec<_>>().join(", ");
    Fault::from_word(text).ok_or_else(|| format!("there are: {}", known()))
}

impl Options {
    fn wish(&self) -> Wish {
        let ignored = if self.fault == Some(Fault::ReplyIgnored) { REPEATS_IGNORED } else { 0 };
        Wish {
            gateway: self.gateway.clone().unwrap_or_default(),
            event: self.event.clone(),
            scenario: self.scenario.clone(),
            amount: self.amount.clone(),
            currency: self.currency.clone(),
            order: self.order.clone(),
            transaction: self.transaction.clone(),
            parent: self.parent.clone(),
            subscription: self.subscription.clone(),
            case: self.case.clone(),
            reason: self.reason.clone(),
            custom: self.custom.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            country: self.country.clone(),
            settings: self.set.iter().cloned().collect(),
            fault: self.fault,
            times: self.times,
            speed: self.speed,
            repeats_max: Some(self.repeats.unwrap_or(ignored)),
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.list {
        return list::print(options.json);
    }
    let wish = options.wish();
    if options.print {
        return show::raw(&ipnd_sandbox::player::compose(&wish, &Clock::system())?, options.to.as_deref());
    }
    server::block_on(async {
        let reports = match &options.to {
            Some(to) => direct::play(options, &wish, to).await?,
            None => running::play(options.demo.as_deref(), &wish).await?,
        };
        show::reports(&reports, options.json)?;
        verdict(&reports)
    })
}

/// Programs that run this look at its exit status.
fn verdict(reports: &[Report]) -> Result<()> {
    let is_good = |report: &&Report| match report.state.as_str() {
        "content" | "lost" => true,
        // What was ignored on purpose may have been right.
        _ => show::is_ignored(report),
    };
    match reports.iter().filter(|report| !is_good(report)).count() {
        0 => Ok(()),
        1 => bail!("one message did not get the reply that its gateway wants to hear"),
        count => bail!("{count} messages did not get the reply that their gateway wants to hear"),
    }
}
