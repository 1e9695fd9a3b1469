//! Accounts that were asked for a moment ago, with their settings checked.
//!
//! Every notification names its account by a token. Reading and checking it anew each time would cost more than writing
//! the notification down. What this process changes is forgotten at once; what another node changes is noticed within
//! [`KEPT`].

use ipnd_gateways::{Gateway, Settings};
use ipnd_store::Account;
use metrics::{Counter, counter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How old what is kept may be.
const KEPT: Duration = Duration::from_secs(1);
/// More accounts than any installation has; a bound all the same.
const ACCOUNTS_MAX: usize = 10_000;

/// An account that notifications can be looked at for.
pub(crate) struct Known {
    pub(crate) account: Account,
    pub(crate) gateway: &'static Gateway,
    pub(crate) settings: Settings,
    /// What was journaled; looking these counters up costs more than counting.
    pub(crate) new: Counter,
    pub(crate) copies: Counter,
}

impl Known {
    pub(crate) fn new(account: Account, gateway: &'static Gateway, settings: Settings) -> Self {
        let counter = |kind| counter!("ipnd_notifications_total", "gateway" => gateway.id, "kind" => kind);
        Self { account, gateway, settings, new: counter("new"), copies: counter("copy") }
    }
}

#[derive(Default)]
pub(crate) struct KnownAccounts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Grows with every forgetting, so that what was read before is not kept after it.
    generation: u64,
    by_token: HashMap<String, (Instant, Arc<Known>)>,
}

/// When something was looked for in vain; needed to keep what is read then.
#[derive(Clone, Copy)]
pub(crate) struct Missed(u64);

impl KnownAccounts {
    pub(crate) fn find(&self, token: &str) -> Result<Arc<Known>, Missed> {
        let kept = self.lock();
        match kept.by_token.get(token) {
            Some((since, known)) if since.elapsed() < KEPT => Ok(Arc::clone(known)),
            _ => Err(Missed(kept.generation)),
        }
    }

    /// Keeps what was read, unless something was forgotten meanwhile.
    pub(crate) fn keep(&self, missed: Missed, known: Known) -> Arc<Known> {
        let known = Arc::new(known);
        let mut kept = self.lock();
        if kept.generation == missed.0 {
            if kept.by_token.len() >= ACCOUNTS_MAX {
                kept.by_token.clear();
            }
            kept.by_token.insert(known.account.token.clone(), (Instant::now(), Arc::clone(&known)));
        }
        known
    }

    /// An account was changed here.
    pub(crate) fn forget(&self) {
        let mut kept = self.lock();
        kept.generation += 1;
        kept.by_token.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nothing panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Environment;
    use ipnd_store::{AccountId, ShopId};
    use jiff::Timestamp;

    fn known(name: &str) -> Known {
        let gateway = ipnd_gateways::find("stripe").unwrap();
        let settings = Settings::sample(gateway.settings);
        let account = Account {
            id: AccountId(1),
            shop: ShopId(1),
            gateway: gateway.id.to_owned(),
            name: name.to_owned(),
            environment: Environment::Live,
            settings: std::collections::BTreeMap::new(),
            creates_orders: false,
            token: "token".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        };
        Known::new(account, gateway, settings)
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let accounts = KnownAccounts::default();
        let before = accounts.find("token").err().unwrap();
        accounts.keep(before, known("old"));
        assert_eq!(accounts.find("token").ok().unwrap().account.name, "old");
        accounts.forget();
        let after = accounts.find("token").err().expect("it is forgotten");
        accounts.keep(before, known("old"));
        assert!(accounts.find("token").is_err(), "read before the change, and late");
        accounts.keep(after, known("new"));
        assert_eq!(accounts.find("token").ok().unwrap().account.name, "new");
    }
}
