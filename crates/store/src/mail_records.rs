//! What goes into the store and what comes out of it about mails.

use crate::ids::{MailId, OrderId};
use crate::records::{Order, Shop};
use crate::running::Standstill;
use ipnd_core::{MailKind, Money, Question, Reason};
use jiff::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MailState {
    Waiting,
    Sent,
    /// Refused for good; the owner sees why.
    Failed,
}

impl MailState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailLine {
    pub id: MailId,
    /// `None` for mails about money that no order is known for.
    pub order: Option<OrderId>,
    pub kind: MailKind,
    pub state: MailState,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub to: Option<String>,
    pub subject_line: Option<String>,
    pub attempts: u32,
    /// An attempt began and its end is not known (the process died in between).
    pub is_doubtful: bool,
    pub last_reason: Option<Reason>,
    pub next_at: Option<Timestamp>,
    /// What the owner wrote, for [`MailKind::CustomerMessage`].
    pub message: Option<String>,
}

/// A mail that is due, leased to one worker.
#[derive(Clone, Debug)]
pub struct DueMail {
    pub id: MailId,
    pub lease: i64,
    /// How often it was tried before.
    pub attempts: u32,
    /// Earlier attempts that began and whose end is not known: their lease ran out without being handed back.
    pub doubts: u32,
    pub created_at: Timestamp,
    pub kind: MailKind,
    /// What makes it different from others of its kind (a transaction, a question), as decided.
    pub subject: String,
    pub amount: Option<Money>,
    /// What the owner wrote, for [`MailKind::CustomerMessage`].
    pub message: Option<String>,
    /// What the owner is asked, for [`MailKind::OwnerReview`].
    pub question: Option<Question>,
    /// What [`MailKind::OwnerEndpoint`] is about.
    pub endpoint: Option<MailedEndpoint>,
    /// What [`MailKind::OwnerStandstill`] is about.
    pub standstill: Option<Standstill>,
    /// `None` where money came that no order is known for, of which only [`MailKind::OwnerReview`] speaks, and for
    /// [`MailKind::OwnerEndpoint`] and [`MailKind::OwnerStandstill`].
    pub order: Option<Order>,
    pub shop: Shop,
    /// What the paid products give the customer; empty unless the order is settled.
    pub access: Vec<(String, String)>,
}

/// An endpoint that was paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailedEndpoint {
    pub name: String,
    pub url: String,
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug)]
pub enum MailOutcome {
    Sent { to: String, subject_line: String },
    Later { reason: Reason, again_at: Timestamp },
    Failed { reason: Reason },
}

/// A mail template that the owner has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateText {
    pub subject: String,
    pub text: String,
    pub html: String,
}
