//! The check worker: finds out whether notifications are genuine.
//!
//! For each that is due it runs the gateway's `receive`, puts the question to the gateway if there is one, has the
//! answer read by `resume`, holds genuine events against the account, and hands the result to the store, which does
//! the rest in one transaction. Whatever goes wrong on the way means "not yet known": never genuine, never forged
//! (T-A08). It is asked again with growing pauses for four days.

use crate::client::{Client, ExchangeError};
use crate::observe;
use crate::pace::{self, Pace};
use crate::pause::Pauses;
use crate::rounds::{self, Rounds};
use ipnd_core::limits::CHECK_HOURS_MAX;
use ipnd_core::{ExaminedEvent, Expectation, Reason, examine};
use ipnd_gateways::{Ask, Gateway, Interpretation, Received, Resumed, Settings};
use ipnd_store::{Account, CheckOutcome, Clock, DueCheck, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Longer than the longest wait for a turn and the longest exchange together.
const LEASE: SignedDuration = SignedDuration::from_secs(90);

const PAUSES: Pauses =
    Pauses { first: SignedDuration::from_secs(10), longest: SignedDuration::from_hours(1) };

pub(crate) struct CheckWorker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) client: Client,
    pub(crate) pace: Pace,
}

/// What is known after one look.
enum Look {
    Genuine(Interpretation),
    Forged(Reason),
    NotYetKnown(Reason),
    /// The gateway is being left alone, so it was not asked.
    Unasked,
}

impl Rounds for CheckWorker {
    type Task = DueCheck;
    const NAME: &'static str = "checks";
    const AT_ONCE: usize = 16;

    async fn claim(&self, limit: u32) -> Result<Vec<DueCheck>, StoreError> {
        self.store.claim_checks(self.clock.now(), limit, LEASE).await
    }

    async fn perform(&self, due: &DueCheck) {
        let look = match self.gateway(&due.account) {
            Ok((gateway, settings)) => self.look(due, gateway, &settings).await,
            Err(reason) => Look::NotYetKnown(reason),
        };
        self.settle(due, look).await;
    }

    async fn give_back(&self, due: &DueCheck) {
        self.settle(
            due,
            Look::NotYetKnown(Reason::new(
                "asked_in_vain",
                "something went wrong inside ipnd; its log says more",
            )),
        )
        .await;
    }
}

impl CheckWorker {
    fn gateway(&self, account: &Account) -> Result<(&'static Gateway, Settings), Reason> {
        let gateway = ipnd_gateways::find(&account.gateway).ok_or_else(|| {
            Reason::new("settings_incomplete", format!("no gateway is called {}", account.gateway))
        })?;
        let settings = Settings::check(gateway.settings, account.environment, account.settings.clone())
            .map_err(|problems| Reason::new("settings_incomplete", shown(&problems)))?;
        Ok((gateway, settings))
    }

    async fn look(&self, due: &DueCheck, gateway: &Gateway, settings: &Settings) -> Look {
        match (gateway.receive)(&due.request, settings, self.clock.now()) {
            Received::Proven(interpretation) => Look::Genuine(interpretation),
            // It was acceptable when it came in, so what has changed is on our side. That proves no forgery.
            Received::Refused(reason) => Look::NotYetKnown(reason),
            Received::Ask(ask) => self.ask(due, gateway, settings, ask).await,
        }
    }

    async fn ask(&self, due: &DueCheck, gateway: &Gateway, settings: &Settings, ask: Ask) -> Look {
        let Some(resume) = gateway.resume else {
            return Look::NotYetKnown(Reason::new(
                "asked_in_vain",
                "the gateway has no way to read an answer",
            ));
        };
        let account = due.account.id;
        let Some(turn) = self.pace.turn(account, &self.clock).await else { return Look::Unasked };
        let answer = self.client.exchange(ask.method, &ask.url, &ask.headers, ask.body).await;
        drop(turn);
        // A refusal is ours: it says nothing about whether the gateway answers.
        if !answer.as_ref().is_err_and(ExchangeError::is_refused) {
            self.pace.went(account, answer.is_ok(), self.clock.now());
        }
        let answer = match answer {
            Ok(answer) => answer.into(),
            Err(error) => {
                observe::asked_in_vain(due.notification, &error);
                return Look::NotYetKnown(Reason::new("asked_in_vain", error.to_string()));
            }
        };
        match resume(&due.request, settings, &answer, self.clock.now()) {
            Resumed::Genuine(interpretation) => Look::Genuine(interpretation),
            Resumed::Forged(reason) => Look::Forged(reason),
            Resumed::NotYetKnown(reason) => Look::NotYetKnown(reason),
        }
    }

    async fn settle(&self, due: &DueCheck, look: Look) {
        let outcome = match look {
            Look::Genuine(interpretation) => {
                let remark = interpretation.remark;
                CheckOutcome::Genuine { events: examined(&due.account, interpretation.events), remark }
            }
            Look::Forged(reason) => CheckOutcome::Forged(reason),
            Look::NotYetKnown(reason) => not_yet_known(due, reason, self.clock.now()),
            Look::Unasked => unasked(due, self.clock.now()),
        };
        let (word, reason) = match &outcome {
            CheckOutcome::Genuine { remark, .. } => ("genuine", remark.as_ref()),
            CheckOutcome::Forged(reason) => ("forged", Some(reason)),
            CheckOutcome::NotYetKnown { reason, again_at: Some(_) } => ("unknown", Some(reason)),
            CheckOutcome::NotYetKnown { reason, again_at: None } => ("given_up", Some(reason)),
        };
        observe::check_settled(due.notification, word, reason);
        rounds::settle(Self::NAME, || {
            self.store.settle_check(due.notification, due.lease, self.clock.now(), outcome.clone())
        })
        .await;
    }
}

/// The events with what does not fit the account they came in by.
fn examined(account: &Account, events: Vec<ipnd_core::Event>) -> Vec<ExaminedEvent> {
    let receivers = account.settings.get("receivers").map(String::as_str).unwrap_or_default();
    let expectation = Expectation {
        environment: account.environment,
        receivers: Some(
            receivers
                .split(['\n', ','])
                .map(|name| name.trim().to_owned())
                .filter(|n| !n.is_empty())
                .collect(),
        ),
        is_confirmed: true,
    };
    events.into_iter().map(|event| ExaminedEvent { concerns: examine(&event, &expectation), event }).collect()
}

/// Asked again later, or given up when the next time would be too late.
fn not_yet_known(due: &DueCheck, reason: Reason, now: Timestamp) -> CheckOutcome {
    let again_at = PAUSES.next_at(now, due.attempts);
    if again_at <= last_at(due) {
        return CheckOutcome::NotYetKnown { reason, again_at: Some(again_at) };
    }
    let detail = if reason.detail.is_empty() { reason.code } else { reason.detail };
    CheckOutcome::NotYetKnown { reason: Reason::new("still_unknown_given_up", detail), again_at: None }
}

/// Looked at again when the gateway has had its rest. Nothing is given up without having been asked.
fn unasked(due: &DueCheck, now: Timestamp) -> CheckOutcome {
    let rested_at = now.saturating_add(pace::REST).expect("half a minute");
    let usual = PAUSES.next_at(now, due.attempts);
    let again_at = if usual <= last_at(due) { usual.max(rested_at) } else { rested_at };
    let reason = Reason::new("asked_in_vain", "it has not been answering and is left alone for a moment");
    CheckOutcome::NotYetKnown { reason, again_at: Some(again_at) }
}

/// Until when the gateway is asked.
fn last_at(due: &DueCheck) -> Timestamp {
    let asked_for = SignedDuration::from_hours(CHECK_HOURS_MAX);
    due.received_at.saturating_add(asked_for).expect("a number of hours")
}

fn shown(problems: &[ipnd_gateways::SettingProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
