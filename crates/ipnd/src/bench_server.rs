//! `ipnd bench-server`, which no help shows: what `cargo xtask bench intake` holds the intake against.

use crate::server;
use anyhow::{Context as _, Result, anyhow, bail};
use ipnd_core::{Environment, Limits};
use ipnd_gateways::Settings;
use ipnd_web::{Proxies, Yardstick};
use std::collections::BTreeMap;
use std::net::SocketAddr;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How much is done with a request: nothing, verify, or hand-over
    #[arg(value_parser = work)]
    work: Yardstick,
    #[arg(long)]
    listen: SocketAddr,
    /// What Stripe's messages are signed with
    #[arg(long)]
    signing_secret: String,
}

fn work(word: &str) -> Result<Yardstick> {
    match word {
        "nothing" => Ok(Yardstick::Nothing),
        "verify" => Ok(Yardstick::Verify),
        "hand-over" => Ok(Yardstick::HandOver),
        _ => bail!("it is nothing, verify or hand-over"),
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    server::block_on(serve(options))
}

async fn serve(options: &Options) -> Result<()> {
    let stop = server::asked_to_stop()?;
    let gateway = ipnd_gateways::find("stripe").context("stripe is not built in")?;
    let given = BTreeMap::from([("signing_secret".to_owned(), options.signing_secret.clone())]);
    let settings = Settings::check(gateway.settings, Environment::Live, given);
    let settings = settings.map_err(|problems| anyhow!("the settings do not fit: {}", problems.len()))?;
    let limits = Limits::default();
    let limits = Limits { connections_per_address_max: limits.connections_max, ..limits };
    let router = ipnd_web::yardstick(options.work, gateway, settings, limits.clone());
    let listener = server::listen(options.listen).await?;
    ipnd_web::serve(listener, router, limits, Proxies::default(), stop).await.context("the server ended")
}
