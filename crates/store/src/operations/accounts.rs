//! A shop's accounts at gateways.

use super::audit::{self, Deed};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{Account, AccountId, NewAccount, Result, ShopId, StoreError};
use ipnd_core::Environment;
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(crate) fn create(db: &dyn Db, new: &NewAccount, token: &str, now: Timestamp) -> Result<Account> {
    let shops = sql::count(db, "SELECT count(*) AS n FROM shops WHERE id = ?1", [new.shop.0])?;
    if shops == 0 {
        return Err(StoreError::Conflict("there is no such shop".to_owned()));
    }
    let id = sql::insert(
        db,
        "INSERT INTO accounts (name, gateway, environment, settings, creates_orders, token, created_at, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            sql::clean(&new.name),
            new.gateway,
            new.environment.word(),
            sql::json(&new.settings),
            new.creates_orders,
            token,
            sql::time(now),
            new.shop.0,
        ],
    )?;
    let about = AccountId(id).to_string();
    let (what, detail, who) = ("account.created", new.gateway.as_str(), Some(new.by.as_str()));
    audit::note(db, &Deed { at: now, shop: Some(new.shop), who, what, about, detail })?;
    by_id(db, id)?.ok_or_else(|| StoreError::Failed("the account just written is missing".to_owned()))
}

/// What may change about an account.
pub(crate) struct Changes {
    pub(crate) name: String,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) creates_orders: bool,
    /// Who changes it.
    pub(crate) by: String,
}

impl Changes {
    /// Which parts of the account become others, for the audit: names only, because values may be secrets. A switch is
    /// set or removed, so the names tell all about it.
    fn from(&self, before: &Account) -> String {
        let kept = &self.settings;
        let mut parts = Vec::new();
        for key in before.settings.keys().chain(kept.keys().filter(|key| !before.settings.contains_key(*key)))
        {
            let verb = match (before.settings.get(key), kept.get(key)) {
                (Some(was), Some(is)) if was == is => continue,
                (Some(_), Some(_)) => "changed",
                (Some(_), None) => "removed",
                (None, _) => "set",
            };
            parts.push(format!("{key} {verb}"));
        }
        parts.extend((before.name != self.name).then(|| "name changed".to_owned()));
        parts.extend(
            (before.creates_orders != self.creates_orders)
                .then(|| format!("creates_orders {}", if self.creates_orders { "set" } else { "removed" })),
        );
        parts.join(", ")
    }
}

pub(crate) fn update(
    db: &dyn Db,
    shop: ShopId,
    account: AccountId,
    changes: &Changes,
    now: Timestamp,
) -> Result<Option<Account>> {
    let Some(before) = of_shop_by_id(db, shop, account)? else { return Ok(None) };
    sql::run(
        db,
        "UPDATE accounts SET name = ?3, settings = ?4, creates_orders = ?5 WHERE id = ?1 AND shop_id = ?2",
        params![
            account.0,
            shop.0,
            sql::clean(&changes.name),
            sql::json(&changes.settings),
            changes.creates_orders
        ],
    )?;
    let detail = changes.from(&before);
    if !detail.is_empty() {
        let who = Some(changes.by.as_str());
        let about = account.to_string();
        audit::note(
            db,
            &Deed { at: now, shop: Some(shop), who, what: "account.changed", about, detail: &detail },
        )?;
    }
    by_id(db, account.0)
}

/// Whatever shop it belongs to; for work inside the store.
pub(crate) fn by_id(db: &dyn Db, account: i64) -> Result<Option<Account>> {
    sql::one(db, "SELECT * FROM accounts WHERE id = ?1", [account], read)
}

pub(crate) fn of_shop_by_id(db: &dyn Db, shop: ShopId, account: AccountId) -> Result<Option<Account>> {
    sql::one(db, "SELECT * FROM accounts WHERE id = ?1 AND shop_id = ?2", [account.0, shop.0], read)
}

pub(crate) fn by_token(db: &dyn Db, token: &str) -> Result<Option<Account>> {
    sql::one(db, "SELECT * FROM accounts WHERE token = ?1", [token], read)
}

pub(crate) fn list(db: &dyn Db, shop: ShopId) -> Result<Vec<Account>> {
    sql::all(db, "SELECT * FROM accounts WHERE shop_id = ?1 ORDER BY id", [shop.0], read)
}

fn read(row: &dyn Row) -> Result<Account> {
    Ok(Account {
        id: AccountId(row.number("id")?),
        shop: ShopId(row.number("shop_id")?),
        gateway: row.text("gateway")?,
        name: row.text("name")?,
        environment: row.word("environment", Environment::from_word)?,
        settings: row.json("settings")?,
        creates_orders: row.flag("creates_orders")?,
        token: row.text("token")?,
        created_at: row.time("created_at")?,
    })
}
