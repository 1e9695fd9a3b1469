//! What was decided once happened once: mails and stock.

use super::{Notebook, Rule, by_id};
use crate::sql::{self, Columns as _, Db};
use crate::{MailId, Result};
use ipnd_core::{Effect, MailKind};

pub(super) const MAILS: Rule = Rule {
    name: "mails",
    holds: "nobody is mailed twice about one thing, and every paid order has its mails",
    advice: "Restore a backup. Mails that went out twice cannot be called back.",
};

pub(super) const STOCK: Rule = Rule {
    name: "stock",
    holds: "every product left once for each order, in the ordered quantity",
    advice: "Count what is on hand and set it on the product's page.",
};

pub(super) fn mails(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    by_id(
        db,
        "SELECT id, kind, state, subject, effect_key, sent_at FROM mails WHERE id > ?1 ORDER BY id LIMIT ?2",
        book,
        |row, book| {
            let id = row.number("id")?;
            let name = MailId(id);
            let word = row.text("kind")?;
            let Some(kind) = MailKind::from_word(&word) else {
                book.find(format!("{name} is of a kind that does not exist: {word}"));
                return Ok(id);
            };
            let effect = Effect::Mail { kind, subject: row.text("subject")?, amount: None };
            let key = row.text("effect_key")?;
            book.find_unless(key == sql::clean(&effect.key()), || {
                format!("{name} does not have the key that keeps it from being sent twice")
            });
            let state = row.text("state")?;
            let is_sent = row.text_opt("sent_at")?.is_some();
            book.find_unless((state == "sent") == is_sent, || {
                format!("{name} is {state}, and its time of sending says otherwise")
            });
            Ok(id)
        },
    )?;
    let twice = "SELECT effect_key, count(*) AS n FROM mails WHERE order_id IS NOT NULL
                 GROUP BY order_id, effect_key HAVING count(*) > 1
                 UNION ALL
                 SELECT effect_key, count(*) AS n FROM mails WHERE order_id IS NULL
                 GROUP BY shop_id, effect_key HAVING count(*) > 1";
    sql::all(db, twice, sql::NONE, |row| {
        book.find(format!(
            "there are {} mails “{}” for one order",
            row.number("n")?,
            row.text("effect_key")?
        ));
        Ok(())
    })?;
    let missing = "SELECT o.reference FROM orders o WHERE o.status IN ('paid', 'partly_refunded')
                   AND NOT EXISTS (SELECT 1 FROM mails m WHERE m.order_id = o.id
                                   AND m.effect_key = 'mail/owner.paid/')
                   ORDER BY o.id";
    sql::all(db, missing, sql::NONE, |row| {
        book.find(format!("the order {} is paid, and there is no mail about that", row.text("reference")?));
        Ok(())
    })?;
    Ok(())
}

pub(super) fn stock(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    by_id(
        db,
        "SELECT m.id, m.sku, m.quantity, o.reference, o.shop_id AS order_shop, m.shop_id,
                (SELECT CAST(sum(i.quantity) AS BIGINT) FROM order_items i WHERE i.order_id = m.order_id AND i.sku = m.sku) AS ordered
         FROM stock_movements m LEFT JOIN orders o ON o.id = m.order_id
         WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
        book,
        |row, book| {
            let id = row.number("id")?;
            let (sku, order) = (row.text("sku")?, row.text_opt("reference")?.unwrap_or_default());
            let (left, ordered) = (-row.number("quantity")?, row.number_opt("ordered")?.unwrap_or(0));
            book.find_unless(left == ordered, || {
                format!("{left} of {sku} left for the order {order}, which has {ordered}")
            });
            let is_own = row.number_opt("order_shop")? == Some(row.number("shop_id")?);
            book.find_unless(is_own, || format!("{sku} left for an order that its shop does not have"));
            Ok(id)
        },
    )?;
    let twice = "SELECT sku, count(*) AS n FROM stock_movements GROUP BY order_id, sku HAVING count(*) > 1";
    sql::all(db, twice, sql::NONE, |row| {
        book.find(format!("{} left {} times for one order", row.text("sku")?, row.number("n")?));
        Ok(())
    })?;
    Ok(())
}
