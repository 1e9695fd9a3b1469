//! Keeping what comes in, in batches: whatever has gathered while the last batch was committed is one statement and one
//! commit.

use super::db::Session;
use super::worker::Worker;
use crate::operations::Desk;
use crate::operations::journal::{self, Prepared};
use crate::proofs::Answer;
use crate::{Change, Journaled, NotificationId, Result, StoreError};
use std::collections::HashMap;

/// A notification that somebody waits to have kept.
pub(super) struct Arrival {
    pub(super) new: Prepared,
    pub(super) waiting_max: u32,
    pub(super) answer: Answer,
}

pub(super) fn keep(worker: &mut Worker, batch: Vec<Arrival>) {
    let kept = worker.write(|session, desk| keep_all(session, desk, &batch));
    match kept {
        Ok(answers) => {
            for (arrival, answer) in batch.into_iter().zip(answers) {
                arrival.answer.send(answer);
            }
        }
        // One that cannot be kept must not take the others with it.
        Err(StoreError::Failed(_)) if batch.len() > 1 => {
            for arrival in batch {
                let kept = worker.write(|_, desk| journal::journal(desk, &arrival.new, arrival.waiting_max));
                arrival.answer.send(kept);
            }
        }
        Err(error) => {
            for arrival in batch {
                arrival.answer.send(Err(error.clone()));
            }
        }
    }
}

fn keep_all(session: &Session, desk: &mut Desk<'_>, batch: &[Arrival]) -> Result<Vec<Result<Journaled>>> {
    let many = with_room(desk, batch)?;
    let mut answers: Vec<Option<Result<Journaled>>> = batch.iter().map(|_| None).collect();
    let mut fresh = insert(session, batch, &many)?;
    for index in many {
        if let Some(id) = fresh.remove(&batch[index].new.key()) {
            desk.announce_new(Change::Notification(id));
            answers[index] = Some(Ok(Journaled::New(id)));
        }
    }
    if answers.iter().any(Option::is_some) {
        desk.announce(Change::Work);
    }
    // Copies, unknown accounts, and what came to accounts that are nearly full.
    for (index, answer) in answers.iter_mut().enumerate() {
        if answer.is_none() {
            *answer = Some(match journal::journal(desk, &batch[index].new, batch[index].waiting_max) {
                Ok(journaled) => Ok(journaled),
                Err(error @ (StoreError::TooManyWaiting | StoreError::Conflict(_))) => Err(error),
                Err(error) => return Err(error),
            });
        }
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Those of the batch that may be written together: of accounts that have room for all of theirs.
fn with_room(desk: &Desk<'_>, batch: &[Arrival]) -> Result<Vec<usize>> {
    let mut of_account: HashMap<(i64, u32), Vec<usize>> = HashMap::new();
    for (index, arrival) in batch.iter().enumerate() {
        of_account.entry((arrival.new.account(), arrival.waiting_max)).or_default().push(index);
    }
    let mut many = Vec::new();
    for ((account, waiting_max), indices) in of_account {
        let these = u32::try_from(indices.len()).unwrap_or(u32::MAX);
        let room_for_these = waiting_max.saturating_sub(these.saturating_sub(1));
        if waiting_max == u32::MAX || !desk.is_full(account, room_for_these)? {
            many.extend(indices);
        }
    }
    many.sort_unstable();
    Ok(many)
}

type Key = (i64, Vec<u8>, String);

/// Writes what is new, in the sequence of arrival, and gives the ids. What is there already is left out.
fn insert(session: &Session, batch: &[Arrival], which: &[usize]) -> Result<HashMap<Key, NotificationId>> {
    if which.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<journal::Columns<'_>> = which.iter().map(|index| batch[*index].new.columns()).collect();
    let accounts: Vec<i64> = rows.iter().map(|row| row.account).collect();
    let times: Vec<&str> = rows.iter().map(|row| row.received_at.as_str()).collect();
    let methods: Vec<&str> = rows.iter().map(|row| row.method).collect();
    let queries: Vec<&str> = rows.iter().map(|row| row.query).collect();
    let remotes: Vec<Option<&str>> = rows.iter().map(|row| row.remote.as_deref()).collect();
    let bodies: Vec<&[u8]> = rows.iter().map(|row| row.body).collect();
    let headers: Vec<&str> = rows.iter().map(|row| row.headers).collect();
    let hashes: Vec<&[u8]> = rows.iter().map(|row| row.body_sha256).collect();
    let kept = session.query_arrays(
        "WITH arrivals AS (
             SELECT * FROM unnest(?1::bigint[], ?2::text[], ?3::text[], ?4::text[], ?5::text[], ?6::bytea[],
                 ?7::text[], ?8::bytea[]) WITH ORDINALITY
             AS a (account_id, received_at, method, query, remote, body, headers, body_sha256, place)
         ), kept AS (
             INSERT INTO notifications
                 (received_at, method, query, remote, body, body_sha256, account_id, shop_id)
             SELECT a.received_at, a.method, a.query, a.remote, a.body, a.body_sha256, a.account_id, s.shop_id
             FROM arrivals a JOIN accounts s ON s.id = a.account_id
             WHERE NOT EXISTS (SELECT 1 FROM notifications n WHERE n.account_id = a.account_id
                 AND substr(n.body_sha256, 1, 16) = substr(a.body_sha256, 1, 16) AND n.query = a.query)
             ORDER BY a.place
             ON CONFLICT (account_id, substr(body_sha256, 1, 16), query) DO NOTHING
             RETURNING id, received_at, account_id, shop_id, body_sha256, query
         ), first AS (
             SELECT DISTINCT ON (account_id, body_sha256, query) account_id, body_sha256, query, headers
             FROM arrivals ORDER BY account_id, body_sha256, query, place
         ), with_headers AS (
             INSERT INTO notification_headers (notification_id, headers)
             SELECT k.id, f.headers FROM kept k JOIN first f USING (account_id, body_sha256, query)
         ), checked AS (
             INSERT INTO checks (notification_id, state, due_at, account_id, shop_id)
             SELECT id, 'waiting', received_at, account_id, shop_id FROM kept
         )
         SELECT id, account_id, body_sha256, query FROM kept",
        &[&accounts, &times, &methods, &queries, &remotes, &bodies, &headers, &hashes],
    )?;
    let keyed = kept.iter().map(|row| {
        Ok(((row.try_get(1)?, row.try_get(2)?, row.try_get(3)?), NotificationId(row.try_get(0)?)))
    });
    keyed.collect()
}
