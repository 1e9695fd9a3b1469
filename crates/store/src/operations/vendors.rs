//! Vendors of a platform: shops that the platform's keys may act for, each with a page of its own.

use super::shops;
use crate::sql::{self, Columns as _, Db, Row, Subject, params};
use crate::{NewShop, Result, Shop, ShopId, StoreError, Vendor};
use jiff::Timestamp;

pub(crate) fn create(
    db: &dyn Db,
    platform: ShopId,
    (reference, page): (&str, &str),
    shop: &NewShop,
    now: Timestamp,
) -> Result<Vendor> {
    db.lock(&[Subject::Named("vendor", platform.0, reference)])?;
    if by_reference(db, platform, reference)?.is_some() {
        return Err(StoreError::Conflict(format!("there is a vendor “{reference}” already")));
    }
    let is_vendor = sql::count(db, "SELECT count(*) AS n FROM vendors WHERE shop_id = ?1", [platform.0])?;
    if is_vendor > 0 {
        return Err(StoreError::Conflict("a vendor has no vendors of its own".to_owned()));
    }
    let shop = shops::create(db, shop, now)?;
    sql::insert(
        db,
        "INSERT INTO vendors (reference, page_fingerprint, created_at, platform_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![sql::clean(reference), page, sql::time(now), platform.0, shop.id.0],
    )?;
    Ok(Vendor { shop, reference: reference.to_owned(), created_at: now })
}

pub(crate) fn by_reference(db: &dyn Db, platform: ShopId, reference: &str) -> Result<Option<Vendor>> {
    sql::one(
        db,
        "SELECT * FROM vendors WHERE platform_id = ?1 AND reference = ?2",
        params![platform.0, sql::clean(reference)],
        |row| read(db, row),
    )
}

pub(crate) fn list(db: &dyn Db, platform: ShopId) -> Result<Vec<Vendor>> {
    sql::all(db, "SELECT * FROM vendors WHERE platform_id = ?1 ORDER BY id", [platform.0], |row| {
        read(db, row)
    })
}

/// By the fingerprint of the secret part of the address of its page.
pub(crate) fn by_page(db: &dyn Db, fingerprint: &str) -> Result<Option<Vendor>> {
    sql::one(db, "SELECT * FROM vendors WHERE page_fingerprint = ?1", [fingerprint], |row| read(db, row))
}

/// Gives a vendor's page another address; the one of before leads nowhere any more.
pub(crate) fn renew_page(db: &dyn Db, platform: ShopId, reference: &str, fingerprint: &str) -> Result<bool> {
    let renewed = sql::run(
        db,
        "UPDATE vendors SET page_fingerprint = ?3 WHERE platform_id = ?1 AND reference = ?2",
        params![platform.0, sql::clean(reference), fingerprint],
    )?;
    Ok(renewed > 0)
}

fn read(db: &dyn Db, row: &dyn Row) -> Result<Vendor> {
    let shop: Option<Shop> = shops::by_id(db, ShopId(row.number("shop_id")?))?;
    Ok(Vendor {
        shop: shop.ok_or_else(|| StoreError::Failed("the shop of a vendor is missing".to_owned()))?,
        reference: row.text("reference")?,
        created_at: row.time("created_at")?,
    })
}
