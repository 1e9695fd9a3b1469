//! Whose a transaction is, and what waits for an order.

use super::bind::Loose;
use crate::sql::{self, Columns as _, Db, params};
use crate::{Result, ShopId};

/// Claims an event's transaction for an order. False when it pays another order already, in whichever shop (T-B07).
pub(crate) fn claim(db: &dyn Db, event: &Loose, order: i64) -> Result<bool> {
    if let Some(owner) = owner(db, event)? {
        return Ok(owner == order);
    }
    // In a database with several nodes, another shop's payment may be quicker still.
    Ok(take(db, event, order)? || owner(db, event)? == Some(order))
}

/// Claims the transaction of an event that nobody has seen. False when it was taken meanwhile.
pub(crate) fn take(db: &dyn Db, event: &Loose, order: i64) -> Result<bool> {
    let taken = sql::run(
        db,
        "INSERT INTO transactions (transaction_id, family, environment, order_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![event.transaction(), event.family, event.environment, order, event.shop.0],
    )?;
    Ok(taken > 0)
}

/// The order that an event's transaction pays, in whichever shop.
pub(crate) fn owner(db: &dyn Db, event: &Loose) -> Result<Option<i64>> {
    if event.environment == "live" {
        return sql::one(
            db,
            "SELECT order_id FROM transactions
             WHERE transaction_id = ?1 AND family = ?2 AND environment = 'live'",
            params![event.transaction(), event.family],
            |row| row.number("order_id"),
        );
    }
    sql::one(
        db,
        "SELECT order_id FROM transactions
         WHERE transaction_id = ?1 AND family = ?2 AND environment <> 'live' AND shop_id = ?3",
        params![event.transaction(), event.family, event.shop.0],
        |row| row.number("order_id"),
    )
}

/// The events that carry this order's reference and came before it was known.
pub(crate) fn waiting_for(db: &dyn Db, shop: ShopId, order: i64) -> Result<Vec<i64>> {
    sql::all(
        db,
        "SELECT e.id FROM orders o JOIN events e ON e.shop_id = o.shop_id AND e.order_ref = o.reference
         WHERE o.id = ?1 AND o.shop_id = ?2 AND e.order_id IS NULL",
        [order, shop.0],
        |row| row.number("id"),
    )
}
