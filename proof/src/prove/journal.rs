//! The load generator's own record: what was sent, and what came back. It is on the disk before anybody goes on.
//!
//! `sent NUMBER HASH` stands there before the first byte leaves; `got NUMBER STATUS HASH` after a whole answer was read;
//! `none NUMBER` when no answer came. At the end of each line stands the time, in milliseconds since 1970.

use anyhow::{Context as _, Result};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    appended: u64,
    synced: u64,
    is_closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// The writing side; one sync serves all who wait.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    writer: std::thread::JoinHandle<Result<()>>,
}

impl Journal {
    /// Goes on behind what is there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        let shared = Arc::new(Shared::default());
        let writer = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.write(file)
        });
        Ok(Self { shared, writer })
    }

    /// Returns when the line is on the disk.
    pub(crate) fn write(&self, line: &str) {
        let now = super::message::now().as_millis();
        let mut state = self.shared.lock();
        state.waiting.extend_from_slice(format!("{line} {now}\n").as_bytes());
        state.appended += 1;
        let own = state.appended;
        self.shared.changed.notify_all();
        while state.synced < own {
            state = self.shared.changed.wait(state).expect("no thread panics while it holds the journal");
        }
    }

    pub(crate) fn close(self) -> Result<()> {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        self.writer.join().expect("the journal's writer does not panic")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it holds the journal")
    }

    fn write(&self, mut file: File) -> Result<()> {
        loop {
            let (bytes, upto) = {
                let mut state = self.lock();
                while state.waiting.is_empty() && !state.is_closed {
                    state = self.changed.wait(state).expect("no thread panics while it holds the journal");
                }
                if state.waiting.is_empty() {
                    return Ok(());
                }
                (std::mem::take(&mut state.waiting), state.appended)
            };
            // A record that cannot be kept proves nothing: the load generator ends, and with it the run.
            if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
                eprintln!("the journal cannot be written: {error}");
                std::process::exit(1);
            }
            self.lock().synced = upto;
            self.changed.notify_all();
        }
    }
}

/// What a journal says of one number.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) hash: String,
    pub(crate) is_acknowledged: bool,
    /// Requests for it that were never answered.
    pub(crate) unanswered: u32,
}

/// A journal as it was read.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) numbers: HashMap<u64, Told>,
    /// How often each status came.
    pub(crate) statuses: std::collections::BTreeMap<u16, u64>,
}

pub(crate) fn read(path: &Path) -> Result<Record> {
    let file = File::open(path).with_context(|| format!("no journal at {}", path.display()))?;
    let mut record = Record::default();
    for line in BufReader::new(file).lines() {
        let line = line?;
        record.add(&line).with_context(|| format!("a journal does not say: {line}"))?;
    }
    Ok(record)
}

impl Record {
    fn add(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let word = words.next()?;
        let number = words.next()?.parse().ok()?;
        match word {
            "sent" => self.numbers.entry(number).or_default().hash = words.next()?.to_owned(),
            "got" => {
                let status: u16 = words.next()?.parse().ok()?;
                *self.statuses.entry(status).or_default() += 1;
                if (200..300).contains(&status) {
                    self.numbers.get_mut(&number)?.is_acknowledged = true;
                }
            }
            "none" => self.numbers.get_mut(&number)?.unanswered += 1,
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.numbers.values().map(|told| u64::from(told.is_acknowledged)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, read};

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).expect("opens");
        for line in ["sent 1 ab", "sent 2 cd", "got 1 503 ab", "none 2", "got 1 200 ab"] {
            journal.write(line);
        }
        journal.close().expect("closes");
        let record = read(&path).expect("reads");
        assert_eq!((record.numbers.len(), record.acknowledged()), (2, 1));
        assert_eq!(record.statuses.get(&503), Some(&1));
        assert_eq!((record.numbers[&2].unanswered, record.numbers[&2].hash.as_str()), (1, "cd"));
        std::fs::write(&path, "got 9 200 ab 1\n").expect("writes");
        assert!(read(&path).is_err(), "nothing is answered that was not sent");
    }
}
