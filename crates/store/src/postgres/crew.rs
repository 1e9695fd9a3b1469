//! Threads with a connection each that share a queue.

use super::connect::Target;
use super::worker::{Announce, Worker};
use crate::{Result, StoreError};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What may wait for a connection; beyond, callers hear [`StoreError::Busy`].
const QUEUE_MAX: usize = 8_192;

pub(super) struct Crew<J> {
    queue: Mutex<Option<SyncSender<J>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Who is in a crew.
pub(super) struct Members<'a> {
    pub(super) name: &'static str,
    pub(super) size: usize,
    /// Jobs that a thread takes at once when they are there.
    pub(super) batch_max: usize,
    pub(super) target: &'a Target,
    pub(super) announce: &'a Announce,
}

impl<J: Send + 'static> Crew<J> {
    pub(super) fn start(members: &Members<'_>, work: fn(&mut Worker, Vec<J>)) -> Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        let batch_max = members.batch_max;
        let threads = (0..members.size).map(|_| {
            let mut worker = Worker::new(members.target, members.announce);
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new().name(members.name.to_owned());
            thread
                .spawn(move || {
                    while let Some(batch) = gather(&jobs, batch_max) {
                        work(&mut worker, batch);
                    }
                })
                .map_err(|error| StoreError::Failed(format!("no thread for a connection: {error}")))
        });
        let threads = threads.collect::<Result<Vec<_>>>()?;
        Ok(Self { queue: Mutex::new(Some(queue)), threads: Mutex::new(threads) })
    }

    pub(super) fn submit(&self, job: J) -> Result<()> {
        let queue = self.queue.lock().expect("nothing panics while holding this lock");
        let queue = queue.as_ref().ok_or_else(closed)?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => closed(),
        })
    }

    /// Takes nothing more in, finishes what is queued, and closes the connections.
    pub(super) fn close(&self) {
        self.queue.lock().expect("nothing panics while holding this lock").take();
        let threads =
            std::mem::take(&mut *self.threads.lock().expect("nothing panics while holding this lock"));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a connection's thread did not end well");
            }
        }
    }
}

impl<J> Drop for Crew<J> {
    fn drop(&mut self) {
        // What waits for the threads to end is `close`; here they end by themselves.
        if let Ok(mut queue) = self.queue.lock() {
            queue.take();
        }
    }
}

fn gather<J>(jobs: &Mutex<Receiver<J>>, batch_max: usize) -> Option<Vec<J>> {
    let jobs = jobs.lock().expect("nothing panics while holding this lock");
    let mut batch = vec![jobs.recv().ok()?];
    while batch.len() < batch_max
        && let Ok(job) = jobs.try_recv()
    {
        batch.push(job);
    }
    Some(batch)
}

pub(super) fn closed() -> StoreError {
    StoreError::Failed("the store is closed".to_owned())
}
