//! Places for connections: so many in total, so many for one address (T-G01, T-G09).

use crate::proxies::Proxies;
use crate::remote::Remote;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

#[derive(Clone)]
pub(super) struct Slots(Arc<Shared>);

struct Shared {
    total_max: u64,
    per_address_max: u64,
    /// All clients come through these, so their share is everybody's.
    proxies: Proxies,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    total: u64,
    by_address: HashMap<IpAddr, u64>,
}

/// A place that is taken for as long as this lives.
pub(super) struct Slot {
    slots: Slots,
    address: IpAddr,
}

impl Slots {
    pub(super) fn new(total_max: u64, per_address_max: u64, proxies: Proxies) -> Self {
        Self(Arc::new(Shared { total_max, per_address_max, proxies, taken: Mutex::default() }))
    }

    /// `None` when everything is taken, or this address has its share already. A listed proxy has no share of its own.
    pub(super) fn take(&self, remote: Remote) -> Option<Slot> {
        let address = remote.group();
        let is_proxy = remote.0.is_some_and(|peer| self.0.proxies.contains(peer));
        let mut taken = self.lock();
        if taken.total >= self.0.total_max {
            return None;
        }
        let own = taken.by_address.entry(address).or_default();
        if *own >= self.0.per_address_max && !is_proxy {
            return None;
        }
        *own += 1;
        taken.total += 1;
        Some(Slot { slots: self.clone(), address })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.0.taken.lock().expect("nothing panics while holding this lock")
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.total -= 1;
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_g01_places_are_counted_in_total_and_by_address_and_given_back() {
        let slots = Slots::new(3, 2, Proxies::default());
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|text| Remote(Some(text.parse().unwrap())));
        let first = slots.take(here).unwrap();
        let _second = slots.take(here).unwrap();
        assert!(slots.take(here).is_none(), "its share");
        let third = slots.take(there).unwrap();
        assert!(slots.take(there).is_none(), "everything");
        drop(first);
        let fourth = slots.take(here);
        assert!(fourth.is_some());
        drop((third, fourth));
        assert_eq!(slots.lock().by_address.len(), 1, "addresses without connections are forgotten");
    }

    #[test]
    fn a_listed_proxy_brings_everybody() {
        let slots = Slots::new(3, 1, Proxies::new(["192.0.2.1/32".parse().unwrap()]));
        let proxy = Remote(Some("192.0.2.1".parse().unwrap()));
        let held: Vec<_> = (0..3).map(|_| slots.take(proxy)).collect();
        assert!(held.iter().all(Option::is_some) && slots.take(proxy).is_none());
    }
}
