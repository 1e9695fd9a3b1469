//! Events: their columns say what they say, a genuine notification told of them, and they are with their orders.

use super::{Notebook, Rule, by_id};
use crate::sql::{self, Columns as _, Db, Row};
use crate::{CheckState, EventId, NotificationId, Result};
use ipnd_core::{Concern, Event, EventKind, Money};

pub(super) const EVENTS: Rule = Rule {
    name: "events",
    holds: "every event comes from a genuine notification and is with the order that it is about",
    advice: "`ipnd rebuild` shows what the notifications say; with --apply it puts it right.",
};

pub(super) fn events(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    by_id(
        db,
        "SELECT e.*, c.state, c.proved_by, o.shop_id AS order_shop,
                (SELECT count(*) FROM notification_events t
                 WHERE t.event_id = e.id AND t.notification_id = e.notification_id) AS links
         FROM events e
         LEFT JOIN checks c ON c.notification_id = e.notification_id
         LEFT JOIN orders o ON o.id = e.order_id
         WHERE e.id > ?1 ORDER BY e.id LIMIT ?2",
        book,
        |row, book| {
            let id = row.number("id")?;
            columns(row, EventId(id), book)?;
            origin(row, EventId(id), book)?;
            if row.number_opt("order_id")?.is_some() {
                let is_own = row.number_opt("order_shop")? == Some(row.number("shop_id")?);
                book.find_unless(is_own, || {
                    format!("{} is with an order that its shop does not have", EventId(id))
                });
            }
            Ok(id)
        },
    )?;
    loose(db, book)
}

/// The columns repeat what the event itself says.
fn columns(row: &dyn Row, name: EventId, book: &mut Notebook<'_>) -> Result<()> {
    let Ok(event) = serde_json::from_str::<Event>(&row.text("event")?) else {
        book.find(format!("{name} cannot be read"));
        return Ok(());
    };
    let concerns = serde_json::from_str::<Vec<Concern>>(&row.text("concerns")?);
    book.find_unless(concerns.is_ok(), || format!("what is wrong with {name} cannot be read"));
    let pairs = [
        ("kind", row.text_opt("kind")?, Some(event.kind.word().to_owned())),
        ("identity", row.text_opt("identity")?, Some(event.identity)),
        ("amount", row.text_opt("amount")?, event.amount.map(Money::decimal)),
        ("currency", row.text_opt("currency")?, event.amount.map(|it| it.currency().code().to_owned())),
        ("order_ref", row.text_opt("order_ref")?, event.order_ref),
        ("transaction_id", row.text_opt("transaction_id")?, event.transaction),
        ("parent_transaction_id", row.text_opt("parent_transaction_id")?, event.parent),
        ("case_id", row.text_opt("case_id")?, event.case),
        ("occurred_at", row.text_opt("occurred_at")?, sql::time_opt(event.occurred_at)),
    ];
    for (column, stored, said) in pairs {
        book.find_unless(stored == said, || {
            let [stored, said] = [stored, said].map(|text| text.unwrap_or_else(|| "nothing".to_owned()));
            format!("{name}: its {column} is {stored}, and the event says {said}")
        });
    }
    Ok(())
}

/// Nothing that is unproven has told of it.
fn origin(row: &dyn Row, name: EventId, book: &mut Notebook<'_>) -> Result<()> {
    let notification = NotificationId(row.number("notification_id")?);
    let Some(state) = row.text_opt("state")? else {
        book.find(format!("{name} comes from {notification}, which does not exist or has no check"));
        return Ok(());
    };
    // One that is asked about again because of news was proved before.
    let is_proved =
        CheckState::from_word(&state) == Some(CheckState::Genuine) || row.text_opt("proved_by")?.is_some();
    book.find_unless(is_proved, || {
        format!("{name} comes from {notification}, which was never proved (it is {state})")
    });
    book.find_unless(row.number("links")? > 0, || {
        format!("{name} is not in the list of what {notification} told")
    });
    Ok(())
}

/// Events that wait for an order which is there, although nobody has been asked about them.
fn loose(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    let sql = "SELECT e.id, e.kind, o.reference
               FROM events e JOIN orders o ON o.shop_id = e.shop_id AND o.reference = e.order_ref
               WHERE e.order_id IS NULL AND e.order_ref <> '' AND NOT EXISTS (
                   SELECT 1 FROM reviews r WHERE r.shop_id = e.shop_id AND r.kind = 'transaction_reused'
                     AND r.subject IN (e.transaction_id, e.identity))
               ORDER BY e.id";
    sql::all(db, sql, sql::NONE, |row| {
        let name = EventId(row.number("id")?);
        let kind = row.word("kind", EventKind::from_word)?;
        let reference = row.text("reference")?;
        book.find_unless(!kind.concerns_an_order(), || {
            format!("{name} ({}) names the order {reference} and is not with it", kind.word())
        });
        Ok(())
    })?;
    Ok(())
}
