//! M-SIM: histories that chance makes up, over the real store with a clock that is set: messages, copies, leases,
//! ghosts, news, crashes between and within steps. The same seed is the same history, so every failure can be played
//! again: `IPND_SIM_FIRST=SEED IPND_SIM_SEEDS=1 cargo test --package ipnd-store --test simulation`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

#[path = "../conformance/mod.rs"]
#[expect(unreachable_pub, reason = "a further engine's harness includes the same files")]
#[expect(dead_code, unused_macros, unused_imports, reason = "only the world is used here")]
mod conformance;

mod checks;
mod dice;
mod disk;
mod plan;
mod simulator;

use disk::Disk;
use ipnd_store::Clock;
use simulator::Simulator;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// What begins the message of every finding.
pub(crate) const BROKEN: &str = "BROKEN PROMISE";

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Plays one history and looks at its end. Gives what happened.
fn play(seed: u64, pattern: &Path) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut simulator = Simulator::new(seed, pattern).await;
        simulator.play().await;
        checks::all(&simulator).await;
        simulator.world.store.close().await;
        simulator.trace
    })
}

/// A store that was just made, so that not every history has to make one.
fn pattern() -> Disk {
    let disk = Disk::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(disk.open(&Clock::manual(conformance::world::noon(0))).close());
    disk
}

#[test]
fn i_30_seeded_histories_keep_every_promise() {
    let first = number("IPND_SIM_FIRST", 1);
    let count = number("IPND_SIM_SEEDS", 60);
    let pattern = pattern();
    let next = AtomicU64::new(first);
    let steps = AtomicU64::new(0);
    let failed = AtomicU64::new(0);
    std::thread::scope(|threads| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..workers {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let played = std::panic::catch_unwind(|| play(seed, &pattern.database()));
                    match played {
                        Ok(trace) => {
                            steps.fetch_add(u64::try_from(trace.len()).unwrap(), Ordering::Relaxed);
                        }
                        Err(_) => {
                            println!(
                                "the history of seed {seed} failed (play it again: IPND_SIM_FIRST={seed})"
                            );
                            failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    println!("{count} histories from seed {first}, {} happenings", steps.into_inner());
    assert_eq!(failed.into_inner(), 0, "histories failed");
}

#[test]
fn i_30_the_same_seed_is_the_same_history() {
    let pattern = pattern();
    for seed in 1..=8 {
        let first = play(seed, &pattern.database());
        assert!(first.len() > 20, "hardly anything happened");
        assert_eq!(first, play(seed, &pattern.database()), "seed {seed}");
    }
}
