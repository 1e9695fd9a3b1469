//! The URLs that want to be told.

use super::Desk;
use super::accounts;
use super::audit::{self, Deed};
use crate::sql::{self, Columns as _, Db, Row, Subject, params};
use crate::{
    Account, Change, Endpoint, EndpointHealth, EndpointId, EndpointPlan, EndpointState, NewAccount, OrderId,
    Result, ShopId, SigningKey, StoreError,
};
use ipnd_core::{Environment, Reason};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Rows with what waits for them.
macro_rules! whole {
    ($condition:literal) => {
        concat!(
            "SELECT e.*, (SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'waiting') AS waiting
             FROM endpoints e WHERE e.state <> 'removed' AND ",
            $condition
        )
    };
}

/// A new endpoint, with what only its maker can know.
pub(crate) struct NewEndpoint<'a> {
    pub(crate) shop: ShopId,
    pub(crate) plan: &'a EndpointPlan,
    /// Where its dialect signs with a key of ipnd's.
    pub(crate) key: Option<&'a str>,
    pub(crate) token: &'a str,
    /// Where one order is told to it only.
    pub(crate) order: Option<OrderId>,
    pub(crate) by: &'a str,
}

pub(crate) fn create(desk: &mut Desk<'_>, new: &NewEndpoint<'_>, now: Timestamp) -> Result<Endpoint> {
    let shops = sql::count(desk, "SELECT count(*) AS n FROM shops WHERE id = ?1", [new.shop.0])?;
    if shops == 0 {
        return Err(StoreError::Conflict("there is no such shop".to_owned()));
    }
    let plan = new.plan;
    let keys: Vec<SigningKey> =
        new.key.map(|key| SigningKey { key: key.to_owned(), until: None }).into_iter().collect();
    let id = sql::insert(
        desk,
        "INSERT INTO endpoints (name, url, dialect, state, filter, headers, keys, settings, concurrency, rate, is_ordered,
             created_at, token, order_id, shop_id)
         VALUES (?1, ?2, ?3, 'active', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            sql::clean(&plan.name),
            sql::clean(plan.url.as_deref().unwrap_or_default()),
            plan.dialect,
            sql::json(&plan.filter),
            sql::json(&plan.headers),
            sql::json(&keys),
            sql::json(&plan.settings),
            plan.concurrency,
            plan.rate,
            plan.is_ordered,
            sql::time(now),
            new.token,
            new.order.map(|order| order.0),
            new.shop.0,
        ],
    )?;
    let endpoint = EndpointId(id);
    note(desk, new.shop, endpoint, ("endpoint.created", &plan.dialect, new.by), now)?;
    by_id(desk, new.shop, endpoint)?
        .ok_or_else(|| StoreError::Failed("the endpoint just written is missing".to_owned()))
}

/// The account by which a platform, or the shop itself, tells what happened: the one of this gateway and environment,
/// made when it is first needed.
pub(crate) fn own_account(
    desk: &mut Desk<'_>,
    (shop, gateway, environment): (ShopId, &str, Environment),
    (settings, token, by): (&BTreeMap<String, String>, &str, &str),
    now: Timestamp,
) -> Result<Account> {
    const NAME: &str = "API";
    desk.lock(&[Subject::Named("account", shop.0, gateway)])?;
    let known = accounts::list(desk, shop)?.into_iter().find(|account| {
        account.gateway == gateway && account.environment == environment && account.name == NAME
    });
    if let Some(known) = known {
        return Ok(known);
    }
    let new = NewAccount {
        shop,
        gateway: gateway.to_owned(),
        name: NAME.to_owned(),
        environment,
        settings: settings.clone(),
        creates_orders: true,
        by: by.to_owned(),
    };
    accounts::create(desk, &new, token, now)
}

fn note(
    desk: &Desk<'_>,
    shop: ShopId,
    endpoint: EndpointId,
    (what, detail, by): (&'static str, &str, &str),
    now: Timestamp,
) -> Result<()> {
    let who = Some(by);
    audit::note(desk, &Deed { at: now, shop: Some(shop), who, what, about: endpoint.to_string(), detail })
}

/// Replaces what its owner decides. Keys and state stay (T-D14). `None` when there is no such endpoint.
pub(crate) fn update(
    desk: &mut Desk<'_>,
    shop: ShopId,
    endpoint: EndpointId,
    (plan, by): (&EndpointPlan, &str),
    now: Timestamp,
) -> Result<Option<Endpoint>> {
    let changed = sql::run(
        desk,
        "UPDATE endpoints SET name = ?3, url = ?4, dialect = ?5, filter = ?6, headers = ?7, settings = ?8,
             concurrency = ?9, rate = ?10, is_ordered = ?11, rests_until = NULL, paced_until = NULL,
             sweep = CASE WHEN is_ordered = ?11 THEN sweep ELSE 'release' END
         WHERE id = ?1 AND shop_id = ?2 AND state <> 'removed'",
        params![
            endpoint.0,
            shop.0,
            sql::clean(&plan.name),
            sql::clean(plan.url.as_deref().unwrap_or_default()),
            plan.dialect,
            sql::json(&plan.filter),
            sql::json(&plan.headers),
            sql::json(&plan.settings),
            plan.concurrency,
            plan.rate,
            plan.is_ordered,
        ],
    )?;
    if changed == 0 {
        return Ok(None);
    }
    note(desk, shop, endpoint, ("endpoint.changed", "", by), now)?;
    desk.announce(Change::Work);
    by_id(desk, shop, endpoint)
}

/// Pauses it, lets it go on, or removes it. What waits is told when it goes on, and cancelled when it is removed.
pub(crate) fn set_state(
    desk: &mut Desk<'_>,
    shop: ShopId,
    endpoint: EndpointId,
    (state, by): (EndpointState, &str),
    now: Timestamp,
) -> Result<bool> {
    let changed = sql::run(
        desk,
        "UPDATE endpoints SET state = ?3, reason = NULL, reason_detail = NULL, rests_until = NULL, failures = 0,
             successes = 0, failing_since = NULL
         WHERE id = ?1 AND shop_id = ?2 AND state <> 'removed' AND state <> ?3",
        params![endpoint.0, shop.0, state.word()],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    match state {
        EndpointState::Active => {
            sql::run(desk, "UPDATE endpoints SET sweep = 'release' WHERE id = ?1", [endpoint.0])?;
        }
        EndpointState::Paused => {}
        EndpointState::Removed => {
            // Its secrets are of no use any more.
            let sql = "UPDATE endpoints SET sweep = 'cancel', keys = '[]', settings = '{}' WHERE id = ?1";
            sql::run(desk, sql, [endpoint.0])?;
        }
    }
    note(desk, shop, endpoint, ("endpoint.state", state.word(), by), now)?;
    desk.announce(Change::Work);
    Ok(true)
}

/// Pauses it for a reason of ipnd's own.
pub(crate) fn pause(desk: &Desk<'_>, endpoint: i64, reason: &Reason) -> Result<bool> {
    let paused = sql::run(
        desk,
        "UPDATE endpoints SET state = 'paused', reason = ?2, reason_detail = ?3 WHERE id = ?1 AND state = 'active'",
        params![endpoint, reason.code, sql::clean(&reason.detail)],
    )?;
    Ok(paused > 0)
}

/// A new key signs from now on; those of before sign beside it for a while.
pub(crate) fn rotate(
    desk: &mut Desk<'_>,
    shop: ShopId,
    endpoint: EndpointId,
    (key, overlap, by): (&str, SignedDuration, &str),
    now: Timestamp,
) -> Result<Option<Endpoint>> {
    let Some(before) = by_id(desk, shop, endpoint)? else { return Ok(None) };
    let until = now.saturating_add(overlap).expect("a few days");
    let mut keys = vec![SigningKey { key: key.to_owned(), until: None }];
    let older = before.keys.into_iter().filter(|key| key.until.is_none_or(|until| until > now));
    keys.extend(older.map(|key| SigningKey { until: Some(key.until.unwrap_or(until).min(until)), ..key }));
    sql::run(
        desk,
        "UPDATE endpoints SET keys = ?3 WHERE id = ?1 AND shop_id = ?2",
        params![endpoint.0, shop.0, sql::json(&keys)],
    )?;
    note(desk, shop, endpoint, ("endpoint.key_rotated", "", by), now)?;
    by_id(desk, shop, endpoint)
}

pub(crate) fn by_id(db: &dyn Db, shop: ShopId, endpoint: EndpointId) -> Result<Option<Endpoint>> {
    sql::one(db, whole!("e.id = ?1 AND e.shop_id = ?2"), [endpoint.0, shop.0], read)
}

/// Whatever shop it belongs to, and without counting what waits; for work inside the store.
pub(crate) fn any_by_id(db: &dyn Db, endpoint: i64) -> Result<Option<Endpoint>> {
    sql::one(db, "SELECT e.*, 0 AS waiting FROM endpoints e WHERE e.id = ?1", [endpoint], read)
}

/// Those of a shop that are for all of its orders.
pub(crate) fn list(db: &dyn Db, shop: ShopId) -> Result<Vec<Endpoint>> {
    sql::all(db, whole!("e.shop_id = ?1 AND e.order_id IS NULL ORDER BY e.id"), [shop.0], read)
}

fn read(row: &dyn Row) -> Result<Endpoint> {
    Ok(Endpoint {
        id: EndpointId(row.number("id")?),
        shop: ShopId(row.number("shop_id")?),
        plan: EndpointPlan {
            name: row.text("name")?,
            url: Some(row.text("url")?).filter(|url| !url.is_empty()),
            dialect: row.text("dialect")?,
            filter: row.json("filter")?,
            headers: row.json("headers")?,
            settings: row.json("settings")?,
            concurrency: row.small("concurrency")?,
            rate: row.small("rate")?,
            is_ordered: row.flag("is_ordered")?,
        },
        state: row.word("state", EndpointState::from_word)?,
        reason: row.reason()?,
        keys: row.json("keys")?,
        health: EndpointHealth {
            failures: row.small("failures")?,
            failing_since: row.time_opt("failing_since")?,
            rests_until: row.time_opt("rests_until")?,
            waiting: u64::from(row.small("waiting")?),
        },
        created_at: row.time("created_at")?,
        token: row.text("token")?,
        order: row.number_opt("order_id")?.map(OrderId),
    })
}
