//! What is worth telling an operator: one function for each thing, which counts it and logs it together.

use crate::client::ExchangeError;
use ipnd_core::{MailKind, Reason};
use ipnd_store::{Attempt, DeliveryOutcome, DueDelivery, MailId, NotificationId, Queue, StoreError};
use jiff::SignedDuration;
use metrics::{counter, histogram};
use std::time::Duration;

/// A notification was looked at. `outcome` is `genuine`, `forged`, `unknown` or `given_up`.
pub(crate) fn check_settled(notification: NotificationId, outcome: &'static str, reason: Option<&Reason>) {
    counter!("ipnd_checks_total", "outcome" => outcome).increment(1);
    told(notification, outcome, reason);
}

/// Several that prove themselves were looked at together. They are counted together, which costs as much as for one.
pub(crate) fn proven_settled<'a>(settled: impl Iterator<Item = (NotificationId, Option<&'a Reason>)>) {
    let mut count = 0;
    for (notification, remark) in settled {
        count += 1;
        told(notification, "genuine", remark);
    }
    counter!("ipnd_checks_total", "outcome" => "genuine").increment(count);
}

fn told(notification: NotificationId, outcome: &'static str, reason: Option<&Reason>) {
    let code = reason.map_or("", |reason| reason.code.as_str());
    tracing::info!(%notification, outcome, code, "looked at a notification");
}

/// A gateway could not be asked.
pub(crate) fn asked_in_vain(notification: NotificationId, error: &ExchangeError) {
    counter!("ipnd_exchange_failures_total", "why" => error.word()).increment(1);
    tracing::warn!(%notification, %error, "a gateway could not be asked");
}

/// A mail moved on. `outcome` is `sent`, `later`, `failed` or `doubtful`.
pub(crate) fn mail_settled(mail: MailId, kind: MailKind, outcome: &'static str, reason: Option<&Reason>) {
    counter!("ipnd_mails_total", "outcome" => outcome, "kind" => kind.word()).increment(1);
    match reason {
        // The detail may hold an address or what a server said about one; logs get the code alone.
        Some(reason) => {
            tracing::warn!(%mail, kind = kind.word(), outcome, code = reason.code, "a mail has to wait")
        }
        None => tracing::info!(%mail, kind = kind.word(), outcome, "a mail moved on"),
    }
}

/// A delivery was tried. Replies and addresses stay out of the log; they stand in the list of deliveries.
pub fn delivery_settled(due: &DueDelivery, attempt: &Attempt, outcome: &DeliveryOutcome) {
    let word = outcome.word();
    counter!("ipnd_delivery_attempts_total", "outcome" => word).increment(1);
    histogram!("ipnd_delivery_attempt_seconds").record(Duration::from_millis(u64::from(attempt.duration)));
    let (delivery, endpoint, kind) = (due.id, due.endpoint.id, due.notice.word());
    match outcome.reason() {
        None => tracing::info!(%delivery, %endpoint, kind, "told the shop"),
        Some(reason) => {
            tracing::warn!(%delivery, %endpoint, kind, outcome = word, code = reason.code, "the shop was not told");
        }
    }
}

/// The owner's own template did not work for this mail; the built-in one was used.
pub(crate) fn template_broken(mail: MailId, kind: MailKind, problem: &crate::templates::TemplateProblem) {
    counter!("ipnd_templates_broken_total", "kind" => kind.word()).increment(1);
    tracing::warn!(%mail, kind = kind.word(), %problem, code = "template_broken", "used the built-in template instead");
}

/// A task panicked. It was contained; the rest goes on.
pub(crate) fn crashed(what: &'static str) {
    counter!("ipnd_worker_panics_total", "worker" => what).increment(1);
    tracing::error!(worker = what, "a task crashed; the others go on");
}

/// The store did not do what a worker asked of it.
pub(crate) fn store_trouble(what: &'static str, error: &StoreError) {
    counter!("ipnd_worker_store_errors_total", "worker" => what).increment(1);
    tracing::warn!(worker = what, %error, "the store did not take it; tried again");
}

/// Nobody takes what is due.
pub(crate) fn stands_still(queue: Queue, waits: SignedDuration) {
    counter!("ipnd_standstills_total", "queue" => queue.word()).increment(1);
    tracing::error!(
        queue = queue.word(),
        seconds = waits.as_secs(),
        "a queue stands still: what is due is not taken. Its owners are told"
    );
}

pub(crate) fn goes_on(queue: Queue) {
    tracing::warn!(queue = queue.word(), "a queue that stood still goes on");
}

/// A lease had run out before its work was handed back.
pub(crate) fn came_late(what: &'static str) {
    counter!("ipnd_leases_lost_total", "worker" => what).increment(1);
    tracing::warn!(worker = what, "somebody else had taken over; nothing was changed");
}
