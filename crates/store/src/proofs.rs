//! What has been proved on its way in, kept in memory for the worker that settles it a moment later.
//!
//! Nothing depends on it: what is not here is read and proved once more.

use crate::operations::journal::Prepared;
use crate::{AccountId, Journaled, NotificationId, Result};
use ipnd_gateways::Interpretation;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Proofs that are kept. The work that waits longest is claimed first, so when there are so many, new ones are not
/// taken, rather than old ones dropped.
const PROOFS_MAX: usize = 512;
/// How long one is kept at least. Another node may have settled it.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// What the gateway's file has made of a notification.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(crate) account: AccountId,
    pub(crate) received_at: Timestamp,
    pub(crate) interpretation: Arc<Interpretation>,
}

#[derive(Default)]
pub(crate) struct Proofs(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    proofs: BTreeMap<NotificationId, Proof>,
    /// In the sequence of arrival, with some that are gone already.
    arrivals: VecDeque<(Instant, NotificationId)>,
}

/// Who is to hear what came of a new notification. Its proof is kept first, so that the worker that is woken by it
/// finds that.
pub(crate) struct Answer {
    proofs: Arc<Proofs>,
    proof: Option<Proof>,
    sender: oneshot::Sender<Result<Journaled>>,
}

impl Answer {
    pub(crate) fn send(self, kept: Result<Journaled>) {
        if let (Ok(Journaled::New(id)), Some(proof)) = (&kept, self.proof) {
            self.proofs.lock().keep(*id, proof, Instant::now());
        }
        // Somebody who no longer listens does not change what happened.
        let _ = self.sender.send(kept);
    }
}

impl Proofs {
    pub(crate) fn answer(self: &Arc<Self>, new: &Prepared) -> (Answer, oneshot::Receiver<Result<Journaled>>) {
        let (sender, answered) = oneshot::channel();
        (Answer { proofs: Arc::clone(self), proof: new.proof(), sender }, answered)
    }

    pub(crate) fn find(&self, id: NotificationId, account: AccountId) -> Option<Proof> {
        self.lock().proofs.get(&id).filter(|proof| proof.account == account).cloned()
    }

    /// They are claimed.
    pub(crate) fn forget(&self, ids: impl Iterator<Item = NotificationId>) {
        let mut kept = self.lock();
        for id in ids {
            kept.proofs.remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nothing panics while holding this lock")
    }
}

impl Kept {
    fn keep(&mut self, id: NotificationId, proof: Proof, now: Instant) {
        while let Some((arrived, first)) = self.arrivals.front() {
            let is_there = self.proofs.contains_key(first);
            let is_old = now.duration_since(*arrived) > KEPT_FOR;
            if is_there && !(is_old && self.proofs.len() >= PROOFS_MAX) {
                break;
            }
            self.proofs.remove(first);
            self.arrivals.pop_front();
        }
        if self.arrivals.len() < PROOFS_MAX {
            self.arrivals.push_back((now, id));
            self.proofs.insert(id, proof);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        let interpretation = Arc::new(Interpretation::events(Vec::new()));
        Proof { account: AccountId(1), received_at: Timestamp::UNIX_EPOCH, interpretation }
    }

    fn id(number: usize) -> NotificationId {
        NotificationId(i64::try_from(number).unwrap())
    }

    #[test]
    fn the_oldest_are_kept_until_they_are_claimed_or_too_old() {
        let (mut kept, began) = (Kept::default(), Instant::now());
        for number in 0..2 * PROOFS_MAX {
            kept.keep(id(number), proof(), began);
        }
        assert_eq!(kept.proofs.len(), PROOFS_MAX);
        assert!(kept.proofs.contains_key(&id(0)) && !kept.proofs.contains_key(&id(PROOFS_MAX)));
        // Claimed in the sequence of arrival: as many find room.
        (0..10).for_each(|number| drop(kept.proofs.remove(&id(number))));
        (0..20).for_each(|number| kept.keep(id(5_000 + number), proof(), began));
        assert_eq!(kept.proofs.len(), PROOFS_MAX);
        assert!(kept.proofs.contains_key(&id(5_009)) && !kept.proofs.contains_key(&id(5_010)));
        // Nobody here claims the others.
        kept.keep(id(9_000), proof(), began + 2 * KEPT_FOR);
        assert!(kept.proofs.contains_key(&id(9_000)) && !kept.proofs.contains_key(&id(10)));
        assert!(kept.arrivals.len() <= PROOFS_MAX);
    }
}
