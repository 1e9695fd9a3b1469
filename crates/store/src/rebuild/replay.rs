//! Playing everything once more, into an empty database.
//!
//! What was then stays as it was where only settings have changed since:
//!
//! * A notification that was proved and cannot be proved once more (its secret has been replaced, its gateway's answer
//!   was not kept) tells what it told then.
//! * An event that reads as it did then has the same things wrong with it as then. One that reads differently, or is
//!   new, is held against the account as it is today.
//! * An order that was made from a payment is made from it again, whatever the account says today.
//! * Ids and tokens stay, so that links and addresses go on working.

use super::facts::{self, Answered, Happened, Proof};
use super::{RebuildStep, Rebuilt};
use crate::operations::{Desk, Waiting, accounts, orders, products, refold, reviews, settle, shops};
use crate::reading::{self, Reread};
use crate::sql::{self, Columns as _, Db, params};
use crate::{NotificationId, OrderId, ProvedBy, Result, ReviewId, ShopId, StoreError};
use ipnd_core::{Event, ExaminedEvent};
use ipnd_gateways::{Interpretation, Proof as Strength};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Things that are played between two commits.
const STEPS_A_COMMIT: usize = 1_000;

/// What came of playing, beside what is in the database now.
#[derive(Default)]
pub(crate) struct Played {
    pub(crate) rebuilt: Rebuilt,
    /// Notifications that count as proved today and did not, or the other way round.
    pub(crate) proofs: Vec<(NotificationId, Option<ProvedBy>)>,
}

/// The place where it is played.
pub(crate) struct Stage<'a> {
    /// What happened.
    pub(crate) facts: &'a dyn Db,
    /// Where it happens once more.
    pub(crate) scratch: &'a dyn Db,
}

/// How a piece of work is kept together; the engine of the scratch database knows.
pub(crate) trait Commits {
    fn begin(&self) -> Result<()>;
    fn commit(&self) -> Result<()>;
    /// Before one step.
    fn hold(&self) -> Result<()>;
    /// After one step: it stands, or it is undone.
    fn release(&self, stands: bool) -> Result<()>;
}

pub(crate) fn play(
    stage: &Stage<'_>,
    commits: &dyn Commits,
    progress: &mut dyn FnMut(RebuildStep),
) -> Result<Played> {
    let steps = facts::all(stage.facts)?;
    let of = u64::try_from(steps.len()).expect("a count");
    let mut player = Player::new(stage)?;
    commits.begin()?;
    player.set_up()?;
    for (number, (at, step)) in steps.into_iter().enumerate() {
        if number % STEPS_A_COMMIT == 0 {
            commits.commit()?;
            commits.begin()?;
            progress(RebuildStep::Played { done: u64::try_from(number).expect("a count"), of });
        }
        commits.hold()?;
        let done = player.step(at, step);
        commits.release(done.is_ok())?;
        if let Err(error) = done {
            player.played.rebuilt.problems.push(format!("{}: {error}", name(step)));
        }
    }
    commits.hold()?;
    player.bring_back_missing()?;
    commits.release(true)?;
    commits.commit()?;
    progress(RebuildStep::Played { done: of, of });
    Ok(player.played)
}

fn name(step: Happened) -> String {
    match step {
        Happened::Account(id) => format!("making {}", crate::AccountId(id)),
        Happened::Registered(id) => format!("registering {}", OrderId(id)),
        Happened::Proved(id, _) => format!("reading {}", NotificationId(id)),
        Happened::Cancelled(id) => format!("cancelling {}", OrderId(id)),
        Happened::Answered(id) => format!("answering {}", ReviewId(id)),
    }
}

struct Player<'a> {
    stage: &'a Stage<'a>,
    waiting: Waiting,
    played: Played,
    /// Notifications that have been put into the scratch database.
    known: BTreeSet<i64>,
    /// The next id for an order that did not exist.
    next_order: i64,
}

impl<'a> Player<'a> {
    fn new(stage: &'a Stage<'a>) -> Result<Self> {
        let last = sql::count(stage.facts, "SELECT coalesce(max(id), 0) AS n FROM orders", sql::NONE)?;
        Ok(Self {
            stage,
            waiting: Waiting::kept(stage.scratch)?,
            played: Played::default(),
            known: BTreeSet::new(),
            next_order: last + 1,
        })
    }

    fn desk(&mut self) -> Desk<'_> {
        Desk::new(self.stage.scratch, &mut self.waiting)
    }

    /// What was there before anything happened, as far as it matters.
    fn set_up(&mut self) -> Result<()> {
        for shop in shops::list(self.stage.facts)? {
            let insert =
                "INSERT INTO shops (id, name, slug, language, currency, owner_email, created_at, is_sample)
                          VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', ?7)";
            let row = params![
                shop.id.0,
                shop.name,
                shop.slug,
                shop.language.code(),
                shop.currency.code(),
                shop.owner_email,
                shop.is_sample,
            ];
            sql::run(self.stage.scratch, insert, row)?;
            for product in products::list(self.stage.facts, shop.id)? {
                let insert =
                    "INSERT INTO products (id, sku, name, price, currency, kind, stock, description, access,
                                  is_offered, shop_id)
                              VALUES (?1, ?2, ?3, ?4, ?5, 'physical', NULL, '', '', 1, ?6)";
                let (price, currency) = sql::money(Some(product.price));
                let row = params![product.id.0, product.sku, product.name, price, currency, shop.id.0];
                sql::run(self.stage.scratch, insert, row)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, at: Timestamp, step: Happened) -> Result<()> {
        let scratch = self.stage.scratch;
        let last = sql::count(scratch, "SELECT coalesce(max(id), 0) AS n FROM orders", sql::NONE)?;
        match step {
            Happened::Account(id) => self.account(id),
            Happened::Registered(id) => self.register(id),
            Happened::Proved(id, look) => self.prove(id, look, at),
            Happened::Cancelled(id) => self.cancel(id, at),
            Happened::Answered(id) => self.answer(id),
        }?;
        self.keep_ids(last)
    }

    fn account(&mut self, id: i64) -> Result<()> {
        let account = accounts::by_id(self.stage.facts, id)?.ok_or_else(|| gone("account"))?;
        let insert = "INSERT INTO accounts (id, name, gateway, environment, settings, creates_orders, token,
                          created_at, shop_id)
                      VALUES (?1, ?2, ?3, ?4, '{}', 0, ?5, '', ?6)";
        let (environment, token) = (account.environment.word(), account.token);
        let row = params![id, account.name, account.gateway, environment, token, account.shop.0];
        sql::run(self.stage.scratch, insert, row)?;
        Ok(())
    }

    fn register(&mut self, id: i64) -> Result<()> {
        let registered = facts::order(self.stage.facts, id)?;
        orders::register(&mut self.desk(), &registered.new, registered.token, None)?;
        Ok(())
    }

    /// What the shop or the customer did stays done, even if money that came since would forbid it today.
    fn cancel(&mut self, id: i64, at: Timestamp) -> Result<()> {
        let cancel = "UPDATE orders SET cancelled_at = ?2 WHERE id = ?1";
        if sql::run(self.stage.scratch, cancel, params![id, sql::time(at)])? > 0 {
            refold::refold(&mut self.desk(), id, at)?;
        }
        Ok(())
    }

    // --- Notifications ---

    fn prove(&mut self, id: i64, look: Option<u32>, at: Timestamp) -> Result<()> {
        let proof = facts::proof(self.stage.facts, id, look)?;
        let reread = if proof.is_deleted {
            Reread::Unrepeatable("their requests were deleted, because they had been kept long enough")
        } else {
            reading::again(&proof.account, &proof.request, proof.received_at, &proof.answers)
        };
        let (events, by) = match reread {
            Reread::Genuine(interpretation, by) => {
                self.played.rebuilt.read_again += 1;
                let by = stand(&proof, &interpretation, by);
                if !proof.was_proved {
                    self.played.proofs.push((NotificationId(id), Some(by)));
                }
                (examined(&proof, interpretation, by), by)
            }
            Reread::Forged => {
                self.played.rebuilt.read_again += 1;
                if proof.was_proved && proof.told.is_empty() {
                    self.played.proofs.push((NotificationId(id), None));
                }
                return Ok(());
            }
            Reread::Unrepeatable(_) if !proof.was_proved => return Ok(()),
            Reread::Unrepeatable(why) => {
                *self.played.rebuilt.kept_as_told.entry(why).or_default() += 1;
                let by = proof.proved_by.unwrap_or(ProvedBy::Message);
                (proof.told.iter().map(|told| told.examined.clone()).collect(), by)
            }
        };
        self.know(id, &proof)?;
        let creates =
            if proof.told.is_empty() { proof.account.creates_orders } else { self.made_one(&proof)? };
        let allow = "UPDATE accounts SET creates_orders = ?2 WHERE id = ?1";
        sql::run(self.stage.scratch, allow, params![proof.account.id.0, creates])?;
        let proved = "UPDATE checks SET state = 'genuine', proved_by = ?2 WHERE notification_id = ?1";
        sql::run(self.stage.scratch, proved, params![id, by.word()])?;
        settle::genuine(&mut self.desk(), NotificationId(id), at, &events)
    }

    /// Puts a notification into the scratch database, without what it holds.
    fn know(&mut self, id: i64, proof: &Proof) -> Result<()> {
        if !self.known.insert(id) {
            return Ok(());
        }
        let (account, shop, at) = (proof.account.id.0, proof.account.shop.0, sql::time(proof.received_at));
        sql::run(
            self.stage.scratch,
            "INSERT INTO notifications (id, received_at, method, query, body, body_sha256, account_id, shop_id)
             VALUES (?1, ?2, '', '', ?3, ?4, ?5, ?6)",
            params![id, at, Vec::<u8>::new(), id.to_be_bytes().to_vec(), account, shop],
        )?;
        sql::run(
            self.stage.scratch,
            "INSERT INTO checks (notification_id, state, due_at, account_id, shop_id) VALUES (?1, 'genuine', ?2, ?3, ?4)",
            params![id, at, account, shop],
        )?;
        Ok(())
    }

    /// Whether an order was made from what it told, without the owner having said so.
    fn made_one(&self, proof: &Proof) -> Result<bool> {
        for order in proof.told.iter().filter_map(|told| told.made_order) {
            let by_answer = "SELECT count(*) AS n FROM reviews
                             WHERE order_id = ?1 AND kind = 'unknown_order' AND verdict = 'accept'";
            if sql::count(self.stage.facts, by_answer, [order])? == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    // --- Questions ---

    fn answer(&mut self, id: i64) -> Result<()> {
        let answered = facts::answered(self.stage.facts, id)?;
        let open = sql::one(
            self.stage.scratch,
            "SELECT id FROM reviews WHERE shop_id = ?1 AND kind = ?2 AND subject = ?3
               AND verdict IS NULL AND is_moot = 0 AND (order_id IS NULL OR order_id = ?4)
             ORDER BY order_id DESC LIMIT 1",
            params![answered.shop, answered.kind, answered.subject, answered.order],
            |row| row.number("id"),
        )?;
        let verdict = reviews::verdict(&answered.verdict).ok_or_else(|| gone("answer"))?;
        if let Some(open) = open {
            let (shop, by) = (ShopId(answered.shop), answered.by.clone());
            let given = (verdict, by.as_str());
            match reviews::answer(&mut self.desk(), shop, ReviewId(open), given, answered.at) {
                Ok(Some(_)) => return Ok(()),
                Ok(None) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.insist(&answered)
    }

    /// An answer to a question that is not asked today: it is kept, and counts should the question come again.
    fn insist(&mut self, answered: &Answered) -> Result<()> {
        let scratch = self.stage.scratch;
        let exists = "SELECT count(*) AS n FROM orders WHERE id = ?1";
        let order = answered.order.filter(|order| sql::count(scratch, exists, [*order]).is_ok_and(|n| n > 0));
        if answered.order.is_some() && order.is_none() {
            return Ok(()); // The order comes later, and takes its answers with it.
        }
        let known = sql::run(
            scratch,
            "UPDATE reviews SET verdict = ?5, answered_at = ?6, answered_by = ?7
             WHERE shop_id = ?1 AND kind = ?2 AND subject = ?3 AND coalesce(order_id, 0) = coalesce(?4, 0)",
            params![
                answered.shop,
                answered.kind,
                answered.subject,
                order,
                answered.verdict,
                sql::time(answered.at),
                answered.by,
            ],
        )?;
        if known == 0 {
            sql::run(
                scratch,
                "INSERT INTO reviews (shop_id, kind, subject, order_id, verdict, answered_at, answered_by, expected,
                     got, asked_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    answered.shop,
                    answered.kind,
                    answered.subject,
                    order,
                    answered.verdict,
                    sql::time(answered.at),
                    answered.by,
                    answered.expected,
                    answered.got,
                    answered.asked_at,
                ],
            )?;
        }
        match order {
            Some(order) => refold::refold(&mut self.desk(), order, answered.at),
            None => Ok(()),
        }
    }

    // --- Orders that payments made ---

    /// Gives orders that have just come about the ids they had; such that never existed get new ones.
    fn keep_ids(&mut self, last: i64) -> Result<()> {
        let scratch = self.stage.scratch;
        let fresh = sql::all(
            scratch,
            "SELECT id, shop_id, reference FROM orders WHERE id > ?1 ORDER BY id",
            [last],
            |row| Ok((row.number("id")?, row.number("shop_id")?, row.text("reference")?)),
        )?;
        // Out of the way first: one may have been given the id of another.
        for (id, ..) in &fresh {
            renumber(scratch, *id, -*id)?;
        }
        for (id, shop, reference) in fresh {
            let known = sql::one(
                self.stage.facts,
                "SELECT id, token, created_at FROM orders WHERE shop_id = ?1 AND reference = ?2",
                params![shop, reference],
                |row| Ok((row.number("id")?, row.text("token")?, row.text("created_at")?)),
            )?;
            let Some((own, token, created_at)) = known else {
                renumber(scratch, -id, self.next_order)?;
                self.next_order += 1;
                continue;
            };
            renumber(scratch, -id, own)?;
            let restore = "UPDATE orders SET token = ?2, created_at = ?3 WHERE id = ?1";
            sql::run(scratch, restore, params![own, token, created_at])?;
            self.keep_items(own)?;
        }
        Ok(())
    }

    /// What was sold, and at which price it stood in the shop, was written down then. It stays as long as the payment
    /// says the same amount.
    fn keep_items(&self, order: i64) -> Result<()> {
        let scratch = self.stage.scratch;
        let total = |db| {
            let sql = "SELECT total, currency FROM orders WHERE id = ?1";
            sql::one(db, sql, [order], |row| row.money("total", "currency"))
        };
        if total(scratch)? != total(self.stage.facts)? {
            return Ok(());
        }
        sql::run(scratch, "DELETE FROM order_items WHERE order_id = ?1", [order])?;
        super::apply::copy_items((self.stage.facts, order), (scratch, order))
    }

    /// Orders that were made from payments and are not made today. They exist, customers know their pages: they stay,
    /// without the payments.
    fn bring_back_missing(&mut self) -> Result<()> {
        let made = "SELECT id FROM orders WHERE source = 'event' ORDER BY id";
        for id in sql::all(self.stage.facts, made, sql::NONE, |row| row.number("id"))? {
            let there = "SELECT count(*) AS n FROM orders WHERE id = ?1";
            if sql::count(self.stage.scratch, there, [id])? > 0 {
                continue;
            }
            let last =
                sql::count(self.stage.scratch, "SELECT coalesce(max(id), 0) AS n FROM orders", sql::NONE)?;
            self.register(id)?;
            self.keep_ids(last)?;
            if let Some(at) = facts::order(self.stage.facts, id)?.cancelled_at {
                self.cancel(id, at)?;
            }
            let answers = "SELECT id FROM reviews WHERE order_id = ?1 AND verdict IS NOT NULL ORDER BY id";
            for review in sql::all(self.stage.facts, answers, [id], |row| row.number("id"))? {
                let answered = facts::answered(self.stage.facts, review)?;
                self.insist(&answered)?;
            }
        }
        Ok(())
    }
}

fn gone(what: &str) -> StoreError {
    StoreError::Failed(format!("the {what} is missing"))
}

/// What hangs on an order, and has to move with it to another id.
pub(crate) const MOVES: [&str; 12] = [
    "UPDATE orders SET id = ?2 WHERE id = ?1",
    "UPDATE order_details SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE order_items SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE payments SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE events SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE transactions SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE reviews SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE mails SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE stock_movements SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE notices SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE endpoints SET order_id = ?2 WHERE order_id = ?1",
    "UPDATE deliveries SET order_id = ?2 WHERE order_id = ?1",
];

fn renumber(db: &dyn Db, from: i64, to: i64) -> Result<()> {
    for sql in MOVES {
        sql::run(db, sql, [from, to])?;
    }
    Ok(())
}

/// Who stands for it. A setting that lets weak proofs count, or does not, is that of then.
fn stand(proof: &Proof, interpretation: &Interpretation, by: ProvedBy) -> ProvedBy {
    let then = proof.proved_by.filter(|then| matches!(then, ProvedBy::Setting | ProvedBy::Nobody));
    match interpretation.proof {
        Strength::Strong => by,
        Strength::Weak | Strength::Hint => then.unwrap_or(by),
    }
}

/// The events with what is wrong with them: what was wrong then where they read as they did then.
fn examined(proof: &Proof, interpretation: Interpretation, by: ProvedBy) -> Vec<ExaminedEvent> {
    let today = reading::examined(&proof.account, interpretation, by);
    today
        .into_iter()
        .map(|today| {
            match proof.told.iter().find(|then| then.is_its_own && reads_alike(then, &today.event)) {
                Some(then) => ExaminedEvent { concerns: then.examined.concerns.clone(), ..today },
                None => today,
            }
        })
        .collect()
}

/// An order that a later telling named was written into the first one.
fn reads_alike(then: &facts::ToldThen, today: &Event) -> bool {
    let then = &then.examined.event;
    if today.order_ref.is_some() {
        return then == today;
    }
    *then == Event { order_ref: then.order_ref.clone(), ..today.clone() }
}
