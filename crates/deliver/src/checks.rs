//! The check worker: finds out whether notifications are genuine.
//!
//! For each that is due it runs the gateway's `receive`, puts the questions to the gateway if there are any, has the
//! answers read by `resume`, holds genuine events against the account, and hands the result to the store, which does
//! the rest in one transaction. Whatever goes wrong on the way means "not yet known": never genuine, never forged
//! (T-A08). It is asked again with growing pauses for four days.

use crate::client::{Client, ExchangeError};
use crate::observe;
use crate::pace::{self, Pace};
use crate::pause::Pauses;
use crate::remembered::Remembered;
use crate::rounds::{self, Rounds};
use ipnd_core::Reason;
use ipnd_core::limits::{ASKS_MAX, CHECK_HOURS_MAX};
use ipnd_gateways::{Ask, AskedAnswer, Gateway, Interpretation, RawRequest, Received, Resumed, Settings};
use ipnd_store::{
    AccountId, CheckOutcome, Clock, DueCheck, Evidence, KeptAnswer, Leases, NotificationId, ProvedBy,
    Settled, Settlement, Store, StoreError, reading,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

const PAUSES: Pauses =
    Pauses { first: SignedDuration::from_secs(10), longest: SignedDuration::from_hours(1) };

pub(crate) struct CheckWorker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) client: Client,
    pub(crate) pace: Pace,
    pub(crate) remembered: Remembered,
}

/// What is known after one look, and by which answers.
enum Look {
    Genuine(Interpretation, ProvedBy, Vec<KeptAnswer>),
    Forged(Reason, Vec<KeptAnswer>),
    NotYetKnown(Reason),
    /// The gateway is being left alone, so it was not asked.
    Unasked,
}

impl Rounds for CheckWorker {
    type Task = DueCheck;
    const NAME: &'static str = "checks";
    /// Longer than the longest wait for a turn and the longest exchanges together.
    const LEASE: SignedDuration = SignedDuration::from_secs(180);
    const AT_ONCE: usize = 16;
    const TOGETHER: usize = 64;

    /// Those that prove themselves, in one transaction.
    async fn together(&self, tasks: &[Arc<DueCheck>]) -> Vec<bool> {
        let mut done = vec![false; tasks.len()];
        if !self.store.settles_together() {
            return done;
        }
        let (settlements, places) = self.proven(tasks);
        if settlements.is_empty() {
            return done;
        }
        let settlements: Arc<[Settlement]> = settlements.into();
        match self.store.settle_checks(Arc::clone(&settlements), self.clock.now()).await {
            Ok(settled) => {
                let is_late = |(settled, _): &(&Settled, &Settlement)| **settled == Settled::Stale;
                let (late, settled): (Vec<_>, Vec<_>) = settled.iter().zip(&*settlements).partition(is_late);
                late.iter().for_each(|_| observe::came_late(Self::NAME));
                observe::proven_settled(settled.iter().map(|(_, settlement)| remarked(settlement)));
                places.into_iter().for_each(|place| done[place] = true);
            }
            // One of them may be the reason, so each is tried alone.
            Err(error) => observe::store_trouble(Self::NAME, &error),
        }
        done
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn claim(&self, now: Timestamp, limit: u32) -> Result<Vec<DueCheck>, StoreError> {
        self.store.claim_checks(now, limit, Self::LEASE).await
    }

    async fn keep(&self, tasks: &[Arc<DueCheck>], now: Timestamp) -> Result<(), StoreError> {
        let held = Leases::Checks(tasks.iter().map(|due| (due.notification, due.lease)).collect());
        self.store.keep_leases(held, now, Self::LEASE).await
    }

    async fn perform(&self, due: &DueCheck) {
        let look = match reading::gateway_of(&due.account) {
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
    /// Of the tasks those that prove themselves, as they are settled, and where they stand among the others.
    fn proven(&self, tasks: &[Arc<DueCheck>]) -> (Vec<Settlement>, Vec<usize>) {
        let mut known: HashMap<AccountId, Option<(&'static Gateway, Settings)>> = HashMap::new();
        let (mut settlements, mut places) = (Vec::new(), Vec::new());
        for (place, due) in tasks.iter().enumerate() {
            let known = known.entry(due.account.id).or_insert_with(|| reading::gateway_of(&due.account).ok());
            let Some((gateway, settings)) = known else { continue };
            if let Some(interpretation) = proven(due, gateway, settings) {
                let proved_by = reading::proved_by(&due.account, &interpretation, ProvedBy::Message);
                let outcome = genuine(due, interpretation, proved_by, Vec::new());
                settlements.push(Settlement { notification: due.notification, lease: due.lease, outcome });
                places.push(place);
            }
        }
        (settlements, places)
    }

    async fn look(&self, due: &DueCheck, gateway: &Gateway, settings: &Settings) -> Look {
        let genuine = |interpretation: Interpretation| {
            let proved_by = reading::proved_by(&due.account, &interpretation, ProvedBy::Message);
            Look::Genuine(interpretation, proved_by, Vec::new())
        };
        let request = match &due.evidence {
            Evidence::Proven(interpretation) => return genuine(interpretation.as_ref().clone()),
            Evidence::Request(request) => request,
        };
        match receive(due, request, gateway, settings) {
            Received::Proven(interpretation) => genuine(interpretation),
            // It was acceptable when it came in, so what has changed is on our side. That proves no forgery.
            Received::Refused(reason) => Look::NotYetKnown(reason),
            Received::Probe => Look::NotYetKnown(Reason::new("probe", "")),
            Received::Ask(ask) => self.ask((due, request), gateway, settings, ask).await,
        }
    }

    /// Asks until the gateway's file knows, one question after the other.
    async fn ask(
        &self,
        (due, request): (&DueCheck, &RawRequest),
        gateway: &Gateway,
        settings: &Settings,
        mut ask: Ask,
    ) -> Look {
        let vain = |detail: &str| Look::NotYetKnown(Reason::new("asked_in_vain", detail));
        let Some(resume) = gateway.resume else { return vain("the gateway has no way to read an answer") };
        let mut answers = Vec::new();
        let mut kept = Vec::new();
        while answers.len() < ASKS_MAX {
            match self.answer(due, &ask).await {
                Ok(answer) => {
                    kept.extend(for_the_record(&ask, &answer, answers.len(), self.clock.now()));
                    answers.push(answer);
                }
                Err(look) => return look,
            }
            match resume(request, settings, &answers, due.received_at) {
                Resumed::Genuine(interpretation) => {
                    let proved_by = reading::proved_by(&due.account, &interpretation, ProvedBy::Gateway);
                    return Look::Genuine(interpretation, proved_by, kept);
                }
                Resumed::Forged(reason) => return Look::Forged(reason, kept),
                Resumed::NotYetKnown(reason) => return Look::NotYetKnown(reason),
                Resumed::Ask(next) => ask = next,
            }
        }
        vain("it was asked too many questions")
    }

    /// One answer: an earlier one that will do, or what comes back now.
    async fn answer(&self, due: &DueCheck, ask: &Ask) -> Result<AskedAnswer, Look> {
        let account = due.account.id;
        if let Some(answer) = self.remembered.recall(account, ask, self.clock.now()) {
            return Ok(answer);
        }
        let Some(turn) = self.pace.turn(account, &self.clock).await else { return Err(Look::Unasked) };
        let answer = self.client.exchange(ask.method, &ask.url, &ask.headers, ask.body.clone()).await;
        drop(turn);
        // A refusal is ours: it says nothing about whether the gateway answers.
        if !answer.as_ref().is_err_and(ExchangeError::is_refused) {
            self.pace.went(account, answer.is_ok(), self.clock.now());
        }
        match answer {
            Ok(answer) => {
                let answer = answer.into();
                self.remembered.keep(account, ask, &answer, self.clock.now());
                Ok(answer)
            }
            Err(error) => {
                observe::asked_in_vain(due.notification, &error);
                Err(Look::NotYetKnown(error.reason()))
            }
        }
    }

    async fn settle(&self, due: &DueCheck, look: Look) {
        let outcome = match look {
            Look::Genuine(interpretation, proved_by, answers) => {
                genuine(due, interpretation, proved_by, answers)
            }
            Look::Forged(reason, answers) => CheckOutcome::Forged { reason, answers },
            Look::NotYetKnown(reason) => not_yet_known(due, reason, self.clock.now()),
            Look::Unasked => unasked(due, self.clock.now()),
        };
        observe_outcome(due.notification, &outcome);
        rounds::settle(Self::NAME, || {
            self.store.settle_check(due.notification, due.lease, self.clock.now(), outcome.clone())
        })
        .await;
    }
}

/// The clock is the one of the arrival: a signature that was fresh then stays so, however long the proof takes.
fn receive(due: &DueCheck, request: &RawRequest, gateway: &Gateway, settings: &Settings) -> Received {
    (gateway.receive)(request, settings, due.received_at)
}

/// What a notification says that proves itself.
fn proven(due: &DueCheck, gateway: &Gateway, settings: &Settings) -> Option<Interpretation> {
    match &due.evidence {
        Evidence::Proven(interpretation) => Some(Interpretation::clone(interpretation)),
        Evidence::Request(request) => match receive(due, request, gateway, settings) {
            Received::Proven(interpretation) => Some(interpretation),
            Received::Refused(_) | Received::Probe | Received::Ask(_) => None,
        },
    }
}

fn genuine(
    due: &DueCheck,
    interpretation: Interpretation,
    proved_by: ProvedBy,
    answers: Vec<KeptAnswer>,
) -> CheckOutcome {
    let remark = interpretation.remark.clone();
    let events = reading::examined(&due.account, interpretation, proved_by);
    CheckOutcome::Genuine { events, remark, proved_by, answers }
}

/// What was remarked about a genuine notification.
fn remarked(settlement: &Settlement) -> (NotificationId, Option<&Reason>) {
    let remark = match &settlement.outcome {
        CheckOutcome::Genuine { remark, .. } => remark.as_ref(),
        CheckOutcome::Forged { .. } | CheckOutcome::NotYetKnown { .. } => None,
    };
    (settlement.notification, remark)
}

fn observe_outcome(notification: NotificationId, outcome: &CheckOutcome) {
    let (word, reason) = match outcome {
        CheckOutcome::Genuine { remark, .. } => ("genuine", remark.as_ref()),
        CheckOutcome::Forged { reason, .. } => ("forged", Some(reason)),
        CheckOutcome::NotYetKnown { reason, again_at: Some(_) } => ("unknown", Some(reason)),
        CheckOutcome::NotYetKnown { reason, again_at: None } => ("given_up", Some(reason)),
    };
    observe::check_settled(notification, word, reason);
}

/// The answer to the question in this place, unless it holds a secret. Addresses may hold secrets in their queries.
fn for_the_record(ask: &Ask, answer: &AskedAnswer, place: usize, now: Timestamp) -> Option<KeptAnswer> {
    let address = ask.url.split(['?', '#']).next().unwrap_or_default();
    (!ask.is_secret).then(|| KeptAnswer {
        position: u32::try_from(place).expect("a handful of questions"),
        at: now,
        address: address.to_owned(),
        status: answer.status,
        body: answer.body.clone(),
        is_complete: answer.complete,
    })
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

/// Until when the gateway is asked. News begins the time anew.
fn last_at(due: &DueCheck) -> Timestamp {
    let asked_for = SignedDuration::from_hours(CHECK_HOURS_MAX);
    due.news_at.saturating_add(asked_for).expect("a number of hours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_f15_secrets_do_not_get_into_the_record() {
        let answer = AskedAnswer::new(200, "what came back");
        let record = |ask: &Ask| for_the_record(ask, &answer, 1, Timestamp::UNIX_EPOCH);
        let ask = Ask::get("https://api.example/v2/things/1?api_key=hidden#x").with("x-token", "hidden");
        let kept = record(&ask).unwrap();
        assert_eq!((kept.position, kept.address.as_str()), (1, "https://api.example/v2/things/1"));
        assert_eq!(kept.body, b"what came back");
        assert_eq!(record(&ask.secret()), None);
    }
}
