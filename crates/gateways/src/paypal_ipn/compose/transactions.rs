//! Payments, refunds, reversals, disputes and their end.

use super::{Composer, cannot, needed, receiver_fields};
use crate::CannotCompose;
use crate::kit::dates;
use crate::paypal_ipn::classify::{self, canonical};
use crate::paypal_ipn::items;
use ipnd_core::{EventKind, Money};

impl Composer<'_> {
    pub(super) fn payment(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let gross = event.amount.map(Money::abs);
        if gross.is_none() && event.kind == EventKind::PaymentCompleted {
            return Err(cannot("a completed payment without an amount"));
        }
        let agreement = event.subscription.as_deref().is_some_and(|id| id.starts_with("B-"));
        let single = items::is_single(event);
        let txn_type = match (&event.subscription, event.items.len()) {
            (Some(_), _) if agreement => "merch_pmt",
            (Some(_), _) => "subscr_payment",
            (None, 0) => "express_checkout",
            (None, _) if single => "web_accept",
            (None, _) => "cart",
        };
        self.put("txn_type", txn_type);
        self.put_some(if agreement { "mp_id" } else { "subscr_id" }, event.subscription.as_ref());
        if event.kind == EventKind::PaymentAuthorized {
            self.put("transaction_entity", "auth");
            self.put("auth_status", "Pending");
            self.put_some("auth_id", event.transaction.as_ref());
        }
        self.transaction(gross, event.fee)
    }

    /// Refunds and reversals have no `txn_type`; what went away is negative.
    pub(super) fn money_back(&mut self) -> Result<(), CannotCompose> {
        let amount = self.event.amount.ok_or_else(|| cannot("a refund or reversal without an amount"))?.abs();
        let returned = self.event.kind == EventKind::ReversalCancelled;
        self.put_some("subscr_id", self.event.subscription.as_ref());
        self.transaction(Some(if returned { amount } else { amount.negated() }), self.event.fee)
    }

    fn transaction(&mut self, gross: Option<Money>, fee: Option<Money>) -> Result<(), CannotCompose> {
        self.transaction_head()?;
        self.put("payment_date", dates::format(self.event.occurred_at.unwrap_or(self.now)));
        let cheque = self.event.reason.as_deref().is_some_and(|reason| canonical(reason) == "echeck");
        self.put("payment_type", if cheque { "echeck" } else { "instant" });
        self.money(gross, fee);
        self.put_all(items::write(self.event, gross));
        self.references();
        self.receivers();
        self.customer();
        self.put_some("case_id", self.event.case.as_ref());
        self.put_some("memo", self.event.note.as_ref());
        Ok(())
    }

    fn transaction_head(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        self.put("txn_id", needed(&event.transaction, "a transaction without an id")?);
        self.put_some("parent_txn_id", event.parent.as_ref());
        self.put("payment_status", self.status()?);
        let pending = classify::status_of_kind(event.kind) == Some("Pending");
        let reason = match event.kind {
            EventKind::PaymentAuthorized => Some("authorization".to_owned()),
            EventKind::PaymentOrdered => Some("order".to_owned()),
            // With one of those two reasons the message would tell of another kind of event.
            EventKind::PaymentPending => event.reason.clone().filter(|reason| {
                classify::kind_of_status("Pending", Some(reason)) == Some(EventKind::PaymentPending)
            }),
            _ => event.reason.clone(),
        };
        self.put_some(if pending { "pending_reason" } else { "reason_code" }, reason.as_ref());
        Ok(())
    }

    /// The event's own word for its status where PayPal has that word for the same kind, else PayPal's usual one.
    fn status(&self) -> Result<String, CannotCompose> {
        let kind = self.event.kind;
        let usual = classify::status_of_kind(kind).ok_or_else(|| cannot(kind.word()))?;
        let own = self.event.status.as_deref().filter(|own| {
            let pending = self.event.reason.as_deref();
            classify::kind_of_status(own, pending) == Some(kind)
        });
        Ok(own.unwrap_or(usual).to_owned())
    }

    fn money(&mut self, gross: Option<Money>, fee: Option<Money>) {
        let Some(gross) = gross else { return };
        let dollars = gross.currency().code() == "USD";
        self.put("mc_currency", gross.currency().code());
        self.put("mc_gross", gross.decimal());
        // The older variables are always sent, and empty unless the amount is in US dollars.
        self.put("payment_gross", if dollars { gross.decimal() } else { String::new() });
        if let Some(fee) = fee.filter(|fee| fee.currency() == gross.currency()) {
            self.put("mc_fee", fee.decimal());
            self.put("payment_fee", if dollars { fee.decimal() } else { String::new() });
        }
    }

    /// A case that was closed: `Completed` whichever way it went, told apart by the sign.
    pub(super) fn adjustment(&mut self) -> Result<(), CannotCompose> {
        let amount = self.event.amount.filter(|amount| !amount.is_zero());
        let amount = amount.ok_or_else(|| cannot("an adjustment without an amount"))?.abs();
        let lost = self.event.kind == EventKind::DisputeLost;
        self.put("txn_type", "adjustment");
        self.transaction_head()?;
        self.put("payment_date", dates::format(self.event.occurred_at.unwrap_or(self.now)));
        self.money(Some(if lost { amount.negated() } else { amount }), self.event.fee.map(Money::negated));
        self.put_some("case_id", self.event.case.as_ref());
        self.references();
        self.put_all(receiver_fields(&self.event.receivers));
        // The payer named in such a message is the shop itself.
        let own_address = self.settings.list("receivers").find(|receiver| receiver.contains('@'));
        self.put_some("payer_email", own_address.map(str::to_owned).as_ref());
        Ok(())
    }

    pub(super) fn dispute(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        self.put("txn_type", "new_case");
        self.put("case_id", needed(&event.case, "a dispute without a case")?);
        self.put("case_type", event.status.as_deref().unwrap_or("complaint"));
        self.put("case_creation_date", dates::format(event.occurred_at.unwrap_or(self.now)));
        self.put_some("reason_code", event.reason.as_ref());
        self.put_some("txn_id", event.parent.as_ref().or(event.transaction.as_ref()));
        self.put_all(items::write(self.event, None));
        self.references();
        self.receivers();
        self.customer();
        Ok(())
    }
}
