//! Reading the outbox.

use crate::sql::{self, Columns as _, Db, Row};
use crate::{MailId, MailLine, MailState, OrderId, Result, ShopId};
use ipnd_core::MailKind;

fn state(word: &str) -> Option<MailState> {
    [MailState::Waiting, MailState::Sent, MailState::Failed].into_iter().find(|state| state.word() == word)
}

/// The mails of an order, oldest first.
pub(crate) fn of_order(db: &dyn Db, shop: ShopId, order: OrderId) -> Result<Vec<MailLine>> {
    sql::all(
        db,
        // An attempt without an end is doubtful unless somebody holds the lease it was made under.
        "SELECT m.*, t.text AS message, EXISTS (
             SELECT 1 FROM mail_attempts a WHERE a.mail_id = m.id AND a.ended_at IS NULL
               AND (m.lease_until IS NULL OR a.lease <> m.lease)) AS is_doubtful
         FROM mails m LEFT JOIN messages t ON t.id = m.message_id
         WHERE m.order_id = ?1 AND m.shop_id = ?2 ORDER BY m.id",
        [order.0, shop.0],
        line,
    )
}

fn line(row: &dyn Row) -> Result<MailLine> {
    let state = row.word("state", state)?;
    Ok(MailLine {
        id: MailId(row.number("id")?),
        order: row.number_opt("order_id")?.map(OrderId),
        kind: row.word("kind", MailKind::from_word)?,
        state,
        created_at: row.time("created_at")?,
        sent_at: row.time_opt("sent_at")?,
        to: row.text_opt("sent_to")?,
        subject_line: row.text_opt("subject_line")?,
        attempts: row.small("attempts")?,
        is_doubtful: row.flag("is_doubtful")?,
        last_reason: row.reason()?,
        next_at: (state == MailState::Waiting).then(|| row.time("due_at")).transpose()?,
        message: row.text_opt("message")?,
    })
}
