//! What the shop is told: each event once, numbered without a gap, and nothing left out.

use super::{Notebook, Rule, by_id};
use crate::operations::{order_rows, refold};
use crate::sql::{self, Columns as _, Db};
use crate::{DeliveryId, DeliveryState, OrderId, Result};

pub(super) const NOTICES: Rule = Rule {
    name: "notices",
    holds: "the shop is told of every event that is believed, numbered within its order without a gap",
    advice: "`ipnd rebuild --apply` tells what was left out.",
};

pub(super) const DELIVERIES: Rule = Rule {
    name: "deliveries",
    holds: "every delivery is about something, belongs to its shop, and stands where its attempts put it",
    advice: "Restore a backup, or send the named deliveries again with `ipnd resend`.",
};

pub(super) fn notices(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    by_id(db, "SELECT id, reference FROM orders WHERE id > ?1 ORDER BY id LIMIT ?2", book, |row, book| {
        let id = row.number("id")?;
        let name = format!("the order {} ({})", row.text("reference")?, OrderId(id));
        let mut told = Vec::new();
        let numbers = sql::all(
            db,
            "SELECT sequence, event_id FROM notices WHERE order_id = ?1 ORDER BY sequence",
            [id],
            |row| {
                told.extend(row.number_opt("event_id")?);
                row.number("sequence")
            },
        )?;
        let is_gapless = numbers.iter().zip(1..).all(|(number, wanted)| *number == wanted);
        book.find_unless(is_gapless, || format!("what the shop was told of {name} is numbered {numbers:?}"));
        if let Ok(Some(order)) = order_rows::any_by_id(db, id) {
            for event in refold::to_be_told(db, order)? {
                let sql = "SELECT count(*) AS n FROM notices WHERE event_id = ?1";
                let is_told = told.contains(&event) || sql::count(db, sql, [event])? > 0;
                book.find_unless(is_told, || format!("the shop was not told of an event of {name}"));
            }
        }
        Ok(id)
    })
}

pub(super) fn deliveries(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    by_id(
        db,
        "SELECT d.id, d.state, d.ended_at, d.shop_id, e.shop_id AS endpoint_shop, n.shop_id AS notice_shop, d.notice_id,
                d.sequence, n.sequence AS number
         FROM deliveries d LEFT JOIN endpoints e ON e.id = d.endpoint_id LEFT JOIN notices n ON n.id = d.notice_id
         WHERE d.id > ?1 ORDER BY d.id LIMIT ?2",
        book,
        |row, book| {
            let id = row.number("id")?;
            let name = DeliveryId(id);
            let state = row.text("state")?;
            book.find_unless(DeliveryState::from_word(&state).is_some(), || {
                format!("{name} is in a state that does not exist: {state}")
            });
            let has_ended = row.text_opt("ended_at")?.is_some();
            book.find_unless((state == "waiting") != has_ended, || {
                format!("{name} is {state}, and its time of ending says otherwise")
            });
            let shop = Some(row.number("shop_id")?);
            let is_own = row.number_opt("endpoint_shop")? == shop
                && (row.number_opt("notice_id")?.is_none() || row.number_opt("notice_shop")? == shop);
            book.find_unless(is_own, || format!("{name} tells one shop of what belongs to another"));
            let has_number = row.number_opt("sequence")? == row.number_opt("number")?;
            book.find_unless(has_number, || format!("{name} has another number than what it tells"));
            Ok(id)
        },
    )
}
