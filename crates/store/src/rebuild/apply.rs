//! Carrying over what is worked out now into what is stored, within one transaction.
//!
//! Rows keep their ids. Only what differs is written. Answers of the owner, messages, and mails that have been put into
//! the outbox are never touched.

use super::compare::{self, EVENT_IDS, Recorded};
use super::replay::Played;
use crate::operations::audit::{self, Deed};
use crate::operations::{Desk, Waiting, order_rows, refold};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{NotificationId, ProvedBy, Result, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The reason of a mail that was due long ago and is not sent now.
const FOUND_LATE: &str = "found_by_rebuild";

/// How it is carried over.
#[derive(Clone, Copy)]
pub(crate) struct How {
    pub(crate) now: Timestamp,
    /// Mails that only now turn out to be due go out, and units leave the stock.
    pub(crate) sends: bool,
}

pub(crate) fn apply(stored: &dyn Db, new: &dyn Db, played: &Played, how: How) -> Result<()> {
    let mut carry = Carry { stored, new, how, made: BTreeMap::new() };
    proofs(stored, &played.proofs, how.now)?;
    let orders = sql::all(new, "SELECT id FROM orders ORDER BY id", sql::NONE, |row| row.number("id"))?;
    for order in orders {
        if let Some(own) = carry.order(order)? {
            carry.made.insert(order, own);
        }
    }
    let ids = carry.events()?;
    carry.tellings(&ids)?;
    carry.forget_events()?;
    carry.transactions()?;
    carry.questions(&ids)?;
    if how.sends {
        carry.stock()?;
    }
    carry.mails()?;
    carry.lost_notices()?;
    if !played.rebuilt.new_notices.is_empty() {
        carry.notices()?;
    }
    let rebuilt = &played.rebuilt;
    let detail = format!("{} differences, {} mails", rebuilt.differences.len(), rebuilt.new_mails.len());
    let deed = Deed {
        at: how.now,
        shop: None,
        who: None,
        what: "database.rebuilt",
        about: String::new(),
        detail: &detail,
    };
    audit::note(stored, &deed)
}

fn proofs(stored: &dyn Db, proofs: &[(NotificationId, Option<ProvedBy>)], now: Timestamp) -> Result<()> {
    for (id, by) in proofs {
        let state = if by.is_some() { "genuine" } else { "forged" };
        let sql = "UPDATE checks SET state = ?2, proved_by = ?3, decided_at = ?4, lease_until = NULL
                   WHERE notification_id = ?1";
        sql::run(stored, sql, params![id.0, state, by.map(ProvedBy::word), sql::time(now)])?;
    }
    Ok(())
}

struct Carry<'a> {
    stored: &'a dyn Db,
    new: &'a dyn Db,
    how: How,
    /// The ids of orders that did not exist, as they are stored.
    made: BTreeMap<i64, i64>,
}

impl Carry<'_> {
    // --- Orders ---

    /// The id under which an order is stored.
    fn own(&self, order: i64) -> i64 {
        self.made.get(&order).copied().unwrap_or(order)
    }

    /// Gives the id of an order that has been made.
    fn order(&self, id: i64) -> Result<Option<i64>> {
        let exists = "SELECT count(*) AS n FROM orders WHERE id = ?1";
        if sql::count(self.stored, exists, [id])? == 0 {
            return self.make_order(id).map(Some);
        }
        let read = |db| sql::one(db, ORDER, [id], |row| texts(row, &COLUMNS));
        let (before, after) = (read(self.stored)?, read(self.new)?.ok_or_else(|| gone("order"))?);
        let paid = |db| lines(db, PAYMENTS, id, &PAYMENT);
        let sold = |db| lines(db, ITEMS, id, &ITEM);
        let has_other_items = sold(self.stored)? != sold(self.new)?;
        if before.as_ref() == Some(&after) && paid(self.stored)? == paid(self.new)? && !has_other_items {
            return Ok(None);
        }
        sql::run(
            self.stored,
            "UPDATE orders SET status = ?2, total = ?3, currency = ?4, paid = ?5, refunded = ?6, reversed = ?7,
                 paid_at = ?8, customer_name = ?9, customer_email = ?10, customer_phone = ?11, customer_country = ?12,
                 updated_at = ?13
             WHERE id = ?1",
            params![
                id, after[0], after[1], after[2], after[3], after[4], after[5], after[6], after[7], after[8],
                after[9], after[10], sql::time(self.how.now)
            ],
        )?;
        sql::run(self.stored, "DELETE FROM order_details WHERE order_id = ?1", [id])?;
        self.copy_details(id, id)?;
        if has_other_items {
            sql::run(self.stored, "DELETE FROM order_items WHERE order_id = ?1", [id])?;
            copy_items((self.new, id), (self.stored, id))?;
        }
        sql::run(self.stored, "DELETE FROM payments WHERE order_id = ?1", [id])?;
        self.copy_payments(id, id)?;
        Ok(None)
    }

    fn make_order(&self, id: i64) -> Result<i64> {
        const ALL: [&str; 18] = [
            "reference",
            "status",
            "total",
            "currency",
            "paid",
            "refunded",
            "reversed",
            "customer_name",
            "customer_email",
            "created_at",
            "paid_at",
            "cancelled_at",
            "updated_at",
            "source",
            "language",
            "customer_phone",
            "customer_country",
            "token",
        ];
        let order = sql::one(self.new, "SELECT * FROM orders WHERE id = ?1", [id], |row| {
            Ok((texts(row, &ALL)?, row.number("shop_id")?))
        })?;
        let (it, shop) = order.ok_or_else(|| gone("order"))?;
        let own = sql::insert(
            self.stored,
            "INSERT INTO orders (shop_id, reference, status, total, currency, paid, refunded, reversed,
                 customer_name, customer_email, created_at, paid_at, cancelled_at, updated_at, source, language,
                 customer_phone, customer_country, token)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
            params![
                shop,
                it[0], it[1], it[2], it[3], it[4], it[5], it[6], it[7], it[8], it[9], it[10], it[11],
                it[12], it[13], it[14], it[15], it[16], it[17]
            ],
        )?;
        self.copy_details(id, own)?;
        copy_items((self.new, id), (self.stored, own))?;
        self.copy_payments(id, own)?;
        Ok(own)
    }

    fn copy_details(&self, order: i64, own: i64) -> Result<()> {
        let columns = ["customer_address", "registered_customer", "state", "search_text"];
        let sql = "SELECT * FROM order_details WHERE order_id = ?1";
        let it =
            sql::one(self.new, sql, [order], |row| texts(row, &columns))?.ok_or_else(|| gone("order"))?;
        sql::run(
            self.stored,
            "INSERT INTO order_details (order_id, customer_address, registered_customer, state, search_text)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![own, it[0], it[1], it[2], it[3]],
        )?;
        Ok(())
    }

    fn copy_payments(&self, order: i64, own: i64) -> Result<()> {
        let rows = sql::all(self.new, PAYMENTS, [order], |row| {
            Ok((texts(row, &PAYMENT)?, row.flag("counts")?, row.number("shop_id")?))
        })?;
        for (it, counts, shop) in rows {
            sql::insert(
                self.stored,
                "INSERT INTO payments (kind, status, amount, currency, fee, at, reason, transaction_id,
                     parent_transaction_id, counts, order_id, shop_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![it[0], it[1], it[2], it[3], it[4], it[5], it[6], it[7], it[8], counts, own, shop],
            )?;
        }
        Ok(())
    }

    // --- Events ---

    /// Gives the id of every new event in the stored database.
    fn events(&self) -> Result<BTreeMap<i64, i64>> {
        let mut ids = BTreeMap::new();
        let all = sql::all(self.new, "SELECT id FROM events ORDER BY id", sql::NONE, |row| row.number("id"))?;
        for id in all {
            let event = compare::event(self.new, id)?.ok_or_else(|| gone("event"))?;
            let own = match compare::twin(self.stored, &event)? {
                Some(known) => {
                    if !known.is_the_same_as(&event) {
                        self.write_event(known.id, &event)?;
                    }
                    known.id
                }
                None => {
                    let own = self.add_event(&event)?;
                    self.write_event(own, &event)?;
                    own
                }
            };
            ids.insert(id, own);
        }
        Ok(ids)
    }

    fn add_event(&self, event: &Recorded) -> Result<i64> {
        sql::insert(
            self.stored,
            "INSERT INTO events (kind, recorded_at, notification_id, gateway, family, environment, identity, event,
                 concerns, shop_id)
             VALUES ('', ?1, ?2, '', ?3, ?4, ?5, '', '', ?6)",
            params![
                sql::time(self.how.now),
                event.notification,
                event.family,
                event.environment,
                event.identity,
                event.shop
            ],
        )
    }

    fn write_event(&self, own: i64, event: &Recorded) -> Result<()> {
        let it = &event.columns;
        sql::run(
            self.stored,
            "UPDATE events SET kind = ?2, amount = ?3, currency = ?4, occurred_at = ?5, order_ref = ?6,
                 customer_name = ?7, customer_email = ?8, transaction_id = ?9, parent_transaction_id = ?10,
                 case_id = ?11, gateway = ?12, event = ?13, concerns = ?14, order_id = ?15, notification_id = ?16
             WHERE id = ?1",
            params![
                own,
                it[0],
                it[1],
                it[2],
                it[3],
                it[4],
                it[5],
                it[6],
                it[7],
                it[8],
                it[9],
                it[10],
                event.event,
                event.concerns,
                event.order.map(|order| self.own(order)),
                event.notification
            ],
        )?;
        Ok(())
    }

    /// Which notification told of which events.
    fn tellings(&self, ids: &BTreeMap<i64, i64>) -> Result<()> {
        let notifications = |db| {
            let sql = "SELECT DISTINCT notification_id FROM notification_events";
            sql::all(db, sql, sql::NONE, |row| row.number("notification_id"))
        };
        let all: BTreeSet<i64> =
            notifications(self.stored)?.into_iter().chain(notifications(self.new)?).collect();
        for notification in all {
            let told = |db| {
                let sql = "SELECT * FROM notification_events WHERE notification_id = ?1 ORDER BY position";
                sql::all(db, sql, [notification], |row| {
                    Ok((row.number("event_id")?, row.flag("is_repeat")?, row.text_opt("said_instead")?))
                })
            };
            let before = told(self.stored)?;
            let mut after = told(self.new)?;
            for (event, ..) in &mut after {
                *event = *ids.get(event).ok_or_else(|| gone("event"))?;
            }
            if before == after {
                continue;
            }
            sql::run(
                self.stored,
                "DELETE FROM notification_events WHERE notification_id = ?1",
                [notification],
            )?;
            for (position, (event, is_repeat, said_instead)) in (0_i64..).zip(after) {
                sql::run(
                    self.stored,
                    "INSERT INTO notification_events (notification_id, position, event_id, is_repeat, said_instead)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![notification, position, event, is_repeat, said_instead],
                )?;
            }
        }
        Ok(())
    }

    /// Events that nothing tells of.
    fn forget_events(&self) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let ids = sql::all(self.stored, EVENT_IDS, [after, 500], |row| row.number("id"))?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = *last;
            for id in ids {
                let event = compare::event(self.stored, id)?.ok_or_else(|| gone("event"))?;
                if compare::twin(self.new, &event)?.is_none() {
                    sql::run(self.stored, "UPDATE reviews SET event_id = NULL WHERE event_id = ?1", [id])?;
                    // What was told of it stays told; what was not, is not any more.
                    sql::run(
                        self.stored,
                        "UPDATE deliveries SET state = 'cancelled', ended_at = ?2, lease_until = NULL
                         WHERE state = 'waiting' AND endpoint_id IN (SELECT id FROM endpoints)
                           AND notice_id = (SELECT id FROM notices WHERE event_id = ?1)",
                        params![id, sql::time(self.how.now)],
                    )?;
                    sql::run(self.stored, "UPDATE notices SET event_id = NULL WHERE event_id = ?1", [id])?;
                    sql::run(self.stored, "DELETE FROM events WHERE id = ?1", [id])?;
                }
            }
        }
    }

    // --- What follows from them ---

    fn transactions(&self) -> Result<()> {
        let own = |order: i64| self.own(order);
        let columns = ["transaction_id", "family", "environment"];
        let all = |db| {
            sql::all(db, "SELECT * FROM transactions", sql::NONE, |row| {
                Ok((texts(row, &columns)?, row.number("order_id")?, row.number("shop_id")?))
            })
        };
        let before: BTreeSet<_> = all(self.stored)?.into_iter().collect();
        let after: BTreeSet<_> = all(self.new)?.into_iter().collect();
        for (it, order, shop) in before.difference(&after) {
            let sql =
                "DELETE FROM transactions WHERE transaction_id = ?1 AND family = ?2 AND environment = ?3
                         AND order_id = ?4 AND shop_id = ?5";
            sql::run(self.stored, sql, params![it[0], it[1], it[2], *order, *shop])?;
        }
        for (it, order, shop) in after.difference(&before).map(|(it, order, shop)| (it, own(*order), shop)) {
            let sql = "INSERT INTO transactions (transaction_id, family, environment, order_id, shop_id)
                       VALUES (?1, ?2, ?3, ?4, ?5)";
            sql::insert(self.stored, sql, params![it[0], it[1], it[2], order, *shop])?;
        }
        Ok(())
    }

    fn questions(&self, ids: &BTreeMap<i64, i64>) -> Result<()> {
        let columns = ["kind", "subject", "expected", "got", "asked_at"];
        let rows = sql::all(
            self.new,
            "SELECT * FROM reviews WHERE verdict IS NULL ORDER BY id",
            sql::NONE,
            |row| {
                let event = row.number_opt("event_id")?.and_then(|event| ids.get(&event).copied());
                let place = (
                    row.number("shop_id")?,
                    row.number_opt("order_id")?.map(|order| self.own(order)),
                    row.number_opt("notification_id")?,
                );
                Ok((texts(row, &columns)?, place, event, row.flag("is_moot")?))
            },
        )?;
        let mut asked = BTreeSet::new();
        for (it, (shop, order, notification), event, is_moot) in rows {
            asked.insert((shop, it[0].clone(), it[1].clone(), order));
            sql::run(
                self.stored,
                "INSERT INTO reviews (shop_id, kind, subject, expected, got, asked_at, order_id, notification_id,
                     event_id, is_moot)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (shop_id, kind, subject, coalesce(order_id, 0)) DO UPDATE
                 SET expected = excluded.expected, got = excluded.got, is_moot = excluded.is_moot
                 WHERE reviews.verdict IS NULL",
                params![shop, it[0], it[1], it[2], it[3], it[4], order, notification, event, is_moot],
            )?;
        }
        let open =
            "SELECT id, shop_id, kind, subject, order_id FROM reviews WHERE verdict IS NULL AND is_moot = 0";
        let open = sql::all(self.stored, open, sql::NONE, |row| {
            let key = (
                row.number("shop_id")?,
                row.text_opt("kind")?,
                row.text_opt("subject")?,
                row.number_opt("order_id")?,
            );
            Ok((row.number("id")?, key))
        })?;
        for (id, key) in open {
            if !asked.contains(&key) {
                sql::run(self.stored, "UPDATE reviews SET is_moot = 1 WHERE id = ?1", [id])?;
            }
        }
        Ok(())
    }

    /// Mails that only now turn out to be due. Unless they are to go out, they are kept as not sent, which the owner
    /// sees, and which keeps them from ever going out by themselves.
    fn mails(&self) -> Result<()> {
        let columns = ["kind", "amount", "currency", "subject", "effect_key"];
        let rows = sql::all(self.new, "SELECT * FROM mails ORDER BY id", sql::NONE, |row| {
            let is_new = !compare::is_in_outbox(self.stored, row)?;
            let can_reach = row.text("state")? != "failed";
            Ok((
                is_new,
                can_reach,
                texts(row, &columns)?,
                row.number_opt("order_id")?.map(|order| self.own(order)),
                row.number("shop_id")?,
            ))
        })?;
        let now = sql::time(self.how.now);
        for (_, can_reach, it, order, shop) in rows.into_iter().filter(|(is_new, ..)| *is_new) {
            let reason = match (can_reach, self.how.sends) {
                (false, _) => Some(crate::operations::effects::NO_ADDRESS),
                (true, false) => Some(FOUND_LATE),
                (true, true) => None,
            };
            let state = if reason.is_some() { "failed" } else { "waiting" };
            sql::insert(
                self.stored,
                "INSERT INTO mails (kind, amount, currency, subject, effect_key, state, created_at, due_at, reason,
                     reason_detail, order_id, shop_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11)",
                params![it[0], it[1], it[2], it[3], it[4], state, now, reason, reason.map(|_| ""), order, shop],
            )?;
        }
        Ok(())
    }

    /// Notices whose event had been lost, and is there again under another id.
    fn lost_notices(&self) -> Result<()> {
        let lost = sql::all(
            self.stored,
            "SELECT n.id FROM notices n LEFT JOIN events e ON e.id = n.event_id
             WHERE n.event_id IS NOT NULL AND e.id IS NULL ORDER BY n.id",
            sql::NONE,
            |row| row.number("id"),
        )?;
        for notice in lost {
            sql::run(
                self.stored,
                "UPDATE notices SET event_id = (
                     SELECT min(e.id) FROM events e
                     WHERE e.shop_id = notices.shop_id AND e.kind = notices.kind
                       AND coalesce(e.order_id, 0) = coalesce(notices.order_id, 0)
                       AND NOT EXISTS (SELECT 1 FROM notices t WHERE t.event_id = e.id))
                 WHERE id = ?1",
                [notice],
            )?;
        }
        Ok(())
    }

    /// What the shop should have been told. Unless it is to go out, it counts as told from now on.
    fn notices(&self) -> Result<()> {
        let orders =
            sql::all(self.new, "SELECT id FROM orders ORDER BY id", sql::NONE, |row| row.number("id"))?;
        let mut waiting = Waiting::Counted;
        let mut desk = Desk::new(self.stored, &mut waiting);
        for order in orders {
            let own = order_rows::any_by_id(self.stored, self.own(order))?.ok_or_else(|| gone("order"))?;
            refold::tell_again(&mut desk, own, (self.how.sends, self.how.now))?;
        }
        Ok(())
    }

    fn stock(&self) -> Result<()> {
        let rows = sql::all(self.new, "SELECT * FROM stock_movements ORDER BY id", sql::NONE, |row| {
            let is_new = !compare::has_left(self.stored, row)?;
            let order = self.own(row.number("order_id")?);
            let ids = (row.number("product_id")?, order, row.number("shop_id")?);
            Ok((is_new, row.text("sku")?, row.number("quantity")?, ids))
        })?;
        for (_, sku, quantity, (product, order, shop)) in rows.into_iter().filter(|(is_new, ..)| *is_new) {
            sql::insert(
                self.stored,
                "INSERT INTO stock_movements (sku, quantity, moved_at, product_id, order_id, shop_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![sku, quantity, sql::time(self.how.now), product, order, shop],
            )?;
            let less = "UPDATE products SET stock = stock + ?2 WHERE id = ?1 AND stock IS NOT NULL";
            sql::run(self.stored, less, [product, quantity])?;
        }
        Ok(())
    }
}

const ORDER: &str =
    "SELECT o.status, o.total, o.currency, o.paid, o.refunded, o.reversed, o.paid_at, o.customer_name,
                         o.customer_email, o.customer_phone, o.customer_country, d.customer_address, d.state,
                         d.search_text
                     FROM orders o JOIN order_details d ON d.order_id = o.id WHERE o.id = ?1";
const COLUMNS: [&str; 14] = [
    "status",
    "total",
    "currency",
    "paid",
    "refunded",
    "reversed",
    "paid_at",
    "customer_name",
    "customer_email",
    "customer_phone",
    "customer_country",
    "customer_address",
    "state",
    "search_text",
];
const PAYMENTS: &str = "SELECT * FROM payments WHERE order_id = ?1 ORDER BY id";
const PAYMENT: [&str; 9] = [
    "kind",
    "status",
    "amount",
    "currency",
    "fee",
    "at",
    "reason",
    "transaction_id",
    "parent_transaction_id",
];
const ITEMS: &str = "SELECT * FROM order_items WHERE order_id = ?1 ORDER BY position";
const ITEM: [&str; 4] = ["name", "sku", "unit_price", "currency"];

fn texts(row: &dyn Row, columns: &[&'static str]) -> Result<Vec<Option<String>>> {
    columns.iter().map(|column| row.text_opt(column)).collect()
}

fn lines(
    db: &dyn Db,
    sql: &'static str,
    order: i64,
    columns: &[&'static str],
) -> Result<Vec<Vec<Option<String>>>> {
    sql::all(db, sql, [order], |row| texts(row, columns))
}

pub(super) fn copy_items((from, order): (&dyn Db, i64), (to, own): (&dyn Db, i64)) -> Result<()> {
    let rows = sql::all(from, ITEMS, [order], |row| {
        Ok((texts(row, &ITEM)?, row.number("position")?, row.small("quantity")?, row.number("shop_id")?))
    })?;
    for (it, position, quantity, shop) in rows {
        sql::run(
            to,
            "INSERT INTO order_items (order_id, position, quantity, name, sku, unit_price, currency, shop_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![own, position, quantity, it[0], it[1], it[2], it[3], shop],
        )?;
    }
    Ok(())
}

fn gone(what: &str) -> StoreError {
    StoreError::Failed(format!("the {what} is missing"))
}
