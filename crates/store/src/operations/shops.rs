//! Shops.

use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{NewShop, Result, Shop, ShopId, StoreError};
use ipnd_core::{Currency, Language};
use jiff::Timestamp;

pub(crate) fn create(db: &dyn Db, shop: &NewShop, now: Timestamp) -> Result<Shop> {
    let created = sql::one(
        db,
        "INSERT INTO shops (slug, name, language, currency, owner_email, created_at, is_sample)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (slug) DO NOTHING RETURNING *",
        params![
            sql::clean(&shop.slug),
            sql::clean(&shop.name),
            shop.language.code(),
            shop.currency.code(),
            sql::clean(&shop.owner_email),
            sql::time(now),
            shop.is_sample,
        ],
        read,
    )?;
    created.ok_or_else(|| taken(&shop.slug))
}

fn taken(slug: &str) -> StoreError {
    StoreError::Conflict(format!("there is a shop with the address “{slug}” already"))
}

pub(crate) fn update(db: &dyn Db, shop: &Shop) -> Result<()> {
    let others = sql::count(
        db,
        "SELECT count(*) AS n FROM shops WHERE slug = ?1 AND id <> ?2",
        params![shop.slug, shop.id.0],
    )?;
    if others > 0 {
        return Err(taken(&shop.slug));
    }
    let updated = sql::run(
        db,
        "UPDATE shops SET slug = ?2, name = ?3, language = ?4, currency = ?5, owner_email = ?6 WHERE id = ?1",
        params![
            shop.id.0,
            sql::clean(&shop.slug),
            sql::clean(&shop.name),
            shop.language.code(),
            shop.currency.code(),
            sql::clean(&shop.owner_email),
        ],
    )?;
    if updated == 0 {
        return Err(StoreError::Conflict("there is no such shop".to_owned()));
    }
    Ok(())
}

pub(crate) fn by_id(db: &dyn Db, shop: ShopId) -> Result<Option<Shop>> {
    sql::one(db, "SELECT * FROM shops WHERE id = ?1", [shop.0], read)
}

pub(crate) fn by_slug(db: &dyn Db, slug: &str) -> Result<Option<Shop>> {
    sql::one(db, "SELECT * FROM shops WHERE slug = ?1", [slug], read)
}

pub(crate) fn list(db: &dyn Db) -> Result<Vec<Shop>> {
    sql::all(db, "SELECT * FROM shops ORDER BY id", sql::NONE, read)
}

fn read(row: &dyn Row) -> Result<Shop> {
    Ok(Shop {
        id: ShopId(row.number("id")?),
        slug: row.text("slug")?,
        name: row.text("name")?,
        language: row.word("language", Language::from_tag)?,
        currency: row.word("currency", |code| Currency::from_code(code).ok())?,
        owner_email: row.text("owner_email")?,
        is_sample: row.flag("is_sample")?,
    })
}
