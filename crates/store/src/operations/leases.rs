//! Holding on to leases beyond their time.

use super::Desk;
use crate::sql::{self, params};
use crate::{Leases, Result};
use jiff::{SignedDuration, Timestamp};

/// Lets leases last for `lease` from now, as if they had just been taken. Whoever has lost one has lost it for good: its
/// number is another one then, and nothing happens.
pub(crate) fn keep(desk: &Desk<'_>, held: &Leases, now: Timestamp, lease: SignedDuration) -> Result<()> {
    let until = sql::time(now.saturating_add(lease).expect("a lease is minutes long"));
    let keep = |sql, id: i64, number: &i64| sql::run(desk, sql, params![id, number, until]).map(drop);
    match held {
        Leases::Checks(held) => held.iter().try_for_each(|(notification, number)| {
            let sql = "UPDATE checks SET due_at = ?3, lease_until = ?3
                       WHERE notification_id = ?1 AND lease = ?2 AND state = 'waiting' AND lease_until IS NOT NULL";
            keep(sql, notification.0, number)
        }),
        Leases::Mails(held) => held.iter().try_for_each(|(mail, number)| {
            let sql = "UPDATE mails SET due_at = ?3, lease_until = ?3
                       WHERE id = ?1 AND lease = ?2 AND state = 'waiting' AND lease_until IS NOT NULL";
            keep(sql, mail.0, number)
        }),
        Leases::Deliveries(held) => held.iter().try_for_each(|(delivery, number)| {
            let sql = "UPDATE deliveries SET due_at = ?3, lease_until = ?3
                       WHERE id = ?1 AND lease = ?2 AND state = 'waiting' AND lease_until IS NOT NULL";
            keep(sql, delivery.0, number)
        }),
    }
}
