//! The mail worker: takes mails out of the outbox and sees them to a mail server.

use super::{Letter, MailConfig, SendError, send};
use crate::client::Client;
use crate::observe;
use crate::pause::Pauses;
use crate::rounds::{self, Rounds};
use crate::templates::{self, Rendered, words_of};
use ipnd_core::{Language, Reason};
use ipnd_store::{Clock, DueMail, Leases, MailOutcome, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use url::Url;

const PAUSES: Pauses =
    Pauses { first: SignedDuration::from_secs(30), longest: SignedDuration::from_hours(1) };

/// How long a mail that its recipient's server keeps putting off is tried.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(72);

/// At least this often, however late the first attempt was.
const TRIES_MIN: u32 = 10;

/// Mails that are put off in one transaction, so that nobody waits long for it.
const PUT_OFF_TOGETHER: u32 = 1_000;

const UNCONFIGURED_PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// Attempts whose end is not known, after which a mail is not sent once more: one repeat is the price of not losing
/// it, a second would be a habit (T-E07).
const DOUBTS_MAX: u32 = 2;

pub(crate) struct MailWorker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) client: Client,
    pub(crate) config: Option<MailConfig>,
    pub(crate) base_url: Url,
}

impl Rounds for MailWorker {
    type Task = DueMail;
    const NAME: &'static str = "mails";
    /// Longer than the longest conversation with a mail server and handing back together.
    const LEASE: SignedDuration = SignedDuration::from_secs(300);
    const AT_ONCE: usize = 4;

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn claim(&self, now: Timestamp, limit: u32) -> Result<Vec<DueMail>, StoreError> {
        if self.config.is_some() {
            return self.store.claim_mails(now, limit, Self::LEASE).await;
        }
        // Nothing is tried, so nothing is claimed.
        let again_at = now.saturating_add(UNCONFIGURED_PAUSE).expect("a few minutes");
        let reason = Reason::new("mail_not_configured", "");
        while self.store.put_off_mails(now, PUT_OFF_TOGETHER, again_at, reason.clone()).await?
            == PUT_OFF_TOGETHER
        {}
        Ok(Vec::new())
    }

    async fn keep(&self, tasks: &[Arc<DueMail>], now: Timestamp) -> Result<(), StoreError> {
        let held = Leases::Mails(tasks.iter().map(|due| (due.id, due.lease)).collect());
        self.store.keep_leases(held, now, Self::LEASE).await
    }

    async fn perform(&self, due: &DueMail) {
        match self.attempt(due).await {
            Some(outcome) => self.settle(due, outcome).await,
            None => observe::mail_settled(due.id, due.kind, "doubtful", Some(&interrupted())),
        }
    }

    /// Nobody knows how far it had come. The attempt stays open until its lease runs out, and counts as doubtful.
    async fn give_back(&self, _: &DueMail) {}
}

impl MailWorker {
    /// Tries once. `None` when the end is not known: the attempt then stays open.
    async fn attempt(&self, due: &DueMail) -> Option<MailOutcome> {
        let now = self.clock.now();
        let config = self.config.as_ref().expect("without one, nothing is claimed");
        if due.doubts >= DOUBTS_MAX {
            return Some(MailOutcome::Failed { reason: interrupted() });
        }
        let language = language(due);
        let letter = match self.rendered(due, language).await {
            Ok(rendered) => match Letter::write(config, due, language, rendered, now) {
                Ok(letter) => letter,
                Err(reason) => return Some(MailOutcome::Failed { reason }),
            },
            Err(reason) => return Some(later(due.attempts, reason, now)),
        };
        match send(&self.client, config, &letter).await {
            Ok(()) => Some(MailOutcome::Sent { to: letter.to.to_string(), subject_line: letter.subject }),
            Err(error) => after(due.created_at, due.attempts, error, self.clock.now()),
        }
    }

    /// The owner's template if it works, else the built-in one: a mail is never lost because of a template.
    async fn rendered(&self, due: &DueMail, language: Language) -> Result<Rendered, Reason> {
        let words = words_of(due, language, &self.base_url);
        let own = self.store.template(due.shop.id, due.kind, language).await;
        if let Some(template) = own.map_err(|error| Reason::new("template_broken", error.to_string()))? {
            match templates::render(due.kind, language, &template, &words) {
                Ok(rendered) if !rendered.subject.is_empty() => return Ok(rendered),
                Ok(_) => {}
                Err(problem) => observe::template_broken(due.id, due.kind, &problem),
            }
        }
        templates::render(due.kind, language, &templates::builtin(due.kind, language), &words)
            .map_err(|problem| Reason::new("template_broken", problem.to_string()))
    }

    async fn settle(&self, due: &DueMail, outcome: MailOutcome) {
        let (word, reason) = match &outcome {
            MailOutcome::Sent { .. } => ("sent", None),
            MailOutcome::Later { reason, .. } => ("later", Some(reason)),
            MailOutcome::Failed { reason } => ("failed", Some(reason)),
        };
        observe::mail_settled(due.id, due.kind, word, reason);
        rounds::settle(Self::NAME, || {
            self.store.settle_mail(due.id, due.lease, self.clock.now(), outcome.clone())
        })
        .await;
    }
}

/// The reader's own language if it is known, else the shop's.
fn language(due: &DueMail) -> Language {
    let customers =
        due.order.as_ref().filter(|_| due.kind.is_for_customer()).and_then(|order| order.language);
    customers.unwrap_or(due.shop.language)
}

/// What an attempt that did not work means for the mail; `None` when its end is not known.
fn after(created_at: Timestamp, attempts: u32, error: SendError, now: Timestamp) -> Option<MailOutcome> {
    let is_over = now.duration_since(created_at) > TRIED_FOR && attempts >= TRIES_MIN;
    match error {
        // The server is down or misconfigured. That delays mails and loses none, so there is no end to it.
        SendError::Unusable(text) => Some(later(attempts, Reason::new("smtp_temporary", text), now)),
        SendError::NotNow(text) if is_over => {
            let text = format!("put off for three days, at last with {text}");
            Some(MailOutcome::Failed { reason: Reason::new("smtp_permanent", text) })
        }
        SendError::NotNow(text) => Some(later(attempts, Reason::new("smtp_temporary", text), now)),
        SendError::Never(text) => Some(MailOutcome::Failed { reason: Reason::new("smtp_permanent", text) }),
        SendError::Doubtful(_) => None,
    }
}

fn later(attempts: u32, reason: Reason, now: Timestamp) -> MailOutcome {
    MailOutcome::Later { reason, again_at: PAUSES.next_at(now, attempts) }
}

fn interrupted() -> Reason {
    Reason::new("attempt_interrupted", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_c10_only_what_is_about_the_mail_itself_ever_ends_its_trying() {
        let created_at: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        let state = |hours, attempts, error| {
            let now = created_at.saturating_add(SignedDuration::from_hours(hours)).unwrap();
            match after(created_at, attempts, error, now) {
                Some(MailOutcome::Later { again_at, .. }) => {
                    assert!(again_at > now);
                    "later"
                }
                Some(MailOutcome::Failed { .. }) => "failed",
                Some(MailOutcome::Sent { .. }) => "sent",
                None => "open",
            }
        };
        let text = || "x".to_owned();
        assert_eq!(state(71, 90, SendError::NotNow(text())), "later");
        assert_eq!(state(73, 90, SendError::NotNow(text())), "failed");
        assert_eq!(state(500, 2, SendError::NotNow(text())), "later", "it was late, but hardly tried");
        assert_eq!(
            state(5_000, 5_000, SendError::Unusable(text())),
            "later",
            "a server that is down loses none"
        );
        assert_eq!(state(0, 0, SendError::Never(text())), "failed");
        assert_eq!(state(0, 0, SendError::Doubtful(text())), "open");
    }
}
