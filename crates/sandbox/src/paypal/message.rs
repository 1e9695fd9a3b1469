//! Notifications on their way: the schedule of repeats, and the history that PayPal shows as "IPN history".

use super::SandboxError;
use super::faults::Faults;
use super::ledger::{Ledger, read_faults};
use super::transaction::Transaction;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};

/// Repeats after the first attempt; with doubling pauses they end after almost three days.
pub(crate) const REPEATS_MAX: u32 = 15;
const FIRST_PAUSE_MS: i64 = 10_000;
const PAUSE_MS_MAX: i64 = 24 * 3600 * 1000;
/// Rows that the history shows.
const ROWS_MAX: u32 = 200;

/// PayPal's own five words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Retrying,
    Sent,
    Failed,
    Disabled,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "queued" => Self::Queued,
            "retrying" => Self::Retrying,
            "sent" => Self::Sent,
            "disabled" => Self::Disabled,
            _ => Self::Failed,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) transaction: String,
    pub(crate) what: String,
    pub(crate) url: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) composed_at: Timestamp,
    pub(crate) state: State,
    pub(crate) tries: u32,
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) last_status: Option<u16>,
    pub(crate) last_error: Option<String>,
    pub(crate) resend_of: Option<i64>,
}

/// One attempt to deliver a message.
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
}

/// A query for whole messages, in the sequence in which [`Message::read`] takes the columns.
macro_rules! select_messages {
    ($rest:literal) => {
        concat!(
            "SELECT id, transaction_id, what, url, body, composed_at, state, tries, next_at, last_status, \
             last_error, resend_of FROM messages ",
            $rest
        )
    };
}

impl Message {
    pub(super) fn insert(
        tx: &rusqlite::Transaction<'_>,
        transaction: &Transaction,
        what: &str,
        body: &[u8],
        faults: &Faults,
        now: Timestamp,
    ) -> Result<(), SandboxError> {
        let url = transaction.order.notify_url.as_deref();
        let is_disabled = faults.is_disabled || url.is_none();
        let state = if is_disabled { State::Disabled } else { State::Queued };
        let next_at = (!is_disabled && !faults.is_holding).then(|| now.as_millisecond());
        tx.execute(
            "INSERT INTO messages (transaction_id, what, url, body, composed_at, state, sends_left, next_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                transaction.id,
                what,
                url,
                body,
                now.as_millisecond(),
                state.word(),
                if faults.is_doubling { 2 } else { 1 },
                next_at,
            ],
        )?;
        Ok(())
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Self {
            id: row.get(0)?,
            transaction: row.get(1)?,
            what: row.get(2)?,
            url: row.get(3)?,
            body: row.get(4)?,
            composed_at: time(row.get(5)?),
            state: State::from_word(&row.get::<_, String>(6)?),
            tries: row.get(7)?,
            next_at: row.get::<_, Option<i64>>(8)?.map(time),
            last_status: row.get(9)?,
            last_error: row.get(10)?,
            resend_of: row.get(11)?,
        })
    }

    /// The text of its state in the catalogue.
    pub(crate) fn state_key(&self) -> String {
        let word = if self.is_held() { "held" } else { self.state.word() };
        format!("message.state.{word}")
    }

    /// The colour of its state.
    pub(crate) fn tone(&self) -> &'static str {
        match self.state {
            State::Sent => "tone-good",
            State::Queued | State::Retrying => "tone-wait",
            State::Failed => "tone-bad",
            State::Disabled => "tone-calm",
        }
    }

    /// Held back on purpose: neither over nor due.
    pub(crate) fn is_held(&self) -> bool {
        self.state == State::Queued && self.next_at.is_none()
    }
}

/// The pause before the repeat with this number (the first repeat is number 1).
pub(crate) fn pause(repeat: u32, speed: u32) -> SignedDuration {
    let doubled = FIRST_PAUSE_MS.checked_shl(repeat.saturating_sub(1).min(30)).unwrap_or(PAUSE_MS_MAX);
    SignedDuration::from_millis(doubled.min(PAUSE_MS_MAX) / i64::from(speed.max(1)))
}

impl Ledger {
    /// The history, newest first; of one transaction or of all.
    pub(crate) async fn messages(&self, transaction: Option<&str>) -> Result<Vec<Message>, SandboxError> {
        let transaction = transaction.map(ToOwned::to_owned);
        self.run(move |tx, _| {
            let mut statement = tx.prepare(select_messages!(
                "WHERE ?1 IS NULL OR transaction_id = ?1 ORDER BY id DESC LIMIT ?2"
            ))?;
            let rows = statement.query_map(params![transaction, ROWS_MAX], Message::read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn message(&self, id: i64) -> Result<Option<(Message, Vec<Attempt>)>, SandboxError> {
        self.run(move |tx, _| {
            let query = select_messages!("WHERE id = ?1");
            let Some(message) = tx.query_row(query, [id], Message::read).optional()? else {
                return Ok(None);
            };
            let mut statement = tx.prepare(
                "SELECT at, status, error FROM attempts WHERE message_id = ?1 ORDER BY rowid DESC LIMIT ?2",
            )?;
            let attempts = statement.query_map(params![id, ROWS_MAX], |row| {
                let at = Timestamp::from_millisecond(row.get(0)?).unwrap_or(Timestamp::UNIX_EPOCH);
                Ok(Attempt { at, status: row.get(1)?, error: row.get(2)? })
            })?;
            Ok(Some((message, attempts.collect::<rusqlite::Result<_>>()?)))
        })
        .await
    }

    /// Messages that are due, the longest waiting first.
    pub(crate) async fn due(&self) -> Result<Vec<Message>, SandboxError> {
        self.run(|tx, now| {
            let mut statement =
                tx.prepare(select_messages!("WHERE next_at <= ?1 ORDER BY next_at, id LIMIT ?2"))?;
            let rows = statement.query_map(params![now.as_millisecond(), ROWS_MAX], Message::read)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// When the next message falls due that is not due yet.
    pub(crate) async fn next_due_in(&self) -> Result<Option<SignedDuration>, SandboxError> {
        self.run(|tx, now| {
            let now = now.as_millisecond();
            let next: Option<i64> =
                tx.query_row("SELECT min(next_at) FROM messages WHERE next_at > ?1", [now], |row| {
                    row.get(0)
                })?;
            Ok(next.map(|next| SignedDuration::from_millis(next - now)))
        })
        .await
    }

    /// Records an attempt. Only status 200 counts as received; everything else is repeated.
    pub(crate) async fn record_attempt(
        &self,
        id: i64,
        answer: Result<u16, String>,
    ) -> Result<(), SandboxError> {
        self.run(move |tx, now| {
            let (status, error) = match answer {
                Ok(status) => (Some(status), None),
                Err(error) => (None, Some(error)),
            };
            tx.execute(
                "INSERT INTO attempts (message_id, at, status, error) VALUES (?1, ?2, ?3, ?4)",
                params![id, now.as_millisecond(), status, error],
            )?;
            let (tries, sends_left): (u32, u32) = tx.query_row(
                "UPDATE messages SET tries = tries + 1, last_status = ?2, last_error = ?3, \
                        sends_left = sends_left - ?4 WHERE id = ?1 RETURNING tries, sends_left",
                params![id, status, error, u32::from(status == Some(200))],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let speed = read_faults(tx)?.speed;
            let (state, next_at) = match status {
                Some(200) if sends_left == 0 => (State::Sent, None),
                Some(200) => (State::Queued, Some(now)),
                _ if tries > REPEATS_MAX => (State::Failed, None),
                _ => (State::Retrying, now.checked_add(pause(tries, speed)).ok()),
            };
            tx.execute(
                "UPDATE messages SET state = ?2, next_at = ?3 WHERE id = ?1",
                params![id, state.word(), next_at.map(Timestamp::as_millisecond)],
            )?;
            Ok(())
        })
        .await
    }

    /// Sends a message again by hand: a new message, marked `resend=true`, with bytes of its own.
    pub(crate) async fn resend(&self, id: i64) -> Result<bool, SandboxError> {
        self.run(move |tx, now| {
            let inserted = tx.execute(
                "INSERT INTO messages (transaction_id, what, url, body, composed_at, state, sends_left, next_at, \
                                       resend_of) \
                 SELECT transaction_id, what, url, \
                        CASE WHEN resend_of IS NULL THEN CAST(body || ?3 AS BLOB) ELSE body END, \
                        ?2, 'queued', 1, ?2, coalesce(resend_of, id) \
                 FROM messages WHERE id = ?1 AND url IS NOT NULL",
                params![id, now.as_millisecond(), b"&resend=true".as_slice()],
            )?;
            Ok(inserted == 1)
        })
        .await
    }

    /// Lets go of everything held back: in the sequence in which it happened, or the other way round.
    pub(crate) async fn release(&self, is_reversed: bool) -> Result<(), SandboxError> {
        let direction = if is_reversed { -1 } else { 1 };
        self.run(move |tx, now| {
            // One millisecond apart, so that the sender, which goes by time, keeps the sequence.
            tx.execute(
                "UPDATE messages SET next_at = ?1 + place.number FROM \
                 (SELECT id, row_number() OVER (ORDER BY id * ?2) AS number FROM messages \
                  WHERE state = 'queued' AND next_at IS NULL) AS place \
                 WHERE messages.id = place.id",
                [now.as_millisecond(), direction],
            )?;
            Ok(())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_ten_seconds_up_to_a_day() {
        let seconds = |repeat| pause(repeat, 1).as_secs();
        assert_eq!([seconds(1), seconds(2), seconds(3), seconds(14)], [10, 20, 40, 81_920]);
        assert_eq!(seconds(15), 86_400);
        assert_eq!(seconds(400), 86_400);
        assert_eq!(pause(1, 10).as_secs(), 1);
        let all: i64 = (1..=REPEATS_MAX).map(seconds).sum();
        assert_eq!(all / 60, 69 * 60 + 30, "fifteen repeats end after 69.5 hours");
    }
}
