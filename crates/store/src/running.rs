//! How a running store is doing, and what it has to say.

use crate::ids::{NotificationId, OrderId};
use jiff::Timestamp;

/// How the queues stand. Judged by the age of the oldest due item, not by the state of processes (T-G10).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub checks_waiting: u64,
    pub oldest_check_due_at: Option<Timestamp>,
    pub mails_waiting: u64,
    pub oldest_mail_due_at: Option<Timestamp>,
    pub deliveries_waiting: u64,
    /// Of endpoints that are active and not resting.
    pub oldest_delivery_due_at: Option<Timestamp>,
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
