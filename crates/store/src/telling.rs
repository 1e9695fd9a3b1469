//! What goes into the store and what comes out of it about telling the shop: endpoints, deliveries, attempts.

use crate::ids::{AccountId, DeliveryId, EndpointId, EventId, OrderId, ShopId};
use crate::records::Shop;
use ipnd_core::{Environment, QuestionKind, Reason};
use ipnd_gateways::dialect::Notice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A vendor of a platform: a shop that the platform's keys may act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendor {
    pub shop: Shop,
    /// The platform's own name for it.
    pub reference: String,
    pub created_at: Timestamp,
}

/// Whether an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointState {
    Active,
    /// What there is to tell waits.
    Paused,
    /// For good. What was told is kept.
    Removed,
}

impl EndpointState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Removed => "removed",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Removed].into_iter().find(|state| state.word() == word)
    }
}

/// Which events an endpoint wants. What is left empty takes everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointFilter {
    /// Kinds of events: `payment.completed`, or `payment.*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
    /// Article numbers, one of which has to be in the order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// An expression over the content of the default dialect; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expression: String,
}

impl EndpointFilter {
    /// Whether the kinds of this filter have that one among them.
    #[must_use]
    pub fn has_kind(&self, kind: &str) -> bool {
        let is_it = |pattern: &String| match pattern.strip_suffix(".*") {
            Some(group) => kind.split_once('.').is_some_and(|(own, _)| own == group),
            None => pattern == kind,
        };
        self.kinds.is_empty() || self.kinds.iter().any(is_it)
    }
}

/// A key that signs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// `whsec_...` or `whsk_...`.
    pub key: String,
    /// Until when it still signs beside a newer one; `None` for the one in use.
    pub until: Option<Timestamp>,
}

/// Without the key.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("until", &self.until).finish_non_exhaustive()
    }
}

/// What its owner decides about an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPlan {
    pub name: String,
    /// `None` for one that fetches what it is told.
    pub url: Option<String>,
    /// A dialect's id.
    pub dialect: String,
    pub filter: EndpointFilter,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Of a gateway's form.
    pub settings: BTreeMap<String, String>,
    /// Tries at the same time at most.
    pub concurrency: u32,
    /// Tries a second at most; 0 for no such limit.
    pub rate: u32,
    /// The next of an order waits until the one before has arrived.
    pub is_ordered: bool,
}

/// How an endpoint is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Attempts in a row that did not work.
    pub failures: u32,
    pub failing_since: Option<Timestamp>,
    /// It is left alone until then.
    pub rests_until: Option<Timestamp>,
    /// What waits to be told.
    pub waiting: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub shop: ShopId,
    pub plan: EndpointPlan,
    pub state: EndpointState,
    /// Why it is paused, where its owner did not wish it.
    pub reason: Option<Reason>,
    /// The newest first.
    pub keys: Vec<SigningKey>,
    pub health: EndpointHealth,
    pub created_at: Timestamp,
    /// The unguessable part of the address at which its receiver asks back.
    pub token: String,
    /// Where one order is told to this URL only.
    pub order: Option<OrderId>,
}

impl Endpoint {
    /// The keys that sign now.
    #[must_use]
    pub fn keys_at(&self, now: Timestamp) -> Vec<String> {
        let good = self.keys.iter().filter(|key| key.until.is_none_or(|until| until > now));
        good.map(|key| key.key.clone()).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeliveryState {
    /// Not yet, or to be tried again.
    Waiting,
    Delivered,
    /// Given up. It can be sent again by hand.
    Failed,
    /// Its endpoint did not want it, or has no words for it.
    Skipped,
    /// Its endpoint was removed.
    Cancelled,
}

impl DeliveryState {
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Delivered, Self::Failed, Self::Skipped, Self::Cancelled];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A delivery that is due, leased to one worker.
#[derive(Clone, Debug)]
pub struct DueDelivery {
    pub id: DeliveryId,
    pub lease: i64,
    /// Attempts that were heard before this one, since it was last sent anew by hand.
    pub tries: u32,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
    pub message_id: String,
    pub notice: Notice,
    pub endpoint: std::sync::Arc<Endpoint>,
}

/// How one attempt went, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub started_at: Timestamp,
    /// In milliseconds.
    pub duration: u32,
    pub status: Option<u16>,
    /// The beginning of what the receiver answered.
    pub reply: Option<String>,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum DeliveryOutcome {
    Delivered,
    Later {
        reason: Reason,
        /// Where the endpoint is down: not before this, and not before it has rested.
        again_at: Timestamp,
        /// Nobody was reached or served at all: the endpoint is left alone for a while, not only this delivery, and the
        /// attempt does not count.
        is_down: bool,
    },
    Failed {
        reason: Reason,
        /// The endpoint said that it is gone: nothing more is told to it.
        is_gone: bool,
    },
    /// Not wanted, or no words for it; nothing was sent.
    Skipped {
        reason: Reason,
    },
}

impl DeliveryOutcome {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Later { .. } => "later",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// Why it has not arrived.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Delivered => None,
            Self::Later { reason, .. } | Self::Failed { reason, .. } | Self::Skipped { reason } => {
                Some(reason)
            }
        }
    }
}

/// One line of the list of deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryLine {
    pub id: DeliveryId,
    pub message_id: String,
    pub endpoint: EndpointId,
    pub endpoint_name: String,
    /// `ipnd.test` for one that only tries the connection.
    pub kind: String,
    pub event: Option<EventId>,
    pub order: Option<(OrderId, String)>,
    pub sequence: Option<u32>,
    pub state: DeliveryState,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// While it waits.
    pub next_at: Option<Timestamp>,
    /// HTTP status of the last attempt.
    pub status: Option<u16>,
    pub reason: Option<Reason>,
}

/// One delivery with all its attempts, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub line: DeliveryLine,
    pub notice: Notice,
    pub attempts: Vec<AttemptLine>,
    /// Attempts that were heard since it was last sent anew by hand.
    pub tries: u32,
}

/// An attempt with what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLine {
    pub attempt: Attempt,
    /// `delivered`, `later`, `failed` or `skipped`.
    pub outcome: String,
    pub reason: Option<Reason>,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    pub endpoint: Option<EndpointId>,
    pub state: Option<DeliveryState>,
    pub order: Option<OrderId>,
    pub kind: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Not those that arrived: what the shop did not get.
    pub only_missing: bool,
    pub before: Option<DeliveryId>,
    /// At most 200.
    pub limit: u32,
}

/// Sending anew: what was put into the outbox, and for one endpoint also what never was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resend {
    /// These and no others; empty for all that the filter finds.
    pub ids: Vec<DeliveryId>,
    pub filter: DeliveryFilter,
    /// Also what this endpoint was never told, because it did not exist or did not want it then. Needs
    /// [`DeliveryFilter::endpoint`] and [`DeliveryFilter::since`].
    pub fills_in: bool,
    /// Only counts.
    pub is_dry: bool,
}

/// What is sent anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// Deliveries that were there.
    pub again: u64,
    /// Deliveries that are made for it.
    pub new: u64,
}

/// An event that the shop was not told of, because a question about it waits for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    pub event: EventId,
    pub kind: String,
    pub order: Option<(OrderId, String)>,
    pub recorded_at: Timestamp,
    pub question: QuestionKind,
}
