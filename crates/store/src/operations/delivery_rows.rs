//! Reading deliveries: what was told, what was not, and why.

use super::order_rows::{before, page};
use super::{deliveries, notices};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{
    Attempt, AttemptLine, Delivery, DeliveryFilter, DeliveryId, DeliveryLine, DeliveryState, EndpointId,
    EventId, HeldBack, OrderId, Result, ShopId,
};
use ipnd_core::QuestionKind;

macro_rules! lines {
    ($condition:literal) => {
        concat!(
            "SELECT d.*, e.name AS endpoint_name, e.rests_until, n.kind, n.event_id, o.reference
             FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id
             LEFT JOIN notices n ON n.id = d.notice_id LEFT JOIN orders o ON o.id = d.order_id
             WHERE d.shop_id = ?1 AND d.id < ?2 AND ",
            $condition,
            "  AND (CAST(?3 AS BIGINT) IS NULL OR d.endpoint_id = ?3)
               AND (CAST(?4 AS TEXT) IS NULL OR d.state = ?4)
               AND (CAST(?5 AS TEXT) IS NULL OR n.kind = ?5)
               AND (CAST(?6 AS TEXT) IS NULL OR d.created_at >= ?6)
               AND (CAST(?7 AS TEXT) IS NULL OR d.created_at <= ?7)
             ORDER BY d.id DESC LIMIT ?8"
        )
    };
}

/// A page of the list, newest first.
pub(crate) fn list(db: &dyn Db, shop: ShopId, filter: &DeliveryFilter) -> Result<Vec<DeliveryLine>> {
    let rows = page(filter.limit);
    let end = before(filter.before.map(|delivery| delivery.0));
    let endpoint = filter.endpoint.map(|endpoint| endpoint.0);
    let state = filter.state.map(DeliveryState::word);
    let (since, until) = (sql::time_opt(filter.since), sql::time_opt(filter.until));
    let order = filter.order.map(|order| order.0);
    let values = params![shop.0, end, endpoint, state, filter.kind, since, until, rows];
    if let Some(order) = order {
        let all = params![shop.0, end, endpoint, state, filter.kind, since, until, rows, order];
        return sql::all(db, lines!("d.order_id = ?9"), all, line);
    }
    if filter.only_missing {
        return sql::all(db, lines!("d.state IN ('waiting', 'failed', 'cancelled')"), values, line);
    }
    if endpoint.is_some() {
        return sql::all(db, lines!("d.endpoint_id = ?3"), values, line);
    }
    sql::all(db, lines!("d.id > 0"), values, line)
}

fn line(row: &dyn Row) -> Result<DeliveryLine> {
    let state = row.word("state", DeliveryState::from_word)?;
    let kind = row.text_opt("kind")?;
    let sequence = row.number_opt("sequence")?;
    let due_at = row.time("due_at")?;
    Ok(DeliveryLine {
        id: DeliveryId(row.number("id")?),
        message_id: row.text("message_id")?,
        endpoint: EndpointId(row.number("endpoint_id")?),
        endpoint_name: row.text("endpoint_name")?,
        kind: kind.unwrap_or_else(|| ipnd_gateways::dialect::TEST_TYPE.to_owned()),
        event: row.number_opt("event_id")?.map(EventId),
        order: row.number_opt("order_id")?.map(OrderId).zip(row.text_opt("reference")?),
        sequence: sequence.and_then(|number| u32::try_from(number).ok()),
        state,
        attempts: row.small("attempts")?,
        created_at: row.time("created_at")?,
        ended_at: row.time_opt("ended_at")?,
        next_at: (state == DeliveryState::Waiting)
            .then_some(due_at.max(row.time_opt("rests_until")?.unwrap_or(due_at))),
        status: row.number_opt("status")?.and_then(|status| u16::try_from(status).ok()),
        reason: row.reason()?,
    })
}

/// One delivery with what it says and all its attempts.
pub(crate) fn one(db: &dyn Db, shop: ShopId, delivery: DeliveryId) -> Result<Option<Delivery>> {
    let found = sql::one(
        db,
        "SELECT d.*, e.name AS endpoint_name, e.rests_until, n.kind, n.event_id, o.reference
         FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id
         LEFT JOIN notices n ON n.id = d.notice_id LEFT JOIN orders o ON o.id = d.order_id
         WHERE d.id = ?1 AND d.shop_id = ?2",
        [delivery.0, shop.0],
        |row| Ok((line(row)?, row.number_opt("notice_id")?, row.small("tries")?)),
    )?;
    let Some((line, notice, tries)) = found else { return Ok(None) };
    let notice = match notice {
        Some(notice) => notices::load(db, notice)?,
        None => deliveries::test_notice(line.created_at),
    };
    let attempts = sql::all(
        db,
        "SELECT * FROM delivery_attempts WHERE delivery_id = ?1 ORDER BY id",
        [delivery.0],
        |row| {
            let attempt = Attempt {
                started_at: row.time("started_at")?,
                duration: row.small("duration")?,
                status: row.number_opt("status")?.and_then(|status| u16::try_from(status).ok()),
                reply: row.text_opt("reply")?,
            };
            Ok(AttemptLine { attempt, outcome: row.text("outcome")?, reason: row.reason()? })
        },
    )?;
    Ok(Some(Delivery { line, notice, attempts, tries }))
}

/// By the id that went out with it.
pub(crate) fn by_message(db: &dyn Db, shop: ShopId, message_id: &str) -> Result<Option<DeliveryId>> {
    sql::one(
        db,
        "SELECT id FROM deliveries WHERE message_id = ?1 AND shop_id = ?2",
        params![sql::clean(message_id), shop.0],
        |row| row.number("id").map(DeliveryId),
    )
}

/// Events that the shop was not told of because the owner has been asked about them, the earliest question first.
pub(crate) fn held_back(db: &dyn Db, shop: ShopId) -> Result<Vec<HeldBack>> {
    let mut found = sql::all(
        db,
        "SELECT e.id, e.kind, e.recorded_at, e.order_id, o.reference, r.kind AS question
         FROM reviews r JOIN events e ON e.order_id = r.order_id
         JOIN orders o ON o.id = e.order_id
         WHERE r.shop_id = ?1 AND r.verdict IS NULL AND r.is_moot = 0
           AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.event_id = e.id)
         ORDER BY r.id, e.id LIMIT 200",
        [shop.0],
        held,
    )?;
    found.extend(sql::all(
        db,
        "SELECT e.id, e.kind, e.recorded_at, CAST(NULL AS BIGINT) AS order_id, CAST(NULL AS TEXT) AS reference, r.kind AS question
         FROM reviews r JOIN events e ON e.id = r.event_id
         WHERE r.shop_id = ?1 AND r.verdict IS NULL AND r.is_moot = 0 AND r.order_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.event_id = e.id)
         ORDER BY r.id LIMIT 200",
        [shop.0],
        held,
    )?);
    found.dedup_by_key(|held| held.event);
    Ok(found)
}

fn held(row: &dyn Row) -> Result<HeldBack> {
    Ok(HeldBack {
        event: EventId(row.number("id")?),
        kind: row.text("kind")?,
        order: row.number_opt("order_id")?.map(OrderId).zip(row.text_opt("reference")?),
        recorded_at: row.time("recorded_at")?,
        question: row.word("question", QuestionKind::from_word)?,
    })
}
