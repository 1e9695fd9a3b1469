//! Mass pay.

use super::{Composer, cannot, needed};
use crate::CannotCompose;
use crate::kit::dates;
use crate::paypal_ipn::classify;
use ipnd_core::Money;

impl Composer<'_> {
    /// A mass pay with one recipient.
    pub(super) fn payout(&mut self) -> Result<(), CannotCompose> {
        let event = self.event;
        let (line, whole) =
            classify::statuses_of_payout(event.kind).ok_or_else(|| cannot(event.kind.word()))?;
        let amount = event.amount.ok_or_else(|| cannot("a payout without an amount"))?.abs();
        needed(&event.transaction, "").or_else(|_| needed(&event.custom, "a payout without an id"))?;
        let own = event.status.as_deref().filter(|own| classify::kind_of_payout(own) == Some(event.kind));
        self.put("txn_type", "masspay");
        self.put("payment_status", whole);
        self.put("payment_date", dates::format(event.occurred_at.unwrap_or(self.now)));
        self.put_some("masspay_txn_id_1", event.transaction.as_ref());
        self.put_some("unique_id_1", event.custom.as_ref());
        self.put_some("receiver_email_1", event.receivers.first());
        self.put("mc_gross_1", amount.decimal());
        self.put("mc_currency_1", amount.currency().code());
        self.put_some("mc_fee_1", event.fee.map(Money::decimal).as_ref());
        self.put("status_1", own.unwrap_or(line));
        self.put_some("reason_code_1", event.reason.as_ref());
        Ok(())
    }
}
