//! The time line of an order.

use super::{mail_rows, order_rows, reviews};
use crate::sql::{self, Columns as _, Db};
use crate::{EventId, Happening, NotificationId, OrderId, Result, ShopId};
use jiff::Timestamp;

/// Everything that happened to an order, sorted by time.
pub(crate) fn list(db: &dyn Db, shop: ShopId, order: OrderId) -> Result<Vec<Happening>> {
    let Some(known) = order_rows::by_id(db, shop, order)? else { return Ok(Vec::new()) };
    let mut happenings = vec![Happening::Registered { at: known.created_at, source: known.source }];
    happenings.extend(known.cancelled_at.map(|at| Happening::Cancelled { at }));
    happenings.extend(events(db, order)?);
    for review in reviews::of_order(db, shop, order)? {
        if let (Some(at), Some(verdict)) = (review.answered_at, review.verdict) {
            let by = review.answered_by.unwrap_or_default();
            happenings.push(Happening::Answered {
                at,
                review: review.id,
                question: review.question,
                verdict,
                by,
            });
        }
    }
    for mail in mail_rows::of_order(db, shop, order)? {
        happenings.push(Happening::Mail { at: mail.sent_at.unwrap_or(mail.created_at), mail });
    }
    happenings.sort_by_key(when);
    Ok(happenings)
}

fn events(db: &dyn Db, order: OrderId) -> Result<Vec<Happening>> {
    sql::all(
        db,
        "SELECT id, event, recorded_at, notification_id FROM events WHERE order_id = ?1 ORDER BY id",
        [order.0],
        |row| {
            let event: ipnd_core::Event = row.json("event")?;
            let recorded_at = row.time("recorded_at")?;
            Ok(Happening::Event {
                at: event.occurred_at.unwrap_or(recorded_at),
                recorded_at,
                id: EventId(row.number("id")?),
                event: Box::new(event),
                notification: NotificationId(row.number("notification_id")?),
            })
        },
    )
}

fn when(happening: &Happening) -> Timestamp {
    match happening {
        Happening::Registered { at, .. }
        | Happening::Cancelled { at }
        | Happening::Event { at, .. }
        | Happening::Answered { at, .. }
        | Happening::Mail { at, .. } => *at,
    }
}
