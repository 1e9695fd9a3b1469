//! Who did what, and when.

use super::sql;
use crate::{Result, ShopId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

pub(super) struct Deed<'a> {
    pub(super) at: Timestamp,
    pub(super) shop: Option<ShopId>,
    /// The person, as far as known.
    pub(super) who: Option<&'a str>,
    pub(super) what: &'static str,
    /// What it was done to: a prefixed id.
    pub(super) about: String,
    pub(super) detail: &'a str,
}

pub(super) fn note(db: &Connection, deed: &Deed<'_>) -> Result<()> {
    sql::insert(
        db,
        "INSERT INTO audit (at, shop_id, who, what, about, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            sql::time(deed.at),
            deed.shop.map(|shop| shop.0),
            deed.who,
            deed.what,
            deed.about,
            sql::clean(deed.detail),
        ],
    )?;
    Ok(())
}
