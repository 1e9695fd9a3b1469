//! Nodes tell each other what has changed, by `LISTEN` and `NOTIFY`.
//!
//! Notices only make things quicker: whoever misses one finds out by looking. So they are gathered for a moment and
//! sent outside the transactions they tell of, where they cannot hold up a commit.

use super::connect::Target;
use crate::{Change, NotificationId, OrderId, Result, StoreError};
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator as _;
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// Changes that wait to be told; more than these are not told one by one.
const QUEUE_MAX: usize = 4_096;
/// A notice holds at most 8,000 bytes.
const NOTICE_BYTES_MAX: usize = 7_000;
/// How long changes gather before they are told.
const GATHER_FOR: Duration = Duration::from_millis(10);
/// How often a thread looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// After the connection was lost.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);

pub(super) struct Notices {
    queue: Arc<Mutex<Option<SyncSender<Change>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Notices {
    pub(super) fn start(target: &Target, node: &str, changes: &broadcast::Sender<Change>) -> Result<Self> {
        let (queue, told) = sync_channel(QUEUE_MAX);
        let queue = Arc::new(Mutex::new(Some(queue)));
        let teller = Teller { target: target.clone(), node: node.to_owned(), told };
        let listener = Listener {
            target: target.clone(),
            node: node.to_owned(),
            changes: changes.clone(),
            is_open: Arc::clone(&queue),
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned());
            thread.spawn(run).map_err(|error| StoreError::Failed(format!("no thread for notices: {error}")))
        };
        let threads = vec![
            spawn("store-tell", Box::new(move || teller.run()))?,
            spawn("store-listen", Box::new(move || listener.run()))?,
        ];
        Ok(Self { queue, threads: Mutex::new(threads) })
    }

    /// Tells the other nodes, soon. When too much waits already, they will have to look.
    pub(super) fn tell(&self, change: Change) {
        if let Some(queue) = &*self.queue.lock().expect("nothing panics while holding this lock") {
            let _ = queue.try_send(change);
        }
    }

    pub(super) fn close(&self) {
        self.queue.lock().expect("nothing panics while holding this lock").take();
        let threads =
            std::mem::take(&mut *self.threads.lock().expect("nothing panics while holding this lock"));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        if let Ok(mut queue) = self.queue.lock() {
            queue.take();
        }
    }
}

struct Teller {
    target: Target,
    node: String,
    told: Receiver<Change>,
}

impl Teller {
    fn run(self) {
        let mut client = None;
        while let Ok(first) = self.told.recv() {
            let mut known = HashSet::from([first]);
            let mut gathered = vec![first];
            let since = Instant::now();
            while gathered.len() < QUEUE_MAX
                && let Ok(change) = self.told.recv_timeout(GATHER_FOR.saturating_sub(since.elapsed()))
            {
                if known.insert(change) {
                    gathered.push(change);
                }
            }
            for notice in notices(&self.node, &gathered) {
                if self.send(&mut client, &notice).is_err() {
                    client = None;
                    break;
                }
            }
        }
    }

    fn send(&self, client: &mut Option<Client>, notice: &str) -> Result<()> {
        let client = match client {
            Some(client) => client,
            None => client.insert(self.target.connect()?),
        };
        client.execute("SELECT pg_notify('ipnd', $1)", &[&notice])?;
        Ok(())
    }
}

struct Listener {
    target: Target,
    node: String,
    changes: broadcast::Sender<Change>,
    is_open: Arc<Mutex<Option<SyncSender<Change>>>>,
}

impl Listener {
    fn run(self) {
        let is_open = || self.is_open.lock().expect("nothing panics while holding this lock").is_some();
        while is_open() {
            if let Err(error) = self.listen(&is_open) {
                tracing::debug!(%error, "the database's notices cannot be heard just now");
                std::thread::park_timeout(RECONNECT_AFTER);
            }
        }
    }

    fn listen(&self, is_open: &dyn Fn() -> bool) -> Result<()> {
        let mut client = self.target.connect()?;
        client.batch_execute("LISTEN ipnd")?;
        // Whatever was said while nobody listened.
        let _ = self.changes.send(Change::Work);
        while is_open() {
            {
                let mut notifications = client.notifications();
                let mut heard = notifications.timeout_iter(LOOK_EVERY);
                while let Some(notice) = heard.next()? {
                    for change in read(&self.node, notice.payload()) {
                        let _ = self.changes.send(change);
                    }
                }
            }
            if client.is_closed() {
                return Err(StoreError::Unreachable("the connection was closed".to_owned()));
            }
        }
        Ok(())
    }
}

/// `NODE o12 n34 w`, as many as are needed.
fn notices(node: &str, changes: &[Change]) -> Vec<String> {
    let mut notices = Vec::new();
    let mut notice = node.to_owned();
    for change in changes {
        let word = match change {
            Change::Order(OrderId(id)) => format!(" o{id}"),
            Change::Notification(NotificationId(id)) => format!(" n{id}"),
            Change::Work => " w".to_owned(),
        };
        if notice.len() + word.len() > NOTICE_BYTES_MAX {
            notices.push(std::mem::replace(&mut notice, node.to_owned()));
        }
        notice.push_str(&word);
    }
    notices.push(notice);
    notices
}

/// What another node has told; nothing where it was this one.
fn read(own: &str, notice: &str) -> Vec<Change> {
    let mut words = notice.split(' ');
    if words.next() == Some(own) {
        return Vec::new();
    }
    let read = |word: &str| match word.split_at_checked(1)? {
        ("w", "") => Some(Change::Work),
        ("o", id) => id.parse().ok().map(OrderId).map(Change::Order),
        ("n", id) => id.parse().ok().map(NotificationId).map(Change::Notification),
        _ => None,
    };
    words.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard_by_others_and_not_by_oneself() {
        let changes: Vec<Change> = (0..3_000)
            .flat_map(|id| [Change::Order(OrderId(id)), Change::Notification(NotificationId(id))])
            .chain([Change::Work])
            .collect();
        let notices = notices("a", &changes);
        assert!(notices.iter().all(|notice| notice.len() < 8_000));
        let heard: Vec<Change> = notices.iter().flat_map(|notice| read("b", notice)).collect();
        assert_eq!(heard, changes);
        assert!(notices.iter().all(|notice| read("a", notice).is_empty()));
        assert!(read("b", "a x9 o nine 9").is_empty());
    }
}
