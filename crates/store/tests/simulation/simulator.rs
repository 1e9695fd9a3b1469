//! One history: a gateway, a few workers and a store, and chance that says who does what next.

use crate::BROKEN;
use crate::conformance::world::{LEASE, WAITING_MAX, World, fine, reason, sent, terms};
use crate::dice::Dice;
use crate::disk::Disk;
use crate::plan::{self, Note};
use ipnd_store::{
    CheckOutcome, Clock, DueCheck, Journaled, NewNotification, NotificationFilter, NotificationId, OrderId,
    Settled,
};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::path::Path;

const STEPS: usize = 60;
const WORKERS: usize = 3;

/// What the store has to think of a lease.
#[derive(Default)]
struct Lease {
    latest: i64,
    /// The one that may hand in a result.
    holder: Option<i64>,
    until: Option<jiff::Timestamp>,
}

pub(crate) struct Simulator {
    pub(crate) dice: Dice,
    pub(crate) clock: Clock,
    pub(crate) disk: Disk,
    pub(crate) world: World,
    pub(crate) notes: Vec<Note>,
    pub(crate) orders: Vec<Option<OrderId>>,
    /// What each worker believes to hold. Some of it is long lost.
    workers: Vec<Vec<DueCheck>>,
    leases: BTreeMap<i64, Lease>,
    /// What happened, to be compared with another run of the same seed.
    pub(crate) trace: Vec<String>,
}

impl Simulator {
    pub(crate) async fn new(seed: u64, pattern: &Path) -> Self {
        let mut dice = Dice::new(seed);
        let clock = Clock::manual(crate::conformance::world::noon(0));
        let disk = Disk::like(pattern);
        let world = World::new(&disk.open(&clock)).await;
        let orders = 1 + dice.below(3);
        let notes = plan::notes(&mut dice, orders);
        let mut workers = Vec::new();
        workers.resize_with(WORKERS, Vec::new);
        let orders = vec![None; orders];
        Self { dice, clock, disk, world, notes, orders, workers, leases: BTreeMap::new(), trace: Vec::new() }
    }

    pub(crate) async fn play(&mut self) {
        for order in 0..self.orders.len() {
            self.world.product(&plan::reference(order), "20.00", Some(100), "").await;
        }
        for _ in 0..STEPS {
            self.step().await;
        }
        self.drain().await;
    }

    async fn step(&mut self) {
        match self.dice.below(100) {
            0..35 => self.messages().await,
            35..60 => self.claim().await,
            60..82 => self.settle().await,
            82..88 => self.time_passes(),
            88..92 => self.register().await,
            92..95 => self.ask_again().await,
            95 => self.a_worker_dies(),
            _ => self.crash().await,
        }
    }

    fn say(&mut self, what: String) {
        self.trace.push(what);
    }

    /// A few messages at the same instant; the same one may be among them several times.
    async fn messages(&mut self) {
        let count = 1 + self.dice.below(4);
        let mut chosen: Vec<usize> = (0..count).map(|_| self.dice.below(self.notes.len())).collect();
        if self.dice.one_in(3) {
            chosen.push(chosen[0]);
        }
        let sent = chosen.iter().map(|index| self.message(*index)).collect::<Vec<_>>();
        let store = self.world.store.clone();
        let answers = all(sent.into_iter().map(|new| store.journal(new, WAITING_MAX)).collect()).await;
        for (index, answer) in chosen.into_iter().zip(answers) {
            let answer = answer.unwrap();
            let (Journaled::New(id) | Journaled::Copy(id)) = answer;
            let note = &mut self.notes[index];
            note.was_sent = true;
            if let Some(before) = note.acknowledged {
                assert_eq!(before, id, "{BROKEN}: two notifications of the same bytes");
            }
            note.acknowledged = Some(id);
            self.say(format!("message {index}: {answer:?}"));
        }
    }

    fn message(&mut self, index: usize) -> NewNotification {
        let note = &self.notes[index];
        let new = self.world.notification(&note.body, self.clock.now());
        NewNotification { repeats_are_news: note.is_thin, ..new }
    }

    async fn claim(&mut self) {
        let worker = self.dice.below(WORKERS);
        let limit = u32::try_from(1 + self.dice.below(5)).unwrap();
        let now = self.clock.now();
        let due = self.world.store.claim_checks(now, limit, LEASE).await.unwrap();
        for due in due {
            let lease = self.leases.entry(due.notification.0).or_default();
            assert!(due.lease > lease.latest, "{BROKEN}: a lease number came back");
            let is_free = lease.holder.is_none() || lease.until.is_none_or(|until| until <= now);
            assert!(is_free, "{BROKEN}: a lease was given away while it lasted");
            lease.latest = due.lease;
            lease.holder = Some(due.lease);
            lease.until = Some(now + LEASE);
            self.trace.push(format!("worker {worker} claims {} under {}", due.notification, due.lease));
            self.workers[worker].push(due);
        }
    }

    async fn settle(&mut self) {
        let worker = self.dice.below(WORKERS);
        if self.workers[worker].is_empty() {
            return;
        }
        let which = self.dice.below(self.workers[worker].len());
        // A worker may hand in a result twice: the answer got lost, or it does not know that it is a ghost.
        let due = if self.dice.one_in(6) {
            self.workers[worker][which].clone()
        } else {
            self.workers[worker].swap_remove(which)
        };
        let outcome = match self.dice.below(8) {
            0 => {
                let again_at = Some(self.clock.now() + SignedDuration::from_secs(30));
                CheckOutcome::NotYetKnown { reason: reason(), again_at }
            }
            1 => CheckOutcome::NotYetKnown { reason: reason(), again_at: None },
            _ => self.genuine(&due),
        };
        self.hand_in(&due, outcome).await;
    }

    fn genuine(&self, due: &DueCheck) -> CheckOutcome {
        let note = self.notes.iter().find(|note| note.body == sent(due).body).unwrap();
        CheckOutcome::genuine(note.events.iter().cloned().map(fine).collect(), None)
    }

    async fn hand_in(&mut self, due: &DueCheck, outcome: CheckOutcome) {
        let (id, lease) = (due.notification, due.lease);
        let settled = self.world.store.settle_check(id, lease, self.clock.now(), outcome).await.unwrap();
        let known = self.leases.get_mut(&id.0).unwrap();
        let expected = if known.holder == Some(lease) { Settled::Done } else { Settled::Stale };
        assert_eq!(settled, expected, "{BROKEN}: the fence of {id}, lease {lease}");
        if settled == Settled::Done {
            known.holder = None;
        }
        self.say(format!("{id} under {lease}: {settled:?}"));
    }

    fn time_passes(&mut self) {
        let seconds = i64::try_from(self.dice.below(150)).unwrap() - 15;
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.say(format!("{seconds} s"));
    }

    async fn register(&mut self) {
        let missing: Vec<usize> = (0..self.orders.len()).filter(|at| self.orders[*at].is_none()).collect();
        if missing.is_empty() {
            return;
        }
        let order = missing[self.dice.below(missing.len())];
        self.register_order(order).await;
    }

    pub(crate) async fn register_order(&mut self, order: usize) {
        let reference = plan::reference(order);
        let new = self.world.new_order(Some(&reference), terms(&[(&reference, 1, "20.00")]));
        let registered = self.world.store.register_order(new).await.unwrap();
        self.orders[order] = Some(registered.id);
        self.say(format!("{reference} is registered"));
    }

    async fn ask_again(&mut self) {
        let index = self.dice.below(self.notes.len());
        if let Some(id) = self.notes[index].acknowledged {
            self.again(id).await;
        }
    }

    async fn again(&mut self, id: NotificationId) {
        let store = self.world.store.clone();
        let is_due = store.check_again(self.world.shop.id, id, self.clock.now()).await.unwrap();
        if is_due && let Some(lease) = self.leases.get_mut(&id.0) {
            lease.holder = None;
        }
        self.say(format!("{id} is looked at again: {is_due}"));
    }

    fn a_worker_dies(&mut self) {
        let worker = self.dice.below(WORKERS);
        self.workers[worker].clear();
        self.say(format!("worker {worker} dies"));
    }

    /// The process ends, between two steps or in the middle of one; what is on the disk is opened again.
    async fn crash(&mut self) {
        let (how, left) = match self.dice.below(4) {
            0 | 1 => ("between two steps", self.disk.after_a_crash(&[])),
            2 => {
                let torn = self.dice.below(20_000);
                let torn = self.dice.bytes(torn);
                ("within a write", self.disk.after_a_crash(&torn))
            }
            _ => {
                self.unheard().await;
                ("before the answer", self.disk.after_a_crash(&[]))
            }
        };
        self.world.store.close().await;
        self.world.store = left.open(&self.clock);
        self.disk = left;
        // Nobody else uses the file, so what was begun is free again. Ghosts may still come with their old leases.
        for lease in self.leases.values_mut() {
            lease.holder = None;
        }
        if self.dice.one_in(2) {
            self.workers.iter_mut().for_each(Vec::clear);
        }
        self.say(format!("a crash {how}"));
    }

    /// A step whose answer nobody will hear.
    async fn unheard(&mut self) {
        let now = self.clock.now();
        if self.dice.one_in(2) {
            let index = self.dice.below(self.notes.len());
            let new = self.message(index);
            self.notes[index].was_sent = true;
            let _ = self.world.store.journal(new, WAITING_MAX).await;
        } else {
            // It may have been handed in or not; a lease number that was given out meanwhile is lost, too.
            for due in self.world.store.claim_checks(now, 2, LEASE).await.unwrap() {
                let outcome = self.genuine(&due);
                let _ = self.world.store.settle_check(due.notification, due.lease, now, outcome).await;
            }
        }
    }

    /// Trouble is over: everything is sent, registered and worked off.
    async fn drain(&mut self) {
        for order in 0..self.orders.len() {
            if self.orders[order].is_none() {
                self.register_order(order).await;
            }
        }
        for _ in 0..100 {
            self.clock.advance(SignedDuration::from_secs(200));
            for note in self.stored(Some(ipnd_store::CheckState::GivenUp)).await {
                self.again(note).await;
            }
            self.claim_everything().await;
            if self.stored(Some(ipnd_store::CheckState::Waiting)).await.is_empty() {
                return;
            }
        }
        panic!("{BROKEN}: there is always something left to do");
    }

    async fn claim_everything(&mut self) {
        let now = self.clock.now();
        for due in self.world.store.claim_checks(now, 500, LEASE).await.unwrap() {
            let lease = self.leases.entry(due.notification.0).or_default();
            lease.holder = Some(due.lease);
            let outcome = self.genuine(&due);
            self.hand_in(&due, outcome).await;
        }
    }

    pub(crate) async fn stored(&self, state: Option<ipnd_store::CheckState>) -> Vec<NotificationId> {
        let filter = NotificationFilter { state, limit: 200, ..NotificationFilter::default() };
        let lines = self.world.store.notifications(self.world.shop.id, filter).await.unwrap();
        lines.into_iter().map(|line| line.id).collect()
    }
}

/// Waits for all; each has begun before the first is waited for, in this order.
async fn all<T: Send>(futures: Vec<std::pin::Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (future, None)).collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (future, answer) in &mut futures {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(given) => *answer = Some(given),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    futures.into_iter().map(|(_, answer)| answer.unwrap()).collect()
}
