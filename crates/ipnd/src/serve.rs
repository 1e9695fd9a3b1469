//! `ipnd serve`: the real thing. No sandbox, no sample shop, no default password.

use crate::config::{self, Config, Flags};
use crate::console::Paper;
use crate::{log, retention, server};
use anyhow::{Context as _, Result, bail};
use ipnd_core::limits::ONE_TIME_CODE_MINUTES;
use ipnd_deliver::client::Client;
use ipnd_deliver::{Workers, WorkersConfig};
use ipnd_sandbox::Paypal;
use ipnd_store::postgres::{self, PostgresStore};
use ipnd_store::sqlite::SqliteStore;
use ipnd_store::{Clock, Store};
use ipnd_web::{App, Inner};
use std::path::Path;
use std::sync::Arc;

/// The database's file in the data folder.
pub(crate) const DATABASE: &str = "ipnd.db";

pub(crate) fn run(flags: &Flags, works: bool) -> Result<()> {
    let config = config::load(flags, std::env::vars())?;
    log::start(&config.log)?;
    server::block_on(serve(&config, works))
}

async fn serve(config: &Config, works: bool) -> Result<()> {
    let stop = server::asked_to_stop()?;
    if config.data.join(Paypal::FILE).exists() {
        bail!("{} was made by the demo; choose another folder for a real shop", config.data.display());
    }
    let store = open(config)?;
    let listener = server::listen(config.listen).await?;
    let actual = listener.local_addr().context("the listener has no address")?;
    let base_url = config.base_url(actual)?;
    let clock = Clock::system();
    let client = Client::new(config.policy(actual)).context("outgoing.extra_ca_files")?;
    let app = App::new(Inner {
        store: store.clone(),
        clock: clock.clone(),
        base_url: base_url.clone(),
        limits: config.limits.clone(),
        demo: None,
    });
    let mail = config.mail()?;
    if mail.is_none() {
        tracing::warn!("no mail server is configured (mail.host): mails wait until there is one");
    }
    let work = WorkersConfig { store: store.clone(), clock: clock.clone(), client, mail, base_url };
    let workers = works.then(|| Workers::start(work));
    invite_owner(&app).await?;
    let durability = app.store.durability().word();
    tracing::info!(listen = %actual, base_url = %app.base_url, durability, "ready");
    let router = ipnd_web::router(app);
    // The router has begun to count; what is deleted is counted.
    let sweeping =
        works.then(|| tokio::spawn(retention::run(store.clone(), clock, config.retention.clone())));
    let stop = async move {
        stop.await;
        // Whatever it is in the middle of is done or not done.
        sweeping.inspect(tokio::task::JoinHandle::abort);
    };
    server::run(listener, router, config.limits.clone(), config.proxies()?, workers, store, stop).await
}

/// Opens the database that the configuration names.
pub(crate) fn open(config: &Config) -> Result<Arc<dyn Store>> {
    let Some(url) = &config.database else { return open_store(&config.data) };
    let extra_ca_files = config.outgoing.extra_ca_files.clone();
    let options = postgres::Options { extra_ca_files, ..postgres::Options::default() };
    let store = PostgresStore::open(url, options).context("cannot open the database")?;
    Ok(Arc::new(store))
}

/// Opens the database in `data`, which is made when it is missing.
pub(crate) fn open_store(data: &Path) -> Result<Arc<dyn Store>> {
    std::fs::create_dir_all(data).with_context(|| format!("cannot make the folder {}", data.display()))?;
    let path = data.join(DATABASE);
    let store = SqliteStore::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Arc::new(store))
}

/// While nobody owns this server, whoever sees the console may become its owner (T-F01).
async fn invite_owner(app: &App) -> Result<()> {
    if app.store.has_owner().await? {
        return Ok(());
    }
    let code = ipnd_web::auth::new_setup_code(&*app.store, &app.clock).await?;
    let paper = Paper::new();
    paper.print(&format!(
        "This ipnd has no owner yet. Set it up within {ONE_TIME_CODE_MINUTES} minutes (a restart gives a new code):\n\
         \n    open   {}\n    code   {}\n",
        paper.link(&app.url("/setup")),
        paper.bold(&code),
    ));
    Ok(())
}
