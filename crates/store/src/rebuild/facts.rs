//! What is played once more, and when it happened.

use crate::operations::{accounts, answers, notifications, order_rows};
use crate::sql::{self, Columns as _, Db};
use crate::{Account, KeptAnswer, NewOrder, NotificationId, OrderSource, Result, ShopId, StoreError};
use ipnd_core::{Concern, Event, ExaminedEvent, Expectation, Language, Terms, examine};
use ipnd_gateways::RawRequest;
use jiff::Timestamp;

/// One thing that happened. What happened at the same instant is played in this sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happened {
    /// An account was made.
    Account(i64),
    /// The shop registered an order.
    Registered(i64),
    /// A notification was proved, by the answers of this look where it was by answers.
    Proved(i64, Option<u32>),
    Cancelled(i64),
    /// The owner answered a question.
    Answered(i64),
}

/// Everything that happened, in its sequence.
pub(super) fn all(db: &dyn Db) -> Result<Vec<(Timestamp, Happened)>> {
    let mut all = Vec::new();
    type By = fn(i64) -> Happened;
    let simple: [(&'static str, By); 4] = [
        ("SELECT id, created_at AS at FROM accounts", Happened::Account),
        // The others follow from payments.
        ("SELECT id, created_at AS at FROM orders WHERE source <> 'event'", Happened::Registered),
        ("SELECT id, cancelled_at AS at FROM orders WHERE cancelled_at IS NOT NULL", Happened::Cancelled),
        ("SELECT id, answered_at AS at FROM reviews WHERE verdict IS NOT NULL", Happened::Answered),
    ];
    for (sql, happened) in simple {
        all.extend(sql::all(db, sql, sql::NONE, |row| Ok((row.time("at")?, happened(row.number("id")?))))?);
    }
    all.extend(proved(db)?);
    all.sort_unstable();
    Ok(all)
}

/// The looks at notifications that have come to something, or may today: those that were proved, and those whose
/// gateway gave an answer.
fn proved(db: &dyn Db) -> Result<Vec<(Timestamp, Happened)>> {
    let by_answers = sql::all(
        db,
        "SELECT notification_id, attempt, max(at) AS at FROM answers GROUP BY notification_id, attempt",
        sql::NONE,
        |row| {
            let look = Happened::Proved(row.number("notification_id")?, Some(row.small("attempt")?));
            Ok((row.time("at")?, look))
        },
    )?;
    let by_themselves = sql::all(
        db,
        "SELECT c.notification_id, coalesce(
             (SELECT min(a.at) FROM check_attempts a
              WHERE a.notification_id = c.notification_id AND a.outcome = 'genuine'),
             c.decided_at, n.received_at) AS at
         FROM checks c JOIN notifications n ON n.id = c.notification_id
         WHERE (c.state = 'genuine' OR c.proved_by IS NOT NULL)
           AND NOT EXISTS (SELECT 1 FROM answers k WHERE k.notification_id = c.notification_id)",
        sql::NONE,
        |row| Ok((row.time("at")?, Happened::Proved(row.number("notification_id")?, None))),
    )?;
    // What a notification told before the first answer that is kept of it was told by answers that are not.
    let before_answers = sql::all(
        db,
        "SELECT t.notification_id, min(e.recorded_at) AS at
         FROM notification_events t JOIN events e ON e.id = t.event_id
         WHERE t.is_repeat = 0 GROUP BY t.notification_id
         HAVING min(e.recorded_at) < (SELECT min(a.at) FROM answers a WHERE a.notification_id = t.notification_id)",
        sql::NONE,
        |row| Ok((row.time("at")?, Happened::Proved(row.number("notification_id")?, None))),
    )?;
    Ok(by_answers.into_iter().chain(by_themselves).chain(before_answers).collect())
}

/// A notification with what is known of its proof.
pub(super) struct Proof {
    pub(super) account: Account,
    pub(super) received_at: Timestamp,
    pub(super) request: RawRequest,
    pub(super) is_deleted: bool,
    /// The answers of the look.
    pub(super) answers: Vec<KeptAnswer>,
    /// Whether it counts as proved today.
    pub(super) was_proved: bool,
    pub(super) proved_by: Option<crate::ProvedBy>,
    /// What it told, as it told it.
    pub(super) told: Vec<ToldThen>,
}

/// An event as a notification told it.
pub(super) struct ToldThen {
    pub(super) examined: ExaminedEvent,
    /// Whether the event stands as this notification told it. Otherwise what was found wrong with it is another's.
    pub(super) is_its_own: bool,
    /// The order that was made from a payment, and that this event is with.
    pub(super) made_order: Option<i64>,
}

pub(super) fn proof(db: &dyn Db, id: i64, look: Option<u32>) -> Result<Proof> {
    let found = sql::one(
        db,
        "SELECT n.*, h.headers, c.state, c.proved_by FROM notifications n
         LEFT JOIN notification_headers h ON h.notification_id = n.id
         JOIN checks c ON c.notification_id = n.id WHERE n.id = ?1",
        [id],
        |row| {
            let was_proved = row.text("state")? == "genuine" || row.text_opt("proved_by")?.is_some();
            let proved_by = row.text_opt("proved_by")?.and_then(|word| crate::ProvedBy::from_word(&word));
            let account = row.number("account_id")?;
            let is_deleted = row.text_opt("deleted_at")?.is_some();
            Ok((
                account,
                row.time("received_at")?,
                notifications::request(row)?,
                is_deleted,
                was_proved,
                proved_by,
            ))
        },
    )?;
    let (account, received_at, request, is_deleted, was_proved, proved_by) =
        found.ok_or_else(|| missing("notification"))?;
    let account = accounts::by_id(db, account)?.ok_or_else(|| missing("account"))?;
    let kept = answers::of(db, account.shop, NotificationId(id))?;
    let answers = kept.into_iter().filter(|(attempt, _)| Some(*attempt) == look).map(|(_, kept)| kept);
    Ok(Proof {
        received_at,
        request,
        is_deleted,
        answers: answers.collect(),
        was_proved,
        proved_by,
        told: told(db, id)?,
        account,
    })
}

fn told(db: &dyn Db, notification: i64) -> Result<Vec<ToldThen>> {
    sql::all(
        db,
        "SELECT coalesce(t.said_instead, e.event) AS event, e.concerns, e.notification_id, t.said_instead,
                t.is_repeat, o.id AS order_id, o.source
         FROM notification_events t
         JOIN events e ON e.id = t.event_id
         LEFT JOIN orders o ON o.id = e.order_id
         WHERE t.notification_id = ?1 ORDER BY t.position",
        [notification],
        |row| {
            let is_made = row.text_opt("source")?.as_deref() == Some("event");
            let stands = row.number("notification_id")? == notification;
            let mut examined = ExaminedEvent { event: row.json("event")?, concerns: row.json("concerns")? };
            // It told of it first, and another notification stands for it: that one was proved, and this one was not.
            if !stands && !row.flag("is_repeat")? {
                examined.concerns = unproven(&examined.event);
            }
            Ok(ToldThen {
                is_its_own: stands && row.text_opt("said_instead")?.is_none(),
                examined,
                made_order: row.number_opt("order_id")?.filter(|_| is_made),
            })
        },
    )
}

fn unproven(event: &Event) -> Vec<Concern> {
    examine(event, &Expectation { environment: event.environment, receivers: None, is_confirmed: false })
}

/// An order as it was registered, and when it was cancelled. What was worked out about it may be damaged.
pub(super) struct Registered {
    pub(super) new: NewOrder,
    pub(super) token: String,
    pub(super) cancelled_at: Option<Timestamp>,
}

pub(super) fn order(db: &dyn Db, id: i64) -> Result<Registered> {
    let found = sql::one(
        db,
        "SELECT o.*, d.registered_customer FROM orders o JOIN order_details d ON d.order_id = o.id WHERE o.id = ?1",
        [id],
        |row| {
            let new = NewOrder {
                shop: ShopId(row.number("shop_id")?),
                reference: Some(row.text("reference")?),
                terms: Terms { items: order_rows::items(db, id)?, total: row.money("total", "currency")? },
                customer: row.json("registered_customer")?,
                language: row.text_opt("language")?.as_deref().and_then(Language::from_tag),
                source: row.word("source", OrderSource::from_word)?,
                created_at: row.time("created_at")?,
            };
            Ok(Registered { new, token: row.text("token")?, cancelled_at: row.time_opt("cancelled_at")? })
        },
    )?;
    found.ok_or_else(|| missing("order with its details"))
}

/// A question with its answer, as it was given.
pub(super) struct Answered {
    pub(super) shop: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) expected: String,
    pub(super) got: String,
    pub(super) asked_at: String,
    pub(super) verdict: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    pub(super) order: Option<i64>,
}

pub(super) fn answered(db: &dyn Db, review: i64) -> Result<Answered> {
    let found = sql::one(db, "SELECT * FROM reviews WHERE id = ?1", [review], |row| {
        Ok(Answered {
            shop: row.number("shop_id")?,
            kind: row.text("kind")?,
            subject: row.text("subject")?,
            expected: row.text("expected")?,
            got: row.text("got")?,
            asked_at: row.text("asked_at")?,
            verdict: row.text("verdict")?,
            by: row.text_opt("answered_by")?.unwrap_or_default(),
            at: row.time("answered_at")?,
            order: row.number_opt("order_id")?,
        })
    })?;
    found.ok_or_else(|| missing("question"))
}

fn missing(what: &str) -> StoreError {
    StoreError::Failed(format!("the {what} is missing"))
}
