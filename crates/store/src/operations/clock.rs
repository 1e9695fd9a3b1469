//! What a clock that was wrong has left behind: work that is due at times which are far away now.

use super::Desk;
use crate::sql::{self, params};
use crate::{Change, Result};
use jiff::{SignedDuration, Timestamp};

/// Makes what waits beyond `latest` due now, and ends leases when they would end if they had been taken now.
pub(crate) fn bring_forward(
    desk: &mut Desk<'_>,
    now: Timestamp,
    latest: Timestamp,
    lease: SignedDuration,
) -> Result<()> {
    let until = now.saturating_add(lease).expect("a lease is minutes long");
    for sql in [
        "UPDATE checks SET due_at = ?1 WHERE state = 'waiting' AND due_at > ?2 AND lease_until IS NULL",
        "UPDATE mails SET due_at = ?1 WHERE state = 'waiting' AND due_at > ?2 AND lease_until IS NULL",
        "UPDATE deliveries SET due_at = ?1 WHERE state = 'waiting' AND due_at > ?2 AND lease_until IS NULL",
        "UPDATE endpoints SET rests_until = ?1 WHERE rests_until IS NOT NULL AND rests_until > ?2",
        "UPDATE endpoints SET paced_until = ?1 WHERE paced_until IS NOT NULL AND paced_until > ?2",
    ] {
        sql::run(desk, sql, params![sql::time(now), sql::time(latest)])?;
    }
    for sql in [
        "UPDATE checks SET due_at = ?1, lease_until = ?1 WHERE state = 'waiting' AND lease_until > ?1",
        "UPDATE mails SET due_at = ?1, lease_until = ?1 WHERE state = 'waiting' AND lease_until > ?1",
        "UPDATE deliveries SET due_at = ?1, lease_until = ?1
         WHERE state = 'waiting' AND lease_until IS NOT NULL AND lease_until > ?1",
    ] {
        sql::run(desk, sql, params![sql::time(until)])?;
    }
    desk.announce(Change::Work);
    Ok(())
}
