//! Performing decisions inside the database: mails into the outbox, units out of stock. Each once.

use super::Desk;
use crate::sql::{self, params};
use crate::{Change, MailId, Result, ShopId};
use ipnd_core::limits::CUSTOMER_MAILS_PER_ORDER_MAX;
use ipnd_core::{Effect, MailKind, Money};
use jiff::Timestamp;

/// The reason of a mail to a customer whose address nobody knows.
pub(crate) const NO_ADDRESS: &str = "no_address";

/// The reason of a mail to a customer who has had enough of them (T-E06).
pub(crate) const TOO_MANY_MAILS: &str = "too_many_mails";

/// The reason of a mail that a vendor's platform sends itself.
pub(crate) const PLATFORM_MAILS: &str = "platform_mails";

/// A mail for the outbox.
pub(crate) struct NewMail<'a> {
    pub(crate) kind: MailKind,
    pub(crate) subject: &'a str,
    pub(crate) amount: Option<Money>,
    /// What the owner wrote.
    pub(crate) message: Option<i64>,
    /// Whether there is an address. Without one the mail is kept as failed, so that the owner sees that the customer
    /// was not told.
    pub(crate) can_reach: bool,
    /// Whether it may be there already: not where its order has been made just now.
    pub(crate) may_exist: bool,
}

impl<'a> NewMail<'a> {
    /// For the owner, whose address is always known; it may be there already.
    pub(crate) fn to_owner(kind: MailKind, subject: &'a str) -> Self {
        Self { kind, subject, amount: None, message: None, can_reach: true, may_exist: true }
    }
}

/// Puts a mail into the outbox; `None` when the same one is there already.
pub(crate) fn put_mail(
    desk: &mut Desk<'_>,
    shop: ShopId,
    order: Option<i64>,
    mail: &NewMail<'_>,
    now: Timestamp,
) -> Result<Option<MailId>> {
    let effect = Effect::Mail { kind: mail.kind, subject: mail.subject.to_owned(), amount: mail.amount };
    let key = effect.key();
    let key = sql::clean(&key);
    // Looked for first: an insertion that meets it would use up a number all the same, in one engine only.
    if mail.may_exist && is_there(desk, shop, order, &key)? {
        return Ok(None);
    }
    let (amount, currency) = sql::money(mail.amount);
    let kept_back = kept_back(desk, (shop, order), mail)?;
    let state = if kept_back.is_none() { "waiting" } else { "failed" };
    let id = sql::insert_new(
        desk,
        "INSERT INTO mails (kind, state, created_at, amount, currency, reason, reason_detail, due_at, subject,
             effect_key, message_id, order_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?3, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO NOTHING",
        params![
            mail.kind.word(),
            state,
            sql::time(now),
            amount,
            currency,
            kept_back,
            kept_back.map(|_| ""),
            sql::clean(mail.subject),
            key,
            mail.message,
            order,
            shop.0,
        ],
    )?;
    if id.is_some() {
        desk.announce(Change::Work);
    }
    Ok(id.map(MailId))
}

/// Why a mail is not to go out, if there is a reason.
fn kept_back(
    desk: &Desk<'_>,
    (shop, order): (ShopId, Option<i64>),
    mail: &NewMail<'_>,
) -> Result<Option<&'static str>> {
    if !mail.can_reach {
        return Ok(Some(NO_ADDRESS));
    }
    if mail.may_exist && mail.kind.is_for_customer() {
        let sql = "SELECT count(*) AS n FROM mails WHERE order_id = ?1 AND kind LIKE 'customer.%'";
        if sql::count(desk, sql, [order])? >= CUSTOMER_MAILS_PER_ORDER_MAX {
            return Ok(Some(TOO_MANY_MAILS));
        }
    }
    // A platform writes to its vendors and their customers itself.
    let is_about_telling = mail.kind == MailKind::OwnerEndpoint;
    let vendors = sql::count(desk, "SELECT count(*) AS n FROM vendors WHERE shop_id = ?1", [shop.0])?;
    Ok((vendors > 0 && !is_about_telling).then_some(PLATFORM_MAILS))
}

fn is_there(desk: &Desk<'_>, shop: ShopId, order: Option<i64>, key: &str) -> Result<bool> {
    let found = match order {
        Some(order) => {
            let sql = "SELECT count(*) AS n FROM mails WHERE order_id = ?1 AND effect_key = ?2";
            sql::count(desk, sql, params![order, key])?
        }
        None => {
            let sql =
                "SELECT count(*) AS n FROM mails WHERE shop_id = ?1 AND order_id IS NULL AND effect_key = ?2";
            sql::count(desk, sql, params![shop.0, key])?
        }
    };
    Ok(found > 0)
}

/// The customer's address has become known: what could not be sent can be now.
pub(crate) fn reach_after_all(desk: &mut Desk<'_>, order: i64, now: Timestamp) -> Result<()> {
    let released = sql::run(
        desk,
        "UPDATE mails SET state = 'waiting', due_at = ?2, reason = NULL, reason_detail = NULL
         WHERE order_id = ?1 AND state = 'failed' AND reason = ?3",
        params![order, sql::time(now), NO_ADDRESS],
    )?;
    if released > 0 {
        desk.announce(Change::Work);
    }
    Ok(())
}

/// Takes units of a product out of stock, once for each order. Articles that the shop does not keep do not move.
pub(crate) fn move_stock(
    desk: &Desk<'_>,
    shop: ShopId,
    order: i64,
    (sku, quantity): (&str, u32),
    now: Timestamp,
) -> Result<()> {
    let moved = sql::run(
        desk,
        "INSERT INTO stock_movements (sku, quantity, moved_at, product_id, order_id, shop_id)
         SELECT sku, -CAST(?3 AS BIGINT), ?4, id, ?5, shop_id FROM products WHERE shop_id = ?1 AND sku = ?2
         ON CONFLICT (order_id, sku) DO NOTHING",
        params![shop.0, sku, quantity, sql::time(now), order],
    )?;
    if moved > 0 {
        sql::run(
            desk,
            "UPDATE products SET stock = stock - ?3 WHERE shop_id = ?1 AND sku = ?2 AND stock IS NOT NULL",
            params![shop.0, sku, quantity],
        )?;
    }
    Ok(())
}
