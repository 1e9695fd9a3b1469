//! Queues that stand still: when one began to, and whose owners have been told (I-21).

use super::effects::{self, NewMail};
use super::{Desk, health};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::{Queue, Result, ShopId, Standstill, StoreError};
use ipnd_core::limits::DUE_SECONDS_MAX;
use ipnd_core::{Effect, MailKind};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// The one of a queue that has not ended.
pub(crate) fn open(db: &dyn Db, queue: Queue) -> Result<Option<Standstill>> {
    sql::one(db, "SELECT * FROM standstills WHERE queue = ?1 AND ended_at IS NULL", [queue.word()], read)
}

/// All that have not ended.
pub(crate) fn list(db: &dyn Db) -> Result<Vec<Standstill>> {
    Queue::ALL.into_iter().filter_map(|queue| open(db, queue).transpose()).collect()
}

/// The one that a mail is about, which may have ended since.
pub(crate) fn of_mail(db: &dyn Db, subject: &str) -> Result<Option<Standstill>> {
    let Ok(id) = subject.parse::<i64>() else { return Ok(None) };
    sql::one(db, "SELECT * FROM standstills WHERE id = ?1", [id], read)
}

fn read(row: &dyn Row) -> Result<Standstill> {
    Ok(Standstill {
        id: row.number("id")?,
        queue: row.word("queue", Queue::from_word)?,
        since: row.time("since")?,
        ended_at: row.time_opt("ended_at")?,
    })
}

/// Owners that have something overdue in a queue and have not been told of this standstill.
///
/// Not everybody who uses this server: whoever has nothing in the queue misses nothing. They are looked for again while
/// it lasts, and told once their own things wait.
pub(crate) fn untold(db: &dyn Db, queue: Queue, now: Timestamp) -> Result<Untold> {
    let standstill = open(db, queue)?;
    let mut shops = BTreeSet::new();
    for shop in concerned(db, queue, now)? {
        shops.insert(teller(db, shop)?);
    }
    if let Some(standstill) = &standstill {
        let key = Effect::Mail { kind: KIND, subject: standstill.id.to_string(), amount: None }.key();
        let mut missing = BTreeSet::new();
        for shop in shops {
            let sql =
                "SELECT count(*) AS n FROM mails WHERE shop_id = ?1 AND order_id IS NULL AND effect_key = ?2";
            if sql::count(db, sql, params![shop.0, key])? == 0 {
                missing.insert(shop);
            }
        }
        shops = missing;
    }
    Ok(Untold { is_noted: standstill.is_some(), shops })
}

pub(crate) struct Untold {
    is_noted: bool,
    shops: BTreeSet<ShopId>,
}

impl Untold {
    pub(crate) fn is_nothing(&self) -> bool {
        self.is_noted && self.shops.is_empty()
    }
}

const KIND: MailKind = MailKind::OwnerStandstill;

/// Shops with something in the queue that should have been taken long ago.
fn concerned(db: &dyn Db, queue: Queue, now: Timestamp) -> Result<Vec<ShopId>> {
    let limit = SignedDuration::from_secs(DUE_SECONDS_MAX);
    let overdue = now.saturating_sub(limit).expect("a minute");
    let of = |sql| sql::all(db, sql, params![sql::time(overdue)], |row| Ok(ShopId(row.number("shop_id")?)));
    match queue {
        Queue::Checks => of("SELECT DISTINCT shop_id FROM checks WHERE state = 'waiting' AND due_at <= ?1"),
        Queue::Mails => of("SELECT DISTINCT shop_id FROM mails WHERE state = 'waiting' AND due_at <= ?1"),
        Queue::Deliveries => {
            let firsts = health::firsts_of_endpoints(db, now)?.into_iter();
            Ok(firsts.filter(|(_, first)| first.since <= overdue).map(|(shop, _)| shop).collect())
        }
    }
}

/// Who is told about a shop. A vendor cannot do anything about this server, and has mails from its platform only.
fn teller(db: &dyn Db, shop: ShopId) -> Result<ShopId> {
    let platform = sql::one(db, "SELECT platform_id FROM vendors WHERE shop_id = ?1", [shop.0], |row| {
        row.number("platform_id")
    })?;
    Ok(platform.map_or(shop, ShopId))
}

/// Notes that a queue stands still, unless that is known, and puts a mail into the outbox for each owner who has none
/// about it. The key of the mail is that of the standstill, so it does not matter how many nodes notice it, or how often.
/// Says whether it was unknown.
pub(crate) fn note(desk: &mut Desk<'_>, queue: Queue, since: Timestamp, now: Timestamp) -> Result<bool> {
    let id = sql::insert_new(
        desk,
        "INSERT INTO standstills (queue, since, noticed_at) SELECT ?1, ?2, ?3
         WHERE NOT EXISTS (SELECT 1 FROM standstills WHERE queue = ?1 AND ended_at IS NULL)
         ON CONFLICT DO NOTHING",
        params![queue.word(), sql::time(since), sql::time(now)],
    )?;
    let standstill = open(desk, queue)?;
    let standstill =
        standstill.ok_or_else(|| StoreError::Failed("the standstill just noted is missing".to_owned()))?;
    let subject = standstill.id.to_string();
    for shop in untold(desk, queue, now)?.shops {
        let mail = NewMail::to_owner(KIND, &subject);
        effects::put_mail(desk, shop, None, &mail, now)?;
    }
    Ok(id.is_some())
}

/// The queue goes on. Says whether it was known to stand still.
pub(crate) fn end(desk: &Desk<'_>, queue: Queue, now: Timestamp) -> Result<bool> {
    let ended = sql::run(
        desk,
        "UPDATE standstills SET ended_at = ?2 WHERE queue = ?1 AND ended_at IS NULL",
        params![queue.word(), sql::time(now)],
    )?;
    Ok(ended > 0)
}
