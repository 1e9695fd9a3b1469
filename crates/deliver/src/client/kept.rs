//! Connections that stay open between two requests to the same receiver.
//!
//! Only deliveries use them: there are many to the same few receivers, and setting up a connection costs more than the
//! request. Each was dialled to an address that the guard had checked (T-D05), and lives no longer than a few minutes, so
//! that a name which has moved is looked up anew.

use super::target::Target;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Idle connections to one receiver, and to all together.
const PER_TARGET_MAX: usize = 64;
const ALL_MAX: usize = 1_024;
/// How long one may be idle. Most servers close theirs later.
const IDLE: Duration = Duration::from_secs(4);
/// How long one is used at all.
const LIFE: Duration = Duration::from_mins(2);

type Key = (bool, String, u16);

/// An open connection. It ends when this is dropped.
pub(super) struct Open {
    pub(super) sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
    opened_at: Instant,
    idle_since: Instant,
}

impl Open {
    pub(super) fn new(sender: SendRequest<Full<Bytes>>, driver: JoinHandle<hyper::Result<()>>) -> Self {
        let now = Instant::now();
        Self { sender, driver, opened_at: now, idle_since: now }
    }

    fn is_good(&self) -> bool {
        !self.sender.is_closed() && self.idle_since.elapsed() < IDLE && self.opened_at.elapsed() < LIFE
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[derive(Default)]
pub(super) struct Kept(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    by_target: HashMap<Key, Vec<Open>>,
    count: usize,
}

impl Kept {
    /// The one that was used last.
    pub(super) fn take(&self, target: &Target) -> Option<Open> {
        let mut idle = self.0.lock().expect("nothing panics while holding this lock");
        let key = key(target);
        while let Some(open) = idle.by_target.get_mut(&key).and_then(Vec::pop) {
            idle.count -= 1;
            if open.is_good() {
                return Some(open);
            }
        }
        idle.by_target.remove(&key);
        None
    }

    pub(super) fn put(&self, target: &Target, mut open: Open) {
        open.idle_since = Instant::now();
        let mut idle = self.0.lock().expect("nothing panics while holding this lock");
        if idle.count >= ALL_MAX {
            idle.clear_out();
        }
        let count = idle.count;
        let own = idle.by_target.entry(key(target)).or_default();
        if count < ALL_MAX && own.len() < PER_TARGET_MAX && open.is_good() {
            own.push(open);
            idle.count += 1;
        }
    }
}

impl Idle {
    fn clear_out(&mut self) {
        self.by_target.retain(|_, all| {
            all.retain(Open::is_good);
            !all.is_empty()
        });
        self.count = self.by_target.values().map(Vec::len).sum();
    }
}

fn key(target: &Target) -> Key {
    (target.is_tls, target.host.clone(), target.port)
}
