//! The stand-in's memory: checkouts, transactions, and every message with its exact bytes.

use super::SandboxError;
use super::compose::compose;
use super::faults::Faults;
use super::message::Message;
use super::order::Order;
use super::transaction::{Action, FreshIds, Outcome, Refusal, Transaction};
use super::writing::written;
use crate::database::Database;
use crate::draw;
use crate::player::told_these_bytes;
use ipnd_core::{Customer, Event};
use ipnd_gateways::paypal_ipn::GATEWAY;
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

/// Rows that the pages show.
const ROWS_MAX: u32 = 200;

#[derive(Clone)]
pub(crate) struct Ledger(pub(super) Database);

/// A payment page: what is asked for, and what it ended in.
pub(crate) struct Checkout {
    pub(crate) order: Order,
    pub(crate) transaction: Option<String>,
}

/// What became of an action on a transaction.
pub(crate) enum Acted {
    Done,
    Refused(Refusal),
    /// The transaction has changed since the page was shown: a form sent twice, or two people.
    Stale,
    Unknown,
}

impl Ledger {
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, SandboxError>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Transaction<'_>, Timestamp) -> Result<T, SandboxError> + Send + 'static,
    {
        self.0.run(work).await
    }

    pub(crate) async fn open_checkout(&self, order: Order) -> Result<String, SandboxError> {
        self.run(move |tx, now| {
            let id = ipnd_store::token::random();
            tx.execute(
                "INSERT INTO checkouts (id, created_at, form) VALUES (?1, ?2, ?3)",
                params![id, now.as_millisecond(), serde_json::to_string(&order)?],
            )?;
            Ok(id)
        })
        .await
    }

    pub(crate) async fn checkout(&self, id: &str) -> Result<Option<Checkout>, SandboxError> {
        let id = id.to_owned();
        self.run(move |tx, _| read_checkout(tx, &id)).await
    }

    /// Ends a checkout. Doing it again gives the transaction it ended in the first time.
    pub(crate) async fn pay(
        &self,
        checkout: &str,
        outcome: Outcome,
        buyer: Customer,
    ) -> Result<Option<Transaction>, SandboxError> {
        let checkout = checkout.to_owned();
        self.run(move |tx, now| {
            let Some(known) = read_checkout(tx, &checkout)? else { return Ok(None) };
            if let Some(id) = known.transaction {
                return read_transaction(tx, &id);
            }
            let order = Order { buyer, ..known.order };
            let (transaction, event) = Transaction::begin(order, outcome, draw::transaction_id(), now);
            insert_transaction(tx, &transaction)?;
            enqueue(tx, &transaction, &event, now)?;
            tx.execute(
                "UPDATE checkouts SET transaction_id = ?2 WHERE id = ?1",
                params![checkout, transaction.id],
            )?;
            Ok(Some(transaction))
        })
        .await
    }

    /// Does something to a transaction and queues the message about it.
    pub(crate) async fn act(&self, id: &str, revision: u32, action: Action) -> Result<Acted, SandboxError> {
        let id = id.to_owned();
        self.run(move |tx, now| {
            let Some(mut transaction) = read_transaction(tx, &id)? else { return Ok(Acted::Unknown) };
            if transaction.revision != revision {
                return Ok(Acted::Stale);
            }
            let fresh = FreshIds { transaction: draw::transaction_id(), case: draw::case_id() };
            let step = match transaction.act(&action, fresh, now) {
                Ok(step) => step,
                Err(refusal) => return Ok(Acted::Refused(refusal)),
            };
            tx.execute(
                "UPDATE transactions SET record = ?2 WHERE id = ?1",
                params![transaction.id, serde_json::to_string(&transaction)?],
            )?;
            let subject = step.opened.as_ref().unwrap_or(&transaction);
            if let Some(opened) = &step.opened {
                insert_transaction(tx, opened)?;
            }
            enqueue(tx, subject, &step.event, now)?;
            Ok(Acted::Done)
        })
        .await
    }

    pub(crate) async fn transaction(&self, id: &str) -> Result<Option<Transaction>, SandboxError> {
        let id = id.to_owned();
        self.run(move |tx, _| read_transaction(tx, &id)).await
    }

    /// Newest first.
    pub(crate) async fn transactions(&self) -> Result<Vec<Transaction>, SandboxError> {
        self.run(|tx, _| {
            let mut statement =
                tx.prepare("SELECT record FROM transactions ORDER BY number DESC LIMIT ?1")?;
            let records = statement.query_map([ROWS_MAX], |row| row.get::<_, String>(0))?;
            records.map(|record| Ok(serde_json::from_str(&record?)?)).collect()
        })
        .await
    }

    pub(crate) async fn faults(&self) -> Result<Faults, SandboxError> {
        self.run(|tx, _| read_faults(tx)).await
    }

    pub(crate) async fn put_faults(&self, faults: Faults) -> Result<(), SandboxError> {
        self.run(move |tx, _| {
            tx.execute(
                "INSERT INTO faults (only_row, record) VALUES (1, ?1) \
                 ON CONFLICT (only_row) DO UPDATE SET record = excluded.record",
                [serde_json::to_string(&faults)?],
            )?;
            Ok(())
        })
        .await
    }

    /// Whether exactly these bytes were sent from here, by this stand-in or by the player of all gateways.
    pub(crate) async fn was_sent(&self, body: Vec<u8>) -> Result<bool, SandboxError> {
        self.run(move |tx, _| {
            let mut statement = tx.prepare("SELECT 1 FROM messages WHERE body = ?1 LIMIT 1")?;
            Ok(statement.exists([&body])? || told_these_bytes(tx, GATEWAY.id, &body)?)
        })
        .await
    }
}

fn read_checkout(tx: &rusqlite::Transaction<'_>, id: &str) -> Result<Option<Checkout>, SandboxError> {
    let row = tx
        .query_row("SELECT form, transaction_id FROM checkouts WHERE id = ?1", [id], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((form, transaction)) = row else { return Ok(None) };
    Ok(Some(Checkout { order: serde_json::from_str(&form)?, transaction }))
}

fn read_transaction(tx: &rusqlite::Transaction<'_>, id: &str) -> Result<Option<Transaction>, SandboxError> {
    let record: Option<String> =
        tx.query_row("SELECT record FROM transactions WHERE id = ?1", [id], |row| row.get(0)).optional()?;
    record.map(|record| Ok(serde_json::from_str(&record)?)).transpose()
}

fn insert_transaction(tx: &rusqlite::Transaction<'_>, transaction: &Transaction) -> Result<(), SandboxError> {
    tx.execute(
        "INSERT INTO transactions (id, record) VALUES (?1, ?2)",
        params![transaction.id, serde_json::to_string(transaction)?],
    )?;
    Ok(())
}

pub(super) fn read_faults(tx: &rusqlite::Transaction<'_>) -> Result<Faults, SandboxError> {
    let record: Option<String> =
        tx.query_row("SELECT record FROM faults", [], |row| row.get(0)).optional()?;
    Ok(record.map(|record| serde_json::from_str(&record)).transpose()?.unwrap_or_default())
}

fn enqueue(
    tx: &rusqlite::Transaction<'_>,
    transaction: &Transaction,
    event: &Event,
    now: Timestamp,
) -> Result<(), SandboxError> {
    let faults = read_faults(tx)?;
    let body = written(&compose(transaction, event, now)?, faults.writing);
    Message::insert(tx, transaction, event.kind.word(), &body, &faults, now)?;
    Ok(())
}
