//! Reading orders.

use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{Order, OrderFilter, OrderId, OrderLine, OrderSource, Result, ShopId};
use ipnd_core::limits::PAGE_ROWS_MAX;
use ipnd_core::{Customer, Item, Language, OrderStatus, Terms};

/// A whole order is a row of `orders` with its details.
macro_rules! whole {
    ($condition:literal) => {
        concat!("SELECT * FROM orders o JOIN order_details d ON d.order_id = o.id WHERE ", $condition)
    };
}

pub(crate) fn by_id(db: &dyn Db, shop: ShopId, order: OrderId) -> Result<Option<Order>> {
    sql::one(db, whole!("o.id = ?1 AND o.shop_id = ?2"), [order.0, shop.0], |row| read(db, row))
}

/// Whatever shop it belongs to; for work inside the store that has found the order already.
pub(crate) fn any_by_id(db: &dyn Db, order: i64) -> Result<Option<Order>> {
    sql::one(db, whole!("o.id = ?1"), [order], |row| read(db, row))
}

pub(crate) fn by_reference(db: &dyn Db, shop: ShopId, reference: &str) -> Result<Option<Order>> {
    sql::one(
        db,
        whole!("o.shop_id = ?1 AND o.reference = ?2"),
        params![shop.0, sql::clean(reference)],
        |row| read(db, row),
    )
}

pub(crate) fn by_token(db: &dyn Db, token: &str) -> Result<Option<Order>> {
    sql::one(db, whole!("o.token = ?1"), [token], |row| read(db, row))
}

fn read(db: &dyn Db, row: &dyn Row) -> Result<Order> {
    let id = row.number("id")?;
    Ok(Order {
        id: OrderId(id),
        shop: ShopId(row.number("shop_id")?),
        reference: row.text("reference")?,
        token: row.text("token")?,
        terms: Terms { items: items(db, id)?, total: row.money("total", "currency")? },
        customer: customer(row)?,
        language: language(row)?,
        source: row.word("source", OrderSource::from_word)?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        cancelled_at: row.time_opt("cancelled_at")?,
        state: row.json("state")?,
    })
}

pub(crate) fn customer(row: &dyn Row) -> Result<Customer> {
    let name = row.text_opt("customer_name")?;
    let email = row.text_opt("customer_email")?;
    let phone = row.text_opt("customer_phone")?;
    let address = row.text("customer_address")?.lines().map(str::to_owned).collect();
    Ok(Customer { name, email, phone, address, country: row.text_opt("customer_country")? })
}

pub(crate) fn language(row: &dyn Row) -> Result<Option<Language>> {
    Ok(row.text_opt("language")?.as_deref().and_then(Language::from_tag))
}

pub(crate) fn items(db: &dyn Db, order: i64) -> Result<Vec<Item>> {
    sql::all(
        db,
        "SELECT sku, name, quantity, unit_price, currency FROM order_items WHERE order_id = ?1 ORDER BY position",
        [order],
        |row| {
            Ok(Item {
                sku: row.text("sku")?,
                name: row.text("name")?,
                quantity: row.small("quantity")?,
                unit_price: row.money("unit_price", "currency")?,
            })
        },
    )
}

/// A page of the list, newest first.
pub(crate) fn list(db: &dyn Db, shop: ShopId, filter: &OrderFilter) -> Result<Vec<OrderLine>> {
    let end = before(filter.before.map(|order| order.0));
    let (from, until) = match &filter.reference {
        None => (i64::MIN, end),
        // A reference names one order at most; there is no list to go through.
        Some(reference) => match by_reference(db, shop, reference)? {
            Some(order) => (order.id.0, end.min(order.id.0.saturating_add(1))),
            None => return Ok(Vec::new()),
        },
    };
    let search = filter.search.as_deref().map(|text| sql::clean(text.trim()).to_lowercase());
    sql::all(
        db,
        "SELECT o.*, (SELECT count(*) FROM reviews r
                      WHERE r.order_id = o.id AND r.verdict IS NULL AND r.is_moot = 0) AS open_reviews
         FROM orders o
         WHERE o.shop_id = ?1
           AND o.id >= ?2 AND o.id < ?3
           AND (CAST(?4 AS TEXT) IS NULL OR o.status = ?4)
           AND (CAST(?5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM order_details d
                                      WHERE d.order_id = o.id AND d.search_text LIKE ?5 ESCAPE '!'))
           AND (?6 = 0 OR EXISTS (SELECT 1 FROM reviews r
                                  WHERE r.order_id = o.id AND r.verdict IS NULL AND r.is_moot = 0))
         ORDER BY o.id DESC LIMIT ?7",
        params![
            shop.0,
            from,
            until,
            filter.status.map(OrderStatus::word),
            search.filter(|text| !text.is_empty()).map(|text| sql::containing(&text)),
            filter.only_with_open_reviews,
            page(filter.limit),
        ],
        |row| {
            Ok(OrderLine {
                id: OrderId(row.number("id")?),
                reference: row.text("reference")?,
                status: row.word("status", OrderStatus::from_word)?,
                total: row.money("total", "currency")?,
                customer_name: row.text_opt("customer_name")?,
                customer_email: row.text_opt("customer_email")?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
                open_reviews: row.small("open_reviews")?,
            })
        },
    )
}

/// Rows of a page: what was asked for, within the limit; the limit where nothing was asked for.
pub(crate) fn page(limit: u32) -> u32 {
    if limit == 0 { PAGE_ROWS_MAX } else { limit.min(PAGE_ROWS_MAX) }
}

/// Where a page ends: before the last row of the page before, or nowhere yet.
pub(crate) fn before(id: Option<i64>) -> i64 {
    id.unwrap_or(i64::MAX)
}

/// What the paid products of a settled order give the customer; empty otherwise.
pub(crate) fn access(db: &dyn Db, order: &Order) -> Result<Vec<(String, String)>> {
    if !order.state.is_settled() {
        return Ok(Vec::new());
    }
    sql::all(
        db,
        "SELECT i.name, p.access FROM order_items i
         JOIN products p ON p.shop_id = i.shop_id AND p.sku = i.sku
         WHERE i.order_id = ?1 AND i.shop_id = ?2 AND i.sku <> '' AND p.access <> ''
         ORDER BY i.position",
        [order.id.0, order.shop.0],
        |row| Ok((row.text("name")?, row.text("access")?)),
    )
}
