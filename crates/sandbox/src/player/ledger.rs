//! The player's memory: what was told with its exact bytes, and every reply.

use super::fault::Fault;
use super::report::Hearing;
use crate::database::Database;
use crate::paypal::SandboxError;
use ipnd_core::Event;
use ipnd_gateways::{Gateway, RawRequest, Told};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, Transaction, params};
use std::collections::BTreeMap;

/// Rows that the pages show.
const ROWS_MAX: u32 = 100;
/// Messages that a gateway's API remembers; the oldest are forgotten first.
const TOLD_MAX: u32 = 2_000;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It has not happened yet.
    Planned,
    /// It is on its way.
    Waiting,
    /// It was sent, and will be sent again.
    Repeating,
    /// The gateway has heard what it wants to hear.
    Content,
    /// The gateway will not send it again.
    GivenUp,
    /// It was lost on purpose.
    Lost,
}

impl State {
    const ALL: [Self; 6] =
        [Self::Planned, Self::Waiting, Self::Repeating, Self::Content, Self::GivenUp, Self::Lost];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Waiting => "waiting",
            Self::Repeating => "repeating",
            Self::Content => "content",
            Self::GivenUp => "given_up",
            Self::Lost => "lost",
        }
    }

    fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(Self::GivenUp)
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Content | Self::GivenUp | Self::Lost)
    }
}

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    pub(crate) id: i64,
    pub(crate) play: i64,
    pub(crate) gateway: String,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) url: String,
    pub(crate) scenario: Option<String>,
    pub(crate) fault: Option<Fault>,
    pub(crate) speed: u32,
    pub(crate) repeats_max: u32,
    pub(crate) event: Event,
    pub(crate) state: State,
    pub(crate) hold_ms: i64,
    pub(crate) sends_left: u32,
    pub(crate) tries: u32,
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) told_at: Option<Timestamp>,
    /// What the gateway has told, and what went out instead.
    pub(crate) told: Option<RawRequest>,
    pub(crate) sent: Option<RawRequest>,
}

/// A message with every reply to it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) telling: Telling,
    pub(crate) hearings: Vec<Hearing>,
}

/// A message that is to be told.
pub(super) struct NewTelling {
    pub(super) event: Event,
    pub(super) due_in: SignedDuration,
    pub(super) hold: SignedDuration,
    pub(super) sends: u32,
}

/// What all messages of one play have in common.
pub(super) struct Play {
    pub(super) gateway: &'static Gateway,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) url: String,
    pub(super) scenario: Option<String>,
    pub(super) fault: Option<Fault>,
    pub(super) speed: u32,
    pub(super) repeats_max: u32,
}

#[derive(Clone)]
pub(crate) struct Ledger(pub(super) Database);

macro_rules! select_tellings {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.play, t.gateway, t.settings, t.url, t.scenario, t.fault, t.speed, t.repeats_max, \
             t.event, t.state, t.hold_ms, t.sends_left, t.tries, t.next_at, t.told_at, \
             a.method, a.query, a.headers, a.body, b.method, b.query, b.headers, b.body \
             FROM tellings t LEFT JOIN requests a ON a.id = t.request_id \
             LEFT JOIN requests b ON b.id = t.sent_id ",
            $rest
        )
    };
}

impl Telling {
    fn read(row: &Row<'_>) -> Result<Self, SandboxError> {
        let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let fault: Option<String> = row.get(6)?;
        Ok(Self {
            id: row.get(0)?,
            play: row.get(1)?,
            gateway: row.get(2)?,
            settings: serde_json::from_str(&row.get::<_, String>(3)?)?,
            url: row.get(4)?,
            scenario: row.get(5)?,
            fault: fault.as_deref().and_then(Fault::from_word),
            speed: row.get(7)?,
            repeats_max: row.get(8)?,
            event: serde_json::from_str(&row.get::<_, String>(9)?)?,
            state: State::from_word(&row.get::<_, String>(10)?),
            hold_ms: row.get(11)?,
            sends_left: row.get(12)?,
            tries: row.get(13)?,
            next_at: row.get::<_, Option<i64>>(14)?.map(time),
            told_at: row.get::<_, Option<i64>>(15)?.map(time),
            told: read_request(row, 16)?,
            sent: read_request(row, 20)?,
        })
    }

    /// The pause before the repeat after this many tries; `None` when there is none.
    pub(super) fn pause(&self, retries: &[u32]) -> Option<SignedDuration> {
        let index = usize::try_from(self.tries).ok()?.checked_sub(1)?;
        let seconds = retries.get(index).filter(|_| self.tries <= self.repeats_max)?;
        Some(faster(SignedDuration::from_secs(i64::from(*seconds)), self.speed))
    }
}

/// What this time is in the player's own time, where everything goes faster.
pub(super) fn faster(time: SignedDuration, speed: u32) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX) / i64::from(speed.max(1)))
}

fn read_request(row: &Row<'_>, first: usize) -> Result<Option<RawRequest>, SandboxError> {
    let Some(method) = row.get::<_, Option<String>>(first)? else { return Ok(None) };
    Ok(Some(RawRequest {
        method,
        query: row.get(first + 1)?,
        headers: serde_json::from_str(&row.get::<_, String>(first + 2)?)?,
        body: row.get(first + 3)?,
    }))
}

fn insert_request(tx: &Transaction<'_>, request: &RawRequest) -> Result<i64, SandboxError> {
    tx.execute(
        "INSERT INTO requests (method, query, headers, body) VALUES (?1, ?2, ?3, ?4)",
        params![request.method, request.query, serde_json::to_string(&request.headers)?, request.body],
    )?;
    Ok(tx.last_insert_rowid())
}

/// Whether this gateway has told exactly these bytes.
pub(crate) fn told_these_bytes(
    tx: &Transaction<'_>,
    gateway: &str,
    body: &[u8],
) -> Result<bool, SandboxError> {
    let mut statement = tx.prepare(
        "SELECT 1 FROM tellings t JOIN requests r ON r.id = t.request_id \
         WHERE t.gateway = ?1 AND r.body = ?2 LIMIT 1",
    )?;
    Ok(statement.exists(params![gateway, body])?)
}

impl Ledger {
    /// Plans all messages of a play; gives its number.
    pub(super) async fn plan(&self, play: Play, tellings: Vec<NewTelling>) -> Result<i64, SandboxError> {
        self.0
            .run(move |tx, now| {
                let mut number = 0;
                let settings = serde_json::to_string(&play.settings)?;
                for telling in tellings {
                    let next_at = now.checked_add(telling.due_in).unwrap_or(now);
                    tx.execute(
                        "INSERT INTO tellings (play, gateway, settings, url, scenario, fault, speed, \
                                               repeats_max, event, state, hold_ms, sends_left, next_at) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                        params![
                            number,
                            play.gateway.id,
                            settings,
                            play.url,
                            play.scenario,
                            play.fault.map(Fault::word),
                            play.speed,
                            play.repeats_max,
                            serde_json::to_string(&telling.event)?,
                            State::Planned.word(),
                            i64::try_from(telling.hold.as_millis()).unwrap_or(i64::MAX),
                            telling.sends,
                            next_at.as_millisecond(),
                        ],
                    )?;
                    if number == 0 {
                        number = tx.last_insert_rowid();
                        tx.execute("UPDATE tellings SET play = id WHERE id = ?1", [number])?;
                    }
                }
                Ok(number)
            })
            .await
    }

    /// Messages with something to do now, the longest waiting first.
    pub(super) async fn due(&self) -> Result<Vec<Telling>, SandboxError> {
        self.0
            .run(|tx, now| {
                let mut statement =
                    tx.prepare(select_tellings!("WHERE t.next_at <= ?1 ORDER BY t.next_at, t.id LIMIT ?2"))?;
                read_all(&mut statement, params![now.as_millisecond(), ROWS_MAX])
            })
            .await
    }

    /// How long there is nothing to do.
    pub(super) async fn next_due_in(&self) -> Result<Option<SignedDuration>, SandboxError> {
        self.0
            .run(|tx, now| {
                let now = now.as_millisecond();
                let next: Option<i64> =
                    tx.query_row("SELECT min(next_at) FROM tellings WHERE next_at > ?1", [now], |row| {
                        row.get(0)
                    })?;
                Ok(next.map(|next| SignedDuration::from_millis(next - now)))
            })
            .await
    }

    /// It has happened: keeps what was written. A repeat that was written anew takes the place of the first one.
    pub(super) async fn wrote(
        &self,
        id: i64,
        told: RawRequest,
        sent: Option<RawRequest>,
        (state, wait): (State, Option<SignedDuration>),
    ) -> Result<(), SandboxError> {
        self.0
            .run(move |tx, now| {
                let old: (Option<i64>, Option<i64>) =
                    tx.query_row("SELECT request_id, sent_id FROM tellings WHERE id = ?1", [id], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                let request_id = insert_request(tx, &told)?;
                let sent_id = sent.map(|sent| insert_request(tx, &sent)).transpose()?;
                let next_at = wait.and_then(|wait| now.checked_add(wait).ok()).map(Timestamp::as_millisecond);
                tx.execute(
                    "UPDATE tellings SET request_id = ?2, sent_id = ?3, state = ?4, next_at = ?5, \
                                         told_at = coalesce(told_at, ?6) WHERE id = ?1",
                    params![id, request_id, sent_id, state.word(), next_at, now.as_millisecond()],
                )?;
                for old in [old.0, old.1].into_iter().flatten() {
                    tx.execute("DELETE FROM requests WHERE id = ?1", [old])?;
                }
                Ok(())
            })
            .await
    }

    /// Keeps a reply, and when the message is sent again, if it is.
    pub(super) async fn heard(
        &self,
        id: i64,
        hearing: Hearing,
        (state, pause): (State, Option<SignedDuration>),
        is_sent: bool,
    ) -> Result<(), SandboxError> {
        self.0
            .run(move |tx, now| {
                tx.execute(
                    "INSERT INTO hearings (telling_id, at, status, body, error, is_content) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        id,
                        hearing.at.as_millisecond(),
                        hearing.status,
                        hearing.body,
                        hearing.error,
                        hearing.is_content
                    ],
                )?;
                let next_at =
                    pause.and_then(|pause| now.checked_add(pause).ok()).map(Timestamp::as_millisecond);
                tx.execute(
                    "UPDATE tellings SET tries = tries + 1, sends_left = sends_left - ?4, state = ?2, \
                                         next_at = ?3 WHERE id = ?1",
                    params![id, state.word(), next_at, u32::from(is_sent)],
                )?;
                Ok(())
            })
            .await
    }

    /// What this gateway has told so far, in its sequence.
    pub(super) async fn told(&self, gateway: &str) -> Result<Vec<Told>, SandboxError> {
        let gateway = gateway.to_owned();
        self.0
            .run(move |tx, _| {
                let mut statement = tx.prepare(select_tellings!(
                    "WHERE t.gateway = ?1 AND t.request_id IS NOT NULL ORDER BY t.id DESC LIMIT ?2"
                ))?;
                let tellings = read_all(&mut statement, params![gateway, TOLD_MAX])?.into_iter().rev();
                let told = tellings.filter_map(|telling| Some((telling.event, telling.told?)));
                Ok(told.map(|(event, request)| Told { event, request }).collect())
            })
            .await
    }

    /// Newest first; of one gateway or of all.
    pub(crate) async fn newest(&self, gateway: Option<&str>) -> Result<Vec<Kept>, SandboxError> {
        let gateway = gateway.map(str::to_owned);
        self.0
            .run(move |tx, _| {
                let statement = tx.prepare(select_tellings!(
                    "WHERE ?1 IS NULL OR t.gateway = ?1 ORDER BY t.id DESC LIMIT ?2"
                ))?;
                kept(tx, statement, params![gateway, ROWS_MAX])
            })
            .await
    }

    /// The messages of one play, in their sequence.
    pub(crate) async fn play(&self, play: i64) -> Result<Vec<Kept>, SandboxError> {
        self.0
            .run(move |tx, _| {
                let statement = tx.prepare(select_tellings!("WHERE t.play = ?1 ORDER BY t.id"))?;
                kept(tx, statement, [play])
            })
            .await
    }

    pub(crate) async fn telling(&self, id: i64) -> Result<Option<Kept>, SandboxError> {
        self.0
            .run(move |tx, _| {
                let statement = tx.prepare(select_tellings!("WHERE t.id = ?1"))?;
                Ok(kept(tx, statement, [id])?.pop())
            })
            .await
    }

    /// Has a message sent once more.
    pub(crate) async fn resend(&self, id: i64) -> Result<bool, SandboxError> {
        self.0
            .run(move |tx, now| {
                let changed = tx.execute(
                    "UPDATE tellings SET state = ?3, next_at = ?2, sends_left = max(sends_left, 1) \
                     WHERE id = ?1 AND request_id IS NOT NULL",
                    params![id, now.as_millisecond(), State::Waiting.word()],
                )?;
                Ok(changed == 1)
            })
            .await
    }
}

fn read_all(
    statement: &mut rusqlite::Statement<'_>,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Telling>, SandboxError> {
    let mut rows = statement.query(parameters)?;
    let mut tellings = Vec::new();
    while let Some(row) = rows.next()? {
        tellings.push(Telling::read(row)?);
    }
    Ok(tellings)
}

/// The rows of a query for messages, each with its replies.
fn kept(
    tx: &Transaction<'_>,
    mut statement: rusqlite::Statement<'_>,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Kept>, SandboxError> {
    let mut hearings = tx.prepare(
        "SELECT at, status, body, error, is_content FROM hearings WHERE telling_id = ?1 ORDER BY rowid",
    )?;
    let mut rows = statement.query(parameters)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let telling = Telling::read(row)?;
        let hearings = hearings.query_map([telling.id], read_hearing)?.collect::<rusqlite::Result<_>>()?;
        all.push(Kept { telling, hearings });
    }
    Ok(all)
}

fn read_hearing(row: &Row<'_>) -> rusqlite::Result<Hearing> {
    Ok(Hearing {
        at: Timestamp::from_millisecond(row.get(0)?).unwrap_or(Timestamp::UNIX_EPOCH),
        status: row.get(1)?,
        body: row.get(2)?,
        error: row.get(3)?,
        is_content: row.get(4)?,
    })
}
