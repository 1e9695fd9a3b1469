//! Notifications: they are as they came, and each has its check.

use super::{Notebook, Rule, by_id};
use crate::sql::{self, Columns as _, Db};
use crate::{AccountId, CheckState, NotificationId, Result};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

pub(super) const BODIES: Rule = Rule {
    name: "notifications",
    holds: "every notification is, byte for byte, what was received",
    advice: "The disk, or somebody, has changed what was kept. Restore a backup; `ipnd rebuild` then works from it.",
};

pub(super) const CHECKS: Rule = Rule {
    name: "checks",
    holds: "every notification has its check, and nothing that is forged has told of anything",
    advice: "Restore a backup, or ask the gateway to send these again.",
};

pub(super) fn bodies(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    let mut deleted = 0_u64;
    by_id(
        db,
        "SELECT n.id, n.body, n.body_sha256, n.deleted_at, h.headers FROM notifications n
         LEFT JOIN notification_headers h ON h.notification_id = n.id WHERE n.id > ?1 ORDER BY n.id LIMIT ?2",
        book,
        |row, book| {
            let id = row.number("id")?;
            let name = NotificationId(id);
            if row.text_opt("deleted_at")?.is_some() {
                let is_empty = row.bytes("body")?.is_empty() && row.text_opt("headers")?.is_none();
                book.find_unless(is_empty, || format!("{name} counts as deleted, and is not empty"));
                deleted += 1;
                return Ok(id);
            }
            let found = digest(&SHA256, &row.bytes("body")?);
            book.find_unless(found.as_ref() == row.bytes("body_sha256")?, || {
                format!(
                    "the body of {name} is not what was received: its SHA-256 is {}",
                    HEXLOWER.encode(found.as_ref())
                )
            });
            let headers = row.text_opt("headers")?.unwrap_or_default();
            let headers = serde_json::from_str::<Vec<(String, String)>>(&headers);
            book.find_unless(headers.is_ok(), || format!("the headers of {name} cannot be read"));
            Ok(id)
        },
    )?;
    if deleted > 0 {
        book.remark(format!("{deleted} of them were deleted, because they had been kept long enough"));
    }
    Ok(())
}

pub(super) fn checks(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    let without = "SELECT n.id FROM notifications n LEFT JOIN checks c ON c.notification_id = n.id
                   WHERE c.notification_id IS NULL ORDER BY n.id";
    sql::all(db, without, sql::NONE, |row| {
        let name = NotificationId(row.number("id")?);
        book.find(format!("{name} has no check: nobody will ever find out whether it is genuine"));
        Ok(())
    })?;
    by_id(
        db,
        "SELECT c.notification_id AS id, c.state, c.account_id, c.shop_id, n.account_id AS own_account,
                a.shop_id AS own_shop, n.shop_id AS told_shop,
                (SELECT count(*) FROM notification_events t WHERE t.notification_id = c.notification_id) AS told
         FROM checks c
         LEFT JOIN notifications n ON n.id = c.notification_id
         LEFT JOIN accounts a ON a.id = n.account_id
         WHERE c.notification_id > ?1 ORDER BY c.notification_id LIMIT ?2",
        book,
        |row, book| {
            let id = row.number("id")?;
            let name = NotificationId(id);
            let state = row.text("state")?;
            let Some(account) = row.number_opt("own_account")? else {
                book.find(format!("the check of {name} has no notification"));
                return Ok(id);
            };
            book.find_unless(CheckState::from_word(&state).is_some(), || {
                format!("{name} is in a state that does not exist: {state}")
            });
            book.find_unless(row.number("account_id")? == account, || {
                format!("{name} came to {}, and its check belongs to another account", AccountId(account))
            });
            let own_shop = row.number_opt("own_shop")?;
            let shops = [row.number_opt("shop_id")?, row.number_opt("told_shop")?];
            book.find_unless(shops.iter().all(|shop| *shop == own_shop), || {
                format!("{name} and its account do not belong to the same shop")
            });
            let told = row.number("told")?;
            book.find_unless(state != "forged" || told == 0, || {
                format!("{name} is called forged, and {told} events are said to come from it")
            });
            Ok(id)
        },
    )
}
