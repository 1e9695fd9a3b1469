//! How a running store is doing, and what it has to say.

use crate::ids::{DeliveryId, MailId, NotificationId, OrderId};
use jiff::Timestamp;

/// How the queues stand. Judged by the age of the oldest due item, not by the state of processes (T-G10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub checks_waiting: u64,
    pub oldest_check_due_at: Option<Timestamp>,
    pub mails_waiting: u64,
    pub oldest_mail_due_at: Option<Timestamp>,
    pub deliveries_waiting: u64,
    /// Of endpoints that are active, not resting, and not being told anything.
    pub oldest_delivery_due_at: Option<Timestamp>,
}

/// What workers take their work from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Notifications whose proof is open.
    Checks,
    Mails,
    /// What the shop is told.
    Deliveries,
}

impl Queue {
    pub const ALL: [Self; 3] = [Self::Checks, Self::Mails, Self::Deliveries];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Mails => "mails",
            Self::Deliveries => "deliveries",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.word() == word)
    }
}

/// What is due in a queue and could have been taken before all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct First {
    /// Its number, which tells it from others of its queue.
    pub item: i64,
    /// Since when it could have been taken.
    pub since: Timestamp,
}

/// How one queue stands, for whoever watches it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLine {
    pub queue: Queue,
    pub first: Option<First>,
    /// As far as somebody has noticed.
    pub standstill: Option<Standstill>,
}

/// A queue that stands still, or stood still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    pub id: i64,
    pub queue: Queue,
    /// Since when the first in the queue could have been taken, when it was noticed.
    pub since: Timestamp,
    /// When it was seen to go on.
    pub ended_at: Option<Timestamp>,
}

/// Leases that somebody holds, each with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leases {
    Checks(Vec<(NotificationId, i64)>),
    Mails(Vec<(MailId, i64)>),
    Deliveries(Vec<(DeliveryId, i64)>),
}

/// Something that somebody may be waiting to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// An order's state may be different now.
    Order(OrderId),
    /// A notification came in or moved on.
    Notification(NotificationId),
    /// There may be work for the workers.
    Work,
}

/// How far what has been acknowledged reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is on the disk of one machine.
    Local,
    /// It is on the disks of at least two.
    Replicated,
}

impl Durability {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Replicated => "replicated",
        }
    }
}
