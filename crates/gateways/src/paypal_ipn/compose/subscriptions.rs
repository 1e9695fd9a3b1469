//! The life of subscriptions, recurring profiles and billing agreements.

use super::{Composer, needed};
use crate::CannotCompose;
use crate::kit::dates;
use crate::paypal_ipn::{identity, items};
use ipnd_core::EventKind;
use jiff::{SignedDuration, Timestamp};

/// How long PayPal waits before it tries a failed charge again.
const RETRY_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

impl Composer<'_> {
    /// An event with a status belongs to a recurring profile, one without to a subscription made with a button.
    pub(super) fn subscription(&mut self) -> Result<(), CannotCompose> {
        use EventKind::*;
        let event = self.event;
        let id = needed(&event.subscription, "a subscription without an id")?;
        let profile = event.status.is_some()
            || matches!(event.kind, SubscriptionPaymentSkipped | SubscriptionSuspended);
        let profile = profile && event.kind != SubscriptionModified;
        let txn_type = match (event.kind, profile) {
            (SubscriptionStarted, true) => "recurring_payment_profile_created",
            (SubscriptionStarted, false) => "subscr_signup",
            (SubscriptionModified, _) => "subscr_modify",
            (SubscriptionPaymentFailed, true) => "recurring_payment_failed",
            (SubscriptionPaymentFailed, false) => "subscr_failed",
            (SubscriptionPaymentSkipped, _) => "recurring_payment_skipped",
            (SubscriptionSuspended, _) => "recurring_payment_suspended",
            (SubscriptionCancelled, true) => "recurring_payment_profile_cancel",
            (SubscriptionCancelled, false) => "subscr_cancel",
            (_, true) => "recurring_payment_expired",
            (_, false) => "subscr_eot",
        };
        self.put("txn_type", txn_type);
        if profile {
            self.put("recurring_payment_id", id);
            self.profile();
        } else {
            self.put("subscr_id", id);
            self.button_subscription();
        }
        self.put_all(items::write(self.event, None));
        self.references();
        self.receivers();
        self.customer();
        Ok(())
    }

    fn profile(&mut self) {
        let event = self.event;
        self.put_some("profile_status", event.status.as_ref());
        if event.kind == EventKind::SubscriptionStarted {
            self.put("time_created", dates::format(event.occurred_at.unwrap_or(self.now)));
        }
        let next = if identity::happens_once(event.kind) { None } else { self.moment_in_identity() };
        self.put("next_payment_date", next.map_or_else(|| "N/A".to_owned(), dates::format));
        if let Some(amount) = event.amount {
            self.put("currency_code", amount.currency().code());
            self.put("amount", amount.decimal());
        }
    }

    fn button_subscription(&mut self) {
        let event = self.event;
        let happened = event.occurred_at.unwrap_or(self.now);
        match event.kind {
            EventKind::SubscriptionStarted | EventKind::SubscriptionCancelled => {
                self.put("subscr_date", dates::format(happened));
            }
            EventKind::SubscriptionModified => {
                self.put("subscr_date", dates::format(happened));
                self.put("subscr_effective", dates::format(self.moment_in_identity().unwrap_or(happened)));
            }
            EventKind::SubscriptionPaymentFailed => {
                let later = happened.checked_add(RETRY_AFTER).unwrap_or(happened);
                self.put("retry_at", dates::format(self.moment_in_identity().unwrap_or(later)));
            }
            _ => {}
        }
        if let Some(amount) = event.amount {
            self.put("mc_currency", amount.currency().code());
            self.put("mc_amount3", amount.decimal());
        }
    }

    /// The date that tells this event from the next of its kind.
    fn moment_in_identity(&self) -> Option<Timestamp> {
        self.event.identity.split('/').find_map(|part| part.parse().ok())
    }

    pub(super) fn agreement(&mut self) -> Result<(), CannotCompose> {
        let id = needed(&self.event.subscription, "an agreement without an id")?;
        let started = self.event.kind == EventKind::AgreementStarted;
        self.put("txn_type", if started { "mp_signup" } else { "mp_cancel" });
        self.put("mp_id", id);
        self.put("mp_status", if started { "A" } else { "I" });
        self.put_some("mp_custom", self.event.custom.as_ref());
        self.put_some("invoice", self.event.order_ref.as_ref());
        self.receivers();
        self.customer();
        Ok(())
    }
}
