//! Reading notifications and events.

use super::order_rows::{before, page};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{
    AccountId, Check, CheckAttempt, CheckState, EventFilter, EventId, Notification, NotificationFilter,
    NotificationId, NotificationLine, OrderId, ProvedBy, RecordedEvent, Result, ShopId,
};
use ipnd_core::{EventKind, ExaminedEvent};
use ipnd_gateways::RawRequest;

/// The raw request, from the columns of `notifications` and `notification_headers`. Empty where it was deleted.
pub(crate) fn request(row: &dyn Row) -> Result<RawRequest> {
    let has_headers = row.text_opt("headers")?.is_some();
    Ok(RawRequest {
        method: row.text("method")?,
        query: row.text("query")?,
        headers: if has_headers { row.json("headers")? } else { Vec::new() },
        body: row.bytes("body")?,
    })
}

/// One notification with all that is known about it.
pub(crate) fn one(db: &dyn Db, shop: ShopId, id: NotificationId) -> Result<Option<Notification>> {
    sql::one(
        db,
        "SELECT n.*, h.headers, c.state, c.proved_by, c.reason, c.reason_detail, c.due_at, c.copies, a.gateway
         FROM notifications n
         LEFT JOIN notification_headers h ON h.notification_id = n.id
         JOIN checks c ON c.notification_id = n.id
         JOIN accounts a ON a.id = n.account_id
         WHERE n.id = ?1 AND n.shop_id = ?2",
        [id.0, shop.0],
        |row| {
            let state = row.word("state", CheckState::from_word)?;
            Ok(Notification {
                id,
                shop,
                account: AccountId(row.number("account_id")?),
                gateway: row.text("gateway")?,
                received_at: row.time("received_at")?,
                remote: row.text_opt("remote")?.and_then(|remote| remote.parse().ok()),
                request: request(row)?,
                check: Check {
                    state,
                    proved_by: row.text_opt("proved_by")?.and_then(|word| ProvedBy::from_word(&word)),
                    reason: row.reason()?,
                    attempts: attempts(db, id)?,
                    next_at: (state == CheckState::Waiting).then(|| row.time("due_at")).transpose()?,
                },
                copies: copies(db, id)?,
                copies_count: row.small("copies")?,
                deleted_at: row.time_opt("deleted_at")?,
                events: told_by(db, id)?,
            })
        },
    )
}

fn attempts(db: &dyn Db, id: NotificationId) -> Result<Vec<CheckAttempt>> {
    sql::all(
        db,
        "SELECT at, outcome, reason, reason_detail FROM check_attempts WHERE notification_id = ?1 ORDER BY id",
        [id.0],
        |row| Ok(CheckAttempt { at: row.time("at")?, outcome: row.text("outcome")?, reason: row.reason()? }),
    )
}

fn copies(db: &dyn Db, id: NotificationId) -> Result<Vec<jiff::Timestamp>> {
    let sql = "SELECT received_at FROM notification_copies WHERE notification_id = ?1 ORDER BY id";
    sql::all(db, sql, [id.0], |row| row.time("received_at"))
}

/// The events that one notification told of, repeats included, as it told them.
fn told_by(db: &dyn Db, id: NotificationId) -> Result<Vec<RecordedEvent>> {
    sql::all(
        db,
        "SELECT e.id, t.notification_id, e.order_id, o.reference, e.recorded_at,
                coalesce(t.said_instead, e.event) AS event, e.concerns, t.is_repeat
         FROM notification_events t
         JOIN events e ON e.id = t.event_id
         LEFT JOIN orders o ON o.id = e.order_id
         WHERE t.notification_id = ?1 ORDER BY t.position",
        [id.0],
        recorded,
    )
}

fn recorded(row: &dyn Row) -> Result<RecordedEvent> {
    let order = row.number_opt("order_id")?.map(OrderId);
    let reference = row.text_opt("reference")?;
    Ok(RecordedEvent {
        id: EventId(row.number("id")?),
        notification: NotificationId(row.number("notification_id")?),
        order: order.zip(reference),
        recorded_at: row.time("recorded_at")?,
        examined: ExaminedEvent { event: row.json("event")?, concerns: row.json("concerns")? },
        is_repeat: row.flag("is_repeat")?,
    })
}

/// A page of the list, newest first.
pub(crate) fn list(db: &dyn Db, shop: ShopId, filter: &NotificationFilter) -> Result<Vec<NotificationLine>> {
    sql::all(
        db,
        "SELECT n.id, n.account_id, n.received_at, length(n.body) AS body_bytes, a.gateway,
                c.state, c.reason, c.reason_detail, c.copies
         FROM notifications n
         JOIN checks c ON c.notification_id = n.id
         JOIN accounts a ON a.id = n.account_id
         WHERE n.shop_id = ?1
           AND n.id < ?2
           AND (CAST(?3 AS TEXT) IS NULL OR c.state = ?3)
           AND (CAST(?4 AS BIGINT) IS NULL OR n.account_id = ?4)
           AND (CAST(?5 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM notification_events t JOIN events e ON e.id = t.event_id
                                      WHERE t.notification_id = n.id AND e.order_id = ?5))
         ORDER BY n.id DESC LIMIT ?6",
        params![
            shop.0,
            before(filter.before.map(|id| id.0)),
            filter.state.map(CheckState::word),
            filter.account.map(|account| account.0),
            filter.order.map(|order| order.0),
            page(filter.limit),
        ],
        |row| {
            let id = NotificationId(row.number("id")?);
            let (kinds, orders) = gist(db, id)?;
            Ok(NotificationLine {
                id,
                account: AccountId(row.number("account_id")?),
                gateway: row.text("gateway")?,
                received_at: row.time("received_at")?,
                body_bytes: row.small("body_bytes")?.into(),
                state: row.word("state", CheckState::from_word)?,
                reason: row.reason()?,
                copies_count: row.small("copies")?,
                kinds,
                orders,
            })
        },
    )
}

/// What a notification is about: the kinds of its events, and their orders with their references.
type Gist = (Vec<String>, Vec<(OrderId, String)>);

fn gist(db: &dyn Db, id: NotificationId) -> Result<Gist> {
    let events = sql::all(
        db,
        "SELECT e.kind, e.order_id, o.reference
         FROM notification_events t
         JOIN events e ON e.id = t.event_id
         LEFT JOIN orders o ON o.id = e.order_id
         WHERE t.notification_id = ?1 ORDER BY t.position",
        [id.0],
        |row| {
            let order = row.number_opt("order_id")?.map(OrderId);
            Ok((row.text("kind")?, order.zip(row.text_opt("reference")?)))
        },
    )?;
    let mut kinds = Vec::new();
    let mut orders = Vec::new();
    for (kind, order) in events {
        kinds.push(kind);
        if let Some(order) = order
            && !orders.contains(&order)
        {
            orders.push(order);
        }
    }
    Ok((kinds, orders))
}

/// A page of a shop's events, newest first.
pub(crate) fn events(db: &dyn Db, shop: ShopId, filter: &EventFilter) -> Result<Vec<RecordedEvent>> {
    sql::all(
        db,
        "SELECT e.*, o.reference, 0 AS is_repeat
         FROM events e LEFT JOIN orders o ON o.id = e.order_id
         WHERE e.shop_id = ?1
           AND e.id < ?2
           AND (CAST(?3 AS TEXT) IS NULL OR e.kind = ?3)
           AND (CAST(?4 AS BIGINT) IS NULL OR e.order_id = ?4)
         ORDER BY e.id DESC LIMIT ?5",
        params![
            shop.0,
            before(filter.before.map(|id| id.0)),
            filter.kind.map(EventKind::word),
            filter.order.map(|order| order.0),
            page(filter.limit),
        ],
        recorded,
    )
}
