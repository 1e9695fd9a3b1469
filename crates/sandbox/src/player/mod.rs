//! Plays every gateway over real HTTP: what it tells, the repeats by its own schedule, its own API for whoever asks
//! back, and misbehaviour on request. It knows no gateway by name; everything follows from the list of gateways.

mod api;
mod fault;
mod json;
mod judge;
mod ledger;
mod mischief;
mod pages;
mod report;
mod scenario;
mod sender;
mod story;
mod wish;

pub use fault::Fault;
pub use report::{Hearing, Report, Shown, Wanted};
pub use scenario::{ALL as SCENARIOS, Scenario, Step};
pub use wish::{SPEED_DEFAULT, SPEED_MAX, TIMES_MAX, Wish, WishProblem, sandbox_setting, settings};

pub(crate) use ledger::told_these_bytes;

use crate::courier::Courier;
use crate::database::Database;
use crate::lanes;
use crate::page;
use crate::paypal::{Paypal, SandboxError};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{any, get, post};
use ipnd_gateways::{Gateway, RawRequest, Told};
use ipnd_store::Clock;
use jiff::SignedDuration;
use ledger::{Ledger, NewTelling, Play, faster};
use mischief::Scene;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use story::Teller;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Questions to a played API, and wishes.
const BODY_BYTES_MAX: usize = 512 * 1024;
/// Steps of a history follow each other after this time.
const BETWEEN_STEPS: SignedDuration = SignedDuration::from_mins(5);
/// How late a delayed message is.
const DELAY: SignedDuration = SignedDuration::from_hours(1);
/// How often somebody who waits for the end of a play looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// An account that is told when nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxAccount {
    pub gateway: String,
    pub name: String,
    /// Settings that differ from the table's samples.
    pub settings: BTreeMap<String, String>,
    pub intake_url: String,
}

/// The wish could not be granted.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    Wish(#[from] WishProblem),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

/// The player. Cheap to clone.
#[derive(Clone)]
pub struct Player(Arc<Inner>);

pub(crate) struct Inner {
    ledger: Ledger,
    /// Something new may be due.
    queued: Notify,
    stop: CancellationToken,
    courier: Courier,
    accounts: Mutex<Vec<SandboxAccount>>,
    /// How many questions the played APIs have answered.
    questions: AtomicU64,
    sender: Mutex<Option<JoinHandle<()>>>,
}

impl Inner {
    fn account(&self, gateway: &str) -> Option<SandboxAccount> {
        locked(&self.accounts).iter().find(|account| account.gateway == gateway).cloned()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Player {
    /// The demo's: it remembers everything in the file of the stand-in for PayPal, and reaches what that one reaches.
    #[must_use]
    pub fn beside(paypal: &Paypal, own_address: Option<SocketAddr>) -> Self {
        Self::new(paypal.database(), Courier::for_this_machine(own_address))
    }

    /// One that forgets everything at the end and reaches the address that somebody names.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn in_memory(clock: Clock) -> Result<Self, SandboxError> {
        Ok(Self::new(Database::in_memory(clock)?, Courier::for_named_addresses()))
    }

    fn new(database: Database, courier: Courier) -> Self {
        Self(Arc::new(Inner {
            ledger: Ledger(database),
            queued: Notify::new(),
            stop: CancellationToken::new(),
            courier,
            accounts: Mutex::new(Vec::new()),
            questions: AtomicU64::new(0),
            sender: Mutex::new(None),
        }))
    }

    /// Who is told from now on.
    pub fn tell_to(&self, accounts: Vec<SandboxAccount>) {
        *locked(&self.0.accounts) = accounts;
    }

    /// Starts sending; what an earlier process left behind goes on where it was.
    pub fn start(&self) {
        let task = tokio::spawn(lanes::run(self.0.clone()));
        *locked(&self.0.sender) = Some(task);
    }

    /// Ends sending.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        let task = locked(&self.0.sender).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::warn!(%error, "the sandbox's sender ended badly");
        }
    }

    /// Everything that is the player's below `/sandbox`.
    pub fn router(&self) -> Router {
        let own_pages = Router::new()
            .route("/sandbox", get(pages::list))
            .route("/sandbox/play", post(pages::play))
            .route("/sandbox/messages/{id}", get(pages::message))
            .route("/sandbox/messages/{id}/resend", post(pages::resend))
            .route("/sandbox/accounts.json", get(json::accounts))
            .route("/sandbox/plays", post(json::play))
            .route("/sandbox/plays/{id}", get(json::shown))
            .layer(middleware::from_fn(page::own_forms_only));
        self.api_router()
            .merge(own_pages.with_state(self.0.clone()).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)))
    }

    /// Only the APIs of the played gateways, for whoever is told something and asks back.
    pub fn api_router(&self) -> Router {
        Router::new()
            .route("/sandbox/api/{gateway}", any(api::answer))
            .route("/sandbox/api/{gateway}/", any(api::answer))
            .route("/sandbox/api/{gateway}/{*path}", any(api::answer))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(self.0.clone())
    }

    /// Grants a wish to the gateway's account here. Gives the number under which it can be watched.
    ///
    /// # Errors
    /// [`WishProblem`] when it makes no sense; nothing is sent then.
    pub async fn play(&self, wish: &Wish) -> Result<i64, PlayError> {
        let gateway = wish.gateway()?;
        let account = self.0.account(gateway.id).ok_or(WishProblem::NoAccount(gateway.id))?;
        let mut own = account.settings;
        own.extend(wish.settings.clone());
        self.play_to(wish, gateway, own, account.intake_url).await
    }

    async fn play_to(
        &self,
        wish: &Wish,
        gateway: &'static Gateway,
        own: BTreeMap<String, String>,
        url: String,
    ) -> Result<i64, PlayError> {
        wish.check()?;
        let settings = settings(gateway, &own)?;
        let told = self.0.ledger.told(gateway.id).await?;
        let now = self.0.ledger.0.clock.now();
        let teller = Teller { gateway, settings: &settings, told: told.clone(), now };
        let events = teller.events(wish)?;
        for event in &events {
            let scene = Scene { gateway, settings: &settings, event, told: &told, now };
            if let Some(fault) = wish.fault.filter(|fault| scene.write(Some(*fault)).is_none()) {
                return Err(WishProblem::Fault { gateway: gateway.id, fault: fault.word() }.into());
            }
        }
        if wish.fault == Some(Fault::Reorder) && events.len() < 2 {
            return Err(WishProblem::NothingToSwap.into());
        }
        let steps_max = u32::try_from(gateway.retries.len()).unwrap_or(u32::MAX);
        let play = Play {
            gateway,
            settings: own,
            url,
            scenario: wish.scenario.clone(),
            fault: wish.fault,
            speed: wish.speed,
            repeats_max: wish.repeats_max.unwrap_or(steps_max).min(steps_max),
        };
        let number = self.0.ledger.plan(play, planned(events, wish)).await?;
        self.0.queued.notify_one();
        Ok(number)
    }

    /// What became of a play so far.
    ///
    /// # Errors
    /// When the memory cannot be read.
    pub async fn report(&self, play: i64) -> Result<Vec<Report>, SandboxError> {
        Ok(self.0.ledger.play(play).await?.iter().map(Report::of).collect())
    }

    /// Waits until somebody has asked the played API and then been silent for `quiet`; false when nobody asks in time.
    pub async fn until_quiet(&self, quiet: Duration, at_most: Duration) -> bool {
        let asked = || self.0.questions.load(Ordering::Relaxed);
        let watch = async {
            while asked() == 0 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let mut before = 0;
            while before != asked() {
                before = asked();
                tokio::time::sleep(quiet).await;
            }
        };
        tokio::time::timeout(at_most, watch).await.is_ok() || asked() > 0
    }

    /// Waits until every message of a play is over, or for this long.
    ///
    /// # Errors
    /// When the memory cannot be read.
    pub async fn finish(&self, play: i64, at_most: Duration) -> Result<Vec<Report>, SandboxError> {
        let watch = async {
            loop {
                let reports = self.report(play).await?;
                if reports.iter().all(|report| report.is_over) {
                    return Ok(reports);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        match tokio::time::timeout(at_most, watch).await {
            Ok(reports) => reports,
            Err(_) => self.report(play).await,
        }
    }
}

/// When each event happens, and how long it is on its way.
fn planned(events: Vec<ipnd_core::Event>, wish: &Wish) -> Vec<NewTelling> {
    let gap = faster(BETWEEN_STEPS, wish.speed);
    let count = events.len();
    let plan = |(index, event)| {
        let is_swapped = wish.fault == Some(Fault::Reorder) && index % 2 == 0 && index + 1 < count;
        let hold = match wish.fault {
            Some(Fault::Delay) => faster(DELAY, wish.speed),
            // It happens first and comes after the next one.
            _ if is_swapped => gap + gap / 2 + SignedDuration::from_millis(1),
            _ => SignedDuration::ZERO,
        };
        let sends = if wish.fault == Some(Fault::Duplicate) { 2 } else { 1 };
        NewTelling { event, due_in: gap * i32::try_from(index).unwrap_or(i32::MAX), hold, sends }
    };
    events.into_iter().enumerate().map(plan).collect()
}

/// The request that would be sent, without sending it.
///
/// # Errors
/// [`WishProblem`] when the wish makes no sense.
pub fn compose(wish: &Wish, clock: &Clock) -> Result<Vec<RawRequest>, WishProblem> {
    wish.check()?;
    let gateway = wish.gateway()?;
    let settings = settings(gateway, &wish.settings)?;
    let now = clock.now();
    let events = Teller { gateway, settings: &settings, told: Vec::new(), now }.events(wish)?;
    let mut told: Vec<Told> = Vec::new();
    let mut requests = Vec::new();
    for event in events {
        let scene = Scene { gateway, settings: &settings, event: &event, told: &told, now };
        let written = scene.write(wish.fault);
        let fault = wish.fault.map_or("none", Fault::word);
        let written = written.ok_or(WishProblem::Fault { gateway: gateway.id, fault })?;
        requests.push(written.sent.unwrap_or_else(|| written.told.clone()));
        told.push(Told { event, request: written.told });
    }
    Ok(requests)
}
