//! Sending anew: one delivery, many by a filter, or everything since a time, a handful at a time.

use super::notices::{self, About, Receiver};
use super::{Desk, delivery_rows, order_rows};
use crate::sql::{self, Columns as _, Db, params};
use crate::{Change, DeliveryFilter, DeliveryId, Resend, Result, ShopId};
use ipnd_core::Event;
use jiff::Timestamp;

/// Rows that are looked at in one transaction.
const TOGETHER: u32 = 200;

/// How far it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Step {
    pub(crate) count: u64,
    /// Where to go on, while there may be more.
    pub(crate) next: Option<i64>,
}

/// The deliveries that are meant, newest first, below the id `before`.
pub(crate) fn find(
    db: &dyn Db,
    shop: ShopId,
    what: &Resend,
    before: Option<i64>,
) -> Result<(Vec<DeliveryId>, Option<i64>)> {
    if !what.ids.is_empty() {
        return Ok((what.ids.clone(), None));
    }
    let filter = DeliveryFilter { before: before.map(DeliveryId), limit: TOGETHER, ..what.filter.clone() };
    let ids: Vec<DeliveryId> =
        delivery_rows::list(db, shop, &filter)?.into_iter().map(|line| line.id).collect();
    let next = ids.last().map(|id| id.0).filter(|_| ids.len() == TOGETHER as usize);
    Ok((ids, next))
}

/// Makes these due now, with a schedule that begins anew. Not those of endpoints that were removed.
pub(crate) fn again(
    desk: &mut Desk<'_>,
    shop: ShopId,
    ids: &[DeliveryId],
    (is_dry, now): (bool, Timestamp),
) -> Result<u64> {
    let mut count = 0;
    for id in ids {
        let found = if is_dry {
            sql::count(
                desk,
                "SELECT count(*) AS n FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id
                 WHERE d.id = ?1 AND d.shop_id = ?2 AND e.state <> 'removed'",
                [id.0, shop.0],
            )? > 0
        } else {
            sql::run(
                desk,
                "UPDATE deliveries SET state = 'waiting', due_at = ?3, ended_at = NULL, tries = 0
                 WHERE id = ?1 AND shop_id = ?2 AND lease_until IS NULL
                   AND EXISTS (SELECT 1 FROM endpoints e WHERE e.id = endpoint_id AND e.state <> 'removed')",
                params![id.0, shop.0, sql::time(now)],
            )? > 0
        };
        count += u64::from(found);
        if found && !is_dry {
            // Whoever asks for it does not want to wait until an endpoint that rests is tried again.
            sql::run(
                desk,
                "UPDATE endpoints SET rests_until = NULL
                 WHERE id = (SELECT endpoint_id FROM deliveries WHERE id = ?1) AND rests_until IS NOT NULL",
                [id.0],
            )?;
        }
    }
    if count > 0 && !is_dry {
        desk.announce(Change::Work);
    }
    Ok(count)
}

/// Goes on telling an endpoint of what it was never told, behind the notice `after`.
pub(crate) fn fill_in(
    desk: &mut Desk<'_>,
    shop: ShopId,
    what: &Resend,
    after: i64,
    now: Timestamp,
) -> Result<Step> {
    let (Some(endpoint), Some(since)) = (what.filter.endpoint, what.filter.since) else {
        return Ok(Step::default());
    };
    let receiver = sql::one(
        desk,
        "SELECT id, token, filter, dialect FROM endpoints
         WHERE id = ?1 AND shop_id = ?2 AND state <> 'removed' AND order_id IS NULL",
        [endpoint.0, shop.0],
        Receiver::read,
    )?;
    let Some(receiver) = receiver else { return Ok(Step::default()) };
    let found = sql::all(
        desk,
        "SELECT n.id, n.noted_at, n.sequence, n.order_id, n.event_id, e.event
         FROM notices n JOIN events e ON e.id = n.event_id
         WHERE n.shop_id = ?1 AND n.id > ?2 ORDER BY n.id LIMIT ?3",
        params![shop.0, after, TOGETHER],
        |row| {
            let about = About {
                notice: row.number("id")?,
                event: row.number("event_id")?,
                order: row.number_opt("order_id")?,
                sequence: row.number_opt("sequence")?.and_then(|number| u32::try_from(number).ok()),
                shop: shop.0,
            };
            Ok((about, row.time("noted_at")?, row.json::<Event>("event")?))
        },
    )?;
    let next = found.last().map(|(about, ..)| about.notice).filter(|_| found.len() == TOGETHER as usize);
    let mut count = 0;
    for (about, noted_at, event) in found {
        let is_wanted_then = noted_at >= since && what.filter.until.is_none_or(|until| noted_at <= until);
        if !is_wanted_then {
            continue;
        }
        let order = about.order.map(|order| order_rows::any_by_id(desk, order)).transpose()?.flatten();
        if receiver.wants(desk, about.event, &event, order.as_ref().map(|order| &order.terms))? {
            let is_new = if what.is_dry {
                !notices::is_told(desk, &receiver, about.event)?
            } else {
                notices::deliver(desk, &receiver, &about, now)?
            };
            count += u64::from(is_new);
        }
    }
    Ok(Step { count, next })
}
