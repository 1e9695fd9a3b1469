//! The answers by which notifications were decided. Of a notification that only names something, they are the fact.

use super::Desk;
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{KeptAnswer, NotificationId, Result, ShopId, StoreError};
use ipnd_core::limits::ANSWERED_LOOKS_KEPT_MAX;

/// Keeps the answers of one look. Such that say just what the last ones said are not kept again, so a flood of copies
/// does not fill the disk (T-G08).
pub(crate) fn keep(
    desk: &Desk<'_>,
    notification: NotificationId,
    attempt: u32,
    answers: &[KeptAnswer],
) -> Result<()> {
    if answers.is_empty() || say_the_same(&last(desk, notification)?, answers) {
        return Ok(());
    }
    for answer in answers {
        sql::insert(
            desk,
            "INSERT INTO answers (at, address, status, body, is_complete, attempt, position, notification_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                sql::time(answer.at),
                sql::clean(&answer.address),
                answer.status,
                answer.body,
                answer.is_complete,
                attempt,
                answer.position,
                notification.0,
            ],
        )?;
    }
    sql::run(
        desk,
        "DELETE FROM answers WHERE notification_id = ?1 AND attempt IN (
             SELECT DISTINCT attempt FROM answers WHERE notification_id = ?1
             ORDER BY attempt DESC LIMIT 9223372036854775807 OFFSET ?2)",
        params![notification.0, ANSWERED_LOOKS_KEPT_MAX],
    )?;
    Ok(())
}

/// The answers of the last look.
fn last(db: &dyn Db, notification: NotificationId) -> Result<Vec<KeptAnswer>> {
    sql::all(
        db,
        "SELECT * FROM answers
         WHERE notification_id = ?1 AND attempt = (SELECT max(attempt) FROM answers WHERE notification_id = ?1)
         ORDER BY position",
        [notification.0],
        read,
    )
}

fn say_the_same(before: &[KeptAnswer], now: &[KeptAnswer]) -> bool {
    // Everything but the time.
    let says = |answer: &KeptAnswer| {
        let KeptAnswer { position, at: _, address, status, body, is_complete } = answer.clone();
        (position, address, status, body, is_complete)
    };
    before.len() == now.len() && before.iter().zip(now).all(|(before, now)| says(before) == says(now))
}

fn read(row: &dyn Row) -> Result<KeptAnswer> {
    let status = row.number("status")?;
    Ok(KeptAnswer {
        position: row.small("position")?,
        at: row.time("at")?,
        address: row.text("address")?,
        status: u16::try_from(status).map_err(|error| StoreError::Failed(error.to_string()))?,
        body: row.bytes("body")?,
        is_complete: row.flag("is_complete")?,
    })
}

/// All that are kept of one notification, oldest first, each with the number of its look.
pub(crate) fn of(db: &dyn Db, shop: ShopId, id: NotificationId) -> Result<Vec<(u32, KeptAnswer)>> {
    sql::all(
        db,
        "SELECT a.* FROM answers a JOIN notifications n ON n.id = a.notification_id
         WHERE a.notification_id = ?1 AND n.shop_id = ?2 ORDER BY a.attempt, a.position",
        [id.0, shop.0],
        |row| Ok((row.small("attempt")?, read(row)?)),
    )
}
