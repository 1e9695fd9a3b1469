//! Token buckets, one for each address: a burst is fine, a flood is not. In whole numbers and on the handed time.

use crate::remote::Remote;
use jiff::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// Addresses that are remembered. When there are more, those whose bucket is full again are forgotten; if that
/// does not help, everybody starts afresh, which errs on the side of letting people in.
const ADDRESSES_MAX: usize = 10_000;

pub(crate) struct Buckets {
    burst: u32,
    a_second: u32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

/// Thousandths of tokens, so that refilling by the millisecond loses nothing.
#[derive(Clone, Copy)]
struct Bucket {
    milli: i64,
    at_ms: i64,
}

impl Buckets {
    pub(crate) fn new(burst: u32, a_second: u32) -> Self {
        Self { burst, a_second, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes a token. False when there is none left.
    pub(crate) fn take(&self, remote: Remote, now: Timestamp) -> bool {
        let now_ms = now.as_millisecond();
        let full = i64::from(self.burst) * 1_000;
        let a_second = i64::from(self.a_second);
        let refilled = move |bucket: Bucket| {
            // A clock that was set back must not take tokens away.
            let passed_ms = (now_ms - bucket.at_ms).max(0);
            let milli = bucket.milli.saturating_add(passed_ms.saturating_mul(a_second)).min(full);
            Bucket { milli, at_ms: now_ms }
        };
        let mut buckets = self.buckets.lock().expect("nothing panics while holding this lock");
        if buckets.len() >= ADDRESSES_MAX {
            buckets.retain(|_, bucket| refilled(*bucket).milli < full);
            if buckets.len() >= ADDRESSES_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(remote.group()).or_insert(Bucket { milli: full, at_ms: now_ms });
        *bucket = refilled(*bucket);
        let has_one = bucket.milli >= 1_000;
        if has_one {
            bucket.milli -= 1_000;
        }
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn t_g07_a_burst_is_fine_and_a_flood_is_not() {
        let buckets = Buckets::new(3, 2);
        let mut now = Timestamp::from_second(1_700_000_000).unwrap();
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|text| Remote(Some(text.parse().unwrap())));
        assert_eq!([0; 4].map(|_| buckets.take(here, now)), [true, true, true, false]);
        assert!(buckets.take(there, now), "somebody else is not concerned");
        now += SignedDuration::from_millis(499);
        assert!(!buckets.take(here, now));
        now += SignedDuration::from_millis(1);
        assert!(buckets.take(here, now) && !buckets.take(here, now), "two a second");
        now -= SignedDuration::from_hours(1);
        assert!(!buckets.take(here, now), "a clock set back gives nothing and takes nothing");
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory_than_the_cap() {
        let buckets = Buckets::new(1, 1);
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for number in 0..25_000_u32 {
            buckets.take(Remote(Some(std::net::Ipv4Addr::from_bits(number).into())), now);
        }
        assert!(buckets.buckets.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
