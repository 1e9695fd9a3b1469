//! How hard each account's gateway is asked: a few at a time, and for a while not at all when it does not answer.
//!
//! Without this, one gateway that hangs would hold every slot for as long as its time-outs last, and the other
//! accounts would wait behind it (T-D11, T-G07).

use ipnd_store::{AccountId, Clock};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Questions in flight, for all accounts together.
const AT_ONCE: usize = 8;
/// Questions in flight for one account.
const AT_ONCE_PER_ACCOUNT: usize = 4;
/// Failures in a row after which an account's gateway is left alone ...
const FAILURES_MAX: u32 = 3;
/// ... for this long.
pub(crate) const REST: SignedDuration = SignedDuration::from_secs(30);

pub(crate) struct Pace {
    all: Arc<Semaphore>,
    accounts: Mutex<HashMap<AccountId, Account>>,
}

struct Account {
    slots: Arc<Semaphore>,
    failures: u32,
    rests_since: Option<Timestamp>,
}

/// May be asked now; asking is over when this is dropped.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] [OwnedSemaphorePermit; 2]);

impl Pace {
    pub(crate) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), accounts: Mutex::default() }
    }

    /// Waits for a turn; `None` when the account's gateway is being left alone.
    pub(crate) async fn turn(&self, account: AccountId, clock: &Clock) -> Option<Turn> {
        let slots = self.with(account, |account| Arc::clone(&account.slots));
        let own = slots.acquire_owned().await.expect("never closed");
        // Asked after the wait: the ones before may have found out that nobody answers.
        if self.rests(account, clock.now()) {
            return None;
        }
        let all = Arc::clone(&self.all).acquire_owned().await.expect("never closed");
        Some(Turn([own, all]))
    }

    /// Takes note of how asking went.
    pub(crate) fn went(&self, account: AccountId, well: bool, now: Timestamp) {
        self.with(account, |account| {
            account.failures = if well { 0 } else { account.failures.saturating_add(1) };
            account.rests_since = (account.failures >= FAILURES_MAX).then_some(now);
        });
    }

    fn rests(&self, account: AccountId, now: Timestamp) -> bool {
        // A clock that was set back must not make a short rest a long one.
        let is_recent = |since: Timestamp| (SignedDuration::ZERO..REST).contains(&now.duration_since(since));
        self.with(account, |account| account.rests_since.is_some_and(is_recent))
    }

    fn with<T>(&self, account: AccountId, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.accounts.lock().expect("nothing panics while holding this lock");
        act(accounts.entry(account).or_insert_with(|| Account {
            slots: Arc::new(Semaphore::new(AT_ONCE_PER_ACCOUNT)),
            failures: 0,
            rests_since: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ONE: AccountId = AccountId(1);
    const OTHER: AccountId = AccountId(2);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn t_d11_a_silent_gateway_is_left_alone_for_a_while() {
        let pace = Pace::new();
        for _ in 0..FAILURES_MAX {
            assert!(!pace.rests(ONE, at(0)));
            pace.went(ONE, false, at(0));
        }
        assert!(pace.rests(ONE, at(29)) && !pace.rests(OTHER, at(29)));
        assert!(!pace.rests(ONE, at(30)), "then it is tried again");
        assert!(!pace.rests(ONE, at(-3600)), "also when the clock was set back");
        pace.went(ONE, false, at(30));
        assert!(pace.rests(ONE, at(31)), "and one more failure is enough");
        pace.went(ONE, true, at(60));
        assert!(!pace.rests(ONE, at(60)));
    }

    #[tokio::test]
    async fn t_g07_one_account_does_not_take_every_slot() {
        let (pace, clock) = (Pace::new(), Clock::manual(at(0)));
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE_PER_ACCOUNT {
            turns.push(pace.turn(ONE, &clock).await.unwrap());
        }
        let waiting = tokio::time::timeout(Duration::ZERO, pace.turn(ONE, &clock)).await;
        assert!(waiting.is_err(), "the account has used up its share");
        assert!(pace.turn(OTHER, &clock).await.is_some());
    }
}
