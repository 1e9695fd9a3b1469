//! Who did what, and when.

use crate::sql::{self, Db, params};
use crate::{Result, ShopId};
use jiff::Timestamp;

pub(crate) struct Deed<'a> {
    pub(crate) at: Timestamp,
    pub(crate) shop: Option<ShopId>,
    /// The person, as far as known.
    pub(crate) who: Option<&'a str>,
    pub(crate) what: &'static str,
    /// What it was done to: a prefixed id.
    pub(crate) about: String,
    pub(crate) detail: &'a str,
}

pub(crate) fn note(db: &dyn Db, deed: &Deed<'_>) -> Result<()> {
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
