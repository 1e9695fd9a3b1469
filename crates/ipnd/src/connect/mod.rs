//! `ipnd connect`: makes an account at a gateway, from what the gateway's own table of settings asks for.
//!
//! What is not given on the command line is asked on the terminal. Without a terminal everything that is needed has to
//! be given, so that a script can never hang.

mod ask;
mod terminal;

use crate::config::{self, Config, Flags};
use crate::console::{Paper, printable};
use crate::{serve, server};
use anyhow::{Context as _, Result, anyhow, bail};
use ask::{Asking, Wanted};
use ipnd_core::Environment;
use ipnd_gateways::{Gateway, SettingKind};
use ipnd_store::{Account, Clock, NewAccount, Shop, Store};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;

/// As in the dashboard.
const NAME_CHARS_MAX: usize = 80;

/// The heading below which a gateway's page says what is to be done there.
const SETTING_UP: &str = "## Setting it up";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which gateway: its name in `ipnd gateways`
    gateway: String,
    /// What the account is called, to tell accounts apart [default: the gateway's name]
    #[arg(long)]
    name: Option<String>,
    /// Real money (live), or the gateway's play money (sandbox). It cannot be changed later
    #[arg(long, value_name = "live|sandbox", value_parser = environment)]
    environment: Option<Environment>,
    /// A setting, such as a secret; may be repeated, also for one that has several lines. KEY=@FILE takes a document
    /// from a file. What is written here may be seen by others on this machine
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    set: Vec<(String, String)>,
    /// Make an order of a payment that nobody had announced
    #[arg(long)]
    creates_orders: bool,
    /// Whose account, where there are several shops: the shop's short name
    #[arg(long, value_name = "SLUG")]
    shop: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

fn environment(text: &str) -> Result<Environment, String> {
    Environment::from_word(text).ok_or_else(|| "it is live or sandbox".to_owned())
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let gateway = ipnd_gateways::find(&options.gateway)
        .ok_or_else(|| anyhow!("no gateway is called {}; see: ipnd gateways", options.gateway))?;
    let config = config::load(&options.flags, std::env::vars())?;
    server::block_on(connect(options, gateway, &config))
}

async fn connect(options: &Options, gateway: &'static Gateway, config: &Config) -> Result<()> {
    let store = serve::open(config)?;
    let shop = whose(&*store, options.shop.as_deref()).await?;
    let name = name(options, gateway)?;
    let wanted = Wanted { gateway, environment: options.environment, given: given(gateway, &options.set)? };
    let asked = if std::io::stdin().is_terminal() {
        Asking::new(&mut terminal::Terminal).complete(wanted)?
    } else {
        wanted.into_given()?
    };
    let new = NewAccount {
        shop: shop.id,
        gateway: gateway.id.to_owned(),
        name,
        environment: asked.environment,
        settings: asked.values().clone(),
        creates_orders: options.creates_orders,
        by: "ipnd connect".to_owned(),
    };
    let account = store.create_account(new, Clock::system().now()).await?;
    store.close().await;
    announce(gateway, &account, config)
}

/// The only shop, or the one that was named.
async fn whose(store: &dyn Store, slug: Option<&str>) -> Result<Shop> {
    if let Some(slug) = slug {
        return store.shop_by_slug(slug).await?.with_context(|| format!("no shop is called {slug}"));
    }
    let mut shops = store.shops().await?;
    match shops.len() {
        0 => bail!("there is no shop yet: start `ipnd serve` and set one up first"),
        1 => Ok(shops.remove(0)),
        _ => {
            let slugs: Vec<String> = shops.into_iter().map(|shop| shop.slug).collect();
            bail!("there are several shops; name one with --shop: {}", slugs.join(", "))
        }
    }
}

fn name(options: &Options, gateway: &Gateway) -> Result<String> {
    let name = options.name.as_deref().unwrap_or(gateway.name).trim();
    let is_line = !name.is_empty() && !name.chars().any(char::is_control);
    if !is_line || name.chars().count() > NAME_CHARS_MAX {
        bail!("--name: 1 to {NAME_CHARS_MAX} characters on one line");
    }
    Ok(name.to_owned())
}

/// What `--set` says. A setting that comes several times has several lines.
fn given(gateway: &Gateway, set: &[(String, String)]) -> Result<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in set {
        let setting = gateway.settings.iter().find(|setting| setting.key == key).ok_or_else(|| {
            let keys: Vec<&str> = gateway.settings.iter().map(|setting| setting.key).collect();
            anyhow!("{} has no setting {key}; there are: {}", gateway.name, keys.join(", "))
        })?;
        let value = match value.strip_prefix('@').filter(|_| setting.kind == SettingKind::Document) {
            Some(path) => {
                std::fs::read_to_string(path).with_context(|| format!("--set {key}: cannot read {path}"))?
            }
            None => value.clone(),
        };
        match values.get_mut(key) {
            Some(before) if setting.kind.has_lines() => {
                before.push('\n');
                before.push_str(&value);
            }
            Some(_) => bail!("--set {key} comes twice, and has only one line"),
            None => {
                values.insert(key.clone(), value);
            }
        }
    }
    Ok(values)
}

/// Where the gateway is to report, and what is left to do there.
fn announce(gateway: &Gateway, account: &Account, config: &Config) -> Result<()> {
    let paper = Paper::new();
    let base_url = config.base_url(config.listen)?;
    let intake = format!("{}/in/{}", base_url.as_str().trim_end_matches('/'), account.token);
    paper.print(&format!(
        "The account {} is ready ({}, {}). Its intake address, which the gateway has to be told:\n\n    {}\n",
        paper.bold(&printable(&account.name)),
        gateway.name,
        account.environment.word(),
        paper.link(&intake),
    ));
    if config.base_url.is_none() {
        paper.print("It begins with the address that ipnd listens on. If the outside reaches ipnd under another one, set base_url.\n");
    }
    paper.print(&format!("{}\n\n{}", paper.bold("Setting it up"), setting_up(&gateway.page())));
    Ok(())
}

/// The part of a gateway's page that says what its owner has to do.
fn setting_up(page: &str) -> String {
    let part = page.lines().skip_while(|line| *line != SETTING_UP).skip(1);
    let lines: Vec<&str> = part.take_while(|line| !line.starts_with('#')).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gateway_says_how_it_is_set_up() {
        for gateway in ipnd_gateways::ALL {
            assert!(!setting_up(&gateway.page()).is_empty(), "{}", gateway.id);
        }
    }
}
