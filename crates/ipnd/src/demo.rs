//! `ipnd demo`: a sample shop and stand-ins for the outside world, in one process.

use crate::config::{Log, LogFormat};
use crate::console::Paper;
use crate::sample::{self, Sample};
use crate::{cli, demo_key, log, serve, server};
use anyhow::{Context as _, Result, bail};
use ipnd_core::Limits;
use ipnd_deliver::client::{Client, Policy};
use ipnd_deliver::mail::{MailConfig, Tls};
use ipnd_deliver::{Workers, WorkersConfig};
use ipnd_sandbox::player::sandbox_setting;
use ipnd_sandbox::{Mailbox, Paypal, Player, SandboxAccount};
use ipnd_store::{Clock, ShopId, Store};
use ipnd_web::{App, DemoLinks, Inner, Proxies, auth};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value_t = cli::default_listen())]
    listen: SocketAddr,
    /// Keep everything in this folder; the next start goes on there
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Print one line of JSON with the addresses when everything is ready
    #[arg(long)]
    json: bool,
}

/// The name of the API key that each start makes anew.
const KEY_NAME: &str = "demo";
const MAIL_FROM: &str = "shop@example.com";

pub(crate) fn run(options: &Options) -> Result<()> {
    // The demo's console is for its addresses: only what goes wrong is logged.
    log::start(&Log { format: LogFormat::Text, filter: "warn".to_owned() })?;
    let forgotten = match &options.data {
        Some(_) => None,
        None => {
            Some(tempfile::Builder::new().prefix("ipnd-demo-").tempdir().context("cannot make a folder")?)
        }
    };
    let data = options.data.as_deref().or(forgotten.as_ref().map(tempfile::TempDir::path));
    let data = data.expect("one of the two is there").to_owned();
    server::block_on(demo(options, &data))
}

/// A sample shop and a sandbox must never get into the database of a real shop (T-F20).
fn refuse_real_shop(data: &Path) -> Result<()> {
    std::fs::create_dir_all(data).with_context(|| format!("cannot make the folder {}", data.display()))?;
    if data.join(serve::DATABASE).exists() && !data.join(Paypal::FILE).exists() {
        bail!("{} holds a real shop; choose another folder for the demo", data.display());
    }
    Ok(())
}

/// Everything that runs, and what is said about it.
struct Demo {
    app: App,
    accounts: Vec<ipnd_store::Account>,
    api_key: String,
    login_url: String,
    links: DemoLinks,
}

async fn demo(options: &Options, data: &Path) -> Result<()> {
    let stop = server::asked_to_stop()?;
    let listener = server::listen(options.listen).await?;
    let actual = reachable(listener.local_addr().context("the listener has no address")?);
    let base_url = Url::parse(&format!("http://{actual}")).context("the address makes no URL")?;
    let clock = Clock::system();
    refuse_real_shop(data)?;
    // The sandbox's file comes first: it is what marks the folder as a demo's.
    let paypal = Paypal::open(data, clock.clone(), Some(actual)).context("cannot open the sandbox")?;
    let player = Player::beside(&paypal, Some(actual));
    let store = serve::open_store(data)?;
    let mailbox = Mailbox::start(data, clock.clone()).await.context("cannot start the mailbox")?;
    let demo = furnish(store.clone(), &clock, &base_url).await?;
    // The sandbox stands on this very address, and whoever tries things out has gateways and receivers beside it.
    let policy = Policy { allowed: vec![actual], opens_loopback: true, ..Policy::default() };
    let workers = Workers::start(WorkersConfig {
        store: store.clone(),
        clock,
        client: Client::new(policy)?,
        mail: Some(mail_to(mailbox.smtp_addr())),
        base_url,
    });
    player.tell_to(demo.accounts.iter().map(|account| told(&demo.app, account)).collect());
    paypal.start();
    player.start();
    let sandbox = paypal.router().merge(player.router());
    let router = ipnd_web::router(demo.app.clone()).merge(sandbox).merge(mailbox.router());
    // For the commands beside it; goes away with the demo.
    let _key = demo_key::keep(actual, &demo.api_key);
    announce(options, &demo);
    let stop = async {
        stop.await;
        // The senders go first, and so does any silence kept on purpose: they would hold up the stop.
        paypal.stop().await;
        player.stop().await;
    };
    server::run(listener, router, demo.app.limits.clone(), Proxies::default(), Some(workers), store, stop)
        .await?;
    mailbox.stop().await;
    Ok(())
}

async fn furnish(store: Arc<dyn Store>, clock: &Clock, base_url: &Url) -> Result<Demo> {
    let url = |path: &str| format!("{}{path}", base_url.as_str().trim_end_matches('/'));
    let Sample { shop, accounts, owner } = sample::put(&*store, clock, base_url).await?;
    let api_key = fresh_key(&*store, clock, shop.id).await?;
    let links = DemoLinks {
        mailbox_url: url("/mailbox"),
        sandbox_url: url("/sandbox"),
        storefront_url: url(&format!("/shop/{}", shop.slug)),
    };
    let app = App::new(Inner {
        store,
        clock: clock.clone(),
        base_url: base_url.clone(),
        limits: Limits::default(),
        demo: Some(links.clone()),
    });
    let login_url = auth::new_login_link(&app, &owner).await?;
    Ok(Demo { app, accounts, api_key, login_url, links })
}

/// An account as the sandbox knows it: what a gateway's own pages would know of a shop.
///
/// An owner may change an account's secrets here, and the gateway then does not know them, as with the real thing. What
/// tells the sandbox where it is itself comes from the account, because it follows the port.
fn told(app: &App, account: &ipnd_store::Account) -> SandboxAccount {
    let gateway = ipnd_gateways::find(&account.gateway);
    let key = gateway.and_then(sandbox_setting).map(|setting| setting.key);
    let settings = key.and_then(|key| Some((key.to_owned(), account.settings.get(key)?.clone())));
    SandboxAccount {
        gateway: account.gateway.clone(),
        name: account.name.clone(),
        settings: settings.into_iter().collect(),
        intake_url: app.intake_url(account),
    }
}

/// A key is shown once and never kept, so each start makes its own and revokes the one before.
async fn fresh_key(store: &dyn Store, clock: &Clock, shop: ShopId) -> Result<String> {
    for old in store.api_keys(shop).await?.into_iter().filter(|key| key.name == KEY_NAME) {
        store.revoke_api_key(shop, old.id).await?;
    }
    Ok(auth::create_key(store, shop, KEY_NAME, clock.now()).await?.secret)
}

fn mail_to(mailbox: SocketAddr) -> MailConfig {
    MailConfig {
        host: mailbox.ip().to_string(),
        port: mailbox.port(),
        tls: Tls::None,
        username: None,
        password: None,
        from: MAIL_FROM.to_owned(),
        from_name: None,
    }
}

/// Somebody who listens on all addresses is reached on this machine by the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Says where everything is. The listener is bound already: whoever comes now is answered.
fn announce(options: &Options, demo: &Demo) {
    let paper = Paper::new();
    if options.json {
        paper.print(&as_json(demo).to_string());
        return;
    }
    let DemoLinks { mailbox_url, sandbox_url, storefront_url } = &demo.links;
    let line = |what: &str, address: &str| format!("  {what:<12}{}\n", paper.link(address));
    let places = [
        line("Start here", demo.app.base_url.as_str()),
        line("Storefront", storefront_url),
        line("Owner", &demo.login_url),
        line("Mailbox", mailbox_url),
        line("Sandbox", sandbox_url),
        format!("  {:<12}{} with the key {}\n", "API", demo.app.url("/v1/openapi.json"), demo.api_key),
    ];
    let kept = match &options.data {
        Some(data) => format!("Everything is kept in {}.", data.display()),
        None => "Everything is forgotten at the end; --data FOLDER keeps it.".to_owned(),
    };
    paper.print(&format!(
        "{}\n\n{}\n{}\n\
         \x20 1. Open the storefront, put something into the cart, order.\n\
         \x20 2. Pay in the sandbox, and watch the order's page change by itself.\n\
         \x20 3. Read both mails in the mailbox.\n\
         \x20 4. Open the owner's link (it works once), find the order, write to the customer.\n\
         \x20 5. Refund it in the sandbox, or switch on a fault there and pay again.\n\
         \x20 6. Have any other gateway tell the shop something: in the sandbox, or with ipnd trigger.\n\n\
         {kept} Ctrl-C ends it.",
        paper.bold("The demo is ready. It is all play money, and nothing leaves this machine."),
        places.concat(),
        paper.bold("Try this:"),
    ));
}

fn as_json(demo: &Demo) -> serde_json::Value {
    json!({
        "base_url": demo.app.base_url.as_str().trim_end_matches('/'),
        "api_key": demo.api_key,
        "owner_login_url": demo.login_url,
        "storefront_url": demo.links.storefront_url,
        "mailbox_url": demo.links.mailbox_url,
        "sandbox_url": demo.links.sandbox_url,
        "accounts": demo.accounts.iter().map(|account| json!({
            "id": account.id,
            "gateway": account.gateway,
            "name": account.name,
            "environment": account.environment,
            "intake_url": demo.app.intake_url(account),
        })).collect::<Vec<_>>(),
    })
}
